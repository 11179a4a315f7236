// One round's southbound transaction: what changes, whom it touches, and the number by which
// everybody knows when it has arrived (DESIGN.md, §2: --wait=hosts).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/compiler/products.h"
#include "controller/compiler/unit.h"

namespace ringfence::compiler {

struct Plan {
    std::vector<ovsdb::RowChange> rows;
    // The Ringfence hosts in service to whom a change matters: those with a claim or a binding of a
    // port that needs a changed row's domain; all of them where a Host row changes. Nobody waits
    // for a host that isn't admitted.
    std::set<std::string> touched;

    bool empty() const { return rows.empty(); }
    southbound::Changes changes() const { return southbound::Schema::changes(rows); }
};

// Knows where the southbound database may differ from what is wanted, and looks nowhere else.
class Planner {
public:
    // All of them outlive it. At first it looks everywhere.
    Planner(const Findings& found, const Products& products, const southbound::Tables& current);

    // This row has changed, here or there.
    void look_at(const RowKey& key);
    void look_at(const RowKeys& keys);
    // Nothing differs, as far as it has been told.
    bool settled() const { return unsettled_.empty(); }

    // Where anything differs, raises Lease.sequence by one and writes it as Host_Config.number of
    // the hosts that the difference touches (if there is a Lease row).
    Plan plan() const;

private:
    std::optional<ovsdb::RowChange> difference(const RowKey& key) const;
    void clear_after_deleted(std::vector<ovsdb::RowChange>& rows) const;
    void number(Plan& plan) const;

    const Findings& found_;
    const Products& products_;
    const southbound::Tables& current_;
    RowKeys unsettled_;
};

} // namespace ringfence::compiler
