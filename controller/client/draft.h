// A change in the making: what was read, what shall become of it, and the transaction that does
// it if nobody was faster. Private to the client.
//
// Rows that may have to give way to others (they claim a name on the wire: a MAC, an address, a
// VNI, a VTEP) are checked while they are not in the tables yet: the rules take them for newcomers.
#pragma once

#include <functional>
#include <type_traits>
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
    else if constexpr (std::is_same_v<Row, nb::VniAllocation>)
        return rows.vni_allocation;
    else
        return rows.address_allocation;
}

class Draft {
public:
    explicit Draft(const nb::Tables& as_read) : rows_(as_read) {}

    // As they will be; newcomers that claim something are in only after finish().
    const nb::Tables& rows() const { return rows_; }

    template <class Row> Uuid insert(Row row) {
        row.uuid = Uuid::random();
        transaction_.insert(row);
        check(row);
        traces_.push_back([row](const nb::Tables& now) { return find(now, row) != nullptr; });
        newcomers_.push_back([row](nb::Tables& rows) { table_of<Row>(rows).insert(row); });
        if constexpr (!claims<Row>)
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
        check(row);
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
        for (const nb::Global& global : rows_.global)
            transaction_.wait(global, nb::Global::Column::change);
    }

    // Something else that must hold once all is done.
    void require(std::function<Result<>(const model::Model&)> rule) {
        rules_.push_back(std::move(rule));
    }

    // The transaction, if the rules allow it.
    [[nodiscard]] Result<ovsdb::Transaction> finish() {
        const model::Model model(rows_);
        for (const auto& rule : rules_)
            if (auto sound = rule(model); !sound)
                return tl::unexpected(sound.error());
        for (const auto& enter : newcomers_)
            enter(rows_);
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
    template <class Row>
    static constexpr bool claims =
        std::is_same_v<Row, nb::Nic> || std::is_same_v<Row, nb::OrganizationNetwork> ||
        std::is_same_v<Row, nb::VappNetwork> || std::is_same_v<Row, nb::Host> ||
        std::is_same_v<Row, nb::AddressAllocation> || std::is_same_v<Row, nb::VniAllocation>;

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
    template <class Row> void check(const Row& row) {
        rules_.push_back([row](const model::Model& model) { return model::check(model, row); });
    }

    nb::Tables rows_;
    ovsdb::Transaction transaction_;
    std::vector<std::function<Result<>(const model::Model&)>> rules_;
    std::vector<std::function<void(nb::Tables&)>> newcomers_;
    std::vector<std::function<bool(const nb::Tables&)>> traces_;
};

} // namespace ringfence::client
