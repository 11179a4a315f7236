// What a NIC's host says to its DHCP and router discovery: read once from a row of the southbound
// table `Dhcp`, immutable from then on, one a family. No lease stands behind it: the address is the
// NIC's, whoever asks and however often (DESIGN §7).
//
// The row's options, by name; all values are text. Lists are separated by commas, spaces around an
// entry do not count; up to 16 addresses, and names of up to 512 bytes together.
//
//     ipv4
//       subnet          "10.0.0.0/24"; required                                        option 1
//       router          an address                                                     3
//       dns-servers     addresses                                                      6
//       domain-name     a name                                                         15
//       domain-search   names                                                          119
//       ntp-servers     addresses                                                      42
//       lease-time      seconds, 60 to 4294967295; 86400 where absent                  51
//       renewal-time    seconds, below rebinding-time; half of lease-time              58
//       rebinding-time  seconds, below lease-time; 7/8 of it                           59
//       mtu             68 to 65535; the segment's where absent                        26
//       routes          "10.1.0.0/16 10.0.0.1, 10.2.0.0/16 10.0.0.2": prefix, next hop 121
//                       (the default route by `router` is added, because who reads these reads
//                       no `router`: RFC 3442)
//       hostname        a name                                                         12
//       boot-server     an address                                                     siaddr
//       tftp-server     text, up to 255 characters                                     66
//       boot-file       text, up to 127 characters                                     67, file
//       option-N        "text:..." or "hex:0a0b..."; N is none of the above's and none of those
//                       that the protocol sets itself (50 to 61 but for 60; 80 to 82, 90, 118...)
//
//     ipv6
//       mode            managed | stateless | slaac; required: who gives the address, and whether
//                       DHCPv6 is there for the rest
//       subnet          "2001:db8::/64"; required. stateless and slaac need a /64
//       router          yes | no (the default): is the advertiser a default router?
//       dns-servers     addresses                                                      23, RDNSS
//       domain-search   names                                                          24, DNSSL
//       ntp-servers     addresses                                                      56
//       lifetime        seconds that address and prefix are valid, 120 to 4294967295;
//                       preferred for 5/8 of them. 86400 where absent
//       mtu             1280 to 65535; the segment's where absent
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"

namespace ringfence {

// The columns of the row.
struct DhcpRow {
    std::optional<std::string> address;
    // Where answers come from. ipv4: required, in the subnet or not. ipv6: a link-local address, or
    // empty for the one that RFC 4291 makes of the MAC.
    std::string server_address;
    std::string server_mac;
    std::map<std::string, std::string> options;
};

// An option as it is sent, its code and length left out.
struct DhcpOption {
    uint16_t code;
    std::vector<uint8_t> value; // may be longer than what one option holds (RFC 3396)
    bool operator==(const DhcpOption&) const = default;
};

struct Dhcp4Binding {
    Ipv4Addr address;
    Ipv4Addr server; // the server identifier, the same on every host
    MacAddr server_mac;
    Ipv4Addr mask;
    Ipv4Addr boot_server;        // 0: none
    std::optional<uint16_t> mtu; // none: the segment's
    std::string tftp_server, boot_file;
    uint32_t lease_time = 0, renewal_time = 0, rebinding_time = 0; // seconds
    // All that a client may ask for, but for mask and MTU, each code once, ascending.
    std::vector<DhcpOption> options;

    // An error names the column or option, and its value.
    [[nodiscard]] static Result<Dhcp4Binding> from(const DhcpRow& row);
    Ipv4Addr broadcast() const { return Ipv4Addr{address.value | ~mask.value}; }
    const DhcpOption* find(uint16_t code) const; // of `options`; nullptr: not there
    bool operator==(const Dhcp4Binding&) const = default;
};

struct Dhcp6Binding {
    enum class Mode : uint8_t {
        managed,   // DHCPv6 gives the address: M and O set, A clear
        stateless, // the client makes its address of the prefix; DHCPv6 for the rest: O and A set
        slaac,     // the advertisement alone: A set
    };
    Mode mode = Mode::managed;
    std::optional<Ipv6Addr> address; // managed: always
    Ipv6Addr server;                 // link-local: advertiser and DHCPv6 server
    MacAddr server_mac;              // of which its DUID is made: the same on every host
    Ipv6Addr prefix;
    uint8_t prefix_length = 0;
    bool router = false;
    uint32_t lifetime = 0, preferred_lifetime = 0; // seconds
    std::optional<uint16_t> mtu;                   // none: the segment's
    std::vector<Ipv6Addr> dns_servers;
    std::vector<uint8_t> domain_search; // as on the wire, not compressed; empty: none
    std::vector<uint8_t> ntp_servers;   // option 56's value; empty: none

    [[nodiscard]] static Result<Dhcp6Binding> from(const DhcpRow& row);
    bool operator==(const Dhcp6Binding&) const = default;
};

} // namespace ringfence
