#include "dataplane/connection/listing.h"

#include <algorithm>

namespace ringfence {

namespace {

template <class Address> ListedConnection listed(ConnectionTable<Address>& table, EntryId entry) {
    const auto& sent = *table.half(entry, Side::from_port).half;
    const auto& received = *table.half(entry, Side::to_port).half;
    using HalfOf = Half<Address>;
    ListedConnection it;
    Tuple<Address> tuple = sent.key.tuple();
    it.port = sent.local_port();
    it.initiator = table.initiator(entry);
    it.source = tuple.source;
    it.destination = tuple.destination;
    it.source_port = tuple.source_port;
    it.destination_port = tuple.destination_port;
    it.protocol = tuple.protocol;
    if (received.is(HalfOf::indexed)) {
        Tuple<Address> met = received.key.tuple();
        it.arrival = {received.key.place(), met.source, met.destination, met.source_port,
                      met.destination_port};
    }
    it.phase = table.phase(entry);
    it.translated = sent.is(HalfOf::translated);
    it.stale = table.is_stale(entry);
    it.silence = table.silence(entry);
    it.timeout = table.timeout(entry);
    it.sent = {sent.packets, sent.bytes};
    it.received = {received.packets, received.bytes};
    return it;
}

} // namespace

ConnectionCounts counts_of(Connections& connections) {
    const auto& table4 = connections.table<Ipv4Addr>();
    const auto& table6 = connections.table<Ipv6Addr>();
    ConnectionCounts counts{table4.size(),
                            table6.size(),
                            table4.capacity(),
                            table6.capacity(),
                            connections.ways().size(),
                            {}};
    for (size_t phase = 0; phase < phase_count; ++phase)
        counts.phases[phase] =
            table4.count_of(static_cast<Phase>(phase)) + table6.count_of(static_cast<Phase>(phase));
    return counts;
}

bool Listing::next(Connections& connections, uint32_t n, std::vector<ListedConnection>& list) {
    n -= look_at(connections.table<Ipv4Addr>(), n, list);
    n -= look_at(connections.table<Ipv6Addr>(), n, list);
    return n == 0;
}

template <class Address>
uint32_t Listing::look_at(ConnectionTable<Address>& table, uint32_t n,
                          std::vector<ListedConnection>& list) {
    uint32_t& at = next_[sizeof(Address) == 4 ? 0 : 1];
    uint32_t end = std::max(table.end().value(), at);
    uint32_t looked = std::min(n, end - at);
    for (EntryId entry(at); entry.value() < at + looked; entry = EntryId(entry.value() + 1)) {
        if (!table.exists(entry) || table.is_former(entry))
            continue;
        if (!only_ || table.half(entry, Side::from_port).half->local_port() == *only_)
            list.push_back(listed(table, entry));
    }
    at += looked;
    return looked;
}

} // namespace ringfence
