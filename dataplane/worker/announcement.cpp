#include "dataplane/worker/announcement.h"

#include <array>

#include "dataplane/worker/worker.h"
#include "edge-router/dhcp/answer.h"
#include "edge-router/dhcp/router_advertisement.h"
#include "edge-router/icmp/announcement.h"

namespace ringfence {

void announce(Worker& worker, std::span<const Announcement> announcements) {
    for (const auto& [to, mac, address, router] : announcements) {
        std::array<uint8_t, max_announcement_frame> room;
        size_t size = build_announcement(room, mac, address, router);
        worker.generate(std::span<const uint8_t>(room).first(size), to, to);
    }
}

void advertise(Worker& worker, const Fabric& fabric, std::span<const PortId> ports) {
    for (PortId id : ports) {
        const LocalPort* port = fabric.port(id);
        const Segment* segment = port && port->segment ? fabric.segment(*port->segment) : nullptr;
        if (!segment || !port->dhcp6)
            continue;
        std::array<uint8_t, max_dhcp_frame> room;
        size_t size = build_router_advertisement(room, *port->dhcp6, segment->mtu());
        worker.generate(std::span<const uint8_t>(room).first(size), id, id);
    }
}

} // namespace ringfence
