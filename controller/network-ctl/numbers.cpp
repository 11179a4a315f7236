#include "controller/network-ctl/numbers.h"

#include <algorithm>

#include "controller/network-ctl/answer.h"

namespace ringfence::ctl {

namespace {

using nlohmann::json;

constexpr bool in_full_only = false;
constexpr const char* device_numbers[] = {"rx_packets", "rx_bytes", "rx_errors", "rx_missed",
                                          "tx_packets", "tx_bytes", "tx_errors", "drops"};

Counts counts_in(const json& object, const char* key) {
    Counts counts;
    if (const json& map = in(object, key); map.is_object())
        for (const auto& [name, count] : map.items())
            if (count.is_number_integer())
                counts[name] = number_of(count);
    return counts;
}

PortNumbers port_from(const json& object) {
    PortNumbers port{.port = text_in(object, "port"),
                     .nic = text_in(object, "nic"),
                     .type = text_in(object, "type"),
                     .link = text_in(object, "link"),
                     .worker = number_in(object, "worker"),
                     .device = {},
                     .counters = counts_in(object, "counters")};
    for (const char* name : device_numbers)
        port.device[name] = number_in(object, name);
    return port;
}

std::map<std::string, std::string> texts_of(const Counts& counts) {
    std::map<std::string, std::string> texts;
    for (const auto& [name, count] : counts)
        texts[name] = std::to_string(count);
    return texts;
}

Value text_or_none(const std::string& text) { return text.empty() ? Value() : Value(text); }

// One of many stands in a line of a table too.
Field field_of(const Hosts& hosts, const std::string& host) {
    return {"host", text_or_none(host), hosts.size() > 1};
}

Record record(const Hosts& hosts, const std::string& host, const PortNumbers& port) {
    const auto device = [&](const char* name) {
        const auto found = port.device.find(name);
        return Value(found == port.device.end() ? 0 : found->second);
    };
    return {{"port", port.port},
            {"nic", text_or_none(port.nic)},
            field_of(hosts, host),
            {"type", port.type},
            {"link", port.link},
            {"worker", port.worker, in_full_only},
            {"rx_packets", device("rx_packets")},
            {"rx_bytes", device("rx_bytes")},
            {"rx_errors", device("rx_errors"), in_full_only},
            {"rx_missed", device("rx_missed"), in_full_only},
            {"tx_packets", device("tx_packets")},
            {"tx_bytes", device("tx_bytes")},
            {"tx_errors", device("tx_errors"), in_full_only},
            {"drops", device("drops")},
            {"counters", texts_of(port.counters), in_full_only}};
}

struct Loss {
    std::string host, port, nic, counter, meaning;
    int64_t packets = 0;
};

Record record(const Hosts& hosts, const Loss& loss) {
    return {{"port", loss.port},       {"nic", text_or_none(loss.nic)}, field_of(hosts, loss.host),
            {"counter", loss.counter}, {"packets", loss.packets},       {"meaning", loss.meaning}};
}

struct Rate {
    std::string host, port, nic;
    int64_t rx_packets = 0, rx_bits = 0, tx_packets = 0, tx_bits = 0, drops = 0; // a second
};

Record record(const Hosts& hosts, const Rate& rate) {
    return {{"port", rate.port},
            {"nic", text_or_none(rate.nic)},
            field_of(hosts, rate.host),
            {"rx_packets_per_s", rate.rx_packets},
            {"rx_bits_per_s", rate.rx_bits},
            {"tx_packets_per_s", rate.tx_packets},
            {"tx_bits_per_s", rate.tx_bits},
            {"drops_per_s", rate.drops}};
}

Rate rate_of(const std::string& host, const PortNumbers& before, const PortNumbers& now,
             double seconds) {
    const auto per_second = [&](const char* name, double units = 1) {
        const auto was = static_cast<double>(before.device.at(name));
        const auto is = static_cast<double>(now.device.at(name));
        return static_cast<int64_t>(std::clamp((is - was) * units / seconds, 0.0, 1e18));
    };
    return {host,
            now.port,
            now.nic,
            per_second("rx_packets"),
            per_second("rx_bytes", 8),
            per_second("tx_packets"),
            per_second("tx_bytes", 8),
            per_second("drops")};
}

} // namespace

Result<HostNumbers> numbers_from(const std::string& text) {
    const json answer = json::parse(text, nullptr, false);
    if (!answer.is_object() || !in(answer, "ports").is_array())
        return fail(ErrorKind::unavailable,
                    "the daemon's answer is not what we know; is it of this version");
    HostNumbers numbers{.host = text_in(answer, "host"),
                        .time_ns = number_in(answer, "time_ns"),
                        .ports = {},
                        .counters = counts_in(answer, "counters"),
                        .meanings = {}};
    for (const json& port : in(answer, "ports"))
        if (port.is_object())
            numbers.ports.push_back(port_from(port));
    if (const json& meanings = in(answer, "meanings"); meanings.is_object())
        for (const auto& [name, meaning] : meanings.items())
            if (meaning.is_object())
                numbers.meanings[name] = {text_in(meaning, "kind"), text_in(meaning, "meaning")};
    return numbers;
}

Listing list_ports(const Hosts& hosts) {
    Listing listing{"port", record(hosts, "", PortNumbers{}), {}, false, {}};
    for (const HostNumbers& host : hosts)
        for (const PortNumbers& port : host.ports)
            listing.records.push_back(record(hosts, host.host, port));
    return listing;
}

namespace {

void add_losses(const HostNumbers& host, bool all, std::vector<Loss>& losses) {
    for (const PortNumbers& port : host.ports)
        for (const auto& [counter, packets] : port.counters) {
            const auto known = host.meanings.find(counter);
            const auto meaning =
                known == host.meanings.end() ? HostNumbers::Meaning{} : known->second;
            if (all || meaning.kind == "drop" || meaning.kind == "system")
                losses.push_back(
                    {host.host, port.port, port.nic, counter, meaning.meaning, packets});
        }
}

void add_rates(const HostNumbers& before, const HostNumbers& now, std::vector<Rate>& rates) {
    std::map<std::string, const PortNumbers*> earlier;
    for (const PortNumbers& port : before.ports)
        earlier[port.port] = &port;
    const double seconds = std::max(
        1e-9, (static_cast<double>(now.time_ns) - static_cast<double>(before.time_ns)) / 1e9);
    for (const PortNumbers& port : now.ports)
        if (const auto was = earlier.find(port.port); was != earlier.end())
            rates.push_back(rate_of(now.host, *was->second, port, seconds));
}

} // namespace

Listing list_drops(const Hosts& hosts, bool all) {
    std::vector<Loss> losses;
    for (const HostNumbers& host : hosts)
        add_losses(host, all, losses);
    std::ranges::stable_sort(losses, std::greater(), &Loss::packets);
    Listing listing{"drops", record(hosts, Loss{}), {}, false, {}};
    for (const Loss& loss : losses)
        listing.records.push_back(record(hosts, loss));
    return listing;
}

Listing list_rates(const Hosts& before, const Hosts& now) {
    std::vector<Rate> rates;
    for (const HostNumbers& host : now)
        if (auto was = std::ranges::find(before, host.host, &HostNumbers::host);
            was != before.end())
            add_rates(*was, host, rates);
    std::ranges::stable_sort(rates, std::greater(),
                             [](const Rate& rate) { return rate.rx_bits + rate.tx_bits; });
    Listing listing{"top", record(now, Rate{}), {}, false, {}};
    for (const Rate& rate : rates)
        listing.records.push_back(record(now, rate));
    return listing;
}

} // namespace ringfence::ctl
