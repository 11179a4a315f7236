#include "dataplane/fabric/fabric.h"

#include <utility>

namespace ringfence {

namespace {
MacAddr key_of(Ipv4Addr address) { return MacAddr::from_u64(address.value); }
} // namespace

void FabricEdit::set_tunnel(TunnelSettings settings) {
    fabric_.tunnel_ = settings;
    std::vector<std::pair<NextHopId, NextHopSettings>> hops;
    fabric_.for_each_next_hop(
        [&](const NextHop& hop) { hops.emplace_back(hop.id(), hop.settings()); });
    for (auto& [id, hop] : hops)
        set_next_hop(id, std::move(hop));
}

void FabricEdit::set_port(LocalPort port) {
    erase_port(port.id);
    for (Ipv4Addr address : port.vtep_addresses)
        fabric_.own_vteps_.set(address.value, port.id);
    fabric_.ports_.set(port.id.value(), std::make_shared<const LocalPort>(std::move(port)));
}

void FabricEdit::erase_port(PortId id) {
    const LocalPort* old = fabric_.port(id);
    if (!old)
        return;
    for (Ipv4Addr address : old->vtep_addresses)
        if (const PortId* owner = fabric_.own_vteps_.find(address.value); owner && *owner == id)
            fabric_.own_vteps_.erase(address.value);
    fabric_.ports_.set(id.value(), nullptr);
}

void FabricEdit::set_next_hop(NextHopId id, NextHopSettings settings) {
    erase_next_hop(id);
    for (Ipv4Addr address : settings.addresses)
        fabric_.by_vtep_.set(key_of(address), static_cast<uint16_t>(id.value() + 1));
    fabric_.next_hops_.set(id.value(), std::make_shared<const NextHop>(id, std::move(settings),
                                                                       fabric_.tunnel_.udp_port));
}

void FabricEdit::erase_next_hop(NextHopId id) {
    const NextHop* old = fabric_.next_hop(id);
    if (!old)
        return;
    for (Ipv4Addr address : old->settings().addresses)
        if (fabric_.vtep(address) == id)
            fabric_.by_vtep_.erase(key_of(address));
    fabric_.next_hops_.set(id.value(), nullptr);
}

Segment& FabricEdit::segment(SegmentId id, SegmentSettings settings) {
    Segment* open = segment(id);
    if (!open) {
        auto made = std::make_shared<Segment>(id, settings);
        open = made.get();
        open_segments_[id] = std::move(made);
    }
    open->set_settings(std::move(settings));
    return *open;
}

Segment* FabricEdit::segment(SegmentId id) {
    if (auto open = open_segments_.find(id); open != open_segments_.end())
        return open->second.get();
    const Segment* published = fabric_.segment(id);
    if (!published)
        return nullptr;
    auto copy = std::make_shared<Segment>(*published);
    return (open_segments_[id] = std::move(copy)).get();
}

void FabricEdit::erase_segment(SegmentId id) {
    open_segments_.erase(id);
    if (const Segment* old = fabric_.segment(id)) {
        if (const SegmentId* owner = fabric_.by_vni_.find(old->settings().vni);
            owner && *owner == id)
            fabric_.by_vni_.erase(old->settings().vni);
        fabric_.segments_.set(id.value(), nullptr);
    }
}

std::shared_ptr<const Fabric> FabricEdit::finish() {
    auto open = std::move(open_segments_);
    open_segments_.clear();
    for (auto& [id, segment] : open)
        erase_segment(id);
    for (auto& [id, segment] : open) {
        fabric_.by_vni_.set(segment->settings().vni, id);
        fabric_.segments_.set(id.value(), std::move(segment));
    }
    return std::make_shared<const Fabric>(std::move(fabric_));
}

} // namespace ringfence
