#include "core/wire/ip.h"

namespace ringfence {

std::string protocol_name(uint8_t protocol) {
    switch (protocol) {
    case ip_protocol::tcp:
        return "tcp";
    case ip_protocol::udp:
        return "udp";
    case ip_protocol::icmp:
        return "icmp";
    case ip_protocol::icmp6:
        return "icmp6";
    default:
        return "ip-" + std::to_string(protocol);
    }
}

namespace {

class ExtensionHeader {
public:
    uint8_t next() const { return next_; }
    // Authentication counts in 4 bytes less 2 (RFC 4302, 2.2), the others in 8 less 1.
    size_t length(uint8_t kind) const {
        return kind == ip_protocol::authentication ? (length_ + size_t{2}) * 4
                                                   : (length_ + size_t{1}) * 8;
    }

private:
    uint8_t next_, length_;
};

// As far as its kinds are alike (RFC 8200, 4.4).
struct RoutingHeader {
    uint8_t next, length, type, segments_left;

    bool is_source_route() const { return type == 0 && segments_left != 0; }
};

class FragmentHeader {
public:
    uint8_t next() const { return next_; }
    uint16_t offset() const { return offset_.host() & 0xfff8; }
    bool more() const { return offset_.host() & 1; }
    uint32_t id() const { return id_.host(); }

private:
    uint8_t next_;
    [[maybe_unused]] uint8_t reserved_;
    Be16 offset_;
    Be32 id_;
};
static_assert(sizeof(FragmentHeader) == 8);

void note_fragment(Ipv6Chain& chain, const FragmentHeader& header, size_t end) {
    chain.protocol = header.next();
    if (!header.more() && header.offset() == 0) // atomic: no fragment at all (RFC 6946)
        return;
    chain.is_later_fragment = header.offset() != 0;
    if (chain.is_fragment) // a fragment of a fragment: the outer one says whose
        return;
    chain.is_fragment = true;
    chain.fragment_id = header.id();
    chain.fragment_offset = header.offset();
    chain.fragment_end = static_cast<uint16_t>(end);
    chain.more_fragments = header.more();
}

bool is_extension(uint8_t protocol) {
    switch (protocol) {
    case ip_protocol::hop_by_hop:
    case ip_protocol::routing:
    case ip_protocol::fragment:
    case ip_protocol::authentication:
    case ip_protocol::destination_options:
    case 135: // mobility (RFC 6275)
    case 139: // host identity (RFC 7401)
    case 140: // shim6 (RFC 5533)
        return true;
    default:
        return false;
    }
}

// Of the header that the cursor stands on, not what it may run past.
Ipv6Chain::Problem problem_of(uint8_t kind, unsigned headers_before, const Cursor& cursor) {
    using Problem = Ipv6Chain::Problem;
    if (headers_before == Ipv6Chain::max_headers)
        return Problem::too_long;
    if (kind == ip_protocol::hop_by_hop && headers_before != 0)
        return Problem::order;
    const auto* routing = kind == ip_protocol::routing ? cursor.peek<RoutingHeader>() : nullptr;
    return routing && routing->is_source_route() ? Problem::source_route : Problem::none;
}

} // namespace

Ipv4Options read_options(const uint8_t* bytes, size_t length) {
    constexpr uint8_t end = 0, no_operation = 1, loose_route = 131, strict_route = 137;
    Ipv4Options options;
    for (size_t at = 0, size = 1; at < length && bytes[at] != end; at += size) {
        if (bytes[at] == no_operation) {
            size = 1;
            continue;
        }
        size = at + 1 < length ? bytes[at + 1] : 0;
        options.valid = size >= 2 && at + size <= length;
        if (!options.valid)
            return options;
        options.source_route |= bytes[at] == loose_route || bytes[at] == strict_route;
    }
    return options;
}

Ipv6Chain walk_extensions(Cursor& cursor, uint8_t first) {
    Ipv6Chain chain;
    chain.protocol = first;
    const size_t before = cursor.left();
    for (unsigned headers = 0; is_extension(chain.protocol); ++headers) {
        chain.problem = problem_of(chain.protocol, headers, cursor);
        if (chain.problem != Ipv6Chain::Problem::none)
            return chain;
        if (chain.protocol == ip_protocol::fragment) {
            const auto* fragment = cursor.take<FragmentHeader>();
            if (!fragment) {
                chain.problem = Ipv6Chain::Problem::past_end;
                return chain;
            }
            note_fragment(chain, *fragment, before - cursor.left());
            if (chain.is_later_fragment)
                return chain;
            continue;
        }
        const auto* header = cursor.peek<ExtensionHeader>();
        uint8_t kind = chain.protocol;
        if (!header || !cursor.skip(header->length(kind))) {
            chain.problem = Ipv6Chain::Problem::past_end;
            return chain;
        }
        chain.protocol = header->next();
    }
    return chain;
}

} // namespace ringfence
