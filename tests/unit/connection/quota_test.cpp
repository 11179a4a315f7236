// How many entries a port may have, and which of them go for a new one.
#include "tests/unit/connection/fixture.h"

namespace ringfence {

namespace {

using Bench = testing::Bench<Ipv4Addr>;
using testing::small;
using testing::tuple_of;

constexpr PortId mine{3}, others{4};

// Answered, so that nothing but silence ends it.
EntryId open_answered(Bench& bench, uint32_t n, PortId port = mine) {
    EntryId entry = bench.open(tuple_of<Ipv4Addr>(n), port);
    bench.table.count(bench.table.half(entry, Side::from_port), 64);
    bench.table.count(bench.table.half(entry, Side::to_port), 64);
    return entry;
}

ConnectionSettings with_quotas(uint32_t quota, uint32_t half_open) {
    ConnectionSettings settings = small();
    settings.quota = quota;
    settings.half_open_quota = half_open;
    return settings;
}

} // namespace

TEST(Quota, RefusesWhatIsOverItAndLeavesOtherPortsAlone) {
    Bench bench(with_quotas(10, 10));
    for (uint32_t n = 0; n < 10; ++n)
        open_answered(bench, n);
    bench.at(10'000);
    auto refused = bench.table.open(mine, tuple_of<Ipv4Addr>(99), Side::from_port);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Refusal::connections);
    EXPECT_TRUE(bench.table.open(others, tuple_of<Ipv4Addr>(99), Side::from_port));
    bench.connections->set_quota(mine, 11);
    EXPECT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(99), Side::from_port));
}

TEST(Quota, CountsBothFamilies) {
    Bench bench(with_quotas(10, 10));
    for (uint32_t n = 0; n < 10; ++n)
        open_answered(bench, n);
    auto& table6 = bench.connections->table<Ipv6Addr>();
    EXPECT_FALSE(table6.open(mine, tuple_of<Ipv6Addr>(1), Side::from_port));
    bench.connections->forget_port(mine);
    EXPECT_TRUE(table6.open(mine, tuple_of<Ipv6Addr>(1), Side::from_port));
}

TEST(Quota, HalfOpenEntriesHaveTheirOwnADirection) {
    Bench bench(with_quotas(100, 10));
    for (uint32_t n = 0; n < 10; ++n)
        ASSERT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(n), Side::to_port));
    auto refused = bench.table.open(mine, tuple_of<Ipv4Addr>(10), Side::to_port);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Refusal::half_open);
    EXPECT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(10), Side::from_port))
        << "a flood from outside does not keep the VM from opening its own";
}

TEST(Quota, TheOldestHalfOpenGoesOnceItHasBeenSilentForAWhile) {
    Bench bench(with_quotas(100, 10));
    for (uint32_t n = 0; n < 10; ++n) {
        bench.at(n);
        ASSERT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(n), Side::to_port));
    }
    bench.at(bench.connections->settings().half_open_grace);
    EXPECT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(10), Side::to_port));
    EXPECT_FALSE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(0)));
    EXPECT_TRUE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(1)));
    EXPECT_FALSE(bench.table.open(mine, tuple_of<Ipv4Addr>(11), Side::to_port)) << "too young";
}

TEST(Quota, AOneWayStreamInUseIsNotTheOldest) {
    Bench bench(with_quotas(100, 3));
    for (uint32_t n = 0; n < 3; ++n)
        bench.open(tuple_of<Ipv4Addr>(n));
    bench.at(5'000);
    bench.table.count(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(0)), 64);
    EXPECT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(3), Side::from_port));
    EXPECT_TRUE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(0)));
    EXPECT_FALSE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(1)));
}

// F10: a flood of SYNs, and a connection that was there before.
TEST(Quota, EstablishedNeverGoesForAFloodOfSyns) {
    Bench bench(with_quotas(50, 50));
    EntryId kept = open_answered(bench, 0);
    unsigned opened = 0;
    for (uint32_t n = 1; n < 5'000; ++n) {
        bench.at(n * 100);
        opened +=
            bench.table.open(mine, tuple_of<Ipv4Addr>(n, ip_protocol::tcp), Side::to_port) ? 1 : 0;
    }
    EXPECT_GT(opened, 4'000u) << "one after the other went for the next";
    EXPECT_TRUE(bench.table.exists(kept));
    EXPECT_EQ(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(0)).entry(), kept);
    EXPECT_LE(bench.table.size(), 50u);
}

TEST(Quota, AFinishedOneGoesFirst) {
    Bench bench(with_quotas(10, 10));
    for (uint32_t n = 0; n < 10; ++n)
        open_answered(bench, n);
    bench.table.cut(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(5)).entry());
    EXPECT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(10), Side::from_port));
    EXPECT_FALSE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(5)));
}

TEST(Quota, AFullTableTakesFromNobodyElse) {
    ConnectionSettings settings = small(20);
    Bench bench(settings);
    for (uint32_t n = 0; n < 20; ++n)
        open_answered(bench, n, others);
    bench.at(10'000);
    auto refused = bench.table.open(mine, tuple_of<Ipv4Addr>(1), Side::from_port);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Refusal::full);
    EXPECT_EQ(bench.table.size(), 20u);
    bench.connections->forget_port(others);
    for (uint32_t n = 0; n < 20; ++n)
        EXPECT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(n), Side::from_port));
}

TEST(Quota, OnePortsWaysDoNotTakeThoseOfAnother) {
    ConnectionSettings settings = small();
    settings.way_quota = 10;
    Bench bench(settings);
    auto write = [&](PortId port, uint32_t n) {
        auto entry = bench.table.open(port, tuple_of<Ipv4Addr>(n), Side::from_port);
        return bench.table.write(*entry, Side::from_port,
                                 {{Place::sent_by(port), tuple_of<Ipv4Addr>(n)},
                                  tuple_of<Ipv4Addr>(n),
                                  testing::way_of(static_cast<uint16_t>(port.value() << 8 | n))});
    };
    for (uint32_t n = 0; n < 10; ++n)
        EXPECT_TRUE(write(mine, n));
    EXPECT_FALSE(write(mine, 10));
    EXPECT_TRUE(write(others, 10));
    bench.connections->forget_port(mine);
    EXPECT_TRUE(write(mine, 10)) << "they come back";
}

} // namespace ringfence
