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
        bool is_here = *binding->host == settings_.host;
        if (!is_here)
            moves_.elsewhere.insert(nic);
        else if (moves_.elsewhere.erase(nic))
            pick_up(nic);
        if (is_here)
            moves_.contends.erase(nic);
        awaited |= !is_here && binding->candidate == settings_.host && !moves_.active.contains(nic);
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

HostReport::Claim FabricAgent::claim_of(const std::string& interface,
                                        const std::string& nic) const {
    auto binding = builder_.binding(nic);
    bool is_here = binding && binding->host == settings_.host;
    return {interface, is_ready(nic), is_here || moves_.active.contains(nic),
            moves_.contends.contains(nic)};
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
