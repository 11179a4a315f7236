#include "core/wire/ip.h"

namespace ringfence {

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

} // namespace

Ipv6Chain walk_extensions(Cursor& cursor, uint8_t first) {
    Ipv6Chain chain;
    chain.protocol = first;
    const size_t before = cursor.left();
    for (unsigned headers = 0; is_extension(chain.protocol); ++headers) {
        if (headers == Ipv6Chain::max_headers) {
            chain.problem = Ipv6Chain::Problem::too_long;
            return chain;
        }
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
