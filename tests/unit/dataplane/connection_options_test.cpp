// other_config's keys for the connection tables: what they mean, what is refused, what is
// documented; and the folder of the tables.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "dataplane/engine/connection_options.h"
#include "dataplane/engine/region_folder.h"
#include "tests/unit/temporary_folder.h"

namespace ringfence {
namespace {

namespace fs = std::filesystem;
using OtherConfig = std::map<std::string, std::string>;

TEST(ConnectionOptions, SetSizesAndWhatFollowsFromThem) {
    auto settings = connection_settings_from(
        {{"ringfence-connections", "4096"}, {"ringfence-connections-per-port", "1000"}});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->capacity4, 4096u);
    EXPECT_EQ(settings->capacity6, 1024u);
    EXPECT_EQ(settings->quota, 1000u);
    EXPECT_EQ(settings->half_open_quota, 250u);
    settings = connection_settings_from({{"ringfence-connections", "4096"},
                                         {"ringfence-connections-ipv6", "8192"},
                                         {"ringfence-half-open-per-port", "7"}});
    EXPECT_EQ(settings->capacity6, 8192u);
    EXPECT_EQ(settings->half_open_quota, 7u);
}

TEST(ConnectionOptions, SetTimeOutsOfFilteredAndOfTranslatedConnections) {
    auto settings = connection_settings_from({{"ringfence-timeout-udp", "5"},
                                              {"ringfence-nat-timeout-tcp-established", "86400"},
                                              {"ringfence-tcp-liberal", "true"},
                                              {"n-revalidator-threads", "4"}});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->timeouts.filtered.udp, 5'000u);
    EXPECT_EQ(settings->timeouts.translated.udp, Timeouts::translated.udp);
    EXPECT_EQ(settings->timeouts.translated.tcp[static_cast<size_t>(TcpState::established)],
              86'400'000u);
    EXPECT_TRUE(settings->tcp.liberal);
}

TEST(ConnectionOptions, RefuseABadValueByName) {
    struct Bad {
        const char *key, *value, *says;
    };
    for (const Bad& bad : {Bad{"ringfence-connections", "10", "from 1024 to 33554432"},
                           Bad{"ringfence-connections-per-port", "many", "\"many\""},
                           Bad{"ringfence-timeout-udp", "0", "from 1 to 2147483"},
                           Bad{"ringfence-timeout-udp", "30s", "\"30s\" is not a number"},
                           Bad{"ringfence-timeout-sctp", "30", "\"sctp\" is none of tcp-syn-sent"},
                           Bad{"ringfence-tcp-loose", "yes", "neither true nor false"}}) {
        auto settings = connection_settings_from({{bad.key, bad.value}});
        ASSERT_FALSE(settings) << bad.key;
        EXPECT_NE(settings.error().text.find(std::string("other_config:") + bad.key),
                  std::string::npos);
        EXPECT_NE(settings.error().text.find(bad.says), std::string::npos) << settings.error().text;
    }
}

TEST(ConnectionOptions, AreDocumentedWithTheirDefaults) {
    std::ifstream file(RINGFENCE_SETTINGS_PAGE);
    std::stringstream page;
    page << file.rdbuf();
    for (const ConnectionOption& option : connection_options())
        EXPECT_NE(page.str().find(fmt::format("| `{}` | `{}` |", option.key, option.value)),
                  std::string::npos)
            << option.key << " " << option.value;
}

class RegionFolderTest : public testing::Test {
protected:
    test::TemporaryFolder folder_{"ringfence-regions"};
    const fs::path path_ = folder_ / "ringfence-connections";
    ConnectionSettings small_ = *connection_settings_from({{"ringfence-connections", "1024"}});
};

TEST_F(RegionFolderTest, IsOneDaemons) {
    auto first = RegionFolder::open(path_);
    ASSERT_TRUE(first) << first.error().text;
    auto second = RegionFolder::open(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    EXPECT_NE(second.error().text.find("another daemon"), std::string::npos);
    { auto released = std::move(*first); }
    EXPECT_TRUE(RegionFolder::open(path_));
}

TEST_F(RegionFolderTest, KeepsOneFileAWorkerAndClearsWhatWasLeft) {
    fs::create_directories(path_);
    std::ofstream(path_ / "worker-7") << "left by a daemon that was killed";
    std::ofstream(path_ / "somebody's") << "not ours";
    {
        auto folder = RegionFolder::open(path_);
        ASSERT_TRUE(folder) << folder.error().text;
        EXPECT_FALSE(fs::exists(path_ / "worker-7"));
        auto connections = folder->connections_of(0, small_);
        ASSERT_TRUE(connections) << connections.error().text;
        EXPECT_TRUE(fs::exists(path_ / "worker-0"));
        EXPECT_EQ((*connections)->size(), 0u);
    }
    EXPECT_FALSE(fs::exists(path_ / "worker-0"));
    EXPECT_TRUE(fs::exists(path_ / "somebody's"));
}

} // namespace
} // namespace ringfence
