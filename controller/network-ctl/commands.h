// What the verbs of all nouns share: their common options, how names are completed by --org,
// --vapp and --vm, the verbs that are the same for every noun (list, show, delete), and how a
// change ends (print, wait, look for trouble).
#pragma once

#include <span>

#include "controller/network-ctl/grammar.h"
#include "controller/network-ctl/records.h"
#include "controller/network-ctl/session.h"

namespace ringfence::ctl {

namespace options {
inline constexpr Option org{"org", "ORG", "the organization that names are looked for in"};
inline constexpr Option vapp{"vapp", "VAPP", "the vApp that names are looked for in"};
inline constexpr Option vm{"vm", "VM", "the VM that names are looked for in"};
inline constexpr Option vdc{"vdc", "VDC", "the virtual data center; \"default\" unless given"};
inline constexpr Option may_exist{"may-exist", "", "one that exists already will do, as it is"};
inline constexpr Option if_exists{"if-exists", "", "one that does not exist is no error"};
inline constexpr Option cascade{"cascade", "", "delete all that depends on it, too"};
inline constexpr Option rename{"name", "NAME", "call it NAME from now on"};
} // namespace options

using client::Cloud;

// "front" with --org acme, or "acme/front": `scopes` are the options for the names in front of the
// last one. A vApp that is not named is "default".
using Scopes = std::span<const char* const>;
Result<client::Path> path_of(const Arguments& arguments, std::string_view text, Scopes scopes);
// An organization's object or one in a vApp of it: ORG/NAME or ORG/VAPP/NAME, with --org NAME or
// VAPP/NAME.
Result<client::Path> path_in_organization(const Arguments& arguments, std::string_view text);
// What --org, --vapp and --vm say, as far as they go.
Result<client::Path> scope_of(const Arguments& arguments);

client::Deletion deletion_of(const Arguments& arguments);
client::Texts texts_of(const Arguments& arguments, std::string_view option);
// "none" stands for the empty set.
std::optional<client::Texts> maybe_texts(const Arguments& arguments, std::string_view option);
std::optional<bool> maybe_yes(const Arguments& arguments, std::string_view option);

// Which of the Cloud's calls are for which objects. `scopes`: what their names lie in.
template <class Object> struct Calls;
template <> struct Calls<client::Host> {
    static constexpr const char* kind = "host";
    static constexpr std::span<const char* const> scopes{};
    static constexpr auto list = &Cloud::hosts;
    static constexpr auto show = &Cloud::host;
    static constexpr auto erase = &Cloud::delete_host;
};
template <> struct Calls<client::Organization> {
    static constexpr const char* kind = "org";
    static constexpr std::span<const char* const> scopes{};
    static constexpr auto list = &Cloud::organizations;
    static constexpr auto show = &Cloud::organization;
    static constexpr auto erase = &Cloud::delete_organization;
};
template <> struct Calls<client::NetworkPool> {
    static constexpr const char* kind = "network-pool";
    static constexpr std::span<const char* const> scopes{};
    static constexpr auto list = &Cloud::network_pools;
    static constexpr auto show = &Cloud::network_pool;
    static constexpr auto erase = &Cloud::delete_network_pool;
};

inline constexpr const char* in_organization[] = {"org"};
inline constexpr const char* in_vapp[] = {"org", "vapp"};
inline constexpr const char* in_vm[] = {"org", "vapp", "vm"};

template <> struct Calls<client::DataCenter> {
    static constexpr const char* kind = "vdc";
    static constexpr Scopes scopes{in_organization};
    static constexpr auto list = &Cloud::data_centers;
    static constexpr auto show = &Cloud::data_center;
    static constexpr auto erase = &Cloud::delete_data_center;
};
template <> struct Calls<client::Network> {
    static constexpr const char* kind = "network";
    static constexpr Scopes scopes{in_organization};
    static constexpr auto list = &Cloud::networks;
    static constexpr auto show = &Cloud::network;
    static constexpr auto erase = &Cloud::delete_network;
};
template <> struct Calls<client::Edge> {
    static constexpr const char* kind = "edge";
    static constexpr Scopes scopes{in_organization};
    static constexpr auto list = &Cloud::edges;
    static constexpr auto show = &Cloud::edge;
    static constexpr auto erase = &Cloud::delete_edge;
};
template <> struct Calls<client::Vapp> {
    static constexpr const char* kind = "vapp";
    static constexpr Scopes scopes{in_organization};
    static constexpr auto list = &Cloud::vapps;
    static constexpr auto show = &Cloud::vapp;
    static constexpr auto erase = &Cloud::delete_vapp;
};
template <> struct Calls<client::VappNetwork> {
    static constexpr const char* kind = "vapp-network";
    static constexpr Scopes scopes{in_vapp};
    static constexpr auto list = &Cloud::vapp_networks;
    static constexpr auto show = &Cloud::vapp_network;
    static constexpr auto erase = &Cloud::delete_vapp_network;
};
template <> struct Calls<client::Vm> {
    static constexpr const char* kind = "vm";
    static constexpr Scopes scopes{in_vapp};
    static constexpr auto list = &Cloud::vms;
    static constexpr auto show = &Cloud::vm;
    static constexpr auto erase = &Cloud::delete_vm;
};
template <> struct Calls<client::Nic> {
    static constexpr const char* kind = "nic";
    static constexpr Scopes scopes{in_vm};
    static constexpr auto list = &Cloud::nics;
    static constexpr auto show = &Cloud::nic;
    static constexpr auto erase = &Cloud::delete_nic;
};

template <> struct Calls<client::Dhcp> {
    static constexpr const char* kind = "dhcp";
    static constexpr Scopes scopes{in_organization};
    static constexpr auto list = &Cloud::dhcps;
    static constexpr auto show = &Cloud::dhcp;
};

template <> struct Calls<client::SecurityGroup> {
    static constexpr const char* kind = "security-group";
    static constexpr Scopes scopes{in_organization};
    static constexpr auto list = &Cloud::security_groups;
    static constexpr auto show = &Cloud::security_group;
    static constexpr auto erase = &Cloud::delete_security_group;
};

// What the Cloud calls an object by: a path, or the name alone where nothing is in front of it.
template <class Object> auto name_of(const Arguments& arguments) {
    if constexpr (Calls<Object>::scopes.empty())
        return Result<std::string>(arguments.operands[0]);
    else
        return path_of(arguments, arguments.operands[0], Calls<Object>::scopes);
}
// A NIC by its port name, too: without --org the text is taken as it is.
inline Result<std::string> name_of_nic(const Arguments& arguments, const std::string& text) {
    if (!arguments.has("org"))
        return text;
    return path_of(arguments, text, in_vm).map([](const client::Path& path) {
        return path.text();
    });
}
template <> inline auto name_of<client::Nic>(const Arguments& arguments) {
    return name_of_nic(arguments, arguments.operands[0]);
}

template <> inline auto name_of<client::Edge>(const Arguments& arguments) {
    return path_in_organization(arguments, arguments.operands[0]);
}

// The same for an object that is there.
template <class Object> auto key_of(const Object& object) {
    if constexpr (std::is_same_v<Object, client::Nic>)
        return object.port_name;
    else if constexpr (Calls<Object>::scopes.empty())
        return object.name;
    else
        return object.path;
}

template <class Object> Result<> list(Session& session, const Arguments& arguments) {
    const auto scope = scope_of(arguments);
    if (!scope)
        return tl::unexpected(scope.error());
    const auto cloud = session.cloud();
    if (!cloud)
        return tl::unexpected(cloud.error());
    const auto objects = [&] {
        if constexpr (Calls<Object>::scopes.empty())
            return ((*cloud)->*Calls<Object>::list)();
        else
            return ((*cloud)->*Calls<Object>::list)(*scope);
    }();
    if (!objects)
        return tl::unexpected(objects.error());
    session.print(list_of(Calls<Object>::kind, *objects));
    return {};
}

template <class Object> Result<> show(Session& session, const Arguments& arguments) {
    return name_of<Object>(arguments).and_then([&](const auto& name) -> Result<> {
        const auto object = session.cloud().and_then(
            [&](Cloud* cloud) { return (cloud->*Calls<Object>::show)(name); });
        if (!object)
            return tl::unexpected(object.error());
        session.print(one(Calls<Object>::kind, *object));
        return {};
    });
}

template <class Object> Result<> erase(Session& session, const Arguments& arguments) {
    return name_of<Object>(arguments).and_then([&](const auto& name) {
        return session.cloud()
            .and_then([&](Cloud* cloud) {
                return (cloud->*Calls<Object>::erase)(name, deletion_of(arguments));
            })
            .and_then([&](const client::Deleted& deleted) {
                session.print_deleted(deleted);
                return session.wait(deleted.receipt);
            });
    });
}

enum class Change { creation, setting };

// The name is printed before the wait: it is known even if the wait fails. After it the object is
// read again, for the controller's word on it.
template <class Object>
Result<> finish(Session& session, Change change, const Result<client::Made<Object>>& made) {
    if (!made)
        return tl::unexpected(made.error());
    const char* kind = Calls<Object>::kind;
    session.print_change(one(kind, made->object), made->receipt, change == Change::creation);
    if (auto waited = session.wait(made->receipt);
        !waited || made->receipt.change == 0 || !session.waits())
        return waited;
    const auto now = session.cloud().and_then(
        [&](Cloud* cloud) { return (cloud->*Calls<Object>::show)(key_of(made->object)); });
    if (now && !now->status.empty())
        session.note_trouble(kind, one(kind, *now), now->status);
    return {};
}

template <class New> Result<> create(Session& session, const New& wanted) {
    return session.cloud().and_then(
        [&](Cloud* cloud) { return finish(session, Change::creation, cloud->create(wanted)); });
}

template <class Object>
Result<> set(Session& session, const Arguments& arguments, const auto& change) {
    return name_of<Object>(arguments).and_then([&](const auto& name) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish<Object>(session, Change::setting, cloud->set(name, change));
        });
    });
}

// The nouns, each next to its verbs.
Noun host_noun();
Verb takeover_verb(); // of host
Noun organization_noun();
Noun data_center_noun();
Noun network_pool_noun();
Noun global_noun();
Noun network_noun();
Noun vapp_network_noun();
Noun edge_noun();
Noun route_noun();
Noun address_noun();
Noun dhcp_noun();
Noun security_group_noun();
Noun firewall_noun();
Noun limit_noun();
Noun vapp_noun();
Noun vm_noun();
Noun nic_noun();
Noun port_noun();
Noun drops_noun();
Noun top_noun();
Noun capture_noun();
Noun event_noun();
Noun sync_noun();
Noun completion_noun();

} // namespace ringfence::ctl
