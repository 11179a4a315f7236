// Which port has an address that several may have, by what their hosts claim.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/controller/fabric.h"

namespace ringfence::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const std::string first_port = "acme/shop/web-0/0", second_port = "acme/shop/web-2/0";

// web-0, on h1, and web-2, on h2, are on one segment and may have 10.0.0.50.
struct VirtualAddress : ::testing::Test {
    VirtualAddress() : intent(cloud()), current(fabric()) {
        intent.virtual_machine.insert(make_vm("web-2"));
        auto nic = make_nic("web-2", 0, "02:00:00:00:00:12", {"10.0.0.12"});
        nic.vapp_network = id("vapp-network/edge"); // bridged: the same segment as network web
        intent.nic.insert(nic);
        for (const char* name : {"nic/web-0/0", "nic/web-2/0"})
            edit(intent.nic, name,
                 [](auto& r) { r.virtual_addresses["10.0.0.50"] = "00:00:5E:00:01:05"; });
        current.port_claim.insert(make_claim("h1", first_port));
        current.port_claim.insert(make_claim("h2", second_port));
    }

    void claim(const std::string& host, const std::string& port, int64_t number,
               const std::string& address = "10.0.0.50") {
        southbound::AddressClaim row;
        row.uuid = id("address-claim/" + host + "/" + address);
        row.host = host;
        row.segment = segment();
        row.address = address;
        row.port = port;
        row.number = number;
        current.address_claim.replace(row);
    }
    Uuid segment() const {
        return *model::Model(intent).segment_of(*intent.nic.find(id("nic/web-0/0")));
    }
    const southbound::VirtualAddress& row() {
        compiled = compiler::compile(intent, current).wanted;
        EXPECT_EQ(compiled.virtual_address.size(), 1u);
        return *compiled.virtual_address.begin();
    }
    std::string holder() { return row().port.value_or("nobody"); }

    northbound::Tables intent;
    southbound::Tables current, compiled;
};

TEST_F(VirtualAddress, IsNobodysUntilAPortAnnouncesIt) {
    EXPECT_EQ(row().address, "10.0.0.50");
    EXPECT_EQ(row().segment, segment());
    EXPECT_EQ(row().domain, "segment/" + to_string(segment()));
    EXPECT_EQ(row().number, 0);
    EXPECT_EQ(holder(), "nobody");
    EXPECT_THAT(compiled.logical_port.find(id("nic/web-0/0"))->virtual_addresses,
                Contains(Pair("10.0.0.50", "00:00:5e:00:01:05")));
}

TEST_F(VirtualAddress, IsWithTheHighestNumberOfEqualOnesWithTheFirstHost) {
    claim("h1", first_port, 1);
    EXPECT_EQ(holder(), first_port);
    claim("h2", second_port, 2);
    EXPECT_EQ(holder(), second_port);
    EXPECT_EQ(row().number, 2);
    claim("h1", first_port, 2); // both saw 1
    EXPECT_EQ(holder(), first_port);
    current.address_claim.erase(id("address-claim/h1/10.0.0.50"));
    EXPECT_EQ(holder(), second_port);
}

TEST_F(VirtualAddress, IsNamedAtTheNicThatHasIt) {
    World world(intent, current);
    auto held = [&](const char* nic) {
        world.round();
        return world.north().nic.find(id(nic))->held_addresses;
    };
    auto follow_claims = [&] {
        world.change([&](auto&, auto& south) { south.address_claim = current.address_claim; });
    };
    EXPECT_THAT(held("nic/web-0/0"), IsEmpty());
    claim("h1", first_port, 1);
    follow_claims();
    EXPECT_THAT(held("nic/web-0/0"), ElementsAre("10.0.0.50"));
    claim("h2", second_port, 2);
    follow_claims();
    EXPECT_THAT(held("nic/web-0/0"), IsEmpty());
    EXPECT_THAT(held("nic/web-2/0"), ElementsAre("10.0.0.50"));
}

TEST_F(VirtualAddress, IsClaimedOnlyForAPortThatMayHaveItByTheHostThatHasThePort) {
    claim("h1", first_port, 1);
    claim("h2", first_port, 9); // which is h1's
    EXPECT_EQ(holder(), first_port);
    EXPECT_EQ(row().number, 1);
    claim("h2", second_port, 9, "10.0.0.51"); // another address
    EXPECT_EQ(row().number, 1);
    claim("h2", second_port, 9);
    edit(intent.nic, "nic/web-2/0", [](auto& r) { r.virtual_addresses.clear(); });
    EXPECT_EQ(holder(), first_port);
    current.port_claim.erase(id("claim/h1/" + first_port)); // unplugged
    EXPECT_EQ(holder(), "nobody");
}

TEST_F(VirtualAddress, HasARowAsLongAsSomebodyMayHaveIt) {
    edit(intent.nic, "nic/web-0/0", [](auto& r) { r.virtual_addresses.clear(); });
    EXPECT_EQ(holder(), "nobody");
    edit(intent.nic, "nic/web-2/0", [](auto& r) { r.virtual_addresses.clear(); });
    EXPECT_TRUE(compiler::compile(intent, current).wanted.virtual_address.empty());
}

TEST_F(VirtualAddress, IsOfTheGroupsOfThoseThatMayHaveIt) {
    const auto member =
        compiler::make_member(model::Model(intent), *intent.nic.find(id("nic/web-0/0")), segment());
    EXPECT_THAT(member.addresses, Contains("10.0.0.50/32"));
}

} // namespace
} // namespace ringfence::test
