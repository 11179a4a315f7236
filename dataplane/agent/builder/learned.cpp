#include "dataplane/agent/builder/learned.h"

namespace ringfence::agent {

void LearnedPart::finish(FabricEdit& edit) {
    auto touched = std::exchange(known_.touched.learned, {});
    for (const Uuid& uuid : touched)
        retract(edit, uuid);
    for (const Uuid& uuid : touched)
        if (const LearnedEntry* learned = known_.learned.find(uuid))
            place(edit, uuid, *learned);
}

void LearnedPart::retract(FabricEdit& edit, const Uuid& uuid) {
    auto found = placements_.find(uuid);
    if (found == placements_.end())
        return;
    Segment* segment = edit.segment(found->second.segment);
    if (segment && segment->find(found->second.mac.to_u64()) == found->second.place)
        segment->erase_mac(found->second.mac);
    placements_.erase(found);
}

void LearnedPart::place(FabricEdit& edit, const Uuid& uuid, const LearnedEntry& learned) {
    auto id = known_.id_of_segment(learned.segment);
    Segment* segment = id ? edit.segment(*id) : nullptr;
    Destination place = known_.place_on(learned.host, learned.port, true);
    if (!segment || place == Destination::nowhere() || !may_have_learned(learned) ||
        !(segment->find(learned.mac.to_u64()) == Destination()))
        return;
    if (learned.is_doubtful && place.kind() == Destination::Kind::local)
        place = Destination::doubtful(place.port());
    segment->set_mac(learned.mac, place);
    placements_.emplace(uuid, Placement{*id, learned.mac, place});
}

// Hosts write these rows themselves: one counts only of a trusted port that is on that host.
bool LearnedPart::may_have_learned(const LearnedEntry& learned) const {
    const NicEntry* nic = known_.nic(learned.port);
    return nic && nic->security == PortSecurity::trusted && nic->segment == learned.segment &&
           nic->host == learned.host;
}

std::vector<LearnedEntry> LearnedPart::learned_at(const std::string& host) const {
    std::vector<LearnedEntry> all;
    for (const auto& [uuid, learned] : known_.learned.all())
        if (learned.host == host)
            all.push_back(learned);
    return all;
}

} // namespace ringfence::agent
