// The connections of one address family. One packet, once its connection is known:
//
//     Probe probe{{Place::sent_by(port), tuple}};
//     table.aim(probe);                    // hashes, fetches the line of the index
//     table.pick(probe);                   // compares signatures, fetches the half
//     if (auto hit = table.find(probe))    // compares the key
//         if (table.validity(*hit.half) == Validity::live && ways[hit.half->way_id()].fits(frame))
//             table.count(hit, length);    // or table.track(hit, segment, length)
//
// A burst does each step for all of its packets before the next one, so that their cache misses
// overlap: one line of the index and one half a packet, and for TCP the record.
//
// An entry has a number, two halves and a TcpRecord. The half of what the port sends has its key
// from the first packet on, whoever sent that; the other half's key is known when it is written.
// open() takes the entry, write() puts a decided direction into it, and a half that hasn't been
// written is found and says so. The slow path alone calls these.
//
// A port may become another logical port's, all at once and however many entries it has. They are
// former ones then: never live, found by nobody who looks for the port's connections, and closed
// where they are met, or by the sweep.
//
// A worker's own: no locks. Its memory lies in the worker's region.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <tl/expected.hpp>

#include "core/wire/ip.h"
#include "dataplane/connection/half.h"
#include "dataplane/connection/index.h"
#include "dataplane/connection/ports.h"
#include "dataplane/connection/settings.h"
#include "dataplane/connection/shares.h"
#include "dataplane/connection/ways.h"
#include "edge-router/firewall/tcp_record.h"

namespace ringfence {

using EntryId = Id<struct EntryIdTag>; // from 1 on; of one table

// Why there is no new entry.
enum class Refusal : uint8_t {
    connections, // the port has as many as it may have, and none of them can go
    half_open,   // the same of those begun in this direction and not answered
    full,        // the worker's table is full, or what is left of it is other ports'
};

// May a half's decision be followed?
enum class Validity : uint8_t {
    live,
    stale,     // something that it passed has changed: decide again, by the initiator's packet
    unwritten, // this direction has not been decided yet
    cut,       // denied, both directions
    lapsed,    // was cut, and a widening has made that void: close() it, it is a miss
};

// What an entry is counted and aged as. TcpState's names, then the others.
enum class Phase : uint8_t { udp = tcp_state_count, udp_answered, icmp, other, cut };
inline constexpr size_t phase_count = tcp_state_count + 5;
constexpr Phase phase_of(TcpState state) { return static_cast<Phase>(state); }
std::string_view to_string(Phase phase); // "tcp.established", "udp.answered", "cut"

// True in the region while a table is being changed: who dies then leaves what nobody can take
// over.
class Changing {
public:
    explicit Changing(uint32_t& depth) : depth_(depth) {
        ++depth_;
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    ~Changing() {
        std::atomic_signal_fence(std::memory_order_seq_cst);
        --depth_;
    }
    Changing(const Changing&) = delete;

private:
    uint32_t& depth_;
};

// What every table of a worker shares.
struct SharedState {
    ConnectionSettings settings;
    Moment now;                       // once a burst
    uint32_t& changing;               // changes that have begun and not ended: in the region
    std::span<uint32_t> generations;  // by port
    std::span<PortConnections> ports; // by port
    Ways ways;
};

// One decided direction.
template <class Address> struct Decision {
    ConnectionKey<Address> arrival; // where and how its packets are met
    Tuple<Address> departure;       // what becomes of the tuple; equal where nothing does
    Way way;
};

template <class Address> class ConnectionTable {
public:
    using Key = ConnectionKey<Address>;
    using HalfOf = Half<Address>;

    // Its part of the region's first section.
    struct Control {
        HashSeed seed;       // zero: the table is fresh
        uint32_t count = 0;  // entries
        uint32_t free = 0;   // the first that was closed; linked by HalfOf::link
        uint32_t unused = 1; // the first that never was taken
        uint32_t swept = 0;  // the last that the sweep has visited
        std::array<uint32_t, phase_count> phases{};
    };
    struct Memory {
        Control& control;
        std::span<Bucket> buckets;
        std::span<HalfOf> halves;     // two an entry; the first two are unused
        std::span<TcpRecord> records; // one an entry; the first is unused
    };

    struct Probe {
        Key key;
        Index::Spot spot{};
        uint32_t candidate = 0;
    };
    struct Hit {
        HalfOf* half = nullptr;
        uint32_t number = 0; // of the half: two an entry

        explicit operator bool() const { return half != nullptr; }
        EntryId entry() const { return EntryId(number / 2); }
        Side side() const { return static_cast<Side>(number % 2); }
    };

    ConnectionTable(Memory memory, SharedState& shared);

    // --- the fast path
    void aim(Probe& probe) const {
        probe.spot = index_.spot(probe.key.hash(memory_.control.seed));
        index_.prefetch(probe.spot);
    }
    void pick(Probe& probe) const {
        probe.candidate = index_.candidate(probe.spot);
        const HalfOf* half = &memory_.halves[probe.candidate];
        prefetch(half);
        if constexpr (sizeof(HalfOf) > 64)
            prefetch(reinterpret_cast<const char*>(half) + 64);
        if (probe.key.protocol() == ip_protocol::tcp)
            prefetch(&memory_.records[probe.candidate / 2]);
    }
    Hit find(const Probe& probe) const {
        HalfOf& half = memory_.halves[probe.candidate];
        // Perhaps it was closed since it was picked.
        if (half.key == probe.key && half.is(HalfOf::indexed)) [[likely]]
            return {&half, probe.candidate};
        return find_again(probe);
    }
    // All three steps for one.
    Hit find(const Key& key) const {
        Probe probe{key};
        aim(probe);
        return find_again(probe);
    }
    Validity validity(const HalfOf& half) const {
        if ((half.flags & (HalfOf::written | HalfOf::cut)) == HalfOf::written) [[likely]]
            return half.generation == shared_.generations[half.port] ? Validity::live
                                                                     : Validity::stale;
        return validity_of_unusual(half);
    }
    // One packet of a connection that isn't TCP, in a live half, or in one that was cut. length: of
    // the frame, bytes.
    void count(Hit hit, uint32_t length) {
        HalfOf& half = *hit.half;
        half.last_used = shared_.now;
        ++half.packets;
        half.bytes += length;
        if (!half.is(HalfOf::used)) [[unlikely]]
            first_packet(hit);
    }
    // The same of TCP: asks the record, and counts what passes. What is ignored is to be forwarded
    // and neither counts nor keeps alive. Fresh: close() the entry and decide the packet as new.
    TcpRecord::Outcome track(Hit hit, const TcpSegment& segment, uint32_t length) {
        TcpRecord& record = memory_.records[hit.number / 2];
        TcpState before = record.state();
        TcpRecord::Outcome outcome = record.track(end_of(hit), segment, shared_.settings.tcp);
        if (outcome == TcpRecord::Outcome::pass) [[likely]] {
            count(hit, length);
            if (record.state() != before) [[unlikely]]
                tcp_moved(hit.entry(), before);
        }
        return outcome;
    }

    // --- the slow path
    // A new entry for the port, nothing written yet, perhaps in place of one of its own that may
    // go. outbound: the tuple as the port sends it, whoever began; it is no entry of the port yet.
    // An entry whose initiating half is never written must be closed. What stage code calls is
    // Connections::open.
    tl::expected<EntryId, Refusal> open(PortId port, const Tuple<Address>& outbound,
                                        Side initiator);
    // Closes one of the port's entries, if one may go for a new one that was refused so.
    bool give_way(PortId port, Side initiator, Refusal refusal);
    // Of a new one: the first segment of it that is seen may be any that acknowledges something.
    void let_begin_midway(EntryId entry) { memory_.records[entry.value()].let_begin_midway(); }
    // A decided direction, valid from now on; in place of what was decided before. The arrival of
    // Side::from_port is what open() was told. False, and the half is unwritten, where the ways are
    // full or another entry has that key.
    bool write(EntryId entry, Side side, const Decision<Address>& decision);
    // Not allowed any more: stays and denies both directions until it has been silent for its
    // time-out, or the port is widened. Its ways are gone: send the resets before.
    void cut(EntryId entry);
    void close(EntryId entry);

    // The entry by its lasting key, unless it is a former one, which ends here. The half is the one
    // that has this key: Side::from_port's, or of a hairpin either.
    Hit find_by_port(PortId port, const Tuple<Address>& outbound) {
        Hit hit = find(Key(Place::sent_by(port), outbound));
        if (!hit || !is_former(hit.entry())) [[likely]]
            return hit;
        close(hit.entry());
        return {};
    }
    Hit half(EntryId entry, Side side) const {
        uint32_t number = entry.value() * 2 + static_cast<uint32_t>(side);
        return {&memory_.halves[number], number};
    }
    Hit other_half(Hit hit) const { return half(hit.entry(), other(hit.side())); }
    Side initiator(EntryId entry) const {
        return half(entry, Side::from_port).half->is(HalfOf::initiates) ? Side::from_port
                                                                        : Side::to_port;
    }
    // Its initiator's direction has not been decided since the port was raised.
    bool is_stale(EntryId entry) const {
        return validity(*half(entry, initiator(entry)).half) == Validity::stale;
    }
    // Decided when the port was another logical port's.
    bool is_former(EntryId entry) const {
        const HalfOf& begun = *half(entry, initiator(entry)).half;
        return static_cast<int32_t>(begun.generation - shared_.ports[begun.port].claimed) < 0;
    }
    TcpRecord& record(EntryId entry) { return memory_.records[entry.value()]; }
    TcpEnd end_of(Hit hit) const {
        return hit.half->is(HalfOf::initiates) ? TcpEnd::initiator : TcpEnd::responder;
    }
    Phase phase(EntryId entry) const;

    // --- the sweep
    // Visits up to n entries on from where it last was: closes those that have been silent for
    // their time-out, and former ones; calls decide_again(EntryId) for those that are stale. The
    // call may write, cut or close that entry.
    template <class DecideAgain> void sweep(uint32_t n, DecideAgain decide_again) {
        for (; n && memory_.control.unused > 1; --n)
            if (EntryId entry = next_swept(); exists(entry)) {
                if (is_expired(entry) || is_former(entry))
                    close(entry);
                else if (is_stale(entry))
                    decide_again(entry);
            }
    }
    // Closes entries of the port, at most n; false while some are left.
    bool forget_port(PortId port, uint32_t n);
    // Takes over another worker's entries of the port, which both workers stand still for; those
    // that this table has no room for end. What they count, know and were decided goes on.
    void adopt_port(ConnectionTable& from, PortId port);

    // Every port of so many is sure of a part of the table (shares.h).
    void share_among(uint32_t ports) {
        shares_.divide(ports, [&](auto add) {
            for (const PortConnections& port : shared_.ports)
                add(port.of_family[family]);
        });
    }

    // --- for those who ask
    uint32_t size() const { return memory_.control.count; }
    uint32_t capacity() const { return static_cast<uint32_t>(memory_.records.size()) - 1; }
    uint32_t count_of(Phase phase) const {
        return memory_.control.phases[static_cast<size_t>(phase)];
    }
    bool exists(EntryId entry) const {
        return half(entry, Side::from_port).half->is(HalfOf::taken);
    }
    // Entries lie below this number; a dump that goes on later starts where it stopped.
    EntryId end() const { return EntryId(memory_.control.unused); }
    // ms of silence after which the entry goes, and how long that silence has lasted.
    uint32_t timeout(EntryId entry) const;
    uint32_t silence(EntryId entry) const;

private:
    static constexpr size_t family = sizeof(Address) == 4 ? 0 : 1;

    Hit find_again(const Probe& probe) const;
    Validity validity_of_unusual(const HalfOf& half) const;
    void first_packet(Hit hit);
    void tcp_moved(EntryId entry, TcpState before);
    bool is_expired(EntryId entry) const { return silence(entry) >= timeout(entry); }
    EntryId next_swept();

    uint32_t take();
    void give_back(EntryId entry);
    // An entry on its way from one table to another.
    struct Carried {
        std::array<HalfOf, 2> halves; // by Side
        std::array<Way, 2> ways;
        TcpRecord record;
        Standing standing;
        bool has_lapsed;
    };
    Carried carry_out(EntryId entry);
    void carry_in(PortId port, Carried carried);
    bool carry_half_in(EntryId entry, Side side, const Carried& carried);
    bool put_into_index(Hit hit, const Key& key);
    bool is_anothers(const Key& key, EntryId writer);
    void take_out_of_index(Hit hit);
    void unwrite(Hit hit);
    void mark_translated(Hit hit);

    std::optional<Refusal> make_room(PortId port, Standing standing);
    bool evict_any(PortId port, Standing standing);
    bool evict_former(PortId port);
    bool evict_oldest(PortId port, Standing standing, uint32_t min_silence);
    bool under_pressure(PortId port, Standing standing) const;
    uint32_t half_open_quota(const PortConnections& port) const;
    bool is_answered(EntryId entry) const;
    uint32_t timeout_of(EntryId entry, const Timeouts& timeouts) const;
    void recount(Phase from, Phase to);

    Standing standing(EntryId entry) const;
    void settle(EntryId entry, Standing standing);
    void link(EntryId entry, Standing standing);
    void unlink(EntryId entry);
    PortConnections::List& list_of(PortId port, Standing standing);
    uint32_t& next(uint32_t entry);
    uint32_t& previous(uint32_t entry);

    Memory memory_;
    SharedState& shared_;
    Index index_;
    Shares shares_;
};

extern template class ConnectionTable<Ipv4Addr>;
extern template class ConnectionTable<Ipv6Addr>;

} // namespace ringfence
