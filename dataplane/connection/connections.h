// All connections of one worker: a table a family (table.h says how to use them), the ways that
// they share (way.h), what is known of each port (ports.h, noted.h), and what was denied lately
// (denials.h).
//
// A connection belongs to its local port, and to that port's worker; nobody else touches it. Two
// local ports that talk to each other have an entry each.
//
// Whether a decision still stands is one number a port, its generation. The worker notes for each
// port the objects that its decisions passed; when one of them changes so that something may be
// diverted or denied, the ports that noted it are raised, which makes all of their entries stale:
// each is decided again on its next packet, or by the sweep within a second. A change that only
// allows more widens: cached denials and cut entries of those ports are void.
//
// The memory is one region (region.h): indices and object ids, no pointers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/connection/denials.h"
#include "dataplane/connection/noted.h"
#include "dataplane/connection/region.h"
#include "dataplane/connection/table.h"

namespace ringfence {

class Connections {
public:
    // Fresh tables, in a fresh region at `path`; without one in memory of the process.
    [[nodiscard]] static Result<std::unique_ptr<Connections>>
    create(const std::string& path, const ConnectionSettings& settings);
    // Those that the region at `path` holds, all to be decided again: whoever had it knows nothing
    // of what has changed since. They have not aged meanwhile. An error where it isn't one of these
    // settings and this program's layout, or was left in the middle of a change; it is left alone.
    [[nodiscard]] static Result<std::unique_ptr<Connections>>
    take_over(const std::string& path, const ConnectionSettings& settings);
    Connections(const Connections&) = delete;

    // Once a burst; of any monotonic clock.
    void set_now(Moment now) {
        if (is_resuming_) [[unlikely]]
            resume_clock(now);
        shared_.now = kept_now_ = Moment{now.ms + ahead_};
    }
    Moment now() const { return shared_.now; }
    const ConnectionSettings& settings() const { return shared_.settings; }

    template <class Address> ConnectionTable<Address>& table() {
        if constexpr (std::is_same_v<Address, Ipv4Addr>)
            return table4_;
        else
            return table6_;
    }
    template <class Address> Denials<Address>& denials() {
        if constexpr (std::is_same_v<Address, Ipv4Addr>)
            return denials4_;
        else
            return denials6_;
    }
    // A new entry for the port (ConnectionTable::open); one of either family goes for it where the
    // port has all that it may.
    template <class Address>
    tl::expected<EntryId, Refusal> open(PortId port, const Tuple<Address>& outbound,
                                        Side initiator) {
        auto opened = table<Address>().open(port, outbound, initiator);
        bool may_be_freed = !opened && opened.error() != Refusal::full;
        if (may_be_freed && other_than<Address>().give_way(port, initiator, opened.error()))
            return table<Address>().open(port, outbound, initiator);
        return opened;
    }
    Ways& ways() { return shared_.ways; }
    const PortConnections& port(PortId id) const { return shared_.ports[id.value()]; }

    // The reason of a denial that still stands, or Verdict::next.
    template <class Address> DenialReason denied(const typename Denials<Address>::Packet& packet) {
        return denials<Address>().find(packet, now(), [&](PortId id) { return port(id).voided; });
    }
    template <class Address>
    void deny(const typename Denials<Address>::Packet& packet, PortId port_id,
              DenialReason reason) {
        denials<Address>().add(packet, {port_id, port(port_id).voided}, reason, now());
    }

    // --- what decisions stand on
    // A decision of the port has passed this object.
    void note(PortId port, ObjectId object) { noted_.note(port, object); }
    // The object has changed: raises (something may be denied or diverted), or widens, the ports
    // that noted it.
    void raise_object(ObjectId object) {
        noted_.for_each_port(object, [&](PortId port) { raise(port); });
    }
    void widen_object(ObjectId object) {
        noted_.for_each_port(object, [&](PortId port) { widen(port); });
    }
    // Those ports: visit(PortId), which may raise them.
    template <class Visit> void for_each_port_that_noted(ObjectId object, Visit visit) const {
        noted_.for_each_port(object, visit);
    }
    void raise(PortId port);
    void raise_all(); // where what changed is not known
    void widen(PortId port);
    // The port is this logical port's (a number that tells it from others, not 0), and may have so
    // many entries (0: the setting's): what it had as another's are former entries from now on.
    void claim(PortId port, uint32_t owner, uint32_t quota = 0);
    // The worker has so many ports: each is sure of a part of the tables, and of the ways.
    void share_among(uint32_t ports);
    // The port is gone, and its number may be given to another: at most n entries a call; false
    // while some are left.
    bool forget_port(PortId port, uint32_t n = UINT32_MAX);
    // Takes over the port from another worker's: its entries, what cut ones stand on, and whose it
    // is. All but those are decided again. Both workers stand still, and both know the time.
    void adopt_port(Connections& from, PortId port);
    void flush(); // every entry of every port

    // Visits as many entries as are due so that each is visited once a second, at most `limit` of
    // them; see ConnectionTable::sweep. decide_again(table, entry). True while more are due.
    template <class DecideAgain> bool sweep(uint32_t limit, DecideAgain decide_again) {
        auto of = [&](auto& table) { return [&](EntryId entry) { decide_again(table, entry); }; };
        Due due = take_due(limit);
        table4_.sweep(due.entries4, of(table4_));
        table6_.sweep(due.entries6, of(table6_));
        return due.more;
    }

    uint32_t size() const { return table4_.size() + table6_.size(); }
    const Region& region() const { return region_; }

private:
    struct Due {
        uint32_t entries4, entries6;
        bool more;
    };
    // How many of a table's entries have become due since they were last asked for.
    class Pace {
    public:
        uint32_t take(uint32_t entries, uint32_t elapsed, uint32_t limit); // elapsed: ms
        bool is_behind() const { return owed_ >= 1'000; }

    private:
        uint64_t owed_ = 0; // entries x ms
    };
    Connections(Region region, const ConnectionSettings& settings);
    void resume_clock(Moment now);
    template <class Address> auto& other_than() {
        if constexpr (std::is_same_v<Address, Ipv4Addr>)
            return table6_;
        else
            return table4_;
    }
    Due take_due(uint32_t limit);

    Region region_;
    SharedState shared_;
    Moment& kept_now_;   // the region's, for who takes it over
    uint32_t ahead_ = 0; // ms by which it is ahead of the clock of set_now()
    bool is_resuming_ = false;
    Noted noted_;
    ConnectionTable<Ipv4Addr> table4_;
    ConnectionTable<Ipv6Addr> table6_;
    Denials<Ipv4Addr> denials4_;
    Denials<Ipv6Addr> denials6_;
    Pace pace4_, pace6_;
    Moment swept_at_;
};

} // namespace ringfence
