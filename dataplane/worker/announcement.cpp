#include "dataplane/worker/announcement.h"

#include <algorithm>
#include <array>

#include <rte_mbuf.h>

#include "dataplane/worker/worker.h"
#include "edge-router/icmp/announcement.h"

namespace ringfence {

namespace {

constexpr size_t min_frame = 60; // IEEE 802.3, 4.2.3.3, without its checksum

void announce(Worker& worker, const Announcement& announcement) {
    std::array<uint8_t, max_announcement_frame> bytes{};
    size_t size =
        std::max(min_frame, build_announcement(bytes, announcement.mac, announcement.address,
                                               announcement.router));
    rte_mbuf* frame = rte_pktmbuf_alloc(worker.copies());
    char* room = frame ? rte_pktmbuf_append(frame, static_cast<uint16_t>(size)) : nullptr;
    if (!room)
        return rte_pktmbuf_free(frame);
    std::copy_n(bytes.begin(), size, room);
    frame->port = static_cast<uint16_t>(announcement.to.value());
    worker.count(announcement.to, Verdict::generated);
    worker.enqueue(announcement.to, frame, announcement.to);
}

} // namespace

void announce(Worker& worker, std::span<const Announcement> announcements) {
    for (const Announcement& announcement : announcements)
        announce(worker, announcement);
}

} // namespace ringfence
