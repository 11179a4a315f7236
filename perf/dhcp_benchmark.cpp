// What an answer costs the worker of the asker's port: DISCOVER to OFFER, REQUEST to ACK, and
// DHCPv6's four in two. The pipeline around it is the same as for any other packet.
#include <array>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>

#include "edge-router/dhcp/answer.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

using Message = std::vector<uint8_t>;

constexpr MacAddr client_mac = MacAddr::from_u64(0x020000000001);

template <class Binding> Binding binding_from(const DhcpRow& row) {
    auto binding = Binding::from(row);
    if (!binding)
        throw std::runtime_error(binding.error().text);
    return *binding;
}

Dhcp4Binding binding4() {
    return binding_from<Dhcp4Binding>({"10.0.0.1",
                                       "10.0.0.254",
                                       "02:00:00:00:00:fe",
                                       {{"subnet", "10.0.0.0/24"},
                                        {"router", "10.0.0.254"},
                                        {"dns-servers", "10.0.0.53,10.0.0.54"},
                                        {"domain-search", "a.lab,b.lab"},
                                        {"routes", "10.9.0.0/16 10.0.0.9"}}});
}

Dhcp6Binding binding6() {
    return binding_from<Dhcp6Binding>({"fd00::1",
                                       "",
                                       "02:52:46:00:00:01",
                                       {{"mode", "managed"},
                                        {"subnet", "fd00::/64"},
                                        {"dns-servers", "fd00::53"},
                                        {"domain-search", "a.lab"}}});
}

// As Linux's clients ask: mask, router, name servers, domain, MTU, search list, routes.
Message message4(uint8_t type, const Message& more) {
    Message message(240);
    message[0] = message[1] = 1;
    message[2] = 6;
    std::copy(client_mac.bytes.begin(), client_mac.bytes.end(), message.begin() + 28);
    const Message cookie = {99, 130, 83, 99}, asked = {55, 7, 1, 3, 6, 15, 26, 119, 121};
    std::copy(cookie.begin(), cookie.end(), message.begin() + 236);
    message.insert(message.end(), {53, 1, type});
    message.insert(message.end(), more.begin(), more.end());
    message.insert(message.end(), asked.begin(), asked.end());
    message.push_back(255);
    message.resize(300);
    return message;
}

// A SOLICIT with a DUID of the MAC, one association and a request for name servers.
Message solicit() {
    return {1, 1, 2, 3,  0, 1,  0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1, // client
            0, 3, 0, 12, 0, 0,  0, 1,  0, 0, 0, 0, 0, 0, 0, 0,       // association
            0, 6, 0, 4,  0, 23, 0, 24};                              // asks for
}

template <class Answer> void measure(benchmark::State& state, Answer answer) {
    std::array<uint8_t, max_dhcp_frame> room;
    Samples samples;
    constexpr int rounds = 1'000;
    for (auto _ : state) {
        const uint64_t began = cycles();
        for (int i = 0; i < rounds; ++i)
            if (answer(room).size == 0)
                return state.SkipWithError("not answered");
        samples.add(static_cast<double>(cycles() - began) / rounds);
    }
    state.counters["cycles"] = samples.median();
    state.SetItemsProcessed(rounds * state.iterations());
}

void answer4(benchmark::State& state, const Message& message) {
    const Dhcp4Binding binding = binding4();
    DhcpClient client;
    client.mac = client_mac;
    client.source = Ipv4Addr{};
    client.mtu = 1450;
    measure(state,
            [&](std::span<uint8_t> room) { return answer_dhcp4(room, binding, client, message); });
}

void discover(benchmark::State& state) { answer4(state, message4(1, {})); }
void request(benchmark::State& state) {
    answer4(state, message4(3, {54, 4, 10, 0, 0, 254, 50, 4, 10, 0, 0, 1}));
}
void solicit6(benchmark::State& state) {
    const Dhcp6Binding binding = binding6();
    const Message message = solicit();
    DhcpClient client;
    client.mac = client_mac;
    client.source = *Ipv6Addr::from("fe80::ff:fe00:1");
    client.mtu = 1450;
    measure(state,
            [&](std::span<uint8_t> room) { return answer_dhcp6(room, binding, client, message); });
}

BENCHMARK(discover)->Name("dhcp/discover");
BENCHMARK(request)->Name("dhcp/request");
BENCHMARK(solicit6)->Name("dhcp6/solicit");

} // namespace

} // namespace ringfence::perf
