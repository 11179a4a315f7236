// The kept state survives its round trip, and a damaged file is an error in words.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "dataplane/agent/state/state_file.h"
#include "tests/unit/temporary_folder.h"

namespace {

using namespace ringfence;
using namespace ringfence::agent;
namespace fs = std::filesystem;

State example() {
    State state;
    state.host = "host-a";
    state.applied = 17;
    state.vtep_addresses = {*IpAddr::from("192.0.2.1")};
    state.ids.ports.adopt("tap0", PortId(3));
    state.ids.ports.adopt("up0", PortId(0));
    state.ids.next_hops.adopt("host-b", NextHopId(1));
    state.ids.routers.adopt("edge/1", RouterId(5));
    state.ids.policies.adopt("inbound/2", PolicyId(6));
    state.link_local = {{"nic", {*Ipv6Addr::from("fe80::1234")}}};
    southbound::Segment segment;
    segment.uuid = ovsdb::Uuid::named("web");
    segment.vni = 0xffffff;
    segment.mtu = 1450;
    segment.kind = "tenant";
    segment.domain = "segment/web";
    segment.unknown_unicast = "flood";
    state.ids.segments.adopt(ovsdb::to_string(segment.uuid), SegmentId(2));
    southbound::LogicalPort nic;
    nic.uuid = ovsdb::Uuid::named("nic");
    nic.name = "acme/default/\"web\"/0";
    nic.segment = segment.uuid;
    nic.mac = "02:00:00:00:00:01";
    nic.addresses = {"10.0.0.1", "2001:db8::1"};
    nic.host = "host-a";
    nic.unreadable = "Logical_Port nic: candidate: 7 is not a string";
    state.southbound.segment.insert(segment);
    state.southbound.logical_port.insert(nic);
    return state;
}

TEST(StateFile, RoundTripKeepsRowsAndIds) {
    State before = example();
    auto after = state_from(to_text(before));
    ASSERT_TRUE(after) << after.error().text;
    EXPECT_EQ(after->host, before.host);
    EXPECT_EQ(after->applied, before.applied);
    EXPECT_EQ(after->vtep_addresses, before.vtep_addresses);
    EXPECT_EQ(after->ids.ports.find("tap0"), PortId(3));
    EXPECT_EQ(after->ids.segments.all(), before.ids.segments.all());
    EXPECT_EQ(after->ids.next_hops.all(), before.ids.next_hops.all());
    EXPECT_EQ(after->ids.routers.all(), before.ids.routers.all());
    EXPECT_EQ(after->ids.policies.all(), before.ids.policies.all());
    EXPECT_EQ(after->link_local, before.link_local);
    EXPECT_EQ(after->southbound, before.southbound);
    EXPECT_FALSE(after->wanted_ports);
    EXPECT_EQ(to_text(*after), to_text(before));
}

TEST(StateFile, PortsOfALabAreReadAsTheDatabasesAre) {
    auto state = state_from(R"({"format": 1, "host": "a", "ports": [
        {"name": "web0", "type": "tap", "iface-id": "nic", "mtu": 1400, "tag": 4095},
        {"name": "eth", "type": "dpdk", "dpdk-devargs": "net_null0", "ringfence-uplink": "up0"}]})");
    ASSERT_TRUE(state) << state.error().text;
    const WantedPort& web0 = state->wanted_ports->at("web0");
    EXPECT_EQ(web0.iface_id, "nic");
    EXPECT_EQ(web0.mtu_request, 1400);
    EXPECT_EQ(web0.tag, 4095);
    EXPECT_EQ(state->wanted_ports->at("eth").uplink_shadow, "up0");
    EXPECT_EQ(to_text(*state_from(to_text(*state))), to_text(*state));
}

struct Damage {
    const char* text;
    const char* says;
};

class DamagedStateFile : public testing::TestWithParam<Damage> {};

TEST_P(DamagedStateFile, IsAnErrorThatSaysWhatIsWrong) {
    auto state = state_from(GetParam().text);
    ASSERT_FALSE(state);
    EXPECT_NE(state.error().text.find(GetParam().says), std::string::npos) << state.error().text;
}

INSTANTIATE_TEST_SUITE_P(
    , DamagedStateFile,
    testing::Values(
        Damage{"", "parse error"}, Damage{"{\"format\": 1, \"host\"", "parse error"},
        Damage{"[]", ""}, Damage{"{}", "format is not 1"},
        Damage{"{\"format\": 2}", "format is not 1"},
        Damage{R"({"format": 1, "host": 3})", "type must be string"},
        Damage{R"({"format": 1, "ids": {"ports": {"a": -1}}})", "ids.ports.a is not a number"},
        Damage{R"({"format": 1, "vtep_addresses": ["here"]})", "vtep_addresses"},
        Damage{R"({"format": 1, "link_local": {"nic": ["10.0.0.1"]}})", "link_local"},
        Damage{R"({"format": 1, "southbound": {"Sgement": {}}})", "Sgement"},
        Damage{R"({"format": 1, "southbound": {"Segment": {"no-uuid": {}}}})", "no-uuid"},
        Damage{R"({"format": 1, "ports": [{"name": "a", "type": "tap", "colour": "red"}]})",
               "\"colour\" is not a key"},
        Damage{R"({"format": 1, "ports": [{"name": "a", "type": "dpdk"}]})",
               "options:dpdk-devargs"},
        Damage{R"({"format": 1, "ports": [{"name": "a", "type": "tap"},
                                          {"name": "a", "type": "tap"}]})",
               "a is there twice"}));

// Cut anywhere, it is read whole or not at all.
TEST(StateFile, EveryTruncationIsRefused) {
    std::string text = to_text(example());
    for (size_t length = 0; length + 2 < text.size(); ++length)
        EXPECT_FALSE(state_from(text.substr(0, length))) << length;
}

class StateFileOnDisk : public testing::Test {
protected:
    fs::path path() const { return directory_ / "state.json"; }

    test::TemporaryFolder directory_{"ringfence-state"};
};

TEST_F(StateFileOnDisk, MissingFileIsTold) {
    auto state = read_state(path());
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().kind, ErrorKind::not_found);
}

TEST_F(StateFileOnDisk, IsReplacedWholeAndLeavesNothingBeside) {
    ASSERT_TRUE(write_state(path(), to_text(example())));
    State newer = example();
    newer.applied = 18;
    ASSERT_TRUE(write_state(path(), to_text(newer)));
    EXPECT_EQ(read_state(path())->applied, 18);
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 1);
}

TEST_F(StateFileOnDisk, UnwritableFolderLeavesTheOldFile) {
    ASSERT_TRUE(write_state(path(), to_text(example())));
    fs::create_directory(path().string() + ".new"); // the name aside can't be written
    auto written = write_state(path(), "{}");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().text.find("cannot be written"), std::string::npos);
    EXPECT_EQ(read_state(path())->applied, 17);
}

TEST_F(StateFileOnDisk, KeeperWritesAtMostOnceASecondAndTheLastStateAtTheEnd) {
    using namespace std::chrono_literals;
    ovsdb::Reactor reactor;
    int asked = 0;
    {
        StateKeeper keeper(reactor, path(), [&] {
            State state = example();
            state.applied = ++asked;
            return state;
        });
        for (int change = 0; change < 5; ++change) {
            keeper.changed();
            reactor.run_until([] { return false; }, std::chrono::steady_clock::now() + 100ms);
        }
        EXPECT_EQ(asked, 1);
        EXPECT_EQ(read_state(path())->applied, 1);
    }
    EXPECT_EQ(read_state(path())->applied, 2);
}

TEST_F(StateFileOnDisk, KeeperTriesAgainWithoutAnotherChange) { // the disk was full
    using namespace std::chrono_literals;
    ovsdb::Reactor reactor;
    const auto folder = path().parent_path() / "not-yet";
    StateKeeper keeper(reactor, folder / "state.json", example);
    keeper.changed();
    EXPECT_FALSE(reactor.run_until([&] { return std::filesystem::exists(folder / "state.json"); },
                                   std::chrono::steady_clock::now() + 300ms));
    std::filesystem::create_directory(folder);
    EXPECT_TRUE(reactor.run_until([&] { return std::filesystem::exists(folder / "state.json"); },
                                  std::chrono::steady_clock::now() + 20s));
}

} // namespace
