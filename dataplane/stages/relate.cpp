// relate: an ICMP error belongs to the connection that it quotes, and to no other (DESIGN §5, rule
// 7; BEHAVIOUR T9, F7): it goes the way that an answer to what it quotes would go, translated
// inside and out, and keeps nothing alive.
#include <algorithm>
#include <span>

#include "dataplane/stages/decide.h"
#include "dataplane/stages/relate.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/tuple.h"
#include "dataplane/stages/way.h"
#include "edge-router/icmp/quote.h"

namespace ringfence {

namespace {

// The IP packet, as much of it as lies in the first buffer.
template <class Address> std::span<uint8_t> ip_packet(const Packet& packet) {
    size_t length = packet.l4 - packet.l3 + l4_length<Address>(packet);
    return {packet.data + packet.l3, std::min<size_t>(length, packet.linear - packet.l3)};
}

// An answer to the packet that is quoted, as it would come here.
template <class Address> Walk walk_of_answer(const Packet& packet, const Tuple<Address>& answer) {
    Header header = header_of(packet);
    header.source = answer.source;
    header.destination = answer.destination;
    header.source_port = answer.source_port;
    header.destination_port = answer.destination_port;
    header.protocol = answer.protocol;
    bool is_sent = !packet.from_tunnel && !packet.handed_over;
    return Walk(header, is_sent ? Walk::From::port : Walk::From::elsewhere, packet.port->id);
}

// What is quoted is a segment that its sender may still have under way: a forger who has not seen
// the connection can't say which (RFC 5927, 4.1; BEHAVIOUR F7).
bool is_under_way(const TcpRecord& record, TcpEnd sender, uint32_t sequence) {
    uint32_t from = record.expected_by(other(sender)), to = record.sent_by(sender);
    return sequence - from <= to - from; // they wrap
}

// True where the port has the connection, and it is allowed.
template <class Address>
bool is_connected(const Fabric& fabric, Worker& worker, const Walk& walk, PortId port,
                  const Quote<Address>& quote, std::optional<bool> under_way) {
    auto& table = worker.connections().table<Address>();
    auto known = table.find_by_port(port, outbound_tuple<Address>(walk));
    if (!known)
        return false;
    if (table.is_stale(known.entry()) && !decide_again<Address>(fabric, worker, known.entry()))
        return false;
    TcpEnd own = table.end_of(known), sender = walk.from() == Walk::From::port ? other(own) : own;
    if (quote.tcp_sequence &&
        !under_way.value_or(is_under_way(table.record(known.entry()), sender, *quote.tcp_sequence)))
        return false;
    auto begun = table.half(known.entry(), table.initiator(known.entry()));
    return table.validity(*begun.half) == Validity::live;
}

// Who makes the error is behind the translation, where that is of the source, and else remains.
template <class Address> QuoteRewrite<Address> translated(const Packet& packet, const Walk& walk) {
    const auto now = tuple_of<Address>(walk.now()), outer = tuple_of<Address>(packet);
    bool from_inside = walk.from() == Walk::From::port || walk.now().source != walk.begin().source;
    return {now.reversed(), from_inside ? now.source : outer.source, now.destination};
}

template <class Address>
Verdict relate_packet(const Fabric& fabric, Worker& worker, Packet& packet) {
    Quote<Address> quote;
    if (Verdict verdict = find_quote(ip_packet<Address>(packet), packet.l4 - packet.l3, quote);
        verdict != Verdict::next)
        return verdict;
    Walk walk = walk_of_answer(packet, quote.tuple.reversed());
    Landing landing;
    if (walk.route(fabric) != Verdict::next || walk.end() == Walk::End::router ||
        land(fabric, walk, landing) != Verdict::next ||
        !is_connected<Address>(fabric, worker, walk, landing.port, quote,
                               packet.passage->quotes_under_way))
        return Verdict::nat_icmp_no_match;
    if (ttl_of(packet) <= walk.hops())
        return Verdict::route_ttl;
    if (!gets_through(packet, walk.mtu()))
        return Verdict::route_too_big;
    auto to = translated<Address>(packet, walk);
    rewrite_quote(ip_packet<Address>(packet), quote, to);
    Tuple<Address> outer{to.source, to.destination, 0, 0, packet.protocol};
    Rewrite<Address>::make(outer, outer)
        .apply(static_cast<uint8_t>(walk.hops()), packet.data + packet.l3, nullptr,
               packet.protocol);
    put_macs(packet, walk.now());
    packet.segment = walk.now().segment;
    packet.send_to(landing.out);
    return Verdict::next;
}

template <class Address>
std::optional<bool> quotes_under_way(Worker& worker, const Packet& packet) {
    Quote<Address> quote;
    if (find_quote(ip_packet<Address>(packet), packet.l4 - packet.l3, quote) != Verdict::next ||
        !quote.tcp_sequence)
        return std::nullopt;
    auto& table = worker.connections().table<Address>();
    auto answer = table.find({key_of<Address>(packet).place(), quote.tuple.reversed()});
    if (!answer)
        return std::nullopt;
    return is_under_way(table.record(answer.entry()), other(table.end_of(answer)),
                        *quote.tcp_sequence);
}

} // namespace

void look_at_quote(Worker& worker, Packet& packet) {
    packet.passage->quotes_under_way = by_family(
        packet, [&]<class Address>() { return quotes_under_way<Address>(worker, packet); });
}

Verdict relate(const Fabric& fabric, Worker& worker, Packet& packet) {
    if (!packet.passage->is_error)
        return Verdict::next;
    return by_family(
        packet, [&]<class Address>() { return relate_packet<Address>(fabric, worker, packet); });
}

} // namespace ringfence
