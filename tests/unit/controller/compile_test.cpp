// Rows in, rows out: what the compiler makes of a small cloud, and of each thing gone wrong in it.
#include "controller/compiler/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/compiler/difference.h"
#include "controller/compiler/segments.h"
#include "tests/unit/controller/fabric.h"

namespace ringfence::test {
namespace {

using compiler::compile;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Lines = std::vector<std::string>;

const char* const web_0 = "port acme/shop/web-0/0 on 5000 at -: 02:00:00:00:00:10 [10.0.0.10] "
                          "strict <- org/acme/vapp/shop/nic/web-0/0";
const char* const web_1 = "port acme/shop/web-1/0 on 5001 at -: 02:00:00:00:00:11 [192.168.0.10] "
                          "strict <- org/acme/vapp/shop/network/front/nic/web-1/0";
const char* const web = "segment 5000 tenant of acme, MTU 1450, flood <- org/acme/network/web";
const char* const front =
    "segment 5001 tenant of acme, MTU 1450, flood <- org/acme/vapp/shop/network/front";
const char* const globex =
    "segment 5002 tenant of globex, MTU 1450, flood <- org/globex/network/web";

// Where a port is, after compiling.
std::string host_of(const compiler::Compiled& compiled, const std::string& nic) {
    const auto* port = compiled.wanted.logical_port.find(id(nic));
    return port ? port->host.value_or("-") : "no port";
}

TEST(Compile, MakesHostsSegmentsAndPorts) {
    auto compiled = compile(cloud(), fabric());
    EXPECT_THAT(lines(compiled.wanted),
                ElementsAre("host h1 ringfence 192.0.2.1", "host h2 ringfence 192.0.2.2", web_0,
                            web_1, web, front, globex));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Compile, KeysEveryRowByItsSegmentsDomainAndItsNorthboundUuid) {
    auto wanted = compile(cloud(), fabric()).wanted;
    const auto* segment = wanted.segment.find(id("network/acme"));
    const auto* port = wanted.logical_port.find(id("nic/web-0/0"));
    ASSERT_TRUE(segment && port);
    EXPECT_EQ(segment->domain, "segment/" + to_string(id("network/acme")));
    EXPECT_EQ(port->domain, segment->domain);
    EXPECT_EQ(port->domains, std::set<std::string>{segment->domain});
    EXPECT_EQ(port->segment, segment->uuid);
    EXPECT_THAT(port->policies, IsEmpty());
    EXPECT_TRUE(wanted.host.find(id("host/h1")));
}

TEST(Compile, PutsANicOfABridgedNetworkOnTheParentsSegment) {
    auto rows = cloud();
    edit(rows.nic, "nic/web-1/0", [](auto& nic) {
        nic.vapp_network = id("vapp-network/edge");
        nic.addresses = {"10.0.0.11"};
    });
    EXPECT_THAT(lines(compile(rows, fabric()).wanted),
                Contains("port acme/shop/web-1/0 on 5000 at -: 02:00:00:00:00:11 [10.0.0.11] "
                         "strict <- org/acme/vapp/shop/network/edge/nic/web-1/0"));
}

TEST(Compile, WritesAddressesInCanonicalForm) {
    auto rows = cloud();
    edit(rows.nic, "nic/web-1/0", [](auto& nic) {
        nic.mac = "0A:00:00:00:00:FF";
        nic.addresses = {"2001:DB8:0::1"};
    });
    auto wanted = compile(rows, fabric()).wanted;
    const auto* port = wanted.logical_port.find(id("nic/web-1/0"));
    EXPECT_EQ(port->mac, "0a:00:00:00:00:ff");
    EXPECT_EQ(port->addresses, std::set<std::string>{"2001:db8::1"});
}

TEST(Compile, ABadObjectCostsOnlyItselfAndItsChildren) {
    auto rows = cloud();
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mode = "bridged"; });
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(lines(compiled.wanted),
                ElementsAre("host h1 ringfence 192.0.2.1", "host h2 ringfence 192.0.2.2", web_1,
                            front, globex));
    EXPECT_EQ(note_of(compiled, id("network/acme")),
              "org/acme/network/web: mode bridged is not built yet; choose isolated");
    EXPECT_EQ(note_of(compiled, id("nic/web-0/0")),
              "org/acme/vapp/shop/nic/web-0/0: waits for org/acme/network/web: see its status");
    EXPECT_EQ(note_of(compiled, id("vapp-network/edge")),
              "org/acme/vapp/shop/network/edge: waits for org/acme/network/web: see its status");
    EXPECT_EQ(compiled.notes.at(id("network/acme")).event, compiler::event::object_refused);
    EXPECT_EQ(compiled.notes.at(id("nic/web-0/0")).event, "") << "one cause is one event";
    EXPECT_EQ(compiled.notes.size(), 3u);
}

TEST(Compile, ABadOrganizationLeavesTheOthersAlone) {
    auto rows = cloud();
    edit(rows.organization, "org/acme", [](auto& o) { o.name = "a/b"; });
    EXPECT_THAT(lines(compile(rows, fabric()).wanted),
                ElementsAre("host h1 ringfence 192.0.2.1", "host h2 ringfence 192.0.2.2", globex));
}

TEST(Compile, MakesNothingOfAVappThatIsNotDeployed) {
    auto rows = cloud();
    edit(rows.vapp, "vapp/shop", [](auto& v) { v.deployed = false; });
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(lines(compiled.wanted), ElementsAre("host h1 ringfence 192.0.2.1",
                                                    "host h2 ringfence 192.0.2.2", web, globex));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Compile, OfTwoNicsWithOneMacOnlyOneIsCompiled) { // else the index would refuse all
    auto rows = cloud();
    auto second = make_nic("web-1", 1, "02:00:00:00:00:10", {});
    second.organization_network = id("network/acme");
    rows.nic.insert(second);
    auto compiled = compile(rows, fabric());
    EXPECT_EQ(compiled.wanted.logical_port.size(), 2u);
    EXPECT_EQ(compiled.notes.size(), 1u);
}

// Rows that somebody wrote past the client, with UUIDs that come first and without ledger.
TEST(Compile, ANicOnAnotherOrganizationsNetworkIsRefusedAndKeepsNothing) {
    auto rows = cloud();
    northbound::Vapp vapp = *rows.vapp.find(id("vapp/shop"));
    vapp.uuid = id("vapp/globex");
    vapp.organization = id("org/globex");
    vapp.data_center = id("vdc/globex");
    rows.vapp.insert(vapp);
    northbound::VirtualMachine vm = make_vm("thief");
    vm.vapp = vapp.uuid;
    rows.virtual_machine.insert(vm);
    northbound::VappNetwork bridged = *rows.vapp_network.find(id("vapp-network/edge"));
    bridged.uuid = id("vapp-network/globex");
    bridged.vapp = vapp.uuid;
    rows.vapp_network.insert(bridged);
    auto thief = make_nic("thief", 0, "02:00:00:00:00:10", {"10.0.0.10"});
    thief.uuid = {};
    thief.uuid.bytes[15] = 1;
    thief.organization_network = id("network/acme");
    rows.nic.insert(thief);
    auto other = thief;
    other.uuid.bytes[15] = 2;
    other.organization_network.reset();
    other.vapp_network = bridged.uuid;
    rows.nic.insert(other);

    auto compiled = compiler::compile(rows, fabric());
    EXPECT_TRUE(compiled.wanted.logical_port.find(id("nic/web-0/0")));
    EXPECT_EQ(compiled.wanted.logical_port.size(), 2u);
    EXPECT_EQ(note_of(compiled, thief.uuid), "org/globex/vapp/shop/nic/thief/0: "
                                             "org/acme/network/web is another organization's");
    EXPECT_EQ(note_of(compiled, bridged.uuid),
              "org/globex/vapp/shop/network/edge: its parent org/acme/network/web is another "
              "organization's");
    EXPECT_FALSE(note_of(compiled, other.uuid).empty());
}

TEST(Compile, AnUnderlayMtuThatIsNoneChangesNothing) {
    for (int64_t mtu : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{117}}) {
        southbound::Tables current = fabric();
        for (const char* host : {"status/h1", "status/h2"})
            edit(current.host_status, host, [&](auto& status) { status.underlay_mtu = mtu; });
        auto compiled = compiler::compile(cloud(), current);
        EXPECT_EQ(compiled.wanted.segment.find(id("network/acme"))->mtu, 1450) << mtu;
    }
}

TEST(Compile, RefusesUnbuiltObjectsInTheirStatus) {
    auto rows = cloud();
    northbound::User user;
    user.uuid = id("user");
    user.organization = id("org/acme");
    user.name = "ann";
    rows.user.insert(user);
    EXPECT_EQ(note_of(compile(rows, fabric()), id("user")),
              "org/acme/user/ann: a user is not built yet; delete it");
}

TEST(Compile, TheSegmentsMtuIsWhatTheSmallestUnderlayCarries) {
    auto mtu = [](const northbound::Tables& rows, const southbound::Tables& current) {
        return compile(rows, current).wanted.segment.find(id("network/acme"))->mtu;
    };
    auto rows = cloud();
    auto current = fabric();
    EXPECT_EQ(mtu(rows, southbound::Tables{}), 1450) << "no host has reported";
    edit(current.host_status, "status/h1", [](auto& s) { s.underlay_mtu = 9000; });
    EXPECT_EQ(mtu(rows, current), 1450);
    edit(current.host_status, "status/h2", [](auto& s) { s.underlay_mtu = 1400; });
    EXPECT_EQ(mtu(rows, current), 1350);
    edit(rows.host, "host/h2", [](auto& h) { h.admitted = false; });
    EXPECT_EQ(mtu(rows, current), 8950) << "a host that isn't admitted doesn't count";
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mtu = 1300; });
    EXPECT_EQ(mtu(rows, current), 1300);
}

TEST(Compile, ASegmentThatPassesVlanTagsLeavesRoomForTwo) { // a full-size frame gains 8 bytes
    auto rows = cloud();
    edit(rows.organization_network, "network/acme", [](auto& n) { n.vlan_transparent = true; });
    auto mtu = [&] { return compile(rows, fabric()).wanted.segment.find(id("network/acme"))->mtu; };
    EXPECT_EQ(mtu(), 1442);
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mtu = 1400; });
    EXPECT_EQ(mtu(), 1400);
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mtu = 1443; });
    EXPECT_EQ(mtu(), 1442);
    EXPECT_THAT(note_of(compile(rows, fabric()), id("network/acme")),
                HasSubstr("MTU 1443 exceeds 1442, the most that VXLAN and two VLAN tags leave of "
                          "host h1's underlay MTU 1500; lower it, or raise the underlay's; "
                          "compiled with 1442"));
}

TEST(Compile, AHostWithASmallUnderlayReducesANetworksMtuAndDoesNotStopIt) {
    auto rows = cloud();
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mtu = 1450; });
    auto current = fabric();
    edit(current.host_status, "status/h2", [](auto& s) { s.underlay_mtu = 1400; });
    auto compiled = compile(rows, current);
    EXPECT_EQ(compiled.wanted.segment.find(id("network/acme"))->mtu, 1350);
    EXPECT_THAT(note_of(compiled, id("network/acme")),
                HasSubstr("MTU 1450 exceeds 1350, the most that VXLAN leaves of host h2's underlay "
                          "MTU 1400"));
    EXPECT_EQ(host_of(compiled, "nic/web-0/0"), "-") << "compiled all the same";
}

// Hosts

TEST(Compile, LeavesOutAHostThatIsNotAdmitted) {
    auto rows = cloud();
    edit(rows.host, "host/h2", [](auto& h) { h.admitted = false; });
    auto compiled = compile(rows, fabric());
    EXPECT_FALSE(compiled.wanted.host.find(id("host/h2")));
    EXPECT_EQ(note_of(compiled, id("host/h2")),
              "host/h2: is not admitted; network-ctl host admit h2");
    edit(rows.global, "global", [](auto& g) { g.admit_hosts = "auto"; });
    EXPECT_TRUE(compile(rows, fabric()).wanted.host.find(id("host/h2")));
}

TEST(Compile, TheFirstHostKeepsAVtepAddressAndBothAreNamed) {
    auto current = fabric();
    current = compile(cloud(), current).wanted; // h1 and h2 are in service
    edit(current.host_status, "status/h2", [](auto& s) { s.vtep_addresses = {"192.0.2.1"}; });
    auto compiled = compile(cloud(), current);
    EXPECT_TRUE(compiled.wanted.host.find(id("host/h1")));
    EXPECT_FALSE(compiled.wanted.host.find(id("host/h2")));
    const auto& note = compiled.notes.at(id("host/h2"));
    EXPECT_THAT(note.text, HasSubstr("192.0.2.1 is taken by host/h1"));
    EXPECT_EQ(note.event, compiler::event::vtep_taken);
    EXPECT_THAT(note.hosts, ElementsAre("h1", "h2"));
}

TEST(Compile, AHostWhoseStatusIsGoneStaysInService) {
    auto current = compile(cloud(), fabric()).wanted;
    current.host_status.erase(id("status/h1"));
    EXPECT_THAT(lines(compile(cloud(), current).wanted), Contains("host h1 ringfence 192.0.2.1"));
}

TEST(Compile, ClearsAwayWhatADeletedHostLeft) {
    auto rows = cloud();
    auto current = fabric();
    current.port_claim.insert(make_claim("h2", "acme/shop/web-0/0"));
    current = compile(rows, current).wanted;
    ASSERT_EQ(host_of(compile(rows, current), "nic/web-0/0"), "h2");
    rows.host.erase(id("host/h2"));
    auto compiled = compile(rows, current);
    EXPECT_EQ(compiled.wanted.host_status.size(), 1u);
    EXPECT_TRUE(compiled.wanted.port_claim.empty());
    EXPECT_EQ(compiled.wanted.host_config.size(), 1u);
    EXPECT_EQ(host_of(compiled, "nic/web-0/0"), "-");
}

TEST(Compile, ClearsAwayWhatWasLearnedOnADeletedSegment) { // else the reference would hold it
    auto rows = cloud();
    auto current = compile(rows, fabric()).wanted;
    southbound::LearnedMac learned;
    learned.uuid = id("learned");
    learned.segment = id("vapp-network/front");
    learned.host = "h1";
    current.learned_mac.insert(learned);
    EXPECT_EQ(compile(rows, current).wanted.learned_mac.size(), 1u) << "hosts' rows stay";
    rows.nic.erase(id("nic/web-1/0"));
    rows.vapp_network.erase(id("vapp-network/front"));
    EXPECT_TRUE(compile(rows, current).wanted.learned_mac.empty());
}

// Placement

TEST(Placement, BindsAPortToTheHostThatIsReadyForIt) {
    auto current = fabric();
    current.port_claim.insert(make_claim("h1", "acme/shop/web-0/0", false));
    EXPECT_EQ(host_of(compile(cloud(), current), "nic/web-0/0"), "-");
    edit(current.port_claim, "claim/h1/acme/shop/web-0/0", [](auto& c) { c.ready = true; });
    auto compiled = compile(cloud(), current);
    EXPECT_EQ(host_of(compiled, "nic/web-0/0"), "h1");
    EXPECT_THAT(compiled.notes, IsEmpty());
}

// What the southbound database says of web-0 after the compiler has seen it: "h1>h2".
std::string web0(southbound::Tables& current) {
    auto compiled = compile(cloud(), current);
    current = compiled.wanted;
    const auto* port = current.logical_port.find(id("nic/web-0/0"));
    return port->host.value_or("-") + (port->candidate ? ">" + *port->candidate : "");
}

constexpr char claim_of_h1[] = "claim/h1/acme/shop/web-0/0";
constexpr char claim_of_h2[] = "claim/h2/acme/shop/web-0/0";

TEST(Placement, ASecondClaimIsTheCandidateUntilItIsActive) { // row 48
    for (int64_t claimed : {3, 7}) {                         // before and after the first one's
        auto current = fabric();
        current.port_claim.insert(make_claim("h1", "acme/shop/web-0/0", true, 5));
        EXPECT_EQ(web0(current), "h1");
        edit(current.port_claim, claim_of_h1, [](auto& c) { c.active = true; });
        current.port_claim.insert(make_claim("h2", "acme/shop/web-0/0", false, claimed));
        EXPECT_EQ(web0(current), "h1") << "not ready";
        edit(current.port_claim, claim_of_h2, [](auto& c) { c.ready = true; });
        EXPECT_EQ(web0(current), "h1>h2");
        EXPECT_EQ(web0(current), "h1>h2") << "and stays so";
        EXPECT_THAT(compile(cloud(), current).notes, IsEmpty());
        edit(current.port_claim, claim_of_h2, [](auto& c) { c.active = true; });
        EXPECT_EQ(web0(current), "h2");
        EXPECT_EQ(web0(current), "h2") << "what is left at the old host takes nothing back";
        EXPECT_THAT(compile(cloud(), current).notes, IsEmpty());
        current.port_claim.erase(id(claim_of_h1));
        current.port_claim.insert(make_claim("h1", "acme/shop/web-0/0", true, 9));
        EXPECT_EQ(web0(current), "h2>h1") << "plugged in anew, it may move back";
    }
}

TEST(Placement, WhoStillSendsAfterAMoveIsToldWithBothHosts) {
    auto current = fabric();
    for (const char* host : {"h1", "h2"}) {
        current.port_claim.insert(make_claim(host, "acme/shop/web-0/0"));
        web0(current);
    }
    for (const char* claim : {claim_of_h1, claim_of_h2})
        edit(current.port_claim, claim, [](auto& c) { c.active = true; });
    EXPECT_EQ(web0(current), "h2");
    edit(current.port_claim, claim_of_h1, [](auto& c) { c.contends = true; });
    auto compiled = compile(cloud(), current);
    const auto& note = compiled.notes.at(id("nic/web-0/0"));
    EXPECT_THAT(note.text, HasSubstr("host h1 still sends for it, which has moved to host h2"));
    EXPECT_EQ(note.event, compiler::event::second_claim);
    EXPECT_THAT(note.hosts, ElementsAre("h1", "h2"));
}

TEST(Placement, TheCandidateHasItWhenTheHostLetsGo) {
    auto current = fabric();
    for (const char* host : {"h1", "h2"}) {
        current.port_claim.insert(make_claim(host, "acme/shop/web-0/0"));
        web0(current);
    }
    current.port_claim.erase(id(claim_of_h1));
    EXPECT_EQ(web0(current), "h2");
}

TEST(Placement, ACandidateThatGoesChangesNothing) {
    auto current = fabric();
    for (const char* host : {"h1", "h2"}) {
        current.port_claim.insert(make_claim(host, "acme/shop/web-0/0"));
        web0(current);
    }
    current.port_claim.erase(id(claim_of_h2));
    EXPECT_EQ(web0(current), "h1");
}

TEST(Placement, AThirdClaimIsRefusedWhileItMoves) {
    auto rows = cloud();
    auto current = fabric();
    rows.host.insert(make_host("h3"));
    current.host_status.insert(make_status("h3", "192.0.2.3"));
    for (const char* host : {"h1", "h2", "h3"}) {
        current.port_claim.insert(make_claim(host, "acme/shop/web-0/0"));
        current = compile(rows, current).wanted;
    }
    auto compiled = compile(rows, current);
    EXPECT_EQ(compiled.wanted.logical_port.find(id("nic/web-0/0"))->candidate, "h2");
    const auto& note = compiled.notes.at(id("nic/web-0/0"));
    EXPECT_THAT(note.text, HasSubstr("host h3 claims it while it is bound to host h1 and moves to "
                                     "host h2"));
    EXPECT_THAT(note.hosts, ElementsAre("h1", "h3"));
}

TEST(Placement, IgnoresAClaimFromOutsideTheDataCenter) {
    auto rows = cloud();
    edit(rows.virtual_data_center, "vdc/acme", [](auto& v) {
        v.all_hosts = false;
        v.hosts = {id("host/h1")};
    });
    auto current = fabric();
    current.port_claim.insert(make_claim("h2", "acme/shop/web-0/0"));
    auto compiled = compile(rows, current);
    EXPECT_EQ(host_of(compiled, "nic/web-0/0"), "-");
    EXPECT_THAT(note_of(compiled, id("nic/web-0/0")),
                HasSubstr("host h2 claims it and is not a host of org/acme/vdc/default"));
    EXPECT_EQ(compiled.notes.at(id("nic/web-0/0")).event, compiler::event::foreign_claim);
    current.port_claim.insert(make_claim("h1", "acme/shop/web-0/0", true, 9));
    EXPECT_EQ(host_of(compile(rows, current), "nic/web-0/0"), "h1");
}

TEST(Placement, IgnoresAClaimFromAHostThatIsNotInService) {
    auto rows = cloud();
    edit(rows.host, "host/h2", [](auto& h) { h.admitted = false; });
    auto current = fabric();
    current.port_claim.insert(make_claim("h2", "acme/shop/web-0/0"));
    current.port_claim.insert(make_claim("nobody", "acme/shop/web-1/0"));
    auto compiled = compile(rows, current);
    EXPECT_EQ(host_of(compiled, "nic/web-0/0"), "-");
    EXPECT_EQ(host_of(compiled, "nic/web-1/0"), "-");
    EXPECT_THAT(note_of(compiled, id("nic/web-0/0")), HasSubstr("network-ctl host admit h2"));
}

TEST(Placement, BindsANicOfAForeignHostByHand) {
    auto rows = cloud();
    auto foreign = make_host("k1");
    foreign.kind = "foreign";
    foreign.admitted = false; // whoever writes it down admits it
    foreign.vtep_addresses = {"192.0.2.9"};
    rows.host.insert(foreign);
    edit(rows.nic, "nic/web-0/0", [](auto& nic) { nic.foreign_host = id("host/k1"); });
    auto current = fabric();
    auto compiled = compile(rows, current);
    EXPECT_THAT(lines(compiled.wanted), Contains("host k1 foreign 192.0.2.9"));
    EXPECT_EQ(host_of(compiled, "nic/web-0/0"), "k1");
    EXPECT_FALSE(compiled.wanted.host_config.find(Uuid::named("host-config/k1")));

    current.port_claim.insert(make_claim("h1", "acme/shop/web-0/0"));
    compiled = compile(rows, current);
    EXPECT_EQ(host_of(compiled, "nic/web-0/0"), "k1");
    EXPECT_THAT(note_of(compiled, id("nic/web-0/0")), HasSubstr("bound to host k1"));
}

TEST(Placement, AForeignHostsNameClaimsNothing) {
    auto rows = cloud();
    auto foreign = make_host("k1");
    foreign.kind = "foreign";
    foreign.vtep_addresses = {"192.0.2.9"};
    rows.host.insert(foreign);
    auto current = fabric();
    current.port_claim.insert(make_claim("k1", "acme/shop/web-0/0"));
    EXPECT_EQ(host_of(compile(rows, current), "nic/web-0/0"), "-");
}

// Numbers

TEST(Plan, AFirstCompileIsNumberedAndASecondOneIsEmpty) {
    auto first = compile(cloud(), fabric());
    ASSERT_FALSE(first.empty);
    EXPECT_EQ(first.wanted.lease.begin()->sequence, 1);
    EXPECT_THAT(first.touched, ElementsAre("h1", "h2"));
    for (const auto& config : first.wanted.host_config)
        EXPECT_EQ(config.number, 1);
    auto second = compile(cloud(), first.wanted);
    EXPECT_TRUE(second.empty);
    EXPECT_EQ(second.wanted.lease.begin()->sequence, 1);
}

// The fabric in which h1 has web-0 (network web) and h2 has web-1 (network front), settled.
southbound::Tables settled(const northbound::Tables& rows) {
    auto current = fabric();
    current.port_claim.insert(make_claim("h1", "acme/shop/web-0/0"));
    current.port_claim.insert(make_claim("h2", "acme/shop/web-1/0"));
    return compile(rows, current).wanted;
}

TEST(Plan, TouchesTheHostsOfTheDomainAndNoOthers) {
    auto rows = cloud();
    auto current = settled(rows);
    edit(rows.nic, "nic/web-1/0", [](auto& nic) { nic.addresses = {"192.168.0.12"}; });
    auto plan = compile(rows, current);
    EXPECT_THAT(plan.touched, ElementsAre("h2"));
    EXPECT_EQ(plan.wanted.lease.begin()->sequence, 2);
    EXPECT_EQ(plan.wanted.host_config.find(Uuid::named("host-config/h1"))->number, 1);
    EXPECT_EQ(plan.wanted.host_config.find(Uuid::named("host-config/h2"))->number, 2);
}

TEST(Plan, TouchesAHostThatWaitsForItsPort) {
    auto rows = cloud();
    auto current = settled(rows);
    current.port_claim.insert(make_claim("h1", "acme/shop/new/0", false));
    rows.virtual_machine.insert(make_vm("new"));
    auto nic = make_nic("new", 0, "02:00:00:00:00:20", {"192.168.0.20"});
    nic.vapp_network = id("vapp-network/front");
    rows.nic.insert(nic);
    auto plan = compile(rows, current);
    EXPECT_THAT(plan.touched, ElementsAre("h1", "h2")); // h2 has another port there
}

TEST(Plan, TouchesBothDomainsOfANicThatMoves) {
    auto rows = cloud();
    auto current = settled(rows);
    edit(rows.nic, "nic/web-1/0", [](auto& nic) {
        nic.vapp_network = id("vapp-network/edge");
        nic.addresses = {"10.0.0.11"};
    });
    auto plan = compile(rows, current);
    EXPECT_THAT(plan.touched, ElementsAre("h1", "h2"));
}

TEST(Plan, TouchesEveryHostWhenAHostComes) {
    auto rows = cloud();
    auto current = settled(rows);
    rows.host.insert(make_host("h3"));
    current.host_status.insert(make_status("h3", "192.0.2.3"));
    auto plan = compile(rows, current);
    EXPECT_THAT(plan.touched, ElementsAre("h1", "h2", "h3"));
}

TEST(Plan, TouchesNoHostThatIsNotAdmitted) { // nobody would answer for it
    auto rows = cloud();
    edit(rows.host, "host/h2", [](auto& h) { h.admitted = false; });
    auto current = settled(rows);
    edit(rows.nic, "nic/web-1/0", [](auto& nic) { nic.addresses = {"192.168.0.12"}; });
    EXPECT_THAT(compile(rows, current).touched, IsEmpty());
    rows.host.insert(make_host("h3"));
    current.host_status.insert(make_status("h3", "192.0.2.3"));
    EXPECT_THAT(compile(rows, current).touched, ElementsAre("h1", "h3"));
}

TEST(Plan, TouchesNobodyForASegmentWithoutPorts) {
    auto rows = cloud();
    auto current = settled(rows);
    edit(rows.organization_network, "network/globex", [](auto& n) { n.vlan_transparent = true; });
    auto plan = compile(rows, current);
    EXPECT_FALSE(plan.empty);
    EXPECT_THAT(plan.touched, IsEmpty());
}

// As when rows that nobody checked lead one function to the same row twice.
TEST(Products, ARowThatWasMadeTwiceByOneUnitGoesOnce) {
    southbound::Segment row;
    row.uuid = id("segment");
    compiler::Product twice;
    twice.put(row);
    twice.put(row);
    compiler::Products products;
    products.commit({}, {}, twice);
    EXPECT_EQ(products.wanted().segment.size(), 1u);
    products.commit({}, twice, {});
    EXPECT_TRUE(products.wanted().segment.empty());
}

TEST(Difference, NamesTheColumnsThatDiffer) {
    auto rows = cloud();
    auto before = compile(rows, fabric()).wanted;
    edit(rows.nic, "nic/web-0/0", [](auto& nic) { nic.mac = "02:00:00:00:00:99"; });
    rows.nic.erase(id("nic/web-1/0"));
    auto after = compile(rows, fabric()).wanted;
    auto changes = compiler::difference(before, after);
    ASSERT_EQ(changes.logical_port.size(), 2u);
    for (const auto& change : changes.logical_port) {
        if (change.deleted())
            EXPECT_EQ(change.before->name, "acme/shop/web-1/0");
        else
            EXPECT_EQ(change.modified,
                      southbound::LogicalPort::Columns(southbound::LogicalPort::Column::mac));
    }
    ovsdb::Transaction transaction;
    compiler::write(transaction, changes);
    EXPECT_EQ(transaction.size(), 2u) << "and nothing else is written";
}

TEST(Roles, LetAHostWriteItsOwnRowsOfItsTables) {
    auto wanted = compile(cloud(), fabric()).wanted;
    ASSERT_EQ(wanted.rbac_role.size(), 1u);
    const auto& role = *wanted.rbac_role.begin();
    EXPECT_EQ(role.name, "ringfence-host");
    std::set<std::string> tables;
    for (const auto& [table, uuid] : role.permissions) {
        const auto* permission = wanted.rbac_permission.find(uuid);
        ASSERT_TRUE(permission);
        EXPECT_EQ(permission->table, table);
        EXPECT_EQ(permission->authorization, std::set<std::string>{"host"});
        EXPECT_FALSE(permission->update.contains("host")) << "nobody gives a row away";
        tables.insert(table);
    }
    EXPECT_THAT(tables, ElementsAre("Address_Claim", "Host_Status", "Learned_Mac", "Port_Claim"));
}

} // namespace
} // namespace ringfence::test
