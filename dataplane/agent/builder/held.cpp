#include "dataplane/agent/builder/held.h"

namespace ringfence::agent {

void HeldPart::retract(FabricEdit& edit) {
    known_.touched.held.insert(conflicts_.begin(), conflicts_.end()); // perhaps free now
    to_place_ = std::exchange(known_.touched.held, {});
    for (const Uuid& uuid : to_place_) {
        auto old = placements_.find(uuid);
        forbid_candidate(edit, uuid);
        if (old == placements_.end() || wanted(uuid) == old->second)
            continue;
        if (Segment* segment = edit.segment(old->second.segment))
            segment->erase_held(old->second.outside);
        placements_.erase(old);
    }
}

void HeldPart::place(FabricEdit& edit) {
    for (const Uuid& uuid : std::exchange(to_place_, {})) {
        conflicts_.erase(uuid);
        auto placement = wanted(uuid);
        Segment* segment = placement ? edit.segment(placement->segment) : nullptr;
        if (!segment)
            continue;
        if (segment->held(placement->outside) && !placements_.contains(uuid)) {
            conflicts_.insert(uuid);
            continue;
        }
        const HeldEntry& row = *known_.held.find(uuid);
        Destination owner = known_.place_on(known_.host_of(row), row.owner);
        note_move(edit, *segment, *placement, owner);
        segment->set_held(placement->outside, {placement->router, owner, row.inside});
        if (auto hop = known_.hop_to(row.candidate)) {
            segment->allow_also_from(placement->outside, *hop);
            candidates_.insert_or_assign(uuid, Move{placement->segment, placement->outside, *hop});
        }
        placements_.insert_or_assign(uuid, *placement);
    }
}

void HeldPart::forbid_candidate(FabricEdit& edit, const Uuid& uuid) {
    auto old = candidates_.find(uuid);
    if (old == candidates_.end())
        return;
    if (Segment* segment = edit.segment(old->second.segment))
        segment->forbid_also_from(std::get<IpAddr>(old->second.what), old->second.from);
    candidates_.erase(old);
}

// What is still there is the same NIC's.
void HeldPart::note_move(FabricEdit& edit, Segment& segment, const Placement& placement,
                         Destination owner) {
    const Held* before = segment.held(placement.outside);
    bool moved =
        before && before->owner.kind() == Destination::Kind::vtep && !(before->owner == owner);
    if (!moved || !edit.view().next_hop(before->owner.next_hop()))
        return;
    segment.allow_also_from(placement.outside, before->owner.next_hop());
    known_.moves.push_back({placement.segment, placement.outside, before->owner.next_hop()});
}

std::optional<HeldPart::Placement> HeldPart::wanted(const Uuid& uuid) {
    const HeldEntry* row = known_.held.find(uuid);
    auto segment = row ? known_.id_of_segment(row->segment) : std::nullopt;
    auto router = segment ? known_.ids.routers.get(row->router) : std::nullopt;
    if (!router)
        return std::nullopt;
    return Placement{*segment, row->outside, *router, row->inside};
}

std::map<std::string, std::string> HeldPart::trouble() const {
    std::map<std::string, std::string> trouble;
    for (const Uuid& uuid : conflicts_)
        if (const HeldEntry* row = known_.held.find(uuid))
            trouble.emplace(
                fmt::format("translation of {} by {}", to_string(row->outside), row->router),
                "the address is held already");
    return trouble;
}

} // namespace ringfence::agent
