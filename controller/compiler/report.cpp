#include "controller/compiler/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/compiler/difference.h"
#include "controller/compiler/hosts.h"
#include "controller/compiler/virtual_addresses.h"
#include "controller/model/names.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {
namespace {

namespace nb = northbound;
namespace sb = southbound;
using ovsdb::Uuid;

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
    if (!status.query.empty())
        reported["query"] = status.query;
    for (const auto& [network, bridge] : status.bridge_mappings)
        reported["bridge-mapping/" + network] = bridge;
    return bounded(reported);
}

// Those of the port's virtual addresses that it has now.
std::set<std::string> held_by(const sb::LogicalPort& port, const sb::Tables& fabric) {
    std::set<std::string> held;
    for (const auto& [address, mac] : port.virtual_addresses)
        if (const auto* row =
                fabric.virtual_address.find(virtual_address_uuid(port.segment, address));
            row && row->port == port.name)
            held.insert(address);
    return held;
}

// Keeps a map of names to rows as they come and go. A name may pass from one row to another in one
// update, in either order.
template <class Row>
void follow_name(std::unordered_map<std::string, Uuid>& rows, const ovsdb::Change<Row>& change,
                 std::string Row::*name) {
    if (change.before)
        if (auto found = rows.find(change.before->*name);
            found != rows.end() && found->second == change.before->uuid)
            rows.erase(found);
    if (change.after)
        rows[change.after->*name] = change.after->uuid;
}

} // namespace

// Writes one report.
class Reporter::Writer {
public:
    Writer(Reporter& reporter, const Progress& progress)
        : products_(reporter.products_), current_(reporter.current_), fabric_(reporter.fabric_),
          reporter_(reporter), progress_(progress) {}

    Report run() {
        write_global();
        write_hosts();
        write_objects();
        forget_old_events();
        return std::move(report_);
    }

private:
    void write_global();
    void write_hosts();
    bool add_stranger(const std::string& name);
    void write_objects();
    void forget_old_events();
    void add_event(const Note& note);

    const sb::HostStatus* status_of(const std::string& host) const;
    // Brings the row's status up to date, with an event where it is news.
    template <class Row> void set_status(Row& row);
    // Looks at the unreported rows of a table; `set` brings one up to date, its status excepted.
    template <class Row, class Set> void update(const ovsdb::Table<Row>& table, Set set);
    template <class Row> void update(const ovsdb::Table<Row>& table) {
        update(table, [](Row&) {});
    }
    // False if it is so already.
    template <class Row> bool write(const ovsdb::Table<Row>& table, Row row);

    const Products& products_;
    const nb::Tables& current_;
    const sb::Tables& fabric_;
    Reporter& reporter_;
    const Progress& progress_;
    Report report_;
    size_t new_events_ = 0;
};

void Reporter::Writer::write_global() {
    nb::Global global;
    global.uuid = Uuid::random();
    global.admit_hosts = "manual";
    if (!current_.global.empty())
        global = *current_.global.begin();
    global.compiled = progress_.change;
    global.sequence = fabric_.lease.empty() ? 0 : fabric_.lease.begin()->sequence;
    write(current_.global, std::move(global));
}

void Reporter::Writer::write_hosts() {
    update(current_.host, [&](nb::Host& host) {
        if (const auto* config = fabric_.host_config.find(host_config_uuid(host.name)))
            host.required = config->number;
        if (const auto* status = status_of(host.name); status && host.kind == "ringfence") {
            host.applied = status->applied;
            host.alive = status->alive;
            host.trouble = bounded(status->trouble);
            host.reported = reported_by(*status);
        }
    });
    std::erase_if(reporter_.strangers_, [&](const auto& name) { return !add_stranger(name); });
}

// Writes down who dialed in without a row. False if there is no such host.
bool Reporter::Writer::add_stranger(const std::string& name) {
    const auto* status = status_of(name);
    bool is_known = reporter_.hosts_.contains(name) ||
                    fabric_.host_config.find(host_config_uuid(name)); // the latter: just deleted
    if (!status || is_known || !model::check_name("host", name))
        return false;
    nb::Host host;
    host.uuid = Uuid::random();
    host.name = name;
    host.kind = "ringfence";
    host.admitted = !current_.global.empty() && current_.global.begin()->admit_hosts == "auto";
    host.reported = reported_by(*status);
    add_event({fmt::format("host/{0}: dialed in{1}", name,
                           host.admitted ? "" : "; network-ctl host admit " + name + " lets it in"),
               event::host_dialed_in,
               {"host/" + name},
               {name}});
    write(current_.host, std::move(host));
    return true;
}

void Reporter::Writer::write_objects() {
    update(current_.nic, [&](nb::Nic& nic) {
        const auto* port = fabric_.logical_port.find(nic.uuid);
        nic.bound_host = port ? port->host : std::nullopt;
        nic.held_addresses = port ? held_by(*port, fabric_) : std::set<std::string>{};
    });
    update(current_.organization);
    update(current_.virtual_data_center);
    update(current_.network_pool);
    update(current_.organization_network);
    update(current_.vapp);
    update(current_.vapp_network);
    update(current_.virtual_machine);
    update(current_.user);
    update(current_.external_network);
    update(current_.edge_router);
    update(current_.nat_rule);
    update(current_.firewall_rule);
    update(current_.security_group);
    update(current_.static_route);
    update(current_.dhcp_options);
}

template <class Row, class Set>
void Reporter::Writer::update(const ovsdb::Table<Row>& table, Set set) {
    std::erase_if(reporter_.unreported_[Row::table_info().index], [&](const Uuid& uuid) {
        const Row* now = table.find(uuid);
        if (!now)
            return true;
        Row row = *now;
        set(row);
        set_status(row);
        return !write(table, std::move(row));
    });
}

template <class Row> bool Reporter::Writer::write(const ovsdb::Table<Row>& table, Row row) {
    auto before = table.share(row.uuid);
    uint64_t columns = Row::Columns::all().bits();
    if (before)
        columns = differing_columns(Row::table_info(), before.get(), &row);
    if (!columns)
        return false;
    report_.rows.push_back({Row::table_info().index, std::move(before),
                            std::make_shared<const Row>(std::move(row)), columns});
    return true;
}

const sb::HostStatus* Reporter::Writer::status_of(const std::string& host) const {
    auto found = reporter_.statuses_.find(host);
    return found == reporter_.statuses_.end() ? nullptr : fabric_.host_status.find(found->second);
}

template <class Row> void Reporter::Writer::set_status(Row& row) {
    static const Note nothing;
    const Note* found = products_.note(key_of(row));
    const Note& note = found ? *found : nothing;
    if (row.status == note.text)
        return;
    row.status = note.text;
    if (!note.event.empty())
        add_event(note);
}

void Reporter::Writer::add_event(const Note& note) {
    nb::Event event;
    event.uuid = Uuid::random();
    event.time = progress_.time;
    event.kind = note.event;
    event.objects = note.objects;
    event.hosts = note.hosts;
    event.text = note.text;
    write(current_.event, std::move(event));
    ++new_events_;
}

void Reporter::Writer::forget_old_events() {
    size_t all = reporter_.events_.size() + new_events_;
    auto oldest = reporter_.events_.begin();
    for (; all > most_events && oldest != reporter_.events_.end(); --all, ++oldest)
        report_.rows.push_back({nb::Event::table_info().index, current_.event.share(oldest->second),
                                nullptr, nb::Event::Columns::all().bits()});
}

Reporter::Reporter(const Products& products, const nb::Tables& current, const sb::Tables& fabric)
    : products_(products), current_(current), fabric_(fabric) {
    const auto follow_all = [this](const auto& of_table) {
        for (const auto& change : of_table)
            follow(change);
    };
    all_of(current).each(follow_all);
    all_of(fabric).each(follow_all);
}

void Reporter::follow(const ovsdb::Change<nb::Host>& change) {
    follow_name(hosts_, change, &nb::Host::name);
    look_at(key_of(change.row()));
    if (change.before)
        look_at_host(change.before->name);
}

void Reporter::follow(const ovsdb::Change<nb::Event>& change) {
    if (change.before)
        events_.erase({change.before->time, change.before->uuid});
    if (change.after)
        events_.emplace(change.after->time, change.after->uuid);
}

void Reporter::follow(const ovsdb::Change<sb::HostStatus>& change) {
    follow_name(statuses_, change, &sb::HostStatus::host);
    for (const auto* row : {change.before, change.after})
        if (row)
            look_at_host(row->host);
}

void Reporter::follow(const ovsdb::Change<sb::HostConfig>& change) {
    look_at_host(change.row().host);
}

void Reporter::follow(const ovsdb::Change<sb::LogicalPort>& change) {
    follow_name(ports_, change, &sb::LogicalPort::name);
    look_at({nb::Nic::table_info().index, change.row().uuid});
}

// Whoever had it, and whoever has it.
void Reporter::follow(const ovsdb::Change<sb::VirtualAddress>& change) {
    for (const auto* row : {change.before, change.after})
        if (row && row->port)
            if (auto port = ports_.find(*row->port); port != ports_.end())
                look_at({nb::Nic::table_info().index, port->second});
}

void Reporter::look_at_host(const std::string& name) {
    if (auto host = hosts_.find(name); host != hosts_.end())
        look_at({nb::Host::table_info().index, host->second});
    else
        strangers_.insert(name);
}

Report Reporter::report(const Progress& progress) { return Writer(*this, progress).run(); }

} // namespace ringfence::compiler
