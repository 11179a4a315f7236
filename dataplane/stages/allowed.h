// What a port may have beside its own: virtual addresses, and the MACs that go with them. Most
// ports have none.
#pragma once

#include "dataplane/fabric/local_port.h"

namespace ringfence {

// nullptr: the port may not have it.
inline const AllowedAddress* allowed(const LocalPort& port, const IpAddr& address) {
    for (const AllowedAddress& one : port.virtual_addresses)
        if (one.address == address)
            return &one;
    return nullptr;
}

inline bool may_send_from(const LocalPort& port, MacAddr mac) {
    if (mac == port.mac)
        return true;
    for (const AllowedAddress& one : port.virtual_addresses)
        if (one.mac == mac)
            return true;
    return false;
}

} // namespace ringfence
