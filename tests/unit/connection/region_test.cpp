// The shared memory: what it costs, who may take it over, and that nothing in it is a pointer.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/connection/fixture.h"
#include "tests/unit/temporary_folder.h"

namespace ringfence {

namespace {

using Bench = testing::Bench<Ipv4Addr>;
using testing::small;
using testing::tuple_of;
using testing::way_of;

class RegionTest : public ::testing::Test {
protected:
    std::string path() const { return folder_ / "connections.0"; }

private:
    test::TemporaryFolder folder_{"ringfence-region"};
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

// While it lives, the kernel gives this process memory in small pages, of which few lie half
// filled.
class SmallPages {
public:
    SmallPages() { prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); }
    ~SmallPages() { prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0); }
};

// Bytes that the kernel has given for n idle connections, ways and all, one each.
template <class Address> double resident_bytes_each(uint32_t n) {
    SmallPages small_pages;
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
    double bytes4 = resident_bytes_each<Ipv4Addr>(200'000);
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
    }
    auto connections = Connections::take_over(path(), small());
    ASSERT_TRUE(connections) << connections.error().text;
    auto& table = (*connections)->table<Ipv4Addr>();
    EXPECT_EQ(table.size(), 500u);
    EXPECT_EQ((*connections)->ways().size(), 2u);
    for (uint32_t n = 0; n < 500; ++n) {
        auto hit = table.find_by_port(PortId(1 + n % 20), tuple_of<Ipv4Addr>(n));
        ASSERT_TRUE(hit) << n;
        Validity wanted = hit.entry() == EntryId(7) ? Validity::cut : Validity::stale;
        EXPECT_EQ(table.validity(*hit.half), wanted) << "what has changed meanwhile, nobody knows";
    }
    (*connections)->flush();
    EXPECT_EQ(table.size(), 0u);
}

// A place is of a Fabric, and another process' serial numbers say nothing here.
TEST_F(RegionTest, ForgetsWhereWaysLed) {
    {
        auto connections = Connections::create(path(), small());
        ASSERT_TRUE(connections);
        open_both((*connections)->table<Ipv4Addr>(), 1);
        for (uint32_t way : {0u, 1u}) {
            (*connections)->ways()[WayId(way)].resolved_serial = 3;
            (*connections)->ways()[WayId(way)].resolved_id = 77;
            (*connections)->ways()[WayId(way)].resolved_kind = 2;
        }
    }
    auto connections = Connections::take_over(path(), small());
    ASSERT_TRUE(connections);
    for (uint32_t way : {0u, 1u})
        EXPECT_EQ((*connections)->ways()[WayId(way)].resolved_serial, 0u);
}

TEST_F(RegionTest, KnowsWhoseThePortsWere) {
    const PortId mine(1 + 1 % 20), others(1 + 2 % 20);
    {
        auto connections = Connections::create(path(), small());
        ASSERT_TRUE(connections);
        for (uint32_t port = 0; port < 21; ++port)
            (*connections)->claim(PortId(port), 7);
        for (uint32_t n : {1u, 2u})
            open_both((*connections)->table<Ipv4Addr>(), n);
    }
    auto connections = Connections::take_over(path(), small());
    ASSERT_TRUE(connections);
    auto& table = (*connections)->table<Ipv4Addr>();
    (*connections)->claim(mine, 7);
    (*connections)->claim(others, 8);
    EXPECT_TRUE(table.find_by_port(mine, tuple_of<Ipv4Addr>(1)));
    EXPECT_FALSE(table.find_by_port(others, tuple_of<Ipv4Addr>(2)));
}

// The two processes' clocks need not agree, and one that started late may be behind.
TEST_F(RegionTest, AgesOnFromWhereItStood) {
    {
        auto connections = Connections::create(path(), small());
        ASSERT_TRUE(connections);
        (*connections)->set_now({4'000'000'000});
        open_both((*connections)->table<Ipv4Addr>(), 1);
        (*connections)->set_now({4'000'010'000});
    }
    auto connections = Connections::take_over(path(), small());
    ASSERT_TRUE(connections);
    auto& table = (*connections)->table<Ipv4Addr>();
    (*connections)->set_now({500});
    EXPECT_EQ(table.silence(EntryId(1)), 10'000u);
    (*connections)->set_now({20'499});
    EXPECT_FALSE((*connections)->sweep(100, [](auto&, EntryId) {}));
    EXPECT_EQ(table.size(), 1u);
    (*connections)->set_now({20'500 + 1'000}); // when the sweep is there again
    (*connections)->sweep(100, [](auto&, EntryId) {});
    EXPECT_EQ(table.size(), 0u) << "30 s, unanswered";
}

TEST_F(RegionTest, CountsWhatEveryPortHasOfItsShare) {
    ConnectionSettings settings = small(1'024);
    {
        auto connections = Connections::create(path(), settings);
        ASSERT_TRUE(connections);
        for (uint32_t n = 0; n < 1'024; ++n)
            open_both((*connections)->table<Ipv4Addr>(), n);
    }
    auto connections = Connections::take_over(path(), settings);
    ASSERT_TRUE(connections);
    auto& table = (*connections)->table<Ipv4Addr>();
    (*connections)->share_among(20);
    for (uint32_t n = 0; n < 1'024; ++n)
        if (PortId(1 + n % 20) != PortId(1))
            table.close(table.find_by_port(PortId(1 + n % 20), tuple_of<Ipv4Addr>(n)).entry());
    uint32_t has = table.size(), more = 0;
    while (table.open(PortId(1), tuple_of<Ipv4Addr>(10'000 + more), Side::from_port))
        ++more;
    EXPECT_EQ(has + more, 1'024u * 3 / 4 + 8) << "all that is spare, and its own part";
}

// A process that is killed while it opens and closes: its region is as good as new, or refused.
TEST_F(RegionTest, OfWhoWasKilledIsWholeOrRefused) {
    unsigned whole = 0;
    for (unsigned round = 0; round < 40; ++round) {
        pid_t child = fork();
        if (child == 0) {
            auto connections = Connections::create(path(), small());
            if (!connections)
                _exit(1);
            auto& table = (*connections)->table<Ipv4Addr>();
            for (uint32_t n = 0;; ++n) {
                auto known = table.find_by_port(PortId(1 + n % 20), tuple_of<Ipv4Addr>(n % 300));
                if (known)
                    table.close(known.entry());
                else
                    open_both(table, n % 300);
                for (uint32_t i = 0; i < 100; ++i) // what changes nothing takes time as well
                    table.find({Place::sent_by(PortId(1 + i % 20)), tuple_of<Ipv4Addr>(i)});
            }
        }
        ASSERT_GT(child, 0);
        usleep(20'000 + round * 500);
        ASSERT_EQ(kill(child, SIGKILL), 0);
        waitpid(child, nullptr, 0);
        auto connections = Connections::take_over(path(), small());
        if (!connections) {
            EXPECT_NE(connections.error().text.find("middle of a change"), std::string::npos)
                << connections.error().text;
            continue;
        }
        ++whole;
        auto& table = (*connections)->table<Ipv4Addr>();
        uint32_t found = 0;
        for (uint32_t n = 0; n < 300; ++n)
            for (uint32_t port = 1; port <= 20; ++port)
                found += table.find_by_port(PortId(port), tuple_of<Ipv4Addr>(n)) ? 1 : 0;
        EXPECT_EQ(found, table.size());
        (*connections)->flush();
        EXPECT_EQ(table.size(), 0u);
        EXPECT_EQ((*connections)->ways().size(), 0u);
    }
    RecordProperty("whole", static_cast<int>(whole));
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
