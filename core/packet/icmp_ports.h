// What an ICMP message has in a Tuple where others have ports. A query is told from others by its
// identifier, which stands for the port of who asks, and by what it asks, which stands for that of
// who answers, so that a firewall that lets an echo through has let no other question through:
//
//     echo, identifier 7          10.0.0.5:7 > 192.0.2.9:service(8, 0)
//     its answer                  192.0.2.9:service(8, 0) > 10.0.0.5:7
//     any other message           10.0.0.5:0 > 192.0.2.9:service(10, 0)
#pragma once

#include <cstdint>
#include <optional>

#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence {

constexpr uint16_t icmp_service(uint8_t type, uint8_t code) {
    return static_cast<uint16_t>(type << 8 | code);
}

// The question that a message of the type answers; none where it answers none.
constexpr std::optional<uint8_t> icmp_question(uint8_t protocol, uint8_t type) {
    if (protocol == ip_protocol::icmp6)
        return type == icmp6_type::echo_reply ? std::optional(icmp6_type::echo) : std::nullopt;
    if (type == icmp_type::echo_reply)
        return icmp_type::echo;
    bool answers = type == icmp_type::timestamp_reply || type == icmp_type::information_reply ||
                   type == icmp_type::mask_reply;
    return answers ? std::optional(static_cast<uint8_t>(type - 1)) : std::nullopt;
}

// A question or an answer: it has an identifier.
constexpr bool is_icmp_query(uint8_t protocol, uint8_t type) {
    if (protocol == ip_protocol::icmp6)
        return type == icmp6_type::echo || type == icmp6_type::echo_reply;
    return type == icmp_type::echo || type == icmp_type::echo_reply ||
           (type >= icmp_type::timestamp && type <= icmp_type::mask_reply);
}

struct IcmpPorts {
    uint16_t source = 0, destination = 0;
};
inline IcmpPorts icmp_ports(uint8_t protocol, const IcmpHeader& message) {
    const uint8_t type = message.type(), code = message.code();
    if (auto question = icmp_question(protocol, type))
        return {icmp_service(*question, code), message.id()};
    uint16_t id = is_icmp_query(protocol, type) ? message.id() : uint16_t{0};
    return {id, icmp_service(type, code)};
}

} // namespace ringfence
