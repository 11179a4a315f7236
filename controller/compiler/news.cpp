#include "controller/compiler/news.h"

#include <algorithm>
#include <type_traits>

namespace ringfence::compiler {
namespace {

template <class Row> constexpr typename Row::Columns own_columns() {
    using Column = typename Row::Column;
    if constexpr (std::is_same_v<Row, northbound::Global>)
        return Column::compiled | Column::sequence;
    else if constexpr (std::is_same_v<Row, northbound::Host>)
        return Column::required | Column::applied | Column::alive | Column::reported |
               Column::trouble | Column::status;
    else if constexpr (std::is_same_v<Row, northbound::Nic>)
        return Column::bound_host | Column::status;
    else if constexpr (std::is_same_v<Row, northbound::Lease> ||
                       std::is_same_v<Row, northbound::Event>)
        return Row::Columns::all();
    else if constexpr (requires(Row row) { row.status; })
        return Column::status;
    else
        return {};
}

News news_of(const ovsdb::Change<southbound::HostStatus>& change) {
    using Column = southbound::HostStatus::Column;
    if (change.inserted() || change.deleted() ||
        change.modified.intersects(Column::host | Column::vtep_addresses | Column::underlay_mtu))
        return News::placement;
    return change.modified.without(Column::alive).empty() ? News::heartbeat : News::progress;
}

News news_of(const ovsdb::Change<southbound::PortClaim>& change) {
    using Column = southbound::PortClaim::Column;
    bool moves =
        change.inserted() || change.deleted() ||
        change.modified.intersects(Column::host | Column::port | Column::ready | Column::claimed);
    return moves ? News::placement : News::none;
}

// A row of the controller's own tables: news where it isn't as the controller wants it.
template <class Row>
News news_of(const ovsdb::Change<Row>& change, const ovsdb::Table<Row>& wanted) {
    const Row* row = wanted.find(change.row().uuid);
    bool as_wanted = change.deleted() ? !row : row && *row == *change.after;
    return as_wanted ? News::none : News::placement;
}

} // namespace

bool concerns_intent(const northbound::Changes& changes) {
    bool concerns = false;
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table) {
            using Row = std::remove_cvref_t<decltype(change.row())>;
            concerns = concerns || !change.modified.without(own_columns<Row>()).empty();
        }
    });
    return concerns;
}

News news_of(const southbound::Changes& changes, const southbound::Tables& wanted) {
    News news = News::none;
    auto note = [&](News other) { news = std::max(news, other); };
    for (const auto& change : changes.host_status)
        note(news_of(change));
    for (const auto& change : changes.port_claim)
        note(news_of(change));
    auto compare = [&](const auto& of_table, const auto& table) {
        for (const auto& change : of_table)
            note(news_of(change, table));
    };
    compare(changes.host, wanted.host);
    compare(changes.segment, wanted.segment);
    compare(changes.logical_port, wanted.logical_port);
    compare(changes.host_config, wanted.host_config);
    compare(changes.router, wanted.router);
    compare(changes.router_interface, wanted.router_interface);
    compare(changes.route, wanted.route);
    compare(changes.nat, wanted.nat);
    compare(changes.nat_block, wanted.nat_block);
    compare(changes.firewall, wanted.firewall);
    compare(changes.address_group, wanted.address_group);
    compare(changes.dhcp, wanted.dhcp);
    compare(changes.gateway, wanted.gateway);
    compare(changes.rbac_role, wanted.rbac_role);
    compare(changes.rbac_permission, wanted.rbac_permission);
    return news;
}

} // namespace ringfence::compiler
