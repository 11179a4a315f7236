#include "controller/model/limits.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/model/names.h"

namespace ringfence::model {
namespace {

constexpr int64_t most_bits = 1'000'000'000'000; // a second: 1 Tbit/s
constexpr int64_t least_bits = 8'000;
// A frame of jumbo size and its tags. The dataplane makes it longer where frames come larger (TSO).
constexpr int64_t least_burst = 10'000;
constexpr int64_t most_burst = 1'000'000'000;

constexpr LimitKind kinds[] = {
    {"bandwidth-in", "bit/s", least_bits, most_bits}, // towards the VM
    {"bandwidth-out", "bit/s", least_bits, most_bits},
    {"burst-in", "bytes", least_burst, most_burst},
    {"burst-out", "bytes", least_burst, most_burst},
    {"broadcast", "packets/s", 1, 100'000'000},
    {"slow-path", "packets/s", 1, 100'000'000},
    {"connections", "connections", 1, 16'777'216},
};

} // namespace

std::span<const LimitKind> limit_kinds() { return kinds; }

Result<> check_limits(std::string_view object, const Limits& limits) {
    for (const auto& [name, value] : limits) {
        const auto* kind = std::ranges::find(kinds, std::string_view(name), &LimitKind::name);
        if (kind == std::end(kinds)) {
            std::string names;
            for (const LimitKind& one : kinds)
                names.append(names.empty() ? "" : ", ").append(one.name);
            return fail("{}: \"{}\" is no limit; give one of {}", object, shown(name), names);
        }
        if (value < kind->least || value > kind->most)
            return fail("{}: {} {} is out of range; give {} to {} {}", object, name, value,
                        kind->least, kind->most, kind->unit);
    }
    for (const char* side : {"in", "out"})
        if (limits.contains(fmt::format("burst-{}", side)) &&
            !limits.contains(fmt::format("bandwidth-{}", side)))
            return fail("{}: burst-{} goes with a bandwidth-{}; give it, too", object, side, side);
    return {};
}

Limits limits_of(const Rows& rows, const northbound::Nic& nic) {
    Limits limits = nic.limits;
    const auto* vm = rows.virtual_machine.find(nic.virtual_machine);
    const auto* vapp = vm ? rows.vapp.find(vm->vapp) : nullptr;
    const auto* vdc = vapp ? rows.virtual_data_center.find(vapp->data_center) : nullptr;
    for (const auto& [name, value] : vdc ? vdc->limits : Limits()) {
        int64_t& its = limits.emplace(name, value).first->second;
        its = std::min(its, value);
    }
    return limits;
}

} // namespace ringfence::model
