#include "dataplane/stages/recheck.h"

#include <cstdlib>
#include <optional>

#include <fmt/core.h>

#include "dataplane/stages/decide.h"
#include "dataplane/stages/way.h"

namespace ringfence {

namespace {

[[noreturn]] void differ(const Packet& packet, std::string_view what) {
    fmt::print(stderr, "a known connection's packet from port {}, decided again: {}\n",
               packet.port->id.value(), what);
    std::abort();
}

// What the slow path would make of it. None where the NIC that it is for has left this host, which
// changes no decision.
template <class Address>
std::optional<Decision<Address>> decide(const Fabric& fabric, Connections& connections,
                                        typename ConnectionTable<Address>::Hit hit,
                                        const Packet& packet) {
    const PortId port = hit.half->local_port();
    const bool is_sent = hit.half->key.place().kind() == Place::Kind::port;
    Walk walk(header_of(packet), is_sent ? Walk::From::port : Walk::From::elsewhere, port);
    Landing landing;
    Verdict verdict = find_way(fabric, walk, port, landing);
    if (!is_sent && (verdict == Verdict::bridge_not_here || verdict == Verdict::bridge_not_bound))
        return std::nullopt;
    const bool begins = connections.table<Address>().initiator(hit.entry()) == hit.side();
    if (verdict == Verdict::next && begins)
        verdict = ask_firewalls(fabric, connections, walk, landing).verdict;
    if (verdict != Verdict::next)
        differ(packet, to_string(verdict));
    return decision_of<Address>(walk, landing, hit.half->key, sender_of(packet));
}

} // namespace

template <class Address>
void recheck(const Fabric& fabric, Worker& worker, typename ConnectionTable<Address>::Hit hit,
             const Packet& packet) {
    Connections& connections = worker.connections();
    auto decision = decide<Address>(fabric, connections, hit, packet);
    if (!decision)
        return;
    if (!connections.ways()[hit.half->way_id()].same_content(decision->way))
        differ(packet, "another way");
    auto rewrite = Rewrite<Address>::make(hit.half->key.tuple(), decision->departure);
    bool rewrites = hit.half->is(Half<Address>::rewrites);
    if (rewrites != (decision->departure != hit.half->key.tuple()) ||
        (rewrites && rewrite != hit.half->rewrite))
        differ(packet, "other addresses or ports");
}

template void recheck<Ipv4Addr>(const Fabric&, Worker&, ConnectionTable<Ipv4Addr>::Hit,
                                const Packet&);
template void recheck<Ipv6Addr>(const Fabric&, Worker&, ConnectionTable<Ipv6Addr>::Hit,
                                const Packet&);

} // namespace ringfence
