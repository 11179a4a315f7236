// The connection table, at a thousand, a hundred thousand and a million connections: a packet's
// look-up in bursts of 32 as the pipeline does it (what it counts and checks included), a new
// connection, and what the sweep does to one. To be read beside load/prefetched: a look-up touches
// a line of the index and a half (two of IPv6), and for TCP a record.
#include <algorithm>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/wire/ip.h"
#include "dataplane/connection/connections.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

constexpr uint32_t look_ups = 8192, burst = 32, ports = 1'000;

void set(Ipv4Addr& address, uint32_t n) { address.value = 0x0a000000 + n; }
void set(Ipv6Addr& address, uint32_t n) {
    address.bytes = {0xfd};
    for (size_t i = 0; i < 4; ++i)
        address.bytes[12 + i] = static_cast<uint8_t>(n >> (24 - 8 * i));
}

PortId port_of(uint32_t n) { return PortId(1 + n % ports); }

// Of a thousand local ports in turn, to servers all over.
template <class Address> Tuple<Address> outbound(uint32_t n, uint8_t protocol) {
    Tuple<Address> tuple{};
    set(tuple.source, n % ports);
    set(tuple.destination, 0x100000 + static_cast<uint32_t>(mix(n) & 0xffff));
    tuple.source_port = static_cast<uint16_t>(1'024 + n / ports);
    tuple.destination_port = 443;
    tuple.protocol = protocol;
    return tuple;
}

Way way_of(uint32_t n) {
    Way way;
    way.set_arrival(MacAddr::from_u64(0x0252460001), MacAddr::from_u64(0x020000000000 + n % ports));
    way.set_departure(MacAddr::from_u64(1), MacAddr::from_u64(2));
    way.mtu = 1450;
    return way;
}

template <class Address> struct Subject {
    using Table = ConnectionTable<Address>;

    Subject(uint32_t n, uint8_t protocol_number) : count(n), protocol(protocol_number) {
        ConnectionSettings settings;
        settings.capacity4 = std::is_same_v<Address, Ipv4Addr> ? n : 1;
        settings.capacity6 = std::is_same_v<Address, Ipv6Addr> ? n : 1;
        connections = *Connections::create("", settings);
        table = &connections->template table<Address>();
        fill();
    }
    // First packets, in bursts: looked up in vain, not denied, and opened as the slow path does.
    void fill() {
        typename Table::Probe probes[burst];
        for (uint32_t first = 0; first < count; first += burst) {
            uint32_t end = std::min(first + burst, count);
            for (uint32_t n = first; n < end; ++n) {
                probes[n - first].key = {Place::sent_by(port_of(n)),
                                         outbound<Address>(n, protocol)};
                table->aim(probes[n - first]);
            }
            for (uint32_t n = first; n < end; ++n)
                table->pick(probes[n - first]);
            for (uint32_t n = first; n < end; ++n)
                if (!table->find(probes[n - first]) &&
                    connections->template denied<Address>({probes[n - first].key, 1, 2}).why ==
                        Verdict::next)
                    open(n);
        }
        if (table->size() != count)
            std::abort();
    }
    void open(uint32_t n) {
        Tuple<Address> tuple = outbound<Address>(n, protocol);
        auto entry = table->open(port_of(n), tuple, Side::from_port);
        if (!entry || !write(*entry, n, tuple))
            std::abort();
        auto hit = table->half(*entry, Side::from_port);
        if (protocol != ip_protocol::tcp)
            return table->count(hit, 60);
        // Established at once: a SYN, its answer, and so on.
        table->track(hit, segment(tcp_flag::syn, 0, 0), 60);
        table->track(table->half(*entry, Side::to_port),
                     segment(tcp_flag::syn | tcp_flag::ack, 0, 1), 60);
        table->track(hit, segment(tcp_flag::ack, 1, 1), 60);
    }
    bool write(EntryId entry, uint32_t n, const Tuple<Address>& tuple) {
        return table->write(entry, Side::from_port,
                            {{Place::sent_by(port_of(n)), tuple}, tuple, way_of(n)});
    }
    static TcpSegment segment(uint8_t flags, uint32_t sequence, uint32_t acknowledgement) {
        TcpSegment segment;
        segment.flags = flags;
        segment.sequence = sequence;
        segment.acknowledgement = acknowledgement;
        segment.window = 1'000;
        return segment;
    }

    uint32_t count;
    uint8_t protocol;
    std::unique_ptr<Connections> connections;
    Table* table;
};

// Keys of packets, in a scattered order, `first` and those behind it.
template <class Address>
std::vector<ConnectionKey<Address>> keys(uint32_t first, uint32_t count, uint8_t protocol,
                                         uint32_t round) {
    std::vector<ConnectionKey<Address>> keys;
    for (uint32_t i = 0; i < look_ups; ++i) {
        uint32_t n = first + static_cast<uint32_t>(mix(i, round) % count);
        keys.push_back({Place::sent_by(port_of(n)), outbound<Address>(n, protocol)});
    }
    return keys;
}

template <class Address, class Each>
void in_bursts(ConnectionTable<Address>& table, const std::vector<ConnectionKey<Address>>& asked,
               Each each) {
    typename ConnectionTable<Address>::Probe probes[burst];
    for (uint32_t first = 0; first < look_ups; first += burst) {
        for (uint32_t i = 0; i < burst; ++i) {
            probes[i].key = asked[first + i];
            table.aim(probes[i]);
        }
        for (auto& probe : probes)
            table.pick(probe);
        for (auto& probe : probes)
            each(table.find(probe));
    }
}

template <class Address> void hit(benchmark::State& state, uint8_t protocol) {
    Subject<Address> subject(static_cast<uint32_t>(state.range(0)), protocol);
    const TcpSegment segment = Subject<Address>::segment(tcp_flag::ack, 1, 1);
    const Way like = way_of(0);
    uint64_t followed = 0;
    Samples samples;
    uint32_t round = 0;
    for (auto _ : state) {
        auto asked = keys<Address>(0, subject.count, protocol, ++round);
        uint64_t began = cycles();
        in_bursts(*subject.table, asked, [&](auto found) {
            if (!found || subject.table->validity(*found.half) != Validity::live)
                return;
            const Way& way = subject.connections->ways()[found.half->way_id()];
            followed += way.mtu == like.mtu;
            if (protocol == ip_protocol::tcp)
                subject.table->track(found, segment, 60);
            else
                subject.table->count(found, 60);
        });
        samples.add(static_cast<double>(cycles() - began) / look_ups);
    }
    if (followed != uint64_t{round} * look_ups)
        state.SkipWithError("some were not found");
    state.counters["cycles"] = samples.median();
}

template <class Address> void miss(benchmark::State& state) {
    Subject<Address> subject(static_cast<uint32_t>(state.range(0)), ip_protocol::udp);
    uint64_t found = 0;
    Samples samples;
    for (uint32_t round = 0; auto _ : state) {
        auto asked = keys<Address>(subject.count, 1'000'000, ip_protocol::udp, ++round);
        uint64_t began = cycles();
        in_bursts(*subject.table, asked, [&](auto hit) { found += hit ? 1 : 0; });
        samples.add(static_cast<double>(cycles() - began) / look_ups);
    }
    if (found)
        state.SkipWithError("some were found");
    state.counters["cycles"] = samples.median();
}

// Per connection, while the table grows from nothing to N; its memory has been used before. The
// walk through routers is left out.
template <class Address> void insert(benchmark::State& state) {
    Subject<Address> subject(static_cast<uint32_t>(state.range(0)), ip_protocol::udp);
    Samples samples;
    for (auto _ : state) {
        subject.connections->flush();
        uint64_t began = cycles();
        subject.fill();
        samples.add(static_cast<double>(cycles() - began) / subject.count);
    }
    state.counters["cycles"] = samples.median();
}

// What the sweep costs an entry: a look at one that stands, a new decision (its walk left out) for
// one that is stale, and the end of one that has been silent for too long.
void sweep(benchmark::State& state, auto prepare, auto clean_up) {
    Subject<Ipv4Addr> subject(static_cast<uint32_t>(state.range(0)), ip_protocol::udp);
    Moment now;
    Samples samples;
    for (auto _ : state) {
        prepare(*subject.connections, now);
        subject.connections->set_now(now);
        uint64_t began = cycles();
        subject.table->sweep(subject.count, [&](EntryId entry) {
            auto tuple = subject.table->half(entry, Side::from_port).half->key.tuple();
            subject.write(entry, tuple.source.value - 0x0a000000, tuple);
        });
        samples.add(static_cast<double>(cycles() - began) / subject.count);
        clean_up(subject);
    }
    state.counters["cycles"] = samples.median();
}

void visit(benchmark::State& state) {
    sweep(
        state, [](Connections&, Moment&) {}, [](auto&) {});
}
void decide_again(benchmark::State& state) {
    sweep(
        state, [](Connections& connections, Moment&) { connections.raise_all(); }, [](auto&) {});
}
void expire(benchmark::State& state) {
    sweep(
        state, [](Connections&, Moment& now) { now.ms += 600'000; },
        [](auto& subject) {
            if (subject.table->size())
                std::abort();
            subject.fill();
        });
}

void hit4(benchmark::State& state) { hit<Ipv4Addr>(state, ip_protocol::udp); }
void hit6(benchmark::State& state) { hit<Ipv6Addr>(state, ip_protocol::udp); }
void hit4_tcp(benchmark::State& state) { hit<Ipv4Addr>(state, ip_protocol::tcp); }
void hit6_tcp(benchmark::State& state) { hit<Ipv6Addr>(state, ip_protocol::tcp); }

void sizes(benchmark::internal::Benchmark* benchmark) {
    benchmark->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
}

BENCHMARK(hit4)->Name("connection/hit")->Apply(sizes)->Iterations(100);
BENCHMARK(hit4_tcp)->Name("connection/hit_tcp")->Apply(sizes)->Iterations(100);
BENCHMARK(hit6)->Name("connection/hit_ipv6")->Apply(sizes)->Iterations(100);
BENCHMARK(hit6_tcp)->Name("connection/hit_ipv6_tcp")->Apply(sizes)->Iterations(100);
BENCHMARK(miss<Ipv4Addr>)->Name("connection/miss")->Apply(sizes)->Iterations(100);
BENCHMARK(insert<Ipv4Addr>)->Name("connection/insert")->Apply(sizes)->Iterations(5);
BENCHMARK(insert<Ipv6Addr>)->Name("connection/insert_ipv6")->Apply(sizes)->Iterations(5);
BENCHMARK(visit)->Name("connection/visit")->Apply(sizes)->Iterations(5);
BENCHMARK(decide_again)->Name("connection/decide_again")->Apply(sizes)->Iterations(5);
BENCHMARK(expire)->Name("connection/expire")->Apply(sizes)->Iterations(5);

} // namespace

} // namespace ringfence::perf
