// What the controller says northbound, and which changes it takes for news.
#include "controller/compiler/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/controller/fabric.h"

namespace ringfence::test {
namespace {

using compiler::News;
using testing::ElementsAre;

// The northbound database after one round.
struct Round {
    World world;
    northbound::Tables north;
    southbound::Tables south;

    explicit Round(const northbound::Tables& intent, southbound::Tables current = fabric(),
                   int64_t time = 1000)
        : world(intent, std::move(current)) {
        world.round(time);
        north = world.north();
        south = world.south();
    }
};

TEST(Report, SaysHowFarItIs) {
    Round round(cloud());
    const auto& global = *round.north.global.begin();
    EXPECT_EQ(global.compiled, 7);
    EXPECT_EQ(global.sequence, 1);
    EXPECT_EQ(round.north.host.find(id("host/h1"))->required, 1);
}

TEST(Report, MakesTheGlobalRowWhereThereIsNone) {
    auto rows = cloud();
    rows.global = {};
    Round round(rows);
    ASSERT_EQ(round.north.global.size(), 1u);
    EXPECT_EQ(round.north.global.begin()->admit_hosts, "manual");
}

TEST(Report, ToldOnceIsEnough) {
    auto rows = cloud();
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mode = "routed"; });
    Round first(rows);
    ASSERT_EQ(first.north.event.size(), 1u);
    const auto& event = *first.north.event.begin();
    EXPECT_EQ(event.kind, "object-refused");
    EXPECT_EQ(event.time, 1000);
    EXPECT_THAT(event.objects, ElementsAre("org/acme/network/web"));
    Round second(first.north, first.south, 2000);
    EXPECT_EQ(second.north, first.north);
}

TEST(Report, ForgetsTheOldestEvents) {
    auto rows = cloud();
    for (int64_t time = 0; time < static_cast<int64_t>(compiler::most_events); ++time) {
        northbound::Event event;
        event.uuid = id("event/" + std::to_string(time));
        event.time = time;
        rows.event.insert(event);
    }
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mode = "routed"; });
    Round round(rows, fabric(), 5000);
    EXPECT_EQ(round.north.event.size(), compiler::most_events);
    EXPECT_FALSE(round.north.event.find(id("event/0")));
    EXPECT_TRUE(round.north.event.find(id("event/1")));
}

TEST(Report, AHostThatDialsInIsWrittenDownOnce) {
    auto rows = cloud();
    rows.host.erase(id("host/h2"));
    Round manual(rows);
    ASSERT_EQ(manual.north.host.size(), 2u);
    for (const auto& host : manual.north.host)
        EXPECT_EQ(host.admitted, host.name == "h1");
    edit(rows.global, "global", [](auto& g) { g.admit_hosts = "auto"; });
    Round automatic(rows);
    for (const auto& host : automatic.north.host)
        EXPECT_TRUE(host.admitted) << host.name;
    EXPECT_EQ(Round(manual.north, manual.south).north.host.size(), 2u);
}

TEST(Report, WritesDownNoHostWithANameThatIsNone) {
    auto current = fabric();
    current.host_status.insert(make_status("a/../b", "192.0.2.9"));
    EXPECT_EQ(Round(cloud(), current).north.host.size(), 2u);
}

TEST(Report, BoundsWhatAHostSays) {
    auto current = fabric();
    edit(current.host_status, "status/h1", [](auto& status) {
        for (int i = 0; i < 1000; ++i)
            status.trouble["object " + std::to_string(i)] = std::string(10000, 'x') + "\n";
        status.version = "1\n2";
    });
    Round round(cloud(), current);
    const auto& host = *round.north.host.find(id("host/h1"));
    EXPECT_EQ(host.trouble.size(), 64u);
    EXPECT_EQ(host.trouble.begin()->second.size(), 255u);
    EXPECT_EQ(host.reported.at("version"), "1?2");
}

// News

template <class Fn> News news_after(Fn change) {
    World world;
    world.change(
        [](auto&, auto& t) { t.port_claim.insert(make_claim("h1", "acme/shop/web-0/0")); });
    world.round();
    world.round(); // what it wrote itself
    return world.change([&](auto&, auto& t) { change(t); });
}

TEST(News, AHeartbeatIsNoReasonToHurry) {
    EXPECT_EQ(
        news_after([](auto& t) { edit(t.host_status, "status/h1", [](auto& s) { s.alive = 9; }); }),
        News::heartbeat);
    EXPECT_EQ(news_after([](auto& t) {
                  edit(t.host_status, "status/h1", [](auto& s) { s.alive = s.applied = 9; });
              }),
              News::progress);
}

TEST(News, WhereThingsAreIsCompiled) {
    EXPECT_EQ(news_after([](auto& t) {
                  edit(t.host_status, "status/h1", [](auto& s) { s.underlay_mtu = 1400; });
              }),
              News::placement);
    EXPECT_EQ(news_after([](auto& t) {
                  edit(t.port_claim, "claim/h1/acme/shop/web-0/0",
                       [](auto& c) { c.ready = false; });
              }),
              News::placement);
    EXPECT_EQ(news_after([](auto& t) { t.port_claim.insert(make_claim("h2", "x")); }),
              News::placement);
}

TEST(News, OurOwnRowsAreNewsOnlyWhenSomebodyElseChangedThem) {
    EXPECT_EQ(
        news_after([](auto& t) { edit(t.segment, "network/acme", [](auto& s) { s.vni = 1; }); }),
        News::placement);
    EXPECT_EQ(news_after([](auto& t) { t.segment.erase(id("network/acme")); }), News::placement);
    EXPECT_EQ(
        news_after([](auto& t) { edit(t.lease, "lease", [](auto& lease) { ++lease.renewals; }); }),
        News::none);
}

TEST(News, TheEchoOfOurOwnTransactionSettles) {
    World world;
    EXPECT_FALSE(world.compile().empty());
    EXPECT_TRUE(world.compile().empty()) << "what is held now was read again, and nothing differs";
    EXPECT_EQ(world.change([](auto&, auto&) {}), News::none);
}

TEST(News, OurOwnNorthboundColumnsConcernNobody) {
    auto concerns = [](auto change) {
        World world;
        world.round();
        world.round();
        return world.change([&](auto& t, auto&) { change(t); }) != News::none;
    };
    EXPECT_FALSE(concerns([](auto& t) {
        edit(t.nic, "nic/web-0/0", [](auto& n) { n.status = n.port_name; });
        edit(t.host, "host/h1", [](auto& h) { h.applied = h.required = h.alive = 3; });
        edit(t.global, "global", [](auto& g) { g.compiled = g.sequence = 8; });
    }));
    EXPECT_TRUE(concerns([](auto& t) { edit(t.global, "global", [](auto& g) { ++g.change; }); }));
    EXPECT_TRUE(
        concerns([](auto& t) { edit(t.nic, "nic/web-0/0", [](auto& n) { n.mac = "x"; }); }));
    EXPECT_TRUE(concerns([](auto& t) { t.nic.erase(id("nic/web-0/0")); }));
}

} // namespace
} // namespace ringfence::test
