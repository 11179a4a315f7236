#include "core/types/result.h"

namespace ringfence {

const char* to_string(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::invalid:
        return "invalid";
    case ErrorKind::not_found:
        return "not found";
    case ErrorKind::conflict:
        return "conflict";
    case ErrorKind::unsupported:
        return "unsupported";
    case ErrorKind::unavailable:
        return "unavailable";
    case ErrorKind::timeout:
        return "timeout";
    }
    return "unknown";
}

Error Error::in(std::string_view context) const {
    return Error{kind, fmt::format("{}: {}", context, text)};
}

} // namespace ringfence
