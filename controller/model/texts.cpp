#include "controller/model/texts.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/types/addresses.h"

namespace ringfence::model {

std::string canonical_mac(const std::string& text) {
    auto mac = MacAddr::from(text);
    return mac ? to_string(*mac) : text;
}

std::string canonical_address(const std::string& text) {
    auto address = IpAddr::from(text);
    return address ? to_string(*address) : text;
}

std::string join(const std::set<std::string>& parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts, separator));
}

std::set<std::string> split(std::string_view text, char separator) {
    std::set<std::string> parts;
    while (!text.empty()) {
        std::string_view part = text.substr(0, text.find(separator));
        if (!part.empty())
            parts.emplace(part);
        text.remove_prefix(std::min(part.size() + 1, text.size()));
    }
    return parts;
}

std::vector<std::string_view> list_of(std::string_view text) {
    std::vector<std::string_view> parts;
    for (bool more = !text.empty(); more;) {
        const size_t comma = text.find(',');
        more = comma != text.npos;
        std::string_view part = text.substr(0, comma);
        text.remove_prefix(more ? comma + 1 : text.size());
        while (part.starts_with(' '))
            part.remove_prefix(1);
        while (part.ends_with(' '))
            part.remove_suffix(1);
        parts.push_back(part);
    }
    return parts;
}

std::optional<int64_t> number_in(std::string_view text, int64_t least, int64_t most) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
    return whole && number >= least && number <= most ? std::optional(number) : std::nullopt;
}

Result<> check_yes(std::string_view object, const std::string& name,
                   const std::map<std::string, std::string>& options) {
    const auto option = options.find(name);
    if (option == options.end() || option->second == "yes")
        return {};
    return fail("{}: {} \"{}\" is not its value; give yes, or remove it", object, name,
                shown(option->second));
}

tl::unexpected<Error> not_built(std::string_view object, std::string_view what,
                                std::string_view remedy) {
    return fail(ErrorKind::unsupported, "{}: {} is not built yet; {}", object, what, remedy);
}

} // namespace ringfence::model
