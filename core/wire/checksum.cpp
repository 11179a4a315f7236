#include "core/wire/checksum.h"

namespace ringfence {

ChecksumSum ipv4_pseudo_header(Ipv4Addr source, Ipv4Addr destination, uint8_t protocol,
                               uint16_t length) {
    ChecksumSum sum;
    for (uint32_t address : {source.value, destination.value}) {
        sum.add(static_cast<uint16_t>(address >> 16));
        sum.add(static_cast<uint16_t>(address));
    }
    sum.add(uint16_t{protocol});
    sum.add(length);
    return sum;
}

ChecksumSum ipv6_pseudo_header(const Ipv6Addr& source, const Ipv6Addr& destination,
                               uint8_t protocol, uint32_t length) {
    ChecksumSum sum;
    sum.add(source);
    sum.add(destination);
    sum.add(static_cast<uint16_t>(length >> 16));
    sum.add(static_cast<uint16_t>(length));
    sum.add(uint16_t{protocol});
    return sum;
}

} // namespace ringfence
