// Follows the kernel's networking of the namespace that the process runs in: links, addresses,
// routes, neighbours. For the agent, which turns each VTEP into a next hop: which interface, which
// MAC, which MTU.
//
// The kernel's forwarding table itself is asked for each wanted VTEP, so rules, metrics and
// multipath mean here what they mean there; its notifications say when to ask again. Runs on the
// Reactor's thread.
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

// How the kernel would reach an address.
struct UnderlayPath {
    std::string interface; // the egress netdev: the shadow tap of an uplink
    Ipv4Addr source;       // the address that the kernel would send from
    MacAddr source_mac;    // the netdev's
    Ipv4Addr next_hop;     // the gateway, or the address itself
    MacAddr next_hop_mac;
    unsigned mtu = 0; // of link and route, the outer IP header included
    bool operator==(const UnderlayPath&) const = default;
};

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
    using Changed = std::function<void(const std::vector<Ipv4Addr>& vteps)>;

    // Reads the kernel's tables once before it returns, then follows them. Changes are gathered for
    // some milliseconds before `changed` is called.
    [[nodiscard]] static Result<std::unique_ptr<Underlay>> open(ovsdb::Reactor& reactor,
                                                                Changed changed);
    ~Underlay(); // forgets the neighbours that it asked the kernel to keep

    // The VTEPs of interest; takes the place of the set before. Their next hops' neighbour entries
    // are kept resolved, and let go with the last VTEP behind them.
    void want(std::set<Ipv4Addr> vteps);
    // A wanted VTEP's path as last seen; an error (unavailable) says why there is none: no route, a
    // blackhole, an unresolved neighbour, a link that is down. Any other address is asked for on
    // the spot.
    [[nodiscard]] Result<UnderlayPath> resolve(Ipv4Addr vtep) const;

    // The netdev that carries this address, such as a VTEP's of this host.
    std::optional<UnderlayLink> link_of(Ipv4Addr local) const;
    std::optional<UnderlayLink> link(const std::string& name) const;

private:
    struct Impl;
    explicit Underlay(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringfence::agent
