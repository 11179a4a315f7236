// Rows of the table Dhcp in, what ports are told out.
#include "builder_fixture.h"

namespace ringfence::test {

namespace {

class DhcpTest : public FabricBuilderTest {
protected:
    DhcpTest() {
        put(segment("web", 5001));
        nic_.host = "a";
        put(nic_);
        plug("tap0", 0, "web-0");
    }

    static southbound::Dhcp row(const char* family, const char* address) {
        southbound::Dhcp row;
        row.uuid = ovsdb::Uuid::named(std::string("dhcp ") + family);
        row.port = "web-0";
        row.family = family;
        row.address = address;
        row.server_mac = "02:00:00:00:00:fe";
        row.options["subnet"] = "10.0.0.0/24";
        return row;
    }
    static southbound::Dhcp row4() {
        auto four = row("ipv4", "10.0.0.1");
        four.server_address = "10.0.0.254";
        return four;
    }
    static southbound::Dhcp row6() {
        auto six = row("ipv6", "2001:db8::1");
        six.options = {{"mode", "managed"}, {"subnet", "2001:db8::/64"}};
        return six;
    }
    // The port as a worker sees it.
    const LocalPort& port() {
        fabric();
        return *builder_.finish()->port(PortId(0));
    }

    southbound::LogicalPort nic_ = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
};

TEST_F(DhcpTest, APortIsToldWhatItsRowsSay) {
    EXPECT_FALSE(port().dhcp4 || port().dhcp6);
    put(row4());
    put(row6());
    ASSERT_TRUE(port().dhcp4 && port().dhcp6);
    EXPECT_EQ(port().dhcp4->server, *Ipv4Addr::from("10.0.0.254"));
    EXPECT_EQ(port().dhcp6->address, *Ipv6Addr::from("2001:db8::1"));
    EXPECT_NE(fabric().find(" dhcp 10.0.0.1 by 10.0.0.254 advertised 2001:db8::/64 by fe80::"),
              std::string::npos);
    erase(row4());
    EXPECT_FALSE(port().dhcp4);
    EXPECT_TRUE(port().dhcp6);
}

TEST_F(DhcpTest, TheSameRowAgainIsTheSameBinding) {
    put(row4());
    auto before = builder_.finish();
    put(row4());
    EXPECT_EQ(builder_.finish(), before);
}

TEST_F(DhcpTest, ABadRowKeepsItsLastGoodValueAndNamesTheOption) {
    auto row = row4();
    put(row);
    row.options["lease-time"] = "soon";
    put(row);
    EXPECT_EQ(port().dhcp4->lease_time, 86'400u);
    EXPECT_EQ(builder_.trouble().at("DHCP (ipv4) of port web-0"),
              "option lease-time: \"soon\" is not a number from 60 to 4294967295");
    row.options["lease-time"] = "3600";
    put(row);
    EXPECT_EQ(port().dhcp4->lease_time, 3'600u);
    EXPECT_TRUE(builder_.trouble().empty());
}

TEST_F(DhcpTest, WhatAPortMayIsInItsOptions) {
    EXPECT_FALSE(port().trusted_relay || port().dhcp_server);
    nic_.options = {{"trusted-relay", "yes"}, {"dhcp-server", "no"}};
    put(nic_);
    EXPECT_TRUE(port().trusted_relay);
    EXPECT_FALSE(port().dhcp_server);
    nic_.options = {{"dhcp-server", "yes"}};
    put(nic_);
    EXPECT_TRUE(port().dhcp_server);
}

} // namespace

} // namespace ringfence::test
