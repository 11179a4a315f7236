// What ovs-appctl can ask this daemon, beside the standard commands.
#include <charconv>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/local/ofports.h"
#include "dataplane/agent/show/connections.h"
#include "dataplane/agent/show/dhcp.h"
#include "dataplane/agent/show/firewall.h"
#include "dataplane/agent/show/names.h"
#include "dataplane/agent/show/routers.h"
#include "dataplane/agent/show/trace.h"
#include "dataplane/agent/watch/metrics.h"
#include "dataplane/agent/watch/pmd.h"

namespace ringfence::agent {

namespace {

using Words = unixctl::Arguments;

Format take_format(Words& words) {
    const auto format = std::erase(words, "--format=json") ? Format::json : Format::text;
    std::erase(words, "--format=text");
    return format;
}

} // namespace

// ovs-appctl's columns; the VLAN of a fabric's segment is the VNI, and the age 0: rows do not age.
static std::string forwarding_table(const Fabric& fabric) {
    std::string text;
    fabric.for_each_segment([&](const Segment& segment) {
        if (!segment.settings().vni)
            return;
        segment.macs().for_each([&](MacAddr mac, uint16_t bits) {
            text += fmt::format(" {:<15} {:>5}  {}    0\n",
                                name_of(Destination::from_bits(bits), fabric),
                                segment.settings().vni->value(), to_string(mac));
        });
    });
    return text;
}

Result<Numbers> Agent::numbers(const Words& words) const {
    if (words.size() > 1)
        return fail("\"{}\": one port, or nothing for all", words[1]);
    Numbers all;
    if (dataplane_)
        all = read(*dataplane_, *ports_, fabric_->host());
    if (words.empty())
        return all;
    if (auto one = only(all, words[0]))
        return *one;
    return fail(ErrorKind::not_found, "no port is named {}", words[0]);
}

// [PORT] [--format=json|text]
Result<std::string> Agent::drops(Words words) const {
    const auto format = take_format(words);
    return numbers(words).map([&](const Numbers& all) {
        if (format == Format::json)
            return to_json(all);
        return words.empty() ? show_drops(all) + "all ports\n" + show_counters(all.total)
                             : show_drops(all);
    });
}

Result<std::string> Agent::port_numbers(Words words) const {
    const auto format = take_format(words);
    return numbers(words).map([&](const Numbers& all) {
        return format == Format::json ? to_json(all) : show_ports(all);
    });
}

// [PORT | flush PORT | --all] [--format=json]
Result<std::string> Agent::connections(Words words) const {
    if (!dataplane_)
        return std::string("not started yet\n");
    const auto format = take_format(words);
    if (words.empty())
        return connection_counts(format);
    bool flush = words.size() == 2 && words[0] == "flush";
    if (words.size() > 1 && !flush)
        return fail("\"{}\": a port, flush PORT, or --all", words[1]);
    std::optional<PortId> only;
    if (words[0] != "--all") {
        auto port = ports_->open().find(words.back());
        if (port == ports_->open().end())
            return fail(ErrorKind::not_found, "no port is named {}", words.back());
        only = port->second.id;
    }
    if (flush) {
        auto done = dataplane_->forget_connections(*only);
        return done ? Result<std::string>(std::string()) : tl::unexpected(done.error());
    }
    auto all = dataplane_->connections(only);
    if (!all)
        return tl::unexpected(all.error());
    return show(*all, *fabric_->fabric(), format);
}

Result<std::string> Agent::connection_counts(Format format) const {
    std::vector<PortId> ids;
    for (const auto& [name, port] : ports_->open())
        ids.push_back(port.id);
    auto counts = dataplane_->connection_counts(ids);
    if (!counts)
        return tl::unexpected(counts.error());
    std::map<std::string, uint32_t> ports;
    for (const auto& [name, port] : ports_->open())
        if (uint32_t count = counts->ports[port.id])
            ports[name] = count;
    return show(counts->workers, ports, format);
}

// [POLICY] [--format=json]
Result<std::string> Agent::firewall(Words words) const {
    if (!fabric_)
        return std::string("not started yet\n");
    const auto format = take_format(words);
    if (words.size() > 1)
        return fail("\"{}\": one policy, or nothing for all", words[1]);
    FirewallNames names{ids_.policies.all(),
                        [this](GroupId group) { return fabric_->name_of_group(group); },
                        [this](RuleId rule) { return fabric_->hits(rule); }};
    if (!words.empty()) {
        auto id = ids_.policies.find(words[0]);
        if (!id)
            return fail(ErrorKind::not_found, "no policy is named {}", words[0]);
        names.policies = {{words[0], *id}};
    }
    std::string text = show_firewall(names, *fabric_->fabric(), format);
    if (uint64_t lost = dataplane_->suppressed_firewall_events(); lost && format == Format::text)
        text += fmt::format("{} decisions were too many to be logged\n", lost);
    return text;
}

// [PORT | clear PORT]
Result<std::string> Agent::dhcp(const Words& words) const {
    if (!fabric_)
        return std::string("not started yet\n");
    if (words.empty())
        return show_dhcp(*fabric_->fabric(), std::nullopt);
    bool clear = words.size() == 2 && words[0] == "clear";
    if (words.size() > 1 && !clear)
        return fail("\"{}\": a port, or clear PORT", words[0]);
    auto port = ports_->open().find(words.back());
    if (port == ports_->open().end())
        return fail(ErrorKind::not_found, "no port is named {}", words.back());
    if (!clear)
        return show_dhcp(*fabric_->fabric(), port->second.id);
    if (!fabric_->clear_declined(port->second.wanted.iface_id))
        return fail(ErrorKind::not_found, "the client of {} has declined nothing", words.back());
    return std::string();
}

// Each call shows what passed since the one before.
std::string Agent::top() {
    const Numbers now = numbers({}).value_or(Numbers{});
    const auto before = std::exchange(last_top_, now);
    return before ? show_rates(*before, now) : "(ask again: rates are of the time between)\n";
}

// [-pmd CORE] [DATAPATH]
static Result<std::optional<unsigned>> core_from(const Words& words) {
    std::optional<unsigned> core;
    for (size_t i = 0; i + 1 < words.size(); ++i)
        if (words[i] == "-pmd") {
            const std::string& word = words[i + 1];
            unsigned number = 0;
            auto [end, bad] = std::from_chars(word.data(), word.data() + word.size(), number);
            if (bad != std::errc() || end != word.data() + word.size())
                return fail("-pmd {}: it is the number of a core", word);
            core = number;
        }
    return core;
}

void Agent::add_pmd_commands(unixctl::Server& server) {
    const auto add = [&](const char* name, auto show) {
        server.add({name, "[-pmd core] [dp]", 0, 3,
                    [this, show](const Words& words) {
                        return core_from(words).map([&](std::optional<unsigned> core) {
                            return show(numbers({}).value_or(Numbers{}), core);
                        });
                    },
                    true});
    };
    add("dpif-netdev/pmd-rxq-show", show_queues);
    add("dpif-netdev/pmd-stats-show", [this](const Numbers& all, std::optional<unsigned> core) {
        return show_workers(all, cleared_, core);
    });
    server.add({"dpif-netdev/pmd-rxq-rebalance", "[dp]", 0, 1,
                [this](const Words&) -> Result<std::string> {
                    if (!ports_)
                        return fail(ErrorKind::unavailable, "not started yet");
                    ports_->rebalance();
                    reconfigure();
                    return "pmd rxq rebalance requested.\n";
                }});
    server.add({"dpif-netdev/pmd-stats-clear", "[-pmd core] [dp]", 0, 3,
                [this](const Words&) -> Result<std::string> {
                    if (dataplane_)
                        cleared_ = dataplane_->worker_numbers();
                    return std::string();
                }});
}

void Agent::add_commands(unixctl::Server& server) {
    watch_ = std::make_unique<Watch>(
        reactor_, server, [this] { return to_prometheus(numbers({}).value_or(Numbers{})); });
    // What hosts answer over the network too only reads.
    auto add = [&server](const char* name, const char* usage, size_t min, size_t max, auto run) {
        server.add({name, usage, min, max, run});
    };
    auto add_remote = [&server](const char* name, const char* usage, size_t max, auto run) {
        server.add({name, usage, 0, max, run, true});
    };
    auto bridge_in = [](const Words& words) {
        return words.empty() ? std::nullopt : std::optional(words[0]);
    };
    add("fdb/show", "[BRIDGE]", 0, 1, [this, bridge_in](const Words& words) -> Result<std::string> {
        if (!fabric_)
            return std::string();
        return " port             VLAN  MAC                Age\n" +
               fabric_->macs_of(bridge_in(words)) + forwarding_table(*fabric_->fabric());
    });
    // Rows are not learned: they stay.
    add("fdb/flush", "[BRIDGE]", 0, 1,
        [this, bridge_in](const Words& words) -> Result<std::string> {
            if (!fabric_ || (!fabric_->flush_macs(bridge_in(words)) && !words.empty()))
                return fail(ErrorKind::not_found, "no such bridge");
            return std::string("table successfully flushed");
        });
    add_remote("ringfence/drops", "[PORT] [--format=json|text]", 2,
               [this](const Words& words) { return drops(words); });
    add_remote("ringfence/ports", "[PORT] [--format=json|text]", 2,
               [this](const Words& words) { return port_numbers(words); });
    // The first call arms the trace; each shows what was recorded since the one before.
    add("ringfence/trace", "[N]", 0, 1, [this](const Words& words) -> Result<std::string> {
        uint32_t packets = 0;
        if (!words.empty()) {
            const std::string& word = words[0];
            auto [end, bad] = std::from_chars(word.data(), word.data() + word.size(), packets);
            if (bad != std::errc() || end != word.data() + word.size() || packets > 1000)
                return fail("\"{}\" is not a number of packets, 0 to 1000", word);
        }
        if (!dataplane_)
            return std::string();
        std::string text;
        for (const TraceRecord& record : dataplane_->take_trace())
            text += show(record, *fabric_->fabric()) + "\n";
        if (!words.empty()) {
            dataplane_->trace(packets);
            text += fmt::format("(the next {} packets of each worker are traced: ask again with "
                                "ringfence/trace)\n",
                                packets);
        }
        return text;
    });
    add("ringfence/fabric", "[dump]", 0, 1, [this](const Words& words) -> Result<std::string> {
        if (!fabric_)
            return std::string("not started yet\n");
        if (!words.empty() && words[0] != "dump")
            return fail("\"{}\": dump, or nothing", words[0]);
        return words.empty() ? fabric_->summary() : dump(*fabric_->fabric());
    });
    add("ringfence/routers", "", 0, 0, [this](const Words&) -> Result<std::string> {
        return fabric_ ? show_routers(*fabric_->fabric()) : std::string("not started yet\n");
    });
    add("ringfence/connections", "[PORT | flush PORT | --all] [--format=json|text]", 0, 3,
        [this](const Words& words) { return connections(words); });
    add("ringfence/top", "", 0, 0, [this](const Words&) -> Result<std::string> { return top(); });
    server.add({"ringfence/capture", "start PORT [BYTES] | read ID | stop ID", 2, 3,
                [this](const Words& words) -> Result<std::string> {
                    if (!captures_)
                        return fail(ErrorKind::unavailable, "not started yet");
                    return captures_->run(words);
                },
                true});
    add_pmd_commands(server);
    add_remote("ringfence/firewall", "[POLICY] [--format=json|text]", 2,
               [this](const Words& words) { return firewall(words); });
    add("ringfence/dhcp", "[PORT | clear PORT]", 0, 2,
        [this](const Words& words) { return dhcp(words); });
    add("dpif/show", "", 0, 0, [this](const Words&) -> Result<std::string> {
        std::string text = "netdev@ringfence:\n";
        if (local_ && ports_)
            for (const WantedBridge& bridge : local_->wanted().bridges) {
                text += fmt::format("  {}:\n", bridge.name);
                auto ofports = assign_ofports(local_->wanted().ports);
                for (const auto& [name, port] : ports_->open())
                    if (!port.is_shadow && port.wanted.bridge == bridge.name)
                        text += fmt::format("    {} {}/{}: ({})\n", name, ofports[name],
                                            port.id.value(), to_string(port.wanted.type));
            }
        return text;
    });
    add_remote("coverage/show", "", 0, [this](const Words&) -> Result<std::string> {
        return dataplane_ ? show_counters(dataplane_->total()) : std::string();
    });
    add_remote("memory/show", "", 0, [this](const Words&) -> Result<std::string> {
        if (!dataplane_)
            return std::string();
        auto buffers = dataplane_->buffers();
        return fmt::format("ports:{} mbufs in use:{} mbufs:{}\n", ports_->open().size(),
                           buffers.in_use, buffers.all);
    });
    add("ofproto/trace", "BRIDGE FLOW", 1, 64, [](const Words&) -> Result<std::string> {
        return fail(ErrorKind::unsupported,
                    "there is no OpenFlow here: `ovs-appctl ringfence/trace N` shows what the "
                    "stages decide about real packets");
    });
}

} // namespace ringfence::agent
