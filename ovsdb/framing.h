// Cuts a stream of bytes into JSON messages. Neither OVSDB (RFC 7047, clause 4) nor OVS's unixctl
// puts anything between them, so the end of one is found by counting brackets outside strings; what
// lies between is checked by the parser later.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/types/result.h"

namespace ringfence::ovsdb {

class Framer {
public:
    static constexpr size_t max_depth =
        1000; // brackets within brackets; parsers downstream may recurse
    static constexpr size_t max_message =
        size_t{1} << 30; // bytes; a load of a million rows is about a quarter of it

    explicit Framer(size_t limit = max_message) : limit_(limit) {}

    void feed(std::string_view bytes);
    // The next whole message, nothing when more bytes are needed; valid until the next call of any
    // function. An error is final: where the next message begins can't be known.
    [[nodiscard]] Result<std::optional<std::string_view>> next();

private:
    Result<bool> scan(); // true: scanned_ is one past a message's end

    size_t limit_;
    std::string buffer_;
    size_t begin_ = 0;   // of the current message
    size_t scanned_ = 0; // up to here the state below is about
    size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

} // namespace ringfence::ovsdb
