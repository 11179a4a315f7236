#include "dataplane/agent/limits.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace ringfence::agent {

namespace {

// Bytes. No frame is longer, nor is a large one (core/packet/large.h): each passes some time.
constexpr uint64_t least_burst = 65'536 + 64;

using Numbers = std::map<std::string, int64_t>;

std::optional<uint64_t> number(const Numbers& limits, const char* name) {
    auto found = limits.find(name);
    return found == limits.end() ? std::nullopt
                                 : std::optional(static_cast<uint64_t>(found->second));
}

uint32_t clamped(uint64_t number) {
    return static_cast<uint32_t>(std::min<uint64_t>(number, std::numeric_limits<uint32_t>::max()));
}

std::optional<Rate> packets(const Numbers& limits, const char* name) {
    auto found = number(limits, name);
    return found ? std::optional(Rate::each_second(clamped(*found))) : std::nullopt;
}

std::optional<Rate> bandwidth(const Numbers& limits, const char* name, const char* burst) {
    auto bits = number(limits, name);
    return bits ? std::optional(agent::bandwidth(*bits, number(limits, burst))) : std::nullopt;
}

Result<> check(const Numbers& limits) {
    constexpr const char* known[] = {"bandwidth-in", "bandwidth-out", "burst-in",   "burst-out",
                                     "broadcast",    "slow-path",     "connections"};
    for (const auto& [name, value] : limits) {
        if (std::ranges::count(known, name) == 0)
            return fail(ErrorKind::unsupported, "limit {} is not one that this version knows",
                        name);
        if (value < 0 || (value == 0 && name == "connections"))
            return fail("limit {}: {} is too small", name, value);
    }
    for (const char* side : {"in", "out"})
        if (limits.contains(fmt::format("burst-{}", side)) &&
            !limits.contains(fmt::format("bandwidth-{}", side)))
            return fail("limit burst-{} is nothing without bandwidth-{}", side, side);
    return {};
}

template <class T>
std::optional<T> lower(const std::optional<T>& one, const std::optional<T>& other) {
    if (!one || !other)
        return one ? one : other;
    if constexpr (std::is_same_v<T, Rate>)
        return one->units <= other->units ? one : other;
    else
        return std::min(*one, *other);
}

} // namespace

Rate bandwidth(uint64_t bits, std::optional<uint64_t> burst) {
    uint64_t bytes = bits / 8;
    return {bytes, std::clamp(burst.value_or(bytes / 10), least_burst, Rate::max_burst)};
}

Result<WantedLimits> limits_from(const Numbers& limits) {
    if (auto good = check(limits); !good)
        return tl::unexpected(good.error());
    WantedLimits wanted;
    wanted.bandwidth_in = bandwidth(limits, "bandwidth-in", "burst-in");
    wanted.bandwidth_out = bandwidth(limits, "bandwidth-out", "burst-out");
    wanted.broadcast = packets(limits, "broadcast");
    wanted.slow_path = packets(limits, "slow-path");
    if (auto connections = number(limits, "connections"))
        wanted.connections = clamped(*connections);
    return wanted;
}

PortLimits limits_of(const PortLimits& defaults, const WantedLimits& fabric,
                     const WantedLimits& host) {
    PortLimits limits = defaults;
    limits.bandwidth_in = lower(fabric.bandwidth_in, host.bandwidth_in);
    limits.bandwidth_out = lower(fabric.bandwidth_out, host.bandwidth_out);
    limits.packets_out = lower(fabric.packets_out, host.packets_out);
    limits.broadcast = fabric.broadcast.value_or(defaults.broadcast);
    limits.slow_path = fabric.slow_path.value_or(defaults.slow_path);
    limits.connections = fabric.connections.value_or(defaults.connections);
    return limits;
}

PortLimits default_limits_from(const std::map<std::string, std::string>& other_config,
                               std::vector<std::string>& errors) {
    PortLimits limits;
    for (auto [key, limit] : {std::pair{"ringfence-slow-path-per-port", &limits.slow_path},
                              std::pair{"ringfence-broadcast-per-port", &limits.broadcast}}) {
        auto found = other_config.find(key);
        if (found == other_config.end())
            continue;
        const std::string& text = found->second;
        uint32_t packets = 0;
        auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), packets);
        if (bad == std::errc() && end == text.data() + text.size())
            *limit = Rate::each_second(packets);
        else
            errors.push_back(fmt::format(
                "other_config:{}: \"{}\" is not a number of packets a second", key, text));
    }
    return limits;
}

} // namespace ringfence::agent
