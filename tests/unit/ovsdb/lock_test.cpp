// OVSDB locks (RFC 7047, clauses 4.1.8-4.1.10) between clients of one server.
#include "ovsdb/vswitch.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::ovsdb::test {
namespace {

using Vswitch = Database<vswitch::Schema>;

struct LockTest : testing::Test {
    Server server{{"/usr/share/openvswitch/vswitch.ovsschema"}};
    Reactor reactor;
    DatabaseOptions options{.remotes = server.remote(), .lock = "ovs_vswitchd"};
    std::unique_ptr<Vswitch> first = std::make_unique<Vswitch>(reactor, options);
    std::vector<bool> told;

    void SetUp() override {
        first->on_lock([this](bool held) { told.push_back(held); });
        UNTIL(reactor, first->has_lock());
    }

    Result<Committed> write(Vswitch& database) {
        Transaction transaction;
        transaction.assert_lock("ovs_vswitchd");
        transaction.comment("as its owner");
        return database.commit_now(transaction, soon());
    }
};

TEST_F(LockTest, IsInheritedWhenItsOwnerGoes) {
    Vswitch second(reactor, options);
    ASSERT_TRUE(second.wait_ready(soon()));
    EXPECT_FALSE(second.has_lock());
    EXPECT_TRUE(write(*first));
    auto refused = write(second);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_NE(refused.error().text.find("assertion of lock \"ovs_vswitchd\""), std::string::npos)
        << why(refused);
    first.reset();
    UNTIL(reactor, second.has_lock());
    EXPECT_TRUE(write(second));
}

TEST_F(LockTest, TellsWhoeverItWasStolenFrom) {
    Vswitch second(reactor, options);
    ASSERT_TRUE(second.wait_ready(soon()));
    second.steal_lock();
    UNTIL(reactor, second.has_lock() && !first->has_lock());
    EXPECT_FALSE(write(*first));
    second.unlock(); // a client that was stolen from stands first in the queue (RFC 7047,
                     // clause 4.1.9)
    UNTIL(reactor, first->has_lock() || told.size() == 2);
    EXPECT_FALSE(second.has_lock());
}

TEST_F(LockTest, IsTakenAgainAfterAReconnect) {
    server.restart();
    UNTIL(reactor, told == (std::vector<bool>{true, false, true}));
    EXPECT_TRUE(write(*first));
}

} // namespace
} // namespace ringfence::ovsdb::test
