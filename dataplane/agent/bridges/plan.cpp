#include "dataplane/agent/bridges/plan.h"

namespace ringfence::agent {

namespace {

using Members = std::vector<const BridgeMember*>;

const std::string prefix = "bridge/"; // of the names of such segments among the ids

bool carries_all(const BridgeMember& member) {
    return member.mode != VlanMode::access && member.trunks.empty();
}

bool has_tag(const BridgeMember& member) { return member.mode != VlanMode::trunk; }

// What the port names itself.
std::set<uint16_t> named_by(const BridgeMember& member) {
    std::set<uint16_t> vlans;
    if (member.mode != VlanMode::access)
        vlans = member.trunks;
    if (has_tag(member))
        vlans.insert(member.tag);
    return vlans;
}

class Planner {
public:
    Planner(BridgePlan& plan, Ids& ids, std::set<std::string>& names)
        : plan_(plan), ids_(ids), names_(names) {}

    void add(const std::string& bridge, const Members& members) {
        std::set<uint16_t> named{0};
        for (const BridgeMember* member : members)
            named.merge(named_by(*member));
        for (const BridgeMember* member : members) {
            BridgePort port;
            port.mode = member->mode;
            port.tag = has_tag(*member) ? member->tag : uint16_t(0);
            for (uint16_t vlan : carries_all(*member) ? named : named_by(*member))
                if (auto segment = join(bridge, vlan, member->id))
                    port.vlans.emplace_back(vlan, *segment);
            if (carries_all(*member))
                port.others = join(bridge, std::nullopt, member->id);
            plan_.ports.emplace(member->id, std::move(port));
        }
    }

private:
    // vlan: none for all that no port names. None back: more segments than ids.
    std::optional<SegmentId> join(const std::string& bridge, std::optional<uint16_t> vlan,
                                  PortId member) {
        SegmentSettings settings;
        settings.intent =
            vlan ? fmt::format("{}{}/vlan/{}", prefix, bridge, *vlan) : prefix + bridge + "/vlans";
        auto id = ids_.segments.get(settings.intent);
        if (!id)
            return std::nullopt;
        names_.insert(settings.intent);
        settings.mtu = UINT16_MAX; // what its ports' devices carry
        settings.vlan = vlan.value_or(0);
        settings.vlan_transparent = !vlan;
        BridgeSegment& segment = plan_.segments[*id];
        segment.settings = std::move(settings);
        segment.members.push_back(member);
        return id;
    }

    BridgePlan& plan_;
    Ids& ids_;
    std::set<std::string>& names_;
};

} // namespace

BridgePlan plan_bridges(const std::vector<BridgeMember>& members, Ids& ids) {
    std::map<std::string, Members> bridges;
    for (const BridgeMember& member : members)
        bridges[member.bridge].push_back(&member);
    BridgePlan plan;
    std::set<std::string> names;
    for (const auto& [bridge, its_members] : bridges)
        Planner(plan, ids, names).add(bridge, its_members);

    std::vector<std::string> unused;
    for (const auto& [name, id] : ids.segments.all())
        if (name.starts_with(prefix) && !names.contains(name))
            unused.push_back(name);
    for (const std::string& name : unused)
        ids.segments.release(name);
    return plan;
}

} // namespace ringfence::agent
