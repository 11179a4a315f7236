#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "core/tables/mac_table.h"
#include "core/tables/paged_map.h"
#include "core/tables/registry.h"
#include "core/tables/spsc_ring.h"
#include "core/types/ids.h"

namespace ringfence {

namespace {

std::map<MacAddr, uint16_t> contents(const MacTable& table) {
    std::map<MacAddr, uint16_t> all;
    table.for_each([&](MacAddr mac, uint16_t value) { all[mac] = value; });
    return all;
}

} // namespace

TEST(MacTable, FindsWhatAMapFinds) {
    std::mt19937 random(1);
    MacTable table;
    std::map<MacAddr, uint16_t> oracle;
    for (int i = 0; i < 60'000; ++i) {
        auto mac = MacAddr::from_u64(0x020000000000 + random() % 5'000);
        if (random() % 3 == 0) {
            table.erase(mac);
            oracle.erase(mac);
        } else {
            auto value = static_cast<uint16_t>(1 + random() % 0xffff);
            table.set(mac, value);
            oracle[mac] = value;
        }
        auto probe = MacAddr::from_u64(0x020000000000 + random() % 5'000);
        auto known = oracle.find(probe);
        ASSERT_EQ(table.find(probe), known == oracle.end() ? 0 : known->second);
        ASSERT_EQ(table.size(), oracle.size());
    }
    EXPECT_EQ(contents(table), oracle);
}

TEST(MacTable, HoldsAHundredThousandMacsOfOneVendor) {
    MacTable table;
    for (uint64_t i = 1; i <= 100'000; ++i)
        table.set(MacAddr::from_u64(0x060000000000 + i), static_cast<uint16_t>(i % 0xffff + 1));
    for (uint64_t i = 1; i <= 100'000; ++i)
        ASSERT_EQ(table.find(MacAddr::from_u64(0x060000000000 + i)), i % 0xffff + 1);
    EXPECT_EQ(table.find(MacAddr::from_u64(0x060000000000)), 0);
    EXPECT_LE(table.page_count() * 4096, 4u << 20) << "must lie in the last level cache";
}

TEST(MacTable, ChangesOnePageAndSharesTheRest) {
    MacTable before;
    for (uint64_t i = 1; i <= 10'000; ++i)
        before.set(MacAddr::from_u64(i), 1);
    MacTable after = before;
    EXPECT_EQ(after.pages_shared_with(before), before.page_count());
    after.set(MacAddr::from_u64(77), 2);
    EXPECT_EQ(after.pages_shared_with(before), before.page_count() - 1);
    EXPECT_EQ(before.find(MacAddr::from_u64(77)), 1);
    EXPECT_EQ(after.find(MacAddr::from_u64(77)), 2);
    after.erase(MacAddr::from_u64(77));
    EXPECT_EQ(before.find(MacAddr::from_u64(77)), 1);
    EXPECT_EQ(after.find(MacAddr::from_u64(77)), 0);
    EXPECT_GE(after.pages_shared_with(before) + 1, before.page_count());
}

// Erasing must not hide what had spilled over the erased entry's bucket.
TEST(MacTable, FindsTheOthersAfterAnyOneIsErased) {
    MacTable full;
    for (uint64_t i = 1; i <= 300; ++i)
        full.set(MacAddr::from_u64(i), static_cast<uint16_t>(i));
    for (uint64_t gone = 1; gone <= 300; ++gone) {
        MacTable table = full;
        table.erase(MacAddr::from_u64(gone));
        for (uint64_t i = 1; i <= 300; ++i)
            ASSERT_EQ(table.find(MacAddr::from_u64(i)), i == gone ? 0 : i);
    }
}

TEST(MacTable, IsNotBrokenByMacsThatWereChosenToShareAPage) {
    // All of these fall into the first page under the seed that a table starts with.
    MacTable table;
    std::vector<uint64_t> chosen;
    for (uint64_t mac = 1; chosen.size() < 2'000; ++mac)
        if ((mix(mac, 0) & 0xfc0) == 0)
            chosen.push_back(mac);
    for (uint64_t mac : chosen)
        table.set(MacAddr::from_u64(mac), 7);
    for (uint64_t mac : chosen)
        ASSERT_EQ(table.find(mac), 7);
    EXPECT_LE(table.page_count(), 64u);
}

TEST(PagedMap, FindsWhatAMapFindsAndCopiesStayAsTheyWere) {
    std::mt19937 random(2);
    PagedMap<Vni, int> table;
    std::map<Vni, int> oracle;
    auto key = [&] { return *Vni::from(1 + random() % 2'000); };
    for (int i = 0; i < 30'000; ++i) {
        PagedMap<Vni, int> copy = table;
        size_t size = copy.size();
        Vni changed = key();
        const int* old = copy.find(changed);
        int was = old ? *old : -1;
        if (random() % 3 == 0) {
            table.erase(changed);
            oracle.erase(changed);
        } else {
            table.set(changed, i);
            oracle[changed] = i;
        }
        ASSERT_EQ(copy.size(), size);
        ASSERT_EQ(copy.find(changed) ? *copy.find(changed) : -1, was);
        Vni probe = key();
        auto known = oracle.find(probe);
        const int* found = table.find(probe);
        ASSERT_EQ(found ? *found : -1, known == oracle.end() ? -1 : known->second);
    }
    size_t visited = 0;
    table.for_each([&](Vni vni, int value) {
        EXPECT_EQ(oracle.at(vni), value);
        ++visited;
    });
    EXPECT_EQ(visited, oracle.size());
}

TEST(Registry, SharesObjectsAndKeepsCopiesAsTheyWere) {
    Registry<int> before;
    for (uint32_t id = 0; id < 200; id += 3)
        before.set(id, std::make_shared<const int>(static_cast<int>(id)));
    Registry<int> after = before;
    after.set(3, nullptr);
    after.set(500, std::make_shared<const int>(500));
    EXPECT_EQ(*before.find(3), 3);
    EXPECT_EQ(after.find(3), nullptr);
    EXPECT_EQ(after.find(6), before.find(6)) << "the same object";
    EXPECT_EQ(before.find(500), nullptr);
    EXPECT_EQ(*after.find(500), 500);
    EXPECT_EQ(after.find(1), nullptr);
    EXPECT_EQ(after.find(4'000'000), nullptr);
}

TEST(SpscRing, GivesInOrderAndSaysWhenItIsFull) {
    SpscRing<int> ring(4);
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(4));
    EXPECT_EQ(ring.pop(), 0);
    EXPECT_TRUE(ring.push(5));
    for (int want : {1, 2, 3, 5})
        EXPECT_EQ(ring.pop(), want);
    EXPECT_FALSE(ring.pop());
}

} // namespace ringfence
