// BEHAVIOUR 5.1, row 2: every valid template cut at every byte. Nothing is read behind the end (run
// under AddressSanitizer: the frame ends where its buffer ends), and whatever was cut inside a
// header is a named drop of the parser, ARP or neighbour discovery.
#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/packet/templates.h"

namespace ringfence::test {

namespace {

using Bytes = std::vector<uint8_t>;

uint64_t drops_of(Lab& lab, PortId port, std::initializer_list<std::string_view> groups) {
    uint64_t drops = 0;
    CounterSums sums = lab.worker().counters(port);
    for (size_t i = 0; i < verdict_count; ++i)
        for (std::string_view group : groups)
            if (verdict_infos[i].name.starts_with(group) && is_drop(static_cast<Verdict>(i)))
                drops += sums[static_cast<Verdict>(i)];
    return drops;
}

} // namespace

TEST(Truncation, WholeTemplatesPass) {
    Lab lab;
    configure_host(lab);
    auto frames = nic_templates();
    frames.pop_back(); // the tagged one
    for (const Bytes& bytes : frames) {
        lab.receive(PortId(1), {bytes});
        EXPECT_FALSE(lab.transmitted().empty()) << hex(bytes);
    }
    EXPECT_EQ(lab.worker().counters(PortId(1)).drops(), 0u) << lab.counters(PortId(1));
    for (const Bytes& bytes : wire_templates()) {
        lab.receive(PortId(10), {bytes});
        EXPECT_FALSE(lab.transmitted().empty()) << hex(bytes);
    }
    EXPECT_EQ(lab.worker().counters(PortId(10)).drops(), 0u) << lab.counters(PortId(10));
}

TEST(Truncation, OfANicsFrameIsANamedDrop) {
    Lab lab;
    configure_host(lab);
    uint64_t cuts = 0;
    for (const Bytes& whole : nic_templates()) {
        bool opaque = whole[12] == 0x88, arp = whole[12] == 0x08 && whole[13] == 0x06;
        size_t header = opaque ? 14 : arp ? 42 : whole.size(); // what must be there
        for (size_t length = 0; length < header; ++length, ++cuts)
            lab.receive(PortId(1),
                        {Bytes(whole.begin(), whole.begin() + static_cast<long>(length))});
    }
    EXPECT_TRUE(lab.transmitted().empty());
    EXPECT_EQ(drops_of(lab, PortId(1), {"parse.", "arp.", "nd."}), cuts) << lab.counters(PortId(1));
}

TEST(Truncation, OfAFrameFromTheWireIsANamedDropOrTheKernels) {
    Lab lab;
    configure_host(lab);
    uint64_t cuts = 0, to_host = 0;
    for (const Bytes& whole : wire_templates())
        for (size_t length = 0; length < whole.size(); ++length, ++cuts)
            lab.receive(PortId(10),
                        {Bytes(whole.begin(), whole.begin() + static_cast<long>(length))});
    for (const auto& [port, frames] : lab.transmitted()) {
        EXPECT_EQ(port, 11u) << "to a NIC, or back out";
        to_host += frames.size();
    }
    CounterSums sums = lab.worker().counters(PortId(10));
    EXPECT_EQ(sums[Verdict::tx_full] + drops_of(lab, PortId(10), {"tunnel.outer"}) + to_host, cuts)
        << lab.counters(PortId(10));
    EXPECT_EQ(sums.in(), sums.out());
}

// The inner frame cut, with all outer lengths right: the parser's drops.
TEST(Truncation, OfTheInnerFrameIsANamedDrop) {
    Lab lab;
    configure_host(lab);
    const std::string outer =
        "eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 192.0.2.2 > 192.0.2.1 df "
        "/ udp 50000 > 4789 sum 0 / vxlan 5002 / hex ";
    uint64_t cuts = 0;
    for (const Bytes& whole : wire_templates()) {
        Bytes inner(whole.begin() + 50, whole.end());
        bool needs_all = inner[12] != 0x88 && !(inner[12] == 0x08 && inner[13] == 0x06);
        size_t header = needs_all ? inner.size() : 14; // ARP is the sender's host's to check
        for (size_t length = 1; length < header; ++length, ++cuts) {
            std::string digits;
            for (size_t i = 0; i < length; ++i) {
                const char* hex_digits = "0123456789abcdef";
                digits += {hex_digits[inner[i] >> 4], hex_digits[inner[i] & 15]};
            }
            lab.receive(PortId(10), {frame(outer + digits).bytes});
        }
    }
    EXPECT_TRUE(lab.transmitted().empty());
    EXPECT_EQ(drops_of(lab, PortId(10), {"parse.", "tunnel.truncated"}), cuts)
        << lab.counters(PortId(10));
}

} // namespace ringfence::test
