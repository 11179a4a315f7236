#include "dataplane/agent/builder/builder.h"

#include "dataplane/agent/southbound/followed.h"

namespace ringfence::agent {

namespace {

// The good value that a row of this type gives.
template <class Row> using EntryOf = typename decltype(read_row(std::declval<Row>()))::value_type;

template <class Row> Result<EntryOf<Row>> entry_of(const Row& row) {
    if (!row.unreadable.empty())
        return fail(ErrorKind::unsupported, "{}", row.unreadable);
    return read_row(row);
}

} // namespace

// --- Rows in.

template <class Row> void FabricBuilder::take(const Row& row) {
    auto entry = entry_of(row);
    if (entry) {
        bad_rows_.erase(row.uuid);
        known_.put(row.uuid, std::optional<EntryOf<Row>>(*entry));
        return;
    }
    bad_rows_[row.uuid] = {name_of(row), entry.error().text};
    if constexpr (requires { instead_of(row); }) {
        if (fails_closed<Row> || entry.error().kind == ErrorKind::unsupported)
            known_.put(row.uuid, instead_of(row));
    } else if (names_policies<Row> && !row.unreadable.empty()) {
        known_.put(row.uuid, std::optional<EntryOf<Row>>());
    }
}

template <class Row>
void FabricBuilder::take_changes(const std::vector<ovsdb::Change<Row>>& changes) {
    for (const auto& change : changes)
        if (change.deleted()) {
            bad_rows_.erase(change.before->uuid);
            known_.put(change.before->uuid, std::optional<EntryOf<Row>>());
        } else {
            take(*change.after);
        }
}

void FabricBuilder::apply(const southbound::Changes& changes) {
    for_each_followed([&](auto, auto table) { take_changes(changes.*table); });
}

template <class Row, class Entry>
void FabricBuilder::take_table(const ovsdb::Table<Row>& rows, const KnownTable<Entry>& entries) {
    std::vector<Uuid> gone;
    for (const auto& [uuid, entry] : entries.all())
        if (!rows.find(uuid))
            gone.push_back(uuid);
    for (const Uuid& uuid : gone)
        known_.put(uuid, std::optional<Entry>());
    for (const Row& row : rows)
        take(row);
}

void FabricBuilder::reload(const southbound::Tables& tables) {
    bad_rows_.clear();
    take_table(tables.host, known_.hosts);
    take_table(tables.segment, known_.segments);
    take_table(tables.logical_port, known_.nics);
    take_table(tables.virtual_address, known_.virtual_addresses);
    take_table(tables.learned_mac, known_.learned);
    take_table(tables.router, known_.routers);
    take_table(tables.router_interface, known_.interfaces);
    take_table(tables.route, known_.routes);
    take_table(tables.nat, known_.held);
    take_table(tables.address_group, known_.groups);
    take_table(tables.firewall, known_.rules);
    take_table(tables.dhcp, known_.dhcp);
}

// --- The next Fabric.

std::shared_ptr<const Fabric> FabricBuilder::finish() {
    const TunnelSettings& tunnel = known_.facts.tunnel;
    if (known_.touched == Touched() && over_.empty() && tunnel == fabric_->tunnel() &&
        !bridges_.has_news())
        return fabric_;
    FabricEdit edit(fabric_);
    if (tunnel != fabric_->tunnel())
        edit.set_tunnel(tunnel);
    hosts_.finish(edit);
    segments_.finish(edit);
    policies_.finish(edit);
    routers_.finish(edit);
    held_.retract(edit);
    held_.place(edit);
    nics_.retract(edit);
    nics_.place(edit);
    virtual_addresses_.finish(edit);
    learned_.finish(edit);
    bridges_.finish(edit);
    ports_.finish(edit);
    finish_moves(edit);
    return fabric_ = edit.finish();
}

void FabricBuilder::finish_moves(FabricEdit& edit) {
    for (const Move& move : std::exchange(over_, {}))
        if (Segment* segment = edit.segment(move.segment))
            std::visit([&](const auto& what) { segment->forbid_also_from(what, move.from); },
                       move.what);
}

// --- What others want to know.

std::optional<Binding> FabricBuilder::binding(const std::string& iface_id) const {
    const NicEntry* nic = known_.nic(iface_id);
    if (!nic)
        return std::nullopt;
    Binding binding{nic->host, nic->candidate, std::nullopt, known_.id_of_segment(nic->segment)};
    if (const SegmentSettings* segment = known_.segments.find(nic->segment))
        binding.mtu = segment->mtu;
    return binding;
}

std::map<std::string, std::string> FabricBuilder::trouble() const {
    std::map<std::string, std::string> trouble;
    for (const auto& [uuid, row] : bad_rows_)
        trouble[row.object] = row.why;
    for (const auto& more : {hosts_.trouble(), held_.trouble(), nics_.trouble(),
                             segments_.trouble(), policies_.trouble(*fabric_)})
        trouble.insert(more.begin(), more.end());
    return trouble;
}

} // namespace ringfence::agent
