// Frames as text, for the packet tests: layers from the outside in, separated by " / ".
//
//     eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / ip4 10.0.0.1 > 10.0.0.2 / udp 1000 > 2000 /
//     "hello"
//
// Ethertypes, protocols, lengths and checksums follow from what lies inside, and can be overruled:
//
//     eth SOURCE > DESTINATION [type 0x88b5]      vlan ID [type 0x88b5] [tpid 0x88a8]
//     arp request|reply MAC IP > MAC IP [op N] [hlen N] [htype N]
//     ip4 SOURCE > DESTINATION [ttl N] [tos N] [proto N] [ihl N] [length N] [version N] [id N]
//                              [offset N] [more] [df] [bad-checksum] [options HEX]
//                              [slice FROM TO]
//     ip6 SOURCE > DESTINATION [hops N] [tc N] [flow N] [next N] [length N] [version N]
//     hop-by-hop | destination | routing          (8 bytes each)
//     fragment OFFSET [more] | fragment slice FROM TO       [id N], next header [next N]
//     udp SOURCE > DESTINATION [sum N] [length N] (a port may be *: any)
//     tcp SOURCE > DESTINATION [flags SA|none|N] [seq N] [ack N] [window N] [urgent N] [sum N]
//                              [options HEX] [offset N]     (a SYN, where flags say nothing)
//     icmp TYPE, icmp6 TYPE [code N] [id N] [seq N] [mtu N] [rest N] [sum N]
//                           [quote N] [extensions HEX]
//     rs [sll MAC]
//     ra [flags HEX] [sll MAC] [mtu N] [prefix PREFIX FLAGS VALID PREFERRED]
//                     [rdnss SECONDS A,B] [dnssl SECONDS HEX]     (flags: hops, M and O, lifetime)
//     dhcp ... | dhcp6 ...                        dhcp_layers.h has what they say
//     ns TARGET [sll MAC]   na TARGET [tll MAC] [flags HEX] [sll, tll: option HEX] [code N]
//     [bad-checksum] vxlan VNI [flags HEX] "text"   hex BYTES   zeros N   count N (0 1 2 ... 250 0)
//
// `slice` makes a fragment of what lies inside: its bytes FROM (a multiple of 8) up to TO, of a
// datagram whose checksum is right. An ICMP error's quote is what lies inside it, cut or filled up
// with zeros to `quote` bytes; `extensions` (RFC 4884) come behind, and the length field then says
// where. At the end of the line `| cut N` (keep N bytes) or `| pad N` (zeros up to N bytes).
//
// Checksums come from a routine of its own (tests/packet/checksums.h), so that a frame that a stage
// made is never held against the code that made it.
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
