#include "controller/network-ctl/format.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ringfence::ctl {

namespace {

constexpr int json_version = 1;

// --- Text ---------------------------------------------------------------------------------------
template <class... Fn> struct Overloaded : Fn... { using Fn::operator()...; };
template <class... Fn> Overloaded(Fn...) -> Overloaded<Fn...>;

template <class Container, class Print>
std::string join(const Container& container, const char* between, Print print) {
    std::string text;
    for (const auto& element : container)
        text.append(text.empty() ? "" : between).append(print(element));
    return text;
}

std::string text_of(const Value& value) {
    return std::visit(Overloaded{[](std::monostate) { return std::string(); },
                                 [](bool yes) { return std::string(yes ? "yes" : "no"); },
                                 [](int64_t number) { return fmt::format("{}", number); },
                                 [](const std::string& text) { return text; },
                                 [](const std::set<std::string>& texts) {
                                     return join(texts, " ", [](const auto& text) { return text; });
                                 },
                                 [](const std::map<std::string, std::string>& map) {
                                     return join(map, " ", [](const auto& pair) {
                                         return fmt::format("{}={}", pair.first, pair.second);
                                     });
                                 }},
                      value);
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; } // UTF-8

size_t width(const std::string& text) {
    return static_cast<size_t>(std::ranges::count_if(text, starts_character));
}

std::string cut(const std::string& text, size_t columns) {
    if (width(text) <= columns)
        return text;
    const std::string dots = columns > 2 ? ".." : "";
    size_t bytes = 0;
    for (size_t kept = 0; bytes < text.size(); ++bytes)
        if (starts_character(text[bytes]) && ++kept > columns - dots.size())
            break;
    return text.substr(0, bytes) + dots;
}

// --- Table --------------------------------------------------------------------------------------
using Row = std::vector<std::string>;
constexpr size_t gap = 2;
constexpr size_t narrowest = 4;

std::string heading(const char* name) {
    std::string text = name;
    for (char& c : text)
        c = c == '_' ? ' ' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return text;
}

std::vector<Row> rows_of(const Listing& listing) {
    std::vector<Row> rows(1);
    for (const Field& field : listing.heading)
        if (field.in_list)
            rows[0].push_back(heading(field.name));
    for (const Record& record : listing.records) {
        Row& row = rows.emplace_back();
        for (const Field& field : record)
            if (field.in_list)
                row.push_back(printable(text_of(field.value)));
    }
    return rows;
}

// The widest column gives way first, until the line fits or every column is as narrow as sense.
std::vector<size_t> fit(const std::vector<Row>& rows, size_t columns) {
    std::vector<size_t> widths(rows[0].size());
    for (const Row& row : rows)
        for (size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    size_t total = gap * (widths.empty() ? 0 : widths.size() - 1);
    for (const size_t one : widths)
        total += one;
    while (columns && total > columns) {
        const auto widest = std::ranges::max_element(widths);
        if (*widest <= narrowest)
            break;
        --*widest;
        --total;
    }
    return widths;
}

std::string line_of(const Row& row, const std::vector<size_t>& widths) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
        const std::string cell = cut(row[i], widths[i]);
        line.append(cell);
        if (i + 1 < row.size())
            line.append(widths[i] - width(cell) + gap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

std::string as_list(const Listing& listing, const Screen& screen) {
    const auto rows = rows_of(listing);
    const auto widths = fit(rows, screen.columns);
    std::string text;
    for (size_t i = 0; i < rows.size(); ++i) {
        const bool bold = i == 0 && screen.bold;
        text.append(bold ? "\033[1m" : "").append(line_of(rows[i], widths));
        text.append(bold ? "\033[0m\n" : "\n");
    }
    return text;
}

std::string as_sheet(const Record& record) {
    size_t widest = 0;
    for (const Field& field : record)
        widest = std::max(widest, std::string_view(field.name).size());
    std::string text;
    for (const Field& field : record) {
        std::string name = field.name;
        std::ranges::replace(name, '_', ' ');
        const std::string value = printable(text_of(field.value));
        text.append(value.empty() ? fmt::format("{}:\n", name)
                                  : fmt::format("{:<{}} {}\n", name + ":", widest + 1, value));
    }
    return text;
}

std::string as_table(const Listing& listing, const Screen& screen) {
    if (!listing.single)
        return as_list(listing, screen);
    if (listing.records.empty())
        return "";
    std::string text = as_sheet(listing.records.front());
    for (const Listing& part : listing.parts)
        if (!part.records.empty())
            text.append("\n").append(as_list(part, screen));
    return text;
}

// --- JSON ---------------------------------------------------------------------------------------
nlohmann::ordered_json json_of(const Value& value) {
    return std::visit(Overloaded{[](std::monostate) { return nlohmann::ordered_json(nullptr); },
                                 [](const auto& plain) { return nlohmann::ordered_json(plain); }},
                      value);
}

nlohmann::ordered_json json_of(const Listing& listing) {
    nlohmann::ordered_json items = nlohmann::ordered_json::array();
    for (const Record& record : listing.records) {
        nlohmann::ordered_json item = nlohmann::ordered_json::object();
        for (const Field& field : record)
            item[field.name] = json_of(field.value);
        for (const Listing& part : listing.parts)
            item[part.kind] = json_of(part);
        items.push_back(std::move(item));
    }
    return items;
}

std::string as_json(const Listing& listing) {
    nlohmann::ordered_json answer{{"version", json_version}, {"kind", listing.kind}};
    if (listing.change)
        answer["change"] = *listing.change;
    if (!listing.notes.empty())
        answer["notes"] = listing.notes;
    answer["items"] = json_of(listing);
    // What isn't UTF-8 becomes U+FFFD: the answer is JSON whatever stands in the database.
    return answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// --- CSV (RFC 4180) -----------------------------------------------------------------------------
std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == text.npos)
        return text;
    std::string cell = "\"";
    for (const char c : text)
        cell.append(c == '"' ? 2 : 1, c);
    return cell + "\"";
}

std::string as_csv(const Listing& listing) {
    std::string text =
        join(listing.heading, ",", [](const Field& field) { return std::string(field.name); });
    text.append("\r\n");
    for (const Record& record : listing.records) {
        for (size_t i = 0; i < record.size(); ++i)
            text.append(i ? "," : "").append(quoted(text_of(record[i].value)));
        text.append("\r\n");
    }
    return text;
}

} // namespace

std::string printable(const std::string& text) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            shown.append(fmt::format("\\x{:02x}", byte));
        else
            shown.push_back(c);
    }
    return shown;
}

Screen screen_of_stdout() {
    Screen screen;
    const bool terminal = isatty(STDOUT_FILENO);
    if (const char* columns = std::getenv("COLUMNS")) {
        const std::string_view text(columns);
        size_t value = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc())
            screen.columns = value;
    } else if (winsize size{}; terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        screen.columns = size.ws_col;
    }
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    screen.bold = terminal && !(no_color && *no_color) && term && std::string_view(term) != "dumb";
    return screen;
}

Result<Format> format_from(std::string_view name) {
    if (name == "table")
        return Format::table;
    if (name == "json")
        return Format::json;
    if (name == "csv")
        return Format::csv;
    return fail("--format {}: it is one of table|json|csv", name);
}

std::string render(const Listing& listing, Format format, const Screen& screen) {
    switch (format) {
    case Format::json:
        return as_json(listing);
    case Format::csv:
        return as_csv(listing);
    case Format::table:
        break;
    }
    return as_table(listing, screen);
}

std::string render_names(const Listing& listing) {
    std::string text;
    for (const Record& record : listing.records)
        text.append(printable(text_of(record.front().value))).append("\n");
    return text;
}

} // namespace ringfence::ctl
