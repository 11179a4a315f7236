#include "controller/compiler/segments.h"

#include "controller/compiler/domains.h"
#include "controller/model/check.h"
#include "controller/model/paths.h"

namespace ringfence::compiler {
namespace {

template <class Network>
southbound::Segment make_segment(const model::Model& model, const Network& network, int64_t vni) {
    southbound::Segment segment;
    segment.uuid = network.uuid;
    segment.vni = vni;
    segment.domain = domain_of(model, network.uuid);
    segment.kind = "tenant";
    segment.mtu = model::segment_mtu(model, network.uuid);
    segment.unknown_unicast = network.unknown_unicast;
    segment.vlan_transparent = network.vlan_transparent;
    segment.intent = model::path(model.rows(), network);
    return segment;
}

template <class Network>
std::optional<Note> make_mtu_note(const model::Model& model, const Network& network) {
    auto fits = model::check_mtu(model, network);
    if (fits)
        return std::nullopt;
    return Note{fmt::format("{}; compiled with {}", fits.error().text,
                            model.underlay().mtu_of(network.vlan_transparent)),
                event::mtu_reduced,
                {model::path(model.rows(), network)},
                {model.underlay().host}};
}

std::string organization_name(const model::Model& model, const ovsdb::Uuid& uuid) {
    const auto* organization = model.rows().organization.find(uuid);
    return organization ? organization->name : "";
}

} // namespace

southbound::Segment compile_segment(const model::Model& model,
                                    const northbound::OrganizationNetwork& network) {
    auto segment = make_segment(model, network, network.vni);
    segment.organization = organization_name(model, network.organization);
    return segment;
}

southbound::Segment compile_segment(const model::Model& model,
                                    const northbound::VappNetwork& network) {
    auto segment = make_segment(model, network, *network.vni);
    if (const auto* vapp = model.rows().vapp.find(network.vapp))
        segment.organization = organization_name(model, vapp->organization);
    return segment;
}

std::optional<Note> mtu_note(const model::Model& model,
                             const northbound::OrganizationNetwork& network) {
    return make_mtu_note(model, network);
}

std::optional<Note> mtu_note(const model::Model& model, const northbound::VappNetwork& network) {
    return make_mtu_note(model, network);
}

} // namespace ringfence::compiler
