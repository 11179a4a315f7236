// NICs that move between hosts (DESIGN §5).
#include "dataplane/agent/fabric_agent_parts.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;

constexpr auto after_a_move = 2s; // frames of a NIC that moved may come from its old host as long
constexpr auto first_frame_period = 5ms; // while one is awaited
constexpr auto contention = 60s;         // how long it is told that a port has sent after its move

} // namespace

// By the rows: what is here now, and what was another host's until now.
void FabricAgent::follow_moves() {
    bool awaited = false;
    for (const auto& [name, port] : ports_.open()) {
        const std::string& nic = port.wanted.iface_id;
        auto binding = builder_.binding(nic);
        if (!binding || !binding->host)
            continue;
        const bool is_here = *binding->host == settings_.host;
        const bool is_to_come = !is_here && binding->candidate == settings_.host;
        if (!is_here)
            moves_.elsewhere.insert(nic);
        else if (moves_.elsewhere.erase(nic))
            pick_up(nic);
        if (is_here)
            moves_.had.insert(nic);
        if (is_here || is_to_come)
            moves_.contends.erase(nic);
        awaited |= is_to_come && !moves_.active.contains(nic);
    }
    if (!awaited)
        first_frames_ = {};
    else if (!first_frames_)
        first_frames_ = reactor_.every(first_frame_period, [this] { take_notices(); });
}

// A port of which another host has the NIC. One that is to move here is here from now on; any other
// was left behind, or is somebody's who should not have it.
void FabricAgent::take_sends(const OpenPort& port) {
    const std::string& nic = port.wanted.iface_id;
    auto binding = builder_.binding(nic);
    if (!binding || !binding->host || *binding->host == settings_.host)
        return;
    if (binding->candidate != settings_.host) {
        if (!moves_.had.contains(nic))
            return; // it never was here: it claims, and does not contend
        moves_.contends[nic] = reactor_.after(contention, [this, nic] {
            reactor_.post([this, nic] {
                moves_.contends.erase(nic);
                schedule();
            });
        });
    } else if (moves_.active.insert(nic).second) {
        log::info(fabric_log, "{} is here now: it has sent, and was on host {}", nic,
                  *binding->host);
        pick_up(nic);
    }
    schedule();
}

// Its TCP connections go on, of which this host knows nothing.
void FabricAgent::pick_up(const std::string& nic) {
    moves_.picking_up[nic] = reactor_.after(picking_up, [this, nic] {
        reactor_.post([this, nic] {
            moves_.picking_up.erase(nic);
            schedule();
        });
    });
}

HostReport::Claim FabricAgent::claim_of(const WantedPort& port) const {
    const std::string& nic = port.iface_id;
    auto binding = builder_.binding(nic);
    bool is_here = binding && binding->host == settings_.host;
    return {port.name, port.interface.is_nil() ? "" : ovsdb::to_string(port.interface),
            is_ready(nic), is_here || moves_.active.contains(nic), moves_.contends.contains(nic)};
}

// What a NIC has done here, it has done by one plug: another Interface row is another one, even
// where it takes the place of the first in one transaction.
void FabricAgent::follow_plugs() {
    std::map<std::string, ovsdb::Uuid> plugs;
    for (const auto& [name, port] : ports_.open())
        plugs.emplace(port.wanted.iface_id, port.wanted.interface);
    for (auto& [nic, row] : moves_.plugs) {
        auto now = plugs.find(nic);
        if (now == plugs.end())
            forget_moves(nic);
        else if (now->second.is_nil())
            now->second = row;
        else if (!row.is_nil() && now->second != row)
            forget_moves(nic);
    }
    moves_.plugs = std::move(plugs);
}

void FabricAgent::forget_moves(const std::string& nic) {
    for (auto* nics : {&moves_.active, &moves_.elsewhere, &moves_.had})
        nics->erase(nic);
    moves_.contends.erase(nic);
}

void FabricAgent::forget_later(const std::vector<Move>& moves) {
    for (const Move& move : moves)
        old_moves_[move] = reactor_.after(after_a_move, [this, move] {
            builder_.forget(move);
            schedule();
            reactor_.post([this, move] { old_moves_.erase(move); });
        });
}

} // namespace ringfence::agent
