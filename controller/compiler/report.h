// What the controller tells the northbound database: the status of every object, who has which
// NIC, how the hosts are, and how far it has come.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/compiler/products.h"

namespace ringfence::compiler {

// Events beyond this number go, the oldest first.
inline constexpr size_t most_events = 1000;

struct Progress {
    int64_t change; // Global.change of the rows that were compiled
    int64_t time;   // milliseconds since 1970, for events: for people, nothing is decided by it
};

struct Report {
    std::vector<ovsdb::RowChange> rows;

    bool empty() const { return rows.empty(); }
    northbound::Changes changes() const { return northbound::Schema::changes(rows); }
};

// Knows where the northbound database may differ from what is to be said, and looks nowhere else.
class Reporter {
public:
    // All of them outlive it. At first it looks everywhere.
    Reporter(const Products& products, const northbound::Tables& current,
             const southbound::Tables& fabric);

    template <class Row> void follow(const ovsdb::Change<Row>& change) {
        if constexpr (requires(Row row) { row.status; })
            look_at(key_of(change.row()));
    }
    void follow(const ovsdb::Change<northbound::Host>& change);
    void follow(const ovsdb::Change<northbound::Event>& change);
    void follow(const ovsdb::Change<southbound::HostStatus>& change);
    void follow(const ovsdb::Change<southbound::HostConfig>& change);
    void follow(const ovsdb::Change<southbound::LogicalPort>& change);
    void follow(const ovsdb::Change<southbound::VirtualAddress>& change);
    // There is something else to be said about these.
    void look_at(const RowKeys& objects) {
        for (const RowKey& object : objects)
            look_at(object);
    }

    // The columns that are the controller's, brought up to date; a Host row for whoever dialed in
    // without one; Global where it is missing. What isn't done is in the next report.
    Report report(const Progress& progress);

private:
    class Writer;
    using Names = std::unordered_map<std::string, ovsdb::Uuid>;

    void look_at(const RowKey& object) { unreported_[object.table].insert(object.uuid); }
    void look_at_host(const std::string& name);

    const Products& products_;
    const northbound::Tables& current_;
    const southbound::Tables& fabric_;
    std::unordered_map<size_t, std::set<ovsdb::Uuid>> unreported_; // by table
    std::set<std::string> strangers_;                              // hosts without a row, maybe
    Names hosts_;                                                  // name -> Host
    Names statuses_;                                               // name -> Host_Status
    Names ports_;                                                  // name -> Logical_Port
    std::set<std::pair<int64_t, ovsdb::Uuid>> events_;             // the oldest first
};

} // namespace ringfence::compiler
