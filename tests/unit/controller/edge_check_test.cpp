// Refusals and acceptances of controller/model that concern edge routers: fenced, nat-routed and
// routed networks, static routes, outside addresses (BEHAVIOUR.md, rows 35-41).
#include <functional>

#include <gtest/gtest.h>

#include "controller/model/check.h"
#include "controller/model/edges.h"
#include "controller/model/paths.h"
#include "tests/unit/controller/cloud.h"

namespace ringfence::test {
namespace {

using model::check;
using northbound::EdgeRouter;
using northbound::Nic;
using northbound::OrganizationNetwork;
using northbound::StaticRoute;
using northbound::Tables;
using northbound::VappNetwork;

constexpr ErrorKind invalid = ErrorKind::invalid;
constexpr ErrorKind not_found = ErrorKind::not_found;
constexpr ErrorKind conflict = ErrorKind::conflict;
constexpr ErrorKind unsupported = ErrorKind::unsupported;

// Sound, unless it says otherwise.
template <class Row> void expect_sound(const Tables& rows, const Row& row) {
    const auto result = check(rows, row);
    EXPECT_TRUE(result) << result.error().text;
}

template <class Row>
void expect_refused(const Tables& rows, const Row& row, ErrorKind kind,
                    std::initializer_list<const char*> says) {
    const auto result = check(rows, row);
    ASSERT_FALSE(result) << model::path(rows, row) << " is accepted";
    EXPECT_EQ(result.error().kind, kind) << result.error().text;
    for (const char* part : says)
        EXPECT_NE(result.error().text.find(part), std::string::npos)
            << "\"" << part << "\" is not in: " << result.error().text;
}

template <class Row> Row changed(Row row, const auto& change) {
    change(row);
    return row;
}

Tables fenced_cloud() {
    auto rows = cloud();
    put_behind_edge(rows, "front", "fenced", "10.0.0.101");
    edit(rows.nic, "nic/web-1/0", [](Nic& nic) {
        nic.addresses = {"10.0.0.10"}; // web-0's, outside the fence
        nic.outside_addresses = {"10.0.0.102"};
    });
    return rows;
}

Tables nat_routed_cloud() {
    auto rows = cloud();
    put_behind_edge(rows, "front", "nat-routed", "10.0.0.101", "192.168.0.1");
    edit(rows.vapp_network, "vapp-network/front", [](VappNetwork& network) {
        network.subnets = {"192.168.0.0/24"};
        network.gateways = {"192.168.0.1"};
    });
    edit(rows.nic, "nic/web-1/0", [](Nic& nic) { nic.outside_addresses = {"10.0.0.102"}; });
    return rows;
}

// Organization acme's edge "main" on web (10.0.0.0/24) and back (10.1.0.0/24).
Tables routed_cloud() {
    auto rows = nat_routed_cloud();
    auto back = *rows.organization_network.find(id("network/acme"));
    back.uuid = id("network/back");
    back.name = "back";
    back.vni = 5003;
    back.subnets = {"10.1.0.0/24"};
    back.gateways = {"10.1.0.1"};
    back.ranges.clear();
    back.mode = "routed";
    rows.organization_network.insert(back);
    edit(rows.organization_network, "network/acme",
         [](OrganizationNetwork& network) { network.mode = "routed"; });
    rows.edge_router.insert(
        make_edge("main", {{"network/acme", "10.0.0.1"}, {"network/back", "10.1.0.1"}}));
    return rows;
}

void translate_not(Tables& rows, const std::string& network) {
    edit(rows.vapp_network, "vapp-network/" + network,
         [](VappNetwork& row) { row.translation = "none"; });
    edit(rows.edge_router, "edge/shop/" + network,
         [](EdgeRouter& row) { row.translation = "none"; });
    edit(rows.nic, "nic/web-1/0", [](Nic& nic) { nic.outside_addresses.clear(); });
}

TEST(EdgeCheck, AcceptsEachMode) {
    for (const Tables& rows : {fenced_cloud(), nat_routed_cloud(), routed_cloud()}) {
        const model::Model model(rows);
        const auto all = [&](const auto& table) {
            for (const auto& row : table) {
                const auto result = check(model, row);
                EXPECT_TRUE(result) << result.error().text;
            }
        };
        all(rows.organization_network);
        all(rows.vapp_network);
        all(rows.edge_router);
        all(rows.nic);
    }
}

TEST(EdgeCheck, RefusesBadFencedNetworks) {
    const auto rows = fenced_cloud();
    const auto& sound = *rows.vapp_network.find(id("vapp-network/front"));
    const auto refused = [&](const auto& change, ErrorKind kind,
                             std::initializer_list<const char*> says) {
        expect_refused(rows, changed(sound, change), kind, says);
    };
    refused([](auto& r) { r.parent.reset(); }, not_found, {"is fenced and has no parent"});
    refused([](auto& r) { r.parent = id("network/globex"); }, invalid, {"another organization"});
    refused([](auto& r) { r.vni.reset(); }, invalid, {"has no VNI"});
    refused([](auto& r) { r.translation = "none"; }, invalid, {"one-to-one, not none"});
    refused([](auto& r) { r.subnets = {"10.9.0.0/24"}; }, invalid,
            {"addressing is that of org/acme/network/web", "nat-routed"});
    refused([](auto& r) { r.mtu = 67; }, invalid, {"MTU 67"});
    refused([](auto& r) { r.uuid = id("another"); }, conflict, {"VNI 5001 is taken"});
    refused(
        [](auto& r) {
            r.uuid = id("another");
            r.vni = 5003;
        },
        not_found, {"has no edge router"});

    auto without_subnet = rows;
    edit(without_subnet.organization_network, "network/acme", [](auto& network) {
        network.subnets.clear();
        network.gateways.clear();
        network.ranges.clear();
    });
    expect_refused(without_subnet, sound, invalid, {"org/acme/network/web has no subnet"});
}

TEST(EdgeCheck, RefusesBadNatRoutedNetworks) {
    const auto rows = nat_routed_cloud();
    const auto& sound = *rows.vapp_network.find(id("vapp-network/front"));
    const auto refused = [&](const auto& change, ErrorKind kind,
                             std::initializer_list<const char*> says) {
        expect_refused(rows, changed(sound, change), kind, says);
    };
    refused([](auto& r) { r.translation.reset(); }, invalid, {"choose none or one-to-one"});
    refused([](auto& r) { r.translation = "ports"; }, unsupported,
            {"translation ports is not built yet"});
    refused([](auto& r) { r.gateways.clear(); }, invalid, {"in each subnet a gateway"});
    refused([](auto& r) { r.subnets.insert("192.168.1.0/24"); }, invalid,
            {"in each subnet a gateway"});
    refused(
        [](auto& r) {
            r.subnets = {"10.0.0.128/25"};
            r.gateways = {"10.0.0.129"};
        },
        conflict, {"10.0.0.128/25 overlaps 10.0.0.0/24 of org/acme/network/web", "fenced"});
    refused([](auto& r) { r.translation = "none"; }, not_found,
            {"attached to none", "choose translation one-to-one"});
}

TEST(EdgeCheck, RoutesWithoutTranslationWhereNothingOverlaps) {
    auto rows = routed_cloud();
    translate_not(rows, "front");
    const auto& front = *rows.vapp_network.find(id("vapp-network/front"));
    expect_sound(rows, front);

    // A network beside its parent, and a vApp network behind that one.
    for (const char* subnet : {"10.1.0.0/25", "10.0.0.0/16"})
        expect_refused(rows,
                       changed(front,
                               [&](auto& r) {
                                   r.subnets = {subnet};
                                   r.gateways = {"10.1.0.9"};
                                   if (r.subnets.contains("10.0.0.0/16"))
                                       r.gateways = {"10.0.0.9"};
                               }),
                       conflict, {"overlaps", "org/acme/network/"});
    auto second = front;
    second.uuid = id("vapp-network/second");
    second.name = "second";
    second.vni = 5004;
    expect_refused(rows, second, conflict,
                   {"subnet 192.168.0.0/24 overlaps 192.168.0.0/24 of "
                    "org/acme/vapp/shop/network/front",
                    "org/acme/edge/main", "choose translation one-to-one"});
    second.translation = "one-to-one";
    auto edge = *rows.edge_router.find(id("edge/shop/front"));
    edge.uuid = id("edge/shop/second");
    edge.name = "shop/second";
    edge.vapp_network = second.uuid;
    rows.edge_router.insert(edge);
    expect_sound(rows, second); // row 37
}

TEST(EdgeCheck, OfTwoThatOverlapOneKeepsItsRoute) {
    auto rows = routed_cloud();
    translate_not(rows, "front");
    auto second = *rows.vapp_network.find(id("vapp-network/front"));
    second.uuid = id("vapp-network/second");
    second.name = "second";
    second.vni = 5004;
    rows.vapp_network.insert(second);
    auto edge = *rows.edge_router.find(id("edge/shop/front"));
    edge.uuid = id("edge/shop/second");
    edge.name = "shop/second";
    edge.vapp_network = second.uuid;
    edge.addresses = {{to_string(id("network/acme")), "10.0.0.103"},
                      {to_string(second.uuid), "192.168.0.1"}};
    rows.edge_router.insert(edge);
    const VappNetwork& first = *rows.vapp_network.find(id("vapp-network/front"));
    EXPECT_NE(check(rows, first).has_value(), check(rows, second).has_value());

    // Which one yields does not depend on UUIDs when one of them is not written yet.
    for (const VappNetwork* newcomer : {&first, &std::as_const(second)}) {
        const model::Model model(rows, {}, {newcomer->uuid});
        EXPECT_EQ(check(model, first).has_value(), newcomer != &first);
        EXPECT_EQ(check(model, second).has_value(), newcomer != &second);
    }
}

TEST(EdgeCheck, RefusesBadEdgesOfVappNetworks) {
    const auto rows = fenced_cloud();
    const auto& sound = *rows.edge_router.find(id("edge/shop/front"));
    const auto refused = [&](const auto& change, ErrorKind kind,
                             std::initializer_list<const char*> says) {
        expect_refused(rows, changed(sound, change), kind, says);
    };
    const auto outside = [](const char* list) {
        return [list](auto& r) { r.addresses[to_string(id("network/acme"))] = list; };
    };
    refused([](auto& r) { r.name = "front"; }, invalid, {"VAPP/NETWORK"});
    refused([](auto& r) { r.name = "a/b/c"; }, invalid, {"1 to 63"});
    refused([](auto& r) { r.vapp_network = id("?"); }, not_found, {"does not exist"});
    refused([](auto& r) { r.vapp_network = id("vapp-network/edge"); }, invalid, {"is bridged"});
    refused([](auto& r) { r.organization = id("org/globex"); }, invalid, {"another organization"});
    refused([](auto& r) { r.networks = {id("network/acme")}; }, invalid, {"detach"});
    refused([](auto& r) { r.translation = "none"; }, invalid, {"which is one-to-one"});
    refused([](auto& r) { r.uuid = id("another"); }, conflict,
            {"has the edge router org/acme/edge/shop/front"});
    refused([](auto& r) { r.options["x"] = "y"; }, unsupported, {"option x"});
    refused([](auto& r) { r.addresses.clear(); }, invalid, {"no address on org/acme/network/web"});
    refused(outside("10.0.0.1"), conflict, {"10.0.0.1 is the gateway of org/acme/network/web"});
    refused(outside("10.0.0.255"), invalid, {"broadcast"});
    refused(outside("10.0.1.5"), invalid, {"outside the subnets"});
    refused(outside("ten"), invalid, {"\"ten\" is not an IP address"});
    refused(outside("10.0.0.10"), conflict, {"taken", "org/acme/vapp/shop/nic/web-0/0"});
    refused(outside("10.0.0.102"), conflict, {"taken", "front/nic/web-1/0"}); // an outside address
    refused([](auto& r) { r.addresses[to_string(id("vapp-network/front"))] = "10.0.0.103"; },
            invalid, {"inside the fence"});
    refused([](auto& r) { r.addresses["web"] = "10.0.0.103"; }, invalid,
            {"\"web\"", "does not stand"});
}

TEST(EdgeCheck, RefusesBadEdgesOfOrganizations) {
    const auto rows = routed_cloud();
    const auto& sound = *rows.edge_router.find(id("edge/main"));
    const auto refused = [&](const auto& change, ErrorKind kind,
                             std::initializer_list<const char*> says) {
        expect_refused(rows, changed(sound, change), kind, says);
    };
    refused([](auto& r) { r.name = "a/b"; }, invalid, {"1 to 63"});
    refused([](auto& r) { r.translation = "one-to-one"; }, unsupported, {"not built yet"});
    refused([](auto& r) { r.external_networks = {id("x")}; }, unsupported, {"external network"});
    refused([](auto& r) { r.networks.insert(id("?")); }, not_found, {"does not exist"});
    refused([](auto& r) { r.networks.insert(id("network/globex")); }, invalid,
            {"another organization"});
    refused([](auto& r) { r.networks.erase(id("network/back")); }, invalid, {"does not stand"});
    refused([](auto& r) { r.addresses.erase(to_string(id("network/back"))); }, invalid,
            {"no address on org/acme/network/back"});
    refused([](auto& r) { r.uuid = id("another"); }, conflict,
            {"has the edge router org/acme/edge/main", "detach"});

    auto isolated = rows;
    edit(isolated.organization_network, "network/back", [](auto& r) { r.mode = "isolated"; });
    expect_refused(isolated, sound, invalid, {"is isolated, not routed", "edge attach"});

    auto overlapping = rows;
    edit(overlapping.organization_network, "network/back", [](auto& r) {
        r.subnets = {"10.0.0.0/16"};
        r.gateways = {"10.0.0.1"};
    });
    expect_refused(overlapping, sound, conflict, {"overlaps", "org/acme/network/web"});
}

TEST(EdgeCheck, RefusesBadStaticRoutes) { // row 40
    auto rows = routed_cloud();
    StaticRoute sound;
    sound.uuid = id("route");
    sound.edge_router = id("edge/main");
    sound.prefix = "172.16.0.0/12";
    sound.next_hops = {"10.1.0.10"};
    expect_sound(rows, sound);
    const auto refused = [&](const auto& change, ErrorKind kind,
                             std::initializer_list<const char*> says) {
        expect_refused(rows, changed(sound, change), kind, says);
    };
    refused([](auto& r) { r.edge_router = id("?"); }, not_found, {"does not exist"});
    refused([](auto& r) { r.prefix = "172.16.0.1/12"; }, invalid, {"host bits"});
    refused([](auto& r) { r.prefix = "nowhere"; }, invalid, {"nowhere"});
    refused([](auto& r) { r.prefix = "224.0.0.0/4"; }, invalid, {"unicast"});
    refused([](auto& r) { r.prefix = "2001:DB8::/32"; }, invalid, {"2001:db8::/32"});
    refused([](auto& r) { r.prefix = "2001:db8::/32"; }, invalid, {"another family"});
    refused([](auto& r) { r.prefix = "10.1.0.0/24"; }, conflict,
            {"connected", "org/acme/network/back"});
    refused([](auto& r) { r.next_hops.clear(); }, invalid, {"no next hop"});
    refused(
        [](auto& r) {
            r.next_hops = {"10.0.0.10", "10.1.0.10"};
        },
        ErrorKind::unsupported, {"a choice of next hops is not built yet; give one"});
    refused([](auto& r) { r.next_hops = {"somewhere"}; }, invalid, {"\"somewhere\""});
    refused([](auto& r) { r.next_hops = {"192.0.2.1"}; }, invalid,
            {"192.0.2.1 is not connected", "org/acme/edge/main"});
    refused([](auto& r) { r.next_hops = {"10.0.0.255"}; }, invalid, {"not connected"});
    refused([](auto& r) { r.next_hops = {"10.1.0.1"}; }, invalid, {"the router itself"});

    auto behind = rows; // a network that main routes to by itself
    edit(behind.vapp_network, "vapp-network/front", [](auto& network) {
        network.mode = "nat-routed";
        network.translation = "none";
        network.subnets = {"172.16.0.0/12"};
        network.gateways = {"172.16.0.1"};
    });
    expect_refused(behind, sound, conflict, {"subnet of org/acme/vapp/shop/network/front"});

    auto of_vapp = sound;
    of_vapp.edge_router = id("edge/shop/front");
    of_vapp.next_hops = {"10.0.0.10"};
    expect_sound(rows, of_vapp);
    of_vapp.prefix = "0.0.0.0/0";
    expect_refused(rows, of_vapp, conflict,
                   {"default route already, by 10.0.0.1, the gateway of org/acme/network/web"});
    auto of_organization = sound;
    of_organization.prefix = "0.0.0.0/0";
    expect_sound(rows, of_organization);
}

TEST(EdgeCheck, RefusesBadOutsideAddresses) {
    const auto rows = fenced_cloud();
    const auto& sound = *rows.nic.find(id("nic/web-1/0"));
    const auto refused = [&](const auto& change, ErrorKind kind,
                             std::initializer_list<const char*> says) {
        expect_refused(rows, changed(sound, change), kind, says);
    };
    const auto outside = [](std::set<std::string> list) {
        return [list](auto& r) { r.outside_addresses = list; };
    };
    expect_sound(rows, changed(sound, outside({})));
    refused(outside({"ten"}), invalid, {"outside address \"ten\""});
    refused(outside({"10.0.1.5"}), invalid, {"outside the network's subnets"});
    refused(outside({"10.0.0.1"}), invalid, {"gateway"});
    refused(outside({"10.0.0.10"}), conflict, {"taken", "org/acme/vapp/shop/nic/web-0/0"});
    refused(outside({"10.0.0.101"}), conflict, {"taken", "org/acme/edge/shop/front"});
    refused(outside({"10.0.0.105", "10.0.0.106"}), invalid, {"two outside addresses"});
    refused(
        [](auto& r) {
            r.addresses = {"10.0.0.20", "10.0.0.21"};
        },
        invalid, {"two addresses of one family", "another NIC"});
    refused([](auto& r) { r.mac = "02:52:46:00:00:01"; }, conflict,
            {"taken", "org/acme/edge/shop/front"});
    refused([](auto& r) { r.addresses = {"192.168.0.10"}; }, invalid,
            {"outside the network's subnets (10.0.0.0/24)"});

    const auto& beside = *rows.nic.find(id("nic/web-0/0"));
    expect_refused(rows, changed(beside, outside({"10.0.0.105"})), invalid, {"has no outside"});
    const auto mac =
        model::router_mac(*rows.edge_router.find(id("edge/shop/front")), id("network/acme"));
    expect_refused(rows, changed(beside, [&](auto& r) { r.mac = to_string(mac); }), conflict,
                   {"org/acme/edge/shop/front"});
    expect_refused(rows, changed(beside, [](auto& r) { r.addresses = {"10.0.0.102"}; }), conflict,
                   {"front/nic/web-1/0"});
}

TEST(EdgeCheck, HoldsTheLedgersRowsAgainstNewcomers) { // row 38
    auto rows = fenced_cloud();
    northbound::AddressAllocation entry;
    entry.uuid = id("entry");
    entry.network = id("network/acme");
    entry.address = "10.0.0.50";
    entry.kind = "reserved";
    entry.owner = "printer in room 7";
    rows.address_allocation.insert(entry);
    expect_refused(
        rows,
        changed(*rows.nic.find(id("nic/web-0/0")), [](auto& r) { r.addresses = {"10.0.0.50"}; }),
        conflict, {"10.0.0.50 is taken", "printer in room 7", "reserved"});
    expect_refused(
        rows,
        changed(*rows.edge_router.find(id("edge/shop/front")),
                [](auto& r) { r.addresses[to_string(id("network/acme"))] = "10.0.0.50"; }),
        conflict, {"printer in room 7"});
    const model::Model model(rows, {}, {entry.uuid}); // the row is being written with the NIC's
    EXPECT_EQ(model.entry(id("network/acme"), "10.0.0.50"), nullptr);
}

TEST(AddressRange, KnowsItsSizeAndWhatComesNext) {
    const auto size = [](const char* text) { return model::AddressRange::from(text)->size(); };
    EXPECT_EQ(size("10.0.0.5"), 1);
    EXPECT_EQ(size("10.0.0.5-10.0.1.4"), 256);
    EXPECT_EQ(size("1.0.0.0-223.255.255.255"), 223ll << 24);
    EXPECT_EQ(size("fd00::1"), 1);
    EXPECT_EQ(size("fd00::ff-fd00::200"), 0x102);
    EXPECT_EQ(size("fd00::ffff:ffff-fd00::1:0:0"), 2);
    EXPECT_EQ(size("fd00::-fd00::7fff:ffff:ffff:fffe"), INT64_MAX);
    EXPECT_EQ(size("fd00::-fd00::ffff:ffff:ffff:ffff"), INT64_MAX);
    EXPECT_EQ(size("fd00::-fd00:0:0:1::"), INT64_MAX);
    const auto next = [](const char* text) {
        return to_string(model::next_address(*IpAddr::from(text)));
    };
    EXPECT_EQ(next("10.0.0.255"), "10.0.1.0");
    EXPECT_EQ(next("255.255.255.255"), "0.0.0.0");
    EXPECT_EQ(next("fd00::ffff"), "fd00::1:0");
    EXPECT_EQ(next("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "::");
}

TEST(RouterMac, IsTheSameInEveryCloneInsideAndAnotherOneOutside) {
    const auto rows = fenced_cloud();
    const auto& edge = *rows.edge_router.find(id("edge/shop/front"));
    EXPECT_EQ(to_string(model::router_mac(edge, id("vapp-network/front"))), "02:52:46:00:00:01");
    auto other = edge;
    other.uuid = id("another");
    const auto first = model::router_mac(edge, id("network/acme"));
    EXPECT_NE(first, model::router_mac(other, id("network/acme")));
    EXPECT_EQ(first, model::router_mac(edge, id("network/back")));
    EXPECT_EQ(first.bytes[0], 0x02);
}

TEST(AddressingOf, IsTheParentsInsideAFence) {
    const auto rows = fenced_cloud();
    const model::Model model(rows);
    const auto inside = model::addressing_of(model, id("vapp-network/front"));
    ASSERT_EQ(inside.subnets.size(), 1u);
    EXPECT_EQ(to_string(inside.subnets[0]), "10.0.0.0/24");
    EXPECT_TRUE(model::addressing_of(model, id("?")).subnets.empty());
}

} // namespace
} // namespace ringfence::test
