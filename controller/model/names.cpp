#include "controller/model/names.h"

#include <algorithm>

namespace ringfence::model {
namespace {

constexpr size_t longest_name = 63;
constexpr size_t longest_port_name = 255;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_name_character(char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; }
bool is_visible(char c) { return c > ' ' && c <= '~'; }

} // namespace

Result<> check_name(std::string_view object, std::string_view name) {
    if (!name.empty() && name.size() <= longest_name && is_alphanumeric(name.front()) &&
        std::ranges::all_of(name, is_name_character))
        return {};
    return fail(
        "{}: \"{}\" is not a name: give 1 to 63 letters, digits, '-', '_' or '.', beginning "
        "with a letter or a digit",
        object, shown(name));
}

Result<> check_port_name(std::string_view object, std::string_view name) {
    if (!name.empty() && name.size() <= longest_port_name && std::ranges::all_of(name, is_visible))
        return {};
    return fail("{}: \"{}\" is not a port name: give 1 to 255 printable ASCII characters without "
                "spaces",
                object, shown(name));
}

std::string shown(std::string_view text) {
    std::string line(text.substr(0, longest_name));
    std::ranges::replace_if(
        line, [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; }, '?');
    return text.size() > longest_name ? line + "..." : line;
}

} // namespace ringfence::model
