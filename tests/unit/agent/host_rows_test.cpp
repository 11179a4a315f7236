// What a host writes about itself, as operations of a transaction.
#include <gtest/gtest.h>

#include "dataplane/agent/southbound/host_rows.h"
#include "dataplane/agent/southbound/interest.h"

namespace {

using namespace ringfence;
using namespace ringfence::agent;
using namespace std::chrono_literals;

HostReport report() {
    HostReport report;
    report.host = "a";
    report.applied = 7;
    report.vtep_addresses = {*IpAddr::from("192.0.2.1")};
    report.claims["nic"] = {"tap0", "row 1", false};
    return report;
}

// The tables after a transaction of the report: what the server would make of it.
southbound::Tables told(const HostReport& report) {
    southbound::Tables tables;
    southbound::HostStatus status;
    status.uuid = ovsdb::Uuid::named("Host_Status a");
    status.host = report.host;
    status.applied = report.applied;
    status.alive = 1;
    status.vtep_addresses = {"192.0.2.1"};
    tables.host_status.insert(status);
    southbound::PortClaim claim;
    claim.uuid = ovsdb::Uuid::named("Port_Claim a nic");
    claim.host = "a";
    claim.port = "nic";
    claim.interface = "tap0";
    claim.plug = "row 1";
    claim.claimed = 1000;
    tables.port_claim.insert(claim);
    return tables;
}

TEST(HostRows, FirstReportInsertsStatusAndClaims) {
    auto transaction = host_rows({}, report(), 0, 1000);
    ASSERT_EQ(transaction.size(), 2u);
    EXPECT_EQ(transaction.describe(0).find("insert"), 0u) << transaction.describe(0);
    EXPECT_NE(transaction.describe(0).find("Host_Status"), std::string::npos);
    EXPECT_NE(transaction.describe(1).find("Port_Claim"), std::string::npos);
}

TEST(HostRows, NothingNewIsNothingWritten) {
    EXPECT_TRUE(host_rows(told(report()), report(), 0, 2000).empty());
}

TEST(HostRows, HeartbeatAndReadinessAreUpdates) {
    HostReport ready = report();
    ready.claims["nic"].ready = true;
    EXPECT_EQ(host_rows(told(report()), report(), 1, 2000).size(), 1u);
    auto transaction = host_rows(told(report()), ready, 0, 2000);
    ASSERT_EQ(transaction.size(), 1u);
    EXPECT_NE(transaction.describe(0).find("update of Port_Claim"), std::string::npos)
        << transaction.describe(0);
}

TEST(HostRows, WhatHasBeenActiveStaysSoUntilItIsPluggedIntoAnotherInterface) {
    HostReport active = report();
    active.claims["nic"].active = true;
    southbound::Tables tables = told(report());
    EXPECT_EQ(host_rows(tables, active, 0, 2000).size(), 1u);
    southbound::PortClaim claim = *tables.port_claim.begin();
    claim.active = true;
    tables.port_claim.replace(claim);
    EXPECT_TRUE(host_rows(tables, report(), 0, 2000).empty()) << "it has moved away";
    HostReport replugged = report();
    replugged.claims["nic"].interface = "tap1";
    EXPECT_EQ(host_rows(tables, replugged, 0, 2000).size(), 1u);
    HostReport at_once = report(); // del-port and add-port of the same name, one transaction
    at_once.claims["nic"].plug = "row 2";
    std::string json = host_rows(tables, at_once, 0, 2000).to_json("Ringfence_Southbound");
    EXPECT_NE(json.find("\"active\":false"), json.npos) << json;
    HostReport unread = report(); // a start without the host's database
    unread.claims["nic"].plug.clear();
    EXPECT_TRUE(host_rows(tables, unread, 0, 2000).empty());
}

TEST(HostRows, ClaimGoesWithItsPortAndOthersClaimsAreNotTouched) {
    southbound::Tables tables = told(report());
    southbound::PortClaim foreign;
    foreign.uuid = ovsdb::Uuid::named("theirs");
    foreign.host = "b";
    foreign.port = "other";
    tables.port_claim.insert(foreign);
    HostReport none = report();
    none.claims.clear();
    auto transaction = host_rows(tables, none, 0, 2000);
    ASSERT_EQ(transaction.size(), 1u);
    EXPECT_NE(transaction.describe(0).find("deletion of Port_Claim"), std::string::npos)
        << transaction.describe(0);
}

TEST(HostRows, TroubleIsBounded) {
    HostReport much = report();
    for (int i = 0; i < 1000; ++i)
        much.trouble["port " + std::to_string(i)] = "is wrong";
    std::string json = host_rows({}, much, 0, 0).to_json("Ringfence_Southbound");
    EXPECT_NE(json.find("950 more objects"), json.npos);
    EXPECT_LT(json.size(), 5000u);
}

TEST(HostRows, LearnedMacIsWrittenOnceAndStaysWithAnotherHost) {
    southbound::Tables tables = told(report());
    southbound::Segment segment;
    segment.uuid = ovsdb::Uuid::named("web");
    segment.domain = "segment/web";
    tables.segment.insert(segment);
    HostReport learned = report();
    LearnedEntry entry{segment.uuid, *MacAddr::from("02:00:00:00:00:09"), "a", "nic"};
    learned.learned = {entry};
    EXPECT_EQ(host_rows(tables, learned, 0, 0).size(), 1u);

    southbound::LearnedMac theirs;
    theirs.uuid = uuid_of(entry);
    theirs.host = "b";
    tables.learned_mac.insert(theirs);
    EXPECT_TRUE(host_rows(tables, learned, 0, 0).empty());
}

TEST(Interest, FollowsTheDomainsThatOwnPortsName) {
    southbound::Tables tables;
    for (const char* name : {"mine", "other"}) {
        southbound::LogicalPort port;
        port.uuid = ovsdb::Uuid::named(name);
        port.name = name;
        port.domains = {std::string("segment/") + name, "segment/shared"};
        tables.logical_port.insert(port);
    }
    Interest interest = interest_from(tables, "a", {"mine", "not-there-yet"});
    EXPECT_EQ(interest.ports, (std::set<std::string>{"mine", "not-there-yet"}));
    EXPECT_EQ(interest.domains, (std::set<std::string>{"segment/mine", "segment/shared"}));
}

} // namespace
