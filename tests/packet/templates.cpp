#include "tests/packet/templates.h"

#include <string>

#include "tests/packet/frame.h"

namespace ringfence::test {

namespace {

const char* const inner[] = {
    "type 0x88b5 / zeros 46",
    "/ arp request 02:00:00:00:00:01 10.0.0.1 > 00:00:00:00:00:00 10.0.0.9",
    "/ arp reply 02:00:00:00:00:01 10.0.0.1 > 02:00:00:00:00:02 10.0.0.2",
    "/ ip4 10.0.0.1 > 10.0.0.2 / udp 1000 > 2000 / \"payload\"",
    "/ ip4 10.0.0.1 > 10.0.0.2 / tcp 1000 > 2000 / \"payload\"",
    "/ ip4 10.0.0.1 > 10.0.0.2 / icmp 8 / zeros 56",
    "/ ip4 10.0.0.1 > 10.0.0.2 options 94040000 / udp 1000 > 2000",
    "/ ip4 10.0.0.1 > 10.0.0.2 more / udp 1000 > 2000",
    "/ ip4 10.0.0.1 > 10.0.0.2 offset 1480 proto 17 / zeros 40",
    "/ ip4 10.0.0.1 > 10.0.0.2 proto 47 / zeros 40",
    "/ ip6 fd00::1 > fd00::2 / udp 1000 > 2000 / \"payload\"",
    "/ ip6 fd00::1 > fd00::2 / tcp 1000 > 2000 / \"payload\"",
    "/ ip6 fd00::1 > fd00::2 / icmp6 128 / zeros 56",
    "/ ip6 fd00::1 > fd00::2 / hop-by-hop / routing / destination / tcp 1000 > 2000",
    "/ ip6 fd00::1 > fd00::2 / fragment 0 more / udp 1000 > 2000",
    "/ ip6 fd00::1 > fd00::2 / fragment 1480 next 17 / zeros 40",
    "/ ip6 fd00::1 > ff02::1:ff00:9 / ns fd00::9 sll 02:00:00:00:00:01",
    "/ ip6 :: > ff02::1:ff00:1 / ns fe80::1",
    "/ ip6 fd00::1 > fd00::2 / na fd00::1 flags 0x60000000 tll 02:00:00:00:00:01",
    "/ ip6 fd00::1 > ff02::2 / rs sll 02:00:00:00:00:01",
    "/ ip6 :: > ff02::16 / hop-by-hop / icmp6 143",
    "/ ip4 0.0.0.0 > 255.255.255.255 / udp 68 > 67 / dhcp discover chaddr 02:00:00:00:00:01 prl "
    "3,6",
    "/ ip6 fe80::ff:fe00:1 > ff02::1:2 / udp 546 > 547 / dhcp6 solicit client 000300010200 ia-na 1 "
    "0 "
    "0 [ ]",
};

// Through the fence: what nic 1 sends, and what comes for it.
const char* const outbound[] = {
    "ip4 10.0.0.1 > 10.0.0.30 / udp 1000 > 2000 / \"payload\"",
    "ip4 10.0.0.1 > 10.0.0.30 / tcp 1000 > 2000",
    "ip4 10.0.0.1 > 10.0.0.30 / icmp 8 / zeros 56",
    "ip4 10.0.0.1 > 10.0.0.11 / icmp 8 / zeros 56",
    "ip4 10.0.0.1 > 10.0.0.30 id 7 slice 0 16 / udp 1000 > 2000 / count 24",
    "ip4 10.0.0.1 > 10.0.0.30 id 7 slice 16 32 / udp 1000 > 2000 / count 24",
    "ip4 10.0.0.1 > 10.0.0.101 / udp 1000 > 2000",
    "ip4 10.0.0.1 > 10.0.0.30 / icmp 3 / ip4 10.0.0.30 > 10.0.0.1 / udp 2000 > 1000",
    "ip6 fd00::1 > fd00::30 / udp 1000 > 2000",
    "ip6 fd00::1 > fd00::30 / fragment slice 0 16 / udp 1000 > 2000 / count 24",
    "ip6 fd00::1 > fd00::30 / icmp6 1 / ip6 fd00::30 > fd00::1 / udp 2000 > 1000",
};
const char* const inbound[] = {
    "ip4 10.0.0.30 > 10.0.0.101 / udp 2000 > 1000 / \"payload\"",
    "ip4 10.0.0.30 > 10.0.0.101 / tcp 2000 > 1000 flags SA ack 2",
    "ip4 10.0.0.30 > 10.0.0.101 / icmp 8 / zeros 56",
    "ip4 10.0.0.30 > 10.0.0.101 id 7 slice 0 16 / udp 2000 > 1000 / count 24",
    "ip4 10.0.0.30 > 10.0.0.101 id 7 slice 16 32 / udp 2000 > 1000 / count 24",
    "ip4 10.0.0.30 > 10.0.0.101 / icmp 3 / ip4 10.0.0.101 > 10.0.0.30 / udp 1000 > 2000",
    "ip4 10.0.0.30 > 10.0.0.101 / icmp 11 quote 28 / ip4 10.0.0.101 > 10.0.0.30 / udp 1000 > 2000",
    "ip6 fd00::30 > fd00::101 / tcp 2000 > 1000",
    "ip6 fd00::30 > fd00::101 / icmp6 2 mtu 1280 / ip6 fd00::101 > fd00::30 / udp 1000 > 2000",
};

std::vector<std::vector<uint8_t>> all_of(const std::string& before) {
    std::vector<std::vector<uint8_t>> frames;
    for (const char* text : inner)
        for (const char* destination : {"02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff"})
            frames.push_back(
                frame(before + "eth 02:00:00:00:00:01 > " + destination + " " + text).bytes);
    return frames;
}

} // namespace

void configure_host(Lab& lab) {
    for (const char* line :
         {"segment 1 vni 5001", "segment 2 vni 5002 vlan-transparent",
          "nic 1 segment 1 mac 02:00:00:00:00:01 ip 10.0.0.1,fd00::1 broadcast 1000000",
          "nic 2 segment 1 mac 02:00:00:00:00:02 ip 10.0.0.2,fd00::2 broadcast 1000000",
          "nic 3 segment 2 mac 02:00:00:00:00:02 security trusted broadcast 1000000",
          "uplink 10 address 192.0.2.1 shadow 11", "shadow 11 uplink 10",
          "vtep 1 192.0.2.2 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
          "52:54:00:00:00:02",
          "remote 02:00:00:00:00:09 segment 1 vtep 1 ip 10.0.0.9,fd00::9",
          "remote 02:00:00:00:00:01 segment 2 vtep 1",
          "dhcp 1 ipv4 address 10.0.0.1 server 10.0.0.254 mac 02:52:46:00:00:01 "
          "subnet=10.0.0.0/24 router=10.0.0.254 dns-servers=10.0.0.53 domain-search=a.lab,b.lab",
          "dhcp 1 ipv6 address fd00::1 server fe80::52:46ff:fe00:1 mac 02:52:46:00:00:01 "
          "mode=managed subnet=fd00::/64 dns-servers=fd00::53 domain-search=a.lab",
          // A bridge without a fabric, and a mirror of its access port.
          "segment 5 bridge", "segment 6 bridge vlan 7", "segment 7 bridge vlan-transparent",
          "bridged 20 trunk vlans 0:5,7:6 others 7", "bridged 21 access tag 7 vlans 7:6",
          "bridged 22 trunk vlans 0:5,7:6 others 7", "unbound 23", "mirror 21 received 23 sent 23",
          "mirror 20 received 23", "learned 02:00:00:00:00:02 segment 6 port 21",
          // A fence around segment 1; a VM of another host in its parent network.
          "segment 4 vni 5004", "remote 02:00:00:00:00:0f segment 4 vtep 1 ip 10.0.0.30,fd00::30",
          "policy 1 in allow out allow",
          "router 1 fence translation one-to-one own 10.0.0.11,fd00::11",
          "interface 1 segment 4 mac 02:aa:00:00:00:01 outside addresses "
          "10.0.0.11/24,fd00::11/64",
          "interface 1 segment 1 mac 02:52:46:00:00:01 inside policy 1",
          "route 1 10.0.0.0/24 segment 4", "route 1 fd00::/64 segment 4",
          "held 10.0.0.101 segment 4 router 1 inside 10.0.0.1 nic 1",
          "held fd00::101 segment 4 router 1 inside fd00::1 nic 1"})
        lab.configure(line);
}

std::vector<std::vector<uint8_t>> nic_templates() {
    auto frames = all_of("");
    for (const char* text : outbound)
        frames.push_back(
            frame(std::string("eth 02:00:00:00:00:01 > 02:52:46:00:00:01 / ") + text).bytes);
    frames.push_back(
        frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / vlan 7 / vlan 8 / ip4 10.0.0.1 > "
              "10.0.0.2 / udp 1 > 2")
            .bytes);
    return frames;
}

std::vector<std::vector<uint8_t>> wire_templates() {
    const std::string outer =
        "eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 192.0.2.2 > 192.0.2.1 df "
        "/ udp 50000 > 4789 sum 0 / vxlan ";
    auto frames = all_of(outer + "5002 / ");
    for (const char* text : inbound)
        frames.push_back(
            frame(outer + "5004 / eth 02:00:00:00:00:0f > 02:aa:00:00:00:01 / " + text).bytes);
    frames.push_back(frame(outer + "5002 / " +
                           "eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / vlan 7 / ip4 10.0.0.1 > "
                           "10.0.0.2 / udp 1 > 2")
                         .bytes);
    return frames;
}

std::vector<std::vector<uint8_t>> dhcp_templates() {
    constexpr size_t headers = 14 + 20 + 8;
    std::vector<std::vector<uint8_t>> messages;
    for (const char* text :
         {"discover", "discover broadcast prl 1,3,6,15,26,28,42,119,121 max 1500 client 01020304",
          "request server-id 10.0.0.254 requested 10.0.0.1", "request requested 10.0.0.9",
          "request ciaddr 10.0.0.1", "decline server-id 10.0.0.254 requested 10.0.0.1",
          "release ciaddr 10.0.0.1 server-id 10.0.0.254", "inform ciaddr 10.0.0.1",
          "discover giaddr 10.0.0.1 relay 0104abcd0000 hops 1",
          "none overload 3 in file option 53 01 client 0001 in sname client 02 prl 1,6"}) {
        auto bytes = frame("eth 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff / ip4 0.0.0.0 > "
                           "255.255.255.255 / udp 68 > 67 / dhcp " +
                           std::string(text) + " chaddr 02:00:00:00:00:01 size 0")
                         .bytes;
        messages.emplace_back(bytes.begin() + headers, bytes.end());
    }
    return messages;
}

std::vector<std::vector<uint8_t>> dhcp6_templates() {
    constexpr size_t headers = 14 + 40 + 8;
    const std::string duid = " client 00030001020000000001 ";
    const std::string server = duid + "server-id 00030001025246000001 ";
    const std::string ia = "ia-na 5 0 0 [ address fd00::1 1 2 ]";
    std::vector<std::vector<uint8_t>> messages;
    for (const std::string& text :
         {"solicit" + duid + "elapsed 0 wanted 23,24,56 rapid ia-na 5 0 0 [ ]",
          "solicit" + duid + "ia-na 5 0 0 [ ] ia-ta 6 [ ] ia-pd 7 0 0 [ ] ia-na 8 0 0 [ ]",
          "request" + server + ia, "renew" + server + "ia-na 5 0 0 [ address fd00::9 1 2 ]",
          "rebind" + duid + ia, "confirm" + duid + ia, "release" + server + ia,
          "decline" + server + ia, std::string("information wanted 23")}) {
        auto bytes = frame("eth 02:00:00:00:00:01 > 33:33:00:01:00:02 / ip6 fe80::ff:fe00:1 > "
                           "ff02::1:2 / udp 546 > 547 / dhcp6 " +
                           text)
                         .bytes;
        messages.emplace_back(bytes.begin() + headers, bytes.end());
    }
    return messages;
}

std::vector<std::vector<uint8_t>> nd_templates() {
    constexpr size_t headers = 14 + 40;
    std::vector<std::vector<uint8_t>> messages;
    for (const char* text :
         {"rs", "rs sll 02:00:00:00:00:01", "rs option 0e0100000000000005010000000005dc",
          "ns fe80::1 sll 02:00:00:00:00:01", "na fe80::1 tll 02:00:00:00:00:01",
          "ra sll 02:00:00:00:00:01 mtu 1500 prefix fd00::/64 0xc0 8000 5000 rdnss 1800 fd00::53 "
          "dnssl 1800 0161036c616200",
          "icmp6 137 rest 0"}) {
        auto bytes = frame("eth 02:00:00:00:00:01 > 33:33:00:00:00:02 / ip6 fe80::ff:fe00:1 > "
                           "ff02::2 / " +
                           std::string(text))
                         .bytes;
        messages.emplace_back(bytes.begin() + headers, bytes.end());
    }
    return messages;
}

std::vector<std::vector<uint8_t>> error_templates() {
    const std::string eth = "eth 02:00:00:00:00:02 > 02:00:00:00:00:01 / ";
    std::vector<std::vector<uint8_t>> packets;
    for (const char* text :
         {"ip4 10.0.0.9 > 10.0.0.1 / icmp 11 / ip4 10.0.0.1 > 10.0.0.2 / udp 1 > 2 / \"payload\"",
          "ip4 10.0.0.9 > 10.0.0.1 / icmp 3 code 3 quote 28 / ip4 10.0.0.1 > 10.0.0.2 / tcp 1 > 2",
          "ip4 10.0.0.9 > 10.0.0.1 options 94040000 / icmp 3 code 4 mtu 1400 / "
          "ip4 10.0.0.1 > 10.0.0.2 options 0101010101010101 / tcp 1 > 2 / zeros 40",
          "ip4 10.0.0.9 > 10.0.0.1 / icmp 11 quote 128 extensions 2000dfff00080101000010ff / "
          "ip4 10.0.0.1 > 10.0.0.2 / udp 1 > 2 sum 0 / zeros 40",
          "ip4 10.0.0.9 > 10.0.0.1 / icmp 3 / ip4 10.0.0.1 > 10.0.0.2 / icmp 8 / zeros 56",
          "ip4 10.0.0.9 > 10.0.0.1 / icmp 3 / ip4 10.0.0.1 > 10.0.0.2 proto 47 / zeros 56",
          "ip6 fd00::9 > fd00::1 / icmp6 3 / ip6 fd00::1 > fd00::2 / udp 1 > 2 / \"payload\"",
          "ip6 fd00::9 > fd00::1 / icmp6 2 mtu 1280 / ip6 fd00::1 > fd00::2 / destination / "
          "fragment 0 more / tcp 1 > 2 / zeros 64",
          "ip6 fd00::9 > fd00::1 / icmp6 1 quote 128 extensions 2000dfff00080101000010ff / "
          "ip6 fd00::1 > fd00::2 / icmp6 128 / zeros 200"}) {
        auto bytes = frame(eth + text).bytes;
        packets.emplace_back(bytes.begin() + 14, bytes.end());
    }
    return packets;
}

} // namespace ringfence::test
