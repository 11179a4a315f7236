// The table of all nouns, and what their verbs share.
#include "controller/network-ctl/commands.h"

#include <algorithm>

namespace ringfence::ctl {

std::span<const Noun> nouns() {
    static const std::vector<Noun> all{host_noun(),         organization_noun(),
                                       data_center_noun(),  network_pool_noun(),
                                       network_noun(),      edge_noun(),
                                       route_noun(),        vapp_noun(),
                                       vapp_network_noun(), vm_noun(),
                                       nic_noun(),          address_noun(),
                                       dhcp_noun(),         security_group_noun(),
                                       firewall_noun(),     limit_noun(),
                                       port_noun(),         drops_noun(),
                                       top_noun(),          capture_noun(),
                                       event_noun(),        global_noun(),
                                       sync_noun(),         completion_noun()};
    return all;
}

std::span<const Option> global_options() {
    static constexpr Option all[] = {
        {"db", "REMOTE[,REMOTE...]",
         "the northbound database: unix:PATH or tcp:ADDRESS:PORT; unless given $RINGFENCE_DB, then "
         "unix:/run/ringfence/nb.sock"},
        {"wait", "none|controller|hosts",
         "return when the change is written, compiled by the controller (unless given), or "
         "forwarded by on every host that it touches",
         false, "none|controller|hosts"},
        {"timeout", "SECONDS", "give up after so long, with exit status 124; 30 unless given"},
        {"format", "table|json|csv", "how to print; table unless given", false, "table|json|csv"},
        {"quiet", "", "print names only, one a line (also -q)"},
        {"dry-run", "", "check and answer as if done, and write nothing"},
        {"help", "", "explain the program, a noun or a verb (also -h)"},
        {"version", "", "say the version (also -V)"}};
    return all;
}

bool is_planned(std::string_view noun) {
    static constexpr std::string_view planned[] = {
        "external-network", "nat",   "gateway", "user", "quota", "task", "why", "trace",
        "verify",           "apply", "export",  "shell"};
    return std::ranges::find(planned, noun) != std::end(planned);
}

namespace {

constexpr const char* default_vapp = "default";

// The option's value, or the default vApp.
std::string scope(const Arguments& arguments, std::string_view option) {
    const auto given = arguments.maybe(option);
    return given ? *given : option == "vapp" ? default_vapp : "";
}

} // namespace

Result<client::Path> path_of(const Arguments& arguments, std::string_view text, Scopes scopes) {
    client::Path given = client::Path::split(text);
    const std::string organization = arguments.text("org");
    // Without --org the first name is the organization's; a vApp may be left out behind it.
    if (organization.empty() && scopes.size() == 2 && given.depth() == 2)
        given = {given[0], scope(arguments, "vapp"), given[1]};
    if (given.depth() == 0 || given.depth() > scopes.size() + 1)
        return fail("'{}' is no name here", text);
    std::vector<std::string> names;
    for (size_t i = 0; i + given.depth() < scopes.size() + 1; ++i) {
        names.push_back(scope(arguments, scopes[i]));
        if (names.back().empty())
            return fail("{}: in which {} is it; say --{} or put it in front, with a slash", text,
                        scopes[i], scopes[i]);
    }
    names.insert(names.end(), given.names().begin(), given.names().end());
    if (!organization.empty() && names.front() != organization)
        return fail("{}: it does not lie in --org {}", text, organization);
    return client::Path(std::move(names));
}

Result<client::Path> path_in_organization(const Arguments& arguments, std::string_view text) {
    const client::Path given = client::Path::split(text);
    const std::string organization = arguments.text("org");
    if (organization.empty() || (given.depth() > 1 && given[0] == organization))
        return given;
    std::vector<std::string> names{organization};
    names.insert(names.end(), given.names().begin(), given.names().end());
    return client::Path(std::move(names));
}

Result<client::Path> scope_of(const Arguments& arguments) {
    client::Path path;
    const char* missing = nullptr;
    for (const char* option : {"org", "vapp", "vm"}) {
        const auto name = arguments.maybe(option);
        if (name && missing)
            return fail("--{} {}: say --{}, too", option, *name, missing);
        if (name)
            path = path.child(*name);
        else
            missing = missing ? missing : option;
    }
    return path;
}

client::Deletion deletion_of(const Arguments& arguments) {
    return {.cascade = arguments.has("cascade"), .if_exists = arguments.has("if-exists")};
}

client::Texts texts_of(const Arguments& arguments, std::string_view option) {
    const auto values = arguments.all(option);
    return {values.begin(), values.end()};
}

std::optional<client::Texts> maybe_texts(const Arguments& arguments, std::string_view option) {
    if (!arguments.has(option))
        return std::nullopt;
    auto texts = texts_of(arguments, option);
    texts.erase("none");
    return texts;
}

std::optional<bool> maybe_yes(const Arguments& arguments, std::string_view option) {
    const auto given = arguments.maybe(option);
    return given ? std::optional(*given == "yes") : std::nullopt;
}

} // namespace ringfence::ctl
