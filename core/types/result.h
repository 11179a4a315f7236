// Result<T>: a value, or the Error that says what went wrong, with what, where. Every room returns
// it; only main and the tops of threads catch exceptions.
#pragma once

#include <string>
#include <utility>

#include <fmt/core.h>
#include <tl/expected.hpp>

namespace ringfence {

// What a caller can do about an error; network-ctl makes its exit status from it.
enum class ErrorKind {
    invalid,     // what was asked makes no sense; asking again will not help
    not_found,   // the object that was named does not exist
    conflict,    // it exists already, is in use, or somebody else changed it
    unsupported, // understood, and not built (yet)
    unavailable, // a peer, a database or the system did not play along; may work later
    timeout,     // the deadline passed first; the outcome may be unknown
};

const char* to_string(ErrorKind kind);

// The facts of a failure in one sentence: "port web-0: MTU 9000 exceeds underlay 1450". No full
// stop, no newline.
struct Error {
    ErrorKind kind = ErrorKind::invalid;
    std::string text;

    // The same error seen from further out: "nic create: port web-0: ..."
    Error in(std::string_view context) const;
    bool operator==(const Error&) const = default;
};

template <class T = void> using Result = tl::expected<T, Error>;

// return fail(ErrorKind::not_found, "network {}: no such network", name);
template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format,
                                         Args&&... args) {
    return tl::unexpected<Error>(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid, fmt::format(format, std::forward<Args>(args)...)});
}

} // namespace ringfence
