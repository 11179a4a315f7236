#include "ovsdb/framing.h"

namespace ringfence::ovsdb {

void Framer::feed(std::string_view bytes) {
    // What was handed out goes only now, so that a burst of small messages is moved once, not once
    // each.
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    buffer_.append(bytes);
}

Result<std::optional<std::string_view>> Framer::next() {
    auto whole = scan();
    if (!whole)
        return tl::unexpected(whole.error());
    if (!*whole)
        return std::nullopt;
    const std::string_view message = std::string_view(buffer_).substr(begin_, scanned_ - begin_);
    begin_ = scanned_;
    return message;
}

Result<bool> Framer::scan() {
    while (scanned_ < buffer_.size()) {
        const char c = buffer_[scanned_];
        if (depth_ == 0) {
            if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
                begin_ = ++scanned_;
                continue;
            }
            if (c != '{')
                return fail(ErrorKind::unavailable,
                            "the peer does not speak JSON-RPC: a message begins with byte {:#04x}",
                            static_cast<unsigned char>(c));
        }
        ++scanned_;
        if (scanned_ - begin_ > limit_)
            return fail(ErrorKind::unavailable, "a message is larger than {} bytes", limit_);
        if (in_string_) {
            if (escaped_)
                escaped_ = false;
            else if (c == '\\')
                escaped_ = true;
            else if (c == '"')
                in_string_ = false;
        } else if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            if (++depth_ > max_depth)
                return fail(ErrorKind::unavailable, "a message nests deeper than {} levels",
                            max_depth);
        } else if (c == '}' || c == ']') {
            if (--depth_ == 0)
                return true;
        }
    }
    return false;
}

} // namespace ringfence::ovsdb
