#include "controller/compiler/plan.h"

#include <algorithm>
#include <type_traits>

#include "controller/compiler/difference.h"
#include "controller/compiler/hosts.h"

namespace ringfence::compiler {
namespace {

namespace sb = southbound;
using ovsdb::RowChange;
using Domains = std::set<std::string>;

constexpr uint64_t number_column = sb::HostConfig::Columns(sb::HostConfig::Column::number).bits();
constexpr ovsdb::Uuid greatest_uuid = [] {
    ovsdb::Uuid uuid;
    uuid.bytes.fill(0xff);
    return uuid;
}();

const ovsdb::TableInfo& table_of(const RowKey& key) {
    return *sb::Schema::info().tables[key.table];
}

std::shared_ptr<const void> find(const sb::Tables& tables, const RowKey& key) {
    return sb::Schema::info().in(&tables, key.table).share(key.uuid);
}

template <class Row> bool is_of(const RowKey& key) { return key.table == Row::table_info().index; }

// Not those that hosts write, nor those that keep record of what was done.
bool is_compiled(const RowKey& key) {
    return !is_of<sb::HostStatus>(key) && !is_of<sb::PortClaim>(key) &&
           !is_of<sb::AddressClaim>(key) && !is_of<sb::LearnedMac>(key) && !is_of<sb::Lease>(key) &&
           !is_of<sb::BlockLog>(key);
}

// The number is not compiled: it says what was planned last.
std::shared_ptr<const void> with_its_number(const void* wanted, const void* current) {
    auto config = *static_cast<const sb::HostConfig*>(wanted);
    config.number = static_cast<const sb::HostConfig*>(current)->number;
    return std::make_shared<const sb::HostConfig>(std::move(config));
}

// The Host_Config row that a change leads to.
const sb::HostConfig* config_of(const RowChange& change) {
    bool is_config = change.table == sb::HostConfig::table_info().index;
    return is_config ? static_cast<const sb::HostConfig*>(change.after.get()) : nullptr;
}

// The domains whose rows change: of a row that moves between two, both. (The domains that a
// Logical_Port names are what its own host asks for; others see the row by its own domain.)
Domains changed_domains(const sb::Changes& changes) {
    Domains domains;
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table)
            for (const auto* row : {change.before, change.after}) {
                if constexpr (requires { row->domain; })
                    if (row)
                        domains.insert(row->domain);
            }
    });
    return domains;
}

// In service now, or until now.
std::set<std::string> all_served(const Findings& found, const sb::Changes& changes) {
    const auto& now = found.served.all({});
    std::set<std::string> hosts(now.begin(), now.end());
    for (const auto& change : changes.host)
        if (change.before && change.before->kind == "ringfence")
            hosts.insert(change.before->name);
    return hosts;
}

std::set<std::string> touched_hosts(const Findings& found, const sb::Changes& changes) {
    if (!changes.host.empty())
        return all_served(found, changes);
    std::set<std::string> hosts;
    auto touch = [&](const std::string& host) {
        if (found.served.all({}).contains(host))
            hosts.insert(host);
    };
    for (const auto& domain : changed_domains(changes)) {
        const auto& ports = found.hosts_by_domain.all(domain);
        for (auto port = ports.begin(); port != ports.end();) {
            touch(port->first);
            port = ports.upper_bound({port->first, greatest_uuid});
        }
    }
    for (const auto& change : changes.logical_port)
        if (change.before) { // whoever had it, or would have
            if (change.before->host)
                touch(*change.before->host);
            for (const Claim& claim : found.claims.all(change.before->name))
                touch(claim.host);
        }
    return hosts;
}

} // namespace

Planner::Planner(const Findings& found, const Products& products, const sb::Tables& current)
    : found_(found), products_(products), current_(current) {
    const auto& schema = sb::Schema::info();
    for (const auto* table : schema.tables)
        for (const auto& [uuid, row] : schema.in(&current, table->index).rows())
            look_at({table->index, uuid});
}

void Planner::look_at(const RowKey& key) {
    if (is_compiled(key) && difference(key))
        unsettled_.insert(key);
    else
        unsettled_.erase(key);
}

void Planner::look_at(const RowKeys& keys) {
    for (const RowKey& key : keys)
        look_at(key);
}

std::optional<RowChange> Planner::difference(const RowKey& key) const {
    auto before = find(current_, key), after = find(products_.wanted(), key);
    if (before && after && is_of<sb::HostConfig>(key))
        after = with_its_number(after.get(), before.get());
    uint64_t columns = table_of(key).all_columns();
    if (before && after)
        columns = differing_columns(table_of(key), before.get(), after.get());
    if (!columns || (!before && !after))
        return std::nullopt;
    return RowChange{key.table, before, after, columns};
}

Plan Planner::plan() const {
    Plan plan;
    for (const RowKey& key : unsettled_)
        plan.rows.push_back(*difference(key));
    if (plan.empty())
        return plan;
    clear_after_deleted(plan.rows);
    plan.touched = touched_hosts(found_, sb::Schema::changes(plan.rows));
    number(plan);
    return plan;
}

// What hosts wrote goes with the host, and with the segment that it speaks of.
void Planner::clear_after_deleted(std::vector<RowChange>& rows) const {
    RowKeys orphans;
    auto add = [&](const auto& keys) { orphans.insert(keys.begin(), keys.end()); };
    const auto changes = sb::Schema::changes(rows);
    for (const auto& change : changes.host_config)
        if (change.deleted())
            add(found_.rows_of_host.all(change.before->host));
    for (const auto& change : changes.segment)
        if (change.deleted())
            add(found_.rows_of_segment.all(change.before->uuid));
    for (const RowKey& key : orphans)
        if (auto row = find(current_, key))
            rows.push_back({key.table, row, nullptr, table_of(key).all_columns()});
}

void Planner::number(Plan& plan) const {
    if (current_.lease.empty())
        return;
    sb::Lease lease = *current_.lease.begin();
    ++lease.sequence;
    auto numbered = [&](const std::shared_ptr<const void>& row) {
        auto config = *static_cast<const sb::HostConfig*>(row.get());
        config.number = lease.sequence;
        return std::make_shared<const sb::HostConfig>(std::move(config));
    };
    auto waiting = plan.touched;
    for (auto& change : plan.rows) // hosts that come, or whose row somebody changed
        if (const auto* config = config_of(change); config && waiting.erase(config->host)) {
            change.after = numbered(change.after);
            change.modified |= number_column;
        }
    for (const auto& host : waiting) {
        const auto uuid = host_config_uuid(host);
        auto now = current_.host_config.share(uuid);
        if (now && products_.wanted().host_config.find(uuid)) // else it is being deleted
            plan.rows.push_back(
                {sb::HostConfig::table_info().index, now, numbered(now), number_column});
    }
    plan.rows.push_back({sb::Lease::table_info().index, current_.lease.share(lease.uuid),
                         std::make_shared<const sb::Lease>(lease),
                         sb::Lease::Columns(sb::Lease::Column::sequence).bits()});
}

} // namespace ringfence::compiler
