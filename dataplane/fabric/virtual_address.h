// Addresses that several ports may have, one at a time: whoever announces one last has it (VRRP,
// RFC 9568; DESIGN §5). Plain values.
#pragma once

#include <optional>

#include "core/types/addresses.h"

namespace ringfence {

// One that a port may have, as its own host knows it.
struct AllowedAddress {
    IpAddr address;
    MacAddr mac;       // that goes with it: the port's own, or one that several share
    bool held = false; // the port has it now
    bool operator==(const AllowedAddress&) const = default;
};

// One of a segment, as every host knows it.
struct VirtualAddress {
    struct Holder {
        MacAddr nic; // its own MAC
        MacAddr mac; // that goes with the address
        bool operator==(const Holder&) const = default;
    };
    std::optional<Holder> holder; // none: nobody has it
    bool operator==(const VirtualAddress&) const = default;
};

} // namespace ringfence
