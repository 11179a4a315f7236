#include "core/packet/rewrite.h"

namespace ringfence {

namespace {

std::array<uint8_t, 8> addresses_of(const Tuple4& tuple) {
    const uint32_t both[2] = {__builtin_bswap32(tuple.source.value),
                              __builtin_bswap32(tuple.destination.value)};
    std::array<uint8_t, 8> bytes;
    std::memcpy(bytes.data(), both, bytes.size());
    return bytes;
}

std::array<uint8_t, 32> addresses_of(const Tuple6& tuple) {
    std::array<uint8_t, 32> bytes;
    std::memcpy(bytes.data(), tuple.source.bytes.data(), 16);
    std::memcpy(bytes.data() + 16, tuple.destination.bytes.data(), 16);
    return bytes;
}

// As they lie on the wire at L4Layout::ports; of ICMP the identifier alone, which is the one of the
// two that may change.
template <class Address>
std::array<uint16_t, 2> ports_of(const Tuple<Address>& tuple, const Tuple<Address>& other) {
    if (!is_icmp(tuple.protocol))
        return {__builtin_bswap16(tuple.source_port), __builtin_bswap16(tuple.destination_port)};
    bool answers = tuple.destination_port != other.destination_port;
    return {__builtin_bswap16(answers ? tuple.destination_port : tuple.source_port), 0};
}

} // namespace

template <class Address>
Rewrite<Address> Rewrite<Address>::make(const Tuple<Address>& before, const Tuple<Address>& after) {
    const auto old_addresses = addresses_of(before), addresses = addresses_of(after);
    const auto old_ports = ports_of(before, after), ports = ports_of(after, before);
    ChecksumDelta header, l4;
    header.replace(old_addresses.data(), addresses.data(), addresses.size());
    if (before.protocol != ip_protocol::icmp) // which has no pseudo-header (RFC 792)
        l4 = header;
    Rewrite rewrite;
    for (size_t i = 0; i < ports.size(); ++i) {
        l4.replace(old_ports[i], ports[i]);
        rewrite.ports_[i] = static_cast<uint16_t>(old_ports[i] ^ ports[i]);
    }
    rewrite.addresses_ = addresses;
    rewrite.header_delta_ = header.folded();
    rewrite.l4_delta_ = l4.folded();
    return rewrite;
}

template Rewrite<Ipv4Addr> Rewrite<Ipv4Addr>::make(const Tuple4&, const Tuple4&);
template Rewrite<Ipv6Addr> Rewrite<Ipv6Addr>::make(const Tuple6&, const Tuple6&);

} // namespace ringfence
