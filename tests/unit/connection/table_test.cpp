#include <map>
#include <random>

#include "tests/unit/connection/fixture.h"

namespace ringfence {

namespace {

using testing::Bench;
using testing::tuple_of;

template <class Address> class ConnectionTableTest : public ::testing::Test {};
using Families = ::testing::Types<Ipv4Addr, Ipv6Addr>;
TYPED_TEST_SUITE(ConnectionTableTest, Families);

} // namespace

TYPED_TEST(ConnectionTableTest, FindsBothWaysWhatWasWritten) {
    Bench<TypeParam> bench;
    auto outbound = tuple_of<TypeParam>(1);
    EntryId entry = bench.open(outbound);
    auto sent = bench.table.find_by_port(bench.port, outbound);
    auto received = bench.table.find(bench.arrival(outbound));
    ASSERT_TRUE(sent && received);
    EXPECT_EQ(sent.entry(), entry);
    EXPECT_EQ(sent.side(), Side::from_port);
    EXPECT_EQ(received.entry(), entry);
    EXPECT_EQ(received.side(), Side::to_port);
    EXPECT_EQ(bench.table.validity(*sent.half), Validity::live);
    EXPECT_EQ(received.half->key.tuple(), outbound.reversed());
    EXPECT_FALSE(bench.table.find_by_port(PortId(4), outbound)) << "another tenant's";
    EXPECT_FALSE(bench.table.find(bench.arrival(outbound, SegmentId(8))));
    EXPECT_FALSE(bench.table.find_by_port(bench.port, outbound.reversed()));
}

TYPED_TEST(ConnectionTableTest, FindsInABurstWhatItFindsOneByOne) {
    Bench<TypeParam> bench;
    for (uint32_t n = 0; n < 500; ++n)
        bench.open(tuple_of<TypeParam>(n));
    std::vector<typename Bench<TypeParam>::Table::Probe> probes;
    for (uint32_t n = 0; n < 1'000; ++n)
        probes.push_back({{Place::sent_by(bench.port), tuple_of<TypeParam>(n)}});
    for (auto& probe : probes)
        bench.table.aim(probe);
    for (auto& probe : probes)
        bench.table.pick(probe);
    for (uint32_t n = 0; n < 1'000; ++n)
        EXPECT_EQ(static_cast<bool>(bench.table.find(probes[n])), n < 500);
}

TYPED_TEST(ConnectionTableTest, DoesNotFindWhatWasClosedBetweenTheStepsOfALookUp) {
    Bench<TypeParam> bench;
    EntryId entry = bench.open(tuple_of<TypeParam>(1));
    typename Bench<TypeParam>::Table::Probe probe{
        {Place::sent_by(bench.port), tuple_of<TypeParam>(1)}};
    bench.table.aim(probe);
    bench.table.pick(probe);
    bench.table.close(entry);
    EXPECT_FALSE(bench.table.find(probe));
}

// Everything at once, against a map that does the same by scanning.
TYPED_TEST(ConnectionTableTest, DoesWhatAMapDoes) {
    struct Model {
        EntryId entry;
        bool cut;
        uint32_t last_used;
    };
    std::mt19937 random(1);
    Bench<TypeParam> bench;                               // never full: 800 tuples at most
    std::map<std::pair<uint32_t, uint32_t>, Model> model; // (port, number of the tuple)
    uint32_t now = 0;
    auto key_of = [](const auto& at) {
        return ConnectionKey<TypeParam>(Place::sent_by(PortId(at.first)),
                                        tuple_of<TypeParam>(at.second));
    };
    auto arrival_of = [](const auto& at) {
        return Bench<TypeParam>::arrival(tuple_of<TypeParam>(at.second), SegmentId(at.first));
    };
    for (int step = 0; step < 100'000; ++step) {
        std::pair<uint32_t, uint32_t> at{random() % 4, random() % 200};
        auto known = model.find(at);
        switch (random() % 16) {
        default: // a packet, which opens an entry where there is none
            if (known == model.end()) {
                auto entry = bench.table.open(PortId(at.first), tuple_of<TypeParam>(at.second),
                                              random() % 2 ? Side::from_port : Side::to_port);
                ASSERT_TRUE(entry) << step;
                ASSERT_TRUE(
                    bench.table.write(*entry, Side::to_port,
                                      {arrival_of(at), tuple_of<TypeParam>(at.second).reversed(),
                                       testing::way_of(static_cast<uint16_t>(random() % 100))}));
                known = model.insert({at, {*entry, false, now}}).first;
            }
            bench.table.count(bench.table.find(arrival_of(at)), 64);
            known->second.last_used = now;
            break;
        case 0:
            if (known != model.end()) {
                bench.table.close(known->second.entry);
                model.erase(known);
            }
            break;
        case 1:
            if (known != model.end()) {
                bench.table.cut(known->second.entry);
                known->second.cut = true;
            }
            break;
        case 2:
            now += static_cast<uint32_t>(1 + random() % 1'000);
            bench.at(now);
            bench.sweep();
            std::erase_if(model, [&](const auto& each) {
                return now - each.second.last_used >= Timeouts::filtered.udp;
            });
            break;
        case 3:
            if (random() % 64 == 0) {
                while (!bench.table.forget_port(PortId(at.first), 7)) {
                }
                std::erase_if(model,
                              [&](const auto& each) { return each.first.first == at.first; });
            }
            break;
        }
        if (random() % 512 == 0) {
            bench.connections->claim(PortId(at.first), 1 + static_cast<uint32_t>(random() % 2));
            bench.sweep();
            if (bench.connections->port(PortId(at.first)).size() == 0)
                std::erase_if(model,
                              [&](const auto& each) { return each.first.first == at.first; });
        }
        ASSERT_EQ(bench.table.size(), model.size()) << step;
        std::pair<uint32_t, uint32_t> probe{random() % 4, random() % 200};
        auto wanted = model.find(probe);
        auto hit = bench.table.find(key_of(probe));
        auto arriving = bench.table.find(arrival_of(probe));
        ASSERT_EQ(static_cast<bool>(hit), wanted != model.end()) << step;
        ASSERT_EQ(static_cast<bool>(arriving), wanted != model.end()) << step;
        if (hit) {
            ASSERT_EQ(hit.entry(), wanted->second.entry);
            ASSERT_EQ(arriving.entry(), wanted->second.entry);
            ASSERT_EQ(bench.table.validity(*arriving.half) == Validity::cut, wanted->second.cut);
        }
    }
    bench.connections->flush();
    EXPECT_EQ(bench.table.size(), 0u);
    EXPECT_EQ(bench.connections->ways().size(), 0u);
    for (uint32_t port = 0; port < 4; ++port)
        EXPECT_EQ(bench.connections->port(PortId(port)).size(), 0u);
}

} // namespace ringfence
