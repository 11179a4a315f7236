// What a connection's packet costs beyond its look-up: the composed rewrite, of packets that lie in
// the near caches; and the routing table behind the decisions.
#include <vector>

#include <benchmark/benchmark.h>

#include "core/packet/rewrite.h"
#include "core/tables/hash.h"
#include "core/tables/prefix_table.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

constexpr uint32_t packets = 64, rounds = 64, look_ups = 4096;

void fill(Ipv4Addr& address, uint64_t n) { address.value = static_cast<uint32_t>(mix(n)); }
void fill(Ipv6Addr& address, uint64_t n) {
    const uint64_t bits[2] = {mix(n, 1), mix(n, 2)};
    std::memcpy(address.bytes.data(), bits, sizeof bits);
}

template <class Address> Tuple<Address> tuple_of(uint64_t n, uint8_t protocol) {
    Tuple<Address> tuple{};
    fill(tuple.source, 2 * n);
    fill(tuple.destination, 2 * n + 1);
    tuple.source_port = static_cast<uint16_t>(mix(n, 5));
    tuple.destination_port = static_cast<uint16_t>(mix(n, 6));
    tuple.protocol = protocol;
    return tuple;
}

// A header of its family and 20 bytes behind it.
template <class Address> struct Bytes {
    static constexpr size_t l4 = sizeof(Address) == 4 ? 20 : 40;
    alignas(64) uint8_t data[l4 + 20] = {};
};

// Each packet by a rewrite of its own, as in a burst of many connections.
template <class Address> void rewrite(benchmark::State& state, uint8_t protocol) {
    std::vector<Rewrite<Address>> rewrites;
    for (uint32_t n = 0; n < packets; ++n)
        rewrites.push_back(Rewrite<Address>::make(tuple_of<Address>(n, protocol),
                                                  tuple_of<Address>(n + packets, protocol)));
    std::vector<Bytes<Address>> frames(packets);
    Samples samples;
    for (auto _ : state) {
        uint64_t began = cycles();
        for (uint32_t round = 0; round < rounds; ++round)
            for (uint32_t i = 0; i < packets; ++i) {
                uint8_t* data = frames[i].data;
                rewrites[i].apply(2, data, data + Bytes<Address>::l4, protocol);
            }
        benchmark::ClobberMemory();
        samples.add(static_cast<double>(cycles() - began) / (rounds * packets));
    }
    state.counters["cycles"] = samples.median();
}

void rewrite4(benchmark::State& state, uint8_t protocol) { rewrite<Ipv4Addr>(state, protocol); }
void rewrite6(benchmark::State& state, uint8_t protocol) { rewrite<Ipv6Addr>(state, protocol); }

void prefixes(benchmark::State& state) {
    std::vector<PrefixTable<uint32_t>::Route> routes;
    for (uint32_t i = 0; i < static_cast<uint32_t>(state.range(0)); ++i) {
        unsigned length = 8 + i % 25;
        uint32_t address = static_cast<uint32_t>(mix(i)) & ~uint32_t{0} << (32 - length);
        routes.emplace_back(*IpPrefix::from(Ipv4Addr{address}, length), i);
    }
    PrefixTable<uint32_t> table(routes);
    Samples samples;
    for (uint64_t asked = 0; auto _ : state) {
        uint64_t began = cycles();
        for (uint32_t i = 0; i < look_ups; ++i)
            benchmark::DoNotOptimize(table.find(Ipv4Addr{static_cast<uint32_t>(mix(++asked, 9))}));
        samples.add(static_cast<double>(cycles() - began) / look_ups);
    }
    state.counters["cycles"] = samples.median();
    state.counters["bytes_a_route"] =
        static_cast<double>(table.bytes()) / static_cast<double>(table.size());
}

BENCHMARK_CAPTURE(rewrite4, udp, ip_protocol::udp)->Name("rewrite/ip4/udp");
BENCHMARK_CAPTURE(rewrite4, tcp, ip_protocol::tcp)->Name("rewrite/ip4/tcp");
BENCHMARK_CAPTURE(rewrite4, icmp, ip_protocol::icmp)->Name("rewrite/ip4/icmp");
BENCHMARK_CAPTURE(rewrite6, udp, ip_protocol::udp)->Name("rewrite/ip6/udp");
BENCHMARK_CAPTURE(rewrite6, tcp, ip_protocol::tcp)->Name("rewrite/ip6/tcp");
BENCHMARK(prefixes)->Name("prefix/single")->Arg(3)->Arg(1'000)->Arg(100'000)->Iterations(500);

} // namespace

} // namespace ringfence::perf
