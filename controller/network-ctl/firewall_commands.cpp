// The nouns of the firewall: security-group, firewall.
#include <charconv>
#include <fstream>
#include <sstream>

#include "controller/network-ctl/commands.h"
#include "controller/network-ctl/daemons.h"
#include "controller/network-ctl/hits.h"

namespace ringfence::ctl {

namespace {

using namespace client;

// --- security-group -----------------------------------------------------------------------------
constexpr Option default_in{"default-in", "allow|drop",
                            "what becomes of connections to its NICs that no rule decides; drop "
                            "unless given",
                            false, "allow|drop"};
constexpr Option default_out{"default-out", "allow|drop",
                             "and of those from its NICs; allow unless given", false, "allow|drop"};
constexpr Option log_default{"log-default", "yes|no", "whether that is logged", false, "yes|no"};

Result<> create_group(Session& session, const Arguments& arguments) {
    return name_of<SecurityGroup>(arguments).and_then([&](const Path& path) {
        NewSecurityGroup wanted{.path = path, .may_exist = arguments.has("may-exist")};
        wanted.default_in = arguments.maybe("default-in").value_or(wanted.default_in);
        wanted.default_out = arguments.maybe("default-out").value_or(wanted.default_out);
        wanted.log_default = maybe_yes(arguments, "log-default").value_or(false);
        return create(session, wanted);
    });
}

Result<> set_group(Session& session, const Arguments& arguments) {
    return set<SecurityGroup>(
        session, arguments,
        SecurityGroupChange{.name = arguments.maybe("name"),
                            .default_in = arguments.maybe("default-in"),
                            .default_out = arguments.maybe("default-out"),
                            .log_default = maybe_yes(arguments, "log-default")});
}

Result<> change_member(Session& session, const Arguments& arguments, bool join) {
    const auto nic = name_of_nic(arguments, arguments.operands[1]);
    if (!nic)
        return tl::unexpected(nic.error());
    return name_of<SecurityGroup>(arguments).and_then([&](const Path& group) {
        NicChange change;
        (join ? change.join : change.leave) = {group.text()};
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish(session, Change::setting, cloud->set(*nic, change));
        });
    });
}

Result<> add_member(Session& session, const Arguments& arguments) {
    return change_member(session, arguments, true);
}
Result<> remove_member(Session& session, const Arguments& arguments) {
    return change_member(session, arguments, false);
}

// --- firewall -----------------------------------------------------------------------------------
constexpr Option tier{
    "tier", "tenant|provider",
    "whose rules: the tenant's (unless given), or the provider's, which are asked "
    "before all of those",
    false, "tenant|provider"};
constexpr Option direction{"direction", "in|out",
                           "in (unless given): connections from outside the edge router, or to the "
                           "NIC; out: the other way",
                           false, "in|out"};
constexpr Option source{"source", "WORD", "where they come from; several may be given", true};
constexpr Option source_port{"source-port", "PORT|FIRST-LAST", "from which ports", true};
constexpr Option destination{"destination", "WORD", "where they go to; several may be given", true};
constexpr Option port{"port", "PORT|FIRST-LAST", "to which ports", true};
constexpr Option protocol{"protocol", "NAME|NUMBER", "tcp, udp, icmp, icmpv6, ... or 0 to 255"};
constexpr Option icmp_type{"icmp-type", "TYPE[/CODE]", "such as 8 or 3/4", true};
constexpr Option translated{"match-on-translate", "yes|no",
                            "of an edge router: whether the outside addresses are compared, not "
                            "the inside ones",
                            false, "yes|no"};
constexpr Option enabled{"enabled", "yes|no", "whether it is in force; yes unless given", false,
                         "yes|no"};
constexpr Option log{"log", "yes|no", "whether the connections that it decides are logged", false,
                     "yes|no"};
constexpr Option action{"action", "allow|drop|reject", "what becomes of them", false,
                        "allow|drop|reject"};

constexpr const char* words_help =
    "WORD is an address, a prefix, group:GROUP (the NICs of a security group), nic:PORT, any, or, "
    "of an edge router, internal or external. Rules without --source or --destination are about "
    "everybody. The lowest number that matches decides.";

// With --org, "group:web" and "shop/front" are completed.
std::string owner_of(const Arguments& arguments, const std::string& text) {
    const std::string organization = arguments.text("org");
    if (organization.empty())
        return text;
    const std::string_view prefix = "group:";
    const bool group = text.starts_with(prefix);
    const std::string rest = group ? text.substr(prefix.size()) : text;
    const std::string whole =
        rest.starts_with(organization + "/") ? rest : organization + "/" + rest;
    return group ? std::string(prefix) + whole : whole;
}

// "none" is refused: elsewhere it takes all of a list back, and here that would be everybody.
Result<> check_words(const Arguments& arguments) {
    for (const char* side : {"source", "destination"})
        if (texts_of(arguments, side).contains("none"))
            return fail("--{0} none: a rule about nobody does nothing; say --{0} any, which is "
                        "everybody, or delete the rule",
                        side);
    return {};
}

std::optional<Texts> maybe_words(const Arguments& arguments, std::string_view option) {
    return arguments.has(option) ? std::optional(texts_of(arguments, option)) : std::nullopt;
}

Result<int64_t> number_from(const std::string& text) {
    int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    if (!text.empty() && error == std::errc() && at == end && number >= 0 && number <= 1'000'000)
        return number;
    return fail("'{}' is no rule's number: it is one from 0 to 1000000", text);
}

Result<RuleName> rule_of(const Arguments& arguments) {
    return number_from(arguments.operands[1]).map([&](int64_t number) {
        return RuleName{owner_of(arguments, arguments.operands[0]), number,
                        arguments.maybe("tier").value_or("tenant")};
    });
}

Match match_of(const Arguments& arguments) {
    return {.direction = arguments.maybe("direction").value_or("in"),
            .source = texts_of(arguments, "source"),
            .source_ports = texts_of(arguments, "source-port"),
            .destination = texts_of(arguments, "destination"),
            .destination_ports = texts_of(arguments, "port"),
            .protocol = arguments.text("protocol"),
            .icmp_types = texts_of(arguments, "icmp-type"),
            .translated = maybe_yes(arguments, "match-on-translate").value_or(false)};
}

Result<> check_action(const std::string& text) {
    if (text == "allow" || text == "drop" || text == "reject")
        return {};
    return fail("'{}' is no action: say allow, drop or reject", text);
}

// A change of one rule, shown as what it has become.
Result<> finish_rule(Session& session, Change change, const Result<Made<FirewallRule>>& made) {
    if (!made)
        return tl::unexpected(made.error());
    session.print_change(one("firewall", made->object), made->receipt, change == Change::creation);
    if (auto waited = session.wait(made->receipt);
        !waited || made->receipt.change == 0 || !session.waits())
        return waited;
    const auto now = session.cloud().and_then(
        [&](Cloud* cloud) { return cloud->firewall_rule(made->object.name); });
    if (now && !now->status.empty())
        session.note_trouble("firewall", one("firewall", *now), now->status);
    return {};
}

// What the controller has found of all the owner's rules.
Result<> note_troubled_rules(Session& session, const std::string& owner) {
    if (!session.waits())
        return {};
    return session.cloud()
        .and_then([&](Cloud* cloud) { return cloud->firewall_rules(owner); })
        .map([&](const std::vector<FirewallRule>& rules) {
            for (const FirewallRule& rule : rules)
                if (!rule.status.empty())
                    session.note_trouble("firewall", one("firewall", rule), rule.status);
        });
}

// What `firewall add` says.
Result<NewFirewallRule> new_rule(const Arguments& arguments) {
    if (auto sound = check_action(arguments.operands[1]); !sound)
        return tl::unexpected(sound.error());
    if (auto sound = check_words(arguments); !sound)
        return tl::unexpected(sound.error());
    return arguments.number("number", 0, 1'000'000).map([&](std::optional<int64_t> number) {
        return NewFirewallRule{.owner = owner_of(arguments, arguments.operands[0]),
                               .tier = arguments.maybe("tier").value_or("tenant"),
                               .number = number,
                               .match = match_of(arguments),
                               .action = arguments.operands[1],
                               .enabled = maybe_yes(arguments, "enabled").value_or(true),
                               .log = maybe_yes(arguments, "log").value_or(false)};
    });
}

Result<> add_rule(Session& session, const Arguments& arguments) {
    return new_rule(arguments).and_then([&](const NewFirewallRule& wanted) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish_rule(session, Change::creation, cloud->create(wanted));
        });
    });
}

// A line of a file: what follows `firewall add OWNER`. Nothing where it is empty or a comment.
Result<std::optional<NewFirewallRule>> rule_in(const std::string& line, const std::string& owner) {
    std::istringstream text(line);
    std::vector<std::string> words{"firewall", "add", owner};
    for (std::string word; text >> word && !word.starts_with('#');)
        words.push_back(word);
    if (words.size() == 3)
        return std::optional<NewFirewallRule>();
    return parse(words).and_then(
        [](const Invocation& add) -> Result<std::optional<NewFirewallRule>> {
            if (add.action != Invocation::Action::run)
                return fail("help is none of a rule's options");
            return new_rule(add.arguments);
        });
}

Result<std::vector<NewFirewallRule>> read_rules(const std::string& file, const std::string& owner) {
    std::ifstream text(file == "-" ? "/dev/stdin" : file);
    if (!text)
        return fail(ErrorKind::not_found, "{}: can't be read; give a file, or - for the input",
                    file);
    std::vector<NewFirewallRule> rules;
    std::string line;
    for (int number = 1; std::getline(text, line); ++number) {
        auto rule = rule_in(line, owner);
        if (!rule)
            return tl::unexpected(rule.error().in(fmt::format("{} line {}", file, number)));
        if (*rule)
            rules.push_back(std::move(**rule));
    }
    if (text.bad()) // a directory, too, opens and then fails
        return fail(ErrorKind::unavailable, "{}: reading it failed; nothing is imported", file);
    if (rules.empty())
        return fail("{}: has no rules; give one a line, as after 'firewall add OWNER'", file);
    return rules;
}

Result<> import_rules(Session& session, const Arguments& arguments) {
    const std::string owner = owner_of(arguments, arguments.operands[0]);
    return read_rules(arguments.operands[1], owner)
        .and_then([&](const std::vector<NewFirewallRule>& rules) {
            return session.cloud().and_then([&](Cloud* cloud) { return cloud->create(rules); });
        })
        .and_then([&](const Made<std::vector<FirewallRule>>& made) {
            session.print_change(list_of("firewall", made.object), made.receipt, false);
            return session.wait(made.receipt);
        })
        .and_then([&] { return note_troubled_rules(session, owner); });
}

Result<> list_rules(Session& session, const Arguments& arguments) {
    const std::string owner = owner_of(arguments, arguments.operands[0]);
    return session.cloud()
        .and_then([&](Cloud* cloud) { return cloud->firewall_rules(owner); })
        .and_then([&](const std::vector<FirewallRule>& rules) -> Result<> {
            if (!arguments.has("hits")) {
                session.print(list_of("firewall", rules));
                return {};
            }
            return daemon_of(session, arguments)
                .and_then([](const unixctl::Target& daemon) {
                    return ask(daemon, "ringfence/firewall", {"--format=json"});
                })
                .and_then(hits_from)
                .map([&](const Hits& hits) { session.print(list_with_hits(rules, hits)); });
        });
}

Result<> show_rule(Session& session, const Arguments& arguments) {
    return rule_of(arguments).and_then([&](const RuleName& name) {
        return session.cloud()
            .and_then([&](Cloud* cloud) { return cloud->firewall_rule(name); })
            .map([&](const FirewallRule& rule) { session.print(one("firewall", rule)); });
    });
}

Result<> set_rule(Session& session, const Arguments& arguments) {
    if (auto sound = check_words(arguments); !sound)
        return sound;
    const FirewallRuleChange change{.source = maybe_words(arguments, "source"),
                                    .source_ports = maybe_texts(arguments, "source-port"),
                                    .destination = maybe_words(arguments, "destination"),
                                    .destination_ports = maybe_texts(arguments, "port"),
                                    .protocol = arguments.maybe("protocol"),
                                    .icmp_types = maybe_texts(arguments, "icmp-type"),
                                    .translated = maybe_yes(arguments, "match-on-translate"),
                                    .action = arguments.maybe("action"),
                                    .enabled = maybe_yes(arguments, "enabled"),
                                    .log = maybe_yes(arguments, "log")};
    return rule_of(arguments).and_then([&](const RuleName& name) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish_rule(session, Change::setting, cloud->set(name, change));
        });
    });
}

Result<> move_rule(Session& session, const Arguments& arguments) {
    const auto number = number_from(arguments.operands[2]);
    if (!number)
        return tl::unexpected(number.error());
    return rule_of(arguments).and_then([&](const RuleName& name) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish_rule(session, Change::setting, cloud->move(name, *number));
        });
    });
}

Result<> delete_rule(Session& session, const Arguments& arguments) {
    return rule_of(arguments).and_then([&](const RuleName& name) {
        return session.cloud()
            .and_then([&](Cloud* cloud) {
                return cloud->delete_firewall_rule(name, deletion_of(arguments));
            })
            .and_then([&](const Deleted& deleted) {
                session.print_deleted(deleted);
                return session.wait(deleted.receipt);
            });
    });
}

// The owner, and what was said about it.
Listing said(const std::string& owner, const FirewallDefault& change) {
    Record record{{"owner", owner}};
    if (change.in)
        record.push_back({"in", *change.in});
    if (change.out)
        record.push_back({"out", *change.out});
    if (change.log)
        record.push_back({"log", *change.log});
    return Listing{"firewall-default", record, {record}, true, {}};
}

Result<> set_default(Session& session, const Arguments& arguments) {
    const FirewallDefault change{.in = arguments.maybe("in"),
                                 .out = arguments.maybe("out"),
                                 .log = maybe_yes(arguments, "log")};
    if (!change.in && !change.out && !change.log)
        return fail("firewall default: say what it is: --in, --out or --log");
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        const auto made = cloud->set_default(owner_of(arguments, arguments.operands[0]), change);
        if (!made)
            return tl::unexpected(made.error());
        session.print_change(said(made->object, change), made->receipt, false);
        return session.wait(made->receipt);
    });
}

std::vector<Option> rule_options(std::initializer_list<Option> first) {
    std::vector<Option> all{options::org, tier};
    all.insert(all.end(), first);
    all.insert(all.end(), {source, source_port, destination, port, protocol, icmp_type, translated,
                           enabled, log});
    return all;
}

} // namespace

Noun security_group_noun() {
    return {"security-group",
            "NICs that share firewall rules",
            "as ORG/GROUP, or as GROUP with --org",
            {{"create",
              "GROUP",
              "make a security group",
              {options::org, default_in, default_out, log_default, options::may_exist},
              "",
              create_group},
             {"list", "", "list security groups", {options::org}, "", list<SecurityGroup>},
             {"show", "GROUP", "show a security group", {options::org}, "", show<SecurityGroup>},
             {"set",
              "GROUP",
              "change a security group",
              {options::org, options::rename, default_in, default_out, log_default},
              "",
              set_group},
             {"add", "GROUP NIC", "take a NIC in", {options::org}, "", add_member},
             {"remove", "GROUP NIC", "let a NIC out", {options::org}, "", remove_member},
             {"delete",
              "GROUP",
              "delete a security group with its rules",
              {options::org, options::cascade, options::if_exists},
              "It is refused while NICs are in it, or rules of others name it; --cascade takes its "
              "NICs out of it.",
              erase<SecurityGroup>}}};
}

Noun firewall_noun() {
    static constexpr const char* naming =
        "by an edge router's name, ORG/EDGE or ORG/VAPP/NETWORK, or as group:ORG/GROUP; with --org "
        "without ORG";
    return {
        "firewall",
        "rules of edge routers and security groups",
        naming,
        {{"add", "OWNER ACTION", "add a rule that allows, drops or rejects",
          rule_options(
              {direction, {"number", "NUMBER", "its place; unless given behind all others"}}),
          words_help, add_rule},
         {"import",
          "OWNER FILE",
          "add the rules of a file, all or none",
          {options::org},
          "Each line is what follows 'firewall add OWNER': an action and options. What begins with "
          "# is a comment; FILE - is the input. An owner has at most 10000 rules of a tier.",
          import_rules},
         {"list", "OWNER", "list the rules in their order",
          with_daemon_options(
              {options::org, {"hits", "", "with how many connections each has decided on a host"}}),
          "Hits are read from the daemon of this host over its local socket, or from another "
          "host's over TLS, where external_ids:ringfence-query opens it, and with a certificate.",
          list_rules},
         {"show", "OWNER NUMBER", "show a rule", {options::org, tier}, "", show_rule},
         {"set", "OWNER NUMBER", "change a rule", rule_options({action}),
          "What is given replaces what there was; none (of --source and --destination any) "
          "takes "
          "all of it back.",
          set_rule},
         {"move",
          "OWNER NUMBER TO",
          "give a rule another place",
          {options::org, tier},
          "TO is its new number. A rule that has that goes up by one, and so do those right "
          "behind it.",
          move_rule},
         {"delete",
          "OWNER NUMBER",
          "delete a rule",
          {options::org, tier, options::if_exists},
          "",
          delete_rule},
         {"default",
          "OWNER",
          "say what becomes of what no rule decides",
          {options::org,
           {"in", "allow|drop", "of connections from outside, or to the NIC", false, "allow|drop"},
           {"out", "allow|drop", "of connections the other way; of security groups only", false,
            "allow|drop"},
           {"log", "yes|no", "whether it is logged", false, "yes|no"}},
          "Of an edge router it is that of all networks inside it; 'network set --inbound' is "
          "about one.",
          set_default}}};
}

} // namespace ringfence::ctl
