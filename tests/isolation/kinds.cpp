#include "tests/isolation/kinds.h"

#include <fstream>
#include <stdexcept>
#include <utility>

#include "tests/isolation/mark.h"
#include "tests/packet/frame.h"

namespace ringfence::test {

namespace {

Kind read_kind(const std::string& line) {
    size_t colon = line.find(": ");
    if (colon == std::string::npos || (line[0] != '+' && line[0] != '-'))
        throw std::runtime_error("not a kind of frame: " + line);
    return {line.substr(2, colon - 2), line.substr(colon + 2), line[0] == '+'};
}

} // namespace

std::vector<Kind> read_kinds(const std::string& path) {
    std::ifstream file(path);
    if (!file)
        throw std::runtime_error(path + ": can't be read");
    std::vector<Kind> kinds;
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && line[0] != '#')
            kinds.push_back(read_kind(line));
    return kinds;
}

std::vector<uint8_t> frame_of(const Kind& kind, const Station& from, const Station& to,
                              const Station& other, unsigned vni, unsigned number) {
    const std::pair<std::string, std::string> words[] = {{"$s4", from.ip4},
                                                         {"$s6", from.ip6},
                                                         {"$S", from.mac},
                                                         {"$d4", to.ip4},
                                                         {"$d6", to.ip6},
                                                         {"$D", to.mac},
                                                         {"$o4", other.ip4},
                                                         {"$o6", other.ip6},
                                                         {"$O", other.mac},
                                                         {"$M", blank_mark()},
                                                         {"$V", std::to_string(vni)},
                                                         {"$N", std::to_string(number)}};
    std::string text = kind.text;
    for (const auto& [word, value] : words)
        for (size_t at; (at = text.find(word)) != std::string::npos;)
            text.replace(at, word.size(), value);
    return frame(text).bytes;
}

} // namespace ringfence::test
