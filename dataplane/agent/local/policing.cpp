#include "dataplane/agent/local/policing.h"

#include <algorithm>
#include <charconv>

namespace ringfence::agent {

namespace {

// What ovs-vswitchd takes where a rate has no burst of its own.
constexpr uint64_t default_burst = 8'000, default_packet_burst = 16; // kbit, thousands

// Numbers of whoever writes to the database: above what any device moves, and small enough to be
// multiplied by thousands.
constexpr uint64_t most = uint64_t{1} << 48;

using Config = std::map<std::string, std::string>;
using Number = std::optional<uint64_t>;

uint64_t thousands(int64_t number, uint64_t otherwise = 0) {
    return 1'000 * (number > 0 ? std::min(static_cast<uint64_t>(number), most) : otherwise);
}

void read_ingress(const vswitch::Interface& row, WantedLimits& limits) {
    if (row.ingress_policing_rate > 0) {
        limits.bandwidth_out = bandwidth(thousands(row.ingress_policing_rate),
                                         thousands(row.ingress_policing_burst, default_burst) / 8);
    }
    if (row.ingress_policing_kpkts_rate > 0) {
        uint64_t burst = thousands(row.ingress_policing_kpkts_burst, default_packet_burst);
        limits.packets_out =
            Rate{thousands(row.ingress_policing_kpkts_rate), std::min(burst, Rate::max_burst)};
    }
}

Result<Number> number(const Config& config, const char* key) {
    auto found = config.find(key);
    if (found == config.end())
        return Number();
    const std::string& text = found->second;
    uint64_t read = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), read);
    if (bad != std::errc() || end != text.data() + text.size())
        return fail("QoS {}: \"{}\" is not a number", key, text);
    return Number(std::min(read, most));
}

// Bits a second, of the whole and of its default queue: the smaller one.
Result<> read_htb(const vswitch::Tables& tables, const vswitch::QoS& qos, WantedLimits& limits) {
    static const Config none;
    auto first = qos.queues.find(0);
    const vswitch::Queue* queue =
        first == qos.queues.end() ? nullptr : tables.queue.find(first->second);
    const Config& of_queue = queue ? queue->other_config : none;
    auto whole = number(qos.other_config, "max-rate"), part = number(of_queue, "max-rate"),
         burst = number(of_queue, "burst");
    for (const auto* read : {&whole, &part, &burst})
        if (!*read)
            return tl::unexpected(read->error());
    Number rate = !*whole || (*part && **part < **whole) ? *part : *whole;
    if (rate)
        limits.bandwidth_in = bandwidth(*rate, *burst ? Number(**burst / 8) : std::nullopt);
    return {};
}

Result<> read_policer(const vswitch::QoS& qos, WantedLimits& limits) {
    auto rate = number(qos.other_config, "cir"), burst = number(qos.other_config, "cbs");
    for (const auto* read : {&rate, &burst})
        if (!*read)
            return tl::unexpected(read->error());
    if (!*rate)
        return fail("QoS egress-policer needs other_config:cir");
    limits.bandwidth_in = bandwidth(**rate * 8, *burst);
    return {};
}

Result<> read_egress(const vswitch::Tables& tables, const vswitch::Port& port,
                     WantedLimits& limits) {
    const vswitch::QoS* qos = port.qos ? tables.qos.find(*port.qos) : nullptr;
    if (!qos || qos->type.empty() || qos->type == "linux-noop")
        return {};
    if (qos->type == "linux-htb")
        return read_htb(tables, *qos, limits);
    if (qos->type == "egress-policer")
        return read_policer(*qos, limits);
    return fail(ErrorKind::unsupported,
                "QoS type {} is not built, so it limits nothing: use linux-htb, egress-policer or "
                "linux-noop",
                qos->type);
}

} // namespace

Result<WantedLimits> policing_from(const vswitch::Tables& tables, const vswitch::Port& port,
                                   const vswitch::Interface& interface) {
    WantedLimits limits;
    read_ingress(interface, limits);
    if (auto read = read_egress(tables, port, limits); !read)
        return tl::unexpected(read.error());
    return limits;
}

} // namespace ringfence::agent
