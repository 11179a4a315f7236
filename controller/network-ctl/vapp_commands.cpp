// The noun of what is handled as one: vapp.
#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

Result<> create_vapp(Session& session, const Arguments& arguments) {
    return name_of<Vapp>(arguments).and_then([&](const Path& path) {
        return create(session, NewVapp{.path = path,
                                       .data_center = arguments.maybe("vdc").value_or("default"),
                                       .deployed = !arguments.has("no-deploy"),
                                       .may_exist = arguments.has("may-exist")});
    });
}

Result<> set_vapp(Session& session, const Arguments& arguments) {
    return set<Vapp>(session, arguments, VappChange{.name = arguments.maybe("name")});
}

// With its NICs, inside and outside addresses side by side.
Result<> show_vapp(Session& session, const Arguments& arguments) {
    return name_of<Vapp>(arguments).and_then([&](const Path& path) -> Result<> {
        const auto cloud = session.cloud();
        if (!cloud)
            return tl::unexpected(cloud.error());
        const auto vapp = (*cloud)->vapp(path);
        if (!vapp)
            return tl::unexpected(vapp.error());
        const auto networks = (*cloud)->vapp_networks(path);
        if (!networks)
            return tl::unexpected(networks.error());
        const auto nics = (*cloud)->nics(path);
        if (!nics)
            return tl::unexpected(nics.error());
        Listing listing = one("vapp", *vapp);
        listing.parts = {list_of("networks", *networks), list_of("nics", *nics)};
        session.print(listing);
        return {};
    });
}

// What the controller refuses inside of vApps of one organization that were cloned or deployed.
Result<> note_troubles_in(Session& session, Cloud& cloud, const std::string& organization,
                          const std::set<std::string>& vapps) {
    if (!session.waits())
        return {};
    const auto note = [&](const char* kind, const auto& objects) {
        for (const auto& object : objects)
            if (!object.status.empty() && vapps.contains(object.path[1]))
                session.note_trouble(kind, one(kind, object), object.status);
    };
    const auto networks = cloud.vapp_networks({organization});
    if (!networks)
        return tl::unexpected(networks.error());
    note("vapp-network", *networks);
    return cloud.nics({organization}).map([&](const auto& nics) { note("nic", nics); });
}

Result<> deploy_vapp(Session& session, const Arguments& arguments) {
    return name_of<Vapp>(arguments).and_then([&](const Path& path) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish(session, Change::setting, cloud->deploy(path)).and_then([&] {
                return note_troubles_in(session, *cloud, path[0], {path[1]});
            });
        });
    });
}

Result<> undeploy_vapp(Session& session, const Arguments& arguments) {
    return name_of<Vapp>(arguments).and_then([&](const Path& path) {
        return session.cloud().and_then([&](Cloud* cloud) {
            const bool keep = arguments.has("keep-addresses");
            return finish(session, Change::setting, cloud->undeploy(path, keep));
        });
    });
}

Result<> clone_vapp(Session& session, const Arguments& arguments) {
    const auto source = path_of(arguments, arguments.operands[0], in_organization);
    if (!source)
        return tl::unexpected(source.error());
    Arguments of_source = arguments; // a clone lies where its source does
    of_source.options["org"] = {(*source)[0]};
    const auto path = path_of(of_source, arguments.operands[1], in_organization);
    if (!path)
        return tl::unexpected(path.error());
    const auto count = arguments.number("count", 1, 1000);
    if (!count)
        return tl::unexpected(count.error());
    const NewClones wanted{
        .source = *source, .path = *path, .count = *count, .deployed = !arguments.has("no-deploy")};
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        const auto made = cloud->clone(wanted);
        if (!made)
            return tl::unexpected(made.error());
        Listing listing = list_of("vapp", made->object.vapps);
        listing.notes = made->object.notes;
        session.print_change(std::move(listing), made->receipt, true);
        std::set<std::string> names;
        for (const Vapp& vapp : made->object.vapps)
            names.insert(vapp.path[1]);
        return session.wait(made->receipt).and_then([&] {
            return note_troubles_in(session, *cloud, wanted.path[0], names);
        });
    });
}

} // namespace

Noun vapp_noun() {
    static constexpr Option no_deploy{"no-deploy", "", "it doesn't work until 'vapp deploy'"};
    return {"vapp",
            "vApps: VMs and networks handled as one",
            "as ORG/VAPP, or as VAPP with --org",
            {{"create",
              "VAPP",
              "make a vApp",
              {options::org, options::vdc, no_deploy, options::may_exist},
              "",
              create_vapp},
             {"list", "", "list vApps", {options::org}, "", list<Vapp>},
             {"show",
              "VAPP",
              "show a vApp, its networks and its NICs",
              {options::org},
              "CSV, which is one table, has the vApp only; see 'nic list'.",
              show_vapp},
             {"set", "VAPP", "change a vApp", {options::org, options::rename}, "", set_vapp},
             {"delete",
              "VAPP",
              "delete a vApp with its VMs, NICs and networks",
              {options::org, options::cascade, options::if_exists},
              "A vApp is a unit, so nothing is left of it with or without --cascade.",
              erase<Vapp>},
             {"deploy",
              "VAPP",
              "let a vApp's NICs work",
              {options::org},
              "NICs of fenced and one-to-one translated networks get outside addresses where they "
              "have kept none.",
              deploy_vapp},
             {"undeploy",
              "VAPP",
              "let a vApp's NICs work no more",
              {options::org,
               {"keep-addresses", "", "its NICs keep their outside addresses for the next time"}},
              "It keeps its addresses inside, its VNIs and the edge routers' own addresses.",
              undeploy_vapp},
             {"clone",
              "VAPP CLONE",
              "copy a vApp with all that is inside",
              {options::org,
               {"count", "N", "make CLONE-1 to CLONE-N, all or none of them; without it, CLONE"},
               no_deploy},
              "Networks, VMs, NICs, edge routers and routes are copied. MACs and addresses stay as "
              "they "
              "are inside isolated, nat-routed and fenced networks; "
              "on organization networks and bridged ones NICs get new ones, from the ranges there. "
              "Outside addresses are new. Port names are ORG/CLONE/VM/NUMBER. What can't be the "
              "same is noted on standard error (JSON: in notes).",
              clone_vapp}}};
}

} // namespace ringfence::ctl
