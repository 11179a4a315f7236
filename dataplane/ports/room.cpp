#include "dataplane/ports/room.h"

#include <algorithm>

#include <rte_mbuf.h>

namespace ringfence::ports {

namespace {

uint32_t held_by_one(rte_mempool* pool) {
    return rte_pktmbuf_data_room_size(pool) - uint32_t{RTE_PKTMBUF_HEADROOM};
}

} // namespace

Room::Room(rte_mempool* pool, bool large, void* header, size_t header_size)
    : pool_(pool), header_size_(header_size),
      wanted_(large ? (largest + held_by_one(pool) - 1) / held_by_one(pool) : 1), missing_(wanted_),
      each_(held_by_one(pool)) {
    parts_[0] = {header, header_size};
    parts_[1 + wanted_] = {&excess_, 1};
}

Room::~Room() {
    rte_pktmbuf_free_bulk(buffers_.data() + missing_, static_cast<unsigned>(wanted_ - missing_));
}

std::span<iovec> Room::parts() {
    if (missing_ > 0)
        fill();
    const size_t held = wanted_ - missing_;
    if (held == 0)
        return {};
    for (size_t i = 0; i < held; ++i)
        parts_[1 + i] = {rte_pktmbuf_mtod(buffers_[missing_ + i], void*), each_};
    parts_[1 + held] = {&excess_, 1};
    return std::span(parts_).first(1 + held + 1);
}

// Where there are not as many, those that are held do, or one.
void Room::fill() {
    if (rte_pktmbuf_alloc_bulk(pool_, buffers_.data(), static_cast<unsigned>(missing_)) == 0)
        missing_ = 0;
    else if (missing_ == wanted_ && (buffers_[wanted_ - 1] = rte_pktmbuf_alloc(pool_)))
        --missing_;
}

rte_mbuf* Room::take(size_t length) {
    length -= header_size_;
    if (length > (wanted_ - missing_) * each_)
        return nullptr;
    rte_mbuf* frame = buffers_[missing_];
    frame->pkt_len = static_cast<uint32_t>(length);
    frame->nb_segs = 0;
    for (rte_mbuf* last = nullptr; length > 0; last = buffers_[missing_++]) {
        buffers_[missing_]->data_len = static_cast<uint16_t>(std::min<size_t>(length, each_));
        length -= buffers_[missing_]->data_len;
        ++frame->nb_segs;
        if (last)
            last->next = buffers_[missing_];
    }
    return frame;
}

} // namespace ringfence::ports
