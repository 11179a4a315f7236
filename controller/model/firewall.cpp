#include "controller/model/firewall.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/model/check.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::model {
namespace {

using northbound::FirewallRule;
using std::string_view;

constexpr int64_t icmp = 1, tcp = 6, udp = 17, dccp = 33, icmpv6 = 58, sctp = 132, udplite = 136;

struct Protocol {
    const char* name;
    int64_t number;
};
constexpr Protocol protocols[] = {
    {"icmp", icmp},     {"igmp", 2},    {"tcp", tcp},         {"udp", udp}, {"dccp", dccp},
    {"gre", 47},        {"esp", 50},    {"ah", 51},           {"ospf", 89}, {"vrrp", 112},
    {"icmpv6", icmpv6}, {"sctp", sctp}, {"udplite", udplite},
};

// --- Checks of one rule -------------------------------------------------------------------------
struct Sides {
    Side source;
    Side destination;
};

Result<> check_owner(const Model& model, const std::string& object, const FirewallRule& rule) {
    if (rule.edge_router.has_value() == rule.security_group.has_value())
        return fail("{}: is of {}; name one edge router or one security group", object,
                    rule.edge_router ? "two owners" : "nobody");
    if (rule.edge_router && !model.rows().edge_router.find(*rule.edge_router))
        return fail(ErrorKind::not_found, "{}: its edge router does not exist", object);
    if (rule.security_group && !model.rows().security_group.find(*rule.security_group))
        return fail(ErrorKind::not_found, "{}: its security group does not exist", object);
    if (rule.number < 0 || rule.number > last_rule_number)
        return fail("{}: number {} is out of range; give 0 to {}", object, rule.number,
                    last_rule_number);
    return {};
}

Uuid organization_of(const Model& model, const FirewallRule& rule) {
    const auto& rows = model.rows();
    if (const auto* edge = rule.edge_router ? rows.edge_router.find(*rule.edge_router) : nullptr)
        return edge->organization;
    const auto* group =
        rule.security_group ? rows.security_group.find(*rule.security_group) : nullptr;
    return group ? group->organization : Uuid();
}

// Whom it names is of the same organization, as far as they exist.
Result<> check_names(const Model& model, const std::string& object, const FirewallRule& rule,
                     const Side& side) {
    const auto& rows = model.rows();
    const Uuid organization = organization_of(model, rule);
    for (const Uuid& uuid : side.groups)
        if (const auto* group = rows.security_group.find(uuid);
            group && group->organization != organization)
            return fail("{}: {} is another organization's", object, path(rows, *group));
    for (const Uuid& uuid : side.nics) {
        const auto* nic = rows.nic.find(uuid);
        const auto* vm = nic ? rows.virtual_machine.find(nic->virtual_machine) : nullptr;
        const auto* vapp = vm ? rows.vapp.find(vm->vapp) : nullptr;
        if (vapp && vapp->organization != organization)
            return fail("{}: {} is another organization's", object, path(rows, *nic));
    }
    return {};
}

Result<> check_side(const Model& model, const std::string& object, const FirewallRule& rule,
                    const char* name, const Side& side) {
    if (rule.security_group && (side.internal || side.external))
        return fail("{}: {} {} is an edge router's word, and a security group has no inside; give "
                    "prefixes or groups",
                    object, name, side.internal ? internal_word : external_word);
    if (side.internal && side.external)
        return fail("{}: {} internal and external together are everybody; leave them out", object,
                    name);
    return check_names(model, object, rule, side);
}

Result<Sides> check_sides(const Model& model, const std::string& object, const FirewallRule& rule) {
    auto source = Side::from(rule.source);
    if (!source)
        return tl::unexpected(source.error().in("source").in(object));
    auto destination = Side::from(rule.destination);
    if (!destination)
        return tl::unexpected(destination.error().in("destination").in(object));
    if (auto sound = first_of(check_side(model, object, rule, "source", *source),
                              check_side(model, object, rule, "destination", *destination));
        !sound)
        return tl::unexpected(sound.error());
    return Sides{std::move(*source), std::move(*destination)};
}

// The family that a side holds to: it has prefixes, of one family, and nothing else.
std::optional<bool> only_v4(const Side& side) {
    if (side.prefixes.empty() || !side.groups.empty() || !side.nics.empty() || side.internal ||
        side.external)
        return std::nullopt;
    const bool v4 = side.prefixes.front().address().is_v4();
    for (const IpPrefix& prefix : side.prefixes)
        if (prefix.address().is_v4() != v4)
            return std::nullopt;
    return v4;
}

const char* family(bool v4) { return v4 ? "IPv4" : "IPv6"; }

Result<> check_families(const std::string& object, const FirewallRule& rule, const Sides& sides) {
    const auto source = only_v4(sides.source), destination = only_v4(sides.destination);
    if (source && destination && *source != *destination)
        return fail("{}: its source is {} and its destination {}: it can match nothing; make two "
                    "rules",
                    object, family(*source), family(*destination));
    const auto either = source ? source : destination;
    if (either && rule.protocol && is_icmp(*rule.protocol) && *either != (*rule.protocol == icmp))
        return fail("{}: {} is not spoken between {} addresses; give protocol {}", object,
                    protocol_name(*rule.protocol), family(*either), *either ? "icmp" : "icmpv6");
    return {};
}

Result<> check_ports(const std::string& object, const FirewallRule& rule) {
    if (rule.source_ports.empty() && rule.destination_ports.empty())
        return {};
    if (!rule.protocol || !has_ports(*rule.protocol))
        return fail("{}: has ports, and {}; give protocol tcp, udp, udplite, sctp or dccp", object,
                    rule.protocol ? fmt::format("protocol {} has none", *rule.protocol)
                                  : "no protocol");
    for (const auto* ports : {&rule.source_ports, &rule.destination_ports})
        for (const std::string& text : *ports)
            if (auto range = PortRange::from(text); !range)
                return tl::unexpected(range.error().in(object));
    return {};
}

Result<> check_icmp_types(const std::string& object, const FirewallRule& rule) {
    if (rule.icmp_types.empty())
        return {};
    if (!rule.protocol || !is_icmp(*rule.protocol))
        return fail("{}: has ICMP types, and {}; give protocol icmp or icmpv6", object,
                    rule.protocol ? fmt::format("protocol {} has none", *rule.protocol)
                                  : "no protocol");
    for (const std::string& text : rule.icmp_types)
        if (auto type = IcmpType::from(text); !type)
            return tl::unexpected(type.error().in(object));
    return {};
}

Result<> check_default(const std::string& object, const northbound::SecurityGroup& group,
                       const char* name) {
    const auto option = group.options.find(name);
    if (option == group.options.end() || option->second == "allow" || option->second == "drop")
        return {};
    return fail("{}: {} \"{}\" is not its value; give allow or drop", object, name,
                shown(option->second));
}

} // namespace

// --- Words --------------------------------------------------------------------------------------
Result<Side> Side::from(const std::set<std::string>& words) {
    Side side;
    for (const std::string& word : words) {
        const auto uuid_after = [&](string_view prefix) -> std::optional<Uuid> {
            const auto uuid = word.starts_with(prefix) ? Uuid::from(word.substr(prefix.size()))
                                                       : Result<Uuid>(Uuid());
            return uuid && !uuid->is_nil() ? std::optional(*uuid) : std::nullopt;
        };
        if (word == internal_word)
            side.internal = true;
        else if (word == external_word)
            side.external = true;
        else if (const auto group = uuid_after(group_word))
            side.groups.insert(*group);
        else if (const auto nic = uuid_after(nic_word))
            side.nics.insert(*nic);
        else if (const auto prefix = IpPrefix::from(word))
            side.prefixes.push_back(*prefix);
        else
            return fail("\"{}\" is no address, prefix, group or NIC; give one like 10.0.0.0/8 or "
                        "group:web",
                        shown(word));
    }
    return side;
}

Result<PortRange> PortRange::from(string_view text) {
    const size_t dash = text.find('-');
    const auto first = number_in(text.substr(0, dash), 0, 65535);
    const auto last = dash == text.npos ? first : number_in(text.substr(dash + 1), 0, 65535);
    if (!first || !last)
        return fail("port \"{}\" is none; give one like 80 or 8000-8099, 0 to 65535", shown(text));
    if (*first > *last)
        return fail("ports \"{}\" are reversed; give the lower one first", shown(text));
    return PortRange{*first, *last};
}

Result<IcmpType> IcmpType::from(string_view text) {
    const size_t slash = text.find('/');
    const auto type = number_in(text.substr(0, slash), 0, 255);
    const auto code = slash == text.npos ? std::nullopt : number_in(text.substr(slash + 1), 0, 255);
    if (!type || (slash != text.npos && !code))
        return fail("ICMP type \"{}\" is none; give one like 8 or 3/4, 0 to 255 each", shown(text));
    return IcmpType{*type, code};
}

const char* protocol_name(int64_t protocol) {
    const auto* found = std::ranges::find(protocols, protocol, &Protocol::number);
    return found == std::end(protocols) ? nullptr : found->name;
}

std::optional<int64_t> protocol_from(string_view text) {
    const auto* found = std::ranges::find(protocols, text, &Protocol::name);
    return found == std::end(protocols) ? number_in(text, 0, 255) : found->number;
}

bool has_ports(int64_t protocol) {
    return protocol == tcp || protocol == udp || protocol == udplite || protocol == sctp ||
           protocol == dccp;
}

bool is_icmp(int64_t protocol) { return protocol == icmp || protocol == icmpv6; }

bool is_log_server(string_view text) {
    const size_t colon = text.rfind(':');
    if (colon == text.npos || !number_in(text.substr(colon + 1), 1, 65535))
        return false;
    string_view host = text.substr(0, colon);
    if (!host.starts_with('['))
        return Ipv4Addr::from(host).has_value();
    return host.ends_with(']') && Ipv6Addr::from(host.substr(1, host.size() - 2)).has_value();
}

// --- Checks -------------------------------------------------------------------------------------
Result<> check(const Model& model, const FirewallRule& rule) {
    const std::string object = path(model.rows(), rule);
    if (auto owned = check_owner(model, object, rule); !owned)
        return owned;
    if (rule.security_group && rule.match_on_translate)
        return fail("{}: matches translated addresses, and a security group sees none; only edge "
                    "routers translate",
                    object);
    const auto sides = check_sides(model, object, rule);
    if (!sides)
        return tl::unexpected(sides.error());
    return first_of(check_families(object, rule, *sides), check_ports(object, rule),
                    check_icmp_types(object, rule), check_empty(object, "option", rule.options));
}

Result<> check(const Model& model, const northbound::SecurityGroup& group) {
    const std::string object = path(model.rows(), group);
    if (auto named = check_name(object, group.name); !named)
        return named;
    if (!model.rows().organization.find(group.organization))
        return fail(ErrorKind::not_found, "{}: its organization does not exist", object);
    return first_of(
        check_known(object, "option", group.options, {"default-in", "default-out", "log-default"}),
        check_default(object, group, "default-in"), check_default(object, group, "default-out"),
        check_yes(object, "log-default", group.options));
}

} // namespace ringfence::model
