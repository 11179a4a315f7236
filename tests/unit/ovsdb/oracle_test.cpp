// Random transactions by us and by python3-openvswitch in turn, on one database, with the server
// killed in between: after each, the two replicas are the same.
#include <array>
#include <cstdio>
#include <random>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ovsdb/json.h"
#include "ovsdb/testing.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::ovsdb::test {
namespace {

using ringfence::testing::Child;
using ringfence::testing::Everything;
using ringfence::testing::Tables;
using TestDatabase = Database<ringfence::testing::Schema>;
using Column = Everything::Column;

// A child process spoken to in lines.
class Oracle {
public:
    explicit Oracle(const Server& server) {
        int down[2], up[2];
        if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0)
            throw std::runtime_error("cannot make a pipe");
        process_ = Process({"/usr/bin/python3", RINGFENCE_SOURCE "/tests/unit/ovsdb/oracle.py",
                            server.remote(), schema_file("testing")},
                           down[0], up[1]);
        close(down[0]);
        close(up[1]);
        to_ = fdopen(down[1], "w");
        from_ = fdopen(up[0], "r");
    }
    ~Oracle() {
        fclose(to_);
        fclose(from_);
    }
    std::string ask(const std::string& command) {
        fmt::print(to_, "{}\n", command);
        fflush(to_);
        char* line = nullptr;
        size_t capacity = 0;
        const ssize_t length = getline(&line, &capacity, from_);
        const std::string answer(line, length > 0 ? size_t(length) : 0);
        free(line);
        return answer;
    }

private:
    Process process_;
    FILE* to_;
    FILE* from_;
};

class Dice {
public:
    explicit Dice(unsigned seed) : generator_(seed) {}
    int to(int most) { return std::uniform_int_distribution<int>(0, most)(generator_); }
    int64_t number() {
        return std::array<int64_t, 5>{0, 1, INT64_MIN, INT64_MAX, to(9)}[size_t(to(4))];
    }
    std::string text() {
        return std::array<std::string, 5>{"", "a", "\"\\", "\xc3\xa9\n",
                                          std::to_string(to(99))}[size_t(to(4))];
    }

private:
    std::mt19937 generator_;
};

void alter(Everything& row, Dice& dice) {
    row.number = dice.number();
    row.ratio = dice.to(8) / 8.0;
    row.flag = dice.to(1) == 0;
    row.maybe_number.reset();
    if (dice.to(1) == 0)
        row.maybe_number = dice.number();
    row.maybe_text = dice.text();
    for (int i = dice.to(3); i > 0; --i) {
        row.numbers.insert(dice.number());
        row.texts.erase(dice.text());
        row.texts.insert(dice.text());
        row.text_of_text[dice.text()] = dice.text();
        row.text_of_text.erase(dice.text());
        row.number_of_text[dice.text()] = dice.number();
        row.text_of_number[dice.number()] = dice.text();
    }
}

Transaction random_change(const Tables& tables, Dice& dice, int64_t mark) {
    Transaction transaction;
    for (const auto& row : tables.everything) {
        Everything changed = row;
        if (row.name == "mark") {
            changed.number = mark;
            transaction.update(changed, Column::number);
            continue;
        }
        switch (dice.to(9)) {
        case 0:
            transaction.erase<Everything>(row.uuid);
            break;
        case 1:
            transaction.mutate<Everything>(row.uuid, Column::texts, Mutator::insert, dice.text());
            transaction.mutate<Everything>(row.uuid, Column::number_of_text, Mutator::remove,
                                           std::set<std::string>{dice.text()});
            break;
        case 2:
            alter(changed, dice);
            transaction.update(changed, Everything::Columns::all());
            break;
        case 3:
            alter(changed, dice);
            transaction.update(changed,
                               Column::numbers | Column::text_of_text | Column::maybe_number);
        }
    }
    for (int i = dice.to(2); i > 0; --i) {
        Child child;
        child.kind = "large";
        child.register_ = dice.text();
        Everything row;
        row.name = to_string(Uuid::random());
        row.children = {transaction.insert(child)};
        alter(row, dice);
        transaction.insert(row);
    }
    return transaction;
}

TEST(Oracle, AgreesAfterRandomTransactionsAndKills) {
    Server server({schema_file("testing")});
    Reactor reactor;
    TestDatabase database(reactor, {.remotes = server.remote()});
    Everything mark;
    mark.uuid = Uuid::named("mark");
    mark.name = "mark";
    Transaction first;
    first.insert(mark);
    ASSERT_TRUE(database.commit_now(first, soon()));
    Oracle oracle(server);
    Dice dice(20260);

    // What the changes add up to must be the replica, too.
    Tables followed = database.tables();
    database.on_change([&](const ringfence::testing::Changes& changes) {
        const auto follow = [](auto& table, const auto& list) {
            for (const auto& change : list) {
                const auto* before = change.before;
                EXPECT_TRUE(!before || *before == *table.find(before->uuid));
                if (change.after)
                    table.replace(*change.after);
                else
                    table.erase(change.before->uuid);
            }
        };
        follow(followed.everything, changes.everything);
        follow(followed.child, changes.child);
    });

    for (int step = 1; step <= 120; ++step) {
        if (step % 3 == 0) {
            ASSERT_EQ(oracle.ask(fmt::format("change {} {}", step, step)), "done\n");
        } else {
            auto result = retry_now(
                database,
                [&]() -> Result<Transaction> {
                    return random_change(database.tables(), dice, step);
                },
                soon());
            ASSERT_TRUE(result) << why(result);
        }
        if (step % 20 == 0) {
            server.restart();
            UNTIL(reactor, database.state() != ConnectionState::ready);
        }
        UNTIL(reactor, database.state() == ConnectionState::ready &&
                           database.tables().everything.find(mark.uuid)->number == step);
        const std::string answer = oracle.ask(fmt::format("dump {}", step));
        auto theirs = from_json<Tables>(nlohmann::json::parse(answer, nullptr, false));
        ASSERT_TRUE(theirs) << why(theirs) << answer;
        ASSERT_TRUE(*theirs == database.tables())
            << "step " << step << "\nours: " << to_json(database.tables())
            << "\ntheirs: " << answer;
        ASSERT_TRUE(followed == database.tables()) << "step " << step;
    }
    EXPECT_GT(database.tables().everything.size(), 10u);
}

} // namespace
} // namespace ringfence::ovsdb::test
