// Follows the kernel's networking of the namespace that the process runs in: links, addresses,
// routes, neighbours. For the agent, which turns each VTEP into a next hop: which interface, which
// MAC, which MTU.
//
// The kernel's forwarding table itself is asked for each wanted VTEP, so rules, metrics and
// multipath mean here what they mean there; its notifications say when to ask again. Runs on the
// Reactor's thread. IPv4 and IPv6 alike.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"

namespace ringfence::ovsdb {
class Reactor;
}

namespace ringfence::agent {

// How the kernel would reach an address: one of its ways, where it has several.
struct UnderlayPath {
    std::string interface; // the egress netdev: the shadow tap of an uplink
    IpAddr source;         // the address that the kernel would send from
    MacAddr source_mac;    // the netdev's
    IpAddr next_hop;       // the gateway, or the address itself
    MacAddr next_hop_mac;
    unsigned mtu = 0; // of link and route, the outer IP header included
    bool operator==(const UnderlayPath&) const = default;
};
// Each for an equal share of the flows: one with a larger weight stands there several times.
using UnderlayPaths = std::vector<UnderlayPath>;

struct UnderlayLink {
    std::string name;
    unsigned mtu = 0;
    MacAddr mac;
    bool up = false; // administratively up, with carrier
    bool operator==(const UnderlayLink&) const = default;
};

class Underlay {
public:
    // The VTEPs whose path has changed, or none in particular when only links or addresses did.
    using Changed = std::function<void(const std::vector<IpAddr>& vteps)>;

    // Reads the kernel's tables once before it returns, then follows them. Changes are gathered for
    // some milliseconds before `changed` is called.
    [[nodiscard]] static Result<std::unique_ptr<Underlay>> open(ovsdb::Reactor& reactor,
                                                                Changed changed);
    ~Underlay(); // forgets the neighbours that it asked the kernel to keep

    // The VTEPs of interest; takes the place of the set before. Their next hops' neighbour entries
    // are kept resolved, and let go with the last VTEP behind them.
    void want(std::set<IpAddr> vteps);
    // A wanted VTEP's paths as last seen, those that can be used, at least one; an error
    // (unavailable) says why there is none: no route, a blackhole, an unresolved neighbour, a link
    // that is down. Any other address is asked for on the spot.
    [[nodiscard]] Result<UnderlayPaths> resolve(const IpAddr& vtep) const;

    // The netdev that carries this address, such as a VTEP's of this host.
    std::optional<UnderlayLink> link_of(const IpAddr& local) const;
    std::optional<UnderlayLink> link(const std::string& name) const;

private:
    struct Impl;
    explicit Underlay(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringfence::agent
