// A change in the making: what was read, what shall become of it, and the transaction that does
// it if nobody was faster. Private to the client.
//
// Its new rows claim names on the wire (a MAC, an address, a VNI, a VTEP): the rules take them for
// newcomers, which give way to what was read.
#pragma once

#include <functional>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "controller/model/check.h"
#include "ovsdb/codec.h"
#include "ovsdb/northbound.h"
#include "ovsdb/transaction.h"

namespace ringfence::client {

namespace nb = northbound;
using ovsdb::Uuid;

// Where the rows of a type stand.
template <class Row> auto& table_of(auto& rows) {
    if constexpr (std::is_same_v<Row, nb::Global>)
        return rows.global;
    else if constexpr (std::is_same_v<Row, nb::Host>)
        return rows.host;
    else if constexpr (std::is_same_v<Row, nb::Organization>)
        return rows.organization;
    else if constexpr (std::is_same_v<Row, nb::NetworkPool>)
        return rows.network_pool;
    else if constexpr (std::is_same_v<Row, nb::VirtualDataCenter>)
        return rows.virtual_data_center;
    else if constexpr (std::is_same_v<Row, nb::OrganizationNetwork>)
        return rows.organization_network;
    else if constexpr (std::is_same_v<Row, nb::Vapp>)
        return rows.vapp;
    else if constexpr (std::is_same_v<Row, nb::VappNetwork>)
        return rows.vapp_network;
    else if constexpr (std::is_same_v<Row, nb::VirtualMachine>)
        return rows.virtual_machine;
    else if constexpr (std::is_same_v<Row, nb::Nic>)
        return rows.nic;
    else if constexpr (std::is_same_v<Row, nb::EdgeRouter>)
        return rows.edge_router;
    else if constexpr (std::is_same_v<Row, nb::StaticRoute>)
        return rows.static_route;
    else if constexpr (std::is_same_v<Row, nb::DhcpOptions>)
        return rows.dhcp_options;
    else if constexpr (std::is_same_v<Row, nb::FirewallRule>)
        return rows.firewall_rule;
    else if constexpr (std::is_same_v<Row, nb::SecurityGroup>)
        return rows.security_group;
    else if constexpr (std::is_same_v<Row, nb::VniAllocation>)
        return rows.vni_allocation;
    else
        return rows.address_allocation;
}

class Draft {
public:
    // `attempt`: how often others were faster before.
    explicit Draft(const nb::Tables& as_read, unsigned attempt = 0)
        : rows_(as_read), attempt_(attempt) {}
    Draft(const Draft&) = delete; // its rules know where it is
    Draft& operator=(const Draft&) = delete;

    // As they will be; hosts that claim VTEP addresses are in only after finish().
    const nb::Tables& rows() const { return rows_; }
    unsigned attempt() const { return attempt_; }

    template <class Row> Uuid insert(Row row) {
        if (row.uuid.is_nil())
            row.uuid = Uuid::random();
        transaction_.insert(row);
        judge_at_the_end(row);
        traces_.push_back([row](const nb::Tables& now) { return find(now, row) != nullptr; });
        newcomers_.insert(row.uuid);
        if constexpr (std::is_same_v<Row, nb::Host>)
            hosts_.push_back(row);
        else
            table_of<Row>(rows_).insert(row);
        return row.uuid;
    }

    // Only if these columns still hold what was read. What already is as wanted is left alone.
    template <class Row> void update(const Row& row, typename Row::Columns columns) {
        const Row* as_read = find(rows_, row);
        if (*as_read == row)
            return;
        transaction_.wait(*as_read, columns);
        transaction_.update(row, columns);
        judge_at_the_end(row);
        traces_.push_back([row, columns](const nb::Tables& now) {
            const Row* there = find(now, row); // its other columns are others' business
            return there && same(Row::table_info(), there, &row, columns.bits());
        });
        table_of<Row>(rows_).replace(row);
    }

    template <class Row> void erase(const Row& row) {
        const Row copy = row;
        transaction_.erase<Row>(copy.uuid);
        traces_.push_back([copy](const nb::Tables& now) { return find(now, copy) == nullptr; });
        table_of<Row>(rows_).erase(copy.uuid);
    }

    // What was decided rests on these columns, too.
    template <class Row> void rely_on(const Row& row, typename Row::Columns columns) {
        transaction_.wait(row, columns);
    }

    // ...and on rows that may not be there yet: nobody else has changed anything meanwhile.
    void rely_on_all() {
        if (std::exchange(relies_on_all_, true))
            return;
        for (const nb::Global& global : rows_.global)
            transaction_.wait(global, nb::Global::Column::change);
    }

    // Something else that must hold once all is done.
    void require(std::function<Result<>(const model::Model&)> rule) {
        rules_.push_back(std::move(rule));
    }

    // The transaction, if the rules allow it.
    [[nodiscard]] Result<ovsdb::Transaction> finish() {
        const model::Model model(rows_, model::reported_facts(rows_), newcomers_);
        for (const auto& rule : rules_)
            if (auto sound = rule(model); !sound)
                return tl::unexpected(sound.error());
        for (const nb::Host& host : hosts_)
            rows_.host.insert(host);
        return transaction_;
    }
    bool empty() const { return traces_.empty(); }
    // Has it been done? Asked when the connection was lost before the answer came.
    bool happened(const nb::Tables& now) const {
        for (const auto& trace : traces_)
            if (!trace(now))
                return false;
        return true;
    }

private:
    template <class Row> static const Row* find(const nb::Tables& rows, const Row& row) {
        return table_of<Row>(rows).find(row.uuid);
    }
    static bool same(const ovsdb::TableInfo& table, const void* left, const void* right,
                     uint64_t columns) {
        for (size_t i = 0; i < table.columns.size(); ++i)
            if (const auto& column = table.columns[i];
                columns >> i & 1 && !column.ops->equal(column.in(left), column.in(right)))
                return false;
        return true;
    }
    // As it is by then, if it is still there.
    template <class Row> void judge_at_the_end(const Row& row) {
        if (!judged_.insert(row.uuid).second)
            return;
        if constexpr (std::is_same_v<Row, nb::Host>)
            rules_.push_back([row](const model::Model& model) { return model::check(model, row); });
        else
            rules_.push_back([this, uuid = row.uuid](const model::Model& model) -> Result<> {
                const Row* now = table_of<Row>(rows_).find(uuid);
                return now ? model::check(model, *now) : Result<>();
            });
    }

    nb::Tables rows_;
    unsigned attempt_;
    bool relies_on_all_ = false;
    ovsdb::Transaction transaction_;
    std::vector<std::function<Result<>(const model::Model&)>> rules_;
    std::unordered_set<Uuid> judged_;
    model::Newcomers newcomers_;
    std::vector<nb::Host> hosts_;
    std::vector<std::function<bool(const nb::Tables&)>> traces_;
};

} // namespace ringfence::client
