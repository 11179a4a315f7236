// The southbound tables that are the fabric's state on a host: what it follows, forwards by and
// keeps in its state file. Its own words (Host_Config, Host_Status, Port_Claim) are not among them.
#pragma once

#include "ovsdb/southbound.h"

namespace ringfence::agent {

// visit(&southbound::Tables::host, &southbound::Changes::host) and so on: what rows refer to comes
// first.
template <class Visit> void for_each_followed(Visit visit) {
    using southbound::Changes, southbound::Tables;
    visit(&Tables::host, &Changes::host);
    visit(&Tables::segment, &Changes::segment);
    visit(&Tables::logical_port, &Changes::logical_port);
    visit(&Tables::virtual_address, &Changes::virtual_address);
    visit(&Tables::learned_mac, &Changes::learned_mac);
    visit(&Tables::router, &Changes::router);
    visit(&Tables::router_interface, &Changes::router_interface);
    visit(&Tables::route, &Changes::route);
    visit(&Tables::nat, &Changes::nat);
    visit(&Tables::address_group, &Changes::address_group);
    visit(&Tables::firewall, &Changes::firewall);
    visit(&Tables::dhcp, &Changes::dhcp);
}

} // namespace ringfence::agent
