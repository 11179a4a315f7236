// The shared memory: what it costs, who may take it over, and that nothing in it is a pointer.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/connection/fixture.h"

namespace ringfence {

namespace {

using Bench = testing::Bench<Ipv4Addr>;
using testing::small;
using testing::tuple_of;
using testing::way_of;

class RegionTest : public ::testing::Test {
protected:
    RegionTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "ringfence-region-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~RegionTest() override { std::filesystem::remove_all(folder_); }
    std::string path() const { return folder_ / "connections.0"; }

private:
    std::filesystem::path folder_;
};

template <class Address> void open_both(ConnectionTable<Address>& table, uint32_t n) {
    auto outbound = tuple_of<Address>(n);
    PortId port(1 + n % 20); // no port has more than its quota
    auto entry = table.open(port, outbound, Side::from_port);
    ASSERT_TRUE(entry);
    using Key = ConnectionKey<Address>;
    ASSERT_TRUE(table.write(*entry, Side::from_port,
                            {Key(Place::sent_by(port), outbound), outbound, way_of(1)}));
    ASSERT_TRUE(table.write(*entry, Side::to_port,
                            {Key(Place::arriving_in(SegmentId(2)), outbound.reversed()),
                             outbound.reversed(), way_of(2)}));
}

// Bytes that the kernel has given for n idle connections, ways and all, one each.
template <class Address> double resident_bytes_each(uint32_t n) {
    ConnectionSettings settings;
    settings.capacity4 = settings.capacity6 = settings.half_open_quota = n;
    auto connections = testing::make(settings);
    size_t before = connections->region().resident_bytes();
    auto& table = connections->table<Address>();
    for (uint32_t i = 0; i < n; ++i)
        open_both(table, i);
    EXPECT_EQ(table.size(), n);
    return static_cast<double>(connections->region().resident_bytes() - before) / n;
}

} // namespace

// PERFORMANCE.md: an idle connection costs at most 192 bytes for each local port's entry, both
// halves and buckets included; IPv6 384.
TEST(Memory, OfAnIdleConnectionIsWithinItsBound) {
    // So many that the kernel's large pages, half filled, don't count.
    double bytes4 = resident_bytes_each<Ipv4Addr>(600'000);
    double bytes6 = resident_bytes_each<Ipv6Addr>(200'000);
    RecordProperty("bytes_ipv4", std::to_string(bytes4));
    RecordProperty("bytes_ipv6", std::to_string(bytes6));
    EXPECT_GT(bytes4, 160) << "or it was not measured";
    EXPECT_LE(bytes4, 192);
    EXPECT_LE(bytes6, 384);
}

TEST(Memory, IsTakenAgainAndNotMoreOfIt) {
    Bench bench;
    auto round = [&] {
        for (uint32_t n = 0; n < 900; ++n)
            bench.open(tuple_of<Ipv4Addr>(n));
        bench.connections->flush();
    };
    round();
    size_t resident = bench.connections->region().resident_bytes();
    EntryId end = bench.table.end();
    for (int i = 0; i < 20; ++i)
        round();
    EXPECT_EQ(bench.connections->region().resident_bytes(), resident);
    EXPECT_EQ(bench.table.end(), end);
    EXPECT_EQ(bench.connections->ways().size(), 0u);
}

TEST_F(RegionTest, HoldsEverythingThatTheNextProcessNeeds) {
    {
        auto connections = Connections::create(path(), small());
        ASSERT_TRUE(connections) << connections.error().text;
        for (uint32_t n = 0; n < 500; ++n)
            open_both((*connections)->table<Ipv4Addr>(), n);
        (*connections)->table<Ipv4Addr>().cut(EntryId(7));
        (*connections)->raise(PortId(5));
    }
    auto connections = Connections::take_over(path(), small());
    ASSERT_TRUE(connections) << connections.error().text;
    auto& table = (*connections)->table<Ipv4Addr>();
    EXPECT_EQ(table.size(), 500u);
    EXPECT_EQ((*connections)->ways().size(), 2u);
    for (uint32_t n = 0; n < 500; ++n) {
        auto hit = table.find_by_port(PortId(1 + n % 20), tuple_of<Ipv4Addr>(n));
        ASSERT_TRUE(hit) << n;
        Validity wanted = hit.entry() == EntryId(7) ? Validity::cut
                          : hit.half->port == 5     ? Validity::stale
                                                    : Validity::live;
        EXPECT_EQ(table.validity(*hit.half), wanted);
    }
    (*connections)->flush();
    EXPECT_EQ(table.size(), 0u);
}

TEST_F(RegionTest, IsRefusedWhereItDoesNotFitAndLeftAlone) {
    ASSERT_TRUE(Connections::create(path(), small(1'000)));
    auto size = std::filesystem::file_size(path());
    auto other = Connections::take_over(path(), small(2'000));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::conflict);
    EXPECT_NE(other.error().text.find(path()), std::string::npos) << other.error().text;
    EXPECT_NE(other.error().text.find("section 5 is ways of 2000 x 64 bytes, this program's ways "
                                      "of 4000 x 64"),
              std::string::npos)
        << other.error().text;
    EXPECT_EQ(std::filesystem::file_size(path()), size);
    EXPECT_TRUE(Connections::take_over(path(), small(1'000)));
    EXPECT_TRUE(Connections::create(path(), small(2'000))) << "a fresh one goes in its place";
    EXPECT_TRUE(Connections::take_over(path(), small(2'000)));
}

// Bytes of the header changed, the file cut at several places, and files that are
// something else.
TEST_F(RegionTest, IsRefusedWhereItIsDamaged) {
    ASSERT_TRUE(Connections::create(path(), small(100)));
    std::ifstream in(path(), std::ios::binary);
    std::string good((std::istreambuf_iterator<char>(in)), {});
    auto refused = [&](const std::string& bytes) {
        std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
        auto taken = Connections::take_over(path(), small(100));
        EXPECT_TRUE(taken || taken.error().text.find(path()) != std::string::npos);
        return !taken;
    };
    EXPECT_FALSE(refused(good));
    for (size_t byte = 0; byte < 32 + 14 * 48; byte += 5) {
        std::string bad = good;
        bad[byte] = static_cast<char>(bad[byte] ^ 0x40);
        bool is_padding = byte >= 32 && (byte - 32) % 48 >= 44;
        EXPECT_NE(refused(bad), is_padding) << byte;
    }
    for (size_t length : {size_t{0}, size_t{10}, size_t{4096}, good.size() - 1, good.size() + 1})
        EXPECT_TRUE(refused(std::string(good).append("x").substr(0, length))) << length;
    EXPECT_TRUE(refused(std::string(8192, 'x')));
}

TEST_F(RegionTest, SaysWhatIsWrongWithAPath) {
    auto missing = Connections::take_over(path(), small());
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().text.find("No such file"), std::string::npos);
    EXPECT_FALSE(Connections::create(path() + "/in/no/folder", small()));
    ConnectionSettings huge;
    huge.capacity4 = UINT32_MAX - 1;
    auto refused = Connections::create(path(), huge);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("cannot take"), std::string::npos) << refused.error().text;
    EXPECT_FALSE(std::filesystem::exists(path()));
}

} // namespace ringfence
