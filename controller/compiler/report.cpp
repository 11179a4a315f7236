#include "controller/compiler/report.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "controller/compiler/hosts.h"
#include "controller/model/names.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {
namespace {

using ovsdb::Uuid;

class Reporter {
public:
    Reporter(const northbound::Tables& current, const southbound::Tables& fabric,
             const Compiled& compiled, const Progress& progress)
        : current_(current), fabric_(fabric), compiled_(compiled), progress_(progress),
          wanted_(current) {}

    northbound::Tables run() {
        write_global();
        write_hosts();
        add_hosts_that_dialed_in();
        for (const auto& nic : current_.nic)
            write_nic(nic);
        write_statuses(current_.organization, wanted_.organization);
        write_statuses(current_.virtual_data_center, wanted_.virtual_data_center);
        write_statuses(current_.network_pool, wanted_.network_pool);
        write_statuses(current_.organization_network, wanted_.organization_network);
        write_statuses(current_.vapp, wanted_.vapp);
        write_statuses(current_.vapp_network, wanted_.vapp_network);
        write_statuses(current_.virtual_machine, wanted_.virtual_machine);
        write_statuses(current_.user, wanted_.user);
        write_statuses(current_.external_network, wanted_.external_network);
        write_statuses(current_.edge_router, wanted_.edge_router);
        write_statuses(current_.nat_rule, wanted_.nat_rule);
        write_statuses(current_.firewall_rule, wanted_.firewall_rule);
        write_statuses(current_.security_group, wanted_.security_group);
        write_statuses(current_.static_route, wanted_.static_route);
        write_statuses(current_.dhcp_options, wanted_.dhcp_options);
        forget_old_events();
        return std::move(wanted_);
    }

private:
    void write_global();
    void write_hosts();
    void add_hosts_that_dialed_in();
    void write_nic(const northbound::Nic& nic);
    void forget_old_events();
    void add_event(const Note& note);
    // Brings the row's status up to date, with an event where it is news.
    template <class Row> void set_status(Row& row);
    template <class Row> void write_statuses(const ovsdb::Table<Row>& from, ovsdb::Table<Row>& to) {
        for (const auto& row : from) {
            auto note = compiled_.notes.find(row.uuid);
            if (note == compiled_.notes.end() ? row.status.empty()
                                              : row.status == note->second.text)
                continue;
            Row updated = row;
            set_status(updated);
            to.replace(std::move(updated));
        }
    }

    const northbound::Tables& current_;
    const southbound::Tables& fabric_;
    const Compiled& compiled_;
    const Progress& progress_;
    northbound::Tables wanted_;
};

void Reporter::write_global() {
    northbound::Global global;
    global.uuid = Uuid::random();
    global.admit_hosts = "manual";
    if (!current_.global.empty())
        global = *current_.global.begin();
    global.compiled = progress_.change;
    global.sequence = fabric_.lease.empty() ? 0 : fabric_.lease.begin()->sequence;
    wanted_.global.replace(std::move(global));
}

std::string clipped(const std::string& text) {
    constexpr size_t longest = 255;
    std::string line = text.substr(0, longest);
    std::ranges::replace_if(
        line, [](char c) { return c < ' ' || c > '~'; }, '?');
    return line;
}

// What a host says of itself is bounded before it reaches the northbound database: a hypervisor is
// a hostile place.
std::map<std::string, std::string> bounded(const std::map<std::string, std::string>& said) {
    constexpr size_t most_entries = 64;
    std::map<std::string, std::string> kept;
    for (const auto& [key, text] : said) {
        if (kept.size() == most_entries)
            break;
        kept[clipped(key)] = clipped(text);
    }
    return kept;
}

std::map<std::string, std::string> reported_by(const southbound::HostStatus& status) {
    auto reported = model::to_reported({status.vtep_addresses, {}, status.underlay_mtu});
    if (!status.version.empty())
        reported["version"] = status.version;
    for (const auto& [network, bridge] : status.bridge_mappings)
        reported["bridge-mapping/" + network] = bridge;
    return bounded(reported);
}

void Reporter::write_hosts() {
    std::unordered_map<std::string, const southbound::HostStatus*> statuses;
    for (const auto& status : fabric_.host_status)
        statuses[status.host] = &status;
    for (northbound::Host host : current_.host) {
        if (const auto* config = fabric_.host_config.find(Uuid::named("host-config/" + host.name)))
            host.required = config->number;
        if (auto status = statuses.find(host.name);
            status != statuses.end() && host.kind == "ringfence") {
            host.applied = status->second->applied;
            host.alive = status->second->alive;
            host.trouble = bounded(status->second->trouble);
            host.reported = reported_by(*status->second);
        }
        set_status(host);
        wanted_.host.replace(std::move(host));
    }
}

void Reporter::add_hosts_that_dialed_in() {
    std::set<std::string> known = deleted_hosts(current_, fabric_); // not those: just deleted
    for (const auto& host : current_.host)
        known.insert(host.name);
    bool admitted = wanted_.global.begin()->admit_hosts == "auto";
    for (const auto& status : fabric_.host_status) {
        if (known.contains(status.host) || !model::check_name("host", status.host))
            continue;
        northbound::Host host;
        host.uuid = Uuid::random();
        host.name = status.host;
        host.kind = "ringfence";
        host.admitted = admitted;
        host.reported = reported_by(status);
        add_event(
            {fmt::format("host/{0}: dialed in{1}", host.name,
                         admitted ? "" : "; network-ctl host admit " + host.name + " lets it in"),
             event::host_dialed_in,
             {"host/" + host.name},
             {host.name}});
        wanted_.host.insert(std::move(host));
    }
}

void Reporter::write_nic(const northbound::Nic& nic) {
    northbound::Nic updated = nic;
    const auto* port = fabric_.logical_port.find(nic.uuid);
    updated.bound_host = port ? port->host : std::nullopt;
    set_status(updated);
    if (updated != nic)
        wanted_.nic.replace(std::move(updated));
}

template <class Row> void Reporter::set_status(Row& row) {
    static const Note nothing;
    auto found = compiled_.notes.find(row.uuid);
    const Note& note = found == compiled_.notes.end() ? nothing : found->second;
    if (row.status == note.text)
        return;
    row.status = note.text;
    if (!note.event.empty())
        add_event(note);
}

void Reporter::add_event(const Note& note) {
    northbound::Event event;
    event.uuid = Uuid::random();
    event.time = progress_.time;
    event.kind = note.event;
    event.objects = note.objects;
    event.hosts = note.hosts;
    event.text = note.text;
    wanted_.event.insert(std::move(event));
}

void Reporter::forget_old_events() {
    if (wanted_.event.size() <= most_events)
        return;
    std::vector<std::pair<int64_t, Uuid>> by_age;
    for (const auto& event : wanted_.event)
        by_age.emplace_back(event.time, event.uuid);
    std::ranges::sort(by_age);
    for (size_t i = 0; i < by_age.size() - most_events; ++i)
        wanted_.event.erase(by_age[i].second);
}

} // namespace

northbound::Tables report(const northbound::Tables& current, const southbound::Tables& fabric,
                          const Compiled& compiled, const Progress& progress) {
    return Reporter(current, fabric, compiled, progress).run();
}

} // namespace ringfence::compiler
