#include <gtest/gtest.h>

#include "dataplane/agent/local/ofports.h"

namespace {

using namespace ringfence::agent;
using Ports = std::map<std::string, WantedPort>;

WantedPort port(const std::string& name, const std::string& bridge = "br0") {
    WantedPort port;
    port.name = name;
    port.bridge = bridge;
    port.is_bridge = name == bridge;
    return port;
}

Ports ports(std::initializer_list<WantedPort> list) {
    Ports all;
    for (const WantedPort& one : list)
        all.emplace(one.name, one);
    return all;
}

TEST(Ofports, BridgeIsLocalAndOthersCountFromOneOnEachBridge) {
    auto numbers = assign_ofports(ports({port("br0"), port("a"), port("b"), port("c", "br1")}));
    EXPECT_EQ(numbers,
              (std::map<std::string, uint16_t>{{"br0", 65534}, {"a", 1}, {"b", 2}, {"c", 1}}));
}

TEST(Ofports, NumberOfTheRowIsKeptAndAGapFilled) {
    WantedPort kept = port("a");
    kept.ofport = 2;
    auto numbers = assign_ofports(ports({kept, port("b"), port("c")}));
    EXPECT_EQ(numbers["a"], 2);
    EXPECT_EQ(numbers["b"], 1);
    EXPECT_EQ(numbers["c"], 3);
}

TEST(Ofports, RequestWinsOverANumberHeldByAnother) {
    WantedPort holder = port("a"), asker = port("b");
    holder.ofport = 7;
    asker.ofport = 1;
    asker.ofport_request = 7;
    auto numbers = assign_ofports(ports({holder, asker}));
    EXPECT_EQ(numbers["b"], 7);
    EXPECT_EQ(numbers["a"], 1);
}

TEST(Ofports, SecondRequestForTheSameNumberGetsAnother) {
    WantedPort first = port("a"), second = port("b");
    first.ofport_request = second.ofport_request = 7;
    auto numbers = assign_ofports(ports({first, second}));
    EXPECT_EQ(numbers["a"], 7);
    EXPECT_EQ(numbers["b"], 1);
}

} // namespace
