// Rows of Open_vSwitch as ovs-vsctl, libvirt and os-vif write them, and what is made of them.
#include <limits>

#include <gtest/gtest.h>

#include "dataplane/agent/local/wanted.h"

namespace {

using namespace ringfence;
using namespace ringfence::agent;

// A database with one bridge, br0, and what a test plugs into it.
class Rows {
public:
    Rows() {
        root_.uuid = ovsdb::Uuid::named("root");
        root_.next_cfg = 3;
        bridge_.uuid = ovsdb::Uuid::named("br0");
        bridge_.name = "br0";
        root_.bridges = {bridge_.uuid};
        plug("br0", "internal");
    }

    vswitch::Interface& plug(const std::string& name, const std::string& type) {
        vswitch::Interface& interface = interfaces_[name];
        interface.uuid = uuid(name);
        interface.name = name;
        interface.type = type;
        vswitch::Port& port = ports_[name];
        port.uuid = ovsdb::Uuid::named("port " + name);
        port.name = name;
        port.interfaces = {interface.uuid};
        bridge_.ports.insert(port.uuid);
        return interface;
    }
    vswitch::Port& port(const std::string& name) { return ports_.at(name); }
    vswitch::OpenvSwitch& root() { return root_; }
    vswitch::Bridge& bridge() { return bridge_; }
    vswitch::Mirror& mirror() {
        mirror_.uuid = ovsdb::Uuid::named("mirror");
        mirror_.name = "m_vnet0";
        bridge_.mirrors = {mirror_.uuid};
        return mirror_;
    }
    vswitch::QoS& qos(const std::string& port_name, const std::string& type) {
        qos_.uuid = ovsdb::Uuid::named("qos");
        qos_.type = type;
        port(port_name).qos = qos_.uuid;
        return qos_;
    }
    vswitch::Queue& queue(int64_t number) {
        queue_.uuid = ovsdb::Uuid::named("queue");
        qos_.queues = {{number, queue_.uuid}};
        return queue_;
    }
    static ovsdb::Uuid uuid(const std::string& name) {
        return ovsdb::Uuid::named("interface " + name);
    }

    Wanted wanted() const {
        vswitch::Tables tables;
        tables.open_vswitch.insert(root_);
        tables.bridge.insert(bridge_);
        for (const auto& [name, row] : interfaces_)
            tables.interface.insert(row);
        for (const auto& [name, row] : ports_)
            tables.port.insert(row);
        tables.qos.insert(qos_);
        tables.queue.insert(queue_);
        tables.mirror.insert(mirror_);
        return wanted_from(tables);
    }

private:
    vswitch::OpenvSwitch root_;
    vswitch::Bridge bridge_;
    std::map<std::string, vswitch::Interface> interfaces_;
    std::map<std::string, vswitch::Port> ports_;
    vswitch::QoS qos_;
    vswitch::Queue queue_;
    vswitch::Mirror mirror_;
};

TEST(Wanted, BridgeHasItsOwnInternalPort) {
    Wanted wanted = Rows().wanted();
    EXPECT_EQ(wanted.next_cfg, 3);
    ASSERT_EQ(wanted.bridges.size(), 1u);
    ASSERT_TRUE(wanted.ports.contains("br0"));
    EXPECT_TRUE(wanted.ports["br0"].is_bridge);
    EXPECT_EQ(wanted.ports["br0"].type, PortType::internal);
    EXPECT_TRUE(wanted.refused.empty());
}

TEST(Wanted, TapOfATenantsNic) {
    Rows rows;
    vswitch::Interface& tap = rows.plug("web0", "tap");
    tap.external_ids = {{"iface-id", "acme/default/web-0/0"},
                        {"attached-mac", "02:00:00:00:00:01"}};
    tap.mtu_request = 1400;
    tap.ofport = 4;
    rows.port("web0").tag = 4095;
    WantedPort port = rows.wanted().ports.at("web0");
    EXPECT_EQ(port.type, PortType::tap);
    EXPECT_EQ(port.bridge, "br0");
    EXPECT_FALSE(port.is_bridge);
    EXPECT_EQ(port.iface_id, "acme/default/web-0/0");
    EXPECT_EQ(port.mtu_request, 1400);
    EXPECT_EQ(port.tag, 4095);
    EXPECT_EQ(port.ofport, 4);
}

TEST(Wanted, DevicesNameWhatTheyAttach) {
    Rows rows;
    rows.plug("eth", "dpdk").options = {{"dpdk-devargs", "net_af_packet0,iface=eth1"}};
    rows.plug("vhu1", "dpdkvhostuserclient").options = {{"vhost-server-path", "/run/vm1.sock"}};
    Wanted wanted = rows.wanted();
    EXPECT_EQ(wanted.ports.at("eth").device, "net_af_packet0,iface=eth1");
    EXPECT_EQ(wanted.ports.at("vhu1").type, PortType::vhost_user_client);
    EXPECT_EQ(wanted.ports.at("vhu1").device, "/run/vm1.sock");
}

TEST(Wanted, ASocketToListenOnLiesBelowTheRunFolder) {
    Rows rows;
    rows.plug("vhu2", "dpdkvhostuser");
    EXPECT_EQ(rows.wanted().ports.at("vhu2").type, PortType::vhost_user);
    EXPECT_EQ(rows.wanted().ports.at("vhu2").device, "vhu2");
    rows.root().other_config = {{"vhost-sock-dir", "vms"}};
    EXPECT_EQ(rows.wanted().ports.at("vhu2").device, "vms/vhu2");
    for (const char* outside : {"../vms", "/tmp"}) {
        rows.root().other_config = {{"vhost-sock-dir", outside}};
        EXPECT_NE(rows.wanted().refused[Rows::uuid("vhu2")].find("outside of the run folder"),
                  std::string::npos);
    }
}

TEST(Wanted, ANetdevOfTheHostsIsATenantsPort) {
    Rows rows;
    rows.plug("vnet0", "").external_ids = {{"iface-id", "acme/default/web/0"}};
    EXPECT_EQ(rows.wanted().ports.at("vnet0").type, PortType::system);
}

TEST(Wanted, APortOfNobodysIsItsBridgesUnlessThatIsSecure) {
    Rows rows;
    rows.plug("eth0", "system");
    rows.plug("vnet0", "").external_ids = {{"iface-id", "acme/default/web/0"}};
    for (const char* mode : {"", "standalone", "secure"}) {
        if (*mode)
            rows.bridge().fail_mode = mode;
        Wanted wanted = rows.wanted();
        EXPECT_EQ(wanted.ports.at("eth0").is_bridged, std::string(mode) != "secure") << mode;
        EXPECT_EQ(wanted.ports.at("br0").is_bridged, std::string(mode) != "secure") << mode;
        EXPECT_FALSE(wanted.ports.at("vnet0").is_bridged);
    }
}

TEST(Wanted, VlansOfABridgesPort) {
    Rows rows;
    for (const char* name : {"plain", "access", "native", "trunk", "tunnel"})
        rows.plug(name, "tap");
    rows.port("access").tag = 10;
    rows.port("native").tag = 10;
    rows.port("native").vlan_mode = "native-untagged";
    rows.port("trunk").vlan_mode = "trunk";
    rows.port("trunk").tag = 10;
    rows.port("tunnel").vlan_mode = "dot1q-tunnel";
    Wanted wanted = rows.wanted();
    EXPECT_EQ(wanted.ports.at("plain").vlan_mode, VlanMode::trunk);
    EXPECT_EQ(wanted.ports.at("access").vlan_mode, VlanMode::access);
    EXPECT_EQ(wanted.ports.at("native").vlan_mode, VlanMode::native_untagged);
    EXPECT_EQ(wanted.ports.at("trunk").vlan_mode, VlanMode::trunk);
    EXPECT_EQ(wanted.refused[Rows::uuid("tunnel")], "vlan_mode dot1q-tunnel is not built");
}

TEST(Wanted, HowMuchABridgeLearns) {
    Rows rows;
    EXPECT_EQ(rows.wanted().bridges[0].most_macs, 8192u);
    rows.bridge().other_config = {{"mac-table-size", "1"}, {"mac-aging-time", "60"}};
    EXPECT_EQ(rows.wanted().bridges[0].most_macs, 10u) << "the least";
    EXPECT_EQ(rows.wanted().bridges[0].mac_life, std::chrono::seconds(60));
    rows.bridge().other_config = {{"mac-table-size", "many"}};
    EXPECT_EQ(rows.wanted().bridges[0].most_macs, 8192u);
}

TEST(Wanted, SpanningTreesAreNotBuilt) {
    Rows rows;
    EXPECT_TRUE(rows.wanted().fabric.errors.empty());
    rows.bridge().rstp_enable = true;
    EXPECT_EQ(rows.wanted().fabric.errors.size(), 1u);
}

TEST(Wanted, AMirrorsOutputCarriesNothingElse) {
    Rows rows;
    rows.plug("vnet0", "").external_ids = {{"iface-id", "acme/default/web/0"}};
    rows.plug("mivnet0", "");
    vswitch::Mirror& mirror = rows.mirror();
    mirror.select_src_port = mirror.select_dst_port = {rows.port("vnet0").uuid};
    mirror.output_port = rows.port("mivnet0").uuid;
    Wanted wanted = rows.wanted();
    EXPECT_EQ(wanted.mirrors,
              std::vector({WantedMirror{mirror.uuid, "mivnet0", {"vnet0"}, {"vnet0"}}}));
    EXPECT_TRUE(wanted.ports.at("mivnet0").is_mirror_output);
    EXPECT_FALSE(wanted.ports.at("mivnet0").is_bridged);
    mirror.select_all = true;
    EXPECT_EQ(rows.wanted().mirrors[0].received, (std::set<std::string>{"br0", "vnet0"}));
}

TEST(Wanted, AMirrorCopiesPortsOfItsBridgeOnly) {
    Rows rows;
    rows.plug("mon", "tap");
    rows.plug("vnet0", "").external_ids = {{"iface-id", "acme/default/web/0"}};
    rows.bridge().ports.erase(rows.port("vnet0").uuid);
    rows.mirror().output_port = rows.port("mon").uuid;
    rows.mirror().select_src_port = {rows.port("vnet0").uuid, rows.port("br0").uuid};
    Wanted wanted = rows.wanted();
    EXPECT_EQ(wanted.mirrors.at(0).received, std::set<std::string>{"br0"});
    EXPECT_EQ(wanted.fabric.errors.at(0),
              "mirror m_vnet0 of bridge br0: it selects port vnet0, which is on another one");
}

TEST(Wanted, AMirrorThatIsNotBuiltCopiesNothingAndIsNamed) {
    auto error = [](auto change) {
        Rows rows;
        rows.plug("vnet0", "").external_ids = {{"iface-id", "acme/default/web/0"}};
        rows.plug("mon", "tap");
        rows.mirror().select_all = true;
        rows.mirror().output_port = rows.port("mon").uuid;
        change(rows, rows.mirror());
        Wanted wanted = rows.wanted();
        EXPECT_TRUE(wanted.mirrors.empty());
        return wanted.fabric.errors.empty() ? std::string() : wanted.fabric.errors[0];
    };
    EXPECT_EQ(error([](Rows&, auto& mirror) { mirror.select_vlan = {10}; }),
              "mirror m_vnet0 of bridge br0: select_vlan is not built");
    EXPECT_EQ(error([](Rows&, auto& mirror) { mirror.output_vlan = 10; }),
              "mirror m_vnet0 of bridge br0: output_vlan is not built: use output_port");
    EXPECT_EQ(error([](Rows&, auto& mirror) { mirror.output_port.reset(); }),
              "mirror m_vnet0 of bridge br0: it has no output_port");
    EXPECT_EQ(error([](Rows& rows, auto& mirror) { mirror.output_port = rows.port("vnet0").uuid; }),
              "mirror m_vnet0 of bridge br0: its output_port vnet0 is there for something else");
}

TEST(Wanted, WhatAPortSendsIsPoliced) {
    Rows rows;
    vswitch::Interface& tap = rows.plug("web0", "tap");
    auto limits = [&] { return rows.wanted().ports.at("web0").limits; };
    EXPECT_EQ(limits(), WantedLimits());
    tap.ingress_policing_rate = 10'000;
    EXPECT_EQ(limits().bandwidth_out, (Rate{1'250'000, 1'000'000})) << "kbit/s; 8000 kbit at once";
    tap.ingress_policing_burst = 1'000;
    EXPECT_EQ(limits().bandwidth_out, (Rate{1'250'000, 125'000}));
    tap.ingress_policing_burst = 8;
    EXPECT_EQ(limits().bandwidth_out, (Rate{1'250'000, 65'600})) << "a large frame must pass";
    tap.ingress_policing_kpkts_rate = 3;
    EXPECT_EQ(limits().packets_out, (Rate{3'000, 16'000}));
    tap.ingress_policing_kpkts_burst = 2;
    EXPECT_EQ(limits().packets_out, (Rate{3'000, 2'000}));
}

// Numbers of whoever writes to the database: a huge one is no limit, and never a small one.
TEST(Wanted, ARateThatIsTooLargeToBeMultipliedDoesNotBecomeASmallOne) {
    constexpr auto largest = std::numeric_limits<int64_t>::max();
    constexpr uint64_t much = uint64_t{1} << 40;
    Rows rows;
    vswitch::Interface& tap = rows.plug("web0", "tap");
    auto limits = [&] { return rows.wanted().ports.at("web0").limits; };
    tap.ingress_policing_rate = tap.ingress_policing_burst = largest;
    tap.ingress_policing_kpkts_rate = tap.ingress_policing_kpkts_burst = largest;
    EXPECT_GT(limits().bandwidth_out->units, much);
    EXPECT_EQ(limits().bandwidth_out->burst, Rate::max_burst);
    EXPECT_GT(limits().packets_out->units, much);
    EXPECT_EQ(limits().packets_out->burst, Rate::max_burst);
    vswitch::QoS& qos = rows.qos("web0", "egress-policer");
    qos.other_config = {{"cir", "2305843009213693953"}, {"cbs", "18446744073709551615"}}; // * 8 = 8
    EXPECT_GT(limits().bandwidth_in->units, much);
    EXPECT_EQ(limits().bandwidth_in->burst, Rate::max_burst);
}

TEST(Wanted, WhatAPortGetsIsLimitedByItsQos) {
    Rows rows;
    rows.plug("web0", "tap");
    auto limit = [&] { return rows.wanted().ports.at("web0").limits.bandwidth_in; };
    vswitch::QoS& qos = rows.qos("web0", "linux-htb");
    EXPECT_EQ(limit(), std::nullopt) << "no rate";
    qos.other_config = {{"max-rate", "8000000"}};
    EXPECT_EQ(limit(), (Rate{1'000'000, 100'000}));
    rows.queue(0).other_config = {{"max-rate", "4000000"}, {"burst", "720000"}};
    EXPECT_EQ(limit(), (Rate{500'000, 90'000}));
    rows.queue(1);
    EXPECT_EQ(limit(), (Rate{1'000'000, 100'000})) << "only OpenFlow chooses another queue than 0";
    qos.type = "egress-policer";
    qos.other_config = {{"cir", "2000000"}, {"cbs", "70000"}};
    EXPECT_EQ(limit(), (Rate{2'000'000, 70'000}));
    qos.type = "linux-noop";
    EXPECT_EQ(limit(), std::nullopt);
}

TEST(Wanted, AQosThatIsNotBuiltLeavesThePortAndIsNamed) {
    Rows rows;
    rows.plug("web0", "tap");
    auto trouble = [&] { return rows.wanted().ports.at("web0").limits_trouble; };
    vswitch::QoS& qos = rows.qos("web0", "linux-codel");
    EXPECT_EQ(trouble(), "QoS type linux-codel is not built, so it limits nothing: use linux-htb, "
                         "egress-policer or linux-noop");
    qos.type = "linux-htb";
    EXPECT_EQ(trouble(), "");
    qos.other_config = {{"max-rate", "fast"}};
    EXPECT_EQ(trouble(), "QoS max-rate: \"fast\" is not a number");
}

TEST(Wanted, LimitsOfEveryPort) {
    Rows rows;
    EXPECT_EQ(rows.wanted().fabric.limits, PortLimits());
    rows.root().other_config = {{"ringfence-slow-path-per-port", "500"},
                                {"ringfence-broadcast-per-port", "many"}};
    Wanted wanted = rows.wanted();
    EXPECT_EQ(wanted.fabric.limits.slow_path, Rate::each_second(500));
    EXPECT_EQ(wanted.fabric.limits.broadcast, PortLimits().broadcast);
    ASSERT_EQ(wanted.fabric.errors.size(), 1u);
    EXPECT_NE(wanted.fabric.errors[0].find("ringfence-broadcast-per-port: \"many\""),
              std::string::npos);
}

TEST(Wanted, WhoMayCaptureStandsBetweenCommas) {
    Rows rows;
    rows.root().external_ids = {{"ringfence-query-capture", " Night Operator ,,b, "}};
    EXPECT_EQ(rows.wanted().watch.capturers, (std::set<std::string>{"Night Operator", "b"}));
}

struct Refusal {
    const char* name;
    const char* type;
    const char* says;
};

class WantedRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(WantedRefuses, OneInterfaceInWordsAndTakesTheRest) {
    Rows rows;
    rows.plug(GetParam().name, GetParam().type);
    rows.plug("good", "tap");
    Wanted wanted = rows.wanted();
    EXPECT_TRUE(wanted.ports.contains("good"));
    EXPECT_FALSE(wanted.ports.contains(GetParam().name));
    std::string why = wanted.refused[Rows::uuid(GetParam().name)];
    EXPECT_NE(why.find(GetParam().says), why.npos) << why;
}

INSTANTIATE_TEST_SUITE_P(
    , WantedRefuses,
    testing::Values(Refusal{"p", "patch", "patch is not built yet"},
                    Refusal{"v", "vxlan", "ringfence-encap-ip"},
                    Refusal{"../vhu", "dpdkvhostuser", "outside of the run folder"},
                    Refusal{"/vhu", "dpdkvhostuser", "outside of the run folder"},
                    Refusal{"a/vhu", "dpdkvhostuser", "cannot be the name of a socket"},
                    Refusal{"t", "tpa", "\"tpa\" is not a type of interface"},
                    Refusal{"d", "dpdk", "needs options:dpdk-devargs"},
                    Refusal{"vhu", "dpdkvhostuserclient", "needs options:vhost-server-path"},
                    Refusal{"a-name-of-16-chr", "tap", "at most 15 characters"},
                    Refusal{"a/b", "tap", "can't be the name of a device"}));

TEST(Wanted, BadValuesAreNamed) {
    Rows rows;
    rows.plug("group", "internal").mac = "01:00:5e:00:00:01";
    Wanted wanted = rows.wanted();
    EXPECT_EQ(wanted.refused[Rows::uuid("group")],
              "mac \"01:00:5e:00:00:01\" is not an address for one device");
}

TEST(Wanted, IfaceIdUsedTwiceStaysWithTheFirstByName) {
    Rows rows;
    rows.plug("a", "tap").external_ids = {{"iface-id", "nic"}};
    rows.plug("b", "tap").external_ids = {{"iface-id", "nic"}};
    Wanted wanted = rows.wanted();
    EXPECT_TRUE(wanted.ports.contains("a"));
    EXPECT_EQ(wanted.refused[Rows::uuid("b")],
              "external_ids:iface-id: a has nic already on this host");
}

TEST(Wanted, IfaceIdStaysWithThePortThatWorksAlready) {
    Rows rows;
    rows.plug("a", "tap").external_ids = {{"iface-id", "nic"}};
    auto& works = rows.plug("b", "tap");
    works.external_ids = {{"iface-id", "nic"}};
    works.ofport = 5;
    Wanted wanted = rows.wanted();
    EXPECT_TRUE(wanted.ports.contains("b"));
    EXPECT_TRUE(wanted.refused.contains(Rows::uuid("a")));
}

TEST(Wanted, UplinkIsNoTenantsPortAndItsShadowIsItsOwn) {
    Rows rows;
    rows.plug("up0", "tap").external_ids = {{"ringfence-uplink", "vtep0"}};
    rows.plug("up1", "tap").external_ids = {{"ringfence-uplink", "vtep0"}};
    rows.plug("up2", "tap").external_ids = {{"ringfence-uplink", "br0"}};
    rows.plug("up3", "tap").external_ids = {{"ringfence-uplink", "vtep3"}, {"iface-id", "nic"}};
    Wanted wanted = rows.wanted();
    EXPECT_EQ(wanted.ports.at("up0").uplink_shadow, "vtep0");
    for (const char* refused : {"up1", "up2", "up3"})
        EXPECT_TRUE(wanted.refused.contains(Rows::uuid(refused))) << refused;
}

TEST(Wanted, BondIsRefusedAtEachOfItsInterfaces) {
    Rows rows;
    rows.plug("a", "tap");
    rows.plug("b", "tap");
    rows.port("a").interfaces = {Rows::uuid("a"), Rows::uuid("b")};
    rows.port("b").interfaces = {};
    Wanted wanted = rows.wanted();
    EXPECT_NE(wanted.refused[Rows::uuid("a")].find("bonds are not built yet"), std::string::npos);
    EXPECT_TRUE(wanted.refused.contains(Rows::uuid("b")));
}

TEST(FabricSettings, ComeFromTheExternalIdsOfTheRoot) {
    Rows rows;
    rows.root().external_ids = {{"system-id", "host-a"},
                                {"ringfence-remote", "tcp:127.0.0.1:6642"},
                                {"ringfence-encap-ip", "10.0.0.1, 2001:db8::1"},
                                {"ringfence-bridge-mappings", "physnet1:br-ex"}};
    FabricSettings settings = rows.wanted().fabric;
    EXPECT_EQ(settings.host, "host-a");
    EXPECT_EQ(settings.remote, "tcp:127.0.0.1:6642");
    EXPECT_EQ(settings.vtep_addresses,
              (std::vector{*IpAddr::from("10.0.0.1"), *IpAddr::from("2001:db8::1")}));
    EXPECT_EQ(settings.bridge_mappings.at("physnet1"), "br-ex");
    EXPECT_TRUE(settings.errors.empty());
}

TEST(FabricSettings, SayHowTheOuterHeadersAre) {
    FabricSettings settings = fabric_settings_from({{"ringfence-encap-port", "8472"},
                                                    {"ringfence-encap-dscp", "zero"},
                                                    {"ringfence-encap-udp6-checksum", "zero"}});
    EXPECT_EQ(settings.tunnel,
              (TunnelSettings{.udp_port = 8472, .copy_dscp = false, .zero_checksum6 = true}));
    EXPECT_TRUE(settings.errors.empty());
    for (const char* port : {"0", "65536", "-1", "4789x", "vxlan"}) {
        FabricSettings bad = fabric_settings_from({{"ringfence-encap-port", port},
                                                   {"ringfence-encap-dscp", "no"},
                                                   {"ringfence-encap-udp6-checksum", "no"}});
        EXPECT_EQ(bad.tunnel, TunnelSettings()) << port;
        EXPECT_EQ(bad.errors.size(), 3u) << port;
    }
}

TEST(FabricSettings, BadPartsAreNamedAndTheRestHolds) {
    FabricSettings settings =
        fabric_settings_from({{"ringfence-remote", "unix:/x"},
                              {"ringfence-encap-ip", "10.0.0.1,10.0.0.300,224.0.0.1,fe80::1"},
                              {"ringfence-bridge-mappings", "physnet1,p2:br2"}});
    EXPECT_EQ(settings.vtep_addresses.size(), 1u);
    EXPECT_EQ(settings.bridge_mappings.size(), 1u);
    EXPECT_EQ(settings.errors.size(), 5u); // the missing system-id, three addresses, one mapping
}

} // namespace
