#include "dataplane/connection/index.h"

#include <map>
#include <random>
#include <set>

#include "tests/unit/connection/fixture.h"

namespace ringfence {

namespace {

uint64_t hash_of(uint32_t n) { return mix(n, 7) ^ mix(n, 8) << 1; }

} // namespace

TEST(Index, FindsWhatAMapFinds) {
    std::mt19937 random(1);
    std::vector<Bucket> buckets(37); // 370 slots, no power of two
    Index index(buckets);
    std::map<uint32_t, uint64_t> oracle; // half -> hash
    for (int step = 0; step < 300'000; ++step) {
        uint32_t half = static_cast<uint32_t>(1 + random() % 330);
        if (auto known = oracle.find(half); known != oracle.end()) {
            index.erase(index.spot(known->second), half);
            oracle.erase(known);
        } else {
            uint64_t hash = hash_of(static_cast<uint32_t>(random() % 100'000));
            if (!index.insert(index.spot(hash), half))
                continue;
            oracle[half] = hash;
        }
        auto probe = static_cast<uint32_t>(1 + random() % 330);
        auto known = oracle.find(probe);
        if (known == oracle.end())
            continue;
        auto is_it = [&](uint32_t found) { return found == probe; };
        ASSERT_EQ(index.find(index.spot(known->second), is_it), probe) << step;
        ASSERT_NE(index.candidate(index.spot(known->second)), 0u);
    }
    for (auto [half, hash] : oracle)
        index.erase(index.spot(hash), half);
    for (const Bucket& bucket : buckets) {
        EXPECT_EQ(bucket.displaced, 0);
        EXPECT_EQ(bucket.guests, 0);
        EXPECT_EQ(bucket.matches(0), (1u << Bucket::slots) - 1);
    }
}

TEST(Index, TakesMoreThanItsTableWillEverPut) {
    std::vector<Bucket> buckets(1'000);
    Index index(buckets);
    uint32_t taken = 0;
    while (index.insert(index.spot(hash_of(taken)), taken + 1))
        ++taken;
    EXPECT_GT(taken, 9'000u) << "seven of ten slots are used at most";
}

TEST(Index, SaysThatItIsFullWhereAllHashesAreOne) {
    std::vector<Bucket> buckets(100);
    Index index(buckets);
    unsigned taken = 0;
    while (taken < 100 && index.insert(index.spot(0x1234567812345678), taken + 1))
        ++taken;
    EXPECT_EQ(taken, 2 * Bucket::slots);
    for (uint32_t half = 1; half <= taken; ++half)
        index.erase(index.spot(0x1234567812345678), half);
    EXPECT_TRUE(index.insert(index.spot(0x1234567812345678), 1));
}

// --- tuples chosen by somebody who knows the code, but not the seed

namespace {

template <class Address> struct Load {
    uint32_t fullest = 0, displaced = 0;

    template <class TupleAt> explicit Load(uint32_t count, TupleAt tuple_at) {
        HashSeed seed = HashSeed::random();
        std::vector<Bucket> buckets(count / 7);
        Index index(buckets);
        for (uint32_t n = 0; n < count; ++n) {
            ConnectionKey<Address> key(Place::sent_by(PortId(1)), tuple_at(n));
            EXPECT_TRUE(index.insert(index.spot(key.hash(seed)), n + 1)) << n;
        }
        for (const Bucket& bucket : buckets)
            displaced += bucket.displaced;
    }
};

template <class Address> void expect_even(const char* what, auto tuple_at) {
    constexpr uint32_t count = 70'000;
    std::mt19937_64 random(5);
    Load<Address> by_chance(count, [&](uint32_t) {
        auto word = random();
        return Tuple<Address>{testing::address_of<Address>(static_cast<uint32_t>(word >> 32)),
                              testing::address_of<Address>(static_cast<uint32_t>(word)),
                              static_cast<uint16_t>(random()), static_cast<uint16_t>(random()), 6};
    });
    Load<Address> chosen(count, tuple_at);
    EXPECT_LT(chosen.displaced, 2 * by_chance.displaced) << what;
}

} // namespace

// Ports and addresses that count up, or differ in few bits, spread as random ones do. (Displaced
// keys are those whose first bucket was full: what an attacker would want many of.)
TEST(Index, SpreadsTuplesWithAPatternAsItDoesRandomOnes) {
    auto both = [](const char* what, auto of) {
        expect_even<Ipv4Addr>(what, [&](uint32_t n) { return of(Tuple<Ipv4Addr>{}, n); });
        expect_even<Ipv6Addr>(what, [&](uint32_t n) { return of(Tuple<Ipv6Addr>{}, n); });
    };
    both("ports", [](auto tuple, uint32_t n) {
        tuple.source_port = static_cast<uint16_t>(n);
        tuple.destination_port = static_cast<uint16_t>(n >> 16);
        return tuple;
    });
    both("addresses", [](auto tuple, uint32_t n) {
        tuple.destination = testing::address_of<decltype(tuple.destination)>(n);
        return tuple;
    });
    both("high bits", [](auto tuple, uint32_t n) {
        tuple.source = testing::address_of<decltype(tuple.source)>(n << 15);
        return tuple;
    });
    both("a difference that is always the same", [](auto tuple, uint32_t n) {
        tuple.source = testing::address_of<decltype(tuple.source)>(n);
        tuple.destination = testing::address_of<decltype(tuple.destination)>(n + 1);
        tuple.source_port = static_cast<uint16_t>(~n);
        return tuple;
    });
}

// What collides under one seed does not under another: no list of tuples serves twice.
TEST(Index, CollisionsUnderOneSeedAreNoneUnderAnother) {
    HashSeed seed = HashSeed::random();
    std::vector<Bucket> buckets(10'000);
    Index index(buckets);
    auto key = [](uint32_t n) {
        return ConnectionKey<Ipv4Addr>(Place::sent_by(PortId(1)), testing::tuple_of<Ipv4Addr>(n));
    };
    std::vector<uint32_t> chosen;
    for (uint32_t n = 0; chosen.size() < 200; ++n)
        if (index.spot(key(n).hash(seed)).bucket < 10)
            chosen.push_back(n);
    HashSeed next = HashSeed::random();
    std::set<uint32_t> places;
    for (uint32_t n : chosen)
        places.insert(index.spot(key(n).hash(next)).bucket);
    EXPECT_GT(places.size(), 180u);
}

} // namespace ringfence
