#include "controller/model/texts.h"

#include <algorithm>

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

tl::unexpected<Error> not_built(std::string_view object, std::string_view what,
                                std::string_view remedy) {
    return fail(ErrorKind::unsupported, "{}: {} is not built yet; {}", object, what, remedy);
}

} // namespace ringfence::model
