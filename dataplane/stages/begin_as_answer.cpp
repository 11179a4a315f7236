#include "dataplane/stages/begin_as_answer.h"

#include "dataplane/stages/decide.h"
#include "dataplane/stages/tuple.h"
#include "dataplane/stages/way.h"

namespace ringfence {

namespace {

// The packet that this one would answer, walked from where that one was sent.
Walk reversed(const Walk& walk, PortId port) {
    Header header = walk.now();
    std::swap(header.source_mac, header.destination_mac);
    std::swap(header.source, header.destination);
    std::swap(header.source_port, header.destination_port);
    header.ttl = Header{}.ttl;
    header.length = 0;
    const bool was_sent = walk.from() == Walk::From::port;
    return Walk(header, was_sent ? Walk::From::elsewhere : Walk::From::port, port);
}

// From whom it would have come; none where the packet leads nowhere.
std::optional<Sender> sender_of(const Walk& walk, const Out& answers_to) {
    if (walk.from() == Walk::From::port)
        return Sender{};
    switch (answers_to.kind) {
    case Out::Kind::vtep:
        return Sender{Sender::Kind::vtep, answers_to.id};
    case Out::Kind::hand_over:
        return Sender{Sender::Kind::local_port, answers_to.id};
    default:
        return std::nullopt;
    }
}

template <class Address> ConnectionKey<Address> key_of(const Walk& walk) {
    const Header& begin = walk.begin();
    return {walk.from() == Walk::From::port ? Place::sent_by(walk.sender())
                                            : Place::arriving_in(begin.segment->id()),
            tuple_of<Address>(begin)};
}

template <class Address>
std::optional<Verdict> begin(const Fabric& fabric, Worker& worker, Passage& passage,
                             const Walk& walk, const Landing& landing, const Sender& sender) {
    Connections& connections = worker.connections();
    auto& table = connections.table<Address>();
    const Side initiator = other(passage.side);
    claim(connections, fabric, landing.port);
    auto opened = connections.open(landing.port, outbound_tuple<Address>(walk), initiator);
    if (!opened)
        return verdict_of(opened.error());
    table.let_begin_midway(*opened);
    if (!write(table, *opened, initiator, landing,
               decision_of<Address>(walk, landing, key_of<Address>(walk), sender))) {
        table.close(*opened);
        return Verdict::quota_table;
    }
    passage.entry = *opened;
    passage.opened = true;
    return Verdict::next;
}

} // namespace

bool may_be_an_answer(const Fabric& fabric, const Packet& packet) {
    constexpr uint8_t decisive = tcp_flag::syn | tcp_flag::rst | tcp_flag::ack;
    return packet.protocol == ip_protocol::tcp && packet.has_l4 &&
           (packet.at<TcpHeader>(packet.l4)->flags() & decisive) == tcp_flag::ack &&
           picks_up(fabric, packet.passage->landing.port);
}

template <class Address>
std::optional<Verdict> begin_as_answer(const Fabric& fabric, Worker& worker, const Packet& packet) {
    Passage& passage = *packet.passage;
    Connections& connections = worker.connections();
    const PortId port = passage.landing.port;
    Walk walk = reversed(passage.walk, port);
    Landing landing;
    auto sender = sender_of(walk, passage.landing.out);
    const Verdict found =
        sender ? find_way(fabric, walk, port, landing) : Verdict::bridge_not_bound;
    note(connections, walk, port);
    if (found != Verdict::next ||
        tuple_of<Address>(walk.now()) != tuple_of<Address>(passage.walk.begin()).reversed())
        return std::nullopt;
    const Ruling ruling = ask_firewalls(fabric, connections, walk, landing);
    if (ruling.verdict != Verdict::next)
        return std::nullopt;
    record(worker, walk, port, ruling);
    return begin<Address>(fabric, worker, passage, walk, landing, *sender);
}

template std::optional<Verdict> begin_as_answer<Ipv4Addr>(const Fabric&, Worker&, const Packet&);
template std::optional<Verdict> begin_as_answer<Ipv6Addr>(const Fabric&, Worker&, const Packet&);

} // namespace ringfence
