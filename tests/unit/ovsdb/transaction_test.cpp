// Every operation of a transaction, and what its failures look like, against a real ovsdb-server.
#include "ovsdb/testing.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::ovsdb::test {
namespace {

using ringfence::testing::Child;
using ringfence::testing::Everything;
using TestDatabase = Database<ringfence::testing::Schema>;
using Column = Everything::Column;

struct TransactionTest : ::testing::Test {
    Server server{{schema_file("testing")}};
    Reactor reactor;
    TestDatabase database{reactor, {.remotes = server.remote()}};

    Result<Committed> commit(const Transaction& transaction) {
        return database.commit_now(transaction, soon());
    }
    const Everything& only() const { return *database.tables().everything.begin(); }

    static Everything full() {
        Everything row;
        row.uuid = Uuid::named("full");
        row.name = "a \"quoted\" \\ naïve\n\x01 text";
        row.number = INT64_MIN;
        row.ratio = 0.1;
        row.flag = true;
        row.other = Uuid::random();
        row.maybe_number = 0;
        row.maybe_text = "";
        row.peer = row.uuid;
        row.numbers = {INT64_MIN, -1, 0, INT64_MAX};
        row.texts = {"", "[\"uuid\"]"};
        row.ratios = {-1e300, 0, 1e-300};
        row.text_of_text = {{"", "x"}, {"k", ""}};
        row.number_of_text = {{"k", 0}, {"l", -7}};
        row.text_of_number = {{0, "zero"}, {-1, "minus"}};
        return row;
    }
};

TEST_F(TransactionTest, EveryTypeOfColumnGoesThereAndBack) {
    const Everything row = full();
    Transaction transaction;
    EXPECT_EQ(transaction.insert(row), row.uuid);
    auto result = commit(transaction);
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(only(), row);

    TestDatabase second(reactor, {.remotes = server.remote()});
    ASSERT_TRUE(second.wait_ready(soon()));
    EXPECT_EQ(second.tables(), database.tables());

    // An update to the default values says so; nothing of the old row is left.
    Everything empty;
    empty.uuid = row.uuid;
    Transaction clear;
    clear.update(empty, Everything::Columns::all());
    result = commit(clear);
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->count(0), 1u);
    EXPECT_EQ(only(), empty);
}

TEST_F(TransactionTest, UpdatesNothingButTheColumnsNamed) {
    Everything row = full();
    Transaction insert;
    insert.insert(row);
    ASSERT_TRUE(commit(insert));
    row.number = 5;
    row.texts = {"new"};
    Transaction update;
    update.update(row, Column::number);
    ASSERT_TRUE(commit(update));
    EXPECT_EQ(only().number, 5);
    EXPECT_EQ(only().texts, full().texts);
    Transaction gone;
    gone.erase<Everything>(row.uuid);
    gone.update(row, Column::number); // of a row that is gone: no error, and no row
    auto result = commit(gone);
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->count(0), 1u);
    EXPECT_EQ(result->count(1), 0u);
    EXPECT_TRUE(database.tables().everything.empty());
}

TEST_F(TransactionTest, MutatesAndSelectsInOneTransaction) {
    Everything row = full();
    row.number = 40;
    Transaction transaction;
    transaction.insert(row);
    const auto mutate = [&](Column column, Mutator mutator, const Value& value) {
        transaction.mutate<Everything>(row.uuid, column, mutator, value);
    };
    mutate(Column::number, Mutator::add, 3);
    mutate(Column::number, Mutator::subtract, 1);
    mutate(Column::number, Mutator::multiply, 10);
    mutate(Column::number, Mutator::divide, 4);
    mutate(Column::number, Mutator::modulo, 100);
    mutate(Column::ratio, Mutator::add, 0.5);
    mutate(Column::numbers, Mutator::remove, std::set<int64_t>{INT64_MIN, INT64_MAX});
    mutate(Column::numbers, Mutator::insert, 7);
    mutate(Column::text_of_text, Mutator::insert,
           std::map<std::string, std::string>{{"k", "kept"}, {"n", "new"}});
    mutate(Column::text_of_text, Mutator::remove, std::set<std::string>{""});
    mutate(Column::number_of_text, Mutator::remove,
           std::map<std::string, int64_t>{{"k", 1}, {"l", -7}});
    const auto selected = transaction.select<Everything>(row.uuid, Column::number);
    const auto all =
        transaction.select<Everything>({{Column::name, row.name}, {Column::flag, true}});
    auto result = commit(transaction);
    ASSERT_TRUE(result) << why(result);

    auto numbers = result->rows(selected);
    ASSERT_TRUE(numbers) << why(numbers);
    ASSERT_EQ(numbers->size(), 1u);
    EXPECT_EQ(numbers->front().number, (40 + 3 - 1) * 10 / 4 % 100);
    EXPECT_EQ(numbers->front().name, ""); // not asked for
    EXPECT_EQ(result->rows(all)->front(), only());
    EXPECT_DOUBLE_EQ(only().ratio, 0.6);
    EXPECT_EQ(only().numbers, (std::set<int64_t>{-1, 0, 7}));
    EXPECT_EQ(only().text_of_text,
              (std::map<std::string, std::string>{{"k", ""}, {"n", "new"}})); // insert keeps a key
    EXPECT_EQ(only().number_of_text, (std::map<std::string, int64_t>{{"k", 0}}));
}

TEST_F(TransactionTest, LetsTheServerNameRows) {
    Child child;
    child.register_ = "x";
    child.kind = "small";
    Everything parent;
    parent.name = "parent";
    Transaction transaction;
    parent.children = {transaction.insert_named(child)};
    parent.text_of_text = {
        {"untouched", "[\"uuid\",\"" + to_string(*parent.children.begin()) + "\"]"}};
    transaction.insert_named(parent);
    auto result = commit(transaction);
    ASSERT_TRUE(result) << why(result);
    ASSERT_TRUE(result->inserted(0) && result->inserted(1));
    EXPECT_EQ(only().uuid, result->inserted(1));
    EXPECT_EQ(only().children, std::set<Uuid>{*result->inserted(0)});
    EXPECT_EQ(only().text_of_text, parent.text_of_text);
}

TEST_F(TransactionTest, AFailureUndoesAllAndNamesTheOperation) {
    Everything row = full(), twin = full();
    twin.uuid = Uuid::random();
    Transaction first;
    first.insert(row);
    ASSERT_TRUE(commit(first));

    Transaction index; // found only after the last operation
    Everything other;
    other.name = "other";
    index.insert(other);
    index.insert(twin);
    auto result = commit(index);
    ASSERT_FALSE(result);
    EXPECT_TRUE(is_constraint_violation(result.error().in("nic create"))) << why(result);
    EXPECT_FALSE(is_try_again(result.error()));
    EXPECT_EQ(database.tables().everything.size(), 1u);

    result = commit(first); // the same UUID
    ASSERT_FALSE(result);
    EXPECT_TRUE(is_constraint_violation(result.error())) << why(result);

    Transaction dangling;
    row.children = {Uuid::random()};
    dangling.update(row, Column::children);
    result = commit(dangling);
    ASSERT_FALSE(result);
    EXPECT_TRUE(is_constraint_violation(result.error())) << why(result);

    Transaction outside;
    Child child;
    child.kind = "medium";
    outside.comment("an operation before the bad one");
    outside.insert(child);
    result = commit(outside);
    ASSERT_FALSE(result);
    EXPECT_TRUE(is_constraint_violation(result.error())) << why(result);
    EXPECT_EQ(result.error().text.find("insert of Child"), 0u) << why(result);
}

TEST_F(TransactionTest, WaitsTellAChangedRowFromAnUnchangedOne) {
    const Everything row = full();
    Transaction insert;
    insert.wait_absent<Everything>(row.uuid);
    insert.wait_absent<Everything>({{Column::name, row.name}});
    insert.insert(row);
    ASSERT_TRUE(commit(insert));
    for (bool by_name : {false, true}) {
        Transaction again;
        if (by_name)
            again.wait_absent<Everything>({{Column::name, row.name}});
        else
            again.wait_absent<Everything>(row.uuid);
        again.comment("never");
        auto absent = commit(again);
        ASSERT_FALSE(absent);
        EXPECT_TRUE(is_try_again(absent.error().in("x"))) << why(absent);
        EXPECT_FALSE(is_constraint_violation(absent.error()));
    }

    Everything changed = row;
    changed.numbers.insert(99);
    Transaction same, stale, gone;
    same.wait(row, Everything::Columns::all());
    same.update(changed, Column::numbers);
    ASSERT_TRUE(commit(same));
    stale.wait(row, Column::name | Column::numbers);
    auto result = commit(stale);
    ASSERT_FALSE(result);
    EXPECT_TRUE(is_try_again(result.error())) << why(result);
    Transaction elsewhere; // what was not read may change
    elsewhere.wait(row, Everything::Columns::all().without(Column::numbers));
    EXPECT_TRUE(commit(elsewhere));
    gone.erase<Everything>(row.uuid);
    gone.wait(row, Column::name);
    EXPECT_TRUE(is_try_again(commit(gone).error()));
}

TEST_F(TransactionTest, RacingClientsLoseNoIncrement) {
    Everything counter;
    counter.uuid = Uuid::named("counter");
    Transaction insert;
    insert.insert(counter);
    ASSERT_TRUE(commit(insert));

    constexpr int clients = 4, increments = 25;
    std::vector<std::unique_ptr<TestDatabase>> racers;
    int attempts = 0, done = 0;
    std::function<void(TestDatabase&, int)> race = [&](TestDatabase& racer, int left) {
        retry(
            racer,
            [&racer, &attempts, id = counter.uuid]() -> Result<Transaction> {
                ++attempts;
                const Everything as_read = *racer.tables().everything.find(id);
                Everything next = as_read;
                ++next.number;
                Transaction transaction;
                transaction.wait(as_read, Column::number);
                transaction.update(next, Column::number);
                return transaction;
            },
            soon(),
            [&, left](Result<Committed> result) {
                ASSERT_TRUE(result) << why(result);
                ++done;
                if (left > 1)
                    race(racer, left - 1);
            });
    };
    for (int i = 0; i < clients; ++i) {
        racers.push_back(
            std::make_unique<TestDatabase>(reactor, DatabaseOptions{.remotes = server.remote()}));
        race(*racers.back(), increments);
    }
    UNTIL(reactor, done == clients * increments);
    EXPECT_GT(attempts, done); // else nothing was tested
    UNTIL(reactor, only().number == done);
}

TEST_F(TransactionTest, RetryReportsWhatCannotBeMade) {
    auto result = retry_now(
        database,
        []() -> Result<Transaction> { return fail(ErrorKind::not_found, "no such thing"); },
        soon());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), (Error{ErrorKind::not_found, "no such thing"}));
}

} // namespace
} // namespace ringfence::ovsdb::test
