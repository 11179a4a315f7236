#include "dataplane/ports/front_end.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ringfence::ports {

namespace {

using Objection = std::optional<std::string>;

enum Request : uint32_t {
    get_features = 1,
    set_features = 2,
    set_owner = 3,
    reset_owner = 4,
    set_memory = 5,
    set_log_memory = 6,
    set_log_event = 7,
    set_ring_size = 8,
    set_ring_place = 9,
    set_ring_base = 10,
    get_ring_base = 11,
    set_ring_kick = 12,
    set_ring_call = 13,
    set_ring_error = 14,
    get_protocol_features = 15,
    set_protocol_features = 16,
    get_queue_count = 17,
    set_ring_enable = 18,
    send_rarp = 19,
    set_mtu = 20,
    set_status = 39,
    get_status = 40,
};

constexpr uint64_t log_all = uint64_t{1} << 26;     // VHOST_F_LOG_ALL
constexpr uint64_t multi_queue = uint64_t{1} << 22; // VIRTIO_NET_F_MQ
constexpr size_t first_pair = 2;                    // its rings

struct RingState {
    uint32_t ring, value;
};

struct RingPlace {
    uint32_t ring, flags;
    uint64_t descriptors, used, available, log;
};

struct Region {
    uint64_t guest_address, size, front_end_address, offset;
};
constexpr uint32_t most_regions = 8;
constexpr uint64_t most_memory = uint64_t{4} << 40; // of one front end, lest others find no room

struct Log {
    uint64_t size, offset;
};

template <class T> std::optional<T> read(std::span<const std::byte> bytes, size_t at = 0) {
    if (at > bytes.size() || bytes.size() - at < sizeof(T))
        return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

std::string too_short(const FrontEndMessage& message) {
    return fmt::format("a message of {} bytes is too short", message.payload.size());
}

Objection wrong_descriptors(const FrontEndMessage& message, size_t expected) {
    if (message.descriptors.size() == expected)
        return std::nullopt;
    return fmt::format("{} file descriptors came, {} belong to it", message.descriptors.size(),
                       expected);
}

// Memory whose pages are another process's to fetch would keep the worker waiting for it.
Objection unfit_memory(int fd, uint64_t end) {
    struct stat file {};
    struct statfs system {};
    if (fstat(fd, &file) != 0 || fstatfs(fd, &system) != 0 || !S_ISREG(file.st_mode))
        return "its memory is not a file";
    if (system.f_type != TMPFS_MAGIC && system.f_type != HUGETLBFS_MAGIC)
        return "its memory is a file that lies neither in memory (memfd, /dev/shm) nor in "
               "hugepages";
    if (static_cast<uint64_t>(file.st_size) < end)
        return fmt::format("its memory has {} bytes, and ends before {}", file.st_size, end);
    void* trial = mmap(nullptr, end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (trial == MAP_FAILED)
        return fmt::format("its memory cannot be mapped: {}", std::strerror(errno));
    munmap(trial, end);
    return std::nullopt;
}

bool overlap(uint64_t first, uint64_t first_size, uint64_t second, uint64_t second_size) {
    return first < second + second_size && second < first + first_size;
}

Objection bad_region(const Region& region) {
    constexpr uint64_t end = uint64_t{1} << 63; // beyond any address
    if (region.size == 0 || region.size > most_memory || region.offset > most_memory ||
        region.guest_address >= end || region.front_end_address >= end)
        return fmt::format("a memory region of {} bytes from {}", region.size, region.offset);
    if (region.front_end_address == 0)
        return "a memory region at address 0";
    return std::nullopt;
}

Objection memory(const FrontEndMessage& message) {
    auto count = read<uint32_t>(message.payload);
    if (!count || *count == 0 || *count > most_regions)
        return fmt::format("{} memory regions: there are 1 to {}", count.value_or(0), most_regions);
    if (auto wrong = wrong_descriptors(message, *count))
        return wrong;
    std::vector<Region> regions;
    uint64_t total = 0;
    for (size_t i = 0; i < *count; ++i) {
        auto region = read<Region>(message.payload, 8 + i * sizeof(Region));
        if (!region)
            return too_short(message);
        if (auto bad = bad_region(*region))
            return bad;
        for (const Region& other : regions)
            if (overlap(region->guest_address, region->size, other.guest_address, other.size) ||
                overlap(region->front_end_address, region->size, other.front_end_address,
                        other.size))
                return "memory regions overlap";
        if (auto unfit = unfit_memory(message.descriptors[i], region->offset + region->size))
            return unfit;
        regions.push_back(*region);
        total += region->offset + region->size;
    }
    if (total > most_memory)
        return fmt::format("{} bytes of memory: {} is the most", total, most_memory);
    return std::nullopt;
}

// The library maps it from the offset, and writes as if it were mapped from the beginning.
Objection log_memory(const FrontEndMessage& message) {
    auto log = read<Log>(message.payload);
    if (!log)
        return too_short(message);
    if (auto wrong = wrong_descriptors(message, 1))
        return wrong;
    if (log->size == 0 || log->size > most_memory || log->offset != 0)
        return fmt::format("a log of {} bytes from {}", log->size, log->offset);
    return unfit_memory(message.descriptors[0], log->size);
}

bool is_eventfd(int fd) {
    std::array<char, 64> target{};
    ssize_t length =
        readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), target.data(), target.size());
    return length > 0 &&
           std::string_view(target.data(), static_cast<size_t>(length)) == "anon_inode:[eventfd]";
}

Objection number(const FrontEndMessage& message) {
    if (!read<uint64_t>(message.payload))
        return too_short(message);
    return wrong_descriptors(message, 0);
}

std::string no_such_ring(uint64_t ring) { return fmt::format("there is no ring {}", ring); }

} // namespace

Objection FrontEnd::objection(const FrontEndMessage& message) {
    switch (message.request) {
    case get_features:
    case get_protocol_features:
    case get_queue_count:
    case get_status:
    case set_owner:
    case reset_owner:
        return wrong_descriptors(message, 0);
    case set_features:
        return features(message);
    case set_protocol_features:
    case send_rarp:
    case set_mtu:
    case set_status:
        return number(message);
    case set_memory:
        return memory(message);
    case set_log_memory:
        return log_memory(message);
    case set_log_event:
        return wrong_descriptors(message, 1);
    case set_ring_size:
        return ring_size(message);
    case set_ring_place:
        return ring_place(message);
    case set_ring_base:
    case get_ring_base:
    case set_ring_enable:
        return ring_state(message);
    case set_ring_kick:
    case set_ring_call:
    case set_ring_error:
        return ring_event(message);
    default:
        return fmt::format("request {} is not for a switch", message.request);
    }
}

// Of rings that are placed neither the layout nor the length may change. Without multi-queue the
// library forgets what it knew of the rings after the first pair, whenever features come.
Objection FrontEnd::features(const FrontEndMessage& message) {
    if (auto bad = number(message))
        return bad;
    const uint64_t wanted = *read<uint64_t>(message.payload);
    if ((wanted ^ features_) & ~log_all && std::ranges::any_of(rings_, &Ring::is_placed))
        return "other features while rings are in use";
    features_ = wanted;
    if (!(wanted & multi_queue))
        std::fill(rings_.begin() + first_pair, rings_.end(), Ring{});
    return std::nullopt;
}

// QEMU names the call of every ring, and enables or disables it, before it says its features: the
// library starts none of them by that.
Objection FrontEnd::unusable(uint64_t ring) const {
    if (ring >= rings_.size())
        return no_such_ring(ring);
    if (ring >= first_pair && !(features_ & multi_queue))
        return fmt::format("ring {} is used without multi-queue", ring);
    return std::nullopt;
}

Objection FrontEnd::ring_size(const FrontEndMessage& message) {
    auto state = read<RingState>(message.payload);
    if (!state)
        return too_short(message);
    if (auto bad = unusable(state->ring))
        return bad;
    if (state->value == 0 || state->value > most_descriptors ||
        (state->value & (state->value - 1)) != 0)
        return fmt::format("ring {} of {} descriptors: a power of two, at most {}", state->ring,
                           state->value, most_descriptors);
    Ring& ring = rings_[state->ring];
    if (ring.is_placed && ring.size != state->value)
        return fmt::format("ring {} changes its size while it is in use", state->ring);
    ring.size = state->value;
    return wrong_descriptors(message, 0);
}

Objection FrontEnd::ring_place(const FrontEndMessage& message) {
    auto place = read<RingPlace>(message.payload);
    if (!place)
        return too_short(message);
    if (auto bad = unusable(place->ring))
        return bad;
    Ring& ring = rings_[place->ring];
    if (ring.size == 0)
        return fmt::format("ring {} has a place before it has a size", place->ring);
    // VIRTIO 1.1, 2.6
    if (place->descriptors % 16 || place->available % 2 || place->used % 4)
        return fmt::format("ring {} is not aligned", place->ring);
    ring.is_placed = true;
    return wrong_descriptors(message, 0);
}

Objection FrontEnd::ring_state(const FrontEndMessage& message) {
    auto state = read<RingState>(message.payload);
    if (!state)
        return too_short(message);
    if (state->ring >= rings_.size())
        return no_such_ring(state->ring);
    if (auto bad = unusable(state->ring); bad && message.request == set_ring_base)
        return bad;
    if (message.request == get_ring_base)
        rings_[state->ring] = {}; // it stops
    return wrong_descriptors(message, 0);
}

Objection FrontEnd::ring_event(const FrontEndMessage& message) {
    auto word = read<uint64_t>(message.payload);
    if (!word)
        return too_short(message);
    const uint64_t ring = *word & 0xff;
    const bool polled = *word & 0x100; // without a descriptor
    if (ring >= rings_.size())
        return no_such_ring(ring);
    if (auto bad = unusable(ring); bad && message.request == set_ring_kick)
        return bad;
    if (message.request == set_ring_kick && !rings_[ring].is_placed)
        return fmt::format("ring {} starts before it has a place", ring);
    if (auto wrong = wrong_descriptors(message, polled ? 0 : 1))
        return wrong;
    if (polled)
        return std::nullopt;
    const int fd = message.descriptors[0];
    if (!is_eventfd(fd))
        return fmt::format("what ring {} is to be told by is no eventfd", ring);
    if (int flags = fcntl(fd, F_GETFL); flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK); // one that nobody reads is full some day
    return std::nullopt;
}

} // namespace ringfence::ports
