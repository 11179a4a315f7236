#include <gtest/gtest.h>

#include "dataplane/agent/advertisements.h"
#include "dataplane/agent/declined.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;

DhcpEntry told(const char* address = "10.0.0.5") {
    auto four = std::make_shared<Dhcp4Binding>();
    four->address = *Ipv4Addr::from(address);
    auto six = std::make_shared<Dhcp6Binding>();
    six->lifetime = 86'400;
    six->preferred_lifetime = 54'000;
    return {"web-0", four, six};
}

std::shared_ptr<const Fabric> fabric_with(const DhcpEntry& entry) {
    FabricEdit edit;
    edit.segment(SegmentId(1), {.vni = *Vni::from(5001), .intent = ""});
    LocalPort port(PortId(1), PortKind::nic);
    port.segment = SegmentId(1);
    port.dhcp6 = entry.six;
    edit.set_port(port);
    return edit.finish();
}

} // namespace

TEST(DeclinedAddresses, CountAsLongAsTheSameIsTold) {
    DeclinedAddresses declined;
    auto entry = told();
    EXPECT_FALSE(declined.is_declined(entry, false));
    EXPECT_TRUE(declined.note(entry, false));
    EXPECT_FALSE(declined.note(entry, false)) << "it is known";
    EXPECT_TRUE(declined.is_declined(entry, false));
    EXPECT_FALSE(declined.is_declined(entry, true));
    EXPECT_EQ(declined.of(entry), "10.0.0.5");
    EXPECT_FALSE(declined.is_declined(told("10.0.0.6"), false)) << "another address is told";
}

TEST(DeclinedAddresses, AreClearedByTheNicsName) {
    DeclinedAddresses declined;
    auto entry = told();
    declined.note(entry, false);
    EXPECT_FALSE(declined.clear("web-1"));
    EXPECT_TRUE(declined.clear("web-0"));
    EXPECT_FALSE(declined.is_declined(entry, false));
    EXPECT_FALSE(declined.clear("web-0"));
}

TEST(DeclinedAddresses, AreOnlyThoseThatWereOffered) {
    DeclinedAddresses declined;
    EXPECT_FALSE(declined.note(told(), true)) << "the client makes its own IPv6 address";
    EXPECT_FALSE(declined.note({"web-0", nullptr, nullptr}, false));
}

TEST(Advertisements, BeginAtOnceAndGoOnMoreSeldom) {
    Advertisements advertisements;
    auto fabric = fabric_with(told());
    auto begin = Advertisements::Clock::now();
    std::vector<std::chrono::seconds> sent;
    for (auto second = 0s; second < 3600s; ++second)
        if (advertisements.due(*fabric, begin + second) == std::vector{PortId(1)})
            sent.push_back(second);
    ASSERT_GE(sent.size(), 8u); // two more soon, then 600 s at most
    EXPECT_EQ(sent[0], 0s);
    EXPECT_LE(sent[2], 34s);
    for (size_t i = 3; i < sent.size(); ++i) {
        EXPECT_GE(sent[i] - sent[i - 1], 199s);
        EXPECT_LE(sent[i] - sent[i - 1], 601s);
    }
}

TEST(Advertisements, AChangeIsSaidAtOnce) {
    Advertisements advertisements;
    auto now = Advertisements::Clock::now();
    EXPECT_EQ(advertisements.due(*fabric_with(told()), now).size(), 1u);
    auto changed = fabric_with(told());
    EXPECT_EQ(advertisements.due(*changed, now + 1s).size(), 1u);
    EXPECT_TRUE(advertisements.due(*changed, now + 2s).empty());
    EXPECT_TRUE(advertisements.due(*fabric_with({"web-0", nullptr, nullptr}), now + 100s).empty());
}

} // namespace ringfence::agent
