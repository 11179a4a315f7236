#include "dataplane/agent/watch/telemetry.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <future>
#include <mutex>
#include <string>

#include <rte_telemetry.h>

namespace ringfence::agent {

namespace {

constexpr std::chrono::seconds patience{1};

struct Source {
    ovsdb::Reactor& reactor;
    std::function<Numbers()> numbers;
};

std::mutex guard;
std::shared_ptr<Source> source; // whom DPDK's threads ask

// Nothing while the daemon starts, ends, or is too busy to answer.
std::optional<Numbers> ask() {
    auto promise = std::make_shared<std::promise<Numbers>>();
    {
        std::lock_guard lock(guard);
        if (!source)
            return std::nullopt;
        source->reactor.post([promise, weak = std::weak_ptr<Source>(source)] {
            if (auto alive = weak.lock())
                promise->set_value(alive->numbers());
        });
    }
    auto answer = promise->get_future();
    promise.reset(); // where nobody answers, the future is broken at once
    if (answer.wait_for(patience) != std::future_status::ready)
        return std::nullopt;
    try {
        return answer.get();
    } catch (const std::future_error&) {
        return std::nullopt;
    }
}

std::optional<Numbers> ask(const char* port) {
    auto all = ask();
    return all && port && *port ? only(*all, port) : all;
}

// DPDK takes letters, digits, _ and / in names.
std::string key_of(std::string_view name) {
    std::string key(name);
    std::ranges::replace_if(
        key, [](unsigned char c) { return !std::isalnum(c); }, '_');
    return key;
}

int list_ports(const char*, const char*, rte_tel_data* answer) {
    const auto all = ask();
    if (!all)
        return -EAGAIN;
    rte_tel_data_start_array(answer, RTE_TEL_STRING_VAL);
    for (const PortNumbers& port : all->ports)
        rte_tel_data_add_array_string(answer, port.name.c_str());
    return 0;
}

int show_port(const char*, const char* name, rte_tel_data* answer) {
    const auto one = name && *name ? ask(name) : std::nullopt;
    if (!one)
        return -EINVAL;
    const PortNumbers& port = one->ports.front();
    rte_tel_data_start_dict(answer);
    rte_tel_data_add_dict_string(answer, "port", port.name.c_str());
    rte_tel_data_add_dict_string(answer, "nic", port.nic.c_str());
    const auto add = [&](const char* key, uint64_t value) {
        rte_tel_data_add_dict_u64(answer, key, value);
    };
    add("rx_packets", port.device.rx_packets);
    add("rx_bytes", port.device.rx_bytes);
    add("rx_errors", port.device.rx_errors);
    add("rx_missed", port.device.rx_missed);
    add("tx_packets", port.device.tx_packets);
    add("tx_bytes", port.device.tx_bytes);
    add("tx_errors", port.device.tx_errors);
    add("drops", port.counters.drops());
    return 0;
}

int show_counts(const char*, const char* name, rte_tel_data* answer) {
    const auto some = ask(name);
    if (!some)
        return -EINVAL;
    rte_tel_data_start_dict(answer);
    each_counter(some->total, [&](Verdict verdict, uint64_t packets) {
        if (is_drop(verdict))
            rte_tel_data_add_dict_u64(answer, key_of(to_string(verdict)).c_str(), packets);
    });
    return 0;
}

} // namespace

Telemetry::Telemetry(ovsdb::Reactor& reactor, std::function<Numbers()> numbers) {
    std::lock_guard lock(guard);
    source = std::make_shared<Source>(Source{reactor, std::move(numbers)});
    rte_telemetry_register_cmd("/ringfence/ports", list_ports, "The ports. No parameters");
    rte_telemetry_register_cmd("/ringfence/port", show_port,
                               "What a port counts. Parameters: the port, or its NIC");
    rte_telemetry_register_cmd("/ringfence/drops", show_counts,
                               "What was lost, by reason. Parameters: a port (optional)");
}

Telemetry::~Telemetry() {
    std::lock_guard lock(guard);
    source.reset();
}

} // namespace ringfence::agent
