// What tells a connection from others: both addresses, the protocol, both ports. In host order, as
// the packet that is spoken of carries them.
#pragma once

#include <cstdint>

#include "core/types/addresses.h"

namespace ringfence {

// Address is Ipv4Addr or Ipv6Addr. Of ICMP icmp_ports.h says what the ports are; of protocols
// without ports they are 0.
template <class Address> struct Tuple {
    Address source, destination;
    uint16_t source_port = 0, destination_port = 0;
    uint8_t protocol = 0; // of IPv4, or the end of IPv6's chain

    // As the answer carries it.
    constexpr Tuple reversed() const {
        return {destination, source, destination_port, source_port, protocol};
    }
    constexpr bool operator==(const Tuple&) const = default;
};

using Tuple4 = Tuple<Ipv4Addr>;
using Tuple6 = Tuple<Ipv6Addr>;

} // namespace ringfence
