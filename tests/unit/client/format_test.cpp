// What is printed, to the byte.
#include <cstdlib>

#include <gtest/gtest.h>

#include "controller/network-ctl/numbers.h"
#include "controller/network-ctl/records.h"

namespace ringfence::ctl {
namespace {

client::Nic nic(const char* port, client::Texts addresses) {
    return {.path = {"acme", "default", "web-0", "0"},
            .port_name = port,
            .network = "acme/front",
            .mac = "02:00:00:00:00:01",
            .addresses = std::move(addresses),
            .allocation = "manual",
            .port_security = "strict"};
}

Listing two_nics() {
    return list_of<client::Nic>(
        "nic", {nic("acme/default/web-0/0", {"10.0.0.5", "fd00::5"}), nic("b", {})});
}

TEST(Table, AlignsItsColumns) {
    EXPECT_EQ(render(two_nics(), Format::table, {}),
              "PORT NAME             NETWORK     MAC                ADDRESSES         OUTSIDE "
              "ADDRESSES  PORT SECURITY  BOUND HOST  STATUS\n"
              "acme/default/web-0/0  acme/front  02:00:00:00:00:01  10.0.0.5 fd00::5           "
              "          strict\n"
              "b                     acme/front  02:00:00:00:00:01                             "
              "          strict\n");
}

TEST(Table, ShrinksItsWidestColumnsToTheScreen) {
    EXPECT_EQ(render(list_of<client::Organization>(
                         "org", {{.name = "acme", .description = "a rather long description"}}),
                     Format::table, {.columns = 45, .bold = false}),
              "ORGANIZATION  DESCRIPTION     ENABLED  STATUS\n"
              "acme          a rather lon..  yes\n");
}

TEST(Table, SurvivesAScreenOfOneColumn) {
    EXPECT_EQ(render(list_of<client::Vapp>("vapp", {{.path = {"acme", "shop"}}}), Format::table,
                     {.columns = 1, .bold = false}),
              "VAPP  VDC  DE..  ST..\n"
              "ac..       yes\n");
}

TEST(Table, PrintsHeadingsWhereThereIsNothing) {
    EXPECT_EQ(render(list_of<client::Vapp>("vapp", {}), Format::table, {}),
              "VAPP  VDC  DEPLOYED  STATUS\n");
}

TEST(Table, SetsHeadingsInBoldWhereItMay) {
    EXPECT_EQ(render(list_of<client::Vm>("vm", {}), Format::table, {.columns = 0, .bold = true}),
              "\033[1mVM  STATUS\033[0m\n");
}

TEST(Table, ShowsOneObjectWhole) {
    EXPECT_EQ(render(one("vapp", client::Vapp{.path = {"acme", "shop"}, .data_center = "default"}),
                     Format::table, {}),
              "vapp:     acme/shop\n"
              "vdc:      default\n"
              "deployed: yes\n"
              "status:\n");
}

Listing with_parts() {
    Listing listing = one("vapp", client::Vapp{.path = {"acme", "shop"}, .data_center = "default"});
    listing.parts = {list_of<client::Vm>("vms", {{.path = {"acme", "shop", "web-0"}}}),
                     list_of<client::Edge>("edges", {})};
    return listing;
}

TEST(Table, ShowsWhatLiesInAnObjectBelowIt) {
    EXPECT_EQ(render(with_parts(), Format::table, {}), "vapp:     acme/shop\n"
                                                       "vdc:      default\n"
                                                       "deployed: yes\n"
                                                       "status:\n"
                                                       "\n"
                                                       "VM               STATUS\n"
                                                       "acme/shop/web-0\n");
}

TEST(Json, HasWhatLiesInAnObjectAsItsFields) {
    EXPECT_EQ(render(with_parts(), Format::json, {}), R"({
  "version": 1,
  "kind": "vapp",
  "items": [
    {
      "vapp": "acme/shop",
      "vdc": "default",
      "deployed": true,
      "status": "",
      "vms": [
        {
          "vm": "acme/shop/web-0",
          "status": ""
        }
      ],
      "edges": []
    }
  ]
}
)");
}

TEST(Table, ShowsControlCharactersAndCountsCharactersNotBytes) {
    const auto listing = list_of<client::Organization>(
        "org", {{.name = "a\033[2J\n", .description = "z\xc3\xbcrich"}, {.name = "b"}});
    EXPECT_EQ(render(listing, Format::table, {}), "ORGANIZATION  DESCRIPTION  ENABLED  STATUS\n"
                                                  "a\\x1b[2J\\x0a  z\xc3\xbcrich       yes\n"
                                                  "b                          yes\n");
    EXPECT_EQ(render_names(listing), "a\\x1b[2J\\x0a\nb\n");
}

TEST(Json, HasAVersionAKindAndTheChange) {
    Listing listing = one("network", client::Network{.path = {"acme", "front"},
                                                     .data_center = "default",
                                                     .mode = "isolated",
                                                     .vni = 5000});
    listing.change = 7;
    EXPECT_EQ(render(listing, Format::json, {}), R"({
  "version": 1,
  "kind": "network",
  "change": 7,
  "items": [
    {
      "network": "acme/front",
      "vdc": "default",
      "mode": "isolated",
      "edge": null,
      "vni": 5000,
      "mtu": null,
      "subnets": [],
      "gateways": [],
      "ranges": [],
      "unknown_unicast": "flood",
      "vlan_transparent": false,
      "inbound": null,
      "log_default": false,
      "status": ""
    }
  ]
}
)");
}

TEST(Json, IsJsonWhateverAName) {
    const auto text = render(list_of<client::Organization>("org", {{.name = "a\"\\\n\xff'--"}}),
                             Format::json, {});
    EXPECT_NE(text.find(R"("a\"\\\n)"
                        "\xef\xbf\xbd"
                        R"('--")"),
              text.npos)
        << text;
}

TEST(Csv, QuotesAsRfc4180Says) {
    const auto listing = list_of<client::Organization>(
        "org", {{.name = "acme", .description = "x, \"y\"\nz"}, {.name = "b"}});
    EXPECT_EQ(render(listing, Format::csv, {}),
              "organization,description,enabled,log_server,status\r\n"
              "acme,\"x, \"\"y\"\"\nz\",yes,,\r\n"
              "b,,yes,,\r\n");
    EXPECT_EQ(render(list_of<client::Vm>("vm", {}), Format::csv, {}), "vm,status\r\n");
}

TEST(Events, ShowTheirTimeInUtc) {
    EXPECT_EQ(render(list_of<client::Event>("event", {{.time = 1'700'000'000'042,
                                                       .kind = "port-conflict",
                                                       .objects = {"p"},
                                                       .hosts = {"a", "b"},
                                                       .text = "claimed twice"}}),
                     Format::csv, {}),
              "time,kind,objects,hosts,text\r\n"
              "2023-11-14T22:13:20.042Z,port-conflict,p,a b,claimed twice\r\n");
}

// --- What daemons say ---------------------------------------------------------------------------
HostNumbers at(int64_t time_ns, int64_t rx_bytes, int64_t drops) {
    return *numbers_from(fmt::format(
        R"({{"host":"h","time_ns":{},"ports":[
            {{"port":"quiet","rx_bytes":0}},
            {{"port":"p","nic":"acme/default/web/0","rx_bytes":{},"drops":{},
              "counters":{{"rx":9,"admit.src_mac":{},"tx.full":7}}}}],
            "meanings":{{"rx":{{"kind":"in"}},"tx.full":{{"kind":"system","meaning":"full"}},
                         "admit.src_mac":{{"kind":"drop","meaning":"not its own"}}}}}})",
        time_ns, rx_bytes, drops, drops));
}

TEST(Numbers, DropsStandMostFirstAndAlone) {
    EXPECT_EQ(render(list_drops({at(0, 0, 3)}, false), Format::csv, {}),
              "port,nic,host,counter,packets,meaning\r\n"
              "p,acme/default/web/0,h,tx.full,7,full\r\n"
              "p,acme/default/web/0,h,admit.src_mac,3,not its own\r\n");
    EXPECT_EQ(list_drops({at(0, 0, 3)}, true).records.size(), 3u);
}

TEST(Numbers, RatesAreOfTheDaemonsTime) {
    EXPECT_EQ(
        render(list_rates({at(1'000'000'000, 100, 1)}, {at(3'000'000'000, 350, 5)}), Format::csv,
               {}),
        "port,nic,host,rx_packets_per_s,rx_bits_per_s,tx_packets_per_s,tx_bits_per_s,drops_per_s"
        "\r\n"
        "p,acme/default/web/0,h,0,1000,0,0,2\r\n"
        "quiet,,h,0,0,0,0,0\r\n");
}

TEST(Numbers, OfManyHostsSayOfWhichTheyAre) {
    HostNumbers first = at(1'000'000'000, 0, 3), second = first, new_one = first;
    second.host = "i";
    second.ports[1].counters["tx.full"] = 9;
    new_one.host = "j"; // was not there before
    const Hosts before{first, second}, now{first, second, new_one};
    const std::string drops = render(list_drops(now, false), Format::table, {});
    EXPECT_LT(drops.find(" i "), drops.find(" h ")) << drops;
    EXPECT_EQ(list_rates(before, now).records.size(), 4u);
    EXPECT_EQ(render(list_drops({first}, false), Format::table, {}).find(" h "), std::string::npos);
}

TEST(Numbers, OfAHostileDaemonAreNoHarm) {
    for (const char* nothing : {"", "x", "[]", "{}", R"({"ports":{}})"})
        EXPECT_FALSE(numbers_from(nothing)) << nothing;
    const auto odd = numbers_from(
        R"({"host":[],"time_ns":"x","meanings":[],"counters":7,"ports":[1,{"port":{},"worker":"w",
            "rx_bytes":-9223372036854775808,"counters":{"a":"b","c":18446744073709551615}}]})");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->ports.size(), 1u);
    for (const Listing& listing :
         {list_ports({*odd}), list_drops({*odd}, true), list_rates({*odd}, {*odd}),
          list_rates({at(INT64_MAX, 0, 0)}, {at(INT64_MIN, INT64_MAX, 1)})})
        EXPECT_NE(render(listing, Format::json, {}), "");
}

} // namespace
} // namespace ringfence::ctl
