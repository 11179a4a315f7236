// BEHAVIOUR §3, way 2: from the wire, every VNI that 24 bits can say, every flag byte, and a VTEP
// that nobody knows. What is let in is exactly what is configured; the rest is counted by name.
#include <array>
#include <cstring>
#include <set>

#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

constexpr uint32_t all_vnis = 1u << 24;
constexpr size_t flags_at = 14 + 20 + 8, vni_at = flags_at + 4;
const std::set<uint32_t> configured = {1, 5000, 5001, 0x10000, 0x800000, 0xfffffe, 0xffffff};

// A host with a NIC in each of the configured segments, all with the same MAC and address.
class EveryVni : public testing::Test {
protected:
    EveryVni() {
        lab_.configure("uplink 100 address 192.0.2.1");
        lab_.configure("vtep 1 192.0.2.2 via 100 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
                       "52:54:00:00:00:02");
        for (uint32_t port = 1; uint32_t vni : configured) {
            lab_.configure(fmt::format("segment {} vni {}", port, vni));
            lab_.configure(
                fmt::format("nic {} segment {} mac 02:00:00:00:00:01 ip 10.0.0.1", port, port));
            lab_.configure(fmt::format("remote 02:00:00:00:00:0a segment {} vtep 1", port));
            by_port_.emplace(port++, vni);
        }
    }
    std::vector<uint8_t> from_wire(const char* vtep) {
        return test::frame(
                   fmt::format("eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 {} > 192.0.2.1 "
                               "/ udp 50000 > 4789 sum 0 / vxlan 1 / eth 02:00:00:00:00:0a > "
                               "02:00:00:00:00:01 / ip4 10.0.0.2 > 10.0.0.1 / udp 1 > 2",
                               vtep))
            .bytes;
    }
    // The frame with every VNI in turn; how many came out of each port.
    std::map<uint32_t, uint64_t> sweep(std::vector<uint8_t> frame) {
        std::map<uint32_t, uint64_t> arrived;
        std::vector<std::vector<uint8_t>> burst(32, frame);
        for (uint32_t vni = 0; vni < all_vnis; vni += 32) {
            for (uint32_t i = 0; i < 32; ++i)
                set_vni(burst[i], vni + i);
            lab_.receive(PortId(100), burst);
            for (const auto& [port, frames] : lab_.transmitted())
                arrived[port] += frames.size();
        }
        return arrived;
    }
    static void set_vni(std::vector<uint8_t>& frame, uint32_t vni) {
        frame[vni_at] = static_cast<uint8_t>(vni >> 16);
        frame[vni_at + 1] = static_cast<uint8_t>(vni >> 8);
        frame[vni_at + 2] = static_cast<uint8_t>(vni);
    }
    test::Lab lab_;
    std::map<uint32_t, uint32_t> by_port_;
};

} // namespace

TEST_F(EveryVni, LetsInExactlyTheConfiguredOnes) {
    auto arrived = sweep(from_wire("192.0.2.2"));
    EXPECT_EQ(arrived.size(), configured.size());
    for (const auto& [port, vni] : by_port_)
        EXPECT_EQ(arrived[port], 1u) << "VNI " << vni;
    EXPECT_EQ(lab_.counters(PortId(100)),
              fmt::format("rx {}, tx {}, tunnel.unknown_vni {}", all_vnis, configured.size(),
                          all_vnis - configured.size()));
    EXPECT_EQ(lab_.buffers_in_use(), 0u);
}

TEST_F(EveryVni, LetsNothingInFromAnUnknownVtep) {
    EXPECT_TRUE(sweep(from_wire("192.0.2.3")).empty());
    EXPECT_EQ(lab_.counters(PortId(100)), fmt::format("rx {0}, tunnel.unknown_vtep {0}", all_vnis));
}

// Only the I flag counts (RFC 7348, clause 5); the other seven bits are ignored.
TEST_F(EveryVni, NeedsTheVniFlagAndNoOther) {
    auto frame = from_wire("192.0.2.2");
    uint64_t arrived = 0;
    for (unsigned flags = 0; flags < 256; ++flags) {
        frame[flags_at] = static_cast<uint8_t>(flags);
        lab_.receive(PortId(100), {frame});
        arrived += lab_.transmitted()[1].size();
    }
    EXPECT_EQ(arrived, 128u);
    EXPECT_EQ(lab_.counters(PortId(100)), "rx 256, tx 128, tunnel.flags 128");
}

} // namespace ringfence
