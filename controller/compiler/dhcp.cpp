#include "controller/compiler/dhcp.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "controller/model/check.h"
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

Options options_v6(const Lease& lease, const std::string& mode, bool has_router) {
    Options options;
    options["mode"] = mode;
    options["router"] = has_router ? "yes" : "no";
    set(options, "dns-servers", only(Family::v6, setting(lease, "dns-servers")));
    set(options, "ntp-servers", only(Family::v6, setting(lease, "ntp-servers")));
    const std::string search = setting(lease, "domain-search");
    set(options, "domain-search", search.empty() ? setting(lease, "domain-name") : search);
    set_at_least(options, "lifetime", setting(lease, "lease-time"), shortest_lifetime);
    set_at_least(options, "mtu", setting(lease, "mtu"), model::least_v6_mtu);
    return options;
}

// What a client makes of the prefix and its MAC (RFC 4862, 5.5.3; RFC 4291, 2.5.1).
IpAddr made_of(const IpPrefix& subnet, const std::string& mac) {
    Ipv6Addr address = eui64_link_local(MacAddr::from(mac).value_or(MacAddr()));
    std::copy_n(subnet.address().v6()->bytes.begin(), 8, address.bytes.begin());
    return address;
}

// Clients make addresses of their own where the network says so, and the port lets them pass.
bool may_make_its_own(const southbound::LogicalPort& port, const IpPrefix& subnet) {
    return port.port_security != "strict" ||
           port.addresses.contains(to_string(made_of(subnet, port.mac)));
}

Note no_server_note(const Unit& unit, const Lease& lease, const IpPrefix& subnet) {
    const std::string network = model::network_path(unit.rows(), lease.port.segment);
    return Note{fmt::format("{}: DHCP has no address of its own in {} of {}; network-ctl dhcp set "
                            "--server-address gives it one, and so does a router",
                            lease.port.intent, to_string(subnet), network)};
}

Note strict_note(const Unit& unit, const Lease& lease, const std::string& mode) {
    const std::string network = model::network_path(unit.rows(), lease.port.segment);
    return Note{fmt::format("{}: ipv6-mode {} of {} lets it make an IPv6 address, which its port "
                            "security strict would not let pass; give it one, or port security mac",
                            lease.port.intent, mode, network)};
}

Note idle_server_note(const Unit& unit, const Lease& lease) {
    const std::string network = model::network_path(unit.rows(), lease.port.segment);
    return Note{fmt::format("{}: is marked as a DHCP server, and may be none while {} answers "
                            "itself; network-ctl dhcp disable lets it serve",
                            lease.port.intent, network)};
}

southbound::Dhcp make_row(const Lease& lease, Family family, const IpPrefix& subnet,
                          const std::optional<IpAddr>& address, Options options) {
    southbound::Dhcp row;
    row.uuid = Uuid::named(fmt::format("dhcp/{}/{}", to_string(lease.nic.uuid), name_of(family)));
    row.domain = lease.port.domain;
    row.port = lease.port.name;
    row.family = name_of(family);
    if (address)
        row.address = to_string(*address);
    row.options = std::move(options);
    row.options["subnet"] = to_string(subnet);
    row.intent = lease.port.intent;
    return row;
}

void put_v4(Unit& unit, const Lease& lease, const model::Addressing& addressing) {
    const auto address = address_of(lease.nic, Family::v4);
    const IpPrefix* subnet = address ? addressing.subnet_of(*address) : nullptr;
    if (!subnet)
        return;
    const auto server = model::dhcp_server_of(unit.model(), lease.port.segment, *subnet);
    if (!server.address)
        return unit.note(lease.nic, no_server_note(unit, lease, *subnet));
    auto row =
        make_row(lease, Family::v4, *subnet, address, options_v4(unit, lease, server.router));
    row.server_mac = to_string(server.mac);
    row.server_address = to_string(*server.address);
    unit.put(std::move(row));
}

void put_v6(Unit& unit, const Lease& lease, const model::Addressing& addressing) {
    const auto address = address_of(lease.nic, Family::v6);
    const IpPrefix* subnet = subnet_for(addressing, Family::v6, address);
    if (!subnet)
        return;
    std::string mode = setting(lease, "ipv6-mode");
    if (mode.empty() || !may_make_its_own(lease.port, *subnet)) {
        if (!address && !mode.empty() && mode != managed)
            unit.note(lease.nic, strict_note(unit, lease, mode));
        mode = managed;
    }
    if (!address && mode == managed)
        return;
    const auto server = model::dhcp_server_of(unit.model(), lease.port.segment, *subnet);
    auto row = make_row(lease, Family::v6, *subnet, address,
                        options_v6(lease, mode, server.router.has_value()));
    row.server_mac = to_string(server.mac);
    row.server_address = to_string(eui64_link_local(server.mac));
    unit.put(std::move(row));
}

} // namespace

void compile_dhcp(Unit& unit, const northbound::Nic& nic, const southbound::LogicalPort& port) {
    const auto* row = model::dhcp_options_of(unit.model(), port.segment);
    if (row && (!row->enabled || unit.found().refused.first(row->uuid)))
        return;
    Lease lease{nic, port, row ? row->options : Options()};
    if (row && !model::check_mtu(unit.model(), *row))
        lease.settings.erase("mtu"); // the segment's is told
    if (nic.options.contains("dhcp-server"))
        unit.note(nic, idle_server_note(unit, lease));
    const auto addressing = model::addressing_of(unit.model(), port.segment);
    put_v4(unit, lease, addressing);
    put_v6(unit, lease, addressing);
}

} // namespace ringfence::compiler
