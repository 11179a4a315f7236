// Small texts: canonical addresses, lists, and the refusals that many checks share.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/model/names.h"
#include "core/types/result.h"

namespace ringfence::model {

// As the ledger and the southbound tables write it; a text that is no address stays as it is.
std::string canonical_mac(const std::string& text);
std::string canonical_address(const std::string& text);

std::string join(const std::set<std::string>& parts, std::string_view separator);
std::set<std::string> split(std::string_view text, char separator); // without empty parts
// "a, b": its parts in their order, without the spaces around them; one behind a comma at the end
// is empty. An empty text has none.
std::vector<std::string_view> list_of(std::string_view text);

// The number that the whole text is, of `least` to `most`.
std::optional<int64_t> number_in(std::string_view text, int64_t least, int64_t most);

// "org/acme: quotas are not built yet; remove them"
[[nodiscard]] tl::unexpected<Error> not_built(std::string_view object, std::string_view what,
                                              std::string_view remedy);

// A map column that nothing reads yet must be empty: a setting is refused, never ignored.
template <class Value>
[[nodiscard]] Result<> check_empty(std::string_view object, std::string_view column,
                                   const std::map<std::string, Value>& map) {
    if (map.empty())
        return {};
    return not_built(object, fmt::format("{} {}", column, shown(map.begin()->first)), "remove it");
}

// A map column in which only these names are read yet; any other is refused, never ignored.
template <class Value>
[[nodiscard]] Result<> check_known(std::string_view object, std::string_view column,
                                   const std::map<std::string, Value>& map,
                                   std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : map)
        if (std::find(known.begin(), known.end(), name) == known.end())
            return not_built(object, fmt::format("{} {}", column, shown(name)), "remove it");
    return {};
}
// A setting that is `yes` or not there.
[[nodiscard]] Result<> check_yes(std::string_view object, const std::string& name,
                                 const std::map<std::string, std::string>& options);

// The first refusal of several, in order.
template <class... Results> [[nodiscard]] Result<> first_of(Results... results) {
    Result<> first;
    ((first ? void(first = std::move(results)) : void()), ...);
    return first;
}

} // namespace ringfence::model
