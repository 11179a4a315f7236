// The addressing of one network: subnets, gateways and address ranges, as text in the columns of
// the same names. The same rules for organization networks and vApp networks (and, later, external
// ones). Overlap between two networks is nobody's business: fences and tenants live from it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"

namespace ringfence::model {

// "10.0.0.10-10.0.0.99", or one address alone; first <= last, of one family.
struct AddressRange {
    IpAddr first;
    IpAddr last;

    [[nodiscard]] static Result<AddressRange> from(std::string_view text);
    bool contains(const IpAddr& address) const;
    int64_t size() const; // addresses; of more than fit the largest number
    bool operator==(const AddressRange&) const = default;
};

// The columns of a network, parsed and found sound.
struct Addressing {
    std::vector<IpPrefix> subnets;
    std::vector<IpAddr> gateways;
    std::vector<AddressRange> ranges;

    // Refused: a subnet without room for two hosts (/31, /32, /127, /128), host bits set, subnets
    // that overlap; a gateway outside every subnet, or two of one subnet; a range that is reversed,
    // overlaps another, leaves its subnet, or holds a gateway, the network or the broadcast
    // address.
    [[nodiscard]] static Result<Addressing> from(const std::set<std::string>& subnets,
                                                 const std::set<std::string>& gateways,
                                                 const std::set<std::string>& ranges);

    bool has_v6() const;
    // The subnet that the address lies in; null when there is none.
    const IpPrefix* subnet_of(const IpAddr& address) const;
    // "network" or "broadcast", when the address is that of one of the subnets; else null.
    const char* reserved_as(const IpAddr& address) const;
    // May a NIC have this address? Any unicast one where there are no subnets; else one inside a
    // subnet that isn't its gateway, network or broadcast address.
    [[nodiscard]] Result<> admits(const IpAddr& address) const;
};

// The address of the subnet in which every host bit is 1: IPv4's broadcast address.
IpAddr last_address(const IpPrefix& subnet);

// The one after it; after the last of its family comes the first.
IpAddr next_address(const IpAddr& address);

// A unicast address that a NIC may have, if only on its link.
bool is_unicast_address(const IpAddr& address);

} // namespace ringfence::model
