// The texts that are made from the table of commands. RINGFENCE_UPDATE=1 writes the page anew.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "controller/network-ctl/help.h"
#include "tests/unit/ovsdb/server.h"

namespace ringfence::ctl {
namespace {

constexpr const char* page_file = RINGFENCE_SOURCE "/controller/network-ctl/README.md";

TEST(Help, IsThePageInTheTree) {
    if (std::getenv("RINGFENCE_UPDATE"))
        std::ofstream(page_file) << manual_page();
    std::ostringstream page;
    page << std::ifstream(page_file).rdbuf();
    EXPECT_EQ(page.str(), manual_page()) << "run this test with RINGFENCE_UPDATE=1";
}

TEST(Help, OfAVerbSaysAllOfIt) {
    const auto invocation = parse({"host", "delete", "--help"});
    ASSERT_TRUE(invocation);
    EXPECT_EQ(verb_help(*invocation->noun, *invocation->verb),
              R"(Usage: network-ctl host delete HOST [OPTIONS]

forget a host
HOST is given by its name alone.

--cascade unbinds the NICs that are bound there by hand, and takes it out of its
virtual data centers.

Options:
  --cascade
        delete all that depends on it, too
  --if-exists
        one that does not exist is no error

Global options: see 'network-ctl --help'.
)");
}

TEST(Help, FitsIntoEightyColumns) {
    std::istringstream page(manual_page());
    for (std::string line; std::getline(page, line);)
        EXPECT_LE(line.size(), 80) << line;
}

TEST(Help, KnowsEveryVerbWithItsDuties) {
    for (const Noun& noun : nouns())
        for (const Verb& verb : noun.verbs) {
            EXPECT_TRUE(verb.run) << noun.name << " " << verb.name;
            EXPECT_STRNE(verb.summary, "") << noun.name << " " << verb.name;
        }
}

// What bash itself makes of the completion.
std::string complete(const std::string& words, int at) {
    ovsdb::test::TemporaryFolder folder;
    const std::string file = folder.path() + "/completion";
    std::ofstream(file) << bash_completion();
    std::string text = ovsdb::test::run({"bash", "-c",
                                         "source " + file + "; COMP_WORDS=(" + words +
                                             "); COMP_CWORD=" + std::to_string(at) +
                                             "; _network_ctl; echo \"${COMPREPLY[*]}\""});
    text.pop_back();
    return text;
}

TEST(Completion, OffersNounsVerbsOptionsAndChoices) {
    EXPECT_EQ(complete("network-ctl netw", 1), "network-pool network");
    EXPECT_EQ(complete("network-ctl nic ''", 2), "create list show set bind unbind delete");
    EXPECT_EQ(complete("network-ctl --db unix:/x nic b", 4), "bind");
    EXPECT_EQ(complete("network-ctl nic create --may", 3), "--may-exist");
    EXPECT_EQ(complete("network-ctl nic create --port-security ''", 4), "strict mac trusted");
    EXPECT_EQ(complete("network-ctl --wait h", 2), "hosts");
    EXPECT_EQ(complete("network-ctl --fo", 1), "--format");
}

} // namespace
} // namespace ringfence::ctl
