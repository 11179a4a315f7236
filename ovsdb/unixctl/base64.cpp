#include "ovsdb/unixctl/base64.h"

#include <cstdint>

namespace ringfence::unixctl {

namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        for (size_t j = 0; j < 3; ++j)
            group = group << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0u);
        for (size_t j = 0; j < 4; ++j)
            text += i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.remove_suffix(1);
    if (text.size() % 4 != 0)
        return std::nullopt;
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::string bytes;
    uint32_t group = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const size_t digit = i + padding < text.size() ? digits.find(text[i]) : 0;
        if (digit == digits.npos)
            return std::nullopt;
        group = group << 6 | static_cast<uint32_t>(digit);
        if (i % 4 == 3)
            for (int shift : {16, 8, 0})
                bytes += static_cast<char>(group >> shift & 255);
    }
    bytes.resize(bytes.size() - padding);
    return bytes;
}

} // namespace ringfence::unixctl
