#include "dataplane/agent/kernel_tables.h"

#include <array>
#include <cerrno>
#include <cstring>
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

Ipv4Addr address_in(const nlattr* attribute) {
    return attribute && nla_len(attribute) == 4 ? Ipv4Addr{ntohl(nla_get_u32(attribute))}
                                                : Ipv4Addr{};
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
    info.ndm_family = AF_INET;
    info.ndm_ifindex = key.ifindex;
    info.ndm_state = NUD_NONE;
    info.ndm_flags = entry_flags;
    auto message = NetlinkSocket::message(type, flags | NLM_F_ACK, info);
    if (message)
        nla_put_u32(message.get(), NDA_DST, htonl(key.address.value));
    if (message && type == RTM_NEWNEIGH)
        nla_put_u8(message.get(), NDA_PROTOCOL, our_protocol);
    return message;
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
    if (auto joined = notifications->join({RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
                                           RTNLGRP_IPV4_RULE, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP});
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
    ndmsg neighbours{};
    neighbours.ndm_family = AF_INET;
    for (int result : {dump(RTM_GETLINK, ifinfomsg{}), dump(RTM_GETADDR, ifaddrmsg{}),
                       dump(RTM_GETNEIGH, neighbours)})
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
    if (info.ifa_family != AF_INET)
        return false;
    KernelAddress address{static_cast<int>(info.ifa_index),
                          address_in(parse<ifaddrmsg>(message)[IFA_LOCAL])};
    return message->nlmsg_type == RTM_DELADDR ? addresses_.erase(address) > 0
                                              : addresses_.insert(address).second;
}

bool KernelTables::take_neighbour(nlmsghdr* message) {
    const auto& info = header<ndmsg>(message);
    if (info.ndm_family != AF_INET)
        return false;
    Attributes attributes = parse<ndmsg>(message);
    NeighbourKey key{info.ndm_ifindex, address_in(attributes[NDA_DST])};
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
    if (info.rtm_family == AF_INET)
        changes.routes.emplace(address_in(parse<rtmsg>(message)[RTA_DST]), info.rtm_dst_len);
}

const KernelNeighbour* KernelTables::neighbour(const NeighbourKey& key) const {
    auto at = neighbours_.find(key);
    return at == neighbours_.end() ? nullptr : &at->second;
}

Result<Hop> KernelTables::ask(Ipv4Addr address) {
    rtmsg query{};
    query.rtm_family = AF_INET;
    query.rtm_dst_len = 32;
    auto message = NetlinkSocket::message(RTM_GETROUTE, 0, query);
    if (message)
        nla_put_u32(message.get(), RTA_DST, htonl(address.value));
    Hop hop;
    unsigned type = RTN_UNSPEC;
    bool other_family = false;
    int result = requests_.request(std::move(message), [&](nlmsghdr* answer) {
        Attributes attributes = parse<rtmsg>(answer);
        type = header<rtmsg>(answer).rtm_type;
        hop.ifindex = attributes[RTA_OIF] ? static_cast<int>(nla_get_u32(attributes[RTA_OIF])) : 0;
        hop.source = address_in(attributes[RTA_PREFSRC]);
        hop.next_hop = attributes[RTA_GATEWAY] ? address_in(attributes[RTA_GATEWAY]) : address;
        other_family = attributes[RTA_VIA];
        // A path MTU that somebody's ICMP error has taught the kernel expires; the route's own
        // doesn't.
        const auto* cache = static_cast<const rta_cacheinfo*>(
            attributes[RTA_CACHEINFO] ? nla_data(attributes[RTA_CACHEINFO]) : nullptr);
        Attributes metrics{};
        if (attributes[RTA_METRICS] && !(cache && cache->rta_expires != 0))
            nla_parse_nested(metrics.data(), RTAX_MAX, attributes[RTA_METRICS], nullptr);
        if (metrics[RTAX_MTU])
            hop.mtu = nla_get_u32(metrics[RTAX_MTU]);
    });
    if (result != 0)
        return fail(ErrorKind::unavailable, "{}: {}", to_string(address), why_no_route(result));
    if (type == RTN_LOCAL)
        return fail("{}: is an address of this host", to_string(address));
    if (type != RTN_UNICAST || other_family)
        return fail(ErrorKind::unsupported, "{}: {}", to_string(address),
                    other_family ? "its gateway is an IPv6 one" : "is no host's address");
    return hop;
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
