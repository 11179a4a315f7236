// Waiting for a change. The controller's side of the northbound database is written by hand here,
// so that each step of it can be seen; tests/system has the real one.
#include <thread>

#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

using std::chrono::milliseconds;

class WaitTest : public CloudTest {
protected:
    // What the controller writes when it has compiled everything up to `change`.
    void compile(int64_t change, int64_t sequence) {
        transact(R"({"op":"update","table":"Global","where":[],"row":{"compiled":)" +
                 std::to_string(change) + R"(,"sequence":)" + std::to_string(sequence) + "}}");
    }
    void host(const std::string& name, const std::string& columns) {
        transact(R"({"op":"update","table":"Host","where":[["name","==",")" + name +
                 R"("]],"row":{)" + columns + "}}");
    }
    void add_host(const std::string& name) {
        transact(R"({"op":"insert","table":"Host","row":{"name":")" + name +
                 R"(","kind":"ringfence","admitted":true}})");
    }
};

TEST_F(WaitTest, ForNothingReturnsAtOnce) {
    Cloud cloud = open(milliseconds(5000));
    const auto made = cloud.create(NewOrganization{.name = "acme"});
    EXPECT_OK(cloud.wait(made->receipt, Wait::none));
    EXPECT_OK(cloud.wait({}, Wait::hosts));
}

TEST_F(WaitTest, ForTheControllerEndsWhenItHasCompiled) {
    Cloud cloud = open();
    const auto made = cloud.create(NewOrganization{.name = "acme"});
    std::jthread controller([&] { compile(made->receipt.change, 1); });
    std::vector<bool> steps;
    EXPECT_OK(cloud.wait(made->receipt, Wait::controller,
                         [&](const Progress& progress) { steps.push_back(progress.compiled); }));
    EXPECT_EQ(steps, std::vector<bool>{false});
}

TEST_F(WaitTest, ForTheControllerIsNotContentWithAnEarlierChange) {
    Cloud cloud = open(milliseconds(300));
    EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
    compile(1, 1);
    const auto made = cloud.create(NewOrganization{.name = "globex"});
    EXPECT_ERROR(timeout,
                 "change 2 is written, but no controller has compiled it within 0.3 s; is "
                 "ringfence-controller running",
                 cloud.wait(made->receipt, Wait::controller));
}

TEST_F(WaitTest, ForHostsWaitsForThoseThatAreTouchedOnly) {
    add_host("a");
    add_host("b");
    add_host("idle");
    Cloud cloud = open();
    EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
    compile(1, 10);
    host("idle", R"("required":10,"applied":3)"); // it lags, but with an earlier change
    const auto made = cloud.create(NewOrganization{.name = "globex"});
    EXPECT_EQ(made->receipt.sequence, 10);
    host("a", R"("required":11)");
    host("b", R"("required":11)");
    compile(made->receipt.change, 11);
    std::vector<std::vector<std::string>> awaited;
    std::jthread hosts;
    EXPECT_OK(cloud.wait(made->receipt, Wait::hosts, [&](const Progress& progress) {
        awaited.push_back(progress.hosts);
        if (progress.hosts.size() == 2)
            hosts = std::jthread([&] {
                host("b", R"("applied":11)");
                host("a", R"("applied":12)");
            });
    }));
    ASSERT_GE(awaited.size(), 2u);
    EXPECT_EQ(awaited[1], (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(awaited.back().empty());
}

TEST_F(WaitTest, ForHostsNamesThoseThatAreStillAwaited) {
    add_host("dead");
    add_host("quick");
    Cloud cloud = open(milliseconds(500));
    const auto made = cloud.create(NewOrganization{.name = "acme"});
    host("dead", R"("required":7,"applied":5)");
    host("quick", R"("required":7,"applied":7)");
    compile(made->receipt.change, 7);
    EXPECT_ERROR(timeout,
                 "change 1 is compiled, but after 0.5 s it still waits for dead (has applied 5, "
                 "needs 7)",
                 cloud.wait(made->receipt, Wait::hosts));
}

TEST_F(WaitTest, ForHostsIsNotHeldUpByLaterChanges) {
    add_host("a");
    Cloud cloud = open();
    const auto made = cloud.create(NewOrganization{.name = "acme"});
    host("a", R"("required":7,"applied":5)");
    compile(made->receipt.change, 7);
    std::jthread later;
    EXPECT_OK(cloud.wait(made->receipt, Wait::hosts, [&](const Progress& progress) {
        if (progress.hosts.size() == 1)
            later = std::jthread([&] {
                host("a", R"("required":9,"applied":6)");
                host("a", R"("required":20,"applied":7)");
            });
    }));
}

TEST_F(WaitTest, ForHostsForgetsAHostThatIsDeleted) {
    add_host("a");
    Cloud cloud = open();
    const auto made = cloud.create(NewOrganization{.name = "acme"});
    host("a", R"("required":7,"applied":5)");
    compile(made->receipt.change, 7);
    std::jthread later;
    EXPECT_OK(cloud.wait(made->receipt, Wait::hosts, [&](const Progress& progress) {
        if (progress.hosts.size() == 1)
            later = std::jthread([&] { transact(R"({"op":"delete","table":"Host","where":[]})"); });
    }));
}

TEST_F(WaitTest, SyncWaitsForEverythingSoFar) {
    add_host("a");
    Cloud cloud = open(milliseconds(300)), other = open();
    EXPECT_OK(other.create(NewOrganization{.name = "acme"}));
    const auto now = cloud.now();
    ASSERT_TRUE(now) << why(now);
    EXPECT_EQ(now->change, 1);
    EXPECT_EQ(cloud.wait(*now, Wait::controller).error().kind, ErrorKind::timeout);
    host("a", R"("required":3,"applied":2)");
    compile(1, 3);
    EXPECT_OK(cloud.wait(*now, Wait::controller));
    EXPECT_EQ(cloud.wait(*now, Wait::hosts).error().kind, ErrorKind::timeout);
    host("a", R"("applied":3)");
    EXPECT_OK(cloud.wait(*now, Wait::hosts));
}

} // namespace
} // namespace ringfence::client
