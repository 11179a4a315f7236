#include "edge-router/dhcp/router_advertisement.h"

#include <algorithm>

#include "core/wire/checksum.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/neighbour.h"
#include "edge-router/icmp/writer.h"

namespace ringfence {

namespace {

using Mode = Dhcp6Binding::Mode;

constexpr uint32_t longest_interval = 600; // seconds, RFC 4861, 6.2.1
constexpr uint8_t hop_limit = 64;

// RFC 4861, 4.2.
struct Advertisement {
    static constexpr uint8_t managed = 0x80, other = 0x40;
    uint8_t type = nd_type::router_advertisement, code = 0;
    Be16 checksum;
    uint8_t hops = hop_limit, flags = 0;
    Be16 router_lifetime;
    Be32 reachable_time, retransmission_time; // 0: not said
};
static_assert(sizeof(Advertisement) == 16);

struct PrefixOption { // 4.6.2
    static constexpr uint8_t on_link = 0x80, autonomous = 0x40;
    uint8_t kind = 3, length = 4, prefix_length = 0, flags = on_link;
    Be32 valid, preferred, reserved;
    Ipv6Addr prefix;
};
static_assert(sizeof(PrefixOption) == 32);

struct MtuOption { // 4.6.4
    uint8_t kind = 5, length = 1;
    Be16 reserved;
    Be32 mtu;
};
static_assert(sizeof(MtuOption) == 8);

struct ResolverOption { // RFC 8106, 5.1 and 5.2: RDNSS and DNSSL begin alike
    static constexpr uint8_t servers = 25, search_list = 31;
    uint8_t kind, length;
    Be16 reserved;
    Be32 lifetime;
};
static_assert(sizeof(ResolverOption) == 8);

uint8_t flags_of(Mode mode) {
    switch (mode) {
    case Mode::managed:
        return Advertisement::managed | Advertisement::other;
    case Mode::stateless:
        return Advertisement::other;
    case Mode::slaac:
        return 0;
    }
    return 0;
}

// Three times the interval (RFC 4861, 6.2.1; RFC 8106, 5.1).
uint32_t lifetime_of(const Dhcp6Binding& binding) {
    return 3 * static_cast<uint32_t>(advertisement_interval(binding).count());
}

void put_prefix(Writer& writer, const Dhcp6Binding& binding) {
    PrefixOption prefix;
    prefix.prefix_length = binding.prefix_length;
    if (binding.mode != Mode::managed)
        prefix.flags |= PrefixOption::autonomous;
    prefix.valid = Be32(binding.lifetime);
    prefix.preferred = Be32(binding.preferred_lifetime);
    prefix.prefix = binding.prefix;
    writer.put(prefix);
}

// Lengths count in 8 bytes, and the names are filled up to that with zeros.
void put_resolvers(Writer& writer, const Dhcp6Binding& binding) {
    const Be32 lifetime(lifetime_of(binding));
    if (size_t count = binding.dns_servers.size()) {
        writer.put(ResolverOption{
            ResolverOption::servers, static_cast<uint8_t>(1 + 2 * count), {}, lifetime});
        for (const Ipv6Addr& server : binding.dns_servers)
            writer.put(server);
    }
    if (size_t size = binding.domain_search.size()) {
        size_t units = (size + 7) / 8;
        writer.put(ResolverOption{
            ResolverOption::search_list, static_cast<uint8_t>(1 + units), {}, lifetime});
        writer.put_bytes(binding.domain_search);
        for (; size < units * 8; ++size)
            writer.put(uint8_t{0});
    }
}

} // namespace

std::chrono::seconds advertisement_interval(const Dhcp6Binding& binding) {
    return std::chrono::seconds(std::min(longest_interval, binding.preferred_lifetime / 3));
}

size_t build_router_advertisement(std::span<uint8_t> room, const Dhcp6Binding& binding,
                                  uint16_t mtu, const MacAddr& to_mac, const Ipv6Addr& to) {
    constexpr size_t ip_at = sizeof(EthernetHeader), message_at = ip_at + sizeof(Ipv6Header);
    Advertisement advertisement;
    advertisement.flags = flags_of(binding.mode);
    advertisement.router_lifetime =
        Be16(binding.router ? static_cast<uint16_t>(lifetime_of(binding)) : 0);
    Writer message(room.subspan(message_at));
    message.put(advertisement);
    message.put(LinkAddressOption{LinkAddressOption::source, 1, binding.server_mac});
    message.put(MtuOption{.reserved = {}, .mtu = Be32(binding.mtu.value_or(mtu))});
    put_prefix(message, binding);
    put_resolvers(message, binding);

    auto size = static_cast<uint16_t>(message.size());
    auto sum = ipv6_pseudo_header(binding.server, to, ip_protocol::icmp6, size);
    sum.add(room.data() + message_at, size);
    advertisement.checksum = Be16(sum.checksum());
    Writer(room.subspan(message_at)).put(advertisement);

    Writer headers(room);
    headers.put(EthernetHeader::make(binding.server_mac, to_mac, ether_type::ip6));
    auto ip = Ipv6Header::make(binding.server, to, ip_protocol::icmp6, 255);
    ip.set_payload_length(size);
    headers.put(ip);
    return message_at + size;
}

size_t build_router_advertisement(std::span<uint8_t> room, const Dhcp6Binding& binding,
                                  uint16_t mtu) {
    constexpr Ipv6Addr all_nodes{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    constexpr MacAddr all_nodes_mac = MacAddr::from_u64(0x333300000001); // RFC 2464, 7
    return build_router_advertisement(room, binding, mtu, all_nodes_mac, all_nodes);
}

} // namespace ringfence
