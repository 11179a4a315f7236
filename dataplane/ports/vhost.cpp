#include "dataplane/ports/vhost.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_version.h>
#include <rte_vhost.h>

#include "core/types/log.h"
#include "dataplane/ports/dpdk_log.h"
#include "dataplane/ports/frame_size.h"
#include "dataplane/ports/guest.h"
#include "dataplane/ports/guest_socket.h"
#include "dataplane/ports/shared_memory.h"
#include "dataplane/ports/spread.h"

namespace ringfence::ports {

namespace {

log::Module module("vhost");

constexpr uint16_t burst = 32; // what the library takes at once

// A guest that keeps a worker waiting does so at most this often, so long; and one that costs us
// what it gives back at the daemon's end only.
constexpr std::chrono::milliseconds watch_interval{50};
constexpr std::chrono::seconds shut_out_time{60};

// Of answers, with what the kernel needs to hold them: about twenty. QEMU reads each before it says
// anything else; the library waits for room with all rings locked.
constexpr int most_unread = 16 << 10;

constexpr uint64_t feature(unsigned bit) { return uint64_t{1} << bit; }

// VIRTIO 1.1, clauses 5.1.3 and 6.
enum Feature : unsigned {
    csum = 0,
    guest_csum = 1,
    gso = 6,
    guest_tso4 = 7,
    guest_tso6 = 8,
    guest_ecn = 9,
    guest_ufo = 10,
    host_tso4 = 11,
    host_tso6 = 12,
    host_ecn = 13,
    host_ufo = 14,
    ring_packed = 34,
};

// Frames go between ports as they are on a wire: whole, with their checksums. And one layout of
// rings is enough to defend.
constexpr uint64_t not_offered = feature(csum) | feature(guest_csum) | feature(gso) |
                                 feature(guest_tso4) | feature(guest_tso6) | feature(guest_ecn) |
                                 feature(guest_ufo) | feature(host_tso4) | feature(host_tso6) |
                                 feature(host_ecn) | feature(host_ufo) | feature(ring_packed);
constexpr uint64_t protocol_features =
    feature(VHOST_USER_PROTOCOL_F_MQ) | feature(VHOST_USER_PROTOCOL_F_LOG_SHMFD) |
    feature(VHOST_USER_PROTOCOL_F_RARP) | feature(VHOST_USER_PROTOCOL_F_REPLY_ACK) |
    feature(VHOST_USER_PROTOCOL_F_NET_MTU) | feature(VHOST_USER_PROTOCOL_F_STATUS);

constexpr uint32_t reset_owner = 4, get_queue_count = 17;

// A message as the library shows it to us. Its own headers are not installed; the layout is that of
// this version.
static_assert(RTE_VER_YEAR == 22 && RTE_VER_MONTH == 11, "look at struct vhu_msg_context");
struct [[gnu::packed]] LibraryMessage {
    static constexpr uint32_t needs_reply = 8;
    uint32_t request, flags, size;
    std::array<std::byte, 632> payload;
    std::array<int, 8> descriptors;
    int descriptor_count;
};

class VhostPort final : public Port {
public:
    VhostPort(const PortSettings& settings, const MbufPool& pool)
        : Port(settings), pool_(pool), path_(settings.argument) {}
    ~VhostPort() override;

    [[nodiscard]] Result<> listen_or_connect();

    uint16_t receive(rte_mbuf** frames, uint16_t room) override;
    uint16_t transmit(rte_mbuf** frames, uint16_t count) override;

    std::string driver() const override { return "net_vhost"; }
    MacAddr mac() const override { return mac_; }
    Result<> set_mac(MacAddr mac) override {
        mac_ = mac; // there is no filter
        return {};
    }
    unsigned mtu() const override { return mtu_; }
    unsigned max_mtu() const override { return pool_.max_mtu(); }
    Result<> set_mtu(unsigned mtu) override;
    LinkState link() override;
    PortStatistics statistics() const override;
    std::optional<unsigned> ifindex() const override { return std::nullopt; }
    std::optional<std::string> trouble() const override;

    // --- The library's side: its threads, one after the other.
    bool connected(int guest);
    void disconnected(int guest);
    void started(int guest);
    void stopped(int guest);
    void ring_changed(int guest, unsigned ring, bool ready);
    rte_vhost_msg_result look_at(int guest, LibraryMessage& message);
    // Every now and then, a thread of ours: does the guest keep the worker?
    void look_after();
    const std::string& path() const { return path_; }

private:
    bool is_server() const { return kind() == PortKind::vhost_user; }
    Guest* find(int guest);
    void complain(std::string what);
    bool is_shut_out() const;
    void shut_out(std::string_view why);
    uint16_t receive_from(Guest& guest, rte_mbuf** frames, uint16_t room);
    uint16_t transmit_to(Guest& guest, rte_mbuf** frames, uint16_t count);

    const MbufPool& pool_;
    std::string path_;
    bool registered_ = false;
    MacAddr mac_{};
    unsigned mtu_ = 1500;
    CarrierChanges carrier_;

    GuestDoor door_;
    // The worker's.
    unsigned next_pair_ = 0;
    struct Count {
        std::atomic<uint64_t> packets{0}, bytes{0};
        void add(rte_mbuf* const* frames, uint16_t count);
    } received_, sent_;

    log::Limiter limiter_{40};
    mutable std::mutex mutex_;
    std::chrono::steady_clock::time_point shut_out_until_{};
    std::map<int, std::unique_ptr<Guest>> guests_; // a connection that ends, and the one after it
    std::string trouble_;
};

// --- Which port a call of the library's is about. Ports come and go on the control thread.
class Ports {
public:
    void add(VhostPort& port) {
        std::lock_guard lock(mutex_);
        ports_.push_back(&port);
        if (!watch_.joinable())
            watch_ = std::jthread([this](std::stop_token stop) { watch(stop); });
    }
    void remove(VhostPort& port) {
        std::lock_guard lock(mutex_);
        std::erase(ports_, &port);
    }
    VhostPort* of(int guest) {
        std::array<char, 4096> path{};
        if (rte_vhost_get_ifname(guest, path.data(), path.size()) != 0)
            return nullptr;
        std::lock_guard lock(mutex_);
        auto found =
            std::ranges::find_if(ports_, [&](VhostPort* it) { return it->path() == path.data(); });
        return found == ports_.end() ? nullptr : *found;
    }

private:
    void watch(const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "vhost-watch");
        std::unique_lock lock(mutex_);
        while (!ended_.wait_for(lock, stop, watch_interval, [&] { return stop.stop_requested(); }))
            for (VhostPort* port : ports_)
                port->look_after();
    }
    std::mutex mutex_;
    std::vector<VhostPort*> ports_;
    std::condition_variable_any ended_;
    std::jthread watch_;
};

Ports& ports() {
    static Ports all;
    return all;
}

// Of the library's thread that reads all messages: what it complained of since its last call. It
// looks at a message's ring before it shows us the message, and where it then ends the connection,
// the descriptors that came along stay open.
thread_local std::optional<DpdkComplaints> heard;

bool has_left_descriptors() { return heard && heard->last().ends_with("failed to alloc queue"); }

rte_vhost_msg_result look_at(int guest, void* message) {
    heard.emplace();
    shared_memory::touch(guest); // this thread serves that guest until its next message
    VhostPort* port = ports().of(guest);
    return port ? port->look_at(guest, *static_cast<LibraryMessage*>(message))
                : RTE_VHOST_MSG_RESULT_ERR;
}

const rte_vhost_user_extern_ops message_calls = {.pre_msg_handle = look_at,
                                                 .post_msg_handle = nullptr};

int on_connection(int guest) {
    VhostPort* port = ports().of(guest);
    if (port && port->kind() == PortKind::vhost_user)
        heard.emplace(); // the thread that accepts is the one that reads
    return port && rte_vhost_extern_callback_register(guest, &message_calls, nullptr) == 0 &&
                   port->connected(guest)
               ? 0
               : -1;
}

void on_disconnection(int guest) {
    if (VhostPort* port = ports().of(guest))
        port->disconnected(guest);
}

int on_start(int guest) {
    VhostPort* port = ports().of(guest);
    if (!port)
        return -1;
    port->started(guest);
    return 0;
}

void on_stop(int guest) {
    if (VhostPort* port = ports().of(guest))
        port->stopped(guest);
}

int on_ring(int guest, uint16_t ring, int ready) {
    if (VhostPort* port = ports().of(guest))
        port->ring_changed(guest, ring, ready != 0);
    return 0;
}

const rte_vhost_device_ops device_calls = {.new_device = on_start,
                                           .destroy_device = on_stop,
                                           .vring_state_changed = on_ring,
                                           .features_changed = nullptr,
                                           .new_connection = on_connection,
                                           .destroy_connection = on_disconnection,
                                           .guest_notified = nullptr,
                                           .reserved = {}};

// --- Opening and closing.

Result<> VhostPort::listen_or_connect() {
    if (auto checked = check_socket_path(path_); !checked)
        return checked;
    if (auto cleared = is_server() ? clear_stale_socket(path_) : Result<>(); !cleared)
        return cleared;
    DpdkComplaints complaints;
    rte_log_set_level_pattern("lib.vhost.data", RTE_LOG_EMERG); // the packets' way: no log there
    shared_memory::guard();
    ports().add(*this);
    const char* path = path_.c_str();
    registered_ = rte_vhost_driver_register(path, is_server() ? 0 : RTE_VHOST_USER_CLIENT) == 0;
    if (registered_ && rte_vhost_driver_disable_features(path, not_offered) == 0 &&
        rte_vhost_driver_set_protocol_features(path, protocol_features) == 0 &&
        rte_vhost_driver_callback_register(path, &device_calls) == 0 &&
        rte_vhost_driver_start(path) == 0)
        return {};
    return fail(ErrorKind::unavailable, "the vhost-user socket {}: {}", path_, complaints.last());
}

VhostPort::~VhostPort() {
    if (registered_)
        rte_vhost_driver_unregister(path_.c_str());
    ports().remove(*this);
}

// --- The library's side.

Guest* VhostPort::find(int guest) {
    std::lock_guard lock(mutex_);
    auto found = guests_.find(guest);
    return found == guests_.end() ? nullptr : found->second.get();
}

void VhostPort::complain(std::string what) {
    if (uint64_t suppressed = 0; limiter_.allow(suppressed))
        log::warning(module, "{}: {} ({} more were held back)", name(), what, suppressed);
    std::lock_guard lock(mutex_);
    trouble_ = std::move(what);
}

bool VhostPort::is_shut_out() const {
    std::lock_guard lock(mutex_);
    return std::chrono::steady_clock::now() < shut_out_until_;
}

void VhostPort::shut_out(std::string_view why) {
    complain(fmt::format("{}: it is shut out for a minute", why));
    std::lock_guard lock(mutex_);
    shut_out_until_ = std::chrono::steady_clock::now() + shut_out_time;
    for (const auto& [id, guest] : guests_)
        guest->turn_away();
}

// One at a time: whoever connects next takes the place of who was there. Where we connect a refusal
// would be for good: look_at() turns away whoever is shut out.
bool VhostPort::connected(int guest) {
    if (is_server() && is_shut_out())
        return false;
    shared_memory::forget(guest);
    std::lock_guard lock(mutex_);
    std::vector<const Guest*> others;
    for (const auto& [id, other] : guests_)
        others.push_back(other.get());
    auto it = std::make_unique<Guest>(guest, path_, is_server(), others);
    if (is_server() && !it->is_found())
        return false;
    for (const Guest* other : others)
        other->turn_away();
    guests_[guest] = std::move(it);
    return true;
}

void VhostPort::disconnected(int guest) {
    stopped(guest);
    {
        std::lock_guard lock(mutex_);
        guests_.erase(guest);
    }
    if (has_left_descriptors())
        shut_out("its front end named a ring that cannot be");
    if (heard)
        heard.emplace();
}

void VhostPort::started(int guest) {
    Guest* it = find(guest);
    if (!it)
        return;
    for (uint16_t ring = 0; ring < rte_vhost_get_vring_num(guest); ++ring)
        rte_vhost_enable_guest_notification(guest, ring, 0);
    {
        std::lock_guard lock(mutex_);
        trouble_.clear();
    }
    door_.open(*it);
    log::debug(module, "{}: its guest is there, {} queue pair(s)", name(), it->pairs());
}

void VhostPort::stopped(int guest) {
    if (Guest* it = find(guest))
        door_.close(*it);
}

void VhostPort::ring_changed(int guest, unsigned ring, bool ready) {
    if (Guest* it = find(guest))
        it->set_ready(ring, ready);
}

// By an eventfd that blocks and is full: we have it not block, but the guest may change that.
void VhostPort::look_after() {
    if (!door_.keeps_the_worker())
        return;
    shut_out("its guest keeps the worker waiting");
    door_.wake_the_worker();
}

rte_vhost_msg_result VhostPort::look_at(int guest, LibraryMessage& message) {
    Guest* it = find(guest);
    const std::array<int, 8> descriptors = message.descriptors;
    const auto count = static_cast<size_t>(std::clamp(message.descriptor_count, 0, 8));
    const std::array<std::byte, 632> payload = message.payload;
    FrontEndMessage said{message.request,
                         std::span(payload).first(std::min<size_t>(message.size, payload.size())),
                         std::span(descriptors).first(count)};
    auto objection = !it || !it->is_found()       ? std::string("nobody is connected")
                     : it->unread() > most_unread ? std::string("it does not read its answers")
                                                  : it->front_end().objection(said);
    const bool is_refused = is_shut_out();
    if (objection || is_refused) {
        if (!is_refused)
            complain(fmt::format("its front end was turned away: {}", *objection));
        for (int fd : said.descriptors)
            close(fd);
        message.descriptor_count = 0;
        message.flags &= ~LibraryMessage::needs_reply; // the connection ends instead
        return RTE_VHOST_MSG_RESULT_ERR;
    }
    if (message.request == reset_owner)
        return RTE_VHOST_MSG_RESULT_OK; // deprecated, to be ignored
    if (message.request != get_queue_count)
        return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
    const uint64_t most = FrontEnd::most_pairs;
    std::memcpy(message.payload.data(), &most, sizeof most);
    message.size = sizeof most;
    return RTE_VHOST_MSG_RESULT_REPLY;
}

// --- The worker's side.

void VhostPort::Count::add(rte_mbuf* const* frames, uint16_t count) {
    uint64_t more = 0;
    for (uint16_t i = 0; i < count; ++i)
        more += frames[i]->pkt_len;
    packets.store(packets.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    bytes.store(bytes.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

uint16_t VhostPort::receive(rte_mbuf** frames, uint16_t room) {
    Guest* guest = door_.enter();
    if (!guest)
        return 0;
    uint16_t count = 0;
    if (!shared_memory::is_gone(guest->id())) [[likely]] {
        shared_memory::touch(guest->id());
        count = receive_from(*guest, frames, room);
        shared_memory::touch(-1);
    }
    door_.leave();
    if (count)
        received_.add(frames, count);
    return count;
}

// The pair after the one that filled the room is first next time.
uint16_t VhostPort::receive_from(Guest& guest, rte_mbuf** frames, uint16_t room) {
    const unsigned pairs = guest.pairs();
    uint16_t count = 0;
    for (unsigned i = 0; i < pairs && count < room; ++i) {
        next_pair_ = next_pair_ + 1 < pairs ? next_pair_ + 1 : 0;
        const uint16_t ring = Guest::from_guest(next_pair_);
        if (guest.is_ready(ring))
            count = static_cast<uint16_t>(
                count + rte_vhost_dequeue_burst(guest.id(), ring, pool_.get(), frames + count,
                                                static_cast<uint16_t>(room - count)));
    }
    return count;
}

uint16_t VhostPort::transmit(rte_mbuf** frames, uint16_t count) {
    Guest* guest = door_.enter();
    if (!guest)
        return 0;
    uint16_t taken = 0;
    if (!shared_memory::is_gone(guest->id())) [[likely]] {
        shared_memory::touch(guest->id());
        taken = transmit_to(*guest, frames, count);
        shared_memory::touch(-1);
    }
    door_.leave();
    if (taken) {
        sent_.add(frames, taken);
        rte_pktmbuf_free_bulk(frames, taken); // the library has copied them
    }
    return taken;
}

// Neighbours that go to the same queue go together. Where a queue has no room the rest stays the
// caller's: a guest that serves one of its queues only harms itself.
uint16_t VhostPort::transmit_to(Guest& guest, rte_mbuf** frames, uint16_t count) {
    const unsigned pairs = std::max(guest.pairs(), 1u);
    uint16_t taken = 0;
    while (taken < count) {
        const unsigned pair = queue_of(*frames[taken], pairs);
        uint16_t run = 1;
        while (run < burst && taken + run < count && queue_of(*frames[taken + run], pairs) == pair)
            ++run;
        const uint16_t ring = Guest::to_guest(guest.is_ready(Guest::to_guest(pair)) ? pair : 0);
        const uint16_t accepted = rte_vhost_enqueue_burst(guest.id(), ring, frames + taken, run);
        taken = static_cast<uint16_t>(taken + accepted);
        if (accepted < run)
            break;
    }
    return taken;
}

// --- The control thread's side.

Result<> VhostPort::set_mtu(unsigned mtu) {
    if (mtu < smallest_mtu || mtu > max_mtu())
        return fail("MTU {} of port {}: it carries {} to {} (driver {}, "
                    "other_config:ringfence-max-mtu)",
                    mtu, name(), smallest_mtu, max_mtu(), driver());
    mtu_ = mtu;
    return {};
}

LinkState VhostPort::link() {
    LinkState state;
    state.admin_up = true;
    state.up = door_.is_open();
    state.speed = 10'000;
    state.resets = carrier_.follow(state.up);
    return state;
}

PortStatistics VhostPort::statistics() const {
    PortStatistics s;
    s.rx_packets = received_.packets.load(std::memory_order_relaxed);
    s.rx_bytes = received_.bytes.load(std::memory_order_relaxed);
    s.tx_packets = sent_.packets.load(std::memory_order_relaxed);
    s.tx_bytes = sent_.bytes.load(std::memory_order_relaxed);
    return s;
}

std::optional<std::string> VhostPort::trouble() const {
    std::lock_guard lock(mutex_);
    for (const auto& [id, guest] : guests_)
        if (shared_memory::is_gone(id))
            return "its guest has cut short the memory that it shares with us";
    return trouble_.empty() ? std::nullopt : std::optional(trouble_);
}

} // namespace

Result<std::shared_ptr<Port>> open_vhost(const PortSettings& settings, const MbufPool& pool) {
    auto port = std::make_shared<VhostPort>(settings, pool);
    if (auto opened = port->listen_or_connect(); !opened) {
        Error error = opened.error();
        return tl::unexpected(error.in(fmt::format("port {}", settings.name)));
    }
    return port;
}

} // namespace ringfence::ports
