// What network-ctl prints: records of named fields, as a table for people, as JSON or CSV for
// programs. Field names are the same in all three, and so is their order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/types/result.h"

namespace ringfence::ctl {

using Value = std::variant<std::monostate, bool, int64_t, std::string, std::set<std::string>,
                           std::map<std::string, std::string>>;

struct Field {
    const char* name;
    Value value;
    bool in_list = true; // false: too much for a line of a table; `show`, JSON and CSV have it
};
using Record = std::vector<Field>; // the first field is what the object is called

// One answer. All its records have the fields of `heading`, whose values don't matter.
struct Listing {
    std::string kind; // the noun
    Record heading;
    std::vector<Record> records;
    bool single = false;           // one object, shown whole
    std::optional<int64_t> change; // the number of the change that made it
    // Of a single record: what lies in it, each by its kind. CSV, which is one table, has none.
    std::vector<Listing> parts{};
    std::set<std::string> notes{}; // sentences for people
};

enum class Format { table, json, csv };

struct Screen {
    size_t columns = 0; // 0 = as wide as need be
    bool bold = false;  // headings
};
// From the environment: COLUMNS and NO_COLOR, and whether stdout is a terminal.
Screen screen_of_stdout();

Result<Format> format_from(std::string_view name);

// Ends with a newline, unless it is empty.
std::string render(const Listing& listing, Format format, const Screen& screen);
// What came from the database must not move the cursor: control characters are shown as \xNN.
std::string printable(const std::string& text);
// One name a line.
std::string render_names(const Listing& listing);

} // namespace ringfence::ctl
