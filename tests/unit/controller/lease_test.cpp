// The lease, in process, on a real ovsdb-server: what its fences stop, and how it is lost.
#include "controller/lease.h"

#include <gtest/gtest.h>

#include "controller/options.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::test {
namespace {

using namespace ovsdb::test;
using controller::Lease;
using ovsdb::ConnectionState;

class LeaseTest : public testing::Test {
protected:
    LeaseTest()
        : server_({schema_file("northbound"), schema_file("southbound")}),
          north_(reactor_, {.remotes = server_.remote()}),
          south_(reactor_, {.remotes = server_.remote()}),
          lease_(reactor_, north_, south_, {"me", 600ms}) {
        lease_.on_change([this](bool held) { (held ? taken_ : lost_)++; });
    }

    // What another contender does; the lease under test hears of it when the reactor runs.
    void take_away() {
        server_.transact(R"(["Ringfence_Southbound", {"op": "mutate", "table": "Lease", "where": [],
                             "mutations": [["epoch", "+=", 1]]}])");
        server_.transact(R"(["Ringfence_Northbound", {"op": "mutate", "table": "Lease", "where": [],
                             "mutations": [["epoch", "+=", 1]]}])");
    }

    Server server_;
    ovsdb::Reactor reactor_;
    controller::NorthboundDatabase north_;
    controller::SouthboundDatabase south_;
    Lease lease_;
    int taken_ = 0;
    int lost_ = 0;
};

TEST_F(LeaseTest, RaisesTheNorthboundEpochBeforeItIsHeld) {
    UNTIL(reactor_, lease_.held());
    EXPECT_EQ(taken_, 1);
    EXPECT_EQ(lease_.epoch(), 1);
    ASSERT_EQ(north_.tables().lease.size(), 1u);
    EXPECT_EQ(north_.tables().lease.begin()->epoch, 1);
    EXPECT_EQ(south_.tables().lease.begin()->owner, "me");
}

TEST_F(LeaseTest, StartsAboveTheNorthboundEpochWhenTheSouthboundDatabaseIsNew) {
    server_.transact(R"(["Ringfence_Northbound", {"op": "insert", "table": "Lease",
                         "row": {"epoch": 41, "owner": "gone"}}])");
    server_.transact(R"(["Ringfence_Northbound", {"op": "insert", "table": "Global",
                         "row": {"sequence": 130, "admit_hosts": "manual"}}])");
    UNTIL(reactor_, lease_.held());
    EXPECT_EQ(lease_.epoch(), 42);
    EXPECT_EQ(south_.tables().lease.begin()->sequence, 130) << "numbers never go back";
}

TEST_F(LeaseTest, RenewsWhileItIsHeld) {
    UNTIL(reactor_, lease_.held());
    const auto first = south_.tables().lease.begin()->renewals;
    UNTIL(reactor_, south_.tables().lease.begin()->renewals >= first + 3);
    EXPECT_EQ(lost_, 0);
    EXPECT_EQ(lease_.epoch(), 1);
}

TEST_F(LeaseTest, ItsFencesStopAFormerHolderInBothDatabases) {
    UNTIL(reactor_, lease_.held());
    ovsdb::Transaction south, north;
    lease_.fence_south(south);
    south.insert(southbound::BlockLog{});
    lease_.fence_north(north);
    north.insert(northbound::Event{});
    take_away();
    auto in_south = south_.commit_now(south, soon());
    auto in_north = north_.commit_now(north, soon());
    ASSERT_TRUE(!in_south && !in_north);
    EXPECT_TRUE(ovsdb::is_try_again(in_south.error())) << in_south.error().text;
    EXPECT_TRUE(ovsdb::is_try_again(in_north.error())) << in_north.error().text;
    EXPECT_TRUE(south_.tables().block_log.empty());
    EXPECT_TRUE(north_.tables().event.empty());
    UNTIL(reactor_, lost_ == 1);
    EXPECT_FALSE(lease_.held());
}

TEST_F(LeaseTest, TheSameTransactionsPassWhileItIsHeld) {
    UNTIL(reactor_, lease_.held());
    ovsdb::Transaction south, north;
    lease_.fence_south(south);
    south.insert(southbound::BlockLog{});
    lease_.fence_north(north);
    north.insert(northbound::Event{});
    EXPECT_TRUE(south_.commit_now(south, soon()));
    EXPECT_TRUE(north_.commit_now(north, soon()));
}

TEST_F(LeaseTest, ContendsAgainAfterItWasLost) {
    UNTIL(reactor_, lease_.held());
    take_away();
    UNTIL(reactor_, lost_ == 1);
    const auto lost_at = Clock::now();
    UNTIL(reactor_, lease_.held()); // the other one never renews
    EXPECT_EQ(lease_.epoch(), 3);
    EXPECT_GE(Clock::now() - lost_at, 500ms);
    EXPECT_EQ(taken_, 2);
}

TEST_F(LeaseTest, IsGivenUpWhenADatabaseIsAwayForTheLeaseTime) {
    UNTIL(reactor_, lease_.held());
    server_.kill();
    UNTIL(reactor_, lost_ == 1);
    server_.start();
    UNTIL(reactor_, lease_.held());
    EXPECT_EQ(lease_.epoch(), 2);
}

TEST_F(LeaseTest, IsLostWithItsRow) { // the southbound database was replaced by an empty one
    UNTIL(reactor_, lease_.held());
    server_.transact(R"(["Ringfence_Northbound", {"op": "insert", "table": "Global",
                         "row": {"sequence": 130, "admit_hosts": "manual"}}])");
    server_.transact(
        R"(["Ringfence_Southbound", {"op": "delete", "table": "Lease", "where": []}])");
    UNTIL(reactor_, lost_ == 1);
    UNTIL(reactor_, lease_.held());
    EXPECT_EQ(lease_.epoch(), 2);
    EXPECT_EQ(south_.tables().lease.begin()->sequence, 130);
}

TEST_F(LeaseTest, IsTakenAnewWhenItsRowIsOfAnEarlierTime) { // or by one from a backup
    UNTIL(reactor_, lease_.held());
    server_.transact(R"(["Ringfence_Northbound", {"op": "insert", "table": "Global",
                         "row": {"sequence": 130, "admit_hosts": "manual"}}])");
    server_.transact(R"(["Ringfence_Southbound", {"op": "update", "table": "Lease", "where": [],
                         "row": {"epoch": 0, "sequence": 70, "owner": "old"}}])");
    UNTIL(reactor_, lost_ == 1);
    UNTIL(reactor_, lease_.held());
    EXPECT_EQ(lease_.epoch(), 2);
    EXPECT_EQ(south_.tables().lease.begin()->sequence, 130) << "numbers never go back";
}

TEST_F(LeaseTest, AReleaseClearsTheOwner) {
    UNTIL(reactor_, lease_.held());
    bool done = false;
    lease_.release([&] { done = true; });
    UNTIL(reactor_, done);
    EXPECT_EQ(south_.tables().lease.begin()->owner, "");
    reactor_.run_until([] { return false; }, Clock::now() + 200ms);
    EXPECT_FALSE(lease_.held()) << "and it does not contend for it again";
}

// The command line

Result<controller::Options> options_from(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "ringfence-controller");
    return controller::Options::from(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Options, HaveDefaultsAndAreRead) {
    auto options = options_from({});
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_EQ(options->controller.north, "unix:/run/ringfence/nb.sock");
    EXPECT_EQ(options->controller.lease_time, 3s);
    EXPECT_FALSE(options->controller.name.empty());
    options = options_from({"--nb", "tcp:192.0.2.1:6641", "--lease-time", "500", "--name", "c1",
                            "--detach", "-v", "lease:dbg", "--pidfile", "/x.pid"});
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_EQ(options->controller.north, "tcp:192.0.2.1:6641");
    EXPECT_EQ(options->controller.lease_time, 500ms);
    EXPECT_EQ(options->controller.name, "c1");
    EXPECT_TRUE(options->detach);
    ASSERT_EQ(options->log_settings.size(), 1u);
    EXPECT_EQ(options->log_settings[0].module, "lease");
    EXPECT_EQ(options_from({"--help"})->action, controller::Options::Action::help);
    EXPECT_EQ(options_from({"-V"})->action, controller::Options::Action::version);
}

TEST(Options, RefuseWhatTheyDoNotKnow) {
    auto expect = [](std::vector<const char*> arguments, const char* text) {
        auto options = options_from(std::move(arguments));
        ASSERT_FALSE(options) << text;
        EXPECT_NE(options.error().text.find(text), std::string::npos) << options.error().text;
    };
    expect({"--nosuch"}, "--nosuch");
    expect({"stray"}, "positional");
    expect({"--lease-time", "5"}, "100 to 3600000");
    expect({"--lease-time", "soon"}, "soon");
    expect({"-v", "lease:loud"}, "loud");
}

} // namespace
} // namespace ringfence::test
