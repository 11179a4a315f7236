// IPv4 and IPv6 headers as they lie on the wire, and the walk over IPv6 extension headers.
// Accessors speak host order; lengths are in bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/types/addresses.h"
#include "core/wire/checksum.h"
#include "core/wire/cursor.h"

namespace ringfence {

namespace ip_protocol {
inline constexpr uint8_t hop_by_hop = 0, icmp = 1, igmp = 2, tcp = 6, udp = 17, routing = 43,
                         fragment = 44, authentication = 51, icmp6 = 58, none = 59,
                         destination_options = 60, dccp = 33, sctp = 132, udp_lite = 136;
} // namespace ip_protocol

// The upper layer begins with a source and a destination port.
constexpr bool has_ports(uint8_t protocol) {
    return protocol == ip_protocol::tcp || protocol == ip_protocol::udp ||
           protocol == ip_protocol::sctp || protocol == ip_protocol::dccp ||
           protocol == ip_protocol::udp_lite;
}
// Of either version of IP: an IPv4 packet may name ICMPv6, too.
constexpr bool is_icmp(uint8_t protocol) {
    return protocol == ip_protocol::icmp || protocol == ip_protocol::icmp6;
}
// "tcp", "udp", "icmp", "icmp6", else "ip-47".
std::string protocol_name(uint8_t protocol);

// The two ECN bits (RFC 3168, clause 5).
enum class Ecn : uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

class Ipv4Header {
public:
    unsigned version() const { return version_ihl_ >> 4; }
    bool is_plain() const { return version_ihl_ == 0x45; } // version 4, no options
    size_t header_length() const { return size_t{4} * (version_ihl_ & 0xf); }
    uint8_t traffic_class() const { return traffic_class_; } // DSCP << 2 | ECN
    Ecn ecn() const { return static_cast<Ecn>(traffic_class_ & 3); }
    uint16_t total_length() const { return total_length_.host(); }
    uint16_t id() const { return id_.host(); }
    bool dont_fragment() const { return fragment_.host() & 0x4000; }
    bool more_fragments() const { return fragment_.host() & 0x2000; }
    size_t fragment_offset() const { return size_t{8} * (fragment_.host() & 0x1fff); }
    bool is_fragment() const { return fragment_.host() & 0x3fff; }
    uint8_t ttl() const { return ttl_; }
    uint8_t protocol() const { return protocol_; }
    uint16_t checksum() const { return checksum_.host(); }
    // Of a header without options: its checksum is right. The sum of its bytes as three numbers of
    // this machine, because neither the words' size nor their order matters to it (RFC 1071, 2).
    bool adds_up() const {
        uint64_t first, second;
        uint32_t third;
        std::memcpy(&first, &version_ihl_, sizeof first);
        std::memcpy(&second, &ttl_, sizeof second);
        std::memcpy(&third, &destination_, sizeof third);
        uint64_t sum = first + second;
        sum += sum < first; // the carry comes around
        sum += third;
        sum += sum < third;
        auto folded = static_cast<uint32_t>((sum + (sum << 32 | sum >> 32)) >> 32);
        return (folded + (folded << 16 | folded >> 16)) >> 16 == 0xffff;
    }
    Ipv4Addr source() const { return Ipv4Addr{source_.host()}; }
    Ipv4Addr destination() const { return Ipv4Addr{destination_.host()}; }

    // Sets the ECN bits and corrects the checksum.
    void set_ecn(Ecn ecn) {
        auto word = [&] { return static_cast<uint16_t>(version_ihl_ << 8 | traffic_class_); };
        uint16_t before = word();
        traffic_class_ = static_cast<uint8_t>((traffic_class_ & ~3) | static_cast<uint8_t>(ecn));
        checksum_ = Be16(checksum_after(checksum_.host(), before, word()));
    }
    // Sets the TTL and corrects the checksum.
    void set_ttl(uint8_t ttl) {
        auto word = [&] { return static_cast<uint16_t>(ttl_ << 8 | protocol_); };
        uint16_t before = word();
        ttl_ = ttl;
        checksum_ = Be16(checksum_after(checksum_.host(), before, word()));
    }
    void swap_addresses() { std::swap(source_, destination_); } // no checksum sees it
    void set_total_length(uint16_t length) { total_length_ = Be16(length); }
    void set_id(uint16_t id) { id_ = Be16(id); }
    // Bytes, a multiple of 8; DF is cleared.
    void set_fragment(size_t offset, bool more) {
        fragment_ = Be16(static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0)));
    }
    void set_traffic_class(uint8_t value) { traffic_class_ = value; }
    void set_checksum(uint16_t checksum) { checksum_ = Be16(checksum); }

    // A header without options of an unfragmentable packet (DF set, so id may be 0: RFC 6864, 4.1).
    // Length, traffic class and checksum are 0.
    static Ipv4Header make(Ipv4Addr source, Ipv4Addr destination, uint8_t protocol, uint8_t ttl) {
        Ipv4Header header{};
        header.version_ihl_ = 0x45;
        header.fragment_ = Be16(0x4000);
        header.ttl_ = ttl;
        header.protocol_ = protocol;
        header.source_ = Be32(source.value);
        header.destination_ = Be32(destination.value);
        return header;
    }

private:
    uint8_t version_ihl_, traffic_class_;
    Be16 total_length_, id_, fragment_;
    uint8_t ttl_, protocol_;
    Be16 checksum_;
    Be32 source_, destination_;
};
static_assert(sizeof(Ipv4Header) == 20);

class Ipv6Header {
public:
    unsigned version() const { return first_.host() >> 28; }
    uint8_t traffic_class() const { return static_cast<uint8_t>(first_.host() >> 20); }
    Ecn ecn() const { return static_cast<Ecn>(traffic_class() & 3); }
    uint16_t payload_length() const { return payload_length_.host(); }
    uint8_t next_header() const { return next_header_; }
    uint8_t hop_limit() const { return hop_limit_; }
    const Ipv6Addr& source() const { return source_; }
    const Ipv6Addr& destination() const { return destination_; }

    void set_ecn(Ecn ecn) {
        first_ = Be32((first_.host() & ~0x00300000u) | uint32_t{static_cast<uint8_t>(ecn)} << 20);
    }
    void set_traffic_class(uint8_t value) {
        first_ = Be32((first_.host() & ~0x0ff00000u) | uint32_t{value} << 20);
    }
    void set_payload_length(uint16_t length) { payload_length_ = Be16(length); }
    void set_source(const Ipv6Addr& address) { source_ = address; }
    void set_destination(const Ipv6Addr& address) { destination_ = address; }
    void swap_addresses() { std::swap(source_, destination_); } // no checksum sees it
    void set_hop_limit(uint8_t hops) { hop_limit_ = hops; }

    // Payload length, traffic class and flow label are 0.
    static Ipv6Header make(const Ipv6Addr& source, const Ipv6Addr& destination, uint8_t next_header,
                           uint8_t hop_limit) {
        Ipv6Header header{};
        header.first_ = Be32(6u << 28);
        header.next_header_ = next_header;
        header.hop_limit_ = hop_limit;
        header.source_ = source;
        header.destination_ = destination;
        return header;
    }

private:
    Be32 first_;
    Be16 payload_length_;
    uint8_t next_header_, hop_limit_;
    Ipv6Addr source_, destination_;
};
static_assert(sizeof(Ipv6Header) == 40);

// The end of the walk over a packet's extension headers (RFC 8200, clause 4).
struct Ipv6Chain {
    // Headers that are walked over. Real traffic has at most three or four; more is an attempt to
    // hide what follows (RFC 7112, clause 1).
    static constexpr unsigned max_headers = 8;

    // order: hop-by-hop options elsewhere than first (4.1). source_route: a routing header of type
    // 0 that has still somewhere to go (RFC 5095).
    enum class Problem : uint8_t { none, past_end, too_long, order, source_route };
    Problem problem = Problem::none;
    uint8_t protocol = ip_protocol::none; // of the upper layer
    bool is_fragment = false;             // a fragment header that is not atomic (RFC 6946)
    bool is_later_fragment = false;       // the upper layer is not in this packet
    // Of the fragment header, where is_fragment: what it says, and where it ends, in bytes from
    // where the walk began.
    uint32_t fragment_id = 0;
    uint16_t fragment_offset = 0, fragment_end = 0;
    bool more_fragments = false;
};

// Walks on from the cursor, which stands behind the IPv6 header and ends with the packet, to the
// upper layer. `first` is the IPv6 header's next header.
Ipv6Chain walk_extensions(Cursor& cursor, uint8_t first);

// What the options of an IPv4 header (RFC 791, 3.1) say; bytes are those behind its fixed part.
struct Ipv4Options {
    bool valid = true; // each has its length, and ends with the header
    bool source_route = false;
};
Ipv4Options read_options(const uint8_t* bytes, size_t length);

} // namespace ringfence
