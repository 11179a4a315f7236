// Changes that came while the view was not whole, as one change: a domain is forwarded by once all
// of its rows are here, not row by row (DESIGN §2).
#pragma once

#include <map>
#include <set>
#include <string_view>

#include "dataplane/agent/southbound/followed.h"

namespace ringfence::agent {

class Pending {
public:
    void add(const southbound::Changes& changes) {
        for_each_followed([&]<class Row>(ovsdb::Table<Row> southbound::Tables::*table, auto list) {
            for (const auto& change : changes.*list)
                if (rows_[Row::table_name].insert(change.row().uuid).second && change.before)
                    (before_.*table).insert(*change.before);
        });
    }

    // take(const southbound::Changes&) of all that was added, by what there is now; nothing is
    // pending then.
    template <class Take> void flush(const southbound::Tables& now, Take take) {
        if (rows_.empty())
            return;
        southbound::Changes all;
        for_each_followed([&]<class Row>(ovsdb::Table<Row> southbound::Tables::*table, auto list) {
            for (const ovsdb::Uuid& uuid : rows_[Row::table_name]) {
                const Row* before = (before_.*table).find(uuid);
                const Row* after = (now.*table).find(uuid);
                if (before || after)
                    (all.*list).push_back({before, after, Row::Columns::all()});
            }
        });
        take(all);
        clear();
    }
    void clear() {
        rows_.clear();
        before_ = {};
    }

private:
    southbound::Tables before_;                              // of rows that there were
    std::map<std::string_view, std::set<ovsdb::Uuid>> rows_; // by table
};

} // namespace ringfence::agent
