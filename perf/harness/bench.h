// The bench: EAL and a pool, and the loop that a scenario runs in.
//
// A full pass takes mbufs from the pool, has a source write them, forwards them, and gives back to
// the pool what lies in the outboxes, as the drivers of two ports would. An empty pass does all of
// this but the forwarding: the difference of two that follow each other is what the pipeline
// costs, drivers excluded.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/types/result.h"
#include "dataplane/ports/eal.h"
#include "dataplane/ports/mbuf_pool.h"
#include "dataplane/worker/worker.h"
#include "perf/harness/scenario.h"

namespace ringfence::perf {

// One a process.
class Bench {
public:
    // Memory::no_huge where every run must be the same.
    [[nodiscard]] static Result<Bench> start(ports::Memory memory);
    rte_mempool* pool() const { return pool_.get(); }
    bool hugepages() const { return eal_->hugepages(); }

private:
    Bench(std::unique_ptr<ports::Eal> eal, ports::MbufPool pool)
        : eal_(std::move(eal)), pool_(std::move(pool)) {}
    std::unique_ptr<ports::Eal> eal_; // ends after the pool
    ports::MbufPool pool_;
};

class Run {
public:
    static constexpr uint16_t burst_size = 32;

    Run(const Bench& bench, Scenario scenario);

    // So many bursts; the cycles (TSC) that they took.
    uint64_t full_pass(unsigned bursts);
    uint64_t empty_pass(unsigned bursts);

    // The steps of a pass, for one burst.
    struct Burst {
        PortId from;
        std::array<rte_mbuf*, burst_size> frames;
    };
    Burst receive();
    void forward(Burst& burst); // to the outboxes, and on to the bench's sink
    void recycle();             // what lies in the sink

    // Why the figures mean nothing: a benchmark that drops packets is none. Empty: all were sent.
    std::string complaint() const;
    Worker& worker() { return *worker_; }

private:
    Scenario scenario_;
    rte_mempool* pool_;
    std::unique_ptr<Worker> worker_;
    size_t turn_ = 0; // the source that is polled next
    std::vector<rte_mbuf*> sink_;
};

} // namespace ringfence::perf
