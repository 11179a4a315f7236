// What the stages find out about one packet that meets connections: the entry that knows it, or how
// it is decided where none does. A worker has one for each packet of a burst.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "core/packet/out.h"
#include "core/types/ids.h"
#include "dataplane/connection/connections.h"
#include "dataplane/connection/fragments.h"
#include "dataplane/walk/walk.h"

namespace ringfence {

// Where a packet ends on this host, and whose connection that makes it.
struct Landing {
    Out out;
    Target target;
    PortId port{0};          // the sender, or the receiver of what came from elsewhere
    bool is_hairpin = false; // from that port to itself
};

struct Passage {
    template <class Address> using Probe = typename ConnectionTable<Address>::Probe;
    template <class Address> Probe<Address>& probe() { return std::get<Probe<Address>>(probes); }

    std::tuple<Probe<Ipv4Addr>, Probe<Ipv6Addr>> probes; // the packet's family alone is set

    bool is_error = false; // ICMP's: of the connection that it quotes, not of one of its own
    // is_error: the TCP segment that it quotes was under way when the burst came; none: not known.
    std::optional<bool> quotes_under_way;
    Fragments::Ticket datagram; // of a fragment: what it leads

    // The slow path.
    Walk walk;
    Landing landing;              // bridge
    std::optional<EntryId> entry; // judge: the connection's, where there is one
    Side side = Side::from_port;  // and the packet's direction in it
    bool opened = false;          // judge: the entry, because of this packet, as its other end's
};

} // namespace ringfence
