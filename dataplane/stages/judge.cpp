// judge: may the packet begin a connection? Of one that its port has already, what comes the other
// way is a reply, and asks nobody; what comes the way that it began is asked about as at first.
#include "dataplane/stages/decide.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/tuple.h"
#include "edge-router/firewall/tcp_segment.h"

namespace ringfence {

namespace {

template <class Address> Verdict judge_packet(const Fabric& fabric, Worker& worker, Packet& packet);

// Nothing but a query begins a connection of ICMP's, nothing but a SYN one of TCP's.
Verdict check_beginning(const Packet& packet, const ConnectionSettings& settings) {
    if (!packet.has_l4) // a later fragment: the first one has begun it, or was not allowed to
        return Verdict::fw_no_connection;
    bool can_begin = true;
    if (packet.protocol == ip_protocol::tcp) {
        uint8_t flags = packet.at<TcpHeader>(packet.l4)->flags();
        if (!TcpSegment::is_sane(flags))
            return Verdict::fw_tcp_invalid;
        can_begin = settings.tcp.loose || (flags & tcp_flag::syn && !(flags & tcp_flag::ack));
    } else if (packet.protocol == ip_protocol::icmp) {
        can_begin = packet.at<IcmpHeader>(packet.l4)->type() != icmp_type::echo_reply;
    } else if (packet.protocol == ip_protocol::icmp6) {
        can_begin = packet.at<IcmpHeader>(packet.l4)->type() != icmp6_type::echo_reply;
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
    if (known && table.is_stale(known.entry()))
        decide_again<Address>(fabric, worker, known.entry());
    if (known && table.validity(*known.half) == Validity::lapsed) {
        table.close(known.entry());
        known = {};
    }
    return known;
}

template <class Address>
Verdict judge_packet(const Fabric& fabric, Worker& worker, Packet& packet) {
    Passage& passage = *packet.passage;
    Connections& connections = worker.connections();
    auto& table = connections.table<Address>();
    auto known = find_known<Address>(fabric, worker, passage);
    bool is_sent = passage.walk.from() == Walk::From::port;
    passage.entry = known ? std::optional(known.entry()) : std::nullopt;
    passage.side = !is_sent ? Side::to_port : known ? known.side() : Side::from_port;
    note(connections, passage.walk, passage.landing.port);
    if (known && table.validity(*known.half) == Validity::cut)
        return Verdict::fw_cut;
    if (known && table.initiator(known.entry()) != passage.side)
        return Verdict::next;
    Verdict verdict = ask_firewalls(fabric, connections, passage.walk, passage.landing);
    if (verdict != Verdict::next)
        connections.deny<Address>({passage.probe<Address>().key, packet.destination, packet.source},
                                  passage.landing.port, verdict);
    else if (!known)
        verdict = check_beginning(packet, connections.settings());
    return verdict;
}

} // namespace

} // namespace ringfence
