// Firewall rules of edge routers and security groups, and what becomes of what none decides.
#include <algorithm>
#include <map>
#include <set>

#include "controller/client/store.h"
#include "controller/client/updates.h"
#include "controller/model/edges.h"
#include "controller/model/firewall.h"
#include "controller/model/names.h"
#include "controller/model/paths.h"

namespace ringfence::client {

namespace {

constexpr int64_t step = 10;          // between rules that get their numbers by themselves
constexpr size_t most_rules = 10'000; // of one owner and tier
constexpr std::string_view group_prefix = model::group_word;

// --- Owners -------------------------------------------------------------------------------------
// One of the two is set.
struct Owner {
    const nb::EdgeRouter* edge = nullptr;
    const nb::SecurityGroup* group = nullptr;

    const Uuid& uuid() const { return edge ? edge->uuid : group->uuid; }
    const Uuid& organization() const { return edge ? edge->organization : group->organization; }
    bool has(const nb::FirewallRule& rule) const {
        return edge ? rule.edge_router == edge->uuid : rule.security_group == group->uuid;
    }
};

Result<Owner> find_owner(const nb::Tables& rows, std::string_view name) {
    if (name.starts_with(group_prefix))
        return find_security_group(rows, Path::split(name.substr(group_prefix.size())))
            .map([](const nb::SecurityGroup* group) {
                return Owner{nullptr, group};
            });
    return find_edge(rows, Path::split(name)).map([](const nb::EdgeRouter* edge) {
        return Owner{edge, nullptr};
    });
}

std::string name_of(const nb::Tables& rows, const nb::FirewallRule& rule) {
    if (const auto* edge = rule.edge_router ? rows.edge_router.find(*rule.edge_router) : nullptr)
        return path_of(rows, *edge).text();
    const auto* group =
        rule.security_group ? rows.security_group.find(*rule.security_group) : nullptr;
    return group ? std::string(group_prefix) + path_of(rows, *group).text() : "?";
}

std::string name_of(const nb::Tables& rows, const Owner& owner) {
    return owner.edge ? path_of(rows, *owner.edge).text()
                      : std::string(group_prefix) + path_of(rows, *owner.group).text();
}

std::vector<nb::FirewallRule> rules_of(const nb::Tables& rows, const Owner& owner,
                                       const std::string& tier) {
    std::vector<nb::FirewallRule> rules;
    for (const nb::FirewallRule& rule : rows.firewall_rule)
        if (owner.has(rule) && rule.tier == tier)
            rules.push_back(rule);
    std::ranges::sort(rules, {}, &nb::FirewallRule::number);
    return rules;
}

Result<nb::FirewallRule> find_rule(const nb::Tables& rows, const RuleName& name) {
    const auto owner = find_owner(rows, name.owner);
    if (!owner)
        return tl::unexpected(owner.error());
    for (const nb::FirewallRule& rule : rules_of(rows, *owner, name.tier))
        if (rule.number == name.number)
            return rule;
    return fail(ErrorKind::not_found, "{} has no {}rule {}", name_of(rows, *owner),
                name.tier == "provider" ? "provider's " : "", name.number);
}

// --- Words --------------------------------------------------------------------------------------
// "group:web" is the organization's own; "group:acme/web" and "nic:PORT" say all of it.
Result<std::string> stored(const nb::Tables& rows, const Uuid& organization,
                           const std::string& word) {
    if (word.starts_with(model::group_word)) {
        Path path = Path::split(std::string_view(word).substr(model::group_word.size()));
        const auto* own = rows.organization.find(organization);
        if (path.depth() == 1 && own)
            path = {own->name, path[0]};
        return find_security_group(rows, path).map([](const nb::SecurityGroup* group) {
            return std::string(model::group_word) + to_string(group->uuid);
        });
    }
    if (word.starts_with(model::nic_word))
        return find_nic(rows, std::string_view(word).substr(model::nic_word.size()))
            .map([](const nb::Nic* nic) {
                return std::string(model::nic_word) + to_string(nic->uuid);
            });
    const auto prefix = IpPrefix::from(word);
    if (!prefix)
        return word; // a word, or for the rules to refuse
    const bool is_host = prefix->length() == (prefix->address().is_v4() ? 32u : 128u);
    return is_host ? to_string(prefix->address()) : to_string(*prefix);
}

Result<Texts> stored(const nb::Tables& rows, const Uuid& organization, const Texts& words) {
    Texts all;
    for (const std::string& word : words) {
        if (word == "any")
            continue; // no word means that
        auto one = stored(rows, organization, word);
        if (!one)
            return tl::unexpected(one.error());
        all.insert(std::move(*one));
    }
    if (!all.empty() && words.contains("any"))
        return fail("any is everybody: it stands alone");
    return all;
}

std::string shown_word(const nb::Tables& rows, const std::string& word) {
    const auto side = model::Side::from({word});
    if (!side || (side->groups.empty() && side->nics.empty()))
        return word;
    if (!side->groups.empty()) {
        const auto* group = rows.security_group.find(*side->groups.begin());
        return std::string(model::group_word) + (group ? path_of(rows, *group).text() : "?");
    }
    const auto* nic = rows.nic.find(*side->nics.begin());
    return std::string(model::nic_word) + (nic ? nic->port_name : "?");
}

Texts shown_words(const nb::Tables& rows, const std::set<std::string>& words) {
    Texts all;
    for (const std::string& word : words)
        all.insert(shown_word(rows, word));
    return all;
}

Result<std::optional<int64_t>> protocol_of(const std::string& text) {
    if (text.empty() || text == "any")
        return std::optional<int64_t>();
    const auto number = model::protocol_from(text);
    if (!number)
        return fail("protocol \"{}\" is none; give a name like tcp, or 0 to 255",
                    model::shown(text));
    return number;
}

// --- Changes ------------------------------------------------------------------------------------
Result<> apply(const nb::Tables& rows, const Uuid& organization, nb::FirewallRule& rule,
               const FirewallRuleChange& change) {
    if (change.protocol) {
        const auto protocol = protocol_of(*change.protocol);
        if (!protocol)
            return tl::unexpected(protocol.error());
        rule.protocol = *protocol;
    }
    for (const auto& [to, words] : {std::pair(&rule.source, &change.source),
                                    std::pair(&rule.destination, &change.destination)})
        if (*words) {
            auto side = stored(rows, organization, **words);
            if (!side)
                return tl::unexpected(side.error());
            *to = std::move(*side);
        }
    assign(rule.source_ports, change.source_ports);
    assign(rule.destination_ports, change.destination_ports);
    assign(rule.icmp_types, change.icmp_types);
    assign(rule.match_on_translate, change.translated);
    assign(rule.action, change.action);
    assign(rule.enabled, change.enabled);
    assign(rule.log, change.log);
    return {};
}

constexpr auto matched_columns() {
    using Column = nb::FirewallRule::Column;
    return Column::source | Column::source_ports | Column::destination | Column::destination_ports |
           Column::protocol | Column::icmp_types | Column::match_on_translate | Column::action |
           Column::enabled | Column::log;
}

FirewallRuleChange change_of(const NewFirewallRule& wanted) {
    const Match& match = wanted.match;
    return {.source = match.source,
            .source_ports = match.source_ports,
            .destination = match.destination,
            .destination_ports = match.destination_ports,
            .protocol = match.protocol,
            .icmp_types = match.icmp_types,
            .translated = match.translated,
            .action = wanted.action,
            .enabled = wanted.enabled,
            .log = wanted.log};
}

// The numbers that one owner's rules of a tier have, while a draft adds to them.
class Numbers {
public:
    Numbers(const nb::Tables& rows, const Owner& owner, const std::string& tier)
        : owner_(name_of(rows, owner)) {
        for (const nb::FirewallRule& rule : rows.firewall_rule)
            if (owner.has(rule) && rule.tier == tier)
                taken_.insert(rule.number);
    }

    // The wanted one; or, behind all others, the next multiple of 10.
    [[nodiscard]] Result<int64_t> take(std::optional<int64_t> wanted) {
        if (taken_.size() >= most_rules)
            return fail("{} has {} rules, and may have no more; let one rule name several prefixes "
                        "or ports, or a group",
                        owner_, taken_.size());
        const int64_t number = wanted ? *wanted : next();
        if (taken_.insert(number).second)
            return number;
        return fail(ErrorKind::conflict, "{} has a rule {} already; choose another number", owner_,
                    number);
    }

private:
    int64_t next() const { return taken_.empty() ? step : (*taken_.rbegin() / step + 1) * step; }

    std::string owner_;
    std::set<int64_t> taken_;
};

// Rules in the making, any number of them in one draft.
class RuleMaker {
public:
    explicit RuleMaker(Draft& draft) : draft_(draft) {}

    [[nodiscard]] Result<Uuid> make(const NewFirewallRule& wanted) {
        const auto owner = find_owner(draft_.rows(), wanted.owner);
        if (!owner)
            return tl::unexpected(owner.error());
        const auto number = numbers_of(*owner, wanted.tier).take(wanted.number);
        if (!number)
            return tl::unexpected(number.error());
        nb::FirewallRule rule;
        rule.tier = wanted.tier;
        rule.direction = wanted.match.direction;
        rule.number = *number;
        (owner->edge ? rule.edge_router : rule.security_group) = owner->uuid();
        if (auto applied = apply(draft_.rows(), owner->organization(), rule, change_of(wanted));
            !applied)
            return tl::unexpected(applied.error());
        return draft_.insert(rule);
    }

private:
    Numbers& numbers_of(const Owner& owner, const std::string& tier) {
        const std::pair key(owner.uuid(), tier);
        const auto found = numbers_.find(key);
        return found != numbers_.end()
                   ? found->second
                   : numbers_.emplace(key, Numbers(draft_.rows(), owner, tier)).first->second;
    }

    Draft& draft_;
    std::map<std::pair<Uuid, std::string>, Numbers> numbers_;
};

// The rule at this number, and those right behind it, go up by one.
void make_room(Draft& draft, std::vector<nb::FirewallRule> rules, const Uuid& mover,
               int64_t number) {
    for (nb::FirewallRule& rule : rules) {
        if (rule.uuid == mover || rule.number != number)
            continue;
        rule.number = ++number;
        draft.update(rule, nb::FirewallRule::Column::number);
    }
}

// --- Defaults -----------------------------------------------------------------------------------
template <class Row> void set_inbound(Draft& draft, Row network, const FirewallDefault& change) {
    if (change.in)
        network.inbound = *change.in == "allow" ? "allow" : "deny";
    if (change.log)
        set_yes(network.options, "log-default", *change.log);
    draft.update(network, Row::Column::inbound | Row::Column::options);
}

Result<> set_default_of(Draft& draft, const nb::EdgeRouter& edge, const FirewallDefault& change) {
    const nb::Tables& rows = draft.rows();
    if (change.out)
        return fail("edge {}: what begins inside may leave unless a rule says otherwise; add one "
                    "with a high number",
                    path_of(rows, edge).text());
    if (edge.vapp_network) {
        set_inbound(draft, nb::VappNetwork(*rows.vapp_network.find(*edge.vapp_network)), change);
        return {};
    }
    if (edge.networks.empty())
        return fail(ErrorKind::not_found,
                    "edge {}: has no network that this could be of; attach "
                    "one first",
                    path_of(rows, edge).text());
    for (const Uuid& network : edge.networks)
        set_inbound(draft, nb::OrganizationNetwork(*rows.organization_network.find(network)),
                    change);
    return {};
}

void set_default_of(Draft& draft, nb::SecurityGroup group, const FirewallDefault& change) {
    change_group(group,
                 {.default_in = change.in, .default_out = change.out, .log_default = change.log});
    draft.update(group, nb::SecurityGroup::Column::options);
}

} // namespace

FirewallRule describe(const nb::Tables& rows, const nb::FirewallRule& rule) {
    const auto* protocol = rule.protocol ? model::protocol_name(*rule.protocol) : nullptr;
    return {.name = {name_of(rows, rule), rule.number, rule.tier},
            .match = {.direction = rule.direction,
                      .source = shown_words(rows, rule.source),
                      .source_ports = rule.source_ports,
                      .destination = shown_words(rows, rule.destination),
                      .destination_ports = rule.destination_ports,
                      .protocol = protocol        ? protocol
                                  : rule.protocol ? fmt::format("{}", *rule.protocol)
                                                  : "",
                      .icmp_types = rule.icmp_types,
                      .translated = rule.match_on_translate},
            .action = rule.action,
            .enabled = rule.enabled,
            .log = rule.log,
            .path = model::path(rows, rule),
            .status = rule.status};
}

Result<std::vector<FirewallRule>> Cloud::firewall_rules(std::string_view name) {
    const auto rows = impl_->read();
    if (!rows)
        return tl::unexpected(rows.error());
    const auto owner = find_owner(**rows, name);
    if (!owner)
        return tl::unexpected(owner.error());
    std::vector<FirewallRule> all;
    for (const char* tier : {"provider", "tenant"})
        for (const nb::FirewallRule& rule : rules_of(**rows, *owner, tier))
            all.push_back(describe(**rows, rule));
    return all;
}

Result<FirewallRule> Cloud::firewall_rule(const RuleName& name) {
    const auto rows = impl_->read();
    if (!rows)
        return tl::unexpected(rows.error());
    return find_rule(**rows, name).map([&](const nb::FirewallRule& rule) {
        return describe(**rows, rule);
    });
}

Result<Made<FirewallRule>> Cloud::create(const NewFirewallRule& wanted) {
    return impl_->change(&nb::Tables::firewall_rule, [&](Draft& draft) {
        return RuleMaker(draft).make(wanted).map([](const Uuid& made) { return Target{made}; });
    });
}

Result<Made<std::vector<FirewallRule>>> Cloud::create(const std::vector<NewFirewallRule>& wanted) {
    std::vector<Uuid> made;
    nb::Tables afterwards;
    const auto receipt = impl_->commit(
        [&](Draft& draft) -> Result<> {
            made.clear();
            RuleMaker maker(draft);
            for (size_t i = 0; i < wanted.size(); ++i) {
                const auto uuid = maker.make(wanted[i]);
                if (!uuid)
                    return tl::unexpected(
                        uuid.error().in(fmt::format("rule {} of {}", i + 1, wanted.size())));
                made.push_back(*uuid);
            }
            return {};
        },
        &afterwards);
    if (!receipt)
        return tl::unexpected(receipt.error());
    Made<std::vector<FirewallRule>> answer;
    answer.receipt = *receipt;
    for (const Uuid& uuid : made)
        answer.object.push_back(describe(afterwards, *afterwards.firewall_rule.find(uuid)));
    return answer;
}

Result<Made<FirewallRule>> Cloud::set(const RuleName& name, const FirewallRuleChange& change) {
    return impl_->change(&nb::Tables::firewall_rule, [&](Draft& draft) -> Result<Target> {
        auto rule = find_rule(draft.rows(), name);
        if (!rule)
            return tl::unexpected(rule.error());
        const Uuid organization = find_owner(draft.rows(), name.owner)->organization();
        if (auto applied = apply(draft.rows(), organization, *rule, change); !applied)
            return tl::unexpected(applied.error());
        draft.update(*rule, matched_columns());
        return Target{rule->uuid};
    });
}

Result<Made<FirewallRule>> Cloud::move(const RuleName& name, int64_t number) {
    return impl_->change(&nb::Tables::firewall_rule, [&](Draft& draft) -> Result<Target> {
        auto rule = find_rule(draft.rows(), name);
        if (!rule)
            return tl::unexpected(rule.error());
        const auto owner = find_owner(draft.rows(), name.owner);
        make_room(draft, rules_of(draft.rows(), *owner, name.tier), rule->uuid, number);
        rule->number = number;
        draft.update(*rule, nb::FirewallRule::Column::number);
        return Target{rule->uuid};
    });
}

Result<Deleted> Cloud::delete_firewall_rule(const RuleName& name, Deletion how) {
    Deleted deleted;
    const auto receipt = impl_->commit([&](Draft& draft) -> Result<> {
        deleted.objects.clear();
        const auto rule = find_rule(draft.rows(), name);
        if (!rule && rule.error().kind == ErrorKind::not_found && how.if_exists)
            return {};
        if (!rule)
            return tl::unexpected(rule.error());
        draft.erase(*rule);
        deleted.objects.push_back(
            fmt::format("firewall rule {} of {}", rule->number, name_of(draft.rows(), *rule)));
        return {};
    });
    if (!receipt)
        return tl::unexpected(receipt.error());
    deleted.receipt = *receipt;
    return deleted;
}

Result<Made<std::string>> Cloud::set_default(std::string_view name, const FirewallDefault& change) {
    std::string whole;
    const auto receipt = impl_->commit([&](Draft& draft) -> Result<> {
        const auto owner = find_owner(draft.rows(), name);
        if (!owner)
            return tl::unexpected(owner.error());
        whole = name_of(draft.rows(), *owner);
        if (owner->edge)
            return set_default_of(draft, *owner->edge, change);
        set_default_of(draft, *owner->group, change);
        return {};
    });
    if (!receipt)
        return tl::unexpected(receipt.error());
    return Made<std::string>{whole, *receipt};
}

} // namespace ringfence::client
