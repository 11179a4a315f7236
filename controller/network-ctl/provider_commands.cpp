// The provider's nouns: host, org, vdc, network-pool, global.
#include <charconv>

#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

constexpr const char* by_name = "by its name alone";

// --- host ---------------------------------------------------------------------------------------
Result<> add_host(Session& session, const Arguments& arguments) {
    return create(session, NewHost{.name = arguments.operands[0],
                                   .kind = arguments.maybe("kind").value_or("foreign"),
                                   .vtep_addresses = texts_of(arguments, "vtep"),
                                   .may_exist = arguments.has("may-exist")});
}

Result<> admit_host(Session& session, const Arguments& arguments) {
    return set<Host>(session, arguments, HostChange{.admitted = true});
}

Result<> set_host(Session& session, const Arguments& arguments) {
    return set<Host>(session, arguments,
                     HostChange{.admitted = maybe_yes(arguments, "admitted"),
                                .vtep_addresses = maybe_texts(arguments, "vtep")});
}

// --- org ----------------------------------------------------------------------------------------
Result<> create_organization(Session& session, const Arguments& arguments) {
    return create(session, NewOrganization{.name = arguments.operands[0],
                                           .description = arguments.text("description"),
                                           .may_exist = arguments.has("may-exist")});
}

Result<> set_organization(Session& session, const Arguments& arguments) {
    const auto server = arguments.maybe("log-server");
    return set<Organization>(session, arguments,
                             OrganizationChange{.name = arguments.maybe("name"),
                                                .description = arguments.maybe("description"),
                                                .enabled = maybe_yes(arguments, "enabled"),
                                                .log_server = server == "none" ? "" : server});
}

// --- vdc ----------------------------------------------------------------------------------------
Result<> create_data_center(Session& session, const Arguments& arguments) {
    return name_of<DataCenter>(arguments).and_then([&](const Path& path) {
        return create(session,
                      NewDataCenter{.path = path,
                                    .hosts = texts_of(arguments, "host"),
                                    .network_pool = arguments.maybe("pool").value_or("default"),
                                    .may_exist = arguments.has("may-exist")});
    });
}

Result<> set_data_center(Session& session, const Arguments& arguments) {
    return set<DataCenter>(session, arguments,
                           DataCenterChange{.name = arguments.maybe("name"),
                                            .hosts = maybe_texts(arguments, "host"),
                                            .network_pool = arguments.maybe("pool")});
}

// --- network-pool -------------------------------------------------------------------------------
struct VniRange {
    int64_t first = 0;
    int64_t last = 0;
};

// "5000-65535"; whether there are such VNIs is the rules' to say.
Result<VniRange> vnis_from(const std::string& text) {
    VniRange range;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, range.first);
    if (first.ec == std::errc() && first.ptr != end && *first.ptr == '-') {
        const auto last = std::from_chars(first.ptr + 1, end, range.last);
        if (last.ec == std::errc() && last.ptr == end)
            return range;
    }
    return fail("--vnis {}: it is a range FIRST-LAST, such as 5000-65535", text);
}

Result<> create_network_pool(Session& session, const Arguments& arguments) {
    const auto vnis = arguments.maybe("vnis");
    if (!vnis)
        return fail("network-pool {}: which VNIs does it have; say --vnis FIRST-LAST",
                    arguments.operands[0]);
    return vnis_from(*vnis).and_then([&](const VniRange& range) {
        return create(session, NewNetworkPool{.name = arguments.operands[0],
                                              .first_vni = range.first,
                                              .last_vni = range.last,
                                              .may_exist = arguments.has("may-exist")});
    });
}

Result<> set_network_pool(Session& session, const Arguments& arguments) {
    NetworkPoolChange change{.name = arguments.maybe("name")};
    if (const auto vnis = arguments.maybe("vnis")) {
        const auto range = vnis_from(*vnis);
        if (!range)
            return tl::unexpected(range.error());
        change.first_vni = range->first;
        change.last_vni = range->last;
    }
    return set<NetworkPool>(session, arguments, change);
}

// --- global -------------------------------------------------------------------------------------
Result<> show_global(Session& session, const Arguments&) {
    return session.cloud()
        .and_then([](Cloud* cloud) { return cloud->global(); })
        .map([&](const Global& global) { session.print(one("global", global)); });
}

Result<> set_global(Session& session, const Arguments& arguments) {
    GlobalChange change;
    if (const auto admit = arguments.maybe("admit-hosts"))
        change.admit_hosts = *admit == "auto";
    return session.cloud()
        .and_then([&](Cloud* cloud) { return cloud->set(change); })
        .and_then([&](const Made<Global>& made) {
            session.print_change(one("global", made.object), made.receipt, false);
            return session.wait(made.receipt);
        });
}

} // namespace

Noun host_noun() {
    static constexpr Option vtep{"vtep", "ADDRESS",
                                 "its address on the underlay; several may be given", true};
    return {"host",
            "hypervisors, and foreign VTEPs",
            by_name,
            {{"add",
              "HOST",
              "make a host known, and admit it",
              {{"kind", "foreign|ringfence",
                "foreign (unless given): a kernel or OVS VTEP, whose ports are bound by hand; "
                "ringfence: a host that will dial in",
                false, "foreign|ringfence"},
               vtep,
               options::may_exist},
              "A foreign host needs --vtep; a ringfence host reports its own addresses.",
              add_host},
             {"admit", "HOST", "let a host that has dialled in take part", {}, "", admit_host},
             {"list", "", "list hosts", {}, "", list<Host>},
             {"show", "HOST", "show a host, with what it reports", {}, "", show<Host>},
             {"set",
              "HOST",
              "change a host",
              {{"admitted", "yes|no", "whether it takes part", false, "yes|no"}, vtep},
              "",
              set_host},
             {"delete",
              "HOST",
              "forget a host",
              {options::cascade, options::if_exists},
              "--cascade unbinds the NICs that are bound there by hand, and takes it out of its "
              "virtual data centers.",
              erase<Host>},
             takeover_verb()}};
}

Noun organization_noun() {
    static constexpr Option description{"description", "TEXT", "for people"};
    return {"org",
            "organizations: the tenants",
            by_name,
            {{"create",
              "ORG",
              "make an organization",
              {description, options::may_exist},
              "It comes with a virtual data center \"default\" on all admitted hosts, and with the "
              "network pool \"default\" (VNIs 5000-65535) where there is none.",
              create_organization},
             {"list", "", "list organizations", {}, "", list<Organization>},
             {"show", "ORG", "show an organization", {}, "", show<Organization>},
             {"set",
              "ORG",
              "change an organization",
              {options::rename,
               description,
               {"enabled", "yes|no", "whether it may be used", false, "yes|no"},
               {"log-server", "ADDRESS:PORT|none",
                "the provider's syslog server for what its firewalls log"}},
              "",
              set_organization},
             {"delete",
              "ORG",
              "delete an organization",
              {options::cascade, options::if_exists},
              "It is refused while the organization has networks or vApps; --cascade deletes them, "
              "too. Its empty virtual data centers go with it.",
              erase<Organization>}}};
}

Noun data_center_noun() {
    static constexpr Option hosts{
        "host", "HOST", "a host that its VMs may run on; without any: all admitted hosts", true};
    static constexpr Option pool{"pool", "POOL", "where its VNIs come from; at first \"default\""};
    return {"vdc",
            "virtual data centers: where an organization's vApps run",
            "as ORG/VDC, or as VDC with --org",
            {{"create",
              "VDC",
              "make a virtual data center",
              {options::org, hosts, pool, options::may_exist},
              "",
              create_data_center},
             {"list", "", "list virtual data centers", {options::org}, "", list<DataCenter>},
             {"show", "VDC", "show a virtual data center", {options::org}, "", show<DataCenter>},
             {"set",
              "VDC",
              "change a virtual data center",
              {options::org, options::rename, hosts, pool},
              "--host none: all admitted hosts.",
              set_data_center},
             {"delete",
              "VDC",
              "delete a virtual data center",
              {options::org, options::cascade, options::if_exists},
              "",
              erase<DataCenter>}}};
}

Noun network_pool_noun() {
    static constexpr Option vnis{"vnis", "FIRST-LAST", "its VNIs, within 1-16777215"};
    return {
        "network-pool",
        "ranges of VNIs that networks are made from",
        by_name,
        {{"create",
          "POOL",
          "make a network pool",
          {vnis, options::may_exist},
          "",
          create_network_pool},
         {"list", "", "list network pools", {}, "", list<NetworkPool>},
         {"show", "POOL", "show a network pool", {}, "", show<NetworkPool>},
         {"set", "POOL", "change a network pool", {options::rename, vnis}, "", set_network_pool},
         {"delete",
          "POOL",
          "delete a network pool",
          {options::if_exists},
          "",
          erase<NetworkPool>}}};
}

Noun global_noun() {
    return {"global",
            "settings of the whole fabric",
            "",
            {{"show", "", "show the settings, and how far the controller is", {}, "", show_global},
             {"set",
              "",
              "change the settings",
              {{"admit-hosts", "auto|manual",
                "auto: hosts that dial in take part at once (labs); manual: after 'host admit'",
                false, "auto|manual"}},
              "",
              set_global}}};
}

} // namespace ringfence::ctl
