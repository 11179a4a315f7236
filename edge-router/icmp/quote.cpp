#include "edge-router/icmp/quote.h"

#include <algorithm>

#include "core/packet/icmp_ports.h"
#include "core/wire/checksum.h"
#include "core/wire/cursor.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence {

namespace {

template <class Address> struct Family;
template <> struct Family<Ipv4Addr> {
    using Header = Ipv4Header;
    static constexpr uint8_t icmp = ip_protocol::icmp;
    static constexpr size_t source = 12, destination = 16; // in the header
};
template <> struct Family<Ipv6Addr> {
    using Header = Ipv6Header;
    static constexpr uint8_t icmp = ip_protocol::icmp6;
    static constexpr size_t source = 8, destination = 24;
};

constexpr size_t smallest_l4 = 8; // bytes of the upper layer that every quote has (RFC 792)

size_t length_of(const Ipv4Header& ip) { return ip.total_length(); }
size_t length_of(const Ipv6Header& ip) { return sizeof ip + ip.payload_length(); }

// Bytes of the message's body that are the quote, where the sender says so (RFC 4884, 4): other
// than that it is all.
size_t quoted_length(const Ipv4Header&, const uint8_t* message) {
    bool can_say = message[0] != icmp_type::source_quench;
    return can_say ? size_t{4} * message[5] : 0;
}
size_t quoted_length(const Ipv6Header&, const uint8_t* message) {
    bool can_say = message[0] == icmp6_type::unreachable || message[0] == icmp6_type::time_exceeded;
    return can_say ? size_t{8} * message[4] : 0;
}

ChecksumSum outer_sum(const Ipv4Header&, size_t) { return {}; }
ChecksumSum outer_sum(const Ipv6Header& ip, size_t length) {
    return ipv6_pseudo_header(ip.source(), ip.destination(), ip_protocol::icmp6,
                              static_cast<uint32_t>(length));
}

// A quoted header, and where the upper layer behind it begins.
struct Upper {
    Verdict verdict = Verdict::nat_icmp_no_match;
    uint8_t protocol = 0;
};

// Past the quoted header, to its upper layer.
Upper walk_quote(Cursor& cursor, const Ipv4Header& ip) {
    const uint8_t* begin = cursor.data();
    size_t header = ip.header_length();
    if (ip.version() != 4 || header < sizeof ip || !cursor.skip(header))
        return {};
    if (checksum(begin, header) != 0)
        return {Verdict::nat_icmp_checksum};
    if (ip.fragment_offset() != 0)
        return {};
    return {Verdict::next, ip.protocol()};
}
Upper walk_quote(Cursor& cursor, const Ipv6Header& ip) {
    if (ip.version() != 6 || !cursor.skip(sizeof ip))
        return {};
    Ipv6Chain chain = walk_extensions(cursor, ip.next_header());
    if (chain.problem != Ipv6Chain::Problem::none || chain.is_later_fragment)
        return {};
    return {Verdict::next, chain.protocol};
}

// The upper layer of the quote, whose first 8 bytes the cursor must have.
template <class Address> Verdict read_upper(const Cursor& cursor, Quote<Address>& quote) {
    auto& tuple = quote.tuple;
    if (has_ports(tuple.protocol)) {
        const auto* ports = cursor.peek<L4Ports>();
        tuple.source_port = ports->source().value();
        tuple.destination_port = ports->destination().value();
        if (tuple.protocol == ip_protocol::tcp)
            quote.tcp_sequence = cursor.peek<TcpBeginning>()->sequence();
        return Verdict::next;
    }
    if (tuple.protocol == ip_protocol::icmp || tuple.protocol == ip_protocol::icmp6) {
        const auto* icmp = cursor.peek<IcmpHeader>();
        if (tuple.protocol != Family<Address>::icmp || !is_icmp_query(tuple.protocol, icmp->type()))
            return Verdict::nat_icmp_no_match;
        auto ports = icmp_ports(tuple.protocol, *icmp);
        tuple.source_port = ports.source;
        tuple.destination_port = ports.destination;
    }
    return Verdict::next;
}

// The cursor stands on the quoted header, and ends with the quote.
template <class Address>
Verdict read_quote(Cursor cursor, const Address& receiver, Quote<Address>& quote) {
    const auto* ip = cursor.peek<typename Family<Address>::Header>();
    if (!ip)
        return Verdict::nat_icmp_no_match;
    cursor.limit(length_of(*ip)); // behind it is padding (RFC 4884, 5.1)
    quote.end = static_cast<uint16_t>(quote.ip + cursor.left());
    size_t before = cursor.left();
    Upper upper = walk_quote(cursor, *ip);
    if (upper.verdict != Verdict::next)
        return upper.verdict;
    if (cursor.left() < smallest_l4 || ip->source() != receiver)
        return Verdict::nat_icmp_no_match;
    quote.l4 = static_cast<uint16_t>(quote.ip + before - cursor.left());
    quote.tuple = {
        .source = ip->source(), .destination = ip->destination(), .protocol = upper.protocol};
    return read_upper(cursor, quote);
}

// What replacing words under an Internet checksum does to it (RFC 1624, equation 3).
class Change {
public:
    void replace(uint8_t* at, uint16_t with) {
        Be16 before, after(with);
        std::memcpy(&before, at, sizeof before);
        std::memcpy(at, &after, sizeof after);
        sum_.add(static_cast<uint16_t>(~before.host()));
        sum_.add(with);
    }
    void replace(uint8_t* at, Ipv4Addr with) {
        replace(at, static_cast<uint16_t>(with.value >> 16));
        replace(at + 2, static_cast<uint16_t>(with.value));
    }
    void replace(uint8_t* at, const Ipv6Addr& with) {
        for (size_t i = 0; i < with.bytes.size(); i += 2)
            replace(at + i, static_cast<uint16_t>(with.bytes[i] << 8 | with.bytes[i + 1]));
    }
    Change& operator+=(const Change& other) {
        sum_.add(other.sum_.folded());
        return *this;
    }
    uint16_t applied(uint16_t checksum) const {
        ChecksumSum sum = sum_;
        sum.add(static_cast<uint16_t>(~checksum));
        return sum.checksum();
    }

private:
    ChecksumSum sum_;
};

uint16_t read16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

template <class Address>
Change set_addresses(uint8_t* ip, const Address& source, const Address& destination) {
    Change change;
    change.replace(ip + Family<Address>::source, source);
    change.replace(ip + Family<Address>::destination, destination);
    return change;
}

// Corrects an IPv4 header's checksum, itself a change under the ICMP message's. IPv6 has none.
Change correct_header(uint8_t* ip, const Change& addresses, const Ipv4Addr&) {
    constexpr size_t at = 10;
    Change change;
    change.replace(ip + at, addresses.applied(read16(ip + at)));
    return change;
}
Change correct_header(uint8_t*, const Change&, const Ipv6Addr&) { return {}; }

template <class Address> Change set_ports(uint8_t* l4, const Tuple<Address>& tuple) {
    Change change;
    if (has_ports(tuple.protocol)) {
        change.replace(l4, tuple.source_port);
        change.replace(l4 + 2, tuple.destination_port);
    } else if (tuple.protocol == Family<Address>::icmp) {
        bool answers = icmp_question(tuple.protocol, l4[0]).has_value();
        change.replace(l4 + 4, answers ? tuple.destination_port : tuple.source_port);
    }
    return change;
}

// Where in the upper layer its checksum lies.
std::optional<size_t> checksum_at(uint8_t protocol) {
    switch (protocol) {
    case ip_protocol::tcp:
        return 16;
    case ip_protocol::udp:
        return 6;
    case ip_protocol::icmp:
    case ip_protocol::icmp6:
        return 2;
    default:
        return std::nullopt;
    }
}

// Corrects the quoted upper layer's checksum where it is in the quote.
Change correct_upper(uint8_t* l4, size_t there, uint8_t protocol, const Change& addresses,
                     const Change& ports) {
    Change change;
    auto at = checksum_at(protocol);
    if (!at || *at + 2 > there)
        return change;
    uint16_t before = read16(l4 + *at);
    if (protocol == ip_protocol::udp && before == 0) // there is none (RFC 768)
        return change;
    Change under = ports;
    if (protocol != ip_protocol::icmp) // the only one without a pseudo-header
        under += addresses;
    uint16_t after = under.applied(before);
    if (protocol == ip_protocol::udp && after == 0)
        after = 0xffff;
    change.replace(l4 + *at, after);
    return change;
}

} // namespace

bool is_icmp_error(uint8_t protocol, uint8_t type) {
    if (protocol == ip_protocol::icmp6)
        return type < icmp6_type::first_query || type == icmp6_type::redirect;
    switch (type) {
    case icmp_type::unreachable:
    case icmp_type::source_quench:
    case icmp_type::redirect:
    case icmp_type::time_exceeded:
    case icmp_type::parameter_problem:
        return true;
    default:
        return false;
    }
}

template <class Address>
Verdict find_quote(std::span<const uint8_t> packet, size_t message, Quote<Address>& quote) {
    Cursor cursor = Cursor::over(packet);
    const auto* outer = cursor.peek<typename Family<Address>::Header>();
    if (!outer || packet.size() < length_of(*outer) || length_of(*outer) < message)
        return Verdict::nat_icmp_no_match;
    cursor.limit(length_of(*outer));
    const auto* icmp = cursor.skip(message) ? cursor.peek<IcmpHeader>() : nullptr;
    if (!icmp || !is_icmp_error(Family<Address>::icmp, icmp->type()))
        return Verdict::nat_icmp_no_match;
    if (icmp->type() ==
        (Family<Address>::icmp == ip_protocol::icmp ? icmp_type::redirect : icmp6_type::redirect))
        return Verdict::icmp_redirect;
    ChecksumSum sum = outer_sum(*outer, cursor.left());
    sum.add(cursor.data(), cursor.left());
    if (sum.checksum() != 0)
        return Verdict::nat_icmp_checksum;

    quote.message = static_cast<uint16_t>(message);
    quote.ip = static_cast<uint16_t>(message + sizeof(IcmpHeader));
    size_t said = quoted_length(*outer, cursor.data());
    cursor.skip(sizeof(IcmpHeader));
    if (said != 0)
        cursor.limit(said);
    return read_quote(cursor, outer->destination(), quote);
}

template <class Address>
void rewrite_quote(std::span<uint8_t> packet, const Quote<Address>& quote,
                   const QuoteRewrite<Address>& to) {
    uint8_t* outer = packet.data();
    uint8_t* ip = outer + quote.ip;
    uint8_t* l4 = outer + quote.l4;

    Change outside = set_addresses(outer, to.source, to.destination);
    correct_header(outer, outside, to.source);

    Change addresses = set_addresses(ip, to.quoted.source, to.quoted.destination);
    Change ports = set_ports(l4, to.quoted);
    Change all = addresses;
    all += ports;
    all += correct_header(ip, addresses, to.source);
    all += correct_upper(l4, static_cast<size_t>(quote.end - quote.l4), to.quoted.protocol,
                         addresses, ports);
    if (Family<Address>::icmp == ip_protocol::icmp6)
        all += outside; // its pseudo-header

    uint8_t* sum = outer + quote.message + 2;
    Be16 corrected(all.applied(read16(sum)));
    std::memcpy(sum, &corrected, sizeof corrected);
}

template Verdict find_quote(std::span<const uint8_t>, size_t, Quote<Ipv4Addr>&);
template Verdict find_quote(std::span<const uint8_t>, size_t, Quote<Ipv6Addr>&);
template void rewrite_quote(std::span<uint8_t>, const Quote<Ipv4Addr>&,
                            const QuoteRewrite<Ipv4Addr>&);
template void rewrite_quote(std::span<uint8_t>, const Quote<Ipv6Addr>&,
                            const QuoteRewrite<Ipv6Addr>&);

} // namespace ringfence
