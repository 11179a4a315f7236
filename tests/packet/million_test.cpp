// A million connections through a fence, held by one worker at once: each is begun by a VM,
// answered from another host, and answered once more when all of them are there, where only what
// belongs to a connection is let in. Prints the memory that it takes.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

#if defined(__SANITIZE_ADDRESS__)
#define RINGFENCE_SLOW_BUILD
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RINGFENCE_SLOW_BUILD
#endif
#endif

// As many VMs as it takes where each has what it may have by default.
constexpr uint32_t vms = 16;
#ifdef RINGFENCE_SLOW_BUILD
constexpr uint32_t connections_each = 2'000;
#else
constexpr uint32_t connections_each = 62'500;
#endif
constexpr uint32_t all = vms * connections_each;
constexpr uint32_t burst = 25;
// Above those of services: a NIC that speaks from port 67 is a DHCP server.
constexpr uint32_t first_port = 1024;
static_assert(connections_each % burst == 0 && first_port + connections_each < 65'536);
constexpr PortId uplink{100};
constexpr size_t outer = 14 + 20 + 8 + 8, ports_at = 14 + 20;

ConnectionSettings large_tables() {
    ConnectionSettings settings;
    settings.capacity4 = 1u << 20;
    return settings;
}

class Million : public ::testing::Test {
protected:
    Million() : lab_(1023, large_tables()) {
        for (const char* line :
             {"segment 1 vni 5001", "segment 2 vni 5002", "uplink 100 address 192.0.2.1",
              "vtep 1 192.0.2.2 via 100 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
              "52:54:00:00:00:02",
              "remote 02:00:00:00:00:99 segment 2 vtep 1 ip 10.0.0.99",
              "policy 1 in deny out allow", "router 1 fence translation one-to-one own 10.0.0.98",
              "interface 1 segment 2 mac 02:aa:00:00:00:01 outside addresses 10.0.0.98/24",
              "interface 1 segment 1 mac 02:52:46:00:00:01 inside policy 1",
              "route 1 10.0.0.0/24 segment 2"})
            lab_.configure(line);
        for (uint32_t vm = 1; vm <= vms; ++vm) {
            lab_.configure(fmt::format("nic {0} segment 1 mac 02:00:00:00:00:{0:02x} ip 10.0.0.{0} "
                                       "slow-path 100000000",
                                       vm));
            lab_.configure(fmt::format("held 10.0.0.{} segment 2 router 1 inside 10.0.0.{} nic {}",
                                       100 + vm, vm, vm));
        }
    }

    // A burst of the VM's n-th connections and those behind it, from port first_port + n on, or of
    // the answers.
    std::vector<std::vector<uint8_t>> questions(uint32_t vm, uint32_t n) const {
        auto frame = test::frame(fmt::format("eth 02:00:00:00:00:{:02x} > 02:52:46:00:00:01 / "
                                             "ip4 10.0.0.{} > 10.0.0.99 / udp 0 > 53 sum 0",
                                             vm, vm))
                         .bytes;
        return with_ports(frame, ports_at, n);
    }
    std::vector<std::vector<uint8_t>> answers(uint32_t vm, uint32_t n) const {
        auto frame =
            test::frame(
                fmt::format("eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 192.0.2.2 > 192.0.2.1 "
                            "df / udp 50000 > 4789 sum 0 / vxlan 5002 / eth 02:00:00:00:00:99 > "
                            "02:aa:00:00:00:01 / ip4 10.0.0.99 > 10.0.0.{} / udp 53 > 0 sum 0",
                            100 + vm))
                .bytes;
        return with_ports(frame, outer + ports_at + 2, n);
    }
    static std::vector<std::vector<uint8_t>> with_ports(const std::vector<uint8_t>& frame,
                                                        size_t at, uint32_t n) {
        std::vector<std::vector<uint8_t>> frames(burst, frame);
        for (uint32_t i = 0; i < burst; ++i) {
            frames[i][at] = static_cast<uint8_t>((first_port + n + i) >> 8);
            frames[i][at + 1] = static_cast<uint8_t>(first_port + n + i);
        }
        return frames;
    }
    uint64_t sent(PortId from, const std::vector<std::vector<uint8_t>>& frames) {
        lab_.receive(from, frames);
        uint64_t count = 0;
        for (const auto& [port, out] : lab_.transmitted())
            count += out.size();
        return count;
    }
    template <class Work> void for_each_burst(Work work) {
        for (uint32_t n = 0; n < connections_each; n += burst)
            for (uint32_t vm = 1; vm <= vms; ++vm)
                work(vm, n);
    }

    test::Lab lab_;
};

} // namespace

TEST_F(Million, ConnectionsAreHeldAtOnce) {
    uint64_t asked = 0, answered = 0, answered_again = 0;
    for_each_burst([&](uint32_t vm, uint32_t n) {
        asked += sent(PortId(vm), questions(vm, n));
        answered += sent(uplink, answers(vm, n));
    });
    EXPECT_EQ(asked, all);
    EXPECT_EQ(answered, all);
    Connections& connections = lab_.worker().connections();
    EXPECT_EQ(connections.size(), all);

    for_each_burst(
        [&](uint32_t vm, uint32_t n) { answered_again += sent(uplink, answers(vm, n)); });
    EXPECT_EQ(answered_again, all) << "some have been forgotten";
    EXPECT_EQ(sent(uplink, answers(1, connections_each)), 0u)
        << "what belongs to no connection is let in as well: nothing is shown";

    size_t bytes = connections.region().resident_bytes();
    fmt::print("{} connections: {:.1f} MB, {} bytes each\n", all, static_cast<double>(bytes) / 1e6,
               bytes / all);
#ifndef RINGFENCE_SLOW_BUILD
    EXPECT_LE(bytes / all, 192u);
#endif
}

} // namespace ringfence
