// The control side of the loop: plans and their publication. The threads are in loop/thread.cpp.
#include "dataplane/loop.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <thread>

#include <poll.h>
#include <sched.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>

#include "core/types/log.h"
#include "dataplane/loop/plan.h"
#include "dataplane/loop/thread.h"

namespace ringfence {

namespace {

log::Module module("loop");

constexpr unsigned most_workers = 16;
constexpr std::chrono::seconds errand_patience{1};

Result<> check(const ForwarderSettings& settings) {
    if (settings.cpus.empty() || settings.cpus.size() > most_workers)
        return fail("{} workers: there can be 1 to {}", settings.cpus.size(), most_workers);
    if (settings.handover_ring < 64 || (settings.handover_ring & (settings.handover_ring - 1)) != 0)
        return fail("a hand-over ring of {} frames: the size is a power of two, at least 64",
                    settings.handover_ring);
    cpu_set_t allowed;
    bool known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    for (const auto& cpu : settings.cpus)
        if (cpu && known && (*cpu >= CPU_SETSIZE || !CPU_ISSET(*cpu, &allowed)))
            return fail("a worker cannot run on CPU {}: this process may not use it "
                        "(other_config:pmd-cpu-mask)",
                        *cpu);
    return {};
}

struct FreeQsbr {
    void operator()(rte_rcu_qsbr* qsbr) const { std::free(qsbr); }
};
using Qsbr = std::unique_ptr<rte_rcu_qsbr, FreeQsbr>;

Qsbr make_qsbr(unsigned threads) {
    size_t size = (rte_rcu_qsbr_get_memsize(threads) + 63) / 64 * 64;
    Qsbr qsbr(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(64, size)));
    if (qsbr && rte_rcu_qsbr_init(qsbr.get(), threads) != 0)
        qsbr.reset();
    return qsbr;
}

} // namespace

struct Forwarder::Impl {
    // A plan that is no longer published, until every worker has passed a quiescent state for
    // `token`.
    struct Retired {
        std::unique_ptr<const loop::Plan> plan;
        uint64_t token;
        Done done;
    };

    Qsbr qsbr;
    std::vector<std::unique_ptr<Worker>> workers;
    loop::Shared shared;
    std::unique_ptr<const loop::Plan> plan;
    std::deque<Retired> retired;
    // By worker: how many are on their way, and those that have to wait.
    std::vector<unsigned> errands_sent;
    std::vector<std::deque<std::unique_ptr<loop::Errand>>> errands_waiting;
    uint64_t layouts = 0;

    Impl(const ForwarderSettings& settings, const ports::MbufPool& pool,
         std::vector<std::unique_ptr<Connections>> connections);
    ~Impl();
    void publish(loop::Plan next, Done done);
    // Publishes a copy of the layout that `edit` has changed, and the Fabric, where one is given.
    void publish_layout(const std::function<void(std::vector<loop::Berth>&)>& edit, Done done,
                        std::shared_ptr<const Fabric> fabric = nullptr);
    // Every worker stands still, and nothing is on its way between them, until go_on().
    Result<> halt();
    void go_on() { shared.halted.store(false, std::memory_order_release); }
    bool have_made_rounds(unsigned count); // all of them, while halted; false: one does not
    bool is_still();
    void carry_over(PortId port, unsigned to);
    void send_waiting_errands(unsigned worker);
    void take_back_errands();
};

Forwarder::Impl::Impl(const ForwarderSettings& settings, const ports::MbufPool& pool,
                      std::vector<std::unique_ptr<Connections>> connections)
    : qsbr(make_qsbr(static_cast<unsigned>(settings.cpus.size()))) {
    auto count = static_cast<unsigned>(settings.cpus.size());
    shared.qsbr = qsbr.get();
    shared.rings.resize(count);
    errands_sent.resize(count);
    errands_waiting.resize(count);
    for (unsigned from = 0; from < count; ++from) {
        for (unsigned to = 0; to < count; ++to)
            shared.rings[from].push_back(
                from == to ? nullptr
                           : std::make_unique<loop::HandoverRing>(settings.handover_ring));
        workers.push_back(std::make_unique<Worker>(from, pool.get(), rte_get_tsc_hz(),
                                                   std::move(connections[from])));
        workers.back()->set_merging(settings.merge);
        shared.threads.push_back(std::make_unique<loop::Thread>(
            shared, *workers[from],
            loop::ThreadSettings{settings.cpus[from], settings.busy_poll, settings.longest_nap}));
    }
    auto layout = std::make_shared<loop::Layout>();
    layout->serial = ++layouts;
    layout->polled.resize(count);
    plan = std::make_unique<loop::Plan>(loop::Plan{FabricEdit().finish(), layout});
    shared.plan.store(plan.get());
}

Forwarder::Impl::~Impl() {
    for (auto& thread : shared.threads)
        thread->ask_to_stop();
    for (auto& thread : shared.threads)
        thread->join();
    for (auto& thread : shared.threads)
        for (auto* ring : {&thread->errands().to_worker, &thread->errands().back})
            while (auto errand = ring->pop())
                delete *errand;
    for (auto& row : shared.rings)
        for (auto& ring : row)
            while (auto handover = ring ? ring->pop() : std::nullopt)
                rte_pktmbuf_free(handover->frame);
}

void Forwarder::Impl::publish(loop::Plan next, Done done) {
    auto old = std::exchange(plan, std::make_unique<const loop::Plan>(std::move(next)));
    shared.plan.store(plan.get(), std::memory_order_release);
    uint64_t token = rte_rcu_qsbr_start(qsbr.get());
    shared.wanted.store(token, std::memory_order_release);
    retired.push_back({std::move(old), token, std::move(done)});
    // Where every worker is asleep nobody will say so. The fence pairs with the one in
    // Thread::nap().
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (rte_rcu_qsbr_check(qsbr.get(), token, false) == 1)
        shared.reclaim.signal();
}

void Forwarder::Impl::publish_layout(const std::function<void(std::vector<loop::Berth>&)>& edit,
                                     Done done, std::shared_ptr<const Fabric> fabric) {
    auto layout = std::make_shared<loop::Layout>();
    layout->serial = ++layouts;
    layout->berths = plan->layout->berths;
    edit(layout->berths);
    layout->polled.resize(workers.size());
    for (const loop::Berth& berth : layout->berths)
        if (berth.port)
            layout->polled[berth.owner].push_back(&berth);
    publish({fabric ? std::move(fabric) : plan->fabric, std::move(layout)}, std::move(done));
    for (auto& thread : shared.threads)
        thread->wake();
}

Result<> Forwarder::Impl::halt() {
    shared.halted.store(true);
    for (auto& thread : shared.threads)
        thread->wake();
    const auto deadline = std::chrono::steady_clock::now() + errand_patience;
    // Only when none is in an ordinary round any more, whose frames nobody counts, can is_still()
    // tell.
    while (!have_made_rounds(1) || !is_still())
        if (std::chrono::steady_clock::now() > deadline) {
            go_on();
            return fail(ErrorKind::unavailable, "a worker does not stand still");
        }
    return {};
}

bool Forwarder::Impl::have_made_rounds(unsigned count) {
    for (auto& thread : shared.threads) {
        const uint64_t rounds = thread->halted_rounds();
        for (unsigned naps = 0; thread->halted_rounds() < rounds + count; ++naps) {
            if (naps == 1000)
                return false;
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }
    }
    return true;
}

// Every ring is empty, and no frame has passed one since before each worker's last two rounds: what
// the first of them still had in its hands would be in a ring, or counted. All of them are rounds
// of workers that stand still.
bool Forwarder::Impl::is_still() {
    auto moves = [&] {
        uint64_t sum = 0;
        for (auto& thread : shared.threads)
            sum += thread->halted_moves();
        return sum;
    };
    const uint64_t before = moves();
    if (!have_made_rounds(2))
        return false;
    for (auto& row : shared.rings)
        for (auto& ring : row)
            if (ring && !ring->empty())
                return false;
    return moves() == before;
}

void Forwarder::Impl::carry_over(PortId port, unsigned to) {
    Worker& from = *workers[plan->layout->find(port)->owner];
    if (&from == workers[to].get())
        return;
    // Entries know how long ago they were used, and a worker that sleeps does not know the time.
    for (Worker* each : {&from, workers[to].get()})
        each->set_now(rte_rdtsc());
    from.fragments().forget_port(port);
    workers[to]->connections().adopt_port(from.connections(), port);
}

Result<std::unique_ptr<Forwarder>> Forwarder::start(const ForwarderSettings& settings,
                                                    const ports::MbufPool& pool,
                                                    const MakeConnections& make_connections) {
    if (auto valid = check(settings); !valid)
        return tl::unexpected(valid.error());
    std::vector<std::unique_ptr<Connections>> connections;
    for (unsigned worker = 0; worker < settings.cpus.size(); ++worker) {
        auto made = make_connections ? make_connections(worker) : Connections::create({}, {});
        if (!made)
            return tl::unexpected(made.error());
        connections.push_back(std::move(*made));
    }
    auto impl = std::make_unique<Impl>(settings, pool, std::move(connections));
    if (!impl->qsbr)
        return fail(ErrorKind::unavailable, "no memory for {} workers", settings.cpus.size());
    for (auto& thread : impl->shared.threads)
        if (auto started = thread->start(); !started)
            return tl::unexpected(started.error());
    log::info(module, "{} worker(s) {}", settings.cpus.size(),
              settings.busy_poll ? "poll all the time" : "sleep when idle");
    return std::unique_ptr<Forwarder>(new Forwarder(std::move(impl)));
}

Forwarder::Forwarder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Forwarder::~Forwarder() = default;

unsigned Forwarder::workers() const { return static_cast<unsigned>(impl_->workers.size()); }

void Forwarder::publish(std::shared_ptr<const Fabric> fabric, Done done) {
    impl_->publish({std::move(fabric), impl_->plan->layout}, std::move(done));
}

Result<> Forwarder::add_port(PortId id, std::shared_ptr<ports::Port> port, unsigned worker) {
    if (id.value() >= Destination::max_ports)
        return fail("port {}: the id {} is not below {}", port->name(), id.value(),
                    Destination::max_ports);
    if (worker >= workers())
        return fail("port {}: there is no worker {}", port->name(), worker);
    if (const loop::Berth* taken = impl_->plan->layout->find(id))
        return fail(ErrorKind::conflict, "port {}: the id {} is port {}'s", port->name(),
                    id.value(), taken->port->name());
    for (auto& each : impl_->workers)
        each->open_port(id);
    impl_->publish_layout(
        [&](std::vector<loop::Berth>& berths) {
            berths.resize(std::max<size_t>(berths.size(), id.value() + 1));
            berths[id.value()] = {id, std::move(port), worker};
        },
        {});
    return {};
}

void Forwarder::remove_port(PortId id, Done done) {
    impl_->publish_layout(
        [&](std::vector<loop::Berth>& berths) {
            if (id.value() < berths.size())
                berths[id.value()] = {};
        },
        std::move(done));
}

Result<> Forwarder::move_ports(const std::map<PortId, unsigned>& to,
                               std::shared_ptr<const Fabric> fabric, Done done) {
    for (const auto& [id, worker] : to) {
        const loop::Berth* berth = impl_->plan->layout->find(id);
        if (!berth)
            return fail(ErrorKind::not_found, "no port has the id {}", id.value());
        if (worker >= workers())
            return fail("port {}: there is no worker {}", berth->port->name(), worker);
    }
    if (auto halted = impl_->halt(); !halted)
        return halted;
    for (const auto& [id, worker] : to)
        impl_->carry_over(id, worker);
    impl_->publish_layout(
        [&](std::vector<loop::Berth>& berths) {
            for (const auto& [id, worker] : to)
                berths[id.value()].owner = worker;
        },
        std::move(done), std::move(fabric));
    impl_->go_on();
    return {};
}

std::optional<unsigned> Forwarder::owner(PortId id) const {
    const loop::Berth* berth = impl_->plan->layout->find(id);
    return berth ? std::optional(berth->owner) : std::nullopt;
}

void Forwarder::capture(PortId id, std::shared_ptr<Capture> capture) {
    if (impl_->plan->layout->find(id))
        impl_->publish_layout(
            [&](std::vector<loop::Berth>& berths) {
                berths[id.value()].capture = std::move(capture);
            },
            {});
}

void Forwarder::Impl::send_waiting_errands(unsigned worker) {
    auto& waiting = errands_waiting[worker];
    loop::Thread& thread = *shared.threads[worker];
    for (; !waiting.empty() && errands_sent[worker] < loop::Errands::most; waiting.pop_front()) {
        thread.errands().to_worker.push(waiting.front().release());
        ++errands_sent[worker];
    }
    thread.wake();
}

void Forwarder::Impl::take_back_errands() {
    for (unsigned worker = 0; worker < workers.size(); ++worker) {
        while (auto back = shared.threads[worker]->errands().back.pop()) {
            std::unique_ptr<loop::Errand> errand(*back);
            --errands_sent[worker];
            if (errand->done)
                errand->done();
        }
        if (!errands_waiting[worker].empty())
            send_waiting_errands(worker);
    }
}

void Forwarder::send_errand(unsigned worker, Act act, Done done) {
    impl_->errands_waiting.at(worker).push_back(
        std::make_unique<loop::Errand>(loop::Errand{std::move(act), std::move(done)}));
    impl_->send_waiting_errands(worker);
}

bool Forwarder::run_errand(unsigned worker, Act act) {
    auto is_done = std::make_shared<bool>(false);
    send_errand(worker, std::move(act), [is_done] { *is_done = true; });
    auto deadline = std::chrono::steady_clock::now() + errand_patience;
    while (!*is_done && std::chrono::steady_clock::now() < deadline) {
        pollfd event{event_fd(), POLLIN, 0};
        poll(&event, 1, 100);
        impl_->shared.reclaim.clear();
        impl_->take_back_errands();
    }
    impl_->shared.reclaim.signal(); // for reclaim(), whose call this may have swallowed
    return *is_done;
}

int Forwarder::event_fd() const { return impl_->shared.reclaim.fd(); }

void Forwarder::reclaim() {
    impl_->shared.reclaim.clear();
    impl_->take_back_errands();
    auto& retired = impl_->retired;
    while (!retired.empty() &&
           rte_rcu_qsbr_check(impl_->qsbr.get(), retired.front().token, false) == 1) {
        Impl::Retired passed = std::move(retired.front());
        retired.pop_front();
        passed.plan.reset(); // a port that was removed closes here, before it is said so
        if (passed.done)
            passed.done();
    }
}

CounterSums Forwarder::counters(PortId id) const {
    CounterSums sums;
    for (const auto& worker : impl_->workers)
        sums += worker->counters(id);
    return sums;
}

CounterSums Forwarder::total() const {
    CounterSums sums;
    for (const auto& worker : impl_->workers)
        sums += worker->total();
    return sums;
}

Forwarder::Load Forwarder::load(unsigned worker) const {
    const loop::Thread& thread = *impl_->shared.threads.at(worker);
    return {thread.cpu(), thread.busy_ticks(), thread.idle_ticks()};
}

void Forwarder::trace(uint32_t packets) {
    for (auto& worker : impl_->workers)
        worker->trace().arm(packets);
}

std::vector<TraceRecord> Forwarder::take_trace() {
    std::vector<TraceRecord> all;
    for (auto& worker : impl_->workers)
        for (TraceRecord& record : worker->trace().take())
            all.push_back(record);
    return all;
}

void Forwarder::open_rule(RuleId rule) {
    for (auto& worker : impl_->workers)
        worker->open_rule(rule);
}

uint64_t Forwarder::hits(RuleId rule) const {
    uint64_t sum = 0;
    for (const auto& worker : impl_->workers)
        sum += worker->hits(rule);
    return sum;
}

std::vector<FirewallEvent> Forwarder::take_firewall_events() {
    std::vector<FirewallEvent> all;
    for (auto& worker : impl_->workers)
        worker->take_firewall_events([&](const FirewallEvent& event) { all.push_back(event); });
    return all;
}

uint64_t Forwarder::suppressed_firewall_events() const {
    uint64_t sum = 0;
    for (const auto& worker : impl_->workers)
        sum += worker->suppressed_events();
    return sum;
}

std::vector<Notice> Forwarder::take_notices() {
    std::vector<Notice> all;
    for (auto& worker : impl_->workers)
        worker->take_notices([&](const Notice& notice) { all.push_back(notice); });
    return all;
}

Worker& Forwarder::worker(unsigned index) { return *impl_->workers.at(index); }

Result<std::vector<std::optional<unsigned>>> cpus_from_mask(std::string_view mask) {
    std::string digits(mask.starts_with("0x") || mask.starts_with("0X") ? mask.substr(2) : mask);
    std::vector<std::optional<unsigned>> cpus;
    if (digits.empty() || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        return fail("\"{}\" is not a CPU mask such as 0x6", mask);
    for (unsigned i = 0; i < digits.size(); ++i) {
        auto nibble = std::stoul(digits.substr(digits.size() - 1 - i, 1), nullptr, 16);
        for (unsigned bit = 0; bit < 4; ++bit)
            if (nibble >> bit & 1)
                cpus.emplace_back(4 * i + bit);
    }
    if (cpus.empty())
        return fail("the CPU mask \"{}\" names no CPU", mask);
    return cpus;
}

} // namespace ringfence
