// dataplane/README.md says what the code does: its tables are compared with the code's own lists.
// RINGFENCE_UPDATE_README=1 writes the verdict table anew.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "core/packet/verdicts.h"
#include "dataplane/worker/trace.h"

namespace ringfence {

namespace {

std::string read_readme() {
    std::ifstream file(DATAPLANE_README);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

const char* name_of(VerdictKind kind) {
    switch (kind) {
    case VerdictKind::next:
        return "next";
    case VerdictKind::in:
        return "in";
    case VerdictKind::out:
        return "out";
    case VerdictKind::drop:
        return "drop";
    case VerdictKind::system:
        return "system";
    case VerdictKind::note:
        return "note";
    }
    return "";
}

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

} // namespace ringfence
