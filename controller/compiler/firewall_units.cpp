#include "controller/compiler/firewall_units.h"

#include <map>

#include "controller/compiler/edge_units.h"
#include "controller/compiler/firewall.h"
#include "controller/compiler/routers.h"

namespace ringfence::compiler {
namespace {

using model::Uuid;

Sight sight_of(const Edge& edge) {
    const Link* outside = edge.outside();
    const bool apart = outside && outside->domain != edge.domain();
    return {edge.domain(), apart ? outside->domain : ""};
}

// Whoever asks the rule must know these groups.
void tell_asked(Unit& unit, const southbound::Firewall& row, const Edge* edge) {
    const Asker asker =
        edge ? Asker{.policy = "", .sight = sight_of(*edge)} : Asker{row.policy, {}};
    for (const auto* groups : {&row.source_groups, &row.destination_groups})
        for (const std::string& name : *groups)
            unit.tell(&Findings::askers, name, asker);
}

// From where the group is spoken of: from the domains of edge routers, and from those of all ports
// that ask a policy in which it is named.
std::set<Sight> sights_of(const Unit& unit, const std::string& name) {
    std::set<Sight> sights;
    const std::string* before = nullptr;
    for (const Asker& asker : unit.found().askers.all(name)) {
        if (asker.policy.empty())
            sights.insert(asker.sight);
        else if (!before || *before != asker.policy) // they are sorted
            for (const Sight& sight : unit.found().sights_of_policy.all(asker.policy))
                sights.insert(sight);
        before = &asker.policy;
    }
    return sights;
}

// Of those that are met outside the ones whose address somebody else has inside.
std::set<std::string> hidden_in(const Unit& unit, const std::string& domain,
                                const std::set<std::string>& inside,
                                const std::set<std::string>& outside) {
    std::set<std::string> hidden;
    for (const std::string& prefix : unit.found().prefixes_behind.all(domain))
        if (outside.contains(prefix) && !inside.contains(prefix))
            hidden.insert(prefix);
    return hidden;
}

// Wherever it is asked for, of a group that nobody is in, too: where a group has no row, hosts
// don't know who is in it.
void put_groups(Unit& unit, const std::string& name, const std::string& intent) {
    const auto sights = sights_of(unit, name);
    if (sights.empty())
        return;
    const Meetings met(unit.found().members.all(name));
    std::map<std::string, std::string> outside_of; // of each domain with a row
    for (const Sight& sight : sights) {
        outside_of[sight.domain] = sight.outside;
        if (!met.in(sight.outside).empty())
            outside_of.try_emplace(sight.outside);
    }
    for (const auto& [domain, outside] : outside_of) {
        const auto &here = met.in(domain), &there = met.in(outside);
        auto row = make_group(domain, name, here, intent);
        if (!there.empty()) {
            row.outside = outside;
            row.hidden = hidden_in(unit, domain, here, there);
        }
        unit.put(std::move(row));
    }
}

} // namespace

void compile_security_group(Unit& unit, const northbound::SecurityGroup& group) {
    if (!unit.accept(group, {group.organization}))
        return;
    for (auto& row : compile_defaults(unit.model(), group))
        unit.put(std::move(row));
}

void compile_firewall_rule(Unit& unit, const northbound::FirewallRule& rule) {
    const Uuid owner = rule.edge_router ? *rule.edge_router : rule.security_group.value_or(Uuid());
    if (!unit.accept(rule, {owner}) || !rule.enabled)
        return;
    const auto* router = rule.edge_router ? unit.rows().edge_router.find(owner) : nullptr;
    const auto edge = router ? working_edge(unit, *router) : std::nullopt;
    if (router && !edge)
        return;
    auto row = compile_rule(unit.model(), rule, edge ? &*edge : nullptr);
    if (!row)
        return unit.note(rule, {row.error().text});
    tell_asked(unit, *row, edge ? &*edge : nullptr);
    unit.tell(&Findings::rules_of_policy, row->policy, row->uuid);
    unit.put(std::move(*row));
}

void compile_interfaces(Unit& unit, const northbound::EdgeRouter& row) {
    const auto edge = working_edge(unit, row);
    if (!edge)
        return;
    const std::string policy = edge_policy_name(edge->uuid);
    const bool has_rules = unit.found().rules_of_policy.first(policy);
    for (const Link& link : edge->links) {
        auto interface = compile_interface(*edge, link);
        if (has_rules && !link.outside)
            interface.policies.insert(policy);
        unit.put(std::move(interface));
    }
}

void tell_member(Unit& unit, const northbound::Nic& nic, const southbound::LogicalPort& port) {
    const Member member = make_member(unit.model(), nic, port.segment);
    if (!member.sight.outside.empty())
        for (const std::string& prefix : member.addresses)
            unit.tell(&Findings::prefixes_behind, member.sight.domain, prefix);
    unit.tell(&Findings::members, nic_group_name(nic.uuid), member);
    for (const std::string& policy : port.policies) {
        unit.tell(&Findings::members, policy, member);
        unit.tell(&Findings::sights_of_policy, policy, member.sight);
    }
}

void compile_members(Unit& unit, const northbound::SecurityGroup& group) {
    put_groups(unit, group_name(group.uuid), model::path(unit.rows(), group));
}

void compile_nic_group(Unit& unit, const northbound::Nic& nic) {
    put_groups(unit, nic_group_name(nic.uuid), model::path(unit.rows(), nic));
}

void compile_edge_groups(Unit& unit, const northbound::EdgeRouter& row) {
    const auto edge = working_edge(unit, row);
    if (!edge)
        return;
    const auto subnets = subnets_inside(*edge);
    if (unit.found().askers.first(internal_name(edge->uuid)))
        unit.put(make_group(edge->domain(), internal_name(edge->uuid), subnets, edge->intent));
    if (unit.found().askers.first(external_name(edge->uuid)))
        unit.put(
            make_group(edge->domain(), external_name(edge->uuid), all_but(subnets), edge->intent));
}

} // namespace ringfence::compiler
