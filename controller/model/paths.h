// The path of a northbound object: org/acme/vapp/shop/network/front/nic/web-0/0. Errors begin with
// it, and every southbound row carries the one of the object that it came from as its `intent`.
// A parent that does not exist shows as '?'.
#pragma once

#include <string>

#include "controller/model/rows.h"

namespace ringfence::model {

using ovsdb::Uuid;

std::string path(const Rows&, const northbound::Global&);      // global
std::string path(const Rows&, const northbound::Host&);        // host/H
std::string path(const Rows&, const northbound::NetworkPool&); // network-pool/P
std::string path(const Rows&,
                 const northbound::ExternalNetwork&);                // external-network/E
std::string path(const Rows&, const northbound::Organization&);      // org/O
std::string path(const Rows&, const northbound::User&);              // org/O/user/U
std::string path(const Rows&, const northbound::VirtualDataCenter&); // org/O/vdc/D
std::string path(const Rows&,
                 const northbound::OrganizationNetwork&); // org/O/network/N
std::string path(const Rows&,
                 const northbound::SecurityGroup&);           // org/O/security-group/S
std::string path(const Rows&, const northbound::EdgeRouter&); // org/O/edge/E
std::string path(const Rows&, const northbound::NatRule&);    // .../edge/E/nat/3
std::string path(const Rows&,
                 const northbound::StaticRoute&); // .../edge/E/route/PREFIX
// .../edge/E/firewall/3 or .../security-group/S/firewall/3; of the provider's
// .../firewall/provider/3
std::string path(const Rows&, const northbound::FirewallRule&);
std::string path(const Rows&, const northbound::Vapp&);           // org/O/vapp/V
std::string path(const Rows&, const northbound::VappNetwork&);    // .../vapp/V/network/N
std::string path(const Rows&, const northbound::VirtualMachine&); // .../vapp/V/vm/M
std::string path(const Rows&, const northbound::DhcpOptions&);    // NETWORK/dhcp
std::string path(const Rows&, const northbound::Task&);           // task/T
// On a vApp network .../vapp/V/network/N/nic/M/0, on an organization network .../vapp/V/nic/M/0.
std::string path(const Rows&, const northbound::Nic&);

// Any network or NIC by its UUID; "?" when there is none.
std::string network_path(const Rows&, const Uuid& network);
std::string nic_path(const Rows&, const Uuid& nic);
// Whoever has an address: a NIC or an edge router.
std::string holder_path(const Rows&, const Uuid& holder);

} // namespace ringfence::model
