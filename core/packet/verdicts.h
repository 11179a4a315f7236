// What can become of a packet: the one list of which the enum, the counters' names, the trace's
// text and the table in dataplane/README.md are made. A stage returns a Verdict; `next` means "go
// on".
//
// Each port of a host keeps one counter a verdict, under the port that the packet came from, so
// that for every port, and in total, exactly
//
//     rx + generated + replicated + segmented = tx + drops + consumed + merged
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringfence {

enum class VerdictKind : uint8_t {
    next,   // not an end: the packet goes on
    in,     // the left side of the equation
    out,    // the right side of the equation, and no loss
    drop,   // the right side of the equation: lost, caused by the packet and what is configured
    system, // the same, caused by the machine: a full queue, no buffer
    note,   // counted beside the equation
};

// X(name, "counter's name", kind, "what it means")
#define RINGFENCE_VERDICTS(X)                                                                      \
    X(next, "next", next, "goes on to the next stage")                                             \
    X(held, "held", next, "waits here for a while, for another packet")                            \
    X(rx, "rx", in, "received from the port")                                                      \
    X(generated, "generated", in, "made by this host")                                             \
    X(replicated, "replicated", in, "copies of a frame for several receivers")                     \
    X(segmented, "segmented", in, "more segments of one large packet")                             \
    X(tx, "tx", out, "transmitted, on whichever port")                                             \
    X(consumed, "consumed", out, "taken in by this host")                                          \
    X(merged, "merged", out, "became part of a larger packet")                                     \
    X(answered_arp, "answered.arp", note, "ARP requests turned into the reply")                    \
    X(answered_nd, "answered.nd", note, "neighbour solicitations turned into the advertisement")   \
    X(answered_echo, "answered.echo", note, "echo requests to a router turned into the reply")     \
    X(answered_icmp, "answered.icmp", note, "packets that a router answered with an error")        \
    X(answered_dhcp, "answered.dhcp", note, "DHCP messages answered for the NIC that sent them")   \
    X(answered_dhcp6, "answered.dhcp6", note, "the same of DHCPv6")                                \
    X(answered_ra, "answered.ra", note, "router solicitations answered by an advertisement")       \
    X(dhcp_conflict, "dhcp.conflict", note, "DECLINE: a client found its address in use")          \
    X(tunnel_ecn_anomaly, "tunnel.ecn_anomaly", note, "ECN pair that RFC 6040 calls unused")       \
    X(limited_bandwidth_in, "limited.bandwidth_in", note, "limit.bandwidth_in of frames to it")    \
    X(limited_slow_path, "limited.slow_path", note, "dropped elsewhere as too much for this port") \
    X(uplink_to_host, "uplink.to_host", note, "not VXLAN for us: given to the host's kernel")      \
    X(parse_too_short, "parse.too_short", drop, "less than the 14 bytes of an Ethernet header")    \
    X(parse_truncated_vlan, "parse.truncated_vlan", drop, "ends inside a VLAN tag")                \
    X(parse_truncated_llc, "parse.truncated_llc", drop,                                            \
      "802.3 frame that ends inside LLC or SNAP")                                                  \
    X(parse_snap_ip, "parse.snap_ip", drop, "IP, ARP or a VLAN tag inside SNAP (RFC 1042)")        \
    X(parse_truncated_ip4, "parse.truncated_ip4", drop, "ends before the IPv4 packet does")        \
    X(parse_ip4_version, "parse.ip4_version", drop, "ethertype IPv4, version another")             \
    X(parse_ip4_ihl, "parse.ip4_ihl", drop, "IPv4 header length under 20")                         \
    X(parse_ip4_length, "parse.ip4_length", drop, "IPv4 total length under its header's")          \
    X(parse_ip4_ttl, "parse.ip4_ttl", drop, "TTL 0")                                               \
    X(parse_ip4_checksum, "parse.ip4_checksum", drop, "wrong IPv4 header checksum")                \
    X(parse_truncated_ip6, "parse.truncated_ip6", drop, "ends before the IPv6 packet does")        \
    X(parse_ip6_version, "parse.ip6_version", drop, "ethertype IPv6, version another")             \
    X(parse_ip6_ext_chain, "parse.ip6_ext_chain", drop, "more than 8 IPv6 extension headers")      \
    X(parse_ip6_ext, "parse.ip6_ext", drop, "IPv6 extension header runs past its packet")          \
    X(parse_ip6_ext_order, "parse.ip6_ext_order", drop, "hop-by-hop options elsewhere than first") \
    X(parse_ip6_ext_route, "parse.ip6_ext_route", drop, "IPv6 source route (RFC 5095)")            \
    X(parse_ip_option, "parse.ip_option", drop, "IPv4 option without length, or past the header")  \
    X(parse_truncated_l4, "parse.truncated_l4", drop, "no room for the TCP, UDP or ICMP header")   \
    X(admit_unbound, "admit.unbound", drop, "no iface-id, and its bridge forwards nothing")        \
    X(admit_not_ready, "admit.not_ready", drop, "the port's segment is not complete here yet")     \
    X(admit_dead_vlan, "admit.dead_vlan", drop, "the port's tag or trunks let nothing pass")       \
    X(admit_vlan, "admit.vlan", drop, "VLAN tag, not VLAN-transparent; or no VLAN of the port")    \
    X(admit_src_mac, "admit.src_mac", drop, "source MAC is not the port's")                        \
    X(admit_src_ip, "admit.src_ip", drop, "source address is not the port's")                      \
    X(admit_ip_option, "admit.ip_option", drop, "IPv4 source route")                               \
    X(admit_bad_offload, "admit.bad_offload", drop,                                                \
      "large frame, or checksum left to us, that makes no sense")                                  \
    X(admit_oversize, "admit.oversize", drop, "larger than the segment's MTU")                     \
    X(l2_reserved, "l2.reserved", drop, "to a link's own group address (STP, LLDP, LACP, PTP...)") \
    X(arp_truncated, "arp.truncated", drop, "ends inside the ARP packet")                          \
    X(arp_malformed, "arp.malformed", drop, "not ARP for IPv4 over Ethernet")                      \
    X(arp_operation, "arp.operation", drop, "neither request nor reply")                           \
    X(arp_sender_mac, "arp.sender_mac", drop, "sender's MAC is not the frame's source")            \
    X(arp_sender_ip, "arp.sender_ip", drop, "sender's address is not the port's")                  \
    X(virtual_not_allowed, "virtual.not_allowed", drop,                                            \
      "announces a virtual address, not allowed")                                                  \
    X(nd_truncated, "nd.truncated", drop, "ends inside the neighbour discovery message")           \
    X(nd_hop_limit, "nd.hop_limit", drop, "hop limit is not 255: it was routed")                   \
    X(nd_code, "nd.code", drop, "ICMPv6 code is not 0")                                            \
    X(nd_checksum, "nd.checksum", drop, "wrong ICMPv6 checksum")                                   \
    X(nd_option, "nd.option", drop, "option of length 0, or past the end")                         \
    X(nd_fragment, "nd.fragment", drop, "neighbour discovery in fragments (RFC 6980)")             \
    X(nd_source, "nd.source", drop, "probe (source ::) with a link address, or not to the group")  \
    X(nd_target, "nd.target", drop, "target is a group, or an address that is not the port's")     \
    X(nd_link_address, "nd.link_address", drop, "link address option is not the frame's source")   \
    X(nd_rogue_ra, "nd.rogue_ra", drop, "router advertisement from a NIC")                         \
    X(nd_redirect, "nd.redirect", drop, "redirect from a NIC")                                     \
    X(dhcp_rogue_server, "dhcp.rogue_server", drop, "DHCP server or relay message from a NIC")     \
    X(dhcp_rogue_server6, "dhcp.rogue_server6", drop, "DHCPv6 server or relay message from a NIC") \
    X(dhcp_fragment, "dhcp.fragment", drop, "DHCP or DHCPv6 in fragments")                         \
    X(dhcp_checksum, "dhcp.checksum", drop, "wrong UDP length or checksum of a DHCP message")      \
    X(dhcp_truncated, "dhcp.truncated", drop, "ends inside the fixed part of a DHCP message")      \
    X(dhcp_operation, "dhcp.operation", drop, "DHCP message that is no request (op)")              \
    X(dhcp_hardware, "dhcp.hardware", drop, "DHCP hardware type or length is not Ethernet")        \
    X(dhcp_hops, "dhcp.hops", drop, "DHCP message that passed more than 16 relays")                \
    X(dhcp_cookie, "dhcp.cookie", drop, "no magic cookie: BOOTP, or no DHCP at all")               \
    X(dhcp_option, "dhcp.option", drop, "DHCP option past the end, or of a wrong length")          \
    X(dhcp_overload, "dhcp.overload", drop, "DHCP option overload that makes no sense")            \
    X(dhcp_message_type, "dhcp.message_type", drop,                                                \
      "DHCP message type missing, or not a client's")                                              \
    X(dhcp_sender, "dhcp.sender", drop, "DHCP for another MAC (chaddr) than the port's")           \
    X(dhcp_relay, "dhcp.relay", drop, "by a DHCP relay, and the port is no trusted one")           \
    X(dhcp_request, "dhcp.request", drop, "DHCP REQUEST or DECLINE that names no address")         \
    X(dhcp_not_ours, "dhcp.not_ours", drop, "to another DHCP or DHCPv6 server")                    \
    X(dhcp_declined, "dhcp.declined", drop, "asks for the address that it has declined")           \
    X(dhcp6_truncated, "dhcp6.truncated", drop, "ends inside the head of a DHCPv6 message")        \
    X(dhcp6_message_type, "dhcp6.message_type", drop, "DHCPv6 message type that no client sends")  \
    X(dhcp6_option, "dhcp6.option", drop, "DHCPv6 option cut off, too short, or out of place")     \
    X(dhcp6_client_id, "dhcp6.client_id", drop, "DHCPv6 client without a proper DUID")             \
    X(dhcp6_unicast, "dhcp6.unicast", drop, "DHCPv6 that may not be sent to one server")           \
    X(bridge_unknown_unicast, "bridge.unknown_unicast", drop, "MAC that nobody has, policy drop")  \
    X(bridge_not_bound, "bridge.not_bound", drop, "the MAC's logical port is on no host")          \
    X(bridge_not_here, "bridge.not_here", drop, "came by tunnel for a MAC of another host")        \
    X(bridge_same_port, "bridge.same_port", drop, "the receiver is the sender's own port")         \
    X(bridge_dead_vlan, "bridge.dead_vlan", drop, "the receiver's tag or trunks let nothing pass") \
    X(bridge_no_receiver, "bridge.no_receiver", drop, "a flood that nobody else would get")        \
    X(tunnel_outer_options, "tunnel.outer_options", drop, "outer IP header has options")           \
    X(tunnel_outer_checksum, "tunnel.outer_checksum", drop, "wrong outer IPv4 header checksum")    \
    X(tunnel_outer_ttl, "tunnel.outer_ttl", drop, "outer TTL 0 or 1")                              \
    X(tunnel_outer_fragment, "tunnel.outer_fragment", drop, "outer fragment (RFC 7348, 4.3)")      \
    X(tunnel_outer_length, "tunnel.outer_length", drop, "frame, IP and UDP lengths disagree")      \
    X(tunnel_outer_udp_checksum, "tunnel.outer_udp_checksum", drop, "UDP checksum wrong, or none") \
    X(tunnel_flags, "tunnel.flags", drop, "VXLAN header without the VNI flag")                     \
    X(tunnel_self, "tunnel.self", drop, "from an address of this host: a loop")                    \
    X(tunnel_unknown_vtep, "tunnel.unknown_vtep", drop, "from an address that is no host's")       \
    X(tunnel_unknown_vni, "tunnel.unknown_vni", drop, "VNI of no segment that is here")            \
    X(tunnel_truncated, "tunnel.truncated", drop, "inner frame of less than 14 bytes")             \
    X(tunnel_vlan, "tunnel.vlan", drop, "inner VLAN tag, segment not VLAN-transparent")            \
    X(tunnel_src_mac, "tunnel.src_mac", drop, "inner source MAC is a group's or zero")             \
    X(tunnel_mac_spoof, "tunnel.mac_spoof", drop, "inner source MAC is not one of this VTEP")      \
    X(tunnel_ecn, "tunnel.ecn", drop, "outer congestion mark, inner not capable (RFC 6040)")       \
    X(tunnel_oversize, "tunnel.oversize", drop, "inner frame larger than the segment's MTU")       \
    X(tunnel_no_neighbour, "tunnel.no_neighbour", drop, "no route or neighbour to the VTEP yet")   \
    X(tunnel_too_big, "tunnel.too_big", drop, "with its outer headers over the underlay's MTU")    \
    X(uplink_no_shadow, "uplink.no_shadow", drop, "not VXLAN for us, and no tap to give it to")    \
    X(shadow_no_uplink, "shadow.no_uplink", drop, "from the tap of an uplink that is not there")   \
    X(fw_denied, "fw.denied", drop, "a firewall on the way denies it")                             \
    X(fw_cut, "fw.cut", drop, "its connection was allowed, and is no longer")                      \
    X(fw_rejected, "fw.rejected", drop, "a firewall on the way rejects it, and says so")           \
    X(fw_no_policy, "fw.no_policy", drop, "no rule speaks of it, or a policy or group is unknown") \
    X(fw_tcp_invalid, "fw.tcp_invalid", drop, "TCP flags that belong to no connection")            \
    X(fw_tcp_window, "fw.tcp_window", drop, "TCP outside of what the other end expects")           \
    X(fw_no_connection, "fw.no_connection", drop, "TCP that begins no connection, and is of none") \
    X(fw_invalid_l4, "fw.invalid_l4", drop, "lengths of TCP or UDP contradict the packet")         \
    X(quota_connections, "quota.connections", drop, "the port has all that it may")                \
    X(quota_table, "quota.table", system, "the worker has all the connections that it may")        \
    X(quota_half_open, "quota.half_open", drop, "the port has all the half-open ones that it may") \
    X(route_no_route, "route.no_route", drop, "the router has no route to the destination")        \
    X(route_not_held, "route.not_held", drop, "from outside, and the router does not hold it")     \
    X(route_not_ip, "route.not_ip", drop, "to or from a router, and not IP")                       \
    X(route_no_neighbour, "route.no_neighbour", drop, "nobody has the next address")               \
    X(route_shadowed, "route.shadowed", drop, "the other end has the address of a NIC inside")     \
    X(route_unknown_source, "route.unknown_source", drop, "no row says that the source is there")  \
    X(route_too_many_routers, "route.too_many_routers", drop, "more than 8 on this host")          \
    X(route_ttl, "route.ttl", drop, "TTL ends at a router")                                        \
    X(route_too_big, "route.too_big", drop, "larger than the MTU of a segment on the way")         \
    X(route_unreachable, "route.unreachable", drop, "to a router, and nothing there takes it")     \
    X(nat_icmp_no_match, "nat.icmp_no_match", drop, "ICMP error that quotes no live connection")   \
    X(nat_icmp_checksum, "nat.icmp_checksum", drop, "ICMP error with a wrong checksum")            \
    X(icmp_redirect, "icmp.redirect", drop, "ICMP redirect, which no router here carries")         \
    X(frag_overflow, "frag.overflow", drop, "fragment that ends beyond 65,535 bytes")              \
    X(frag_overlap, "frag.overlap", drop, "of a datagram whose fragments contradict each other")   \
    X(frag_timeout, "frag.timeout", drop, "fragment whose first one never came")                   \
    X(frag_quota, "frag.quota", drop, "fragment over what the port may have under way")            \
    X(frag_tiny, "frag.tiny", drop, "fragment of a size that no sender makes")                     \
    X(limit_icmp, "limit.icmp", drop, "a router answers no more often")                            \
    X(limit_dhcp, "limit.dhcp", drop, "the port asks DHCP or for routers more often than it may")  \
    X(limit_broadcast, "limit.broadcast", drop, "the port floods more than its limit")             \
    X(limit_bandwidth_in, "limit.bandwidth_in", drop, "the port gets more bytes than its limit")   \
    X(limit_bandwidth_out, "limit.bandwidth_out", drop, "the port sends more than its limit")      \
    X(limit_packets_out, "limit.packets_out", drop, "the port sends more packets than its limit")  \
    X(limit_slow_path, "limit.slow_path", drop, "the port begins more than its limit")             \
    X(tunnel_no_headroom, "tunnel.no_headroom", system, "no room in the buffer for the headers")   \
    X(bridge_no_buffer, "bridge.no_buffer", system, "no buffer for a copy")                        \
    X(tx_no_port, "tx.no_port", system, "the port to transmit on is being closed")                 \
    X(tx_full, "tx.full", system, "the port's transmit queue is full")                             \
    X(tx_handover_full, "tx.handover_full", system, "the ring to the port's worker is full")

enum class Verdict : uint8_t {
#define RINGFENCE_VERDICT(name, text, kind, meaning) name,
    RINGFENCE_VERDICTS(RINGFENCE_VERDICT)
#undef RINGFENCE_VERDICT
};

inline constexpr size_t verdict_count = 0
#define RINGFENCE_VERDICT(name, text, kind, meaning) +1
    RINGFENCE_VERDICTS(RINGFENCE_VERDICT)
#undef RINGFENCE_VERDICT
    ;
static_assert(verdict_count <= 256);

struct VerdictInfo {
    std::string_view name; // "admit.src_mac": the counter's, the trace's, the docs'
    VerdictKind kind;
    std::string_view meaning;
};

// Indexed by the verdict's number.
inline constexpr std::array<VerdictInfo, verdict_count> verdict_infos = {{
#define RINGFENCE_VERDICT(name, text, kind, meaning) {text, VerdictKind::kind, meaning},
    RINGFENCE_VERDICTS(RINGFENCE_VERDICT)
#undef RINGFENCE_VERDICT
}};

constexpr const VerdictInfo& info(Verdict verdict) {
    return verdict_infos[static_cast<size_t>(verdict)];
}
constexpr std::string_view to_string(Verdict verdict) { return info(verdict).name; }
constexpr bool is_drop(Verdict verdict) {
    return info(verdict).kind == VerdictKind::drop || info(verdict).kind == VerdictKind::system;
}

const char* name_of(VerdictKind kind);
std::optional<Verdict> verdict_from(std::string_view name); // by counter's name

} // namespace ringfence
