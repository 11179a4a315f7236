#include "dataplane/agent/watch/metrics.h"

namespace ringfence::agent {

namespace {

using Labels = std::vector<std::pair<const char*, std::string>>;

std::string escaped(const std::string& text) {
    std::string safe;
    for (char c : text) {
        if (c == '\\' || c == '"')
            safe += '\\';
        safe += c == '\n' ? ' ' : c;
    }
    return safe;
}

// The families of one page, each with its samples together, as the format asks.
class Page {
public:
    void family(const char* name, const char* type, const char* help) {
        text_ +=
            fmt::format("# HELP ringfence_{0} {2}\n# TYPE ringfence_{0} {1}\n", name, type, help);
        name_ = name;
    }
    void sample(const Labels& labels, double value) {
        text_ += fmt::format("ringfence_{}", name_);
        for (size_t i = 0; i < labels.size(); ++i)
            text_ += fmt::format("{}{}=\"{}\"", i ? "," : "{", labels[i].first,
                                 escaped(labels[i].second));
        text_ += fmt::format("{} {}\n", labels.empty() ? "" : "}", value);
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
    const char* name_ = "";
};

struct DeviceFamily {
    const char* name;
    const char* help;
    uint64_t ports::PortStatistics::*number;
};
constexpr DeviceFamily device_families[] = {
    {"port_receive_packets_total", "Packets that the port gave us.",
     &ports::PortStatistics::rx_packets},
    {"port_receive_bytes_total", "Bytes of them.", &ports::PortStatistics::rx_bytes},
    {"port_receive_errors_total", "Packets that its device found broken.",
     &ports::PortStatistics::rx_errors},
    {"port_receive_missed_total", "Packets that found no room before us.",
     &ports::PortStatistics::rx_missed},
    {"port_transmit_packets_total", "Packets that the port was given.",
     &ports::PortStatistics::tx_packets},
    {"port_transmit_bytes_total", "Bytes of them.", &ports::PortStatistics::tx_bytes},
    {"port_transmit_errors_total", "Packets that its device refused.",
     &ports::PortStatistics::tx_errors},
};

Labels labels_of(const PortNumbers& port) { return {{"port", port.name}, {"nic", port.nic}}; }

void add_counters(Page& page, const Labels& labels, const CounterSums& counters) {
    each_counter(counters, [&](Verdict verdict, uint64_t packets) {
        Labels all = labels;
        all.emplace_back("verdict", to_string(verdict));
        all.emplace_back("kind", name_of(info(verdict).kind));
        page.sample(all, static_cast<double>(packets));
    });
}

void add_workers(Page& page, const Numbers& numbers) {
    page.family("worker_seconds_total", "counter", "What a worker's time went into.");
    for (const WorkerNumbers& worker : numbers.workers)
        for (const auto& [state, ticks] :
             {std::pair("busy", worker.busy_ticks), std::pair("idle", worker.idle_ticks)})
            page.sample({{"worker", std::to_string(worker.index)}, {"state", state}},
                        static_cast<double>(ticks) / static_cast<double>(worker.ticks_per_second));
}

net::Reply reply(const char* status, const std::string& body, bool head = false) {
    return {.output =
                fmt::format("HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4; "
                            "charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                            status, body.size()) +
                (head ? "" : body),
            .close = true};
}

} // namespace

std::string to_prometheus(const Numbers& numbers) {
    Page page;
    page.family("host_info", "gauge", "This host, by its name in the fabric.");
    page.sample({{"host", numbers.host}}, 1);
    page.family("port_up", "gauge", "Whether the port has its link.");
    for (const PortNumbers& port : numbers.ports)
        page.sample(labels_of(port), port.up);
    for (const DeviceFamily& family : device_families) {
        page.family(family.name, "counter", family.help);
        for (const PortNumbers& port : numbers.ports)
            page.sample(labels_of(port), static_cast<double>(port.device.*family.number));
    }
    page.family("port_packets_total", "counter", "What became of the packets from a port.");
    for (const PortNumbers& port : numbers.ports)
        add_counters(page, labels_of(port), port.counters);
    page.family("packets_total", "counter", "What became of the packets from all ports.");
    add_counters(page, {}, numbers.total);
    add_workers(page, numbers);
    page.family("buffers", "gauge", "Packet buffers that there are.");
    page.sample({}, numbers.buffers.all);
    page.family("buffers_in_use", "gauge",
                "Those that hold a packet, or wait for one in a device.");
    page.sample({}, numbers.buffers.in_use);
    return page.text();
}

net::Serve serve_metrics(std::function<std::string()> metrics) {
    return [metrics = std::move(metrics)](std::string& input, const std::string&) -> net::Reply {
        if (input.find("\r\n\r\n") == input.npos)
            return {};
        const std::string line = input.substr(0, input.find("\r\n"));
        const size_t method = line.find(' '), target = line.rfind(' ');
        if (method == line.npos || method == target || line.find("HTTP/1.") != target + 1)
            return reply("400 Bad Request", "this is no HTTP/1.1\n");
        const bool head = line.starts_with("HEAD ");
        if (!head && !line.starts_with("GET "))
            return reply("405 Method Not Allowed", "GET and HEAD are\n");
        if (line.substr(method + 1, target - method - 1) != "/metrics")
            return reply("404 Not Found", "there is /metrics\n");
        return reply("200 OK", metrics(), head);
    };
}

} // namespace ringfence::agent
