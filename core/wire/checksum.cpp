#include "core/wire/checksum.h"

namespace ringfence {

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
