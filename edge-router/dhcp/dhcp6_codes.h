// Numbers of DHCPv6 (RFC 8415).
#pragma once

#include <cstdint>

namespace ringfence::dhcp6 {

inline constexpr uint16_t server_port = 547, client_port = 546;

namespace message {
inline constexpr uint8_t solicit = 1, advertise = 2, request = 3, confirm = 4, renew = 5,
                         rebind = 6, reply = 7, release = 8, decline = 9, information_request = 11;
} // namespace message

namespace option {
inline constexpr uint16_t client_id = 1, server_id = 2, ia_na = 3, ia_ta = 4, ia_address = 5,
                          wanted = 6, preference = 7, status = 13, rapid_commit = 14,
                          dns_servers = 23, domain_search = 24, ia_pd = 25, ia_prefix = 26,
                          ntp_servers = 56;
} // namespace option

namespace status {
inline constexpr uint16_t success = 0, no_addresses = 2, no_binding = 3, not_on_link = 4,
                          use_multicast = 5, no_prefix = 6;
} // namespace status

} // namespace ringfence::dhcp6
