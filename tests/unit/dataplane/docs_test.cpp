// dataplane/README.md says what the code does: its tables are compared with the code's own lists.
// RINGFENCE_UPDATE_README=1 writes the verdict table anew.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "core/packet/verdicts.h"
#include "dataplane/worker/trace.h"

namespace ringfence {

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string read_readme() { return read_file(DATAPLANE_README); }

std::string verdict_table() {
    std::string table = "| counter | kind | meaning |\n|---|---|---|\n";
    for (const VerdictInfo& verdict : verdict_infos)
        if (verdict.kind != VerdictKind::next)
            table += fmt::format("| `{}` | {} | {} |\n", verdict.name, name_of(verdict.kind),
                                 verdict.meaning);
    return table;
}

// What stands between the marks, and its place.
struct Section {
    size_t begin, end;
};
Section verdict_section(const std::string& readme) {
    size_t mark = readme.find("<!-- verdicts:");
    size_t begin = readme.find('\n', mark) + 1;
    return {begin, readme.find("<!-- end -->", begin)};
}

} // namespace

TEST(Readme, HasTheTableOfVerdicts) {
    std::string readme = read_readme();
    Section section = verdict_section(readme);
    ASSERT_NE(section.end, std::string::npos);
    if (std::getenv("RINGFENCE_UPDATE_README")) {
        readme.replace(section.begin, section.end - section.begin, verdict_table());
        std::ofstream(DATAPLANE_README) << readme;
        return;
    }
    EXPECT_EQ(readme.substr(section.begin, section.end - section.begin), verdict_table())
        << "run RINGFENCE_UPDATE_README=1 build/bin/test_docs";
}

TEST(Readme, HasEveryStageInThePipelinesOrder) {
    std::string readme = read_readme();
    size_t at = readme.find("## Stages");
    for (size_t i = 0; i < stage_count; ++i) {
        at = readme.find(fmt::format("\n| `{}` |", to_string(static_cast<Stage>(i))), at);
        ASSERT_NE(at, std::string::npos) << to_string(static_cast<Stage>(i));
    }
}

// "`fence.case`: Hairpin" in a table of rows and tests: such a file is there, and a test of such a
// name in it.
TEST(Readme, NamesTestsThatAreThere) {
    std::vector<std::filesystem::path> tests;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(TESTS))
        tests.push_back(entry.path());
    auto is_there = [&](const std::string& file, const std::string& name) {
        return std::any_of(tests.begin(), tests.end(), [&](const std::filesystem::path& test) {
            return test.string().ends_with("/" + file) &&
                   read_file(test).find(name) != std::string::npos;
        });
    };
    const std::regex named(R"(`([\w/]+\.(?:case|py|cpp))`(?:: ([^,;|`]+))?)");
    for (const char* readme : {DATAPLANE_README, EDGE_ROUTER_README}) {
        std::string text = read_file(readme);
        text.erase(0, text.find("## Which test shows which row"));
        ASSERT_FALSE(text.empty()) << readme;
        for (std::sregex_iterator one(text.begin(), text.end(), named), end; one != end; ++one) {
            std::string name = (*one)[2];
            name.erase(name.find_last_not_of(" \n") + 1);
            EXPECT_TRUE(is_there((*one)[1], name)) << readme << ": " << one->str();
        }
    }
}

} // namespace ringfence
