// What connections stand on: generations, noted objects, cut marks, cached denials, and the sweep
// that visits them all.
#include <set>

#include "dataplane/connection/listing.h"
#include "tests/unit/connection/fixture.h"

namespace ringfence {

namespace {

using Bench = testing::Bench<Ipv4Addr>;
using testing::small;
using testing::tuple_of;
using testing::way_of;

constexpr PortId mine{3}, others{4};

} // namespace

// --- generations

TEST(Connections, AreStaleAfterTheirPortIsRaisedAndLiveWhenDecidedAgain) {
    Bench bench;
    EntryId entry = bench.open(tuple_of<Ipv4Addr>(1));
    EntryId untouched = bench.open(tuple_of<Ipv4Addr>(2), others);
    bench.connections->raise(mine);
    for (Side side : {Side::from_port, Side::to_port}) {
        EXPECT_EQ(bench.table.validity(*bench.table.half(entry, side).half), Validity::stale);
        EXPECT_EQ(bench.table.validity(*bench.table.half(untouched, side).half), Validity::live);
    }
    EXPECT_TRUE(bench.table.is_stale(entry));
    // Decided again by the initiator's packet; the other direction when it is walked next.
    bench.table.write(
        entry, Side::from_port,
        {{Place::sent_by(mine), tuple_of<Ipv4Addr>(1)}, tuple_of<Ipv4Addr>(1), way_of(9)});
    EXPECT_FALSE(bench.table.is_stale(entry));
    EXPECT_EQ(bench.table.validity(*bench.table.half(entry, Side::from_port).half), Validity::live);
    EXPECT_EQ(bench.table.validity(*bench.table.half(entry, Side::to_port).half), Validity::stale);
}

TEST(Connections, AreRaisedByTheObjectsThatTheyPassedAndNoOthers) {
    Bench bench;
    EntryId entry = bench.open(tuple_of<Ipv4Addr>(1));
    bench.connections->note(mine, ObjectId(PolicyId(5)));
    bench.connections->raise_object(ObjectId(PolicyId(6)));
    EXPECT_FALSE(bench.table.is_stale(entry));
    bench.connections->widen_object(ObjectId(PolicyId(5)));
    EXPECT_FALSE(bench.table.is_stale(entry)) << "what only allows more raises nothing";
    bench.connections->raise_object(ObjectId(PolicyId(5)));
    EXPECT_TRUE(bench.table.is_stale(entry));
    // What was noted is forgotten with the decisions that noted it.
    EntryId later = bench.open(tuple_of<Ipv4Addr>(2));
    bench.connections->raise_object(ObjectId(PolicyId(5)));
    EXPECT_FALSE(bench.table.is_stale(later));
}

TEST(Noted, FindsThePortsThatNotedAnObjectAndFewOthers) {
    std::vector<Noted::OfPort> by_port(Destination::max_ports);
    std::vector<Noted::OfPlace> by_place(Noted::places);
    Noted noted(by_port, by_place);
    auto ports_of = [&](uint32_t object) {
        std::set<uint32_t> found;
        noted.for_each_port(ObjectId(RouterId(object)),
                            [&](PortId port) { found.insert(port.value()); });
        return found;
    };
    for (uint32_t n = 0; n < 100; ++n)
        for (PortId port : {PortId(0), PortId(77), PortId(4'095)})
            noted.note(port, ObjectId(RouterId(n)));
    noted.note(PortId(5), ObjectId(RouterId(1)));
    size_t wrong = 0;
    for (uint32_t n = 0; n < 100; ++n)
        EXPECT_GE(ports_of(n).size(), 3u);
    EXPECT_TRUE(ports_of(1).contains(5));
    for (uint32_t n = 100; n < 10'100; ++n)
        wrong += ports_of(n).size();
    EXPECT_LT(wrong, 900u) << "of 3 x 10,000";
    noted.forget(PortId(77));
    for (uint32_t n = 0; n < 100; ++n) {
        EXPECT_FALSE(ports_of(n).contains(77));
        EXPECT_TRUE(ports_of(n).contains(4'095));
        EXPECT_FALSE(noted.may_have(PortId(77), ObjectId(RouterId(n))));
    }
    for (PortId port : {PortId(0), PortId(5), PortId(4'095)})
        noted.forget(port);
    for (const auto& place : by_place)
        EXPECT_EQ(place, Noted::OfPlace{});
}

// --- cut

TEST(Connections, ThatAreCutDenyBothDirectionsUntilAWidening) {
    Bench bench;
    EntryId entry = bench.open(tuple_of<Ipv4Addr>(1));
    bench.connections->note(mine, ObjectId(PolicyId(5)));
    bench.table.cut(entry);
    auto validity = [&](Side side) {
        return bench.table.validity(*bench.table.half(entry, side).half);
    };
    EXPECT_EQ(bench.connections->ways().size(), 0u);
    EXPECT_EQ(validity(Side::from_port), Validity::cut);
    EXPECT_EQ(validity(Side::to_port), Validity::cut);
    EXPECT_TRUE(bench.table.find(bench.arrival(tuple_of<Ipv4Addr>(1))));
    EXPECT_EQ(bench.table.count_of(Phase::cut), 1u);
    bench.connections->raise(mine);
    EXPECT_EQ(validity(Side::from_port), Validity::cut) << "what narrows brings nothing back";
    bench.connections->widen_object(ObjectId(PolicyId(5)));
    EXPECT_EQ(validity(Side::from_port), Validity::lapsed);
    EXPECT_EQ(validity(Side::to_port), Validity::lapsed);
    bench.table.close(entry);
    EXPECT_EQ(bench.connections->port(mine).cut, 0u);
    EXPECT_EQ(bench.table.count_of(Phase::cut), 0u);
}

// --- denials

TEST(Denials, StandForASecond) {
    Bench bench;
    Denials<Ipv4Addr>::Packet packet{{Place::sent_by(mine), tuple_of<Ipv4Addr>(1)}, 1, 2};
    EXPECT_EQ(bench.connections->denied<Ipv4Addr>(packet).why, Verdict::next);
    bench.connections->deny<Ipv4Addr>(packet, mine, Verdict::fw_denied);
    bench.at(999);
    EXPECT_EQ(bench.connections->denied<Ipv4Addr>(packet).why, Verdict::fw_denied);
    bench.at(1'000);
    EXPECT_EQ(bench.connections->denied<Ipv4Addr>(packet).why, Verdict::next);
}

TEST(Denials, AreNoWiderThanThePacketThatMadeThem) { // CVE-2023-1668
    Bench bench;
    Tuple4 tuple = tuple_of<Ipv4Addr>(1);
    Denials<Ipv4Addr>::Packet packet{{Place::sent_by(mine), tuple}, 1, 2};
    bench.connections->deny<Ipv4Addr>(packet, mine, Verdict::fw_denied);
    auto denied = [&](Place place, const Tuple4& other, uint64_t to, uint64_t from) {
        return bench.connections->denied<Ipv4Addr>({{place, other}, to, from}).why != Verdict::next;
    };
    EXPECT_TRUE(denied(Place::sent_by(mine), tuple, 1, 2));
    EXPECT_FALSE(denied(Place::sent_by(others), tuple, 1, 2));
    EXPECT_FALSE(denied(Place::arriving_in(SegmentId(3)), tuple, 1, 2));
    EXPECT_FALSE(denied(Place::sent_by(mine), tuple.reversed(), 1, 2));
    EXPECT_FALSE(denied(Place::sent_by(mine), tuple_of<Ipv4Addr>(1, 0), 1, 2));
    EXPECT_FALSE(denied(Place::sent_by(mine), tuple, 3, 2));
    EXPECT_FALSE(denied(Place::sent_by(mine), tuple, 1, 3));
}

TEST(Denials, AreVoidAfterAnyChangeToWhatThePortHasNoted) {
    Bench bench;
    Denials<Ipv4Addr>::Packet packet{{Place::sent_by(mine), tuple_of<Ipv4Addr>(1)}, 1, 2};
    for (bool widens : {false, true}) {
        bench.connections->deny<Ipv4Addr>(packet, mine, Verdict::fw_denied);
        bench.connections->note(mine, ObjectId(PolicyId(5)));
        bench.connections->widen(others);
        EXPECT_EQ(bench.connections->denied<Ipv4Addr>(packet).why, Verdict::fw_denied);
        if (widens)
            bench.connections->widen_object(ObjectId(PolicyId(5)));
        else
            bench.connections->raise_object(ObjectId(PolicyId(5)));
        EXPECT_EQ(bench.connections->denied<Ipv4Addr>(packet).why, Verdict::next);
    }
}

TEST(Denials, AreBoundedAndKeepTheYoungest) {
    ConnectionSettings settings = small();
    settings.denials = 64;
    Bench bench(settings);
    auto packet = [](uint32_t n) {
        return Denials<Ipv4Addr>::Packet{{Place::sent_by(mine), tuple_of<Ipv4Addr>(n)}, 1, 2};
    };
    for (uint32_t n = 0; n < 10'000; ++n) {
        bench.at(n / 100);
        bench.connections->deny<Ipv4Addr>(packet(n), mine, Verdict::fw_denied);
        ASSERT_EQ(bench.connections->denied<Ipv4Addr>(packet(n)).why, Verdict::fw_denied);
    }
    unsigned kept = 0;
    for (uint32_t n = 0; n < 10'000; ++n)
        kept += bench.connections->denied<Ipv4Addr>(packet(n)).why != Verdict::next;
    EXPECT_EQ(kept, 64u);
}

// --- the sweep

TEST(Sweep, VisitsEveryEntryWithinASecondInSmallSteps) {
    Bench bench;
    auto& table6 = bench.connections->table<Ipv6Addr>();
    bench.connections->sweep(1'000, [](auto&, EntryId) {});
    for (uint32_t n = 0; n < 700; ++n)
        bench.open(tuple_of<Ipv4Addr>(n));
    for (uint32_t n = 0; n < 3; ++n) { // few, which must not wait for the many
        auto entry = table6.open(mine, tuple_of<Ipv6Addr>(n), Side::from_port);
        table6.write(
            *entry, Side::from_port,
            {{Place::sent_by(mine), tuple_of<Ipv6Addr>(n)}, tuple_of<Ipv6Addr>(n), way_of()});
    }
    bench.connections->raise(mine);
    std::set<uint32_t> seen4, seen6;
    for (uint32_t ms = 1; ms <= 1'000; ++ms) {
        bench.at(ms);
        size_t before = seen4.size() + seen6.size();
        bench.connections->sweep(1'000, [&](auto& table, EntryId entry) {
            bool is_v4 = std::is_same_v<decltype(table), ConnectionTable<Ipv4Addr>&>;
            (is_v4 ? seen4 : seen6).insert(entry.value());
        });
        EXPECT_LE(seen4.size() + seen6.size() - before, 2u) << "in one millisecond";
    }
    EXPECT_EQ(seen4.size(), 700u);
    EXPECT_EQ(seen6.size(), 3u);
}

TEST(Sweep, SaysWhenItIsBehindAndCatchesUp) {
    Bench bench;
    for (uint32_t n = 0; n < 900; ++n)
        bench.open(tuple_of<Ipv4Addr>(n));
    bench.at(1'000'000); // a worker that slept
    unsigned steps = 1;
    while (bench.connections->sweep(100, [](auto&, EntryId) {}))
        ++steps;
    EXPECT_EQ(steps, 9u);
    EXPECT_EQ(bench.table.size(), 0u) << "all have expired";
}

TEST(Sweep, ShowsStaleOnesAndTakesWhatIsDoneToThem) {
    Bench bench;
    for (uint32_t n = 0; n < 30; ++n)
        bench.open(tuple_of<Ipv4Addr>(n));
    bench.connections->raise(mine);
    unsigned asked = 0;
    bench.table.sweep(30, [&](EntryId entry) {
        if (asked % 3 == 0)
            bench.table.close(entry);
        else if (asked % 3 == 1)
            bench.table.cut(entry);
        else
            bench.write_both(entry, bench.table.half(entry, Side::from_port).half->key.tuple());
        ++asked;
    });
    EXPECT_EQ(asked, 30u);
    EXPECT_EQ(bench.sweep(), 0u) << "each is asked about once";
    EXPECT_EQ(bench.table.size(), 20u);
    EXPECT_EQ(bench.table.count_of(Phase::cut), 10u);
}

// --- ports and ids come back

TEST(Connections, OfAForgottenPortAreGoneAndItsNumberCanBeUsedAtOnce) {
    Bench bench;
    for (uint32_t n = 0; n < 100; ++n) {
        bench.open(tuple_of<Ipv4Addr>(n));
        bench.open(tuple_of<Ipv4Addr>(1'000 + n), others);
    }
    bench.connections->claim(mine, 7, 1);
    Denials<Ipv4Addr>::Packet packet{{Place::sent_by(mine), tuple_of<Ipv4Addr>(1)}, 1, 2};
    bench.connections->deny<Ipv4Addr>(packet, mine, Verdict::fw_denied);
    unsigned calls = 1;
    while (!bench.connections->forget_port(mine, 10))
        ++calls;
    EXPECT_EQ(calls, 10u);
    EXPECT_EQ(bench.table.size(), 100u);
    EXPECT_EQ(bench.connections->denied<Ipv4Addr>(packet).why, Verdict::next);
    for (uint32_t n = 0; n < 100; ++n) {
        EXPECT_FALSE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(n)));
        EXPECT_FALSE(bench.table.find(bench.arrival(tuple_of<Ipv4Addr>(n))));
        bench.open(tuple_of<Ipv4Addr>(n));
    }
    EXPECT_EQ(bench.table.size(), 200u);
}

// However many it has: nothing is visited, and yet nothing is left for whoever has the port next.
TEST(Connections, OfAPortThatIsAnothersNowAreFormerAtOnceAndClosedByTheSweep) {
    ConnectionSettings settings = small();
    settings.quota = settings.half_open_quota = 100;
    Bench bench(settings);
    bench.connections->claim(mine, 7);
    for (uint32_t n = 0; n < 100; ++n)
        bench.open(tuple_of<Ipv4Addr>(n));
    bench.table.cut(EntryId(1));
    bench.connections->claim(mine, 7);
    EXPECT_TRUE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(9))) << "it was its own";
    bench.connections->claim(mine, 8);
    EXPECT_EQ(bench.table.size(), 100u);
    for (uint32_t n : {0u, 1u, 99u}) // the first one was cut
        EXPECT_NE(bench.table.validity(*bench.table.half(EntryId(n + 1), Side::to_port).half),
                  Validity::live);
    EXPECT_FALSE(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(9)));
    bench.open(tuple_of<Ipv4Addr>(9)); // both keys are free
    bench.open(tuple_of<Ipv4Addr>(5), others);
    for (uint32_t n = 100; n < 199; ++n)
        bench.open(tuple_of<Ipv4Addr>(n)); // within its quota, which is its alone
    EXPECT_FALSE(bench.table.open(mine, tuple_of<Ipv4Addr>(199), Side::from_port));
    bench.sweep();
    EXPECT_EQ(bench.table.size(), 101u);
    EXPECT_EQ(bench.connections->port(mine).size(), 100u);
    EXPECT_EQ(bench.connections->port(mine).cut, 0u);
    std::vector<ListedConnection> list;
    bench.connections->claim(mine, 7);
    Listing().next(*bench.connections, 1'000, list);
    EXPECT_EQ(list.size(), 1u) << "the other port's: former ones are nobody's";
}

// Between the two nothing was decided that could have noted it again.
TEST(Connections, StandOnWhoseThePortIsAfterARaiseToo) {
    Bench bench;
    bench.connections->claim(mine, 7);
    bench.open(tuple_of<Ipv4Addr>(1));
    bench.connections->raise(mine);
    unsigned found = 0;
    bench.connections->for_each_port_that_noted(ObjectId(mine),
                                                [&](PortId port) { found += port == mine; });
    EXPECT_EQ(found, 1u);
}

TEST(Connections, RefuseAKeyThatAnotherEntryHas) {
    Bench bench;
    bench.open(tuple_of<Ipv4Addr>(1));
    auto entry = bench.table.open(others, tuple_of<Ipv4Addr>(1), Side::from_port);
    EXPECT_FALSE(bench.table.write(
        *entry, Side::to_port,
        {bench.arrival(tuple_of<Ipv4Addr>(1)), tuple_of<Ipv4Addr>(1).reversed(), way_of()}));
    EXPECT_EQ(bench.table.find(bench.arrival(tuple_of<Ipv4Addr>(1))).half->local_port(), mine);
}

// The address that it was for is at another port now.
TEST(Connections, GiveTheirKeyAwayWhenTheyNoLongerStand) {
    Bench bench;
    bench.open(tuple_of<Ipv4Addr>(1));
    bench.connections->raise(mine);
    auto entry = bench.table.open(others, tuple_of<Ipv4Addr>(1), Side::from_port);
    EXPECT_TRUE(bench.table.write(
        *entry, Side::to_port,
        {bench.arrival(tuple_of<Ipv4Addr>(1)), tuple_of<Ipv4Addr>(1).reversed(), way_of()}));
    EXPECT_EQ(bench.table.find(bench.arrival(tuple_of<Ipv4Addr>(1))).half->local_port(), others);
    EXPECT_EQ(bench.connections->size(), 1u);
}

TEST(Connections, MoveToAnotherArrivalWhenTheyAreWrittenAgain) {
    Bench bench;
    EntryId entry = bench.open(tuple_of<Ipv4Addr>(1));
    auto elsewhere = bench.arrival(tuple_of<Ipv4Addr>(1), SegmentId(9));
    EXPECT_TRUE(bench.table.write(entry, Side::to_port,
                                  {elsewhere, tuple_of<Ipv4Addr>(1).reversed(), way_of()}));
    EXPECT_FALSE(bench.table.find(bench.arrival(tuple_of<Ipv4Addr>(1))));
    EXPECT_EQ(bench.table.find(elsewhere).entry(), entry);
}

// A VM that reaches its own outside address: both halves are what the port sends.
TEST(Connections, ServeBothEndsOfAHairpin) {
    Bench bench;
    Tuple4 outbound{{0x0a000005}, {0xc0000201}, 1000, 80, ip_protocol::tcp};
    Tuple4 answer{{0x0a000005}, {0xc0000201}, 80, 1000, ip_protocol::tcp};
    auto entry = bench.table.open(mine, outbound, Side::from_port);
    EXPECT_TRUE(bench.table.write(*entry, Side::from_port,
                                  {{Place::sent_by(mine), outbound}, answer.reversed(), way_of()}));
    EXPECT_TRUE(bench.table.write(*entry, Side::to_port,
                                  {{Place::sent_by(mine), answer}, outbound.reversed(), way_of()}));
    EXPECT_EQ(bench.table.find_by_port(mine, outbound).side(), Side::from_port);
    EXPECT_EQ(bench.table.find_by_port(mine, answer).side(), Side::to_port);
    EXPECT_EQ(bench.table.find_by_port(mine, answer).entry(), *entry);
}

// --- listings

TEST(Connections, OfAPortGoWithItToAnotherWorker) {
    Bench from, to;
    from.at(5'000);
    to.at(900'000); // clocks differ
    from.connections->claim(mine, 77, 500);
    EntryId used = from.open(tuple_of<Ipv4Addr>(1));
    from.table.count(from.table.half(used, Side::from_port), 100);
    from.table.count(from.table.half(used, Side::to_port), 60);
    EntryId cut = from.open(tuple_of<Ipv4Addr>(2));
    from.connections->note(mine, ObjectId(PolicyId(5)));
    from.table.cut(cut);
    from.open(tuple_of<Ipv4Addr>(3), others);
    from.at(6'000);

    to.connections->adopt_port(*from.connections, mine);
    EXPECT_EQ(from.connections->size(), 1u);
    EXPECT_EQ(from.connections->port(mine).size(), 0u);
    EXPECT_EQ(from.connections->ways().size(), 2u) << "the other port's";
    EXPECT_EQ(to.connections->size(), 2u);
    EXPECT_EQ(to.connections->port(mine).owner, 77u);
    EXPECT_EQ(to.connections->port(mine).quota, 500u);

    auto hit = to.table.find_by_port(mine, tuple_of<Ipv4Addr>(1));
    ASSERT_TRUE(hit);
    EXPECT_EQ(to.table.find(Bench::arrival(tuple_of<Ipv4Addr>(1))).entry(), hit.entry());
    EXPECT_TRUE(to.table.is_stale(hit.entry())) << "decided again, where what it passes is noted";
    EXPECT_FALSE(to.table.is_former(hit.entry()));
    EXPECT_EQ(hit.half->packets, 1u);
    EXPECT_EQ(to.table.other_half(hit).half->bytes, 60u);
    EXPECT_EQ(to.table.phase(hit.entry()), Phase::udp_answered);
    EXPECT_EQ(to.table.silence(hit.entry()), 1'000u);
    EXPECT_TRUE(to.connections->ways()[hit.half->way_id()].same_content(way_of(1)));
    auto denied = to.table.find_by_port(mine, tuple_of<Ipv4Addr>(2));
    ASSERT_TRUE(denied);
    EXPECT_EQ(to.table.validity(*denied.half), Validity::cut);
    to.connections->widen_object(ObjectId(PolicyId(6)));
    EXPECT_EQ(to.table.validity(*denied.half), Validity::cut);
    to.connections->widen_object(ObjectId(PolicyId(5)));
    EXPECT_EQ(to.table.validity(*denied.half), Validity::lapsed) << "what it noted went with it";

    to.connections->forget_port(mine);
    EXPECT_EQ(to.connections->size(), 0u);
    EXPECT_EQ(to.connections->ways().size(), 0u);
}

TEST(Connections, OfAPortThatFindsNoRoomAtAnotherWorkerEnd) {
    Bench from, to(small(16));
    for (uint32_t n = 0; n < 100; ++n)
        from.open(tuple_of<Ipv4Addr>(n));
    to.connections->adopt_port(*from.connections, mine);
    EXPECT_EQ(from.connections->size(), 0u);
    EXPECT_EQ(from.connections->ways().size(), 0u);
    EXPECT_EQ(to.connections->size(), 16u);
}

TEST(Listing, ShowsEveryConnectionOncePageByPage) {
    Bench bench;
    for (uint32_t n = 0; n < 95; ++n)
        bench.open(tuple_of<Ipv4Addr>(n), n % 5 ? mine : others);
    auto& table6 = bench.connections->table<Ipv6Addr>();
    ASSERT_TRUE(table6.open(mine, tuple_of<Ipv6Addr>(1), Side::to_port));
    bench.table.close(EntryId(50));
    bench.at(250);
    bench.table.count(bench.table.half(EntryId(3), Side::from_port), 64);
    bench.at(300);
    std::vector<ListedConnection> list;
    unsigned pages = 1;
    for (Listing listing; listing.next(*bench.connections, 10, list); ++pages)
        ASSERT_LT(pages, 20u);
    EXPECT_EQ(pages, 10u);
    EXPECT_EQ(list.size(), 95u);
    const ListedConnection& third = list[2];
    EXPECT_EQ(third.source_port, tuple_of<Ipv4Addr>(2).source_port);
    EXPECT_EQ(third.port, mine);
    EXPECT_EQ(third.phase, Phase::udp);
    EXPECT_EQ(third.silence, 50u);
    EXPECT_EQ(third.timeout, 30'000u);
    EXPECT_EQ(third.sent.packets, 1u);
    EXPECT_EQ(third.sent.bytes, 64u);
    ASSERT_TRUE(third.arrival);
    EXPECT_EQ(third.arrival->place.segment(), bench.segment);
    EXPECT_EQ(third.arrival->destination_port, third.source_port);
    const ListedConnection& last = list.back();
    EXPECT_FALSE(last.source.is_v4());
    EXPECT_EQ(last.initiator, Side::to_port);
    EXPECT_FALSE(last.arrival);

    std::vector<ListedConnection> of_others;
    Listing(others).next(*bench.connections, 1'000, of_others);
    EXPECT_EQ(of_others.size(), 19u);
    ConnectionCounts counts = counts_of(*bench.connections);
    EXPECT_EQ(counts.size4, 94u);
    EXPECT_EQ(counts.size6, 1u);
    EXPECT_EQ(counts.phases[static_cast<size_t>(Phase::udp)], 95u);
}

// --- ways

TEST(Ways, AreSharedCountedAndFreed) {
    Bench bench;
    Ways& ways = bench.connections->ways();
    for (uint32_t n = 0; n < 100; ++n)
        bench.open(tuple_of<Ipv4Addr>(n));
    EXPECT_EQ(ways.size(), 2u);
    EXPECT_EQ(ways.uses(bench.table.half(EntryId(1), Side::from_port).half->way_id()), 100u);
    EXPECT_EQ(bench.connections->port(mine).ways, 2u);
    for (uint32_t n = 0; n < 100; ++n)
        bench.table.close(bench.table.find_by_port(mine, tuple_of<Ipv4Addr>(n)).entry());
    EXPECT_EQ(ways.size(), 0u);
    EXPECT_EQ(bench.connections->port(mine).ways, 0u);
}

TEST(Ways, DifferWhereAnythingDiffers) {
    Bench bench;
    std::vector<Way> ways(8, way_of());
    ways[1].sender.kind = Sender::Kind::local_port;
    ways[2].target = {Target::Kind::mac, SegmentId(1), {}};
    ways[3].target.address[15] = 1;
    ways[4].hops = 1;
    ways[5].mtu = 1400;
    ways[6].arrives_with[11] ^= 1;
    ways[7].leaves_with[0] ^= 1;
    uint32_t used = 0;
    for (size_t n = 0; n < ways.size(); ++n) {
        auto id = bench.connections->ways().acquire(ways[n], {mine, used, 100});
        EXPECT_EQ(id->value(), n);
    }
    EXPECT_EQ(used, 8u);
    EXPECT_EQ(bench.connections->ways().acquire(ways[5], {mine, used, 100})->value(), 5u);
}

TEST(Ways, AreOneWhereverTheirNamedSenderIs) {
    Bench bench;
    Way named = way_of(1);
    named.origin = Origin::mac;
    uint32_t used = 0;
    auto acquire = [&](const Way& way) {
        return bench.connections->ways().acquire(way, {mine, used, 100})->value();
    };
    EXPECT_EQ(acquire(way_of(1)), 0u);
    EXPECT_EQ(acquire(named), 1u);
    named.sender.id = 2; // it has moved
    EXPECT_EQ(acquire(named), 1u);
    named.target.address[0] = 2; // another
    EXPECT_EQ(acquire(named), 2u);
}

} // namespace ringfence
