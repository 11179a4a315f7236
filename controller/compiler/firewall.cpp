#include "controller/compiler/firewall.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/model/firewall.h"
#include "controller/model/paths.h"

namespace ringfence::compiler {
namespace {

using northbound::FirewallRule;
using ovsdb::Uuid;
using Texts = std::set<std::string>;

// The lowest number has the highest priority; a tenant's rule never reaches a provider's, nor a
// policy's default (0) a rule.
constexpr int64_t above_tenants = model::last_rule_number + 1;
constexpr int64_t above_providers = 2 * above_tenants;

// A side as the row has it.
struct Ends {
    bool any = false;
    Texts prefixes;
    Texts groups; // names
    bool is_nobody() const { return !any && prefixes.empty() && groups.empty(); }
};

size_t count_inside(const Edge& edge) {
    return static_cast<size_t>(std::ranges::count(edge.links, false, &Link::outside));
}

// What comes in goes to an inside network, and comes from one only where there are several.
void add_inside_words(const model::Side& side, const Edge& edge, bool is_near, Ends& ends) {
    const bool several = count_inside(edge) > 1;
    if (side.internal && is_near)
        ends.any = true;
    else if (side.internal && several)
        ends.groups.insert(internal_name(edge.uuid));
    if (side.external && !is_near && !several)
        ends.any = true;
    else if (side.external && !is_near)
        ends.groups.insert(external_name(edge.uuid));
}

Ends ends_of(const model::Model& model, const model::Side& side, const Edge* edge, bool is_near) {
    Ends ends{.any = side.is_any(), .prefixes = {}, .groups = {}};
    for (const IpPrefix& prefix : side.prefixes)
        ends.prefixes.insert(to_string(prefix));
    for (const Uuid& group : side.groups)
        if (model.rows().security_group.find(group))
            ends.groups.insert(group_name(group));
    for (const Uuid& nic : side.nics)
        if (model.rows().nic.find(nic))
            ends.groups.insert(nic_group_name(nic));
    if (edge)
        add_inside_words(side, *edge, is_near, ends);
    if (ends.any)
        ends = {.any = true, .prefixes = {}, .groups = {}};
    return ends;
}

tl::unexpected<Error> nobody(const std::string& object, const char* side, bool of_edge) {
    return fail("{}: nobody is its {}{}; it matches nothing", object, side,
                of_edge ? ", the way that its direction goes" : " (any more)");
}

const Uuid& organization_of(const model::Rows& rows, const FirewallRule& rule) {
    return rule.edge_router ? rows.edge_router.find(*rule.edge_router)->organization
                            : rows.security_group.find(*rule.security_group)->organization;
}

int64_t priority_of(const FirewallRule& rule) {
    return (rule.tier == "provider" ? above_providers : above_tenants) - rule.number;
}

void set_log(southbound::Firewall& row, bool log, const std::string& server) {
    row.log = log;
    if (log && !server.empty())
        row.options["log-server"] = server;
}

bool says(const std::map<std::string, std::string>& options, const char* name, const char* value) {
    const auto option = options.find(name);
    return option != options.end() && option->second == value;
}

} // namespace

std::string edge_policy_name(const Uuid& edge) { return "edge/" + to_string(edge); }
std::string group_name(const Uuid& group) { return "group/" + to_string(group); }
std::string nic_group_name(const Uuid& nic) { return "nic/" + to_string(nic); }
std::string internal_name(const Uuid& edge) { return "internal/" + to_string(edge); }
std::string external_name(const Uuid& edge) { return "external/" + to_string(edge); }

Result<southbound::Firewall> compile_rule(const model::Model& model, const FirewallRule& rule,
                                          const Edge* edge) {
    southbound::Firewall row;
    row.uuid = rule.uuid;
    row.intent = model::path(model.rows(), rule);
    row.policy = edge ? edge_policy_name(edge->uuid) : group_name(*rule.security_group);
    row.domain = edge ? edge->domain() : row.policy;
    const bool in = rule.direction == "in";
    const auto source = ends_of(model, *model::Side::from(rule.source), edge, !in);
    const auto destination = ends_of(model, *model::Side::from(rule.destination), edge, in);
    if (source.is_nobody())
        return nobody(row.intent, "source", edge);
    if (destination.is_nobody())
        return nobody(row.intent, "destination", edge);
    row.source = source.prefixes;
    row.source_groups = source.groups;
    row.destination = destination.prefixes;
    row.destination_groups = destination.groups;
    row.direction = rule.direction;
    row.priority = priority_of(rule);
    row.protocol = rule.protocol;
    row.source_ports = rule.source_ports;
    row.destination_ports = rule.destination_ports;
    row.icmp_types = rule.icmp_types;
    row.action = rule.action;
    row.stateful = true;
    if (rule.match_on_translate)
        row.options["addresses"] = "outside";
    set_log(row, rule.log, log_server_of(model, organization_of(model.rows(), rule)));
    return row;
}

std::vector<southbound::Firewall> compile_defaults(const model::Model& model,
                                                   const northbound::SecurityGroup& group) {
    std::vector<southbound::Firewall> rows;
    for (const char* direction : {"in", "out"}) {
        const bool in = direction == std::string_view("in");
        const bool allow = in ? says(group.options, "default-in", "allow")
                              : !says(group.options, "default-out", "drop");
        southbound::Firewall row;
        row.policy = row.domain = group_name(group.uuid);
        row.uuid = Uuid::named("firewall/" + row.policy + "/" + direction);
        row.direction = direction;
        row.action = allow ? "allow" : "drop";
        row.stateful = true;
        set_log(row, says(group.options, "log-default", "yes"),
                log_server_of(model, group.organization));
        row.intent = model::path(model.rows(), group);
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string log_server_of(const model::Model& model, const Uuid& organization) {
    const auto* row = model.rows().organization.find(organization);
    if (!row)
        return "";
    const auto option = row->options.find("log-server");
    return option == row->options.end() ? "" : option->second;
}

} // namespace ringfence::compiler
