// Fragments of datagrams that cross routers (DESIGN §5, rule 8). Only the first fragment shows
// ports, and the others must go where it goes. The table does not reassemble: it remembers which
// bytes of a datagram have been seen, tells every later fragment the first one's ports, and holds
// those that come before it.
//
//     first, then 2, 3      each passes as it comes, 2 and 3 with the first one's ports
//     3, 2, then first      3 and 2 are held; the first passes, and releases 3 and 2 behind it, in
//                           this order: they come once more, and pass. A fragment that comes while
//                           some are still on their way back queues up behind them.
//     1', over bytes of 1   the datagram is refused: what was held and what still comes is dropped,
//                           so that no receiver ever has it whole (RFC 5722, of IPv4 the same).
//                           Just the same fragment once more passes: networks do that.
//     complete              forgotten when the last byte has passed; an incomplete one after 30 s,
//                           IPv6 60 s (RFC 8200, 4.5), and what was held of it is dropped
//
// Accounts (a port's outbound fragments, a port's inbound ones) have quotas of datagrams and of
// held frames, and none gets more than what is left for the others. Who exceeds one loses the
// oldest datagram of its own, and nobody else's: before others one whose first fragment has not
// come, or was let through by no firewall, so that what may not come in displaces nothing that may.
//
// One worker's. Nothing allocates after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/packet/verdicts.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "dataplane/connection/arrival.h"
#include "dataplane/connection/key.h"

namespace ringfence {

struct Packet;

// What tells one datagram's fragments from another's.
struct FragmentKey {
    Place place;
    Ipv6Addr source, destination; // IPv4 mapped (RFC 4291, 2.5.5.2)
    uint32_t id;
    NextHopId peer;   // that it came from, 0 where by no tunnel: no VTEP spoils another's
    uint8_t protocol; // 0 in IPv6, where fragments may differ in it (RFC 8200, 4.5)
    bool six;
    bool operator==(const FragmentKey&) const = default;
};

// What the upper layer's header says, which only the first fragment has.
struct UpperLayer {
    uint8_t protocol = 0;
    uint16_t source_port = 0, destination_port = 0; // as in a Tuple
};

struct Fragment {
    FragmentKey key;
    uint32_t offset, length;         // bytes of the datagram
    bool more;                       // it is not the last
    uint32_t data;                   // where those bytes begin in the frame
    std::optional<UpperLayer> upper; // the first fragment's
};

// What parse found to be a fragment, as the table wants it; `upper` counts for a first one alone.
Fragment fragment_of(const Packet& packet, Place place, const UpperLayer& upper);

struct FragmentLimits {
    uint32_t datagrams = 4096, pieces = 16384, held = 1024; // of all accounts; held: frames
    uint32_t datagrams_each = 256, held_each = 64;          // of one account
    uint32_t pieces_of_one = 128; // of one datagram: 64 KiB in fragments of 512 bytes
    uint32_t seconds = 30, seconds6 = 60;
};

// Whose quota a fragment counts against.
struct FragmentAccount {
    PortId port;  // below Destination::max_ports
    bool inbound; // what comes for the port, not what it sends
    // Whose port it is; what it had as another's is forgotten.
    uint32_t owner;
};

class Fragments {
public:
    // A held frame leaves: `next` releases it, to arrive once more as it did; anything else is why
    // it is dropped. It is the callee's from then on. True where it will arrive: a release may
    // fail.
    using Leave = bool (*)(void* context, const Arrival& arrival, Verdict why);

    // ticks_per_second: of the clock that `now` counts in.
    Fragments(const FragmentLimits& limits, uint64_t ticks_per_second, Leave leave, void* context);
    ~Fragments(); // clears
    Fragments(const Fragments&) = delete;

    // A datagram whose first fragment was let into the table, for as long as it is there.
    struct Ticket {
        uint32_t index = 0, number = 0; // 0: none
    };
    struct Fate {
        enum class Kind : uint8_t {
            pass,    // now, with `upper`
            held,    // the frame is the table's, until it leaves
            refused, // to be dropped as `why`
        };
        Kind kind;
        Verdict why = Verdict::next;
        UpperLayer upper{};
        Ticket ticket{}; // the first fragment's, that passes
    };
    Fate take(const Fragment& fragment, const Arrival& arrival, const FragmentAccount& account,
              uint64_t now);

    // Some fragment of it has been taken, and it is not forgotten.
    bool knows(const FragmentKey& key) const;
    // Its first fragment has passed all who were asked.
    void vouch(Ticket ticket);

    // Forgets datagrams that are too old, a few of them a call. True while there are more.
    bool expire(uint64_t now);
    // What is held for the port, either way, leaves as `tx_no_port`.
    void forget_port(PortId port);
    void clear(); // what is held leaves as `frag_timeout`

    uint32_t datagrams() const;
    uint32_t held() const;

private:
    struct Table;
    std::unique_ptr<Table> table_;
};

} // namespace ringfence
