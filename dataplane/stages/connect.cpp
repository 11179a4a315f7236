// connect: what was decided becomes the half of an entry, ONE composed rewrite, and the packet goes
// its way as the connection's later ones will.
#include "dataplane/stages/decide.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/way.h"

namespace ringfence {

namespace {

// The half that an earlier packet of the burst has written.
template <class Address>
typename ConnectionTable<Address>::Hit written(const Fabric& fabric, Connections& connections,
                                               Packet& packet) {
    auto& table = connections.table<Address>();
    auto hit = table.find(packet.passage->probe<Address>().key);
    if (!hit || table.validity(*hit.half) != Validity::live)
        return {};
    Way& way = connections.ways()[hit.half->way_id()];
    keep_up<Address>(fabric, way);
    return is_for(packet, way) ? hit : typename ConnectionTable<Address>::Hit{};
}

// Not `next` where there is no room for it.
template <class Address> Verdict open(const Fabric& fabric, Worker& worker, Packet& packet) {
    Passage& passage = *packet.passage;
    auto& table = worker.connections().table<Address>();
    const bool is_new = !passage.entry || passage.opened;
    if (!passage.entry) {
        Connections& connections = worker.connections();
        claim(connections, fabric, passage.landing.port);
        auto opened = connections.open(passage.landing.port, outbound_tuple<Address>(passage.walk),
                                       passage.side);
        if (!opened)
            return verdict_of(opened.error());
        passage.entry = *opened;
        if (picks_up(fabric, passage.landing.port))
            table.let_begin_midway(*opened);
    }
    auto decision = decision_of<Address>(passage.walk, passage.landing,
                                         passage.probe<Address>().key, sender_of(packet));
    if (write(table, *passage.entry, passage.side, passage.landing, decision)) {
        gets_through(packet, decision.way.mtu); // the walk has let it
        return Verdict::next;
    }
    // Without its initiator's direction nothing could say any more that the entry is stale.
    if (is_new || table.initiator(*passage.entry) == passage.side)
        table.close(*passage.entry);
    return Verdict::quota_table;
}

// What was denied a moment ago as a question is an answer now.
template <class Address> void forgive(Connections& connections, const Passage& passage) {
    const Header& now = passage.walk.now();
    typename Denials<Address>::Packet answer{
        {Place::arriving_in(now.segment->id()), tuple_of<Address>(now).reversed()},
        now.source_mac,
        now.destination_mac};
    if (connections.denied<Address>(answer).why != Verdict::next)
        connections.deny<Address>(answer, passage.landing.port, {});
}

template <class Address>
Verdict connect_packet(const Fabric& fabric, Worker& worker, Packet& packet) {
    Passage& passage = *packet.passage;
    Connections& connections = worker.connections();
    auto& table = connections.table<Address>();
    if (passage.entry)
        if (auto hit = written<Address>(fabric, connections, packet))
            return follow<Address>(fabric, connections, hit, packet)
                .value_or(Verdict::fw_tcp_invalid);
    const bool is_new = !passage.entry || passage.opened;
    if (Verdict verdict = open<Address>(fabric, worker, packet); verdict != Verdict::next)
        return verdict;
    auto hit = table.half(*passage.entry, passage.side);
    keep_up<Address>(fabric, connections.ways()[hit.half->way_id()]);
    Verdict verdict =
        follow<Address>(fabric, connections, hit, packet).value_or(Verdict::fw_tcp_invalid);
    if (!is_new)
        return verdict;
    if (verdict != Verdict::next)
        table.close(*passage.entry);
    else if (!passage.opened)
        forgive<Address>(connections, passage);
    return verdict;
}

} // namespace

Verdict connect(const Fabric& fabric, Worker& worker, Packet& packet) {
    return by_family(
        packet, [&]<class Address>() { return connect_packet<Address>(fabric, worker, packet); });
}

} // namespace ringfence
