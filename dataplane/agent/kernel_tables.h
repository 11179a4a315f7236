// The kernel's links, addresses and neighbours, mirrored; its routes, asked. For the underlay.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"
#include "dataplane/agent/netlink.h"

namespace ringfence::agent {

struct KernelLink {
    std::string name;
    MacAddr mac;
    unsigned mtu = 0;
    bool up = false; // administratively, and with carrier
    auto operator<=>(const KernelLink&) const = default;
};

struct KernelAddress {
    int ifindex;
    IpAddr local;
    auto operator<=>(const KernelAddress&) const = default;
};

struct NeighbourKey {
    int ifindex = 0;
    IpAddr address;
    auto operator<=>(const NeighbourKey&) const = default;
};

struct KernelNeighbour {
    MacAddr mac;
    uint16_t state = 0;   // NUD_*
    bool managed = false; // the kernel keeps it resolved (NTF_EXT_MANAGED)
    bool ours = false;    // by our request
    bool operator==(const KernelNeighbour&) const = default;
    bool usable() const;    // its MAC may be sent to
    bool reachable() const; // confirmed lately, or being asked
    bool fixed() const;     // somebody has set it by hand, for good
};

// What the kernel's forwarding tables say about one address.
struct Hop {
    struct Way {
        int ifindex = 0;
        IpAddr next_hop;     // of either family, whatever the address's is (RFC 5549)
        unsigned weight = 1; // of several ways, this one's part of the flows
        bool operator==(const Way&) const = default;
    };
    IpAddr source;
    unsigned mtu = 0; // of the route; 0 = the link's
    std::vector<Way> ways;
    bool operator==(const Hop&) const = default;
};

class KernelTables {
public:
    struct Changes {
        bool links = false; // a link or an address: routes may have gone without notice
        bool neighbours = false;
        bool all_routes = false;                      // a rule, a next hop, or unknown
        std::set<std::pair<IpAddr, unsigned>> routes; // prefixes whose routes changed
        bool any() const { return links || neighbours || all_routes || !routes.empty(); }
    };

    // Subscribes, and reads everything once.
    [[nodiscard]] static Result<std::unique_ptr<KernelTables>> open();

    int fd() const { return notifications_.fd(); } // readable: call read(), and now and then anyway
    Changes read();

    const std::map<int, KernelLink>& links() const { return links_; }
    const std::set<KernelAddress>& addresses() const { return addresses_; }
    const KernelNeighbour* neighbour(const NeighbourKey& key) const;

    // The error says why there is none: no route, a blackhole, ...
    [[nodiscard]] Result<Hop> ask(const IpAddr& address);

    // Asks the kernel to resolve the neighbour now, and to keep it resolved. A kernel before 5.16
    // does the first only: ask again now and then. An entry that somebody else has fixed, or has
    // the kernel keep, is left as it is.
    void keep(const NeighbourKey& key);
    // Takes back what keep() made, and nothing else.
    void let_go(const NeighbourKey& key);

private:
    KernelTables(NetlinkSocket requests, NetlinkSocket notifications)
        : requests_(std::move(requests)), notifications_(std::move(notifications)) {}
    [[nodiscard]] Result<> load();
    void take(nlmsghdr* message, Changes& changes);
    bool take_link(nlmsghdr* message);
    bool take_address(nlmsghdr* message);
    bool take_neighbour(nlmsghdr* message);
    void take_route(nlmsghdr* message, Changes& changes);
    std::vector<Hop::Way> ask_for_ways(const IpAddr& address);

    NetlinkSocket requests_, notifications_;
    std::map<int, KernelLink> links_;
    std::set<KernelAddress> addresses_;
    std::map<NeighbourKey, KernelNeighbour> neighbours_;
    bool lost_ = false; // notifications, and the tables have not been read since
};

} // namespace ringfence::agent
