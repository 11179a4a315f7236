#include "dataplane/connection/table.h"

#include <algorithm>

namespace ringfence {

namespace {

// How many of a list are looked at for one that may go: the rest of it is younger.
constexpr unsigned max_tries = 8;

constexpr bool is_half_open(Standing standing) {
    return standing == Standing::half_open_out || standing == Standing::half_open_in;
}

constexpr Standing half_open(Side initiator) {
    return initiator == Side::from_port ? Standing::half_open_out : Standing::half_open_in;
}

} // namespace

std::string_view to_string(Phase phase) {
    static constexpr std::string_view names[phase_count] = {"tcp.none",
                                                            "tcp.syn_sent",
                                                            "tcp.syn_crossed",
                                                            "tcp.syn_received",
                                                            "tcp.established",
                                                            "tcp.fin_wait",
                                                            "tcp.close_wait",
                                                            "tcp.last_ack",
                                                            "tcp.time_wait",
                                                            "tcp.closed",
                                                            "udp.unanswered",
                                                            "udp.answered",
                                                            "icmp",
                                                            "other",
                                                            "cut"};
    return names[static_cast<size_t>(phase)];
}

template <class Address>
ConnectionTable<Address>::ConnectionTable(Memory memory, SharedState& shared)
    : memory_(memory), shared_(shared), index_(memory.buckets),
      shares_(capacity(), memory.control.count) {
    if (memory_.control.unused == 0) { // zeroed memory
        memory_.control = Control{};
        memory_.control.seed = HashSeed::random();
    }
}

// --- looking up

template <class Address>
auto ConnectionTable<Address>::find_again(const Probe& probe) const -> Hit {
    uint32_t number = index_.find(
        probe.spot, [&](uint32_t half) { return memory_.halves[half].key == probe.key; });
    return number ? Hit{&memory_.halves[number], number} : Hit{};
}

template <class Address>
Validity ConnectionTable<Address>::validity_of_unusual(const HalfOf& half) const {
    if (!half.is(HalfOf::cut))
        return Validity::unwritten;
    return half.way == shared_.ports[half.port].widenings ? Validity::cut : Validity::lapsed;
}

// --- opening and closing

template <class Address>
tl::expected<EntryId, Refusal>
ConnectionTable<Address>::open(PortId port, const Tuple<Address>& outbound, Side initiator) {
    Changing changing(shared_.changing);
    const Standing standing = half_open(initiator);
    if (auto refusal = make_room(port, standing))
        return tl::unexpected(*refusal);
    uint32_t number = take();
    if (!number && evict_any(port, standing))
        number = take();
    if (!number)
        return tl::unexpected(Refusal::full);
    EntryId entry(number);
    memory_.records[number] = {};
    for (Side side : {Side::from_port, Side::to_port}) {
        HalfOf& half = *this->half(entry, side).half;
        half = {};
        half.last_used = shared_.now;
        half.generation = shared_.generations[port.value()];
        half.port = static_cast<uint16_t>(port.value());
        half.set(HalfOf::taken);
        if (outbound.protocol == ip_protocol::tcp)
            half.set(HalfOf::tcp);
        if (side == initiator)
            half.set(HalfOf::initiates);
    }
    if (!put_into_index(half(entry, Side::from_port), Key(Place::sent_by(port), outbound))) {
        give_back(entry);
        return tl::unexpected(Refusal::full);
    }
    ++memory_.control.count;
    ++memory_.control.phases[static_cast<size_t>(phase(entry))];
    shares_.take(shared_.ports[port.value()].of_family[family]++);
    link(entry, standing);
    return entry;
}

template <class Address> void ConnectionTable<Address>::close(EntryId entry) {
    Changing changing(shared_.changing);
    --memory_.control.count;
    --memory_.control.phases[static_cast<size_t>(phase(entry))];
    Hit sent = half(entry, Side::from_port);
    PortConnections& port = shared_.ports[sent.half->port];
    shares_.give(port.of_family[family]--);
    if (sent.half->is(HalfOf::cut))
        --port.cut;
    unlink(entry);
    for (Hit hit : {sent, other_half(sent)}) {
        unwrite(hit);
        take_out_of_index(hit);
    }
    give_back(entry);
}

template <class Address> uint32_t ConnectionTable<Address>::take() {
    Control& control = memory_.control;
    if (uint32_t number = control.free) {
        control.free = next(number);
        return number;
    }
    return control.unused < memory_.records.size() ? control.unused++ : 0;
}

template <class Address> void ConnectionTable<Address>::give_back(EntryId entry) {
    half(entry, Side::from_port).half->flags = half(entry, Side::to_port).half->flags = 0;
    Control& control = memory_.control;
    next(entry.value()) = control.free;
    control.free = entry.value();
    if (control.count == 0) { // in order again, and nothing for the sweep to visit
        control.free = 0;
        control.unused = 1;
    }
}

template <class Address> bool ConnectionTable<Address>::put_into_index(Hit hit, const Key& key) {
    if (key.place().kind() == Place::Kind::nowhere)
        return false;
    if (!index_.insert(index_.spot(key.hash(memory_.control.seed)), hit.number))
        return false;
    hit.half->key = key;
    hit.half->set(HalfOf::indexed);
    return true;
}

// A former entry gives its key away; and one that no longer stands to what was decided just now,
// since the address that it was for is at another port.
template <class Address>
bool ConnectionTable<Address>::is_anothers(const Key& key, EntryId writer) {
    Hit hit = find(key);
    const bool gives_way = hit && hit.entry() != writer &&
                           (is_former(hit.entry()) || validity(*hit.half) == Validity::stale);
    if (gives_way)
        close(hit.entry());
    return hit && !gives_way;
}

template <class Address> void ConnectionTable<Address>::take_out_of_index(Hit hit) {
    if (!hit.half->is(HalfOf::indexed))
        return;
    index_.erase(index_.spot(hit.half->key.hash(memory_.control.seed)), hit.number);
    hit.half->clear(HalfOf::indexed);
}

// --- quotas

template <class Address>
std::optional<Refusal> ConnectionTable<Address>::make_room(PortId port, Standing standing) {
    const PortConnections& known = shared_.ports[port.value()];
    if (known.count(standing) >= half_open_quota(known) &&
        !evict_oldest(port, standing, shared_.settings.half_open_grace))
        return Refusal::half_open;
    uint32_t quota = known.quota ? known.quota : shared_.settings.quota;
    if (known.size() >= quota && !evict_any(port, standing))
        return Refusal::connections;
    if (!shares_.may_take(known.of_family[family]) && !evict_any(port, standing))
        return Refusal::full;
    return std::nullopt;
}

template <class Address>
bool ConnectionTable<Address>::give_way(PortId port, Side initiator, Refusal refusal) {
    const Standing standing = half_open(initiator);
    return refusal == Refusal::half_open
               ? evict_oldest(port, standing, shared_.settings.half_open_grace)
               : evict_any(port, standing);
}

// One that has ended, or one that nobody has answered for a while, goes for a new one of the same
// port. What is established never does.
template <class Address> bool ConnectionTable<Address>::evict_any(PortId port, Standing standing) {
    Standing other_way =
        standing == Standing::half_open_out ? Standing::half_open_in : Standing::half_open_out;
    uint32_t grace = shared_.settings.half_open_grace;
    return evict_former(port) || evict_oldest(port, Standing::closing, 0) ||
           evict_oldest(port, standing, grace) || evict_oldest(port, other_way, grace);
}

// They are the oldest of their lists.
template <class Address> bool ConnectionTable<Address>::evict_former(PortId port) {
    for (size_t standing = 0; standing < standing_count; ++standing) {
        uint32_t oldest = list_of(port, static_cast<Standing>(standing)).oldest;
        if (oldest && is_former(EntryId(oldest))) {
            close(EntryId(oldest));
            return true;
        }
    }
    return false;
}

template <class Address>
bool ConnectionTable<Address>::evict_oldest(PortId port, Standing standing, uint32_t min_silence) {
    const auto& list = list_of(port, standing);
    for (unsigned tries = 0; list.oldest && tries < max_tries; ++tries) {
        EntryId oldest(list.oldest);
        if (is_former(oldest) || silence(oldest) >= min_silence) {
            close(oldest);
            return true;
        }
        Changing changing(shared_.changing);
        unlink(oldest); // it is in use: behind the others
        link(oldest, standing);
    }
    return false;
}

template <class Address>
bool ConnectionTable<Address>::under_pressure(PortId port, Standing standing) const {
    const PortConnections& known = shared_.ports[port.value()];
    return is_half_open(standing) && known.count(standing) * uint64_t{2} >= half_open_quota(known);
}

template <class Address>
uint32_t ConnectionTable<Address>::half_open_quota(const PortConnections& port) const {
    return port.quota ? std::max(port.quota / 4, 1u) : shared_.settings.half_open_quota;
}

// --- decisions

template <class Address>
bool ConnectionTable<Address>::write(EntryId entry, Side side, const Decision<Address>& decision) {
    Changing changing(shared_.changing);
    Hit hit = half(entry, side);
    HalfOf& half = *hit.half;
    if (!half.is(HalfOf::indexed) || half.key != decision.arrival) {
        unwrite(hit);
        take_out_of_index(hit);
        if (is_anothers(decision.arrival, entry) || !put_into_index(hit, decision.arrival))
            return false;
    }
    PortConnections& port = shared_.ports[half.port];
    auto way = shared_.ways.acquire(decision.way,
                                    {half.local_port(), port.ways, shared_.settings.way_quota});
    unwrite(hit); // after, so that an equal way stays where it is
    if (!way)
        return false;
    const Tuple<Address> arrival = decision.arrival.tuple();
    half.way = way->value();
    half.generation = shared_.generations[half.port];
    half.rewrite = Rewrite<Address>::make(arrival, decision.departure);
    half.set(HalfOf::written);
    if (decision.departure != arrival)
        half.set(HalfOf::rewrites);
    mark_translated(hit);
    return true;
}

template <class Address> void ConnectionTable<Address>::unwrite(Hit hit) {
    if (!hit.half->is(HalfOf::written))
        return;
    shared_.ways.release(hit.half->way_id(), [&](PortId owner) -> uint32_t& {
        return shared_.ports[owner.value()].ways;
    });
    hit.half->clear(HalfOf::written);
    hit.half->clear(HalfOf::rewrites);
}

template <class Address> void ConnectionTable<Address>::mark_translated(Hit hit) {
    HalfOf& other = *other_half(hit).half;
    bool translated = hit.half->is(HalfOf::rewrites) || other.is(HalfOf::rewrites);
    for (HalfOf* half : {hit.half, &other}) {
        half->clear(HalfOf::translated);
        if (translated)
            half->set(HalfOf::translated);
    }
}

template <class Address> void ConnectionTable<Address>::cut(EntryId entry) {
    Hit sent = half(entry, Side::from_port);
    if (sent.half->is(HalfOf::cut))
        return;
    Changing changing(shared_.changing);
    Phase before = phase(entry);
    PortConnections& port = shared_.ports[sent.half->port];
    for (Hit hit : {sent, other_half(sent)}) {
        unwrite(hit);
        hit.half->set(HalfOf::cut);
        hit.half->way = port.widenings;
        hit.half->generation = shared_.generations[hit.half->port];
    }
    ++port.cut;
    recount(before, Phase::cut);
    settle(entry, Standing::closing);
}

// --- ageing

template <class Address> Phase ConnectionTable<Address>::phase(EntryId entry) const {
    const HalfOf& sent = *half(entry, Side::from_port).half;
    if (sent.is(HalfOf::cut))
        return Phase::cut;
    switch (sent.key.protocol()) {
    case ip_protocol::tcp:
        return phase_of(memory_.records[entry.value()].state());
    case ip_protocol::udp:
        return is_answered(entry) ? Phase::udp_answered : Phase::udp;
    case ip_protocol::icmp:
    case ip_protocol::icmp6:
        return Phase::icmp;
    default:
        return Phase::other;
    }
}

template <class Address> bool ConnectionTable<Address>::is_answered(EntryId entry) const {
    return half(entry, Side::from_port).half->is(HalfOf::used) &&
           half(entry, Side::to_port).half->is(HalfOf::used);
}

template <class Address> uint32_t ConnectionTable<Address>::timeout(EntryId entry) const {
    const HalfOf& sent = *half(entry, Side::from_port).half;
    const TimeoutSettings& settings = shared_.settings.timeouts;
    const Timeouts& timeouts =
        sent.is(HalfOf::translated) ? settings.translated : settings.filtered;
    uint32_t usual = timeout_of(entry, timeouts);
    return under_pressure(sent.local_port(), standing(entry))
               ? std::min(usual, settings.half_open_under_pressure)
               : usual;
}

template <class Address>
uint32_t ConnectionTable<Address>::timeout_of(EntryId entry, const Timeouts& timeouts) const {
    switch (half(entry, Side::from_port).half->key.protocol()) {
    case ip_protocol::tcp: {
        const TcpRecord& record = memory_.records[entry.value()];
        uint32_t usual = timeouts.tcp[static_cast<size_t>(record.state())];
        return record.state() == TcpState::established && record.has_unacknowledged()
                   ? std::min(usual, timeouts.tcp_unacknowledged)
                   : usual;
    }
    case ip_protocol::udp:
        return is_answered(entry) ? timeouts.udp_answered : timeouts.udp;
    case ip_protocol::icmp:
    case ip_protocol::icmp6:
        return timeouts.icmp;
    default:
        return timeouts.other;
    }
}

// What comes from outside keeps no translation alive (RFC 4787, REQ-6); TCP's other end is known to
// be there.
template <class Address> uint32_t ConnectionTable<Address>::silence(EntryId entry) const {
    const HalfOf& sent = *half(entry, Side::from_port).half;
    uint32_t of_sent = shared_.now.since(sent.last_used);
    if (sent.is(HalfOf::translated) && !sent.is(HalfOf::tcp) &&
        !shared_.settings.timeouts.inbound_refresh)
        return of_sent;
    return std::min(of_sent, shared_.now.since(half(entry, Side::to_port).half->last_used));
}

template <class Address> void ConnectionTable<Address>::first_packet(Hit hit) {
    Changing changing(shared_.changing);
    EntryId entry = hit.entry();
    Phase before = phase(entry);
    hit.half->set(HalfOf::used);
    if (hit.half->is(HalfOf::tcp) || hit.half->is(HalfOf::cut) || !is_answered(entry))
        return;
    recount(before, phase(entry));
    settle(entry, Standing::open);
}

template <class Address> void ConnectionTable<Address>::tcp_moved(EntryId entry, TcpState before) {
    Changing changing(shared_.changing);
    const TcpRecord& record = memory_.records[entry.value()];
    recount(phase_of(before), phase_of(record.state()));
    if (record.is_closing())
        settle(entry, Standing::closing);
    else if (record.is_established())
        settle(entry, Standing::open);
}

template <class Address> EntryId ConnectionTable<Address>::next_swept() {
    uint32_t& swept = memory_.control.swept;
    swept = swept + 1 < memory_.control.unused ? swept + 1 : 1;
    return EntryId(swept);
}

template <class Address> bool ConnectionTable<Address>::forget_port(PortId port, uint32_t n) {
    for (size_t standing = 0; standing < standing_count; ++standing)
        while (uint32_t oldest = list_of(port, static_cast<Standing>(standing)).oldest) {
            if (n-- == 0)
                return false;
            close(EntryId(oldest));
        }
    return true;
}

// --- from one table to another

// From the oldest to the newest of each list, so that they stand in the same order again.
template <class Address>
void ConnectionTable<Address>::adopt_port(ConnectionTable& from, PortId port) {
    for (size_t standing = 0; standing < standing_count; ++standing)
        while (uint32_t oldest = from.list_of(port, static_cast<Standing>(standing)).oldest) {
            const bool is_over = from.is_former(EntryId(oldest));
            Carried carried = from.carry_out(EntryId(oldest));
            if (!is_over)
                carry_in(port, carried);
        }
}

template <class Address> auto ConnectionTable<Address>::carry_out(EntryId entry) -> Carried {
    Carried carried;
    for (Side side : {Side::from_port, Side::to_port}) {
        const HalfOf& half = *this->half(entry, side).half;
        carried.halves[static_cast<size_t>(side)] = half;
        if (half.is(HalfOf::written))
            carried.ways[static_cast<size_t>(side)] = shared_.ways[half.way_id()];
    }
    carried.record = record(entry);
    carried.standing = standing(entry);
    carried.has_lapsed = validity(*half(entry, Side::from_port).half) == Validity::lapsed;
    for (HalfOf& half : carried.halves) // how long ago, which every worker's clock understands
        half.last_used = Moment{shared_.now.since(half.last_used)};
    close(entry);
    return carried;
}

template <class Address> void ConnectionTable<Address>::carry_in(PortId port_id, Carried carried) {
    Changing changing(shared_.changing);
    PortConnections& port = shared_.ports[port_id.value()];
    const uint32_t number = shares_.may_take(port.of_family[family]) ? take() : 0;
    if (number == 0)
        return;
    const EntryId entry(number);
    memory_.records[number] = carried.record;
    for (HalfOf& half : carried.halves)
        half.last_used = Moment{shared_.now.ms - half.last_used.ms};
    if (!carry_half_in(entry, Side::from_port, carried)) {
        give_back(entry);
        return;
    }
    ++memory_.control.count;
    shares_.take(port.of_family[family]++);
    link(entry, carried.standing);
    carry_half_in(entry, Side::to_port, carried);
    mark_translated(half(entry, Side::from_port));
    if (carried.halves[0].is(HalfOf::cut)) {
        ++port.cut;
        for (Side side : {Side::from_port, Side::to_port})
            half(entry, side).half->way = port.widenings - (carried.has_lapsed ? 1 : 0);
    }
    ++memory_.control.phases[static_cast<size_t>(phase(entry))];
}

// False where its key has no room; what is decided needs room among the ways, or is not decided.
template <class Address>
bool ConnectionTable<Address>::carry_half_in(EntryId entry, Side side, const Carried& carried) {
    const HalfOf& before = carried.halves[static_cast<size_t>(side)];
    Hit hit = half(entry, side);
    HalfOf& half = *hit.half;
    const uint32_t link = half.link;
    half = before;
    half.link = link;
    half.clear(HalfOf::indexed);
    half.clear(HalfOf::written);
    half.generation = shared_.generations[half.port];
    if (before.is(HalfOf::indexed) && !put_into_index(hit, before.key))
        return false;
    if (!before.is(HalfOf::written) || !half.is(HalfOf::indexed))
        return half.is(HalfOf::indexed);
    Way way = carried.ways[static_cast<size_t>(side)];
    way.resolved_serial = 0;
    PortConnections& port = shared_.ports[half.port];
    auto id = shared_.ways.acquire(way, {half.local_port(), port.ways, shared_.settings.way_quota});
    if (!id) {
        half.clear(HalfOf::rewrites);
        return true;
    }
    half.way = id->value();
    half.set(HalfOf::written);
    return true;
}

template <class Address> void ConnectionTable<Address>::recount(Phase from, Phase to) {
    --memory_.control.phases[static_cast<size_t>(from)];
    ++memory_.control.phases[static_cast<size_t>(to)];
}

// --- a port's lists

template <class Address> Standing ConnectionTable<Address>::standing(EntryId entry) const {
    uint16_t flags = half(entry, Side::from_port).half->flags;
    return static_cast<Standing>(flags >> HalfOf::standing_shift);
}

template <class Address> void ConnectionTable<Address>::settle(EntryId entry, Standing standing) {
    if (this->standing(entry) == standing)
        return;
    unlink(entry);
    link(entry, standing);
}

template <class Address> void ConnectionTable<Address>::link(EntryId entry, Standing standing) {
    HalfOf& sent = *half(entry, Side::from_port).half;
    constexpr uint16_t others = (1u << HalfOf::standing_shift) - 1;
    sent.flags = static_cast<uint16_t>((sent.flags & others) | static_cast<unsigned>(standing)
                                                                   << HalfOf::standing_shift);
    ++shared_.ports[sent.port].counts[static_cast<size_t>(standing)];
    uint32_t number = entry.value();
    auto& list = list_of(sent.local_port(), standing);
    next(number) = 0;
    previous(number) = list.newest;
    (list.newest ? next(list.newest) : list.oldest) = number;
    list.newest = number;
}

template <class Address> void ConnectionTable<Address>::unlink(EntryId entry) {
    const HalfOf& sent = *half(entry, Side::from_port).half;
    Standing standing = this->standing(entry);
    --shared_.ports[sent.port].counts[static_cast<size_t>(standing)];
    uint32_t after = next(entry.value()), before = previous(entry.value());
    auto& list = list_of(sent.local_port(), standing);
    (before ? next(before) : list.oldest) = after;
    (after ? previous(after) : list.newest) = before;
}

template <class Address>
PortConnections::List& ConnectionTable<Address>::list_of(PortId port, Standing standing) {
    PortConnections& known = shared_.ports[port.value()];
    auto& lists = std::is_same_v<Address, Ipv4Addr> ? known.lists4 : known.lists6;
    return lists[static_cast<size_t>(standing)];
}

template <class Address> uint32_t& ConnectionTable<Address>::next(uint32_t entry) {
    return half(EntryId(entry), Side::from_port).half->link;
}

template <class Address> uint32_t& ConnectionTable<Address>::previous(uint32_t entry) {
    return half(EntryId(entry), Side::to_port).half->link;
}

template class ConnectionTable<Ipv4Addr>;
template class ConnectionTable<Ipv6Addr>;

} // namespace ringfence
