// What creations and changes of all kinds of objects share. Private to the client.
#pragma once

#include <optional>

#include "controller/client/store.h"

namespace ringfence::client {

void assign(auto& to, const auto& change) {
    if (change)
        to = *change;
}

// A setting that is `yes` or not there.
inline void set_yes(TextMap& options, const char* name, bool wanted) {
    if (wanted)
        options[name] = "yes";
    else
        options.erase(name);
}

void change_group(nb::SecurityGroup& group, const SecurityGroupChange& change);

// A limit without a value is as if it had never been set.
inline void change_limits(LimitMap& limits, const LimitChange& change) {
    for (const auto& [name, value] : change)
        if (value)
            limits[name] = *value;
        else
            limits.erase(name);
}

// It is there already: which will do, or not.
template <class Row>
[[nodiscard]] Result<Target> existing(const char* kind, std::string_view name, const Row& row,
                                      bool may_exist) {
    if (may_exist)
        return Target{row.uuid, true};
    return fail(ErrorKind::conflict, "{} {} exists already; choose another name", kind, name);
}

// `missing` is what the search for the object itself answered: that it isn't there is what its
// creation wants, that its name is no name is not.
[[nodiscard]] inline Found<nb::Organization>
parent_organization(const nb::Tables& rows, const Path& path, const Error& missing) {
    if (missing.kind != ErrorKind::not_found)
        return tl::unexpected(missing);
    return find_organization(rows, path[0]);
}

// Before a change that others rest on: those of them that are sound must be so afterwards, and no
// other one may come meanwhile.
template <class Row> void keep_sound(Draft& draft, const ovsdb::Table<Row>& table) {
    draft.rely_on_all();
    const model::Model before(draft.rows());
    const auto rule = [](const model::Model& model, const Row& row) {
        if constexpr (requires { model::check_shape(model, row); })
            return model::check_shape(model, row);
        else
            return model::check(model, row);
    };
    for (const Row& row : table)
        if (rule(before, row))
            draft.require([rule, uuid = row.uuid](const model::Model& after) -> Result<> {
                const Row* now = table_of<Row>(after.rows()).find(uuid);
                return now ? rule(after, *now) : Result<>();
            });
}

// Addresses on this network are drawn from its addressing, or checked against it.
inline void rely_on_addressing(Draft& draft, const Uuid& network) {
    const auto rely = [&]<class Row>(const ovsdb::Table<Row>& table) {
        using Column = typename Row::Column;
        if (const Row* row = table.find(network))
            draft.rely_on(*row, Column::subnets | Column::gateways | Column::ranges);
    };
    rely(draft.rows().organization_network);
    rely(draft.rows().vapp_network);
}

} // namespace ringfence::client
