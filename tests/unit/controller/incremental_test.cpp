// Incremental equals full: after thousands of random changes, each compiled as it comes, everything
// is as a Compiler finds it that starts then; and that one has nothing to write.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/controller/fabric.h"
#include "tests/unit/controller/random_cloud.h"
#include "tests/unit/controller/random_edges.h"

namespace ringfence::test {
namespace {

// --- Whom a plan touches, by walking everything -------------------------------------------------
using Texts = std::set<std::string>;

Texts served(const southbound::Tables& rows) {
    Texts hosts;
    for (const auto& host : rows.host)
        if (host.kind == "ringfence")
            hosts.insert(host.name);
    return hosts;
}

Texts changed_domains(const southbound::Changes& changes) {
    Texts domains;
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table)
            for (const auto* row : {change.before, change.after}) {
                if constexpr (requires { row->domain; })
                    if (row)
                        domains.insert(row->domain);
            }
    });
    return domains;
}

void add_hosts_in(const southbound::Tables& rows, const Texts& domains, Texts& hosts) {
    Texts ports;
    for (const auto& port : rows.logical_port)
        if (std::ranges::any_of(port.domains, [&](auto& d) { return domains.contains(d); })) {
            ports.insert(port.name);
            if (port.host)
                hosts.insert(*port.host);
        }
    for (const auto& claim : rows.port_claim)
        if (ports.contains(claim.port))
            hosts.insert(claim.host);
}

Texts touched(const southbound::Tables& before, const southbound::Tables& after,
              const southbound::Changes& changes) {
    Texts hosts, all = served(before);
    all.merge(served(after));
    if (!changes.host.empty())
        return all;
    add_hosts_in(before, changed_domains(changes), hosts);
    add_hosts_in(after, changed_domains(changes), hosts);
    std::erase_if(hosts, [&](const auto& host) { return !all.contains(host); });
    return hosts;
}

// What a plan or a report writes, for people.
template <class Written> std::string names(const Written& written) {
    std::string names;
    written.changes().each([&](const auto& of_table) {
        for (const auto& change : of_table) {
            const auto& info = change.row().table_info();
            names += fmt::format("{} {}:", info.name, to_string(change.row().uuid));
            for (const auto& column : info.columns)
                if (change.modified.bits() >> (&column - info.columns.data()) & 1)
                    names += fmt::format(" {}", column.name);
            names += change.deleted() ? " deleted\n" : "\n";
        }
    });
    return names;
}

// --- The test -----------------------------------------------------------------------------------
class Incremental : public testing::TestWithParam<unsigned> {
protected:
    Incremental() : random_(GetParam()), world_(RandomCloud::start(), hosts()) {}

    static southbound::Tables hosts() {
        auto rows = fabric();
        rows.host_status.insert(make_status("h3", "192.0.2.3"));
        rows.host_status.insert(make_status("h4", "192.0.2.4"));
        return rows;
    }

    void change() {
        world_.change([&](auto& north, auto& south) {
            for (size_t count = 1 + random_.pick(3); count > 0; --count)
                what_ += "; " + random_.step(north, south);
            if (random_.chance(10))
                what_ += "; tamper: " + random_.tamper(north, south);
        });
    }
    void compile() {
        const auto before = world_.south();
        auto plan = world_.compile();
        ASSERT_EQ(plan.touched, touched(before, world_.south(), plan.changes())) << what_;
    }
    void settle() {
        for (int rounds = 0;; ++rounds) {
            const auto before = world_.south();
            auto plan = world_.compile();
            bool reported = !world_.report().empty();
            ASSERT_EQ(plan.touched, touched(before, world_.south(), plan.changes())) << what_;
            if (plan.empty() && !reported)
                return;
            ASSERT_LT(rounds, 4) << "it never ends" << what_;
        }
    }
    void expect_as_from_scratch() {
        World fresh(world_.north(), world_.south());
        auto plan = fresh.compile();
        ASSERT_EQ(names(plan), "") << what_;
        ASSERT_EQ(names(fresh.report()), "") << what_;
        ASSERT_EQ(fresh.compiler().wanted(), world_.compiler().wanted()) << what_;
        ASSERT_EQ(fresh.compiler().notes(), world_.compiler().notes()) << what_;
        expect_sound_edges(world_.south());
        ASSERT_FALSE(HasFailure()) << what_;
    }

    RandomCloud random_;
    World world_;
    std::string what_; // since it was last settled
};

TEST_P(Incremental, IsWhatARestartedControllerFinds) {
    for (int step = 0; step < 250 && !HasFatalFailure(); ++step) {
        change();
        switch (random_.pick(6)) {
        case 0: // more comes before the round begins
            continue;
        case 1: // the southbound transaction fails
            world_.compiler().compile();
            continue;
        case 2: // the northbound one
            compile();
            continue;
        }
        settle();
        if (HasFatalFailure())
            return;
        expect_as_from_scratch();
        what_.clear();
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Incremental, testing::Range(1u, 13u));

TEST(IncrementalOrder, EvaluatesNothingTwiceInARound) {
    RandomCloud random(99);
    World world(RandomCloud::start());
    for (int step = 0; step < 300; ++step) {
        std::string what;
        world.change([&](auto& north, auto& south) { what = random.step(north, south); });
        ASSERT_EQ(world.compiler().compile().repeated, 0u) << "after " << what;
        world.round();
    }
}

} // namespace
} // namespace ringfence::test
