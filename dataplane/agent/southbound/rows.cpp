#include "dataplane/agent/southbound/rows.h"

#include <algorithm>

namespace ringfence::agent {

namespace {

Result<> add_address(NicEntry& nic, const std::string& text) {
    auto address = IpAddr::from(text);
    if (!address)
        return tl::unexpected(address.error());
    if (const Ipv4Addr* v4 = address->v4())
        nic.ip4.push_back(*v4);
    else
        nic.ip6.push_back(*address->v6());
    return {};
}

Result<> add_virtual_address(NicEntry& nic, const std::string& text, const std::string& mac_text) {
    auto address = IpAddr::from(text);
    if (!address)
        return tl::unexpected(address.error());
    auto mac = unicast_mac(mac_text);
    if (!mac)
        return tl::unexpected(mac.error());
    nic.virtual_addresses.emplace(*address, *mac);
    return {};
}

Result<PortSecurity> security_from(const std::string& text) {
    if (text == "strict")
        return PortSecurity::strict;
    if (text == "mac")
        return PortSecurity::mac;
    if (text == "trusted")
        return PortSecurity::trusted;
    return fail("port security \"{}\" is unknown", text);
}

Result<> refuse_what_is_not_built(const southbound::LogicalPort& row) {
    if (row.kind != "nic")
        return fail(ErrorKind::unsupported, "ports to the outside (uplink) are not built yet");
    return {};
}

// Options that are not known here are a later version's: they do not widen what the port may do.
bool is_yes(const southbound::LogicalPort& row, const char* option) {
    auto found = row.options.find(option);
    return found != row.options.end() && found->second == "yes";
}

} // namespace

Result<MacAddr> unicast_mac(const std::string& text) {
    auto mac = MacAddr::from(text);
    if (mac && (mac->is_group() || mac->is_zero()))
        return fail("MAC {} is not one device's", text);
    return mac;
}

Result<HostEntry> read_row(const southbound::Host& row) {
    HostEntry host;
    host.name = row.name;
    for (const std::string& text : row.vtep_addresses) {
        auto address = IpAddr::from(text);
        if (!address || !is_host_address(*address))
            return fail("VTEP address \"{}\" is not an address of a host", text);
        host.vtep_addresses.push_back(*address);
    }
    return host;
}

Result<SegmentSettings> read_row(const southbound::Segment& row) {
    auto vni = Vni::from(row.vni);
    if (!vni)
        return fail("VNI {} is outside 1 to {}", row.vni, Vni::max);
    if (row.mtu < 68 || row.mtu > 65535)
        return fail("MTU {} is outside 68 to 65535", row.mtu);
    if (row.kind != "tenant")
        return fail(ErrorKind::unsupported, "{} segments are not built yet", row.kind);
    SegmentSettings settings{.vni = *vni, .intent = row.intent};
    settings.mtu = static_cast<uint16_t>(row.mtu);
    settings.flood_unknown = row.unknown_unicast == "flood";
    settings.vlan_transparent = row.vlan_transparent;
    return settings;
}

Result<NicEntry> read_row(const southbound::LogicalPort& row) {
    if (auto built = refuse_what_is_not_built(row); !built)
        return tl::unexpected(built.error());
    NicEntry nic;
    nic.name = row.name;
    nic.domain = row.domain;
    nic.segment = row.segment;
    auto mac = unicast_mac(row.mac);
    if (!mac)
        return tl::unexpected(mac.error());
    nic.mac = *mac;
    for (const std::string& text : row.addresses)
        if (auto added = add_address(nic, text); !added)
            return tl::unexpected(added.error());
    for (const auto& [address, its_mac] : row.virtual_addresses)
        if (auto added = add_virtual_address(nic, address, its_mac); !added)
            return tl::unexpected(added.error());
    nic.host = row.host;
    nic.candidate = row.candidate;
    auto security = security_from(row.port_security);
    if (!security)
        return tl::unexpected(security.error());
    nic.security = *security;
    auto limits = limits_from(row.limits);
    if (!limits)
        return tl::unexpected(limits.error());
    nic.limits = *limits;
    nic.policies.assign(row.policies.begin(), row.policies.end());
    nic.trusted_relay = is_yes(row, "trusted-relay");
    nic.dhcp_server = is_yes(row, "dhcp-server");
    nic.intent = row.intent;
    return nic;
}

Result<VirtualEntry> read_row(const southbound::VirtualAddress& row) {
    auto address = IpAddr::from(row.address);
    if (!address)
        return tl::unexpected(address.error());
    return VirtualEntry{row.segment, *address, row.port, row.number};
}

Result<LearnedEntry> read_row(const southbound::LearnedMac& row) {
    auto mac = unicast_mac(row.mac);
    if (!mac)
        return tl::unexpected(mac.error());
    return LearnedEntry{row.segment, *mac, row.host, row.port, false};
}

ovsdb::Uuid uuid_of(const LearnedEntry& learned) {
    return ovsdb::Uuid::named(fmt::format("Learned_Mac {} {}", ovsdb::to_string(learned.segment),
                                          to_string(learned.mac)));
}

std::string name_of(const southbound::Host& row) { return "host " + row.name; }
std::string name_of(const southbound::Segment& row) {
    return fmt::format("segment {}", row.intent.empty() ? ovsdb::to_string(row.uuid) : row.intent);
}
std::string name_of(const southbound::LogicalPort& row) { return "port " + row.name; }
std::string name_of(const southbound::VirtualAddress& row) {
    return fmt::format("virtual address {} of {}", row.address, row.intent);
}
std::string name_of(const southbound::LearnedMac& row) {
    return fmt::format("learned MAC {} of {}", row.mac, row.host);
}

} // namespace ringfence::agent
