#include "dataplane/agent/builder/segments.h"

namespace ringfence::agent {

void SegmentPart::finish(FabricEdit& edit) {
    for (const Uuid& uuid : std::exchange(known_.touched.segments, {})) {
        const SegmentSettings* settings = known_.segments.find(uuid);
        auto id = known_.ids.segments.find(ovsdb::to_string(uuid));
        if (settings) {
            bool is_new = !id || !edit.segment(*id);
            if (!id && !(id = known_.ids.segments.get(ovsdb::to_string(uuid))))
                continue; // more segments than ids
            edit.segment(*id, *settings);
            if (!is_new)
                continue;
        } else if (id) {
            edit.erase_segment(*id);
            known_.ids.segments.release(ovsdb::to_string(uuid));
        }
        known_.touch_segment(uuid);
    }
}

std::optional<Uuid> SegmentPart::row_of(SegmentId segment) const {
    for (const auto& [uuid, settings] : known_.segments.all())
        if (known_.id_of_segment(uuid) == segment)
            return uuid;
    return std::nullopt;
}

std::map<std::string, std::string> SegmentPart::trouble() const {
    std::map<std::string, std::string> trouble;
    const auto& mtu = known_.facts.underlay_mtu;
    const size_t overhead = known_.facts.has_vtep6 ? NextHop::overhead6 : NextHop::overhead;
    for (const auto& [uuid, segment] : known_.segments.all())
        if (mtu && segment.mtu + overhead > *mtu)
            trouble.emplace("segment " +
                                (segment.intent.empty() ? ovsdb::to_string(uuid) : segment.intent),
                            fmt::format("MTU {} exceeds what the underlay carries, {}", segment.mtu,
                                        *mtu - overhead));
    return trouble;
}

} // namespace ringfence::agent
