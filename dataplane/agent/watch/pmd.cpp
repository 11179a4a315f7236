#include "dataplane/agent/watch/pmd.h"

#include <filesystem>

namespace ringfence::agent {

namespace {

// The memory's node that the CPU is at.
unsigned node_of(unsigned cpu) {
    std::error_code none;
    for (unsigned node = 0; node < 64; ++node)
        if (std::filesystem::exists(fmt::format("/sys/devices/system/cpu/cpu{}/node{}", cpu, node),
                                    none))
            return node;
    return 0;
}

// A worker that no CPU was chosen for has its own number.
unsigned core_of(const WorkerNumbers& worker) { return worker.cpu.value_or(worker.index); }

std::string heading(const WorkerNumbers& worker) {
    return fmt::format("pmd thread numa_id {} core_id {}:\n", worker.cpu ? node_of(*worker.cpu) : 0,
                       core_of(worker));
}

WorkerNumbers difference(const WorkerNumbers& now, const std::vector<WorkerNumbers>& since) {
    WorkerNumbers passed = now;
    if (now.index < since.size()) {
        passed.received -= since[now.index].received;
        passed.busy_ticks -= since[now.index].busy_ticks;
        passed.idle_ticks -= since[now.index].idle_ticks;
    }
    return passed;
}

double share(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string per_packet(const char* name, uint64_t ticks, uint64_t packets) {
    if (packets == 0)
        return {};
    return fmt::format("  {}: {:.2f} ({}/{})\n", name,
                       static_cast<double>(ticks) / static_cast<double>(packets), ticks, packets);
}

} // namespace

std::string show_queues(const Numbers& numbers, std::optional<unsigned> core) {
    std::string text;
    for (const WorkerNumbers& worker : numbers.workers) {
        if (core && *core != core_of(worker))
            continue;
        text += heading(worker) + "  isolated : false\n";
        for (const PortNumbers& port : numbers.ports)
            if (port.worker == worker.index)
                text += fmt::format("  port: {:<16}  queue-id: {:>2} {}  pmd usage: NOT AVAIL\n",
                                    port.name, 0, port.up ? "(enabled) " : "(disabled)");
        text += "  overhead: NOT AVAIL\n";
    }
    return text;
}

std::string show_workers(const Numbers& numbers, const std::vector<WorkerNumbers>& since,
                         std::optional<unsigned> core) {
    std::string text;
    for (const WorkerNumbers& now : numbers.workers) {
        if (core && *core != core_of(now))
            continue;
        const WorkerNumbers worker = difference(now, since);
        const uint64_t all = worker.busy_ticks + worker.idle_ticks;
        text += heading(worker);
        text += fmt::format("  packets received: {}\n  packet recirculations: 0\n"
                            "  avg. datapath passes per packet: {:.2f}\n",
                            worker.received, worker.received ? 1.0 : 0.0);
        text += fmt::format("  idle cycles: {} ({:.2f}%)\n  processing cycles: {} ({:.2f}%)\n",
                            worker.idle_ticks, share(worker.idle_ticks, all), worker.busy_ticks,
                            share(worker.busy_ticks, all));
        text += per_packet("avg cycles per packet", all, worker.received);
        text += per_packet("avg processing cycles per packet", worker.busy_ticks, worker.received);
    }
    return text;
}

} // namespace ringfence::agent
