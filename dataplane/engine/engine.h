// The forwarding side as the agent needs it: EAL, the pool of buffers and the Forwarder, started
// from Open_vSwitch.other_config. For main.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "dataplane/agent/dataplane.h"
#include "dataplane/engine/region_folder.h"
#include "dataplane/loop.h"
#include "dataplane/ports/eal.h"
#include "dataplane/ports/mbuf_pool.h"
#include "ovsdb/reactor.h"

namespace ringfence {

struct EngineSettings {
    ports::EalSettings eal;
    ForwarderSettings forwarder;
    ports::MbufPoolSettings pool;
    ConnectionSettings connections;
    bool offloads = true; // what ports may leave to each other
};

// From other_config; agent/SETTINGS.md documents the keys. Others are not ours to judge.
[[nodiscard]] Result<EngineSettings>
engine_settings_from(const std::map<std::string, std::string>& other_config);

class Engine : public agent::Dataplane {
public:
    // run_folder: where the connection tables lie, in a folder of their own.
    [[nodiscard]] static Result<std::unique_ptr<agent::Dataplane>>
    start(ovsdb::Reactor& reactor, const EngineSettings& settings,
          const std::filesystem::path& run_folder);

    Result<std::shared_ptr<ports::Port>> open(const ports::PortSettings& settings) override;
    Result<> add_port(PortId id, std::shared_ptr<ports::Port> port, unsigned worker) override;
    void remove_port(PortId id, Done done) override;
    void publish(std::shared_ptr<const Fabric> fabric, Done done) override;
    void announce(const std::vector<Announcement>& announcements) override;
    void advertise(const std::vector<PortId>& ports) override;
    unsigned workers() const override { return forwarder_->workers(); }
    void ask_workers(Done done) override;
    CounterSums counters(PortId id) const override { return forwarder_->counters(id); }
    CounterSums total() const override { return forwarder_->total(); }
    std::vector<agent::WorkerNumbers> worker_numbers() const override;
    void capture(PortId id, std::shared_ptr<Capture> capture) override {
        forwarder_->capture(id, std::move(capture));
    }
    void trace(uint32_t packets) override { forwarder_->trace(packets); }
    std::vector<TraceRecord> take_trace() override { return forwarder_->take_trace(); }
    std::vector<Notice> take_notices() override { return forwarder_->take_notices(); }
    void open_rule(RuleId rule) override { forwarder_->open_rule(rule); }
    uint64_t hits(RuleId rule) const override { return forwarder_->hits(rule); }
    std::vector<FirewallEvent> take_firewall_events() override {
        return forwarder_->take_firewall_events();
    }
    uint64_t suppressed_firewall_events() const override {
        return forwarder_->suppressed_firewall_events();
    }
    Result<std::vector<ListedConnection>> connections(std::optional<PortId> only) override;
    Result<Counts> connection_counts(const std::vector<PortId>& ports) override;
    Result<> forget_connections(PortId port) override;
    Buffers buffers() const override;
    std::string version() const override { return ports::Eal::version(); }

private:
    Engine(std::unique_ptr<ports::Eal> eal, ports::MbufPool pool, RegionFolder regions,
           bool offloads)
        : eal_(std::move(eal)), pool_(std::move(pool)), regions_(std::move(regions)),
          offloads_(offloads) {}
    // Has the workers do send_some(Worker&, const Fabric&, words), each with what is for its ports.
    template <class Word, class PortOf, class Say>
    void say(const std::vector<Word>& words, PortOf port_of, Say send_some);
    Result<> run_errand(unsigned worker, Forwarder::Act act);
    // Ports that the Fabric says are another worker's than they are, and whose.
    std::map<PortId, unsigned> misplaced(const Fabric& fabric) const;
    void forget_later(PortId port, unsigned worker, Done done);

    std::unique_ptr<ports::Eal> eal_; // first in, last out
    ports::MbufPool pool_;
    RegionFolder regions_;
    bool offloads_;
    std::unique_ptr<Forwarder> forwarder_;
    ovsdb::Handle reclaim_;
};

} // namespace ringfence
