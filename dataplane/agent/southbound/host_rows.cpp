#include "dataplane/agent/southbound/host_rows.h"

namespace ringfence::agent {

namespace {

using southbound::AddressClaim;
using southbound::HostStatus;
using southbound::PortClaim;

// Host_Status is for a glance; a host with more trouble than this has one trouble.
constexpr size_t most_troubles = 50;

template <class Row>
const Row* find_of_host(const ovsdb::Table<Row>& rows, const std::string& host) {
    for (const Row& row : rows)
        if (row.host == host)
            return &row;
    return nullptr;
}

std::map<std::string, std::string> bounded(const std::map<std::string, std::string>& trouble) {
    if (trouble.size() <= most_troubles)
        return trouble;
    std::map<std::string, std::string> some(trouble.begin(),
                                            std::next(trouble.begin(), most_troubles));
    some["more"] = fmt::format("{} more objects are in trouble; see the daemon's log",
                               trouble.size() - most_troubles);
    return some;
}

HostStatus status_of(const HostReport& report) {
    HostStatus row;
    row.host = report.host;
    row.applied = report.applied;
    for (const IpAddr& address : report.vtep_addresses)
        row.vtep_addresses.insert(to_string(address));
    row.underlay_mtu = report.underlay_mtu;
    row.bridge_mappings = report.bridge_mappings;
    row.version = report.version;
    row.query = report.query;
    row.trouble = bounded(report.trouble);
    return row;
}

void write_status(ovsdb::Transaction& transaction, const southbound::Tables& tables,
                  const HostReport& report, int64_t new_beats) {
    HostStatus row = status_of(report);
    const HostStatus* there = find_of_host(tables.host_status, report.host);
    if (!there) {
        row.uuid = ovsdb::Uuid::named("Host_Status " + report.host);
        row.alive = 1;
        transaction.insert(row);
        return;
    }
    row.uuid = there->uuid;
    row.alive = there->alive + new_beats;
    if (!(row == *there))
        transaction.update(row, HostStatus::Columns::all().without(HostStatus::Column::host));
}

// An interface that is unplugged and plugged at once keeps its name, and is another plug.
bool is_by(const PortClaim& row, const HostReport::Claim& claim) {
    return row.interface == claim.interface &&
           (row.plug.empty() || claim.plug.empty() || row.plug == claim.plug);
}

void write_claims(ovsdb::Transaction& transaction, const southbound::Tables& tables,
                  const HostReport& report, int64_t time) {
    std::map<std::string, const PortClaim*> there;
    for (const PortClaim& row : tables.port_claim)
        if (row.host == report.host)
            there[row.port] = &row;
    for (const auto& [port, row] : there)
        if (!report.claims.contains(port))
            transaction.erase<PortClaim>(row->uuid);
    for (const auto& [port, claim] : report.claims) {
        auto known = there.find(port);
        PortClaim row;
        if (known != there.end())
            row = *known->second;
        row.host = report.host;
        row.port = port;
        // What it has been by this plug it stays, whoever has it now.
        row.ready = claim.ready;
        row.active = claim.active || (known != there.end() && row.active && is_by(row, claim));
        if (!claim.plug.empty())
            row.plug = claim.plug;
        row.contends = claim.contends;
        row.interface = claim.interface;
        if (known == there.end()) {
            row.uuid = ovsdb::Uuid::named(fmt::format("Port_Claim {} {}", report.host, port));
            row.claimed = time;
            transaction.insert(row);
        } else if (!(row == *known->second)) {
            transaction.update(row, PortClaim::Column::ready | PortClaim::Column::active |
                                        PortClaim::Column::contends | PortClaim::Column::interface |
                                        PortClaim::Column::plug);
        }
    }
}

void write_addresses(ovsdb::Transaction& transaction, const southbound::Tables& tables,
                     const HostReport& report) {
    std::map<ovsdb::Uuid, AddressClaim> wanted;
    for (const auto& [address, claim] : report.addresses) {
        AddressClaim row;
        row.host = report.host;
        row.segment = address.first;
        row.address = to_string(address.second);
        row.uuid = ovsdb::Uuid::named(fmt::format("Address_Claim {} {} {}", row.host,
                                                  ovsdb::to_string(row.segment), row.address));
        row.port = claim.port;
        row.number = claim.number;
        wanted.emplace(row.uuid, std::move(row));
    }
    for (const AddressClaim& row : tables.address_claim)
        if (row.host == report.host && !wanted.contains(row.uuid))
            transaction.erase<AddressClaim>(row.uuid);
    for (const auto& [uuid, row] : wanted) {
        const AddressClaim* there = tables.address_claim.find(uuid);
        if (!there)
            transaction.insert(row);
        else if (!(row == *there))
            transaction.update(row, AddressClaim::Column::port | AddressClaim::Column::number);
    }
}

// A MAC that another host has learned already stays that host's: its row is not ours to change.
void write_learned(ovsdb::Transaction& transaction, const southbound::Tables& tables,
                   const HostReport& report) {
    std::set<ovsdb::Uuid> wanted;
    for (const LearnedEntry& learned : report.learned) {
        ovsdb::Uuid uuid = uuid_of(learned);
        wanted.insert(uuid);
        const southbound::LearnedMac* there = tables.learned_mac.find(uuid);
        const southbound::Segment* segment = tables.segment.find(learned.segment);
        if (!segment || (there && (there->host != report.host || there->port == learned.port)))
            continue;
        southbound::LearnedMac row;
        row.uuid = uuid;
        row.domain = segment->domain;
        row.segment = learned.segment;
        row.mac = to_string(learned.mac);
        row.host = report.host;
        row.port = learned.port;
        if (there)
            transaction.update(row, southbound::LearnedMac::Column::port);
        else
            transaction.insert(row);
    }
    for (const southbound::LearnedMac& row : tables.learned_mac)
        if (row.host == report.host && !wanted.contains(row.uuid))
            transaction.erase<southbound::LearnedMac>(row.uuid);
}

} // namespace

ovsdb::Transaction host_rows(const southbound::Tables& tables, const HostReport& report,
                             int64_t new_beats, int64_t time) {
    ovsdb::Transaction transaction;
    write_status(transaction, tables, report, new_beats);
    write_claims(transaction, tables, report, time);
    write_addresses(transaction, tables, report);
    write_learned(transaction, tables, report);
    return transaction;
}

} // namespace ringfence::agent
