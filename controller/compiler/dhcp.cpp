#include "controller/compiler/dhcp.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "controller/model/dhcp.h"
#include "controller/model/edges.h"
#include "controller/model/texts.h"
#include "core/wire/neighbour.h"

namespace ringfence::compiler {
namespace {

using Options = std::map<std::string, std::string>;
using model::Uuid;

constexpr const char* managed = "managed";
constexpr int64_t shortest_lifetime = 120; // seconds, of what an advertisement says

enum class Family { v4, v6 };
constexpr const char* name_of(Family family) { return family == Family::v4 ? "ipv4" : "ipv6"; }
bool is_of(Family family, const IpAddr& address) {
    return address.is_v4() == (family == Family::v4);
}

// What is answered to one NIC.
struct Lease {
    const northbound::Nic& nic;
    const southbound::LogicalPort& port;
    Uuid network;     // whose DHCP it is
    Options settings; // the tenant's
};

// Those of DHCPv4 that go into the row as they were given.
bool is_passed_on(const std::string& name) {
    static constexpr std::string_view all[] = {
        "domain-name", "domain-search", "lease-time",  "renewal-time", "rebinding-time",
        "mtu",         "routes",        "boot-server", "tftp-server",  "boot-file"};
    return name.starts_with("option-") || std::ranges::find(all, name) != std::end(all);
}

std::string setting(const Lease& lease, const char* name) {
    const auto found = lease.settings.find(name);
    return found == lease.settings.end() ? "" : found->second;
}

void set(Options& options, const char* name, std::string value) {
    if (!value.empty())
        options[name] = std::move(value);
}

// A number, which the check has found sound.
void set_at_least(Options& options, const char* name, const std::string& value, int64_t least) {
    if (!value.empty())
        options[name] = std::to_string(std::max<int64_t>(std::stoll(value), least));
}

// Of a list of addresses those of the family.
std::string only(Family family, const std::string& list) {
    std::vector<std::string> parts;
    for (const auto part : model::list_of(list))
        if (const auto address = IpAddr::from(part); address && is_of(family, *address))
            parts.push_back(to_string(*address));
    return fmt::format("{}", fmt::join(parts, ","));
}

// The lowest that it has.
std::optional<IpAddr> address_of(const northbound::Nic& nic, Family family) {
    std::optional<IpAddr> lowest;
    for (const auto& text : nic.addresses)
        if (const auto address = IpAddr::from(text);
            address && is_of(family, *address) && (!lowest || *address < *lowest))
            lowest = *address;
    return lowest;
}

// Where the address lies; of a NIC without one the first subnet.
const IpPrefix* subnet_for(const model::Addressing& addressing, Family family,
                           const std::optional<IpAddr>& address) {
    const IpPrefix* its = address ? addressing.subnet_of(*address) : nullptr;
    if (its || address)
        return its;
    const auto first = std::ranges::find_if(addressing.subnets, [&](const IpPrefix& subnet) {
        return is_of(family, subnet.address());
    });
    return first == addressing.subnets.end() ? nullptr : &*first;
}

// The NIC's own, else its VM's where that is one (RFC 2132, 3.14).
std::string hostname_of(const Unit& unit, const northbound::Nic& nic) {
    if (const auto own = nic.options.find("hostname"); own != nic.options.end())
        return own->second;
    const auto* vm = unit.rows().virtual_machine.find(nic.virtual_machine);
    return vm && model::is_domain_name(vm->name) ? vm->name : "";
}

Options options_v4(const Unit& unit, const Lease& lease, const std::optional<IpAddr>& router) {
    Options options;
    for (const auto& [name, value] : lease.settings)
        if (is_passed_on(name))
            options[name] = value;
    const std::string given = setting(lease, "router");
    if (given.empty() && router)
        options["router"] = to_string(*router);
    else if (given != "none")
        set(options, "router", given);
    set(options, "dns-servers", only(Family::v4, setting(lease, "dns-servers")));
    set(options, "ntp-servers", only(Family::v4, setting(lease, "ntp-servers")));
    set(options, "hostname", hostname_of(unit, lease.nic));
    return options;
}

Options options_v6(const Lease& lease, const std::optional<IpAddr>& router) {
    Options options;
    const std::string mode = setting(lease, "ipv6-mode");
    options["mode"] = mode.empty() ? managed : mode;
    options["router"] = router ? "yes" : "no";
    set(options, "dns-servers", only(Family::v6, setting(lease, "dns-servers")));
    set(options, "ntp-servers", only(Family::v6, setting(lease, "ntp-servers")));
    const std::string search = setting(lease, "domain-search");
    set(options, "domain-search", search.empty() ? setting(lease, "domain-name") : search);
    set_at_least(options, "lifetime", setting(lease, "lease-time"), shortest_lifetime);
    set_at_least(options, "mtu", setting(lease, "mtu"), model::least_v6_mtu);
    return options;
}

// A NIC whose IPv6 address is its own making, so that it is told the prefix and options alone.
bool makes_its_own(const Lease& lease, Family family) {
    const std::string mode = setting(lease, "ipv6-mode");
    return family == Family::v6 && !mode.empty() && mode != managed;
}

Note no_server_note(const Unit& unit, const Lease& lease, const IpPrefix& subnet) {
    const std::string network = model::network_path(unit.rows(), lease.network);
    return Note{fmt::format("{}: DHCP has no address of its own in {} of {}; network-ctl dhcp "
                            "enable gives it one, and so does a gateway",
                            lease.port.intent, to_string(subnet), network)};
}

void put_row(Unit& unit, const Lease& lease, const model::Addressing& addressing, Family family) {
    const auto address = address_of(lease.nic, family);
    const IpPrefix* subnet = subnet_for(addressing, family, address);
    if (!subnet || (!address && !makes_its_own(lease, family)))
        return;
    const auto server = model::dhcp_server_of(unit.model(), lease.network, *subnet);
    const bool v4 = family == Family::v4;
    if (v4 && !server.address)
        return unit.note(lease.nic, no_server_note(unit, lease, *subnet));
    southbound::Dhcp row;
    row.uuid = Uuid::named(fmt::format("dhcp/{}/{}", to_string(lease.nic.uuid), name_of(family)));
    row.domain = lease.port.domain;
    row.port = lease.port.name;
    row.family = name_of(family);
    if (address)
        row.address = to_string(*address);
    row.server_mac = to_string(server.mac);
    row.server_address = v4 ? to_string(*server.address) : to_string(eui64_link_local(server.mac));
    row.options = v4 ? options_v4(unit, lease, server.router) : options_v6(lease, server.router);
    row.options["subnet"] = to_string(*subnet);
    row.intent = lease.port.intent;
    unit.put(std::move(row));
}

} // namespace

void compile_dhcp(Unit& unit, const northbound::Nic& nic, const southbound::LogicalPort& port) {
    const auto* row = model::dhcp_options_of(unit.model(), port.segment);
    if (row && (!row->enabled || unit.found().refused.first(row->uuid)))
        return;
    const Lease lease{nic, port, port.segment, row ? row->options : Options()};
    const auto addressing = model::addressing_of(unit.model(), lease.network);
    for (const Family family : {Family::v4, Family::v6})
        put_row(unit, lease, addressing, family);
}

} // namespace ringfence::compiler
