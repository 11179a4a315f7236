#include "edge-router/dhcp/binding.h"

#include <gtest/gtest.h>

#include "edge-router/dhcp/domain_names.h"

namespace ringfence {

namespace {

using Bytes = std::vector<uint8_t>;

DhcpRow row4(std::map<std::string, std::string> options = {}) {
    options.emplace("subnet", "10.0.0.0/24");
    return {"10.0.0.5", "10.0.0.1", "02:00:00:00:00:fe", std::move(options)};
}

DhcpRow row6(std::map<std::string, std::string> options = {}) {
    options.emplace("mode", "managed");
    options.emplace("subnet", "2001:db8::/64");
    return {"2001:db8::5", "", "02:00:00:00:00:fe", std::move(options)};
}

// The value of an option by code; empty where there is none.
Bytes value(const DhcpRow& row, uint16_t code) {
    auto binding = Dhcp4Binding::from(row);
    EXPECT_TRUE(binding) << binding.error().text;
    if (binding)
        for (const DhcpOption& option : binding->options)
            if (option.code == code)
                return option.value;
    return {};
}

std::string trouble4(const DhcpRow& row) {
    auto binding = Dhcp4Binding::from(row);
    return binding ? "" : binding.error().text;
}
std::string trouble4(const std::string& name, const std::string& text) {
    auto row = row4();
    row.options[name] = text;
    return trouble4(row);
}
std::string trouble6(const DhcpRow& row) {
    auto binding = Dhcp6Binding::from(row);
    return binding ? "" : binding.error().text;
}
std::string trouble6(const std::string& name, const std::string& text) {
    auto row = row6();
    row.options[name] = text;
    return trouble6(row);
}

} // namespace

TEST(Dhcp4Binding, HasItsDefaults) {
    auto binding = *Dhcp4Binding::from(row4());
    EXPECT_EQ(binding.mask, *Ipv4Addr::from("255.255.255.0"));
    EXPECT_EQ(binding.broadcast(), *Ipv4Addr::from("10.0.0.255"));
    EXPECT_EQ(binding.lease_time, 86'400u);
    EXPECT_EQ(binding.renewal_time, 43'200u);
    EXPECT_EQ(binding.rebinding_time, 75'600u);
    EXPECT_FALSE(binding.mtu);
    EXPECT_TRUE(binding.options.empty());
}

TEST(Dhcp4Binding, AllOrNothingMayBeTheSubnet) {
    EXPECT_EQ(Dhcp4Binding::from(row4({{"subnet", "0.0.0.0/0"}}))->mask, Ipv4Addr{});
    EXPECT_EQ(Dhcp4Binding::from(row4({{"subnet", "10.0.0.5/32"}}))->mask,
              *Ipv4Addr::from("255.255.255.255"));
}

TEST(Dhcp4Binding, KeepsOptionsAsTheyAreSentInTheOrderOfTheirCodes) {
    auto binding = *Dhcp4Binding::from(row4({{"dns-servers", "10.0.0.2, 10.0.0.3"},
                                             {"router", "10.0.0.1"},
                                             {"option-43", "hex:0102ff"},
                                             {"option-252", "text:http://wpad/"},
                                             {"hostname", "web-0"}}));
    std::vector<uint16_t> codes;
    for (const DhcpOption& option : binding.options)
        codes.push_back(option.code);
    EXPECT_EQ(codes, (std::vector<uint16_t>{3, 6, 12, 43, 252}));
    EXPECT_EQ(binding.options[1].value, (Bytes{10, 0, 0, 2, 10, 0, 0, 3}));
    EXPECT_EQ(binding.options[3].value, (Bytes{1, 2, 0xff}));
}

// RFC 3442's own examples of prefixes.
TEST(Dhcp4Binding, WritesRoutesAndTheDefaultRouteAfterThem) {
    EXPECT_EQ(value(row4({{"routes", "10.17.0.0/16 10.0.0.1,10.27.129.0/24   10.0.0.9, "
                                     "10.229.0.128/25 10.0.0.1"},
                          {"router", "10.0.0.1"}}),
                    121),
              (Bytes{16, 10, 17,  10, 0,   0,  1, 24, 10, 27, 129, 10, 0, 0, 9,
                     25, 10, 229, 0,  128, 10, 0, 0,  1,  0,  10,  0,  0, 1}));
    EXPECT_EQ(value(row4({{"routes", "0.0.0.0/0 10.0.0.7"}, {"router", "10.0.0.1"}}), 121),
              (Bytes{0, 10, 0, 0, 7}))
        << "one default route is enough";
    EXPECT_EQ(value(row4({{"router", "10.0.0.1"}}), 121), Bytes());
}

TEST(Dhcp4Binding, CompressesTheSearchList) {
    auto got = value(row4({{"domain-search", "eng.apple.com., marketing.apple.com"}}), 119);
    Bytes expected{3, 'e', 'n', 'g', 5, 'a', 'p', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0};
    for (char c : std::string("\x09marketing\xc0\x04"))
        expected.push_back(static_cast<uint8_t>(c));
    EXPECT_EQ(got, expected) << "RFC 3397, 2";
}

TEST(Dhcp4Binding, TimesAreInOrder) {
    EXPECT_EQ(Dhcp4Binding::from(row4({{"lease-time", "4294967295"}}))->renewal_time, 0xffffffffu);
    EXPECT_EQ(trouble4("rebinding-time", "86400"),
              "option rebinding-time: 86400 is not below lease-time, 86400");
    EXPECT_EQ(trouble4(row4({{"renewal-time", "500"}, {"rebinding-time", "500"}})),
              "option renewal-time: 500 is not below rebinding-time, 500");
    // What is not said keeps out of the way of what is.
    EXPECT_EQ(Dhcp4Binding::from(row4({{"renewal-time", "80000"}}))->rebinding_time, 83'200u);
    EXPECT_EQ(Dhcp4Binding::from(row4({{"rebinding-time", "500"}}))->renewal_time, 250u);
}

TEST(Dhcp4Binding, TroubleNamesColumnOrOption) {
    auto without = row4();
    without.options.clear();
    EXPECT_EQ(trouble4(without), "option subnet is missing");
    auto row = row4();
    row.address = std::nullopt;
    EXPECT_TRUE(trouble4(row).starts_with("address: "));
    row = row4();
    row.server_mac = "01:00:00:00:00:01";
    EXPECT_EQ(trouble4(row), "server_mac \"01:00:00:00:00:01\" is not one device's");
    row = row4();
    row.server_address = "0.0.0.0";
    EXPECT_EQ(trouble4(row), "server_address \"0.0.0.0\" is not an IPv4 address of a server");
    EXPECT_EQ(trouble4("subnet", "10.0.1.0/24"),
              "address 10.0.0.5 is outside of subnet 10.0.1.0/24");
    EXPECT_EQ(trouble4("colour", "red"), "option colour is unknown");
    EXPECT_EQ(trouble4("lease-time", "59"),
              "option lease-time: \"59\" is not a number from 60 to 4294967295");
    EXPECT_EQ(trouble4("lease-time", "60s"),
              "option lease-time: \"60s\" is not a number from 60 to 4294967295");
    EXPECT_EQ(trouble4("domain-name", "a..b"), "option domain-name: \"a..b\" is not a domain name");
    EXPECT_EQ(trouble4("dns-servers", "10.0.0.1,,10.0.0.2"),
              "option dns-servers: an entry of the list is empty");
    EXPECT_TRUE(trouble4("dns-servers", "2001:db8::1").starts_with("option dns-servers: "));
    EXPECT_EQ(trouble4("routes", "10.0.0.0/8"),
              "option routes: \"10.0.0.0/8\" is not a prefix and its next hop");
    EXPECT_EQ(trouble4("option-43", "0102"),
              "option option-43: \"0102\" begins with neither text: nor hex:");
    EXPECT_EQ(trouble4("option-43", "hex:012"),
              "option option-43: \"012\" is not hexadecimal, two digits a byte");
    EXPECT_EQ(trouble4("boot-file", std::string(128, 'a')),
              "option boot-file: 128 characters: 1 to 127 are possible");
}

TEST(Dhcp4Binding, ARowSetsNeitherTheProtocolsOptionsNorNamedOnesByNumber) {
    for (unsigned code : {0u, 1u, 3u, 50u, 53u, 54u, 59u, 61u, 82u, 121u, 255u, 256u, 300u})
        EXPECT_EQ(trouble4(fmt::format("option-{}", code), "hex:00"),
                  fmt::format("option-{} is not for a row to set by number", code));
    for (unsigned code : {2u, 43u, 60u, 254u})
        EXPECT_EQ(trouble4(fmt::format("option-{}", code), "hex:00"), "") << code;
    EXPECT_EQ(trouble4("option-07", "hex:00"), "option option-07 is unknown");
}

TEST(Dhcp6Binding, IsReadWhole) {
    auto binding = *Dhcp6Binding::from(row6({{"router", "yes"},
                                             {"dns-servers", "2001:db8::53"},
                                             {"domain-search", "a.b,c"},
                                             {"ntp-servers", "2001:db8::7"},
                                             {"lifetime", "800"},
                                             {"mtu", "1400"}}));
    EXPECT_EQ(binding.server, *Ipv6Addr::from("fe80::ff:fe00:fe"));
    EXPECT_EQ(binding.address, *Ipv6Addr::from("2001:db8::5"));
    EXPECT_EQ(binding.prefix_length, 64);
    EXPECT_TRUE(binding.router);
    EXPECT_EQ(binding.lifetime, 800u);
    EXPECT_EQ(binding.preferred_lifetime, 500u);
    EXPECT_EQ(binding.mtu, 1400);
    EXPECT_EQ(binding.domain_search, (Bytes{1, 'a', 1, 'b', 0, 1, 'c', 0}));
    EXPECT_EQ(binding.ntp_servers.size(), 20u);
}

TEST(Dhcp6Binding, TroubleNamesColumnOrOption) {
    EXPECT_EQ(trouble6("mode", "auto"), "option mode: \"auto\" is not managed, stateless or slaac");
    auto row = row6();
    row.address = std::nullopt;
    EXPECT_EQ(trouble6(row), "address is missing, which mode managed needs");
    row.options["mode"] = "slaac";
    EXPECT_EQ(trouble6(row), "");
    row.options["subnet"] = "2001:db8::/80";
    EXPECT_EQ(trouble6(row), "option subnet: 2001:db8::/80 is not a /64, which addresses of the "
                             "client's making need");
    row = row6();
    row.server_address = "2001:db8::1";
    EXPECT_EQ(trouble6(row), "server_address \"2001:db8::1\" is not a link-local address");
    EXPECT_EQ(trouble6("subnet", "2001:db8:1::/64"),
              "address 2001:db8::5 is outside of subnet 2001:db8:1::/64");
    EXPECT_EQ(trouble6("mtu", "1279"), "option mtu: \"1279\" is not a number from 1280 to 65535");
    EXPECT_EQ(trouble6("router", "true"), "option router: \"true\" is not yes or no");
    EXPECT_EQ(trouble6("routes", "::/0 fe80::1"), "option routes is unknown");
}

TEST(DomainNames, AreChecked) {
    for (const char* good : {"a", "a.", "web-0.example.com", "_tcp.x", "0.1"})
        EXPECT_TRUE(check_domain_name(good)) << good;
    for (const std::string bad : {"", ".", "a..", ".a", "a b", "ä", "a..b"})
        EXPECT_FALSE(check_domain_name(bad)) << bad;
    EXPECT_TRUE(check_domain_name(std::string(63, 'a')));
    EXPECT_FALSE(check_domain_name(std::string(64, 'a')));
    std::string long_name;
    for (int i = 0; i < 127; ++i)
        long_name += "a.";
    EXPECT_TRUE(check_domain_name(long_name)); // 253 characters and a last dot
    EXPECT_FALSE(check_domain_name("a" + long_name + "a"));
}

TEST(DomainNames, AreCompressedOnlyWhereAsked) {
    Bytes whole{1, 'a', 1, 'b', 0, 1, 'c', 1, 'b', 0};
    EXPECT_EQ(encode_domain_names({"a.b", "c.b"}, false), whole);
    EXPECT_EQ(encode_domain_names({"a.b", "c.b", "a.b", "b"}, true),
              (Bytes{1, 'a', 1, 'b', 0, 1, 'c', 0xc0, 2, 0xc0, 0, 0xc0, 2}));
}

} // namespace ringfence
