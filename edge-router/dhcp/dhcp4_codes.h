// Numbers of DHCPv4 (RFC 2131, 2132).
#pragma once

#include <cstdint>

namespace ringfence::dhcp4 {

inline constexpr uint16_t server_port = 67, client_port = 68;
inline constexpr uint32_t magic_cookie = 0x63825363; // RFC 2131, 3

namespace message {
inline constexpr uint8_t discover = 1, offer = 2, request = 3, decline = 4, ack = 5, nak = 6,
                         release = 7, inform = 8, last = 18;
} // namespace message

namespace option {
inline constexpr uint8_t pad = 0, mask = 1, router = 3, dns_servers = 6, hostname = 12,
                         domain_name = 15, mtu = 26, broadcast = 28, ntp_servers = 42,
                         requested_address = 50, lease_time = 51, overload = 52, message_type = 53,
                         server_id = 54, parameter_list = 55, message = 56, max_size = 57,
                         renewal_time = 58, rebinding_time = 59, client_id = 61, tftp_server = 66,
                         boot_file = 67, rapid_commit = 80, client_name = 81, relay_agent = 82,
                         authentication = 90, subnet_selection = 118, domain_search = 119,
                         routes = 121, end = 255;
} // namespace option

} // namespace ringfence::dhcp4
