#include "controller/compiler/edge_units.h"

#include "controller/compiler/edges.h"
#include "controller/compiler/nat.h"
#include "controller/compiler/policies.h"
#include "controller/compiler/routers.h"
#include "controller/compiler/routes.h"

namespace ringfence::compiler {
namespace {

using model::Uuid;

bool has_segment(const Unit& unit, const Uuid& network) {
    const auto& rows = unit.rows();
    if (unit.found().refused.first(network))
        return false;
    if (rows.organization_network.find(network))
        return true;
    const auto* of_vapp = rows.vapp_network.find(network);
    const auto* vapp = of_vapp ? rows.vapp.find(of_vapp->vapp) : nullptr;
    return vapp && vapp->deployed && of_vapp->mode != "bridged";
}

// The router, which is accepted: none where it has no network to work for.
std::optional<Edge> accepted_edge(const Unit& unit, const northbound::EdgeRouter& row) {
    return find_edge(unit.model(), row,
                     [&](const Uuid& network) { return has_segment(unit, network); });
}

template <class Row> void put_all(Unit& unit, std::vector<Row> rows) {
    for (Row& row : rows)
        unit.put(std::move(row));
}

void put_edge(Unit& unit, const Edge& edge) {
    unit.put(compile_router(edge));
    for (const Link& link : edge.links)
        if (!link.outside)
            put_all(unit, compile_policy(link));
    put_all(unit, compile_routes(edge));
}

} // namespace

std::optional<Edge> working_edge(const Unit& unit, const northbound::EdgeRouter& row) {
    return unit.found().refused.first(row.uuid) ? std::nullopt : accepted_edge(unit, row);
}

void compile_organization_edge(Unit& unit, const northbound::EdgeRouter& row) {
    if (row.vapp_network || !unit.accept(row, {row.organization}))
        return;
    if (auto edge = accepted_edge(unit, row))
        put_edge(unit, *edge);
}

void compile_vapp_edge(Unit& unit, const northbound::EdgeRouter& row) {
    if (!row.vapp_network)
        return;
    const auto* network = unit.rows().vapp_network.find(*row.vapp_network);
    Uuid parent = network && network->parent ? *network->parent : row.organization;
    const auto* router = row.translation == "none" ? unit.model().edge_of(parent) : nullptr;
    if (!unit.accept(row, {row.organization, *row.vapp_network, parent,
                           router ? router->uuid : row.organization}))
        return;
    auto edge = accepted_edge(unit, row);
    if (!edge)
        return;
    put_edge(unit, *edge);
    if (auto of_organization = router ? working_edge(unit, *router) : std::nullopt)
        put_all(unit, compile_routes_to(*edge, *of_organization));
    if (auto note = router ? unreached_note(*edge) : std::nullopt)
        unit.note(row, std::move(*note));
}

void compile_static_route(Unit& unit, const northbound::StaticRoute& row) {
    if (!unit.accept(row, {row.edge_router}))
        return;
    auto edge = working_edge(unit, *unit.rows().edge_router.find(row.edge_router));
    if (!edge)
        return;
    auto route = compile_static_route(*edge, row, model::path(unit.rows(), row));
    if (route)
        unit.put(std::move(*route));
    else
        unit.note(row, {route.error().text});
}

void compile_translations(Unit& unit, const northbound::Nic& nic,
                          const southbound::LogicalPort& port) {
    const auto* row = nic.vapp_network ? unit.model().edge_of(*nic.vapp_network) : nullptr;
    auto edge = row ? working_edge(unit, *row) : std::nullopt;
    if (!edge || edge->translation != "one-to-one")
        return;
    const Link& outside = *edge->outside();
    put_all(unit, compile_nat(*edge, outside, nic, port));
    if (auto note = untranslated_note(outside, nic, port))
        unit.note(nic, std::move(*note));
}

} // namespace ringfence::compiler
