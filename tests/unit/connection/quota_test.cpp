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
    bench.connections->claim(mine, 7, 11);
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

TEST(Quota, OneOfTheOtherFamilyGoesToo) {
    Bench bench(with_quotas(10, 5));
    for (uint32_t n = 0; n < 5; ++n)
        open_answered(bench, n);
    for (uint32_t n = 5; n < 10; ++n)
        bench.open(tuple_of<Ipv4Addr>(n));
    auto open6 = [&](uint32_t n, Side initiator) {
        return bool(bench.connections->open(mine, tuple_of<Ipv6Addr>(n), initiator));
    };
    EXPECT_FALSE(open6(0, Side::from_port)) << "all are in use";
    bench.at(bench.connections->settings().half_open_grace);
    EXPECT_TRUE(open6(0, Side::from_port)) << "for an old one that is half-open";
    EXPECT_EQ(bench.table.size(), 9u);
    bench.table.cut(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(1)).entry());
    EXPECT_TRUE(open6(1, Side::to_port)) << "for the one that was cut";
    EXPECT_FALSE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(1)));
    EXPECT_EQ(bench.connections->size(), 10u);
}

TEST(Quota, OfItsOwnAllowsAPortAQuarterHalfOpen) {
    Bench bench(with_quotas(100, 50));
    bench.connections->claim(mine, 7, 12);
    for (uint32_t n = 0; n < 3; ++n)
        EXPECT_TRUE(bench.table.open(mine, tuple_of<Ipv4Addr>(n), Side::from_port));
    auto refused = bench.table.open(mine, tuple_of<Ipv4Addr>(3), Side::from_port);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Refusal::half_open);
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

// 20 ports count as 32: of 1,024 entries each is sure of 8, and 768 are for all.
TEST(Share, OfAPortIsLeftToItByAllOthers) {
    Bench bench(small(1'024));
    bench.connections->share_among(20);
    uint32_t next = 0;
    auto fill = [&](uint32_t port) {
        uint32_t opened = 0;
        while (auto entry =
                   bench.table.open(PortId(port), tuple_of<Ipv4Addr>(next++), Side::from_port))
            ++opened;
        return opened;
    };
    uint32_t all = 0;
    for (uint32_t port = 1; port <= 19; ++port) {
        uint32_t opened = fill(port);
        EXPECT_GE(opened, 8u) << port;
        all += opened;
    }
    EXPECT_EQ(all, 19u * 8 + 768);
    EXPECT_EQ(fill(20), 8u);
    EXPECT_EQ(bench.table.open(PortId(20), tuple_of<Ipv4Addr>(next), Side::from_port).error(),
              Refusal::full);
    bench.connections->forget_port(PortId(1));
    EXPECT_EQ(fill(20), 768u) << "what the first one gave back";
}

TEST(Share, IsCountedAnewWhenPortsComeAndGo) {
    Bench bench(small(1'024));
    uint32_t next = 0;
    auto fill = [&](uint32_t port) {
        uint32_t before = bench.connections->port(PortId(port)).size();
        while (bench.table.open(PortId(port), tuple_of<Ipv4Addr>(next++), Side::from_port)) {
        }
        return bench.connections->port(PortId(port)).size() - before;
    };
    bench.connections->share_among(1);
    EXPECT_EQ(fill(1), 768u + 16);
    bench.connections->share_among(33); // 64: 4 for each
    EXPECT_EQ(fill(1), 0u);
    EXPECT_EQ(fill(2), 4u);
    bench.connections->forget_port(PortId(1));
    EXPECT_EQ(fill(2), 768u);
    bench.connections->share_among(10);
    EXPECT_EQ(fill(2), 12u);
    EXPECT_EQ(fill(3), 16u);
}

template <class Address> Tuple<Address> tuple_for(ConnectionTable<Address>&, uint32_t n) {
    return tuple_of<Address>(n);
}

TEST(Share, OfTheWaysIsLeftToAPortByAllOthers) {
    ConnectionSettings settings = small(1'024);
    settings.ways = settings.way_quota = 1'024; // fewer than connections
    settings.capacity4 = settings.capacity6 = settings.quota = settings.half_open_quota = 4'096;
    Bench bench(settings);
    bench.connections->share_among(16);
    uint32_t next = 0;
    auto fill = [&](auto& table, PortId port) {
        uint32_t written = 0;
        for (bool more = true; more; written += more, ++next) {
            auto tuple = tuple_for(table, next);
            auto entry = table.open(port, tuple, Side::from_port);
            more = table.write(*entry, Side::from_port,
                               {{Place::sent_by(port), tuple},
                                tuple,
                                testing::way_of(static_cast<uint16_t>(next))});
        }
        return written;
    };
    EXPECT_EQ(fill(bench.table, mine) + fill(bench.connections->table<Ipv6Addr>(), mine), 768u + 16)
        << "both families together";
    EXPECT_EQ(fill(bench.table, others), 16u);
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
