// One worker's thread: polls its ports, runs the pipeline, sends, takes what other workers hand
// over, and sleeps when there is nothing to do. For loop.cpp, which starts and stops it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "core/types/result.h"
#include "dataplane/loop/errand.h"
#include "dataplane/loop/handover_ring.h"
#include "dataplane/loop/plan.h"
#include "dataplane/worker/worker.h"

struct rte_rcu_qsbr;

namespace ringfence::loop {

// An eventfd: readable after signal(), until clear().
class Event {
public:
    Event();
    ~Event();
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    int fd() const { return fd_; }
    void signal() const;
    void clear() const;

private:
    int fd_;
};

class Thread;

// What all threads share. The control side writes `plan` and `wanted`, in this order.
struct Shared {
    std::atomic<const Plan*> plan{nullptr};
    // The token (rte_rcu_qsbr_start) of the last publication. A thread that passes a quiescent
    // state for it, or goes offline, signals `reclaim`: the control side need not poll.
    std::atomic<uint64_t> wanted{0};
    Event reclaim;
    // While true workers take in nothing new; they pass on what is on its way between them.
    std::atomic<bool> halted{false};
    rte_rcu_qsbr* qsbr = nullptr;
    std::vector<std::unique_ptr<Thread>> threads;
    // By sender, then receiver; the diagonal is empty.
    std::vector<std::vector<std::unique_ptr<HandoverRing>>> rings;
};

struct ThreadSettings {
    std::optional<unsigned> cpu;
    bool busy_poll = false;
    std::chrono::microseconds longest_nap{500};
};

class Thread {
public:
    Thread(Shared& shared, Worker& worker, const ThreadSettings& settings);
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    // Returns when the thread polls, or could not start.
    [[nodiscard]] Result<> start();
    void ask_to_stop(); // any thread
    // Until it has ended. Threads wake each other: destroy none before all have been joined.
    void join();
    // Ends its sleep, if it sleeps. Call after what it shall find has been written. Any thread.
    void wake();
    // Time-stamp ticks that went into rounds that moved something, and into all else, sleep
    // included. Any thread.
    uint64_t busy_ticks() const { return busy_ticks_.load(std::memory_order_relaxed); }
    uint64_t idle_ticks() const { return idle_ticks_.load(std::memory_order_relaxed); }
    std::optional<unsigned> cpu() const { return settings_.cpu; }
    // While halted: rounds that it has made, and what it has passed on in them. Any thread.
    uint64_t halted_rounds() const { return halted_rounds_.load(std::memory_order_acquire); }
    uint64_t halted_moves() const { return halted_moves_.load(std::memory_order_relaxed); }
    // The control side puts errands in, wakes the thread, and takes them out when they are done.
    Errands& errands() { return errands_; }

private:
    void run();
    void adopt_plan();
    void watch_ports();
    unsigned poll_round();
    unsigned receive(const Berth& berth);
    unsigned receive_watched(const Berth& berth, bool broken);
    unsigned take_handovers();
    bool hand_over(unsigned worker, const Arrival& arrival);
    unsigned run_errands();
    bool sweep_connections();
    bool handover_waits() const;
    void stand_still();
    void send(PortId to, Outbox& outbox);
    void transmit(const Berth& berth, Outbox& outbox);
    uint16_t transmit_now(const Berth& berth, Outbox& outbox);
    void send_all();
    void wake_receivers();
    void acknowledge();

    void idle(bool moved);
    void account(bool busy, uint64_t now);
    void nap(std::chrono::nanoseconds length);
    void look_for_ready(std::chrono::nanoseconds timeout);

    Shared& shared_;
    Worker& worker_;
    const ThreadSettings settings_;
    std::thread thread_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> asleep_{false};
    Event alarm_;
    Errands errands_;
    std::atomic<uint64_t> halted_rounds_{0}, halted_moves_{0};

    // The thread's own.
    const Plan* plan_ = nullptr;
    uint64_t layout_serial_ = 0;
    uint64_t acknowledged_ = 0;
    std::vector<const Berth*> devices_; // ports that only polling can ask
    bool watches_ = false;              // there are others, in epoll_
    int epoll_ = -1;
    struct Ready {
        PortId id;
        bool broken;
    };
    std::vector<Ready> ready_;               // of those
    std::vector<bool> woken_;                // workers that frames were handed to in this round
    uint64_t last_look_ = 0, last_work_ = 0; // TSC
    uint64_t accounted_ = 0;                 // TSC, until when the time is in these:
    std::atomic<uint64_t> busy_ticks_{0}, idle_ticks_{0};
    std::chrono::nanoseconds next_nap_{0};
};

} // namespace ringfence::loop
