// Addresses that DHCP clients have found in use (DECLINE): none is offered again until its row says
// something else, or somebody who has looked after it says that it is free.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "dataplane/agent/southbound/dhcp_rows.h"

namespace ringfence::agent {

class DeclinedAddresses {
public:
    // The client of the NIC that was told this declines; six: the IPv6 address, else the IPv4 one.
    // False where that is known, or the binding offers none.
    bool note(const DhcpEntry& told, bool six);
    // Of what is told now.
    bool is_declined(const DhcpEntry& told, bool six) const;
    // They are free again; false where none was declined.
    bool clear(const std::string& nic);

    // "10.0.0.5", "10.0.0.5, 2001:db8::5", or nothing.
    std::string of(const DhcpEntry& told) const;

private:
    // By logical port, the binding that offered it: the address counts as long as that is told.
    std::map<std::string, std::shared_ptr<const Dhcp4Binding>> four_;
    std::map<std::string, std::shared_ptr<const Dhcp6Binding>> six_;
};

} // namespace ringfence::agent
