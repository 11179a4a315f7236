// Starts DPDK's environment abstraction layer (EAL): memory, buses, drivers. For main and for
// tests; once a process.
//
// Hugepages are used when enough of them are free, otherwise ordinary memory (--no-huge), so that a
// laptop needs no set-up. Nothing is left behind: no telemetry socket, no shared configuration, no
// runtime directory. Several daemons run on a machine, each with its own file prefix.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/types/result.h"

namespace ringfence::ports {

enum class Memory { automatic, hugepages, no_huge };

struct EalSettings {
    std::string file_prefix = {};      // "" = "ringfence-PID"
    Memory memory = Memory::automatic; // hugepages: without enough of them the start fails
    unsigned megabytes = 512;          // in all; of ordinary memory only what is touched is used
    std::string socket_megabytes =
        {};                      // other_config:dpdk-socket-mem, "1024,0"; takes megabytes' place
    std::string lcore_mask = {}; // other_config:dpdk-lcore-mask; "" = the first CPU that we may use
    std::string extra = {};      // other_config:dpdk-extra; what it says takes the place of ours
    bool require_privileges =
        true; // CAP_NET_ADMIN and CAP_NET_RAW; false where no port will be opened
};

// What the machine offers; read from /sys and /proc by read_host_memory().
struct HostMemory {
    unsigned free_hugepages = 0;
    unsigned hugepage_kilobytes = 2048;
};
HostMemory read_host_memory();

// EAL's command line for these settings, argv[0] included. Contradictory or unsatisfiable settings
// are an error that says what to do.
[[nodiscard]] Result<std::vector<std::string>> eal_arguments(const EalSettings& settings,
                                                             const HostMemory& host);

// The running EAL. The thread that starts it keeps its CPU affinity, and must be the one that ends
// it, after every port, pool and forwarder is gone.
class Eal {
public:
    [[nodiscard]] static Result<std::unique_ptr<Eal>> start(const EalSettings& settings);
    ~Eal();
    Eal(const Eal&) = delete;
    Eal& operator=(const Eal&) = delete;

    bool hugepages() const { return hugepages_; }
    static std::string version(); // "DPDK 22.11.11"

private:
    Eal(bool hugepages, std::string runtime_directory)
        : hugepages_(hugepages), runtime_directory_(std::move(runtime_directory)) {}
    bool hugepages_;
    std::string runtime_directory_;
};

} // namespace ringfence::ports
