// network-ctl and fences: what is typed for them, and what is answered.
#include "tests/unit/client/program.h"

namespace ringfence::client {
namespace {

class FenceProgramTest : public ProgramTest {
protected:
    // acme with front, and vApp shop with the fence lan and its VM web (10.0.0.5).
    void make_shop() {
        expect_done("org create acme", "acme\n");
        expect_done("network create acme/front --subnet 10.0.0.0/24 --gateway 10.0.0.1 --range "
                    "10.0.0.100-10.0.0.199",
                    "acme/front\n");
        expect_done("vapp create acme/shop", "acme/shop\n");
        expect_done("vapp-network create acme/shop/lan --mode fenced --parent front",
                    "acme/shop/lan\n");
        expect_done("nic create acme/shop/web --vapp-network lan --ip 10.0.0.5 --mac "
                    "02:00:00:00:00:05",
                    "acme/shop/web/0\n");
    }
};

TEST_F(FenceProgramTest, ClonesStandSideBySide) {
    make_shop();
    expect_done("vapp clone acme/shop copy --count 2", "acme/copy-1\nacme/copy-2\n");
    expect("nic list --org acme", 0,
           "PORT NAME          NETWORK          MAC                ADDRESSES  OUTSIDE ADDRESSES  "
           "PORT SECURITY  BOUND HOST  STATUS\n"
           "acme/copy-1/web/0  acme/copy-1/lan  02:00:00:00:00:05  10.0.0.5   10.0.0.103         "
           "strict\n"
           "acme/copy-2/web/0  acme/copy-2/lan  02:00:00:00:00:05  10.0.0.5   10.0.0.105         "
           "strict\n"
           "acme/shop/web/0    acme/shop/lan    02:00:00:00:00:05  10.0.0.5   10.0.0.101         "
           "strict\n",
           "");
    expect("vapp show acme/copy-1", 0,
           "vapp:     acme/copy-1\n"
           "vdc:      default\n"
           "deployed: yes\n"
           "status:\n"
           "\n"
           "VAPP NETWORK     MODE    PARENT  TRANSLATION  EDGE ADDRESSES  VNI   MTU  SUBNETS  "
           "STATUS\n"
           "acme/copy-1/lan  fenced  front   one-to-one   10.0.0.102      5002\n"
           "\n"
           "PORT NAME          NETWORK          MAC                ADDRESSES  OUTSIDE ADDRESSES  "
           "PORT SECURITY  BOUND HOST  STATUS\n"
           "acme/copy-1/web/0  acme/copy-1/lan  02:00:00:00:00:05  10.0.0.5   10.0.0.103         "
           "strict\n",
           "");
    expect("vapp show copy-2 --org acme --format json | grep -A1 outside", 0,
           "          \"outside_addresses\": [\n            \"10.0.0.105\"\n", "");
    expect("vapp clone acme/shop copy --count 2", 1, "",
           "network-ctl: vApp acme/copy-1 exists already; choose another name\n");
    expect("vapp clone acme/shop twin --count 0", 1, "",
           "network-ctl: --count 0: it is a number from 1 to 1000\n");
    expect("vapp clone acme/nope twin", 2, "", "network-ctl: vApp acme/nope does not exist\n");
    expect_done("vapp delete acme/copy-1");
    expect_done("vapp clone acme/shop lone --count 1", "acme/lone-1\n"); // counted like any other
    expect_done("vapp delete acme/lone-1");
    expect_done("vapp clone acme/shop twin --no-deploy", "acme/twin\n");
    expect("vapp list --format csv", 0,
           "vapp,vdc,deployed,status\r\nacme/copy-2,default,yes,\r\nacme/shop,default,yes,\r\n"
           "acme/twin,default,no,\r\n",
           "");
}

TEST_F(FenceProgramTest, NotesWhatCantBeTheSameInAClone) {
    make_shop();
    expect_done("vapp-network create acme/shop/six --mode nat-routed --parent front --subnet "
                "fd01::/64",
                "acme/shop/six\n");
    expect(
        "--wait none vapp clone acme/shop twin", 0, "acme/twin\n",
        "network-ctl: vApp network acme/twin/six: its IPv6 addresses have no way out: the parent "
        "has no IPv6 range\n");
    expect("--wait none --format json vapp clone acme/shop other | grep -A1 notes", 0,
           "  \"notes\": [\n    \"vApp network acme/other/six: its IPv6 addresses have no way out: "
           "the parent has no IPv6 range\"\n",
           "");
}

TEST_F(FenceProgramTest, SaysWhatTheControllerRefusesInAClone) {
    make_shop();
    expect_done("vapp clone acme/shop twin --no-deploy", "acme/twin\n");
    transact(R"({"op":"update","table":"Global","where":[],"row":{"compiled":100}},
                {"op":"update","table":"Edge_Router","where":[["name","==","twin/lan"]],
                 "row":{"status":"bad edge"}},
                {"op":"update","table":"Nic","where":[["port_name","==","acme/twin/web/0"]],
                 "row":{"status":"bad NIC"}})");
    expect("vapp deploy acme/twin", 65, "",
           "network-ctl: vapp-network acme/twin/lan is written, but the controller refuses it: bad "
           "edge\n"
           "network-ctl: nic acme/twin/web/0 is written, but the controller refuses it: bad "
           "NIC\n");
    expect("vapp clone acme/shop fine", 0, "acme/fine\n", ""); // those are another's
}

TEST_F(FenceProgramTest, DeploysAndUndeploys) {
    make_shop();
    expect_done("vapp undeploy acme/shop --keep-addresses");
    expect("address show acme/front 10.0.0.101 --format csv", 0,
           "address,network,kind,nic,owner\r\n10.0.0.101,acme/front,outside,acme/shop/web/0,"
           "acme/shop/web/0\r\n",
           "");
    expect_done("vapp undeploy shop --org acme");
    expect("address show acme/front 10.0.0.101", 2, "",
           "network-ctl: address 10.0.0.101 on acme/front does not exist\n");
    expect_done("vapp deploy acme/shop");
    expect("address show front 10.0.0.101 --org acme -q", 0, "10.0.0.101\n", "");
}

TEST_F(FenceProgramTest, ChangesModeAndInboundDefault) {
    make_shop();
    expect_done("vapp-network set acme/shop/lan --inbound allow");
    expect("vapp-network show acme/shop/lan | grep -e inbound -e mode", 0,
           "mode:             fenced\ninbound:          allow\n", "");
    expect("vapp-network set acme/shop/lan --inbound maybe", 2, "",
           "network-ctl: --inbound maybe: it is one of deny|allow; see 'network-ctl vapp-network "
           "set --help'\n");
    expect("vapp-network set acme/shop/lan --mode nat-routed --translation ports --subnet "
           "192.168.0.0/24",
           1, "",
           "network-ctl: org/acme/vapp/shop/network/lan: translation ports is not built yet; "
           "choose none or one-to-one\n");
    expect_done("vapp-network set acme/shop/lan --mode bridged");
    expect("edge list -q", 0, "", "");
    expect("vapp-network set acme/shop/lan --inbound allow", 1, "",
           "network-ctl: org/acme/vapp/shop/network/lan: is bridged, so MTU, addressing, inbound "
           "default, VLAN transparency and options are those of org/acme/network/front; set "
           "them there\n");
}

TEST_F(FenceProgramTest, EdgeRoutersConnectNetworks) {
    make_shop();
    expect_done("edge create acme/main", "acme/main\n");
    expect_done("edge create main --org acme --may-exist", "acme/main\n");
    expect_done("edge attach acme/main front");
    expect_done("edge attach main acme/front --org acme --may-exist");
    expect("edge attach acme/main globex/front", 1, "",
           "network-ctl: globex/front: name an organization network of the edge's own "
           "organization\n");
    expect_done("route add acme/main 172.16.0.0/12 via 10.0.0.9");
    expect_done("route add acme/main default via 10.0.0.9");
    expect("route add acme/main default via 10.0.0.10", 1, "",
           "network-ctl: edge acme/main: has a route to 0.0.0.0/0 already, by 10.0.0.9; delete it "
           "first\n");
    expect("route add acme/main 192.0.2.0/24 via 10.9.9.9", 1, "",
           "network-ctl: org/acme/edge/main/route/192.0.2.0/24: next hop 10.9.9.9 is not "
           "connected: it lies in no subnet of a network that org/acme/edge/main stands on; give "
           "one that does\n");
    expect("route add acme/main 192.0.2.0/24 via 10.0.0.9,10.0.0.10", 1, "",
           "network-ctl: org/acme/edge/main/route/192.0.2.0/24: a choice of next hops is not built "
           "yet; give one\n");
    expect("route list acme/main", 0,
           "PREFIX         EDGE       NEXT HOPS  STATUS\n"
           "0.0.0.0/0      acme/main  10.0.0.9\n"
           "172.16.0.0/12  acme/main  10.0.0.9\n",
           "");
    expect("edge list", 0,
           "EDGE           TRANSLATION  ADDRESSES              ROUTES  STATUS\n"
           "acme/main      none         acme/front=10.0.0.1    2\n"
           "acme/shop/lan  one-to-one   acme/front=10.0.0.100  0\n",
           "");
    expect("edge delete acme/shop/lan", 1, "",
           "network-ctl: edge acme/shop/lan: goes with its vApp network; delete that, or give it "
           "another mode\n");
    expect_done("route delete acme/main 172.16.0.0/12");
    expect_done("route delete acme/main 172.16.0.0/12 --if-exists");
    expect("route delete acme/main default", 2, "",
           "network-ctl: route default of acme/main does not exist\n");
    expect_done("route delete acme/main 0.0.0.0/0");
    expect_done("edge detach acme/main front");
    expect_done("edge detach acme/main front --if-exists");
    expect_done("edge delete acme/main");
    expect_done("edge delete acme/main --if-exists");
}

TEST_F(FenceProgramTest, ShowsTheLedger) {
    make_shop();
    expect(
        "address list acme/front", 0,
        "ADDRESS            NETWORK     KIND      NIC              OWNER\n" +
            open().addresses({"acme", "front"})->front().address +
            "  acme/front  router                     edge acme/shop/lan\n"
            "10.0.0.0           acme/front  reserved                   subnet of acme/front\n"
            "10.0.0.1           acme/front  gateway                    gateway of acme/front\n"
            "10.0.0.100         acme/front  router                     edge acme/shop/lan\n"
            "10.0.0.101         acme/front  outside   acme/shop/web/0  acme/shop/web/0\n"
            "10.0.0.250         acme/front  dhcp                       DHCP of acme/front\n"
            "10.0.0.255         acme/front  reserved                   broadcast of acme/front\n",
        "");
    expect("address list -q --org acme | wc -l", 0, "10\n", "");
    expect_done("address reserve acme/front 10.0.0.102 --for 'the printer'");
    expect("address reserve acme/front 10.0.0.101", 1, "",
           "network-ctl: address 10.0.0.101 on acme/front: is taken by acme/shop/web/0 "
           "(outside)\n");
    expect_done("address reserve acme/front 10.0.0.102 --may-exist");
    expect("address reserve acme/front 10.7.0.1", 1, "",
           "network-ctl: address 10.7.0.1 on acme/front: lies outside its subnets; give one of "
           "10.0.0.0/24\n");
    expect("address reserve acme/front 02:00:00:00:00:01", 1, "",
           "network-ctl: address \"02:00:00:00:00:01\" on acme/front: is not an IP address; give "
           "one like 10.0.0.5\n");
    expect("address show acme/front", 0,
           "network:      acme/front\n"
           "ranges:       10.0.0.100-10.0.0.199\n"
           "size:         100\n"
           "free:         97\n"
           "used:         7\n"
           "used by kind: dhcp=1 gateway=1 outside=1 reserved=3 router=1\n"
           "macs:         1\n",
           "");
    expect_done("nic create acme/shop/db --vapp-network lan --allocation pool", "acme/shop/db/0\n");
    expect("nic show acme/shop/db/0 --format csv | tail -1 | cut -d, -f5,6,7", 0,
           "10.0.0.103,10.0.0.104,pool\n", "");
    expect_done("nic create acme/shop/x --vapp-network lan --ip 10.0.0.102", "acme/shop/x/0\n");
    expect("nic create acme/shop/y --network front --ip 10.0.0.102", 1, "",
           "network-ctl: org/acme/vapp/shop/nic/y/0: address 10.0.0.102 is taken on "
           "org/acme/network/front for the printer (reserved); give another\n");
    expect("address release acme/front 10.0.0.1", 1, "",
           "network-ctl: address 10.0.0.1 on acme/front: belongs to gateway of acme/front "
           "(gateway), and goes with it; only reservations are released by hand\n");
    expect("address release acme/front 10.0.0.0", 1, "",
           "network-ctl: address 10.0.0.0 on acme/front: belongs to subnet of acme/front "
           "(reserved), and goes with it; only reservations are released by hand\n");
    expect_done("address release acme/front 10.0.0.102");
    expect("address release acme/front 10.0.0.102", 2, "",
           "network-ctl: address 10.0.0.102 on acme/front does not exist\n");
    expect_done("address release acme/front 10.0.0.102 --if-exists");
}

TEST_F(FenceProgramTest, TakesAddressesFromRanges) {
    make_shop();
    expect("nic create acme/vm --network front --allocation pool --ip 10.0.0.9", 1, "",
           "network-ctl: NIC acme/default/vm/0: allocation pool takes free addresses, and some are "
           "given; choose one of the two\n");
    expect_done("nic create acme/vm --network front --allocation dhcp", "acme/default/vm/0\n");
    expect_done("nic set acme/default/vm/0 --allocation pool");
    expect("nic show acme/default/vm/0 --format csv | tail -1 | cut -d, -f5,7", 0,
           "10.0.0.102,pool\n", "");
    expect_done("nic set acme/default/vm/0 --allocation none");
    expect("nic show acme/default/vm/0 --format csv | tail -1 | cut -d, -f5,7,8", 0, ",none,mac\n",
           "");
    expect_done("network create acme/bare --subnet 10.1.0.0/24", "acme/bare\n");
    expect("nic create acme/vm --network bare --allocation pool", 1, "",
           "network-ctl: NIC acme/default/vm/1: acme/bare has no range to take an address from; "
           "give it one (--range FIRST-LAST), or choose allocation manual\n");
}

} // namespace
} // namespace ringfence::client
