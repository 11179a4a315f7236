#include "controller/model/dhcp.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "controller/model/check.h"
#include "controller/model/edges.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::model {
namespace {

using std::string_view;

constexpr size_t longest_list = 8;             // servers
constexpr size_t longest_option = 255;         // bytes: the length is one (RFC 2132, 2)
constexpr size_t most_routes = 32;             // 9 bytes each at most (RFC 3442)
constexpr size_t longest_file = 127;           // `file` of the header, with its 0 (RFC 2131, 2)
constexpr int64_t shortest_lease = 60;         // seconds; shorter ones make storms
constexpr int64_t infinite_lease = 0xffffffff; // RFC 2131, 3.3

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_number(string_view text, int64_t least, int64_t most) {
    return number_in(text, least, most).has_value();
}

bool is_v4_host(string_view text) {
    const auto address = IpAddr::from(text);
    return address && address->is_v4() && is_unicast_address(*address);
}

bool is_text(string_view text, size_t longest) {
    return !text.empty() && text.size() <= longest &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// --- Values -------------------------------------------------------------------------------------
template <bool one(string_view)> bool all_of(string_view list, size_t most) {
    const auto parts = list_of(list);
    return !parts.empty() && parts.size() <= most && std::ranges::all_of(parts, one);
}

bool is_host(string_view text) {
    const auto address = IpAddr::from(text);
    return address && is_unicast_address(*address);
}
bool are_servers(string_view list) { return all_of<is_host>(list, 2 * longest_list); }
bool are_domains(string_view list) {
    return list.size() <= longest_option && all_of<is_domain_name>(list, longest_list);
}
bool is_lease(string_view text) { return is_number(text, shortest_lease, infinite_lease); }
bool is_mtu(string_view text) { return is_number(text, least_mtu, 65535); }
bool is_router(string_view text) { return text == "none" || is_v4_host(text); }
bool is_server_name(string_view text) { return is_v4_host(text) || is_domain_name(text); }
bool is_file(string_view text) { return is_text(text, longest_file); }
bool is_mode(string_view text) {
    return text == "managed" || text == "stateless" || text == "slaac";
}

// "10.1.0.0/16 10.0.0.1"
bool is_route(string_view text) {
    const size_t space = text.find(' ');
    if (space == text.npos)
        return false;
    const auto prefix = IpPrefix::from(text.substr(0, space));
    return prefix && prefix->address().is_v4() && is_v4_host(text.substr(space + 1));
}
bool are_routes(string_view list) { return all_of<is_route>(list, most_routes); }

// "text:..." or "hex:..."
bool is_raw(string_view text) {
    if (text.starts_with("text:"))
        return text.size() > 5 && text.size() - 5 <= longest_option;
    if (!text.starts_with("hex:"))
        return false;
    text.remove_prefix(4);
    return !text.empty() && text.size() % 2 == 0 && text.size() / 2 <= longest_option &&
           std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

struct Kind {
    DhcpOption option;
    bool (*is_sound)(string_view);
};

constexpr Kind kinds[] = {
    {{"router", "10.0.0.1, or none"}, is_router},
    {{"dns-servers", "10.0.0.2,2001:db8::2 (up to 16)"}, are_servers},
    {{"domain-name", "example.com"}, is_domain_name},
    {{"domain-search", "example.com,example.org (up to 8)"}, are_domains},
    {{"ntp-servers", "10.0.0.3 (up to 16)"}, are_servers},
    {{"lease-time", "3600 (seconds, 60 to 4294967295, which is for ever)"}, is_lease},
    {{"renewal-time", "1800 (seconds, 60 or more)"}, is_lease},
    {{"rebinding-time", "3150 (seconds, 60 or more)"}, is_lease},
    {{"mtu", "1400 (bytes, 68 to 65535)"}, is_mtu},
    {{"routes", "\"10.1.0.0/16 10.0.0.1, 10.2.0.0/16 10.0.0.1\" (up to 32)"}, are_routes},
    {{"boot-server", "10.0.0.4"}, is_v4_host},
    {{"tftp-server", "10.0.0.4 or boot.example.com"}, is_server_name},
    {{"boot-file", "pxelinux.0 (up to 127 characters without spaces)"}, is_file},
    {{"ipv6-mode", "managed, stateless or slaac"}, is_mode},
};

// Those that have a name of their own, and those that are the protocol's: RFC 2132, 4361, 6842.
struct Owned {
    int64_t code;
    const char* by;
};
constexpr Owned owned[] = {
    {1, "the network's subnet"},
    {3, "router"},
    {6, "dns-servers"},
    {12, "the NIC's hostname"},
    {28, "the network's subnet"},
    {80, "the protocol"},
    {81, "the protocol"},
    {90, "the protocol"},
    {118, "the protocol"},
    {15, "domain-name"},
    {26, "mtu"},
    {33, "routes"},
    {42, "ntp-servers"},
    {50, "the protocol"},
    {51, "lease-time"},
    {52, "the protocol"},
    {53, "the protocol"},
    {54, "the protocol"},
    {55, "the protocol"},
    {56, "the protocol"},
    {57, "the protocol"},
    {58, "renewal-time"},
    {59, "rebinding-time"},
    {61, "the protocol"},
    {66, "tftp-server"},
    {67, "boot-file"},
    {82, "the protocol"},
    {119, "domain-search"},
    {121, "routes"},
};

constexpr string_view raw_prefix = "option-";

Result<> check_raw(string_view object, const std::string& name, const std::string& value) {
    const string_view digits = string_view(name).substr(raw_prefix.size());
    const auto code = number_in(digits, 1, 254);
    if (!code || digits.starts_with('0'))
        return fail("{}: {} is not a DHCP option; give option-1 to option-254", object,
                    shown(name));
    if (const auto* by = std::ranges::find(owned, *code, &Owned::code); by != std::end(owned))
        return fail("{}: {} is set by {}; set that", object, name, by->by);
    if (is_raw(value))
        return {};
    return fail("{}: {} \"{}\" is not its value; give text:... or hex:..., up to 255 bytes", object,
                name, shown(value));
}

// --- Networks -----------------------------------------------------------------------------------
// The first of the addresses in the subnet.
std::optional<IpAddr> in_subnet(const std::vector<IpAddr>& addresses, const IpPrefix& subnet) {
    const auto found = std::ranges::find_if(
        addresses, [&](const IpAddr& address) { return subnet.contains(address); });
    return found == addresses.end() ? std::nullopt : std::optional(*found);
}

std::optional<IpAddr> in_ledger(const Model& model, const Uuid& network, const IpPrefix& subnet) {
    const auto& rows = model.dhcp_addresses_of(network);
    return in_subnet({rows.begin(), rows.end()}, subnet);
}

// Which router of ours stands on the network, for those inside.
const northbound::EdgeRouter* router_on(const Model& model, const Uuid& network) {
    const auto* of_organization = model.rows().organization_network.find(network);
    return of_organization && of_organization->mode != "routed" ? nullptr : model.edge_of(network);
}

Result<> check_times(string_view object, const std::map<std::string, std::string>& options) {
    const auto seconds = [&](const char* name) {
        const auto option = options.find(name);
        return option == options.end() ? std::nullopt
                                       : number_in(option->second, 0, infinite_lease);
    };
    const auto lease = seconds("lease-time"), renewal = seconds("renewal-time"),
               rebinding = seconds("rebinding-time");
    if (renewal && rebinding && *renewal >= *rebinding)
        return fail("{}: renewal-time {} is not below rebinding-time {}", object, *renewal,
                    *rebinding);
    const auto last = rebinding ? rebinding : renewal;
    if (last && !lease)
        return fail("{}: renewal and rebinding times go with a lease-time; give it, too", object);
    if (last && *last >= *lease)
        return fail("{}: {} {} is not below lease-time {}", object,
                    rebinding ? "rebinding-time" : "renewal-time", *last, *lease);
    return {};
}

// What matters of the network that the options are of.
struct Its {
    Uuid uuid;
    bool fenced = false;
};

Result<Its> find_network(const Model& model, const std::string& object,
                         const northbound::DhcpOptions& row) {
    const auto& rows = model.rows();
    if (row.organization_network.has_value() == row.vapp_network.has_value())
        return fail("{}: is of {}; name one organization network or one vApp network", object,
                    row.vapp_network ? "two networks" : "no network");
    if (row.organization_network)
        if (const auto* network = rows.organization_network.find(*row.organization_network))
            return Its{network->uuid, false};
    const auto* network = row.vapp_network ? rows.vapp_network.find(*row.vapp_network) : nullptr;
    if (!network)
        return fail(ErrorKind::not_found, "{}: its network does not exist", object);
    if (network->mode == "bridged")
        return fail("{}: the network is bridged, so its DHCP is that of {}; set it there", object,
                    network->parent ? network_path(rows, *network->parent) : "its parent");
    return Its{network->uuid, is_fenced(*network)};
}

// Who makes its own address makes it of the prefix and 64 bits (RFC 4862, 5.5.3; RFC 2464, 4).
Result<> check_mode(const Model& model, const std::string& object,
                    const northbound::DhcpOptions& row, const Its& network) {
    const auto mode = row.options.find("ipv6-mode");
    if (mode == row.options.end() || mode->second == "managed")
        return {};
    if (network.fenced)
        return fail(
            "{}: ipv6-mode {} would give addresses that nothing outside of the fence stands "
            "for; give managed",
            object, mode->second);
    for (const IpPrefix& subnet : addressing_of(model, network.uuid).subnets)
        if (!subnet.address().is_v4() && subnet.length() != 64)
            return fail("{}: ipv6-mode {} needs /64 subnets, and {} is none; give managed", object,
                        mode->second, to_string(subnet));
    return {};
}

} // namespace

const northbound::DhcpOptions* dhcp_options_of(const Model& model, const Uuid& network) {
    const auto* row = model.indexes().dhcp_by_network.first(network);
    return row ? model.rows().dhcp_options.find(row->uuid) : nullptr;
}

DhcpServer dhcp_server_of(const Model& model, const Uuid& network, const IpPrefix& subnet) {
    const auto* of_vapp = model.rows().vapp_network.find(network);
    const bool fenced = of_vapp && is_fenced(*of_vapp) && of_vapp->parent;
    const Uuid& place = fenced ? *of_vapp->parent : network; // whose addresses they are
    const auto* edge = router_on(model, network);
    DhcpServer server{{}, edge ? router_mac(*edge, network) : dhcp_mac, {}};
    if (fenced) // the fence stands in for it, whoever it is
        server.router = in_subnet(addressing_of(model, place).gateways, subnet);
    if (const auto* router = router_on(model, place); router && !server.router)
        server.router = in_subnet(router_addresses(*router, place), subnet);
    server.address = server.router ? server.router : in_ledger(model, place, subnet);
    return server;
}

std::span<const DhcpOption> dhcp_options() {
    static const auto all = [] {
        std::vector<DhcpOption> options;
        for (const Kind& kind : kinds)
            options.push_back(kind.option);
        return options;
    }();
    return all;
}

Result<> check_dhcp_option(string_view object, const std::string& name, const std::string& value) {
    if (name.starts_with(raw_prefix))
        return check_raw(object, name, value);
    const auto* kind =
        std::ranges::find_if(kinds, [&](const Kind& one) { return name == one.option.name; });
    if (kind == std::end(kinds)) {
        std::string names;
        for (const DhcpOption& option : dhcp_options())
            names.append(option.name).append(", ");
        return fail("{}: \"{}\" is no DHCP option; give one of {}or option-N", object, shown(name),
                    names);
    }
    if (kind->is_sound(value))
        return {};
    return fail("{}: {} \"{}\" is not its value; give one like {}", object, name, shown(value),
                kind->option.example);
}

bool is_domain_name(string_view text) {
    if (text.empty() || text.size() > 253)
        return false;
    while (true) {
        const size_t dot = text.find('.');
        const string_view label = text.substr(0, dot);
        const bool sound =
            !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
            std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
        if (!sound || dot == text.npos)
            return sound;
        text.remove_prefix(dot + 1);
    }
}

Result<> check(const Model& model, const northbound::DhcpOptions& row) {
    return first_of(check_shape(model, row), check_mtu(model, row));
}

Result<> check_mtu(const Model& model, const northbound::DhcpOptions& row) {
    const auto mtu = row.options.find("mtu");
    if (mtu == row.options.end())
        return {};
    const int64_t most =
        segment_mtu(model, row.vapp_network.value_or(row.organization_network.value_or(Uuid())));
    if (is_number(mtu->second, 0, most))
        return {};
    return fail("{}: mtu {} is more than its network's, {}; give that or less",
                path(model.rows(), row), mtu->second, most);
}

Result<> check_shape(const Model& model, const northbound::DhcpOptions& row) {
    const std::string object = path(model.rows(), row);
    const auto network = find_network(model, object, row);
    if (!network)
        return tl::unexpected(network.error());
    for (const auto& [name, value] : row.options)
        if (auto sound = check_dhcp_option(object, name, value); !sound)
            return sound;
    if (auto sound = check_mode(model, object, row, *network); !sound)
        return sound;
    return check_times(object, row.options);
}

} // namespace ringfence::model
