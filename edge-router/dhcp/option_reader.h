// Options of a `Dhcp` row, from text to values: what the bindings' from() functions read with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"

namespace ringfence {

// --- One value

// Decimal, least to most.
[[nodiscard]] Result<uint32_t> read_number(std::string_view text, uint32_t least, uint32_t most);
// Separated by commas, spaces around an entry left out; up to 32. An empty text is an error, and so
// is an empty entry.
[[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view text);
[[nodiscard]] Result<std::vector<std::string>> read_names(std::string_view text);
// "text:..." or "hex:0a0b...", 1 to 1024 bytes.
[[nodiscard]] Result<std::vector<uint8_t>> read_bytes(std::string_view text);

inline constexpr size_t most_servers = 16, most_list_entries = 32;

template <class Address>
[[nodiscard]] Result<std::vector<Address>> read_addresses(std::string_view text) {
    auto words = read_list(text);
    if (!words)
        return tl::unexpected(words.error());
    if (words->size() > most_servers)
        return fail("{} addresses: up to {} are possible", words->size(), most_servers);
    std::vector<Address> addresses;
    for (const std::string& word : *words) {
        auto address = Address::from(word);
        if (!address)
            return tl::unexpected(address.error());
        addresses.push_back(*address);
    }
    return addresses;
}

// --- All options of a row

// Takes them one by one and keeps the first trouble, which names its option.
class OptionReader {
public:
    explicit OptionReader(const std::map<std::string, std::string>& options) : options_(options) {}

    // parse(std::string_view) -> Result<T>. None where the option is absent or wrong.
    template <class Parse> auto take(const std::string& name, Parse parse) {
        using Value = typename decltype(parse(std::string_view()))::value_type;
        taken_.insert(name);
        auto found = options_.find(name);
        if (found == options_.end())
            return std::optional<Value>();
        auto value = parse(std::string_view(found->second));
        if (value)
            return std::optional<Value>(std::move(*value));
        note(value.error().in("option " + name));
        return std::optional<Value>();
    }
    template <class Parse> auto require(const std::string& name, Parse parse) {
        if (!options_.contains(name))
            note({ErrorKind::invalid, "option " + name + " is missing"});
        return take(name, parse);
    }
    std::optional<uint32_t> number(const std::string& name, uint32_t least, uint32_t most) {
        return take(name, [=](std::string_view text) { return read_number(text, least, most); });
    }
    template <class Visit> void for_each_not_taken(Visit visit) {
        for (const auto& [name, text] : options_)
            if (!taken_.contains(name))
                visit(name);
    }
    void note(Error error) {
        if (!trouble_)
            trouble_ = std::move(error);
    }
    // Once all that may be there was taken: whatever is left is unknown.
    std::optional<Error> trouble() {
        for_each_not_taken([&](const std::string& name) {
            note({ErrorKind::unsupported, "option " + name + " is unknown"});
        });
        return trouble_;
    }

private:
    const std::map<std::string, std::string>& options_;
    std::set<std::string> taken_;
    std::optional<Error> trouble_;
};

} // namespace ringfence
