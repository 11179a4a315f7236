#include "controller/compiler/edges.h"

#include <algorithm>

#include "controller/compiler/domains.h"
#include "controller/compiler/firewall.h"
#include "controller/model/edges.h"
#include "controller/model/paths.h"

namespace ringfence::compiler {
namespace {

using ovsdb::Uuid;

// What becomes of connections into the network that no rule decides.
struct Inbound {
    bool allowed = false;
    bool logged = false;
};
Inbound inbound_of(const model::Rows& rows, const Uuid& network) {
    const auto of = [](const auto& row) {
        return Inbound{row.inbound == "allow", row.options.contains("log-default")};
    };
    if (const auto* of_vapp = rows.vapp_network.find(network))
        return of(*of_vapp);
    const auto* of_organization = rows.organization_network.find(network);
    return of_organization ? of(*of_organization) : Inbound{};
}

Link make_link(const model::Model& model, const northbound::EdgeRouter& edge,
               const model::Standing& standing) {
    Link link;
    link.network = standing.network;
    link.domain = domain_of(model, standing.network);
    link.intent = model::network_path(model.rows(), standing.network);
    link.outside = standing.outside;
    link.mac = model::router_mac(edge, standing.network);
    link.addresses = model::router_addresses(edge, standing.network);
    link.addressing = model::addressing_of(model, standing.network);
    const Inbound inbound = inbound_of(model.rows(), standing.network);
    link.allows_inbound = inbound.allowed;
    link.logs_inbound = inbound.logged;
    link.log_server = log_server_of(model, edge.organization);
    return link;
}

} // namespace

const IpPrefix* Link::subnet_of(const IpAddr& address) const {
    auto found = std::ranges::find_if(addressing.subnets,
                                      [&](const IpPrefix& s) { return s.contains(address); });
    return found == addressing.subnets.end() ? nullptr : &*found;
}

const Link* Edge::outside() const {
    auto found = std::ranges::find_if(links, &Link::outside);
    return found == links.end() ? nullptr : &*found;
}

const Link* Edge::link_to(const Uuid& network) const {
    auto found = std::ranges::find(links, network, &Link::network);
    return found == links.end() ? nullptr : &*found;
}

const Link& Edge::inside() const { return *std::ranges::find(links, false, &Link::outside); }

std::optional<Edge> find_edge(const model::Model& model, const northbound::EdgeRouter& row,
                              const std::function<bool(const Uuid&)>& has_segment) {
    Edge edge;
    edge.uuid = row.uuid;
    edge.intent = row.vapp_network ? model::network_path(model.rows(), *row.vapp_network)
                                   : model::path(model.rows(), row);
    edge.translation = row.translation;
    for (const auto& standing : model::standings(model.rows(), row)) {
        if (has_segment(standing.network))
            edge.links.push_back(make_link(model, row, standing));
        else if (row.vapp_network) // half a way is none
            return std::nullopt;
    }
    if (const auto* network =
            row.vapp_network ? model.rows().vapp_network.find(*row.vapp_network) : nullptr)
        edge.fence = model::is_fenced(*network);
    return edge.links.empty() ? std::nullopt : std::optional(std::move(edge));
}

std::string router_name(const Uuid& edge) { return "edge/" + to_string(edge); }

std::string policy_name(const Uuid& network) { return "inbound/" + to_string(network); }

Uuid interface_uuid(const Uuid& edge, const Uuid& network) {
    return Uuid::named("router-interface/" + to_string(edge) + "/" + to_string(network));
}

} // namespace ringfence::compiler
