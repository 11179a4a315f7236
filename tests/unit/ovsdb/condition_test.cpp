// Conditional monitors: a client sees the rows that it asked for, through changes of mind and of
// connection.
#include "ovsdb/southbound.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::ovsdb::test {
namespace {

using Southbound = Database<southbound::Schema>;
using southbound::Segment;
using Names = std::set<std::string>;

struct ConditionTest : testing::Test {
    Server server{{schema_file("southbound")}};
    Reactor reactor;
    Southbound writer{reactor, {.remotes = server.remote()}};
    std::unique_ptr<Southbound> reader;
    int settled = 0;

    void SetUp() override {
        Transaction transaction;
        for (int i = 1; i <= 9; ++i)
            transaction.insert(segment(i));
        auto result = writer.commit_now(transaction, soon());
        ASSERT_TRUE(result) << why(result);
        reader = std::make_unique<Southbound>(reactor, DatabaseOptions{.remotes = server.remote()});
        reader->on_conditions_settled([this] { ++settled; });
    }

    static Segment segment(int i) {
        Segment row;
        row.uuid = Uuid::named(std::to_string(i));
        row.vni = i;
        row.mtu = 1450;
        row.kind = "tenant";
        row.unknown_unicast = "flood";
        row.domain = "segment/" + std::to_string(i);
        return row;
    }

    void want(std::initializer_list<int> numbers) {
        std::vector<Condition<Segment>> conditions;
        for (int i : numbers)
            conditions.push_back({Segment::Column::domain, "segment/" + std::to_string(i)});
        reader->set_condition(conditions);
    }

    std::set<int64_t> seen() const {
        std::set<int64_t> numbers;
        for (const auto& row : reader->tables().segment)
            numbers.insert(row.vni);
        return numbers;
    }
    using Seen = std::set<int64_t>;
};

TEST_F(ConditionTest, NoConditionIsAllRows) {
    ASSERT_TRUE(reader->wait_ready(soon()));
    EXPECT_EQ(seen().size(), 9u);
    EXPECT_TRUE(reader->conditions_settled());
}

TEST_F(ConditionTest, AnEmptyConditionIsNoRows) {
    want({});
    ASSERT_TRUE(reader->wait_ready(soon()));
    EXPECT_EQ(seen(), Seen{});
}

TEST_F(ConditionTest, FollowsTheConditionsAndSaysWhenItShowsThem) {
    want({1, 2});
    EXPECT_FALSE(reader->conditions_settled());
    UNTIL(reactor, settled == 1);
    EXPECT_EQ(seen(), (Seen{1, 2}));

    want({2, 3, 4});
    EXPECT_FALSE(reader->conditions_settled());
    UNTIL(reactor, settled == 2);
    EXPECT_TRUE(reader->conditions_settled());
    EXPECT_EQ(seen(), (Seen{2, 3, 4}));

    // A row that comes to fulfil the condition appears, one that no longer does goes.
    Segment row = segment(3);
    row.domain = "segment/9000";
    Transaction transaction;
    transaction.update(row, Segment::Column::domain);
    row = segment(5);
    row.domain = "segment/4";
    transaction.update(row, Segment::Column::domain);
    ASSERT_TRUE(writer.commit_now(transaction, soon()));
    UNTIL(reactor, seen() == (Seen{2, 4, 5}));
}

TEST_F(ConditionTest, ManyChangesOfMindAreOneRequest) {
    ASSERT_TRUE(reader->wait_ready(soon()));
    UNTIL(reactor, settled == 1);
    int changes = 0;
    reader->on_change([&](const southbound::Changes&) { ++changes; });
    for (int i = 1; i <= 9; ++i)
        want({i});
    UNTIL(reactor, settled == 2);
    EXPECT_EQ(seen(), Seen{9});
    EXPECT_EQ(changes, 1);
    want({9, 9});
    EXPECT_TRUE(reader->conditions_settled()); // the same, said otherwise
}

TEST_F(ConditionTest, AChangeWhileOneIsUnderWayIsNotLost) {
    ASSERT_TRUE(reader->wait_ready(soon()));
    want({1});
    bool changed = false;
    reactor.post([&] { // after the request has gone, before its reply can have come
        want({2});
        changed = true;
    });
    UNTIL(reactor, changed && reader->conditions_settled());
    EXPECT_EQ(seen(), Seen{2});
}

TEST_F(ConditionTest, ConditionsHoldAfterAReconnect) {
    want({1, 2});
    UNTIL(reactor, settled == 1);
    server.kill();
    UNTIL(reactor, reader->state() == ConnectionState::disconnected);
    EXPECT_FALSE(reader->conditions_settled());
    want({2, 3});
    EXPECT_EQ(seen(), (Seen{1, 2}));
    server.start();
    UNTIL(reactor, settled == 2);
    EXPECT_EQ(seen(), (Seen{2, 3}));
}

} // namespace
} // namespace ringfence::ovsdb::test
