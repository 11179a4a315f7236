// What stands in an answer of a daemon, which may be of another version: what is not there, or of
// another type, is empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace ringfence::ctl {

inline const nlohmann::json& in(const nlohmann::json& object, const char* key) {
    static const nlohmann::json nothing;
    const auto found = object.find(key);
    return found == object.end() ? nothing : *found;
}

inline std::string text_in(const nlohmann::json& object, const char* key) {
    const nlohmann::json& value = in(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

// What is larger than an int64_t is the largest one.
inline int64_t number_of(const nlohmann::json& value) {
    if (value.is_number_unsigned())
        return static_cast<int64_t>(std::min<uint64_t>(value.get<uint64_t>(), INT64_MAX));
    return value.is_number_integer() ? value.get<int64_t>() : 0;
}

inline int64_t number_in(const nlohmann::json& object, const char* key) {
    return number_of(in(object, key));
}

} // namespace ringfence::ctl
