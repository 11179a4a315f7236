#include <algorithm>

#include "dataplane/agent/builder/builder.h"

namespace ringfence::agent {

namespace {

const char* to_text(PortKind kind) {
    switch (kind) {
    case PortKind::unbound:
        return "unbound";
    case PortKind::nic:
        return "nic";
    case PortKind::bridged:
        return "bridged";
    case PortKind::uplink:
        return "uplink";
    case PortKind::shadow:
        return "shadow";
    }
    return "";
}

std::string to_text(Destination place) {
    std::string text;
    switch (place.kind()) {
    case Destination::Kind::local:
        text = fmt::format("port {}", place.port().value());
        break;
    case Destination::Kind::vtep:
        text = fmt::format("hop {}", place.next_hop().value());
        break;
    case Destination::Kind::router:
        text = "router";
        break;
    default:
        text = "nowhere";
    }
    return place.learned() ? text + " learned" : text;
}

std::string to_text(const std::vector<PolicyId>& policies) {
    std::string text;
    for (PolicyId policy : policies)
        text += fmt::format(" policy {}", policy.value());
    return text;
}

// Those that are not every port's.
std::string to_text(const PortLimits& limits) {
    const PortLimits usual;
    std::string text;
    auto add = [&](const char* name, const std::optional<Rate>& rate) {
        if (rate)
            text += fmt::format(" {} {} burst {}", name, rate->units, rate->burst);
    };
    add("bytes-in", limits.bandwidth_in);
    add("bytes-out", limits.bandwidth_out);
    add("packets-out", limits.packets_out);
    if (!(limits.broadcast == usual.broadcast))
        add("broadcast", limits.broadcast);
    if (!(limits.slow_path == usual.slow_path))
        add("slow-path", limits.slow_path);
    if (limits.connections)
        text += fmt::format(" connections {}", limits.connections);
    return text;
}

std::string line_of(const LocalPort& port) {
    std::string line = fmt::format("port {} {} {}", port.id.value(), port.name, to_text(port.kind));
    if (port.kind == PortKind::nic)
        line += " " + to_string(port.mac);
    if (port.segment)
        line += fmt::format(" in segment {}", port.segment->value());
    for (Ipv4Addr address : port.ip4)
        line += " " + to_string(address);
    for (const Ipv6Addr& address : port.ip6)
        line += " " + to_string(address);
    for (const AllowedAddress& one : port.virtual_addresses)
        line += fmt::format(" {} {} by {}", one.held ? "has" : "may have", to_string(one.address),
                            to_string(one.mac));
    for (Ipv4Addr address : port.vtep_ip4)
        line += " vtep " + to_string(address);
    for (const Ipv6Addr& address : port.vtep_ip6)
        line += " vtep " + to_string(address);
    if (port.peer)
        line += fmt::format(" peer {}", port.peer->value());
    line += to_text(port.policies);
    if (port.dhcp4)
        line += fmt::format(" dhcp {} by {}", to_string(port.dhcp4->address),
                            to_string(port.dhcp4->server));
    if (port.dhcp6)
        line += fmt::format(" advertised {}/{} by {}", to_string(port.dhcp6->prefix),
                            port.dhcp6->prefix_length, to_string(port.dhcp6->server));
    if (port.trusted_relay)
        line += " relay";
    if (port.dhcp_server)
        line += " server";
    if (port.dead_vlan)
        line += " dead";
    if (port.is_elsewhere)
        line += " elsewhere";
    if (port.picks_up)
        line += " picks up";
    line += to_text(port.limits);
    return line + "\n";
}

std::string line_of(const NextHop& hop) {
    const NextHopSettings& settings = hop.settings();
    std::string line = fmt::format("hop {} {}", hop.id().value(), settings.host);
    for (const IpAddr& address : settings.addresses)
        line += " " + to_string(address);
    for (const UnderlayPath& path : settings.paths)
        line += fmt::format(" by port {} from {} to {}, mtu {}", path.uplink.value(),
                            to_string(path.source), to_string(path.destination_mac), path.mtu);
    if (settings.paths.empty())
        line += " unresolved";
    return line + "\n";
}

std::string lines_of(const Segment& segment) {
    std::string head = fmt::format("segment {}", segment.id().value());
    const SegmentSettings& settings = segment.settings();
    std::string text =
        fmt::format("{} {} mtu {}{}{}\n", head,
                    settings.vni ? fmt::format("vni {}", settings.vni->value()) : settings.intent,
                    segment.mtu(), settings.flood_unknown ? "" : " drop",
                    settings.vlan_transparent ? " transparent" : "");
    std::vector<std::string> lines;
    segment.macs().for_each([&](MacAddr mac, uint16_t bits) {
        lines.push_back(fmt::format("{} {} at {}\n", head, to_string(mac),
                                    to_text(Destination::from_bits(bits))));
    });
    segment.neighbours().for_each([&](const IpAddr& address, MacAddr mac) {
        lines.push_back(fmt::format("{} {} is {}\n", head, to_string(address), to_string(mac)));
    });
    static const Segment::VirtualAddresses none;
    const auto* all = segment.virtual_addresses();
    for (const auto& [address, shared] : all ? *all : none)
        lines.push_back(
            fmt::format("{} {} virtual, {}\n", head, to_string(address),
                        shared.holder ? "of " + to_string(shared.holder->nic) : "nobody's"));
    segment.held().for_each([&](const IpAddr& outside, const Held& held) {
        lines.push_back(fmt::format("{} {} held by router {} for {} at {}\n", head,
                                    to_string(outside), held.router.value(), to_string(held.inside),
                                    to_text(held.owner)));
    });
    for (PortId port : segment.flood_ports())
        lines.push_back(fmt::format("{} floods port {}\n", head, port.value()));
    for (NextHopId hop : segment.flood_vteps())
        lines.push_back(fmt::format("{} floods hop {}{}\n", head, hop.value(),
                                    segment.is_trusted(hop) ? " trusted" : ""));
    std::ranges::sort(lines);
    for (const std::string& line : lines)
        text += line;
    return text;
}

std::string line_of(const Policy& policy) {
    std::string head = fmt::format("policy {}", policy.id().value()), text;
    for (const Rule& rule : policy.rules())
        text += fmt::format("{} {} {} {} {}{} {}\n", head, to_string(rule.direction), rule.priority,
                            to_string(rule.action), to_string(*rule.match), rule.log ? " log" : "",
                            rule.intent);
    return text;
}

std::string lines_of(const AddressGroups& groups) {
    std::string text;
    for (const AddressGroup& group : groups.groups()) {
        text += fmt::format("domain {} group {}", groups.domain().value(), group.id.value());
        for (const IpPrefix& prefix : group.prefixes)
            text += " " + to_string(prefix);
        text += "\n";
    }
    return text;
}

std::string lines_of(const Router& router) {
    std::string head = fmt::format("router {}", router.id().value());
    std::string text =
        fmt::format("{} {}{}", head, router.is_fence() ? "fence " : "",
                    router.translation() == Translation::one_to_one ? "one-to-one" : "none");
    for (const IpAddr& own : router.settings().outside_addresses)
        text += " own " + to_string(own);
    text += " " + router.settings().intent + "\n";
    for (size_t i = 0; i < router.interfaces().size(); ++i) {
        const RouterInterface& interface = router.interfaces()[i];
        text += fmt::format("{} interface {} {} segment {} {}", head, i,
                            interface.outside ? "outside" : "inside", interface.segment.value(),
                            to_string(interface.mac));
        for (const InterfaceAddress& own : interface.addresses)
            text += fmt::format(" {}/{}", to_string(own.address), own.length);
        text += to_text(interface.policies) + "\n";
    }
    router.for_each_route([&](const Route& route) {
        text += fmt::format("{} route {} by {}", head, to_string(route.prefix), route.interface);
        text += route.next_hop ? " next " + to_string(*route.next_hop) + "\n" : "\n";
    });
    return text;
}

} // namespace

std::string dump(const Fabric& fabric) {
    std::string text;
    fabric.for_each_port([&](const LocalPort& port) { text += line_of(port); });
    fabric.for_each_next_hop([&](const NextHop& hop) { text += line_of(hop); });
    fabric.for_each_groups([&](const AddressGroups& groups) { text += lines_of(groups); });
    fabric.for_each_policy([&](const Policy& policy) { text += line_of(policy); });
    fabric.for_each_router([&](const Router& router) { text += lines_of(router); });
    fabric.for_each_segment([&](const Segment& segment) { text += lines_of(segment); });
    return text;
}

} // namespace ringfence::agent
