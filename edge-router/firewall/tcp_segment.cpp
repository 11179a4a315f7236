#include "edge-router/firewall/tcp_segment.h"

#include "core/wire/l4.h"

namespace ringfence {

namespace {

// RFC 7323, 2.2 and 2.3: kind 3, length 3, and no more than 14.
constexpr uint8_t option_end = 0, option_nothing = 1, option_scale = 3, max_scale = 14;

} // namespace

// Of the options. Broken ones end the search, as they do at the receiver.
uint8_t TcpSegment::scale_in(uint8_t* header, size_t linear, size_t header_length) {
    Cursor options(header, linear);
    options.limit(header_length);
    options.skip(sizeof(TcpHeader));
    while (const uint8_t* kind = options.peek<uint8_t>()) {
        if (*kind == option_end)
            break;
        if (*kind == option_nothing) {
            options.skip(1);
            continue;
        }
        if (options.left() < 2)
            break;
        uint8_t length = options.data()[1];
        if (length < 2 || length > options.left())
            break;
        if (*kind == option_scale && length == 3)
            return options.data()[2] > max_scale ? max_scale : options.data()[2];
        options.skip(length);
    }
    return no_scale;
}

bool TcpSegment::is_sane(uint8_t flags) {
    switch (flags & (tcp_flag::syn | tcp_flag::fin | tcp_flag::rst | tcp_flag::ack)) {
    case tcp_flag::syn:
    case tcp_flag::syn | tcp_flag::ack:
    case tcp_flag::rst:
    case tcp_flag::rst | tcp_flag::ack:
    case tcp_flag::ack:
    case tcp_flag::fin | tcp_flag::ack:
        return true;
    default:
        return false;
    }
}

} // namespace ringfence
