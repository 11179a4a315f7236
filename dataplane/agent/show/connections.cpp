#include "dataplane/agent/show/connections.h"

#include <nlohmann/json.hpp>

#include "core/wire/ip.h"
#include "dataplane/agent/show/names.h"

namespace ringfence::agent {

namespace {

using nlohmann::json;

// "10.0.0.5:80", "[fd00::1]:80"; without ports the address alone.
std::string end_of(const IpAddr& address, uint16_t port, uint8_t protocol) {
    bool has_ports = protocol == ip_protocol::tcp || protocol == ip_protocol::udp;
    if (!has_ports)
        return to_string(address);
    std::string text = to_string(address);
    return fmt::format("{}:{}", address.is_v4() ? text : "[" + text + "]", port);
}

std::string seconds(uint32_t ms) {
    if (ms < 10'000)
        return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
    return fmt::format("{} s", ms / 1000);
}

// Where what the port receives arrives, and by which tuple, where that is another one.
std::string arrival_text(const ListedConnection& connection, const Fabric& fabric) {
    if (!connection.arrival)
        return ", the other direction not decided";
    const auto& arrival = *connection.arrival;
    std::string text;
    if (connection.translated)
        text =
            fmt::format(", arrives as {} > {}",
                        end_of(arrival.source, arrival.source_port, connection.protocol),
                        end_of(arrival.destination, arrival.destination_port, connection.protocol));
    if (arrival.place.kind() == Place::Kind::segment)
        text += ", in " + name_of(arrival.place.segment(), fabric);
    return text;
}

std::string line_of(const ListedConnection& connection, const Fabric& fabric) {
    bool out = connection.initiator == Side::from_port;
    return fmt::format(
        "{}: {} {} {} {}, {}{}, idle {} of {}, sent {} packets {} bytes, received {} packets {} "
        "bytes{}\n",
        name_of(connection.port, fabric), protocol_name(connection.protocol),
        end_of(connection.source, connection.source_port, connection.protocol), out ? "->" : "<-",
        end_of(connection.destination, connection.destination_port, connection.protocol),
        to_string(connection.phase), connection.stale ? ", to be decided again" : "",
        seconds(connection.silence), seconds(connection.timeout), connection.sent.packets,
        connection.sent.bytes, connection.received.packets, connection.received.bytes,
        arrival_text(connection, fabric));
}

json to_json(const ListedConnection& connection, const Fabric& fabric) {
    auto direction = [](const ListedConnection::Direction& counts) {
        return json{{"packets", counts.packets}, {"bytes", counts.bytes}};
    };
    json one = {{"port", name_of(connection.port, fabric)},
                {"protocol", connection.protocol},
                {"source", to_string(connection.source)},
                {"source_port", connection.source_port},
                {"destination", to_string(connection.destination)},
                {"destination_port", connection.destination_port},
                {"initiated_by_port", connection.initiator == Side::from_port},
                {"state", to_string(connection.phase)},
                {"stale", connection.stale},
                {"translated", connection.translated},
                {"idle_ms", connection.silence},
                {"timeout_ms", connection.timeout},
                {"sent", direction(connection.sent)},
                {"received", direction(connection.received)}};
    if (const auto& arrival = connection.arrival) {
        one["arrival"] = {{"source", to_string(arrival->source)},
                          {"source_port", arrival->source_port},
                          {"destination", to_string(arrival->destination)},
                          {"destination_port", arrival->destination_port}};
        if (arrival->place.kind() == Place::Kind::segment)
            if (const Segment* segment = fabric.segment(arrival->place.segment()))
                one["arrival"]["vni"] = segment->settings().vni->value();
    }
    return one;
}

json to_json(const ConnectionCounts& counts) {
    json states = json::object();
    for (size_t i = 0; i < phase_count; ++i)
        if (counts.phases[i])
            states[std::string(to_string(static_cast<Phase>(i)))] = counts.phases[i];
    return {{"ipv4", counts.size4}, {"ipv4_capacity", counts.capacity4},
            {"ipv6", counts.size6}, {"ipv6_capacity", counts.capacity6},
            {"ways", counts.ways},  {"states", states}};
}

} // namespace

std::string show(const std::vector<ListedConnection>& connections, const Fabric& fabric,
                 Format format) {
    json all = json::array();
    std::string text;
    for (const ListedConnection& connection : connections)
        if (format == Format::json)
            all.push_back(to_json(connection, fabric));
        else
            text += line_of(connection, fabric);
    return format == Format::json ? all.dump(1) + "\n" : text;
}

std::string show(const std::vector<ConnectionCounts>& workers,
                 const std::map<std::string, uint32_t>& ports, Format format) {
    if (format == Format::json) {
        json all = {{"workers", json::array()}, {"ports", ports}};
        for (const ConnectionCounts& counts : workers)
            all["workers"].push_back(to_json(counts));
        return all.dump(1) + "\n";
    }
    std::string text;
    for (size_t i = 0; i < workers.size(); ++i) {
        const ConnectionCounts& counts = workers[i];
        text += fmt::format("worker {}: {} of {} IPv4, {} of {} IPv6, {} ways\n", i, counts.size4,
                            counts.capacity4, counts.size6, counts.capacity6, counts.ways);
        for (size_t phase = 0; phase < phase_count; ++phase)
            if (counts.phases[phase])
                text += fmt::format("  {:<16} {:>8}\n", to_string(static_cast<Phase>(phase)),
                                    counts.phases[phase]);
    }
    for (const auto& [name, count] : ports)
        text += fmt::format("{:<18} {:>8}\n", name, count);
    return text;
}

} // namespace ringfence::agent
