// A round: adopt the plan, receive a burst from each port that may have one, run the pipeline, take
// what was handed over, run errands, visit some connections, send, and report a quiescent state.
// Nothing of a plan is kept past its round.
//
// Falling asleep. A thread that has found nothing for `spin` looks for work once more, with
// `asleep_` set, and then waits for its ports' descriptors and its alarm. Whoever gives it work
// writes the work first and looks at `asleep_` after; each side has a full fence between, so one of
// them sees the other. Ports without a descriptor bound the wait: it starts at `shortest_nap`,
// doubles while nothing comes, and ends at the setting. While it waits the thread is offline for
// QSBR, and holds no plan.
#include "dataplane/loop/thread.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/pipeline.h"
#include "dataplane/stages/sweep.h"
#include "dataplane/worker/segments.h"

namespace ringfence::loop {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr uint16_t burst = 32;
constexpr unsigned most_handovers = 4 * burst; // a round, a sender: its ports must not starve ours
constexpr nanoseconds spin = 30us;
constexpr nanoseconds shortest_nap = 20us;
constexpr nanoseconds look_interval =
    10us; // at descriptors, while other ports keep the thread busy
constexpr nanoseconds no_limit = nanoseconds::max();
// A worker that sleeps gets up for its connections and fragments so often: a Fabric that came
// meanwhile is seen, and those that it makes stale are visited within a second.
constexpr nanoseconds sweep_interval = 50ms;
constexpr uint64_t alarm_tag = UINT64_MAX;

uint64_t ticks(nanoseconds time) {
    return static_cast<uint64_t>(time.count()) * rte_get_tsc_hz() / 1'000'000'000;
}

} // namespace

Event::Event() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Event::~Event() { close(fd_); }
void Event::signal() const { eventfd_write(fd_, 1); }
void Event::clear() const {
    eventfd_t ignored;
    eventfd_read(fd_, &ignored);
}

Thread::Thread(Shared& shared, Worker& worker, const ThreadSettings& settings)
    : shared_(shared), worker_(worker), settings_(settings) {}

Thread::~Thread() {
    if (epoll_ >= 0)
        close(epoll_);
}

Result<> Thread::start() {
    std::promise<Result<>> started;
    auto outcome = started.get_future();
    thread_ = std::thread([this, &started] {
        pthread_setname_np(pthread_self(), fmt::format("worker-{}", worker_.index()).c_str());
        prctl(PR_SET_TIMERSLACK, 1000); // ns: naps are short
        if (settings_.cpu) {
            cpu_set_t cpus;
            CPU_ZERO(&cpus);
            CPU_SET(*settings_.cpu, &cpus);
            if (int problem = pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus)) {
                started.set_value(fail(ErrorKind::unavailable, "worker {} cannot run on CPU {}: {}",
                                       worker_.index(), *settings_.cpu, std::strerror(problem)));
                return;
            }
        }
        if (rte_thread_register() != 0) {
            started.set_value(fail(ErrorKind::unavailable, "worker {}: DPDK takes no more threads",
                                   worker_.index()));
            return;
        }
        started.set_value({});
        run();
        rte_thread_unregister();
    });
    return outcome.get();
}

void Thread::ask_to_stop() {
    stop_.store(true);
    alarm_.signal();
}

void Thread::join() {
    if (thread_.joinable())
        thread_.join();
}

void Thread::wake() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (asleep_.load(std::memory_order_relaxed))
        alarm_.signal();
}

void Thread::run() {
    rte_rcu_qsbr_thread_register(shared_.qsbr, worker_.index());
    rte_rcu_qsbr_thread_online(shared_.qsbr, worker_.index());
    worker_.set_flush([](void* self, Worker&, PortId to,
                         Outbox& outbox) { static_cast<Thread*>(self)->send(to, outbox); },
                      this);
    if (shared_.threads.size() > 1)
        worker_.set_hand_over(
            [](void* self, unsigned to, const Arrival& arrival) {
                return static_cast<Thread*>(self)->hand_over(to, arrival);
            },
            this);
    woken_.assign(shared_.threads.size(), false);
    next_nap_ = shortest_nap;
    accounted_ = rte_rdtsc();
    while (!stop_.load(std::memory_order_relaxed)) {
        adopt_plan();
        if (shared_.halted.load(std::memory_order_acquire)) [[unlikely]]
            stand_still();
        unsigned moved = poll_round() + take_handovers() + run_errands();
        bool behind = sweep_connections();
        send_all();
        acknowledge();
        idle(moved > 0 || behind);
    }
    rte_rcu_qsbr_thread_offline(shared_.qsbr, worker_.index());
    rte_rcu_qsbr_thread_unregister(shared_.qsbr, worker_.index());
    shared_.reclaim.signal();
}

// What it has sent and been handed is passed on, until there is none; then nothing that is its own
// is touched, and the control side may change it. Who has slept over the end of one halt is in the
// next one, and passes on by the plan between them, as the others do.
void Thread::stand_still() {
    while (shared_.halted.load(std::memory_order_acquire)) {
        adopt_plan();
        if (handover_waits())
            worker_.set_now(rte_rdtsc());
        const unsigned moved = take_handovers();
        send_all();
        halted_moves_.fetch_add(moved, std::memory_order_relaxed);
        halted_rounds_.fetch_add(1, std::memory_order_release);
        if (moved == 0)
            std::this_thread::sleep_for(shortest_nap);
    }
    adopt_plan();
}

void Thread::adopt_plan() {
    plan_ = shared_.plan.load(std::memory_order_acquire);
    if (plan_->layout->serial == layout_serial_)
        return;
    layout_serial_ = plan_->layout->serial;
    watch_ports();
}

void Thread::watch_ports() {
    if (epoll_ >= 0)
        close(epoll_);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    ready_.clear();
    devices_.clear();
    watches_ = false;
    auto watch = [&](int fd, uint64_t tag) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = tag;
        return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
    };
    watch(alarm_.fd(), alarm_tag);
    for (const Berth* berth : plan_->layout->polled[worker_.index()]) {
        if (int fd = berth->port->wake_fd(); fd >= 0 && watch(fd, berth->id.value()))
            watches_ = true;
        else
            devices_.push_back(berth);
    }
}

unsigned Thread::poll_round() {
    unsigned moved = 0;
    for (const Berth* berth : devices_)
        moved += receive(*berth);
    uint64_t now = rte_rdtsc();
    bool is_time = now - last_look_ > ticks(look_interval);
    if (watches_ && (is_time || (ready_.empty() && moved == 0)))
        look_for_ready(0ns);
    for (const Ready& ready : ready_)
        if (const Berth* berth = plan_->layout->find(ready.id))
            moved += receive_watched(*berth, ready.broken);
    ready_.clear();
    return moved;
}

// A socket whose netdev went down has an error to be fetched once, and goes on; a tap whose netdev
// was deleted is readable for ever, and gives nothing.
unsigned Thread::receive_watched(const Berth& berth, bool broken) {
    unsigned count = receive(berth);
    if (!broken || count > 0)
        return count;
    int fd = berth.port->wake_fd(), error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    return 0;
}

unsigned Thread::receive(const Berth& berth) {
    std::array<rte_mbuf*, burst> frames;
    uint16_t count = berth.port->receive(frames.data(), burst);
    if (count == 0)
        return 0;
    if (Capture* capture = berth.capture.get()) [[unlikely]] {
        capture->add(frames.data(), count, Capture::Direction::from_port);
        capture->publish(count);
    }
    worker_.set_now(rte_rdtsc());
    process(*plan_->fabric, worker_, berth.id, frames.data(), count,
            berth.port->has_received_large() ? Frames::some_large : Frames::ordinary);
    return count;
}

unsigned Thread::take_handovers() {
    unsigned taken = 0;
    for (unsigned from = 0; from < shared_.rings.size(); ++from) {
        if (from == worker_.index())
            continue;
        auto& ring = *shared_.rings[from][worker_.index()];
        for (unsigned i = 0; i < most_handovers; ++i) {
            auto handover = ring.pop();
            if (!handover)
                break;
            if (handover->arrival)
                worker_.queue(*handover->arrival);
            else
                worker_.enqueue(handover->to, handover->frame);
            ++taken;
        }
        process_arrivals(*plan_->fabric, worker_);
    }
    return taken;
}

bool Thread::hand_over(unsigned worker, const Arrival& arrival) {
    woken_[worker] = true;
    return shared_.rings[worker_.index()][worker]->push({arrival.frame, PortId(0), arrival});
}

unsigned Thread::run_errands() {
    unsigned run = 0;
    while (auto errand = errands_.to_worker.pop()) {
        worker_.set_now(rte_rdtsc());
        (*errand)->run(worker_, *plan_->fabric);
        errands_.back.push(*errand);
        ++run;
    }
    if (run)
        shared_.reclaim.signal();
    return run;
}

bool Thread::sweep_connections() {
    worker_.set_now(rte_rdtsc());
    bool behind = sweep(*plan_->fabric, worker_);
    process_arrivals(*plan_->fabric, worker_);
    return behind;
}

void Thread::send_all() {
    worker_.drain([this](PortId to, Outbox& outbox) { send(to, outbox); });
    wake_receivers();
}

void Thread::send(PortId to, Outbox& outbox) {
    const Berth* berth = plan_->layout->find(to);
    if (!berth) {
        for (uint16_t i = 0; i < outbox.count; ++i)
            worker_.drop(outbox.frames[i], Verdict::tx_no_port);
        outbox.count = 0;
    } else if (berth->owner == worker_.index()) {
        worker_.before_transmission(*plan_->fabric, to, outbox);
        transmit(*berth, outbox);
    } else {
        auto& ring = *shared_.rings[worker_.index()][berth->owner];
        uint16_t accepted = 0;
        while (accepted < outbox.count && ring.push({outbox.frames[accepted], to, std::nullopt}))
            ++accepted;
        worker_.handed_over(outbox, accepted);
        woken_[berth->owner] = true;
    }
}

void Thread::transmit(const Berth& berth, Outbox& outbox) {
    ports::Port& port = *berth.port;
    auto takes = [&](const rte_mbuf& large) { return port.takes_large(large); };
    auto all = [&](Outbox& frames) { worker_.transmitted(frames, transmit_now(berth, frames)); };
    if (has_large(outbox)) [[unlikely]]
        InSegments(worker_, takes, all)(outbox);
    else
        all(outbox);
}

uint16_t Thread::transmit_now(const Berth& berth, Outbox& outbox) {
    if (!berth.capture) [[likely]]
        return berth.port->transmit(outbox.frames.data(), outbox.count);
    berth.capture->add(outbox.frames.data(), outbox.count, Capture::Direction::to_port);
    const uint16_t accepted = berth.port->transmit(outbox.frames.data(), outbox.count);
    berth.capture->publish(accepted);
    return accepted;
}

void Thread::wake_receivers() {
    for (size_t i = 0; i < woken_.size(); ++i)
        if (woken_[i]) {
            shared_.threads[i]->wake();
            woken_[i] = false;
        }
}

// Reports a quiescent state, and says so to the control side where it waits for one. The token is
// read first, so what is reported is no older.
void Thread::acknowledge() {
    uint64_t wanted = shared_.wanted.load(std::memory_order_acquire);
    rte_rcu_qsbr_quiescent(shared_.qsbr, worker_.index());
    if (wanted == acknowledged_)
        return;
    acknowledged_ = wanted;
    shared_.reclaim.signal();
}

void Thread::idle(bool moved) {
    uint64_t now = rte_rdtsc();
    account(moved, now);
    if (moved) {
        last_work_ = now;
        next_nap_ = shortest_nap;
    }
    if (moved || settings_.busy_poll)
        return;
    if (now - last_work_ < ticks(spin)) {
        rte_pause();
        return;
    }
    bool has_timers = worker_.connections().size() || worker_.fragments().datagrams();
    nanoseconds limit = has_timers ? sweep_interval : no_limit;
    nap(devices_.empty() ? limit : next_nap_);
    next_nap_ = std::min<nanoseconds>(2 * next_nap_, settings_.longest_nap);
    account(false, rte_rdtsc());
}

// Once a round: a worker alone writes them.
void Thread::account(bool busy, uint64_t now) {
    auto& spent = busy ? busy_ticks_ : idle_ticks_;
    spent.store(spent.load(std::memory_order_relaxed) + now - accounted_,
                std::memory_order_relaxed);
    accounted_ = now;
}

void Thread::nap(nanoseconds length) {
    asleep_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const Plan* plan = shared_.plan.load(std::memory_order_acquire);
    const bool is_halted = shared_.halted.load(std::memory_order_acquire);
    if (!stop_.load() && !is_halted && plan == plan_ && !handover_waits() &&
        errands_.to_worker.empty()) {
        rte_rcu_qsbr_thread_offline(shared_.qsbr, worker_.index());
        plan_ = nullptr;
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (shared_.wanted.load(std::memory_order_relaxed) != acknowledged_)
            shared_.reclaim.signal(); // published meanwhile: whoever waited for us need not
        look_for_ready(length);
        rte_rcu_qsbr_thread_online(shared_.qsbr, worker_.index());
    }
    asleep_.store(false, std::memory_order_relaxed);
}

bool Thread::handover_waits() const {
    for (unsigned from = 0; from < shared_.rings.size(); ++from)
        if (from != worker_.index() && !shared_.rings[from][worker_.index()]->empty())
            return true;
    return false;
}

// Waits at most that long, and notes which watched ports have frames.
void Thread::look_for_ready(nanoseconds timeout) {
    std::array<epoll_event, 64> events;
    timespec limit{timeout.count() / 1'000'000'000, timeout.count() % 1'000'000'000};
    int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()),
                             timeout == no_limit ? nullptr : &limit, nullptr);
    last_look_ = rte_rdtsc();
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        if (event.data.u64 == alarm_tag)
            alarm_.clear();
        else
            ready_.push_back({PortId(static_cast<uint32_t>(event.data.u64)),
                              (event.events & (EPOLLERR | EPOLLHUP)) != 0});
    }
}

} // namespace ringfence::loop
