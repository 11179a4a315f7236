#include <random>

#include <gtest/gtest.h>

#include "core/tables/prefix_table.h"

namespace ringfence {

namespace {

using Routes = std::vector<std::pair<IpPrefix, uint32_t>>;

IpPrefix prefix(const char* text) { return *IpPrefix::from(text); }
IpAddr address(const char* text) { return *IpAddr::from(text); }

// What the table must say: all routes, one after the other.
const uint32_t* scan(const Routes& routes, const IpAddr& address) {
    const Routes::value_type* best = nullptr;
    for (const auto& route : routes)
        if (route.first.contains(address) && (!best || route.first.length() > best->first.length()))
            best = &route;
    return best ? &best->second : nullptr;
}

class Random {
public:
    explicit Random(uint32_t seed) : bits_(seed) {}
    uint32_t below(uint32_t limit) { return next() % limit; }

    // Few different bits, so that prefixes nest and addresses meet them.
    IpAddr address() {
        if (below(2))
            return Ipv4Addr{next() & 0x0f00ff03u};
        Ipv6Addr six{};
        for (size_t at : {0u, 7u, 8u, 15u})
            six.bytes[at] = static_cast<uint8_t>(next() & 0x83);
        return six;
    }
    IpPrefix prefix() {
        IpAddr in = address();
        unsigned length = below(in.is_v4() ? 33 : 129);
        return masked(in, length);
    }

private:
    uint32_t next() { return static_cast<uint32_t>(bits_()); }
    static IpPrefix masked(const IpAddr& address, unsigned length) {
        if (const auto* four = address.v4()) {
            uint32_t mask = length ? ~uint32_t{0} << (32 - length) : 0;
            return *IpPrefix::from(Ipv4Addr{four->value & mask}, length);
        }
        Ipv6Addr six = *address.v6();
        for (unsigned bit = length; bit < 128; ++bit)
            six.bytes[bit / 8] = static_cast<uint8_t>(six.bytes[bit / 8] & ~(0x80 >> bit % 8));
        return *IpPrefix::from(six, length);
    }
    std::mt19937 bits_;
};

} // namespace

TEST(PrefixTable, FindsWhatALinearScanFinds) {
    Random random(7);
    size_t found = 0;
    for (int round = 0; round < 400; ++round) {
        Routes routes;
        for (uint32_t i = random.below(40); i > 0; --i)
            routes.emplace_back(random.prefix(), i);
        PrefixTable<uint32_t> table(routes);
        for (int i = 0; i < 200; ++i) {
            IpAddr wanted = random.address();
            const uint32_t *got = table.find(wanted), *known = scan(routes, wanted);
            ASSERT_EQ(got != nullptr, known != nullptr) << to_string(wanted);
            if (known) {
                ASSERT_EQ(*got, *known) << to_string(wanted);
            }
            found += known != nullptr;
        }
    }
    EXPECT_GT(found, 10'000u) << "or the test shows little";
}

TEST(PrefixTable, TakesTheLongestOfNestedPrefixes) {
    PrefixTable<uint32_t> table(Routes{{prefix("0.0.0.0/0"), 1},
                                       {prefix("10.0.0.0/8"), 2},
                                       {prefix("10.1.0.0/16"), 3},
                                       {prefix("10.1.0.0/32"), 4}});
    EXPECT_EQ(*table.find(address("10.1.0.0")), 4u);
    EXPECT_EQ(*table.find(address("10.1.2.3")), 3u);
    EXPECT_EQ(*table.find(address("10.2.0.1")), 2u);
    EXPECT_EQ(*table.find(address("9.255.255.255")), 1u);
    EXPECT_EQ(*table.find(address("255.255.255.255")), 1u);
    EXPECT_EQ(table.find(address("::")), nullptr) << "families are apart";
}

TEST(PrefixTable, KnowsBothEndsOfTheAddresses) {
    PrefixTable<uint32_t> table(Routes{{prefix("::/128"), 1},
                                       {prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), 2},
                                       {prefix("0.0.0.0/32"), 3},
                                       {prefix("255.255.255.255/32"), 4}});
    EXPECT_EQ(*table.find(address("::")), 1u);
    EXPECT_EQ(table.find(address("::1")), nullptr);
    EXPECT_EQ(*table.find(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), 2u);
    EXPECT_EQ(*table.find(address("0.0.0.0")), 3u);
    EXPECT_EQ(table.find(address("0.0.0.1")), nullptr);
    EXPECT_EQ(*table.find(address("255.255.255.255")), 4u);
}

TEST(PrefixTable, OfTwoRoutesWithOnePrefixTakesTheFirst) {
    PrefixTable<uint32_t> table(Routes{{prefix("10.0.0.0/8"), 1}, {prefix("10.0.0.0/8"), 2}});
    EXPECT_EQ(*table.find(address("10.0.0.1")), 1u);
    EXPECT_EQ(table.size(), 1u);
}

TEST(PrefixTable, GivesBackItsRoutesInOrder) {
    Routes routes{{prefix("0.0.0.0/0"), 1},
                  {prefix("10.0.0.0/8"), 2},
                  {prefix("10.0.0.0/24"), 3},
                  {prefix("fd00::/8"), 4},
                  {prefix("fd00::/64"), 5}};
    Routes got, shuffled{routes[3], routes[2], routes[0], routes[4], routes[1]};
    PrefixTable<uint32_t>(shuffled).for_each(
        [&](const IpPrefix& prefix, uint32_t value) { got.emplace_back(prefix, value); });
    EXPECT_EQ(got, routes);
}

TEST(PrefixTable, TakesBytesARoute) {
    PrefixTable<uint32_t> small(
        Routes{{prefix("0.0.0.0/0"), 1}, {prefix("10.0.0.0/24"), 2}, {prefix("192.0.2.0/24"), 3}});
    EXPECT_LE(sizeof small + small.bytes(), 128u);

    Routes many;
    for (uint32_t i = 0; i < 100'000; ++i)
        many.emplace_back(*IpPrefix::from(Ipv4Addr{i << 12}, 20 + i % 13), i);
    PrefixTable<uint32_t> large(many);
    EXPECT_LE(large.bytes(), 100'000u * 16);
    for (uint32_t i = 0; i < 100'000; ++i)
        ASSERT_EQ(*large.find(Ipv4Addr{i << 12}), i);
}

} // namespace ringfence
