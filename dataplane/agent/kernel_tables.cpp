#include "dataplane/agent/kernel_tables.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

namespace ringfence::agent {

namespace {

// NDA_PROTOCOL of the neighbour entries that we make: what marks them as ours after a crash, too.
constexpr uint8_t our_protocol = 0x52;
constexpr uint32_t lower_up = 1 << 16; // IFF_LOWER_UP, which <net/if.h> lacks

using Attributes = std::array<nlattr*, 64>;

template <class Header> Attributes parse(nlmsghdr* message) {
    Attributes attributes{};
    nlmsg_parse(message, sizeof(Header), attributes.data(), attributes.size() - 1, nullptr);
    return attributes;
}
template <class Header> const Header& header(nlmsghdr* message) {
    return *static_cast<const Header*>(nlmsg_data(message));
}

int family_of(const IpAddr& address) { return address.is_v4() ? AF_INET : AF_INET6; }
uint8_t bits_of(const IpAddr& address) { return address.is_v4() ? 32 : 128; }

std::optional<IpAddr> read_address(const void* bytes, int length) {
    Ipv6Addr ip6;
    if (length == 4) {
        uint32_t word;
        std::memcpy(&word, bytes, sizeof word);
        return Ipv4Addr{ntohl(word)};
    }
    if (length != static_cast<int>(ip6.bytes.size()))
        return std::nullopt;
    std::memcpy(ip6.bytes.data(), bytes, ip6.bytes.size());
    return ip6;
}
std::optional<IpAddr> address_in(const nlattr* attribute) {
    return attribute ? read_address(nla_data(attribute), nla_len(attribute)) : std::nullopt;
}
IpAddr unspecified(int family) {
    return family == AF_INET ? IpAddr(Ipv4Addr{}) : IpAddr(Ipv6Addr{});
}
void put_address(nl_msg* message, int type, const IpAddr& address) {
    if (const Ipv4Addr* ip4 = address.v4())
        nla_put_u32(message, type, htonl(ip4->value));
    else
        nla_put(message, type, static_cast<int>(address.v6()->bytes.size()),
                address.v6()->bytes.data());
}
// RTA_GATEWAY, or RTA_VIA: a gateway of the other family.
std::optional<IpAddr> gateway_in(const Attributes& attributes) {
    if (const nlattr* via = attributes[RTA_VIA]) {
        constexpr int family = sizeof(rtvia::rtvia_family);
        return nla_len(via) < family
                   ? std::nullopt
                   : read_address(static_cast<const char*>(nla_data(via)) + family,
                                  nla_len(via) - family);
    }
    return address_in(attributes[RTA_GATEWAY]);
}
MacAddr mac_in(const nlattr* attribute) {
    MacAddr mac;
    if (attribute && nla_len(attribute) == 6)
        std::memcpy(mac.bytes.data(), nla_data(attribute), 6);
    return mac;
}

// Sets map[key] = value; says whether that changed anything.
template <class Map, class Key, class Value>
bool put(Map& map, const Key& key, const Value& value) {
    auto [at, inserted] = map.try_emplace(key, value);
    if (!inserted && at->second == value)
        return false;
    at->second = value;
    return true;
}

std::string why_no_route(int error) {
    switch (-error) {
    case ENETUNREACH:
        return "no route";
    case EINVAL:
        return "its route is a blackhole";
    case EHOSTUNREACH:
        return "its route is \"unreachable\"";
    case EACCES:
        return "its route is \"prohibit\"";
    default:
        return std::strerror(-error);
    }
}

NetlinkMessage neighbour_message(int type, int flags, const NeighbourKey& key,
                                 uint8_t entry_flags) {
    ndmsg info{};
    info.ndm_family = static_cast<uint8_t>(family_of(key.address));
    info.ndm_ifindex = key.ifindex;
    info.ndm_state = NUD_NONE;
    info.ndm_flags = entry_flags;
    auto message = NetlinkSocket::message(type, flags | NLM_F_ACK, info);
    if (message)
        put_address(message.get(), NDA_DST, key.address);
    if (message && type == RTM_NEWNEIGH)
        nla_put_u8(message.get(), NDA_PROTOCOL, our_protocol);
    return message;
}

NetlinkMessage route_query(const IpAddr& address, unsigned flags) {
    rtmsg query{};
    query.rtm_family = static_cast<uint8_t>(family_of(address));
    query.rtm_dst_len = bits_of(address);
    query.rtm_flags = flags;
    auto message = NetlinkSocket::message(RTM_GETROUTE, 0, query);
    if (message)
        put_address(message.get(), RTA_DST, address);
    return message;
}

int ifindex_in(const Attributes& attributes) {
    return attributes[RTA_OIF] ? static_cast<int>(nla_get_u32(attributes[RTA_OIF])) : 0;
}

// A path MTU that somebody's ICMP error has taught the kernel expires; the route's own doesn't.
unsigned lasting_mtu_in(const Attributes& attributes) {
    const auto* cache = static_cast<const rta_cacheinfo*>(
        attributes[RTA_CACHEINFO] ? nla_data(attributes[RTA_CACHEINFO]) : nullptr);
    Attributes metrics{};
    if (attributes[RTA_METRICS] && !(cache && cache->rta_expires != 0))
        nla_parse_nested(metrics.data(), RTAX_MAX, attributes[RTA_METRICS], nullptr);
    return metrics[RTAX_MTU] ? nla_get_u32(metrics[RTAX_MTU]) : 0;
}

Hop::Way read_way(const rtnexthop& next, const IpAddr& address) {
    Attributes attributes{};
    const int length = next.rtnh_len - static_cast<int>(RTNH_LENGTH(0));
    nla_parse(attributes.data(), RTA_MAX, reinterpret_cast<nlattr*>(RTNH_DATA(&next)), length,
              nullptr);
    return {.ifindex = next.rtnh_ifindex,
            .next_hop = gateway_in(attributes).value_or(address),
            .weight = next.rtnh_hops + 1u};
}

} // namespace

bool KernelNeighbour::usable() const {
    return !mac.is_zero() && (state & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE |
                                       NUD_DELAY | NUD_PROBE));
}
bool KernelNeighbour::reachable() const {
    return state & (NUD_REACHABLE | NUD_DELAY | NUD_PROBE | NUD_INCOMPLETE);
}
bool KernelNeighbour::fixed() const { return state & (NUD_PERMANENT | NUD_NOARP); }

Result<std::unique_ptr<KernelTables>> KernelTables::open() {
    auto requests = NetlinkSocket::open();
    auto notifications = NetlinkSocket::open();
    if (!requests || !notifications)
        return tl::unexpected((requests ? notifications : requests).error());
    if (auto joined =
            notifications->join({RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
                                 RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE,
                                 RTNLGRP_IPV6_RULE, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP});
        !joined)
        return tl::unexpected(joined.error());
    std::unique_ptr<KernelTables> tables(
        new KernelTables(std::move(*requests), std::move(*notifications)));
    if (auto loaded = tables->load(); !loaded)
        return tl::unexpected(loaded.error());
    return tables;
}

Result<> KernelTables::load() {
    auto links = std::exchange(links_, {});
    auto addresses = std::exchange(addresses_, {});
    auto neighbours_before = std::exchange(neighbours_, {});
    Changes ignored;
    auto dump = [&](int type, const auto& header) {
        int result;
        do
            result = requests_.request(NetlinkSocket::message(type, NLM_F_DUMP, header),
                                       [&](nlmsghdr* message) { take(message, ignored); });
        while (result == -EAGAIN); // the table changed meanwhile
        return result;
    };
    for (int result : {dump(RTM_GETLINK, ifinfomsg{}), dump(RTM_GETADDR, ifaddrmsg{}),
                       dump(RTM_GETNEIGH, ndmsg{})})
        if (result != 0) { // all of what was is better than some of what is
            links_ = std::move(links);
            addresses_ = std::move(addresses);
            neighbours_ = std::move(neighbours_before);
            return fail(ErrorKind::unavailable, "reading the kernel's networking tables: {}",
                        std::strerror(-result));
        }
    return {};
}

KernelTables::Changes KernelTables::read() {
    constexpr int most_overruns = 3; // at a time: notifications may come faster than we read
    Changes changes;
    for (int overruns = 0; overruns < most_overruns; ++overruns) {
        if (notifications_.receive([&](nlmsghdr* message) { take(message, changes); }))
            break;
        lost_ = true;
    }
    // What the lost ones said is in the tables: they are read again, and compared by whoever uses
    // them. Where that fails, the next call tries again.
    if (lost_ && load()) {
        lost_ = false;
        changes.links = changes.neighbours = changes.all_routes = true;
    }
    return changes;
}

void KernelTables::take(nlmsghdr* message, Changes& changes) {
    switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        changes.links |= take_link(message);
        break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        changes.links |= take_address(message);
        break;
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
        changes.neighbours |= take_neighbour(message);
        break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        take_route(message, changes);
        break;
    case RTM_NEWRULE:
    case RTM_DELRULE:
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
        changes.all_routes = true;
        break;
    }
}

bool KernelTables::take_link(nlmsghdr* message) {
    const auto& info = header<ifinfomsg>(message);
    if (info.ifi_family != AF_UNSPEC)
        return false; // a bridge speaks of its port
    if (message->nlmsg_type == RTM_DELLINK)
        return links_.erase(info.ifi_index) > 0;
    Attributes attributes = parse<ifinfomsg>(message);
    KernelLink link;
    if (attributes[IFLA_IFNAME])
        link.name = nla_get_string(attributes[IFLA_IFNAME]);
    if (attributes[IFLA_MTU])
        link.mtu = nla_get_u32(attributes[IFLA_MTU]);
    link.mac = mac_in(attributes[IFLA_ADDRESS]);
    link.up = (info.ifi_flags & IFF_UP) && (info.ifi_flags & lower_up);
    return put(links_, info.ifi_index, link);
}

bool KernelTables::take_address(nlmsghdr* message) {
    const auto& info = header<ifaddrmsg>(message);
    Attributes attributes = parse<ifaddrmsg>(message);
    // IPv6 has IFA_LOCAL only where the two ends of a link have an address each.
    auto local = address_in(attributes[attributes[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS]);
    if (!local)
        return false;
    KernelAddress address{static_cast<int>(info.ifa_index), *local};
    return message->nlmsg_type == RTM_DELADDR ? addresses_.erase(address) > 0
                                              : addresses_.insert(address).second;
}

bool KernelTables::take_neighbour(nlmsghdr* message) {
    const auto& info = header<ndmsg>(message);
    Attributes attributes = parse<ndmsg>(message);
    auto address = address_in(attributes[NDA_DST]);
    if (!address || info.ndm_family != family_of(*address))
        return false; // a bridge speaks of its port
    NeighbourKey key{info.ndm_ifindex, *address};
    if (message->nlmsg_type == RTM_DELNEIGH)
        return neighbours_.erase(key) > 0;
    KernelNeighbour neighbour{.mac = mac_in(attributes[NDA_LLADDR]), .state = info.ndm_state};
    if (attributes[NDA_FLAGS_EXT])
        neighbour.managed = nla_get_u32(attributes[NDA_FLAGS_EXT]) & NTF_EXT_MANAGED;
    neighbour.ours =
        attributes[NDA_PROTOCOL] && nla_get_u8(attributes[NDA_PROTOCOL]) == our_protocol;
    return put(neighbours_, key, neighbour);
}

void KernelTables::take_route(nlmsghdr* message, Changes& changes) {
    const auto& info = header<rtmsg>(message);
    if (info.rtm_family == AF_INET || info.rtm_family == AF_INET6)
        changes.routes.emplace(
            address_in(parse<rtmsg>(message)[RTA_DST]).value_or(unspecified(info.rtm_family)),
            info.rtm_dst_len);
}

const KernelNeighbour* KernelTables::neighbour(const NeighbourKey& key) const {
    auto at = neighbours_.find(key);
    return at == neighbours_.end() ? nullptr : &at->second;
}

Result<Hop> KernelTables::ask(const IpAddr& address) {
    Hop hop;
    unsigned type = RTN_UNSPEC;
    int result = requests_.request(route_query(address, 0), [&](nlmsghdr* answer) {
        Attributes attributes = parse<rtmsg>(answer);
        type = header<rtmsg>(answer).rtm_type;
        hop.source = address_in(attributes[RTA_PREFSRC]).value_or(unspecified(family_of(address)));
        hop.ways = {{.ifindex = ifindex_in(attributes),
                     .next_hop = gateway_in(attributes).value_or(address)}};
        hop.mtu = lasting_mtu_in(attributes);
    });
    if (result != 0)
        return fail(ErrorKind::unavailable, "{}: {}", to_string(address), why_no_route(result));
    if (type == RTN_LOCAL)
        return fail("{}: is an address of this host", to_string(address));
    if (type != RTN_UNICAST)
        return fail(ErrorKind::unsupported, "{}: is no host's address", to_string(address));
    if (auto ways = ask_for_ways(address); !ways.empty())
        hop.ways = std::move(ways);
    return hop;
}

// All that the route has, of which ask() was told the one that the kernel would choose for itself.
std::vector<Hop::Way> KernelTables::ask_for_ways(const IpAddr& address) {
    std::vector<Hop::Way> ways;
    requests_.request(route_query(address, RTM_F_FIB_MATCH), [&](nlmsghdr* answer) {
        const nlattr* all = parse<rtmsg>(answer)[RTA_MULTIPATH];
        int left = all ? nla_len(all) : 0;
        const auto* next = all ? static_cast<const rtnexthop*>(nla_data(all)) : nullptr;
        constexpr auto header_size = static_cast<int>(sizeof(rtnexthop)); // RTNH_OK reads one
        for (; left >= header_size && RTNH_OK(next, left); next = RTNH_NEXT(next)) {
            if (!(next->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)))
                ways.push_back(read_way(*next, address));
            left -= static_cast<int>(RTNH_ALIGN(next->rtnh_len));
        }
    });
    return ways;
}

void KernelTables::keep(const NeighbourKey& key) {
    if (const KernelNeighbour* present = neighbour(key);
        present && (present->fixed() || (present->managed && !present->ours)))
        return;
    auto message = neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE, key, NTF_USE);
    if (message) // libnl 3.7 has no setter for it
        nla_put_u32(message.get(), NDA_FLAGS_EXT, NTF_EXT_MANAGED);
    requests_.request(std::move(message));
}

void KernelTables::let_go(const NeighbourKey& key) {
    if (const KernelNeighbour* present = neighbour(key);
        present && present->ours && !present->fixed())
        requests_.request(neighbour_message(RTM_DELNEIGH, 0, key, 0));
}

} // namespace ringfence::agent
