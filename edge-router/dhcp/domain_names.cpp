#include "edge-router/dhcp/domain_names.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace ringfence {

namespace {

constexpr size_t most_characters = 253, most_in_label = 63;

std::string_view without_last_dot(std::string_view name) {
    return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

// Its first label, and what is left behind the dot.
std::string_view take_label(std::string_view& name) {
    size_t dot = name.find('.');
    std::string_view label = name.substr(0, dot);
    name = dot == name.npos ? std::string_view() : name.substr(dot + 1);
    return label;
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= most_in_label &&
           std::ranges::all_of(
               label, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

} // namespace

Result<> check_domain_name(std::string_view name) {
    std::string_view rest = without_last_dot(name);
    if (rest.empty() || rest.size() > most_characters || rest.ends_with('.'))
        return fail("\"{}\" is not a domain name", name);
    while (!rest.empty())
        if (!is_label(take_label(rest)))
            return fail("\"{}\" is not a domain name", name);
    return {};
}

std::vector<uint8_t> encode_domain_names(const std::vector<std::string>& names, bool compressed) {
    constexpr size_t largest_pointer = 0x3fff;
    std::vector<uint8_t> bytes;
    std::map<std::string, size_t, std::less<>> known; // an ending, and where it began
    for (const std::string& name : names) {
        std::string_view rest = without_last_dot(name);
        bool pointed = false;
        while (!rest.empty() && !pointed) {
            if (auto earlier = known.find(rest); compressed && earlier != known.end()) {
                bytes.push_back(static_cast<uint8_t>(0xc0 | earlier->second >> 8));
                bytes.push_back(static_cast<uint8_t>(earlier->second));
                pointed = true;
                continue;
            }
            if (bytes.size() <= largest_pointer)
                known.emplace(rest, bytes.size());
            std::string_view label = take_label(rest);
            bytes.push_back(static_cast<uint8_t>(label.size()));
            bytes.insert(bytes.end(), label.begin(), label.end());
        }
        if (!pointed)
            bytes.push_back(0);
    }
    return bytes;
}

} // namespace ringfence
