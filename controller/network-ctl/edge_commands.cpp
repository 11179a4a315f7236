// The nouns of routing: edge, route.
#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

// --- edge ---------------------------------------------------------------------------------------
Result<> create_edge(Session& session, const Arguments& arguments) {
    return name_of<Edge>(arguments).and_then([&](const Path& path) {
        return create(session, NewEdge{.path = path, .may_exist = arguments.has("may-exist")});
    });
}

// "front", or "acme/front" of the edge's own organization.
Result<std::string> network_beside(const Path& edge, const std::string& text) {
    const Path path = Path::split(text);
    if (path.depth() == 1)
        return path[0];
    if (path.depth() == 2 && edge.depth() > 0 && path[0] == edge[0])
        return path[1];
    return fail("{}: name an organization network of the edge's own organization", text);
}

Result<> attach(Session& session, const Arguments& arguments) {
    const auto edge = name_of<Edge>(arguments);
    if (!edge)
        return tl::unexpected(edge.error());
    return network_beside(*edge, arguments.operands[1]).and_then([&](const std::string& network) {
        const NewAttachment wanted{.network = network,
                                   .addresses = texts_of(arguments, "address"),
                                   .may_exist = arguments.has("may-exist")};
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish(session, Change::setting, cloud->attach(*edge, wanted));
        });
    });
}

Result<> detach(Session& session, const Arguments& arguments) {
    const auto edge = name_of<Edge>(arguments);
    if (!edge)
        return tl::unexpected(edge.error());
    return network_beside(*edge, arguments.operands[1]).and_then([&](const std::string& network) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish(session, Change::setting,
                          cloud->detach(*edge, network, arguments.has("if-exists")));
        });
    });
}

// --- route --------------------------------------------------------------------------------------
Result<> add_route(Session& session, const Arguments& arguments) {
    const auto edge = name_of<Edge>(arguments);
    if (!edge)
        return tl::unexpected(edge.error());
    NewRoute wanted{
        .edge = *edge, .prefix = arguments.operands[1], .may_exist = arguments.has("may-exist")};
    for (std::string_view rest = arguments.operands[3]; !rest.empty();) {
        const std::string_view hop = rest.substr(0, rest.find(','));
        wanted.next_hops.emplace(hop);
        rest.remove_prefix(std::min(hop.size() + 1, rest.size()));
    }
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        const auto made = cloud->create(wanted);
        if (!made)
            return tl::unexpected(made.error());
        session.print_change(one("route", made->object), made->receipt, false);
        if (auto waited = session.wait(made->receipt); !waited || !session.waits())
            return waited;
        const auto now = cloud->routes(*edge);
        if (!now)
            return tl::unexpected(now.error());
        for (const Route& route : *now)
            if (route.prefix == made->object.prefix && !route.status.empty())
                session.note_trouble("route", one("route", route), route.status);
        return {};
    });
}

Result<> list_routes(Session& session, const Arguments& arguments) {
    return name_of<Edge>(arguments).and_then([&](const Path& edge) {
        return session.cloud()
            .and_then([&](Cloud* cloud) { return cloud->routes(edge); })
            .map([&](const auto& routes) { session.print(list_of("route", routes)); });
    });
}

Result<> delete_route(Session& session, const Arguments& arguments) {
    return name_of<Edge>(arguments).and_then([&](const Path& edge) {
        return session.cloud()
            .and_then([&](Cloud* cloud) {
                return cloud->delete_route(edge, arguments.operands[1], deletion_of(arguments));
            })
            .and_then([&](const Deleted& deleted) {
                session.print_deleted(deleted);
                return session.wait(deleted.receipt);
            });
    });
}

constexpr const char* naming = "as ORG/EDGE, or as EDGE with --org; the edge router of a vApp "
                               "network as ORG/VAPP/NETWORK, or as VAPP/NETWORK with --org";

} // namespace

Noun edge_noun() {
    return {"edge",
            "edge routers of organizations and of vApp networks",
            naming,
            {{"create",
              "EDGE",
              "make an organization's edge router",
              {options::org, options::may_exist},
              "That of a nat-routed or fenced vApp network is made with the network.",
              create_edge},
             {"list", "", "list edge routers", {options::org}, "", list<Edge>},
             {"show", "EDGE", "show an edge router", {options::org}, "", show<Edge>},
             {"attach",
              "EDGE NETWORK",
              "put an organization network behind an edge router",
              {options::org,
               {"address", "ADDRESS", "the router's address there; without it the gateways", true},
               options::may_exist},
              "The network is routed from then on; what comes from the edge's other networks is "
              "denied unless its --inbound is allow.",
              attach},
             {"detach",
              "EDGE NETWORK",
              "undo 'edge attach'",
              {options::org, options::if_exists},
              "The network is isolated from then on.",
              detach},
             {"delete",
              "EDGE",
              "delete an organization's edge router with its routes",
              {options::org, options::cascade, options::if_exists},
              "--cascade detaches its networks.",
              erase<Edge>}}};
}

Noun route_noun() {
    return {"route",
            "static routes of edge routers",
            "",
            {{"add",
              "EDGE PREFIX via ADDRESS",
              "add a route to an edge router",
              {options::org, options::may_exist},
              "PREFIX is like 172.16.0.0/12, or default. ADDRESS lies in a network that the router "
              "stands on.",
              add_route},
             {"list",
              "EDGE",
              "list the static routes of an edge router",
              {options::org},
              "",
              list_routes},
             {"delete",
              "EDGE PREFIX",
              "delete a route of an edge router",
              {options::org, options::if_exists},
              "PREFIX as in the list.",
              delete_route}}};
}

} // namespace ringfence::ctl
