#include "edge-router/dhcp/option_reader.h"

#include <charconv>

#include "edge-router/dhcp/domain_names.h"

namespace ringfence {

namespace {

constexpr size_t most_bytes = 1024, most_of_names = 512;

std::string_view trimmed(std::string_view text) {
    size_t first = text.find_first_not_of(' ');
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Result<std::vector<uint8_t>> read_hex(std::string_view digits) {
    std::vector<uint8_t> bytes;
    for (size_t at = 0; at < digits.size(); at += 2) {
        std::string_view pair = digits.substr(at, 2);
        uint8_t byte = 0;
        auto [end, bad] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
        if (bad != std::errc() || end != pair.data() + 2)
            return fail("\"{}\" is not hexadecimal, two digits a byte", digits);
        bytes.push_back(byte);
    }
    return bytes;
}

} // namespace

Result<uint32_t> read_number(std::string_view text, uint32_t least, uint32_t most) {
    uint32_t number = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc() || end != text.data() + text.size() || number < least || number > most)
        return fail("\"{}\" is not a number from {} to {}", text, least, most);
    return number;
}

Result<std::vector<std::string>> read_list(std::string_view text) {
    std::vector<std::string> words;
    for (bool more = true; more;) {
        size_t comma = text.find(',');
        more = comma != text.npos;
        std::string_view word = trimmed(text.substr(0, comma));
        if (word.empty())
            return fail("an entry of the list is empty");
        words.emplace_back(word);
        text = more ? text.substr(comma + 1) : std::string_view();
    }
    if (words.size() > most_list_entries)
        return fail("{} entries: up to {} are possible", words.size(), most_list_entries);
    return words;
}

Result<std::vector<std::string>> read_names(std::string_view text) {
    auto names = read_list(text);
    if (!names)
        return names;
    for (const std::string& name : *names)
        if (auto good = check_domain_name(name); !good)
            return tl::unexpected(good.error());
    if (encode_domain_names(*names, false).size() > most_of_names)
        return fail("the names take more than {} bytes", most_of_names);
    return names;
}

Result<std::vector<uint8_t>> read_bytes(std::string_view text) {
    constexpr std::string_view as_text = "text:", as_hex = "hex:";
    Result<std::vector<uint8_t>> bytes;
    if (text.starts_with(as_text))
        bytes = std::vector<uint8_t>(text.begin() + as_text.size(), text.end());
    else if (text.starts_with(as_hex))
        bytes = read_hex(text.substr(as_hex.size()));
    else
        return fail("\"{}\" begins with neither text: nor hex:", text);
    if (bytes && (bytes->empty() || bytes->size() > most_bytes))
        return fail("{} bytes: 1 to {} are possible", bytes->size(), most_bytes);
    return bytes;
}

} // namespace ringfence
