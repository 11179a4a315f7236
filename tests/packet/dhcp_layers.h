// DHCP, DHCPv6 and the options of router advertisements as text, for frame.h. The words are taken
// from left to right, and options come in their order.
//
//     dhcp TYPE [xid N] [chaddr MAC] [ciaddr IP] [yiaddr IP] [siaddr IP] [giaddr IP] [broadcast]
//          [op N] [htype N] [hlen N] [hops N] [cookie HEX] [sname HEX] [file HEX]
//          then options: TYPE's own comes first (none where TYPE is `none`, a number where it is
//          one):
//          mask|requested|server-id IP  router|dns|ntp IP,IP  lease|renew|rebind N  prl N,N
//          max|mtu N  name|domain|boot-file|tftp TEXT  client|relay|search|routes HEX
//          option CODE HEX|-   overload N   short CODE LENGTH (without its value)
//          in file|sname|options (where the next ones go)   no-end   size N (at least; 300)
//     op is the request's for what clients send, else the reply's.
//
//     dhcp6 TYPE [xid N] then options:
//          client|server-id HEX   wanted N,N   preference N   status N   rapid   elapsed N
//          ia-na|ia-pd ID T1 T2 [ ... ]   ia-ta ID [ ... ]   address IP PREFERRED VALID
//          dns IP,IP   search|ntp HEX   option CODE HEX|-   short CODE LENGTH
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringfence::test {

// Throw std::runtime_error that quotes the word that they do not understand.
std::vector<uint8_t> dhcp_message(const std::vector<std::string>& words);
std::vector<uint8_t> dhcp6_message(const std::vector<std::string>& words);
// `mtu`, `prefix`, `rdnss` and `dnssl`, wherever they stand among the words, in that order.
std::vector<uint8_t> advertisement_options(const std::vector<std::string>& words);

} // namespace ringfence::test
