// How much of the host one port may use. Plain values, made by the agent; what is over a limit is
// dropped by the limit's name.
#pragma once

#include <cstdint>
#include <optional>

namespace ringfence {

// Units a second, and how many may come at once after a silence.
struct Rate {
    uint64_t units = 0; // 0: none pass
    uint64_t burst = 0; // at most max_burst
    static constexpr uint64_t max_burst = (uint64_t{1} << 31) - 1;

    // A second's worth may come at once.
    static constexpr Rate each_second(uint32_t units) {
        return {units, units < max_burst ? units : max_burst};
    }
    bool operator==(const Rate&) const = default;
};

// What holds where nothing else is said.
struct PortLimits {
    // Bytes of frames; none: no limit. In = towards the VM, out = what it sends.
    std::optional<Rate> bandwidth_in, bandwidth_out;
    std::optional<Rate> packets_out; // all that it sends
    // Packets:
    Rate broadcast = Rate::each_second(10'000);  // that it has flooded, copies not counted
    Rate slow_path = Rate::each_second(100'000); // that no connection knows, each way
    Rate errors = Rate::each_second(1'000);      // that routers answer with an error
    Rate dhcp = Rate::each_second(50); // DHCP messages and router solicitations that it asks
    // Connections under way at a time, both families; 0: what other_config says.
    uint32_t connections = 0;

    bool limit_all_sent() const { return bandwidth_out || packets_out; }
    bool operator==(const PortLimits&) const = default;
};

} // namespace ringfence
