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
    default:
        text = "nowhere";
    }
    return place.learned() ? text + " learned" : text;
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
    for (Ipv4Addr address : port.vtep_addresses)
        line += " vtep " + to_string(address);
    if (port.peer)
        line += fmt::format(" peer {}", port.peer->value());
    if (port.dead_vlan)
        line += " dead";
    return line + "\n";
}

std::string line_of(const NextHop& hop) {
    const NextHopSettings& settings = hop.settings();
    std::string line = fmt::format("hop {} {}", hop.id().value(), settings.host);
    for (Ipv4Addr address : settings.addresses)
        line += " " + to_string(address);
    if (settings.path)
        line += fmt::format(" by port {} from {} to {}, mtu {}", settings.path->uplink.value(),
                            to_string(settings.path->source),
                            to_string(settings.path->destination_mac), settings.path->mtu);
    else
        line += " unresolved";
    return line + "\n";
}

std::string lines_of(const Segment& segment) {
    std::string head = fmt::format("segment {}", segment.id().value());
    std::string text = fmt::format("{} vni {} mtu {}{}{}\n", head, segment.settings().vni.value(),
                                   segment.mtu(), segment.settings().flood_unknown ? "" : " drop",
                                   segment.settings().vlan_transparent ? " transparent" : "");
    std::vector<std::string> lines;
    segment.macs().for_each([&](MacAddr mac, uint16_t bits) {
        lines.push_back(fmt::format("{} {} at {}\n", head, to_string(mac),
                                    to_text(Destination::from_bits(bits))));
    });
    segment.neighbours().for_each([&](const IpAddr& address, MacAddr mac) {
        lines.push_back(fmt::format("{} {} is {}\n", head, to_string(address), to_string(mac)));
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

} // namespace

std::string dump(const Fabric& fabric) {
    std::string text;
    fabric.for_each_port([&](const LocalPort& port) { text += line_of(port); });
    fabric.for_each_next_hop([&](const NextHop& hop) { text += line_of(hop); });
    fabric.for_each_segment([&](const Segment& segment) { text += lines_of(segment); });
    return text;
}

} // namespace ringfence::agent
