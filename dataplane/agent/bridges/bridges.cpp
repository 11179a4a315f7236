#include "dataplane/agent/bridges/bridges.h"

#include <algorithm>

namespace ringfence::agent {

namespace {

BridgeMember member_of(const OpenPort& port) {
    const WantedPort& wanted = port.wanted;
    return {port.id, wanted.bridge, wanted.vlan_mode, wanted.tag.value_or(0), wanted.trunks};
}

void add(std::vector<PortId>& outputs, PortId output) {
    if (std::ranges::count(outputs, output) == 0)
        outputs.push_back(output);
}

} // namespace

void Bridges::update(const WantedBridges& wanted, const std::map<std::string, OpenPort>& ports) {
    std::vector<BridgeMember> members;
    std::map<PortId, std::string> bridges;
    for (const auto& [name, port] : ports)
        if (port.wanted.is_bridged && !is_dead_vlan(port.wanted)) {
            members.push_back(member_of(port));
            bridges.emplace(port.id, port.wanted.bridge);
        }
    plan_ = plan_bridges(members, ids_);
    bridge_of_.clear();
    for (const auto& [id, segment] : plan_.segments)
        bridge_of_.emplace(id, bridges.at(segment.members.front()));
    keep_stations(wanted);
    plan_mirrors(wanted.mirrors, ports);
}

// Where a port no longer carries a VLAN nobody is behind it there.
void Bridges::keep_stations(const WantedBridges& wanted) {
    for (const WantedBridge& bridge : wanted.bridges)
        stations_[bridge.name].set_limits(bridge.most_macs, bridge.mac_life);
    for (auto& [bridge, stations] : stations_)
        stations.keep([&](SegmentId id, PortId port) {
            auto segment = plan_.segments.find(id);
            return segment != plan_.segments.end() &&
                   std::ranges::count(segment->second.members, port) != 0;
        });
}

void Bridges::plan_mirrors(const std::vector<WantedMirror>& mirrors,
                           const std::map<std::string, OpenPort>& ports) {
    copies_.clear();
    for (const WantedMirror& mirror : mirrors) {
        auto output = ports.find(mirror.output);
        if (output == ports.end())
            continue; // can't be opened: its row says why
        for (const std::string& name : mirror.received)
            if (auto port = ports.find(name); port != ports.end())
                add(copies_[port->second.id].received_to, output->second.id);
        for (const std::string& name : mirror.sent)
            if (auto port = ports.find(name); port != ports.end())
                add(copies_[port->second.id].sent_to, output->second.id);
    }
}

void Bridges::describe(LocalFacts& facts) const {
    facts.bridge_segments = plan_.segments;
    for (auto& [name, port] : facts.ports) {
        if (auto planned = plan_.ports.find(port.id); planned != plan_.ports.end())
            port.bridge = planned->second;
        if (auto copies = copies_.find(port.id); copies != copies_.end()) {
            port.received_to = copies->second.received_to;
            port.sent_to = copies->second.sent_to;
        }
    }
}

bool Bridges::learned(const Notice& notice, Stations::Time now) {
    const std::vector<PortId>& members = plan_.segments.at(notice.segment).members;
    if (std::ranges::count(members, notice.port) == 0)
        return false;
    stations_[bridge_of_.at(notice.segment)].saw({notice.segment, notice.mac}, notice.port, now);
    return true;
}

bool Bridges::age(Stations::Time now) {
    bool any = false;
    for (auto& [bridge, stations] : stations_)
        any |= stations.age(now);
    return any;
}

bool Bridges::flush(const std::optional<std::string>& bridge) {
    bool any = false;
    for (auto& [name, stations] : stations_)
        if (!bridge || *bridge == name) {
            stations.keep([](SegmentId, PortId) { return false; });
            any = true;
        }
    return any;
}

std::vector<StationChange> Bridges::take_changes() {
    std::vector<StationChange> all;
    for (auto& [bridge, stations] : stations_) {
        auto changes = stations.take_changes();
        all.insert(all.end(), changes.begin(), changes.end());
    }
    return all;
}

std::string Bridges::show(const std::optional<std::string>& bridge,
                          const std::map<std::string, OpenPort>& ports, Stations::Time now) const {
    std::map<PortId, std::string> names;
    for (const auto& [name, port] : ports)
        names.emplace(port.id, name);
    std::string text;
    for (const auto& [name, stations] : stations_)
        for (const auto& [key, station] : stations.all())
            if (!bridge || *bridge == name)
                text += fmt::format(
                    " {:<15} {:>5}  {}  {:>3}\n", names[station.port],
                    plan_.segments.at(key.first).settings.vlan, to_string(key.second),
                    std::chrono::duration_cast<std::chrono::seconds>(now - station.seen).count());
    return text;
}

} // namespace ringfence::agent
