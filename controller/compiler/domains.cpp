#include "controller/compiler/domains.h"

#include "controller/model/edges.h"

namespace ringfence::compiler {
namespace {

using ovsdb::Uuid;

std::string name_after(const Uuid& network) { return "segment/" + to_string(network); }

// The edge router that joins the network with others, if any.
const northbound::EdgeRouter* joiner_of(const model::Model& model, const Uuid& network) {
    const auto* row = model.rows().organization_network.find(network);
    return row && row->mode == "routed" ? model.edge_of(network) : nullptr;
}

Uuid lowest_joined(const model::Model& model, const Uuid& network) {
    const auto* edge = joiner_of(model, network);
    if (edge && edge->translation == "none")
        for (const Uuid& other : edge->networks)
            if (const auto* its = joiner_of(model, other); its && its->uuid == edge->uuid)
                return other;
    return network;
}

// The network behind whose addresses this one's are hidden: none where they aren't.
std::optional<Uuid> beyond_translation(const model::Model& model, const Uuid& network) {
    const auto* inside = model.rows().vapp_network.find(network);
    return inside && model::translates(*inside) ? inside->parent : std::nullopt;
}

} // namespace

std::string domain_of(const model::Model& model, const Uuid& network) {
    const auto& rows = model.rows();
    if (rows.organization_network.find(network))
        return name_after(lowest_joined(model, network));
    const auto* inside = rows.vapp_network.find(network);
    bool joined =
        inside && inside->parent && model::has_edge(*inside) && !model::translates(*inside);
    return joined ? domain_of(model, *inside->parent) : name_after(network);
}

std::set<std::string> domains_for(const model::Model& model, const Uuid& network) {
    std::set<std::string> domains = {domain_of(model, network)};
    if (auto outside = beyond_translation(model, network))
        domains.insert(domain_of(model, *outside));
    return domains;
}

} // namespace ringfence::compiler
