// Which columns are written, and when.
#include <gtest/gtest.h>

#include "dataplane/agent/local/report.h"

namespace {

using namespace ringfence;
using namespace ringfence::agent;

Report one_port(int64_t cur_cfg) {
    Report report;
    report.root = root_row(ovsdb::Uuid::named("root"), cur_cfg, "DPDK 22.11.11");
    vswitch::Interface tap;
    tap.uuid = ovsdb::Uuid::named("tap0");
    tap.ofport = 1;
    tap.link_state = "up";
    report.interfaces.emplace(tap.uuid, tap);
    return report;
}

std::string json(const Report& written, const Report& now) {
    return difference(written, now).to_json("Open_vSwitch");
}

TEST(Report, EverythingIsWrittenToADatabaseThatKnowsNothing) {
    std::string text = json({}, one_port(3));
    for (const char* column : {"cur_cfg", "iface_types", "dpdk_version", "ofport", "error",
                               "statistics", "mac_in_use", "link_state"})
        EXPECT_NE(text.find('"' + std::string(column) + '"'), text.npos) << column;
}

TEST(Report, NothingIsWrittenTwice) { EXPECT_TRUE(difference(one_port(3), one_port(3)).empty()); }

TEST(Report, ResultAndBarrierStandInOneTransactionUnderTheLock) {
    Report now = one_port(4);
    ovsdb::Uuid bad = ovsdb::Uuid::named("bad");
    now.interfaces.emplace(bad, failed_row(bad, "no such type"));
    std::string text = json(one_port(3), now);
    EXPECT_NE(text.find("no such type"), text.npos);
    EXPECT_NE(text.find("\"cur_cfg\":4"), text.npos) << text;
    EXPECT_NE(text.find("\"ofport\":-1"), text.npos) << text;
    EXPECT_NE(text.find("\"assert\""), text.npos);
    EXPECT_NE(text.find("ovs_vswitchd"), text.npos);
    EXPECT_EQ(text.find("iface_types"), text.npos) << "unchanged columns are left alone";
}

TEST(Report, OfAMirrorWhatItsOutputWasSentIsWritten) {
    Report now = one_port(3);
    vswitch::Mirror mirror;
    mirror.uuid = ovsdb::Uuid::named("mirror");
    mirror.statistics = {{"tx_packets", 7}, {"tx_bytes", 700}};
    now.mirrors.emplace(mirror.uuid, mirror);
    std::string text = json(one_port(3), now);
    EXPECT_NE(text.find("[\"tx_packets\",7]"), text.npos) << text;
    EXPECT_TRUE(difference(now, now).empty());
}

TEST(Report, ErrorIsClearedWhenThePortWorksAtLast) {
    Report failed = one_port(3);
    ovsdb::Uuid uuid = ovsdb::Uuid::named("tap0");
    failed.interfaces.at(uuid) = failed_row(uuid, "busy");
    std::string text = json(failed, one_port(3));
    EXPECT_NE(text.find("\"error\":[\"set\",[]]"), text.npos) << text;
}

TEST(Report, DatapathIdIsTheMacInSixteenDigits) {
    EXPECT_EQ(datapath_id_from(*MacAddr::from("02:00:00:00:00:0a")), "000002000000000a");
}

} // namespace
