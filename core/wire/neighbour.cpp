#include "core/wire/neighbour.h"

#include <algorithm>

namespace ringfence {

namespace {

class OptionHeader {
public:
    uint8_t kind() const { return kind_; }
    size_t length() const { return size_t{8} * length_; }

private:
    uint8_t kind_, length_;
};

} // namespace

NeighbourOptions read_options(Cursor cursor) {
    NeighbourOptions options;
    while (cursor.left() > 0) {
        const auto* header = cursor.peek<OptionHeader>();
        if (!header || header->length() == 0 || header->length() > cursor.left()) {
            options.valid = false;
            return options;
        }
        if (header->kind() == LinkAddressOption::source)
            options.source = cursor.peek<LinkAddressOption>()->mac;
        if (header->kind() == LinkAddressOption::target)
            options.target = cursor.peek<LinkAddressOption>()->mac;
        cursor.skip(header->length());
    }
    return options;
}

Ipv6Addr solicited_node(const Ipv6Addr& address) {
    Ipv6Addr group{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff}};
    std::copy(address.bytes.end() - 3, address.bytes.end(), group.bytes.end() - 3);
    return group;
}

Ipv6Addr eui64_link_local(const MacAddr& mac) {
    const auto& b = mac.bytes;
    return Ipv6Addr{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<uint8_t>(b[0] ^ 2), b[1], b[2], 0xff,
                     0xfe, b[3], b[4], b[5]}};
}

std::optional<MacAddr> mac_of_eui64(const Ipv6Addr& address) {
    const auto& b = address.bytes;
    MacAddr mac{{static_cast<uint8_t>(b[8] ^ 2), b[9], b[10], b[13], b[14], b[15]}};
    if (eui64_link_local(mac) != address)
        return std::nullopt;
    return mac;
}

} // namespace ringfence
