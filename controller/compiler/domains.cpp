#include "controller/compiler/domains.h"

#include "controller/model/edges.h"

namespace ringfence::compiler {
namespace {

using ovsdb::Uuid;

// The organization's edge router that joins the network with others, if any.
const northbound::EdgeRouter* joiner_of(const model::Model& model, const Uuid& network) {
    const auto* row = model.rows().organization_network.find(network);
    const auto* edge = row && row->mode == "routed" ? model.edge_of(network) : nullptr;
    return edge && edge->translation == "none" ? edge : nullptr;
}

// The network behind whose addresses this one's are hidden: none where they aren't.
std::optional<Uuid> beyond_translation(const model::Model& model, const Uuid& network) {
    const auto* inside = model.rows().vapp_network.find(network);
    return inside && model::translates(*inside) ? inside->parent : std::nullopt;
}

} // namespace

std::string domain_of(const model::Model& model, const Uuid& network) {
    const auto* inside = model.rows().vapp_network.find(network);
    if (inside && inside->parent && model::has_edge(*inside) && !model::translates(*inside))
        return domain_of(model, *inside->parent);
    const auto* edge = joiner_of(model, network);
    return edge ? "edge/" + to_string(edge->uuid) : "segment/" + to_string(network);
}

std::set<std::string> domains_for(const model::Model& model, const Uuid& network) {
    std::set<std::string> domains = {domain_of(model, network)};
    if (auto outside = beyond_translation(model, network))
        domains.insert(domain_of(model, *outside));
    return domains;
}

} // namespace ringfence::compiler
