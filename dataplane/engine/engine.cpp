#include "dataplane/engine/engine.h"

#include <charconv>
#include <map>
#include <utility>

#include <rte_cycles.h>

#include "core/types/log.h"
#include "dataplane/engine/connection_options.h"

namespace ringfence {

namespace {

log::Module module("engine");

// Connections that one errand looks at: some microseconds of a worker.
constexpr uint32_t errand_size = 1024;

using OtherConfig = std::map<std::string, std::string>;

std::string value_of(const OtherConfig& config, const char* key) {
    auto found = config.find(key);
    return found == config.end() ? std::string() : found->second;
}

Result<> read_flag(const OtherConfig& config, const char* key, bool& flag) {
    std::string text = value_of(config, key);
    if (text.empty())
        return {};
    if (text != "true" && text != "false")
        return fail("other_config:{}: \"{}\" is neither true nor false", key, text);
    flag = text == "true";
    return {};
}

Result<> read_number(const OtherConfig& config, const char* key, unsigned min, unsigned max,
                     unsigned& number) {
    std::string text = value_of(config, key);
    if (text.empty())
        return {};
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc() || end != text.data() + text.size() || number < min || number > max)
        return fail("other_config:{}: \"{}\" is not a number from {} to {}", key, text, min, max);
    return {};
}

} // namespace

Result<EngineSettings> engine_settings_from(const OtherConfig& config) {
    EngineSettings settings;
    bool no_huge = false;
    settings.pool.max_mtu = 9216;
    unsigned mbufs = 0;
    for (const Result<>& read :
         {read_flag(config, "ringfence-no-huge", no_huge),
          read_flag(config, "ringfence-busy-poll", settings.forwarder.busy_poll),
          read_flag(config, "userspace-tso-enable", settings.offloads),
          read_number(config, "ringfence-max-mtu", 1500, 9500, settings.pool.max_mtu),
          read_number(config, "ringfence-mbufs", 1024, 1 << 22, mbufs)})
        if (!read)
            return tl::unexpected(read.error());
    settings.forwarder.merge = settings.offloads;
    if (no_huge)
        settings.eal.memory = ports::Memory::no_huge;
    settings.eal.extra = value_of(config, "dpdk-extra");
    settings.eal.socket_megabytes = value_of(config, "dpdk-socket-mem");
    settings.eal.lcore_mask = value_of(config, "dpdk-lcore-mask");
    if (std::string mask = value_of(config, "pmd-cpu-mask"); !mask.empty()) {
        auto cpus = cpus_from_mask(mask);
        if (!cpus)
            return tl::unexpected(cpus.error().in("other_config:pmd-cpu-mask"));
        settings.forwarder.cpus = *cpus;
    }
    if (mbufs)
        settings.pool.count = mbufs;
    auto connections = connection_settings_from(config);
    if (!connections)
        return tl::unexpected(connections.error());
    settings.connections = *connections;
    return settings;
}

Result<std::unique_ptr<agent::Dataplane>> Engine::start(ovsdb::Reactor& reactor,
                                                        const EngineSettings& settings,
                                                        const std::filesystem::path& run_folder) {
    auto eal = ports::Eal::start(settings.eal);
    if (!eal)
        return tl::unexpected(eal.error());
    auto pool = ports::MbufPool::create(settings.pool);
    if (!pool)
        return tl::unexpected(pool.error());
    auto regions = RegionFolder::open(run_folder / "ringfence-connections");
    if (!regions)
        return tl::unexpected(regions.error());
    std::unique_ptr<Engine> engine(
        new Engine(std::move(*eal), std::move(*pool), std::move(*regions), settings.offloads));
    auto forwarder = Forwarder::start(settings.forwarder, engine->pool_, [&](unsigned worker) {
        return engine->regions_.connections_of(worker, settings.connections);
    });
    if (!forwarder)
        return tl::unexpected(forwarder.error());
    engine->forwarder_ = std::move(*forwarder);
    engine->reclaim_ =
        reactor.watch_readable(engine->forwarder_->event_fd(),
                               [forwarder = engine->forwarder_.get()] { forwarder->reclaim(); });
    log::info(module, "{}, {}, {} workers, {} buffers for MTUs up to {}", ports::Eal::version(),
              engine->eal_->hugepages() ? "hugepages" : "ordinary memory", engine->workers(),
              engine->pool_.count(), engine->pool_.max_mtu());
    return std::unique_ptr<agent::Dataplane>(std::move(engine));
}

Result<std::shared_ptr<ports::Port>> Engine::open(const ports::PortSettings& settings) {
    ports::PortSettings with = settings;
    with.offloads = settings.offloads && offloads_;
    return ports::Port::open(with, pool_);
}

Result<> Engine::add_port(PortId id, std::shared_ptr<ports::Port> port, unsigned worker) {
    return forwarder_->add_port(id, std::move(port), worker);
}

// Its number may be given to another port: its connections and fragments go first.
void Engine::remove_port(PortId id, Done done) {
    unsigned worker = forwarder_->owner(id).value_or(0);
    forwarder_->remove_port(id, [this, id, worker, done = std::move(done)]() mutable {
        forget_later(id, worker, std::move(done));
    });
}

void Engine::forget_later(PortId port, unsigned worker, Done done) {
    auto all = std::make_shared<bool>(true);
    forwarder_->send_errand(
        worker,
        [port, all](Worker& its, const Fabric&) {
            its.fragments().forget_port(port);
            *all = its.connections().forget_port(port, errand_size);
        },
        [this, port, worker, all, done = std::move(done)]() mutable {
            if (!*all)
                forget_later(port, worker, std::move(done));
            else if (done)
                done();
        });
}

void Engine::ask_workers(Done done) {
    struct Asked {
        unsigned silent;
        Done done;
    };
    auto asked = std::make_shared<Asked>(Asked{workers(), std::move(done)});
    for (unsigned worker = 0; worker < workers(); ++worker)
        forwarder_->send_errand(
            worker, [](Worker&, const Fabric&) {},
            [asked] {
                if (--asked->silent == 0)
                    asked->done();
            });
}

void Engine::publish(std::shared_ptr<const Fabric> fabric, Done done) {
    const std::map<PortId, unsigned> moves = misplaced(*fabric);
    if (moves.empty())
        return forwarder_->publish(std::move(fabric), std::move(done));
    if (auto moved = forwarder_->move_ports(moves, fabric, done); !moved) {
        log::error(module, "{} port(s) stay with their workers: {}", moves.size(),
                   moved.error().text);
        forwarder_->publish(std::move(fabric), std::move(done));
    }
}

std::map<PortId, unsigned> Engine::misplaced(const Fabric& fabric) const {
    std::map<PortId, unsigned> moves;
    for (uint32_t id = 0; id < Destination::max_ports; ++id)
        if (const LocalPort* port = fabric.port(PortId(id)))
            if (auto owner = forwarder_->owner(port->id); owner && *owner != port->worker)
                moves[port->id] = port->worker;
    return moves;
}

// By the worker that has the port; not many at once, because packets wait meanwhile.
template <class Word, class PortOf, class Say>
void Engine::say(const std::vector<Word>& words, PortOf port_of, Say send_some) {
    constexpr size_t at_once = 64;
    std::map<unsigned, std::vector<Word>> by_worker;
    auto send = [&](unsigned worker) {
        forwarder_->send_errand(
            worker, [send_some, some = std::exchange(by_worker[worker], {})](
                        Worker& sender, const Fabric& fabric) { send_some(sender, fabric, some); });
    };
    for (const Word& word : words)
        if (auto worker = forwarder_->owner(port_of(word))) {
            by_worker[*worker].push_back(word);
            if (by_worker[*worker].size() == at_once)
                send(*worker);
        }
    for (auto& [worker, some] : by_worker)
        if (!some.empty())
            send(worker);
}

void Engine::announce(const std::vector<Announcement>& announcements) {
    say(
        announcements, [](const Announcement& announcement) { return announcement.to; },
        [](Worker& sender, const Fabric&, const std::vector<Announcement>& some) {
            ringfence::announce(sender, some);
        });
}

void Engine::advertise(const std::vector<PortId>& ports) {
    say(
        ports, [](PortId port) { return port; },
        [](Worker& sender, const Fabric& fabric, const std::vector<PortId>& some) {
            ringfence::advertise(sender, fabric, some);
        });
}

// --- Connections: the workers' own, asked for by errands.

Result<> Engine::run_errand(unsigned worker, Forwarder::Act act) {
    if (!forwarder_->run_errand(worker, std::move(act)))
        return fail(ErrorKind::timeout, "worker {} does not answer", worker);
    return {};
}

// A page an errand: no packet waits for a million connections. A worker that answers too late
// writes into what only it still holds.
Result<std::vector<ListedConnection>> Engine::connections(std::optional<PortId> only) {
    struct Page {
        Listing listing;
        std::vector<ListedConnection> list;
        bool more = true;
    };
    std::vector<ListedConnection> all;
    for (unsigned worker = 0; worker < workers(); ++worker) {
        auto page = std::make_shared<Page>(Page{Listing(only), {}, true});
        while (page->more) {
            page->list.clear();
            page->list.reserve(errand_size);
            auto ran = run_errand(worker, [page](Worker& its, const Fabric&) {
                page->more = page->listing.next(its.connections(), errand_size, page->list);
            });
            if (!ran)
                return tl::unexpected(ran.error());
            all.insert(all.end(), page->list.begin(), page->list.end());
        }
    }
    return all;
}

Result<agent::Dataplane::Counts> Engine::connection_counts(const std::vector<PortId>& ports) {
    auto counts = std::make_shared<Counts>();
    counts->workers.resize(workers());
    for (PortId port : ports)
        counts->ports[port] = 0;
    for (unsigned worker = 0; worker < workers(); ++worker) {
        auto ran = run_errand(worker, [counts, worker](Worker& its, const Fabric&) {
            counts->workers[worker] = counts_of(its.connections());
            for (auto& [port, count] : counts->ports)
                count += its.connections().port(port).size();
        });
        if (!ran)
            return tl::unexpected(ran.error());
    }
    return *counts;
}

Result<> Engine::forget_connections(PortId port) {
    for (unsigned worker = 0; worker < workers(); ++worker)
        for (auto all = std::make_shared<bool>(false); !*all;) {
            auto ran = run_errand(worker, [port, all](Worker& its, const Fabric&) {
                *all = its.connections().forget_port(port, errand_size);
            });
            if (!ran)
                return ran;
        }
    return {};
}

std::vector<agent::WorkerNumbers> Engine::worker_numbers() const {
    std::vector<agent::WorkerNumbers> all;
    for (unsigned i = 0; i < workers(); ++i) {
        const auto load = forwarder_->load(i);
        all.push_back({i, load.cpu, forwarder_->worker(i).total()[Verdict::rx], load.busy_ticks,
                       load.idle_ticks, rte_get_tsc_hz()});
    }
    return all;
}

agent::Dataplane::Buffers Engine::buffers() const {
    return {pool_.count() - pool_.available(), pool_.count()};
}

} // namespace ringfence
