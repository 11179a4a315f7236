#include "edge-router/icmp/echo.h"

#include <utility>

#include "core/wire/checksum.h"
#include "core/wire/cursor.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence {

namespace {

constexpr uint8_t reply_ttl = 64;

// A corrected checksum of 0 becomes 0xffff: that is as good where anything but zeros is left in the
// message, and the right one where nothing is.
void set_type(IcmpHeader& icmp, uint8_t type) {
    auto before = static_cast<uint16_t>(icmp.type() << 8 | icmp.code());
    auto after = static_cast<uint16_t>(type << 8 | icmp.code());
    uint16_t corrected = checksum_after(icmp.checksum(), before, after);
    icmp.set_type(type);
    icmp.set_checksum(corrected == 0 ? 0xffff : corrected);
}

bool turn4(Cursor cursor) {
    auto* ip = cursor.peek<Ipv4Header>();
    if (!ip || ip->protocol() != ip_protocol::icmp || !cursor.skip(ip->header_length()))
        return false;
    if (ip->fragment_offset() == 0) {
        auto* icmp = cursor.peek<IcmpHeader>();
        if (!icmp || icmp->type() != icmp_type::echo)
            return false;
        set_type(*icmp, icmp_type::echo_reply);
    }
    ip->swap_addresses();
    ip->set_ttl(reply_ttl);
    return true;
}

bool turn6(Cursor cursor) {
    auto* ip = cursor.take<Ipv6Header>();
    if (!ip)
        return false;
    Ipv6Chain chain = walk_extensions(cursor, ip->next_header());
    if (chain.problem != Ipv6Chain::Problem::none || chain.protocol != ip_protocol::icmp6)
        return false;
    if (!chain.is_later_fragment) {
        auto* icmp = cursor.peek<IcmpHeader>();
        if (!icmp || icmp->type() != icmp6_type::echo)
            return false;
        set_type(*icmp, icmp6_type::echo_reply);
    }
    ip->swap_addresses();
    ip->set_hop_limit(reply_ttl);
    return true;
}

} // namespace

bool turn_into_echo_reply(std::span<uint8_t> frame, size_t l3) {
    Cursor cursor(frame.data(), frame.size());
    auto* ethernet = cursor.peek<EthernetHeader>();
    if (!ethernet || !cursor.skip(l3) || cursor.left() == 0)
        return false;
    bool turned = *cursor.data() >> 4 == 4 ? turn4(cursor) : turn6(cursor);
    if (turned)
        std::swap(ethernet->destination, ethernet->source);
    return turned;
}

} // namespace ringfence
