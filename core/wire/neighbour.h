// Neighbour discovery (RFC 4861) as it lies on the wire.
#pragma once

#include <cstdint>
#include <optional>

#include "core/types/addresses.h"
#include "core/wire/cursor.h"

namespace ringfence {

namespace nd_type {
inline constexpr uint8_t router_solicitation = 133, router_advertisement = 134,
                         neighbour_solicitation = 135, neighbour_advertisement = 136,
                         redirect = 137;
constexpr bool is_nd(uint8_t type) { return type >= router_solicitation && type <= redirect; }
} // namespace nd_type

// A neighbour solicitation or advertisement without its options (4.3, 4.4).
class NeighbourMessage {
public:
    static constexpr uint32_t router = 0x80000000, solicited = 0x40000000, override_ = 0x20000000;

    uint8_t type() const { return type_; }
    const Ipv6Addr& target() const { return target_; }
    bool is_solicited() const { return flags_.host() & solicited; } // an advertisement

    // The checksum is left 0.
    void turn_into_advertisement(uint32_t flags) {
        type_ = nd_type::neighbour_advertisement;
        code_ = 0;
        checksum_ = Be16();
        flags_ = Be32(flags);
    }
    void set_checksum(uint16_t checksum) { checksum_ = Be16(checksum); }
    // An advertisement that nobody asked for: `flags` of those above. The checksum is left 0.
    static NeighbourMessage make_advertisement(const Ipv6Addr& target, uint32_t flags) {
        NeighbourMessage message{};
        message.turn_into_advertisement(flags);
        message.target_ = target;
        return message;
    }

private:
    uint8_t type_, code_;
    Be16 checksum_;
    Be32 flags_;
    Ipv6Addr target_;
};
static_assert(sizeof(NeighbourMessage) == 24);

// A link-layer address option for Ethernet (4.6.1).
struct LinkAddressOption {
    static constexpr uint8_t source = 1, target = 2;
    uint8_t kind;
    uint8_t length; // in 8 bytes
    MacAddr mac;
};
static_assert(sizeof(LinkAddressOption) == 8);

// What the options of a message say; the cursor stands behind its fixed part, and ends with it.
struct NeighbourOptions {
    bool valid = true; // none has length 0 or runs past the end (4.6)
    std::optional<MacAddr> source, target;
};
NeighbourOptions read_options(Cursor cursor);

// The solicited-node group of an address (RFC 4291, 2.7.1).
Ipv6Addr solicited_node(const Ipv6Addr& address);
// The link-local address that RFC 4291, appendix A, makes of a MAC.
Ipv6Addr eui64_link_local(const MacAddr& mac);
// The MAC of which the link-local address was made so; none where it was made otherwise.
std::optional<MacAddr> mac_of_eui64(const Ipv6Addr& address);

} // namespace ringfence
