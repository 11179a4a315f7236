// ICMP errors that cross a translation.
#include "edge-router/icmp/quote.h"

#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/unit/edge-router/icmp/packets.h"

namespace ringfence::test {

namespace {

const std::string eth = "eth 02:00:00:00:00:0a > 02:00:00:00:00:01 / ";

Bytes packet(const std::string& text) { return behind(frame(eth + text).bytes, 14); }

Verdict verdict(const std::string& text) {
    Bytes bytes = packet(text);
    if (bytes[0] >> 4 == 4) {
        Quote<Ipv4Addr> quote;
        return find_quote<Ipv4Addr>(bytes, size_t{4} * (bytes[0] & 15), quote);
    }
    Quote<Ipv6Addr> quote;
    return find_quote<Ipv6Addr>(bytes, 40, quote);
}

template <class Address>
Tuple<Address> tuple(const char* source, const char* destination, uint16_t source_port,
                     uint16_t destination_port, uint8_t protocol) {
    return {*Address::from(source), *Address::from(destination), source_port, destination_port,
            protocol};
}

// The error, with its quote and outer addresses rewritten.
template <class Address>
Bytes translated(const std::string& text, const QuoteRewrite<Address>& to, size_t message = 0) {
    Bytes bytes = packet(text);
    Quote<Address> quote;
    EXPECT_EQ(find_quote<Address>(bytes,
                                  message                ? message
                                  : sizeof(Address) == 4 ? 20
                                                         : 40,
                                  quote),
              Verdict::next)
        << text;
    rewrite_quote<Address>(bytes, quote, to);
    return bytes;
}

} // namespace

TEST(Quote, NamesTheConnection) {
    Bytes bytes = packet("ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / "
                         "ip4 10.1.0.105 > 192.0.2.9 ttl 1 / tcp 4000 > 80 seq 77");
    Quote<Ipv4Addr> quote;
    ASSERT_EQ(find_quote<Ipv4Addr>(bytes, 20, quote), Verdict::next);
    EXPECT_EQ(quote.tuple, (tuple<Ipv4Addr>("10.1.0.105", "192.0.2.9", 4000, 80, 6)));
    EXPECT_EQ(quote.tcp_sequence, 77u);
    EXPECT_EQ(quote.ip, 28);
    EXPECT_EQ(quote.l4, 48);
    EXPECT_EQ(quote.end, 68);

    bytes = packet("ip6 fd01::1 > fd00::5 / icmp6 3 / ip6 fd00::5 > fd01::9 hops 1 / destination / "
                   "icmp6 128 id 9 / zeros 40");
    Quote<Ipv6Addr> six;
    ASSERT_EQ(find_quote<Ipv6Addr>(bytes, 40, six), Verdict::next);
    EXPECT_EQ(six.tuple, (tuple<Ipv6Addr>("fd00::5", "fd01::9", 9, 128 << 8, 58)));
    EXPECT_EQ(six.tcp_sequence, std::nullopt);
    EXPECT_EQ(six.l4, 40 + 8 + 40 + 8);
}

TEST(Quote, IsRewrittenInsideAndOut) {
    QuoteRewrite<Ipv4Addr> in{tuple<Ipv4Addr>("10.0.0.5", "192.0.2.9", 4001, 33434, 17),
                              *Ipv4Addr::from("192.0.2.1"), *Ipv4Addr::from("10.0.0.5")};
    // Whole, 8 bytes of the upper layer, options in the quote and before it, no UDP checksum.
    EXPECT_EQ(translated("ip4 192.0.2.1 > 10.1.0.105 / icmp 3 code 3 / "
                         "ip4 10.1.0.105 > 192.0.2.9 ttl 1 / udp 4000 > 33434 / \"payload\"",
                         in),
              packet("ip4 192.0.2.1 > 10.0.0.5 / icmp 3 code 3 / "
                     "ip4 10.0.0.5 > 192.0.2.9 ttl 1 / udp 4001 > 33434 / \"payload\""));
    EXPECT_EQ(translated("ip4 192.0.2.1 > 10.1.0.105 / icmp 11 quote 28 / "
                         "ip4 10.1.0.105 > 192.0.2.9 / udp 4000 > 33434 / \"payload\"",
                         in),
              packet("ip4 192.0.2.1 > 10.0.0.5 / icmp 11 quote 28 / "
                     "ip4 10.0.0.5 > 192.0.2.9 / udp 4001 > 33434 / \"payload\""));
    EXPECT_EQ(translated("ip4 192.0.2.1 > 10.1.0.105 options 94040000 / icmp 11 / "
                         "ip4 10.1.0.105 > 192.0.2.9 options 0101010101010101 / udp 4000 > 33434",
                         in, 24),
              packet("ip4 192.0.2.1 > 10.0.0.5 options 94040000 / icmp 11 / "
                     "ip4 10.0.0.5 > 192.0.2.9 options 0101010101010101 / udp 4001 > 33434"));
    EXPECT_EQ(translated("ip4 192.0.2.1 > 10.1.0.105 / icmp 3 code 4 mtu 1400 / "
                         "ip4 10.1.0.105 > 192.0.2.9 / udp 4000 > 33434 sum 0",
                         in),
              packet("ip4 192.0.2.1 > 10.0.0.5 / icmp 3 code 4 mtu 1400 / "
                     "ip4 10.0.0.5 > 192.0.2.9 / udp 4001 > 33434 sum 0"));
}

// RFC 4884: what stands behind the quote is no quote, and stays.
TEST(Quote, KeepsExtensions) {
    QuoteRewrite<Ipv4Addr> in{tuple<Ipv4Addr>("10.0.0.5", "192.0.2.9", 4000, 80, 6),
                              *Ipv4Addr::from("192.0.2.1"), *Ipv4Addr::from("10.0.0.5")};
    const std::string error = "/ icmp 11 quote 128 extensions 2000dfff00080101000010ff / ",
                      rest = " > 192.0.2.9 / tcp 4000 > 80 / count 300";
    EXPECT_EQ(translated("ip4 192.0.2.1 > 10.1.0.105 " + error + "ip4 10.1.0.105" + rest, in),
              packet("ip4 192.0.2.1 > 10.0.0.5 " + error + "ip4 10.0.0.5" + rest));

    QuoteRewrite<Ipv6Addr> out{tuple<Ipv6Addr>("fd02::9", "fd00:1::105", 80, 4000, 6),
                               *Ipv6Addr::from("fd00:1::105"), *Ipv6Addr::from("fd02::9")};
    const std::string error6 = "/ icmp6 1 quote 128 extensions 2000dfff00080101000010ff / ";
    EXPECT_EQ(translated("ip6 fd00::5 > fd01::9 " + error6 +
                             "ip6 fd01::9 > fd00::5 / tcp 80 > 4000 / count 300",
                         out),
              packet("ip6 fd00:1::105 > fd02::9 " + error6 +
                     "ip6 fd02::9 > fd00:1::105 / tcp 80 > 4000 / count 300"));
}

// RFC 5508, REQ-3: what a middle box may have spoiled is not checked.
TEST(Quote, MayHaveAWrongUpperChecksum) {
    EXPECT_EQ(verdict("ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / "
                      "ip4 10.1.0.105 > 192.0.2.9 / udp 4000 > 33434 bad-checksum"),
              Verdict::next);
}

TEST(Quote, WithAWrongChecksumIsDropped) {
    EXPECT_EQ(verdict("ip4 192.0.2.1 > 10.1.0.105 / icmp 11 bad-checksum / "
                      "ip4 10.1.0.105 > 192.0.2.9 / udp 4000 > 33434"),
              Verdict::nat_icmp_checksum);
    EXPECT_EQ(verdict("ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / "
                      "ip4 10.1.0.105 > 192.0.2.9 bad-checksum / udp 4000 > 33434"),
              Verdict::nat_icmp_checksum);
    EXPECT_EQ(verdict("ip6 fd01::1 > fd00::5 / icmp6 3 bad-checksum / "
                      "ip6 fd00::5 > fd01::9 / udp 1 > 2"),
              Verdict::nat_icmp_checksum);
}

TEST(Quote, OfARedirectIsNotRead) {
    EXPECT_EQ(
        verdict("ip4 192.0.2.1 > 10.1.0.105 / icmp 5 / ip4 10.1.0.105 > 192.0.2.9 / udp 1 > 2"),
        Verdict::icmp_redirect);
    EXPECT_EQ(verdict("ip6 fe80::1 > fd00::5 / icmp6 137 / zeros 32"), Verdict::icmp_redirect);
}

// BEHAVIOUR row 13.
TEST(Quote, ThatNamesNoConnectionIsDropped) {
    for (const char* text :
         {"ip4 192.0.2.1 > 10.1.0.105 / icmp 11", "ip4 192.0.2.1 > 10.1.0.105 / icmp 8",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 quote 19 / ip4 10.1.0.105 > 192.0.2.9 / udp 1 > 2",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 quote 27 / ip4 10.1.0.105 > 192.0.2.9 / udp 1 > 2",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / ip4 10.1.0.106 > 192.0.2.9 / udp 1 > 2",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / ip4 10.1.0.105 > 192.0.2.9 offset 8 proto 17 / "
          "zeros 8",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / ip4 10.1.0.105 > 192.0.2.9 / icmp 3 / zeros 28",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / ip4 10.1.0.105 > 192.0.2.9 ihl 15 / udp 1 > 2",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / ip4 10.1.0.105 > 192.0.2.9 version 6 / udp 1 > 2",
          "ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / ip4 10.1.0.105 > 192.0.2.9 proto 58 / zeros 8",
          "ip6 fd01::1 > fd00::5 / icmp6 3",
          "ip6 fd01::1 > fd00::5 / icmp6 3 quote 47 / ip6 fd00::5 > fd01::9 / udp 1 > 2",
          "ip6 fd01::1 > fd00::5 / icmp6 3 / ip6 fd00::6 > fd01::9 / udp 1 > 2",
          "ip6 fd01::1 > fd00::5 / icmp6 3 / ip6 fd00::5 > fd01::9 / fragment 8 next 17 / zeros 8",
          "ip6 fd01::1 > fd00::5 / icmp6 3 / ip6 fd00::5 > fd01::9 / icmp6 1 / zeros 48",
          "ip6 fd01::1 > fd00::5 / icmp6 3 / ip6 fd00::5 > fd01::9 next 0 / hex 11ff"})
        EXPECT_EQ(verdict(text), Verdict::nat_icmp_no_match) << text;
}

TEST(Quote, CutAnywhereIsNotReadPastItsEnd) {
    for (const char* text :
         {"ip4 192.0.2.1 > 10.1.0.105 / icmp 11 / "
          "ip4 10.1.0.105 > 192.0.2.9 options 01010101 / tcp 1 > 2",
          "ip6 fd01::1 > fd00::5 / icmp6 3 / ip6 fd00::5 > fd01::9 / destination / tcp 1 > 2"}) {
        Bytes whole = packet(text);
        for (size_t size = 0; size < whole.size(); ++size) {
            Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
            cut.shrink_to_fit();
            Quote<Ipv4Addr> four;
            Quote<Ipv6Addr> six;
            EXPECT_NE(whole[0] == 0x45 ? find_quote<Ipv4Addr>(cut, 20, four)
                                       : find_quote<Ipv6Addr>(cut, 40, six),
                      Verdict::next)
                << text << " cut to " << size;
        }
    }
}

// What is rewritten is, byte for byte, what it would be had it been made so.
template <class Address> void expect_as_if_made_so(Random& random) {
    for (int i = 0; i < 50'000; ++i) {
        Tuple<Address> quoted = random_tuple<Address>(random),
                       other = random_tuple<Address>(random);
        other.protocol = quoted.protocol;
        if (quoted.protocol == 47)
            other.source_port = other.destination_port = 0;
        if (quoted.protocol == icmp_of(quoted.source))
            other.destination_port = quoted.destination_port;
        auto from = random_address<Address>(random), newly = random_address<Address>(random);
        Bytes payload = random_bytes(random, random() % 64),
              options = random_options<Address>(random);
        auto cut = [&, skip = random() % 3, n = random()](Bytes quote) {
            size_t least = sizeof(Address) == 4 ? 20 + options.size() + 8 : 40 + options.size() + 8;
            if (skip) // and not in the middle of a checksum: that can't be rewritten
                quote.resize((least + n % (quote.size() - least + 1)) & ~size_t{1});
            return quote;
        };
        uint8_t type = sizeof(Address) == 4 ? 11 : 3;
        Bytes bytes =
            error_packet(from, quoted.source, type, 0, 0, cut(packet_of(quoted, payload, options)));
        Quote<Address> quote;
        ASSERT_EQ(find_quote<Address>(bytes, sizeof(Address) == 4 ? 20 : 40, quote), Verdict::next)
            << i;
        ASSERT_EQ(quote.tuple, quoted) << i;
        rewrite_quote<Address>(bytes, quote, {other, newly, other.source});
        ASSERT_EQ(bytes, error_packet(newly, other.source, type, 0, 0,
                                      cut(packet_of(other, payload, options))))
            << i;
    }
}

TEST(Quote, RewrittenEqualsRebuilt) {
    Random random(5);
    expect_as_if_made_so<Ipv4Addr>(random);
    expect_as_if_made_so<Ipv6Addr>(random);
}

} // namespace ringfence::test
