// Frames as text, for the packet tests: layers from the outside in, separated by " / ".
//
//     eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / ip4 10.0.0.1 > 10.0.0.2 / udp 1000 > 2000 /
//     "hello"
//
// Ethertypes, protocols, lengths and checksums follow from what lies inside, and can be overruled:
//
//     eth SOURCE > DESTINATION [type 0x88b5]      vlan ID [type 0x88b5] [tpid 0x88a8]
//     arp request|reply MAC IP > MAC IP [op N] [hlen N] [htype N]
//     ip4 SOURCE > DESTINATION [ttl N] [tos N] [proto N] [ihl N] [length N] [version N]
//                              [offset N] [more] [df] [bad-checksum] [options HEX]
//     ip6 SOURCE > DESTINATION [hops N] [tc N] [next N] [length N] [version N]
//     hop-by-hop | destination | routing          (8 bytes each)
//     fragment OFFSET [more]                      next header [next N]
//     udp SOURCE > DESTINATION [sum N] [length N] (a port may be *: any)
//     tcp SOURCE > DESTINATION
//     icmp TYPE [code N]    icmp6 TYPE [code N]   (8 bytes)
//     rs | ra [sll MAC]
//     ns TARGET [sll MAC]   na TARGET [tll MAC] [flags HEX] [sll, tll: option HEX] [code N]
//     [bad-checksum] vxlan VNI [flags HEX] "text"   hex BYTES   zeros N
//
// and at the end of the line `| cut N` (keep N bytes) or `| pad N` (zeros up to N bytes).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringfence::test {

struct Frame {
    std::vector<uint8_t> bytes;
    std::vector<bool> any; // bytes that may have any value, where one is expected

    bool matches(const std::vector<uint8_t>& got) const;
};

// Throws std::runtime_error that quotes what it does not understand.
Frame frame(std::string_view text);

// Sixteen bytes a line, as in a hex dump; of `other` (if given) the bytes that differ are marked.
std::string hex(const std::vector<uint8_t>& bytes);

} // namespace ringfence::test
