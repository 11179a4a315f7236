#include "tests/packet/case_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace ringfence::test {

namespace {

std::string trimmed(std::string text) {
    text.erase(0, text.find_first_not_of(" \t"));
    text.erase(text.find_last_not_of(" \t") + 1);
    return text;
}

// "... large N" or "... large-udp N".
std::optional<Large> large_of(const std::string& how) {
    const std::string tcp = " large ", udp = " large-udp ";
    for (auto [word, kind] : {std::pair{tcp, LargeKind::tcp}, std::pair{udp, LargeKind::udp}})
        if (size_t at = how.find(word); at != how.npos)
            return Large{kind, static_cast<uint16_t>(std::stoul(how.substr(at + word.size())))};
    return std::nullopt;
}

class Reader {
public:
    explicit Reader(const std::string& path) : file_(std::filesystem::path(path).stem()) {
        std::ifstream stream(path);
        if (!stream)
            throw std::runtime_error(path + ": can't be read");
        unsigned number = 0;
        for (std::string line; std::getline(stream, line);) {
            ++number;
            try {
                read(trimmed(substituted(line.substr(0, line.find('#')))));
            } catch (const std::exception& problem) {
                throw std::runtime_error(fmt::format("{}:{}: {}", path, number, problem.what()));
            }
        }
    }
    std::vector<Case> take() { return std::move(cases_); }

private:
    void read(const std::string& line) {
        if (line.empty())
            return;
        std::string kind = line.substr(0, line.find(' '));
        std::string rest = trimmed(line.substr(kind.size()));
        if (kind == "let")
            names_[trimmed(rest.substr(0, rest.find('=')))] =
                trimmed(rest.substr(rest.find('=') + 1));
        else if (kind == "fabric")
            fabric_.push_back(rest);
        else if (kind == "case")
            cases_.push_back({file_, rest, fabric_, {}, {}, {}});
        else if (cases_.empty())
            throw std::runtime_error("before the first case: " + line);
        else
            read_step(kind, rest);
    }

    void read_step(const std::string& kind, const std::string& rest) {
        Case& test = cases_.back();
        if (kind == "with" || kind == "then") {
            (kind == "with" ? test.fabric : changes_).push_back(rest);
            return;
        }
        size_t colon = rest.find(": ");
        if (colon == rest.npos)
            throw std::runtime_error("no \": \" in " + rest);
        auto port = static_cast<unsigned>(std::stoul(rest));
        std::string how = rest.substr(0, colon);
        size_t x = how.find('x');
        size_t times = x == how.npos ? 1 : std::stoul(how.substr(x + 1));
        bool bad_l4 = how.find("bad-l4") != how.npos;
        const auto large = large_of(how);
        std::string what = trimmed(rest.substr(colon + 2));
        if (kind == "in") {
            Input first{port, frame(what), bad_l4, large, std::exchange(changes_, {})};
            test.in.push_back(first);
            test.in.insert(test.in.end(), times - 1, Input{port, first.frame, bad_l4, large, {}});
        } else if (kind == "out")
            test.out[port].insert(test.out[port].end(), times,
                                  {frame(what), large ? large->segment : uint16_t{0}});
        else if (kind == "count")
            test.counters[port] = what;
        else
            throw std::runtime_error("unknown line: " + kind);
    }

    // Names may stand for text with names in it.
    std::string substituted(std::string line) const {
        for (size_t at; (at = line.find('$')) != line.npos;) {
            size_t end = at + 1;
            while (end < line.size() &&
                   (std::isalnum(static_cast<unsigned char>(line[end])) || line[end] == '_'))
                ++end;
            auto name = names_.find(line.substr(at + 1, end - at - 1));
            if (name == names_.end())
                throw std::runtime_error("unknown name " + line.substr(at, end - at));
            line.replace(at, end - at, name->second);
        }
        return line;
    }

    std::string file_;
    std::map<std::string, std::string> names_;
    std::vector<std::string> fabric_;
    std::vector<std::string> changes_; // of `then`, for the next `in`
    std::vector<Case> cases_;
};

} // namespace

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.file << ": " << test.name; }

std::vector<Case> read_cases(const std::string& path) { return Reader(path).take(); }

} // namespace ringfence::test
