#include "dataplane/agent/watch/numbers.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace ringfence::agent {

namespace {

using json = nlohmann::ordered_json;

json json_of(const CounterSums& counters) {
    json object = json::object();
    each_counter(counters, [&](Verdict verdict, uint64_t packets) {
        object[std::string(to_string(verdict))] = packets;
    });
    return object;
}

json json_of(const PortNumbers& port) {
    return {{"port", port.name},
            {"nic", port.nic},
            {"type", port.type},
            {"worker", port.worker},
            {"link", port.up ? "up" : "down"},
            {"rx_packets", port.device.rx_packets},
            {"rx_bytes", port.device.rx_bytes},
            {"rx_errors", port.device.rx_errors},
            {"rx_missed", port.device.rx_missed},
            {"tx_packets", port.device.tx_packets},
            {"tx_bytes", port.device.tx_bytes},
            {"tx_errors", port.device.tx_errors},
            {"drops", port.counters.drops()},
            {"counters", json_of(port.counters)}};
}

struct Rates { // a second
    Rates(const PortNumbers& before, const PortNumbers& now, double seconds) {
        const auto rate = [&](uint64_t was, uint64_t is) {
            return is < was ? 0 : static_cast<double>(is - was) / seconds;
        };
        rx_packets = rate(before.device.rx_packets, now.device.rx_packets);
        rx_bits = 8 * rate(before.device.rx_bytes, now.device.rx_bytes);
        tx_packets = rate(before.device.tx_packets, now.device.tx_packets);
        tx_bits = 8 * rate(before.device.tx_bytes, now.device.tx_bytes);
        drops = rate(before.counters.drops(), now.counters.drops());
    }
    double rx_packets, rx_bits, tx_packets, tx_bits, drops;
};

std::string line_of(const std::string& port, const Rates& rates) {
    return fmt::format("{:<15} {:>10.0f} {:>14.0f} {:>10.0f} {:>14.0f} {:>10.0f}\n", port,
                       rates.rx_packets, rates.rx_bits, rates.tx_packets, rates.tx_bits,
                       rates.drops);
}

} // namespace

Numbers read(const Dataplane& dataplane, const PortSet& ports, const std::string& host) {
    Numbers numbers;
    numbers.host = host;
    numbers.time = std::chrono::steady_clock::now().time_since_epoch();
    for (const auto& [name, port] : ports.open())
        numbers.ports.push_back({name, port.wanted.iface_id,
                                 port.is_shadow ? "tap" : to_string(port.wanted.type), port.worker,
                                 port.port->link().up, port.port->statistics(),
                                 dataplane.counters(port.id)});
    numbers.total = dataplane.total();
    numbers.workers = dataplane.worker_numbers();
    numbers.buffers = dataplane.buffers();
    return numbers;
}

std::optional<Numbers> only(const Numbers& all, const std::string& port) {
    Numbers some = all;
    std::erase_if(some.ports, [&](const PortNumbers& one) {
        return one.name != port && (one.nic.empty() || one.nic != port);
    });
    if (some.ports.empty())
        return std::nullopt;
    some.total = some.ports.front().counters;
    return some;
}

std::string show_counters(const CounterSums& counters) {
    std::string text;
    each_counter(counters, [&](Verdict verdict, uint64_t packets) {
        text += fmt::format("  {:<28} {:>12}  {}\n", ringfence::to_string(verdict), packets,
                            info(verdict).meaning);
    });
    return text.empty() ? "  nothing yet\n" : text;
}

std::string show_drops(const Numbers& numbers) {
    std::string text;
    for (const PortNumbers& port : numbers.ports) {
        text += port.name + "\n";
        if (port.device.rx_missed) // no worker has seen them: beside the counters, which add up
            text += fmt::format("  {:<28} {:>12}  lost before us: its ring was full\n",
                                "rx.ring_full", port.device.rx_missed);
        text += show_counters(port.counters);
    }
    return text;
}

std::string show_ports(const Numbers& numbers) {
    std::string text;
    for (const PortNumbers& port : numbers.ports) {
        const ports::PortStatistics& device = port.device;
        text += fmt::format("{}: {}, link {}, worker {}{}{}\n", port.name, port.type,
                            port.up ? "up" : "down", port.worker, port.nic.empty() ? "" : ", NIC ",
                            port.nic);
        text += fmt::format("  rx {} packets, {} bytes, {} errors, {} missed\n", device.rx_packets,
                            device.rx_bytes, device.rx_errors, device.rx_missed);
        text += fmt::format("  tx {} packets, {} bytes, {} errors\n", device.tx_packets,
                            device.tx_bytes, device.tx_errors);
        text += fmt::format("  {} dropped of what it sent\n", port.counters.drops());
    }
    return text;
}

std::string show_rates(const Numbers& before, const Numbers& now) {
    const double seconds =
        std::max(1e-9, std::chrono::duration<double>(now.time - before.time).count());
    std::map<std::string, const PortNumbers*> earlier;
    for (const PortNumbers& port : before.ports)
        earlier[port.name] = &port;
    std::multimap<double, std::string, std::greater<>> lines; // by bits
    for (const PortNumbers& port : now.ports)
        if (auto was = earlier.find(port.name); was != earlier.end()) {
            const Rates rates(*was->second, port, seconds);
            lines.emplace(rates.rx_bits + rates.tx_bits, line_of(port.name, rates));
        }
    std::string text = fmt::format("{:<15} {:>10} {:>14} {:>10} {:>14} {:>10}\n", "PORT",
                                   "rx packets", "rx bits", "tx packets", "tx bits", "drops");
    for (const auto& [bits, line] : lines)
        text += line;
    return text + fmt::format("(a second, of the last {:.1f} s)\n", seconds);
}

std::string to_json(const Numbers& numbers) {
    json object{{"host", numbers.host},
                {"time_ns", numbers.time.count()},
                {"ports", json::array()},
                {"counters", json_of(numbers.total)},
                {"meanings", json::object()},
                {"buffers", {{"in_use", numbers.buffers.in_use}, {"all", numbers.buffers.all}}}};
    for (const PortNumbers& port : numbers.ports)
        object["ports"].push_back(json_of(port));
    each_counter(numbers.total, [&](Verdict verdict, uint64_t) {
        object["meanings"][std::string(ringfence::to_string(verdict))] = {
            {"kind", name_of(info(verdict).kind)}, {"meaning", info(verdict).meaning}};
    });
    return object.dump();
}

} // namespace ringfence::agent
