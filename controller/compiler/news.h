// What a change means to the controller: which columns its functions read, and how much hurry there
// is.
#pragma once

#include <type_traits>

#include "ovsdb/northbound.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

enum class News {
    none,      // the controller's own doing, or nobody's business
    heartbeat, // a host is alive: for people to see, no hurry
    progress,  // a host has applied a change, or is in trouble: somebody may wait to see it
    placement, // compile
};

// The northbound columns that the controller writes itself.
template <class Row> constexpr typename Row::Columns own_columns() {
    using Column = typename Row::Column;
    if constexpr (std::is_same_v<Row, northbound::Global>)
        return Column::compiled | Column::sequence;
    else if constexpr (std::is_same_v<Row, northbound::Host>)
        return Column::required | Column::applied | Column::alive | Column::reported |
               Column::trouble | Column::status;
    else if constexpr (std::is_same_v<Row, northbound::Nic>)
        return Column::bound_host | Column::held_addresses | Column::status;
    else if constexpr (std::is_same_v<Row, northbound::Lease> ||
                       std::is_same_v<Row, northbound::Event>)
        return Row::Columns::all();
    else if constexpr (requires(Row row) { row.status; })
        return Column::status;
    else
        return {};
}

// The northbound columns that somebody wants something by.
template <class Row> constexpr typename Row::Columns intent_columns() {
    return Row::Columns::all().without(own_columns<Row>());
}

// The southbound columns that units read (units.h): what hosts report, and who has what already.
template <class Row> constexpr typename Row::Columns reported_columns() {
    using Column = typename Row::Column;
    if constexpr (std::is_same_v<Row, southbound::HostStatus>)
        return Column::host | Column::vtep_addresses | Column::underlay_mtu;
    else if constexpr (std::is_same_v<Row, southbound::PortClaim>)
        return Column::host | Column::port | Column::ready | Column::active | Column::contends |
               Column::claimed;
    else if constexpr (std::is_same_v<Row, southbound::AddressClaim>)
        return Row::Columns::all();
    else if constexpr (std::is_same_v<Row, southbound::LearnedMac>)
        return Column::host | Column::segment;
    else if constexpr (std::is_same_v<Row, southbound::Host>)
        return Column::name | Column::vtep_addresses;
    else if constexpr (std::is_same_v<Row, southbound::LogicalPort>)
        return Column::host | Column::candidate;
    else
        return {};
}

// What the change of a Host_Status means to people.
inline News news_of(const ovsdb::Change<southbound::HostStatus>& change) {
    return change.modified.without(southbound::HostStatus::Column::alive).empty() ? News::heartbeat
                                                                                  : News::progress;
}

} // namespace ringfence::compiler
