#include "dataplane/agent/show/dhcp.h"

namespace ringfence::agent {

namespace {

const char* to_text(Dhcp6Binding::Mode mode) {
    switch (mode) {
    case Dhcp6Binding::Mode::managed:
        return "managed";
    case Dhcp6Binding::Mode::stateless:
        return "stateless";
    case Dhcp6Binding::Mode::slaac:
        return "slaac";
    }
    return "";
}

std::string line_of(const Dhcp4Binding& binding, bool declined) {
    return fmt::format("  ipv4 {} by {} {}, for {} s{}\n", to_string(binding.address),
                       to_string(binding.server), to_string(binding.server_mac), binding.lease_time,
                       declined ? ", declined by its client" : "");
}

std::string line_of(const Dhcp6Binding& binding, bool declined) {
    std::string address = binding.address ? " " + to_string(*binding.address) : "";
    return fmt::format("  ipv6 {}{} of {}/{} by {} {}, for {} s{}\n", to_text(binding.mode),
                       address, to_string(binding.prefix), binding.prefix_length,
                       to_string(binding.server), to_string(binding.server_mac), binding.lifetime,
                       declined ? ", declined by its client" : "");
}

std::string lines_of(const LocalPort& port) {
    std::string text =
        port.name + (port.intent.empty() ? "" : fmt::format(" ({})", port.intent)) + "\n";
    if (port.dhcp4)
        text += line_of(*port.dhcp4, port.declined4);
    if (port.dhcp6)
        text += line_of(*port.dhcp6, port.declined6);
    return text;
}

} // namespace

std::string show_dhcp(const Fabric& fabric, std::optional<PortId> only) {
    std::string text;
    fabric.for_each_port([&](const LocalPort& port) {
        if ((port.dhcp4 || port.dhcp6) && (!only || *only == port.id))
            text += lines_of(port);
    });
    return text.empty() ? "nobody is told anything by DHCP\n" : text;
}

} // namespace ringfence::agent
