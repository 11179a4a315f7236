// judge: may the packet begin a connection? Of one that its port has already, what comes the other
// way is a reply, and asks nobody; what comes the way that it began is asked about as at first.
#include "dataplane/stages/begin_as_answer.h"
#include "dataplane/stages/decide.h"
#include "dataplane/stages/icmp_answer.h"
#include "dataplane/stages/reject.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/tuple.h"
#include "edge-router/firewall/tcp_segment.h"

namespace ringfence {

namespace {

template <class Address> Verdict judge_packet(const Fabric& fabric, Worker& worker, Packet& packet);

// Nothing but a SYN begins a connection of TCP's, unless its port has lately moved here.
Verdict check_beginning(const Packet& packet, const ConnectionSettings& settings, bool picks_up) {
    if (!packet.has_l4) // a later fragment: the first one has begun it, or was not allowed to
        return Verdict::fw_no_connection;
    bool can_begin = true;
    if (packet.protocol == ip_protocol::tcp) {
        uint8_t flags = packet.at<TcpHeader>(packet.l4)->flags();
        if (!TcpSegment::is_sane(flags))
            return Verdict::fw_tcp_invalid;
        can_begin =
            settings.tcp.loose || picks_up || (flags & tcp_flag::syn && !(flags & tcp_flag::ack));
    }
    return can_begin ? Verdict::next : Verdict::fw_no_connection;
}

} // namespace

Verdict judge(const Fabric& fabric, Worker& worker, Packet& packet) {
    return by_family(
        packet, [&]<class Address>() { return judge_packet<Address>(fabric, worker, packet); });
}

namespace {

// The port's connection that the packet is of: decided again if need be. None where it was cut, and
// that is void.
template <class Address>
typename ConnectionTable<Address>::Hit find_known(const Fabric& fabric, Worker& worker,
                                                  const Passage& passage) {
    auto& table = worker.connections().table<Address>();
    auto known = table.find_by_port(passage.landing.port, outbound_tuple<Address>(passage.walk));
    if (known && table.is_stale(known.entry()) &&
        !decide_again<Address>(fabric, worker, known.entry()))
        return {};
    if (known && table.validity(*known.half) == Validity::lapsed) {
        table.close(known.entry());
        known = {};
    }
    return known;
}

template <class Address> typename Denials<Address>::Packet as_denied(const Packet& packet) {
    return {packet.passage->probe<Address>().key, packet.destination, packet.source};
}

template <class Address>
Verdict deny(const Fabric& fabric, Worker& worker, const Packet& packet, const Ruling& ruling) {
    Passage& passage = *packet.passage;
    std::optional<RuleId> by = ruling.rule ? std::optional(ruling.rule->id) : std::nullopt;
    worker.connections().deny<Address>(as_denied<Address>(packet), passage.landing.port,
                                       {ruling.verdict, by});
    worker.set_denied_by(by);
    if (ruling.verdict == Verdict::fw_rejected)
        reject(fabric, worker, packet, ruling);
    return ruling.verdict;
}

template <class Address>
Verdict judge_packet(const Fabric& fabric, Worker& worker, Packet& packet) {
    Passage& passage = *packet.passage;
    Connections& connections = worker.connections();
    auto& table = connections.table<Address>();
    auto known = find_known<Address>(fabric, worker, passage);
    bool is_sent = passage.walk.from() == Walk::From::port;
    passage.entry = known ? std::optional(known.entry()) : std::nullopt;
    passage.opened = false;
    passage.side = !is_sent ? Side::to_port : known ? known.side() : Side::from_port;
    note(connections, passage.walk, passage.landing.port);
    if (known && table.validity(*known.half) == Validity::cut)
        return Verdict::fw_cut;
    if (known && table.initiator(known.entry()) != passage.side)
        return Verdict::next;
    if (!known && is_answer(packet))
        return Verdict::fw_no_connection;
    if (auto denied = connections.denied<Address>(as_denied<Address>(packet));
        denied.why != Verdict::next) { // with an earlier packet of the burst
        worker.set_denied_by(denied.rule);
        return denied.why;
    }
    const Ruling ruling = ask_firewalls(fabric, connections, passage.walk, passage.landing);
    bool is_denied = ruling.verdict != Verdict::next;
    if (is_denied && !known && may_be_an_answer(fabric, packet))
        if (auto begun = begin_as_answer<Address>(fabric, worker, packet))
            return *begun;
    if (!known || is_denied)
        record(worker, passage.walk, passage.landing.port, ruling);
    if (is_denied)
        return deny<Address>(fabric, worker, packet, ruling);
    if (known)
        return Verdict::next;
    return check_beginning(packet, connections.settings(), picks_up(fabric, passage.landing.port));
}

} // namespace

} // namespace ringfence
