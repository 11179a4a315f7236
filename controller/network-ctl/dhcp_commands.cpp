// The noun of DHCP: dhcp.
#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

constexpr const char* network_help =
    "NETWORK is ORG/NETWORK or ORG/VAPP/NETWORK, with --org NETWORK or VAPP/NETWORK.";

// Named as in the database. "none" takes a setting back; of the router it is a value.
constexpr Option settings[] = {
    {"router", "ADDRESS|none|auto",
     "the default router; auto, unless given: the network's edge router"},
    {"dns-servers", "ADDRESS[,ADDRESS...]", "of either family"},
    {"domain-name", "NAME", "the domain of the NICs' hostnames"},
    {"domain-search", "NAME[,NAME...]", "domains in which names are looked for"},
    {"ntp-servers", "ADDRESS[,ADDRESS...]", "of either family"},
    {"lease-time", "SECONDS", "for how long an address is leased"},
    {"renewal-time", "SECONDS", "when a lease is renewed (T1)"},
    {"rebinding-time", "SECONDS", "when anybody is asked for it (T2)"},
    {"mtu", "BYTES", "less than the network's own MTU, which is told unless this is given"},
    {"routes", "'PREFIX ADDRESS[, ...]'", "classless static routes"},
    {"boot-server", "ADDRESS", "the next server to boot from"},
    {"tftp-server", "NAME|ADDRESS", "option 66"},
    {"boot-file", "NAME", "option 67"},
    {"ipv6-mode", "managed|stateless|slaac",
     "addresses and options by DHCPv6 (managed, unless given), options alone, or neither", false,
     "managed|stateless|slaac|none"}};
constexpr Option raw{"option", "NUMBER=text:TEXT|hex:BYTES|none",
                     "any other option; several may be given", true};
constexpr Option server{"server-address", "ADDRESS",
                        "what answers come from in a subnet without a router"};

std::vector<Option> set_options() {
    std::vector<Option> all{options::org, raw, server};
    all.insert(all.begin() + 1, std::begin(settings), std::end(settings));
    return all;
}

Result<DhcpChange> change_of(const Arguments& arguments) {
    DhcpChange change;
    for (const Option& setting : settings)
        if (const auto value = arguments.maybe(setting.name)) {
            const bool is_router = setting.name == std::string_view("router");
            const bool taken_back = *value == (is_router ? "auto" : "none");
            change.options[setting.name] = taken_back ? std::nullopt : value;
        }
    for (const std::string& text : arguments.all("option")) {
        const size_t equals = text.find('=');
        if (equals == text.npos)
            return fail("--option {}: give it like 43=hex:0104c0a80001 or 252=text:http://...",
                        text);
        const std::string value = text.substr(equals + 1);
        change.options["option-" + text.substr(0, equals)] =
            value == "none" ? std::nullopt : std::optional(value);
    }
    change.address = arguments.maybe("server-address");
    return change;
}

Result<> list_dhcp(Session& session, const Arguments& arguments) {
    const auto scope = scope_of(arguments);
    if (!scope)
        return tl::unexpected(scope.error());
    return session.cloud()
        .and_then([&](Cloud* cloud) { return cloud->dhcps(*scope); })
        .map([&](const auto& all) { session.print(list_of("dhcp", all)); });
}

Result<> show_dhcp(Session& session, const Arguments& arguments) {
    const auto network = path_in_organization(arguments, arguments.operands[0]);
    if (!network)
        return tl::unexpected(network.error());
    return session.cloud()
        .and_then([&](Cloud* cloud) { return cloud->dhcp(*network); })
        .map([&](const Dhcp& dhcp) { session.print(one("dhcp", dhcp)); });
}

Result<> change_dhcp(Session& session, const Arguments& arguments, const DhcpChange& change) {
    const auto network = path_in_organization(arguments, arguments.operands[0]);
    if (!network)
        return tl::unexpected(network.error());
    return session.cloud().and_then([&](Cloud* cloud) {
        return finish(session, Change::setting, cloud->set_dhcp(*network, change));
    });
}

Result<> set_dhcp(Session& session, const Arguments& arguments) {
    return change_of(arguments).and_then(
        [&](const DhcpChange& change) { return change_dhcp(session, arguments, change); });
}

Result<> enable(Session& session, const Arguments& arguments) {
    return change_dhcp(session, arguments, {.enabled = true});
}

Result<> disable(Session& session, const Arguments& arguments) {
    return change_dhcp(session, arguments, {.enabled = false});
}

} // namespace

Noun dhcp_noun() {
    return {"dhcp",
            "what DHCP and router advertisements tell the NICs of a network",
            "",
            {{"list",
              "",
              "list all networks with what was set for them",
              {options::org, options::vapp},
              "",
              list_dhcp},
             {"show", "NETWORK", "show what was set", {options::org}, network_help, show_dhcp},
             {"set", "NETWORK", "set options", set_options(),
              "Every NIC is told its address, mask, hostname and MTU, and its router if there is "
              "one; the host that it runs on answers. none takes a setting back. A bridged vApp "
              "network has the DHCP of its parent.",
              set_dhcp},
             {"enable",
              "NETWORK",
              "answer requests; so it is unless disabled",
              {options::org},
              network_help,
              enable},
             {"disable",
              "NETWORK",
              "answer none, so that a DHCP server of the tenant's may",
              {options::org},
              "The server's NIC is marked by 'nic set NIC --dhcp-server yes'; what others send as "
              "servers is dropped.",
              disable}}};
}

} // namespace ringfence::ctl
