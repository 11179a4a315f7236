#include "dataplane/worker/announcement.h"

#include <array>

#include "dataplane/worker/worker.h"
#include "edge-router/icmp/announcement.h"

namespace ringfence {

void announce(Worker& worker, std::span<const Announcement> announcements) {
    for (const auto& [to, mac, address, router] : announcements) {
        std::array<uint8_t, max_announcement_frame> room;
        size_t size = build_announcement(room, mac, address, router);
        worker.generate(std::span<const uint8_t>(room).first(size), to, to);
    }
}

} // namespace ringfence
