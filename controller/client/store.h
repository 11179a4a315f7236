// What is behind a Cloud: the connection, and how a draft becomes a fact. Private to the client.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "controller/client/cloud.h"
#include "controller/client/draft.h"
#include "controller/client/rows.h"
#include "ovsdb/database.h"

namespace ringfence::client {

// Which row a draft is about.
struct Target {
    Uuid uuid;
    bool existed = false; // and nothing is to be done
};

// What callers see of a row; and which row a search finds.
template <class Row>
using ObjectOf = decltype(describe(std::declval<const nb::Tables&>(), std::declval<const Row&>()));
template <class Find>
using FoundBy =
    std::remove_cvref_t<decltype(**std::declval<Find>()(std::declval<const nb::Tables&>()))>;

struct Cloud::Impl {
    using Clock = std::chrono::steady_clock;

    explicit Impl(Options with);

    // Waits until the replica is there; the error says why it isn't.
    [[nodiscard]] Result<> connect(Clock::time_point deadline);
    // The last attempt failed, and no other one has got as far as an answer.
    bool was_refused() const {
        return !why_not.empty() && database.state() != ovsdb::ConnectionState::loading;
    }
    // The database as it is now, everything in it that was answered before this call included.
    [[nodiscard]] Result<const nb::Tables*> read();

    // Makes a draft and does it; again and again while other clients are faster.
    [[nodiscard]] Result<Receipt> commit(const std::function<Result<>(Draft&)>& make,
                                         nb::Tables* afterwards = nullptr);

    // The same for one row: what it has become is the answer.
    template <class Row>
    [[nodiscard]] Result<Made<ObjectOf<Row>>>
    change(const ovsdb::Table<Row> nb::Tables::*table,
           const std::function<Result<Target>(Draft&)>& make);

    // A list of what lies in scope, sorted by name.
    template <class Row>
    [[nodiscard]] Result<std::vector<ObjectOf<Row>>>
    list(const ovsdb::Table<Row> nb::Tables::*table, const Path& scope = {});
    // One row, as find(tables) has it.
    template <class Find>
    [[nodiscard]] auto show(const Find& find) -> Result<ObjectOf<FoundBy<Find>>>;

    const nb::Global* global() const;

    Options options;
    ovsdb::Reactor reactor;
    std::string why_not; // the last word on a connection that isn't there
    ovsdb::Database<nb::Schema> database;

private:
    using Make = std::function<Result<>(Draft&)>;
    // A draft that is sent; `receipt` and `afterwards` are set when it is done.
    struct Attempt {
        Clock::time_point deadline;
        Receipt receipt;
        nb::Tables* afterwards = nullptr;
        uint64_t news_before = 0;
        unsigned lost = 0;     // races
        bool in_doubt = false; // whether an earlier one was done: its answer never came
    };
    // False: another client was faster, try again.
    [[nodiscard]] Result<bool> try_once(const Make& make, Attempt& attempt);
    [[nodiscard]] Result<bool> judge(const Error& error, const Draft& draft, Attempt& attempt);

    uint64_t news_ = 0;   // updates of the replica so far
    std::string lost_to_; // the last conflict, in the database's words
};

template <class Row>
Result<Made<ObjectOf<Row>>> Cloud::Impl::change(const ovsdb::Table<Row> nb::Tables::*table,
                                                const std::function<Result<Target>(Draft&)>& make) {
    Target target;
    nb::Tables afterwards;
    const auto receipt = commit(
        [&](Draft& draft) { return make(draft).map([&](const Target& made) { target = made; }); },
        &afterwards);
    if (!receipt)
        return tl::unexpected(receipt.error());
    const Row& row = *(afterwards.*table).find(target.uuid);
    return Made<ObjectOf<Row>>{describe(afterwards, row), *receipt, target.existed};
}

inline std::string sort_key(const auto& object) {
    if constexpr (requires { object.path; })
        return object.path.text();
    else
        return object.name;
}

inline bool lies_in(const Path& scope, const auto& object) {
    if constexpr (requires { object.path; }) {
        const auto& names = object.path.names();
        return names.size() > scope.depth() &&
               std::equal(scope.names().begin(), scope.names().end(), names.begin());
    }
    return true;
}

// A scope that does not exist is an error, not an empty list.
[[nodiscard]] Result<> check_scope(const nb::Tables& rows, const Path& scope);

template <class Row>
Result<std::vector<ObjectOf<Row>>> Cloud::Impl::list(const ovsdb::Table<Row> nb::Tables::*table,
                                                     const Path& scope) {
    const auto rows = read();
    if (!rows)
        return tl::unexpected(rows.error());
    if (const auto there = check_scope(**rows, scope); !there)
        return tl::unexpected(there.error());
    std::vector<ObjectOf<Row>> objects;
    for (const Row& row : (*rows)->*table)
        if (auto object = describe(**rows, row); lies_in(scope, object))
            objects.push_back(std::move(object));
    std::ranges::sort(objects, {}, [](const auto& object) { return sort_key(object); });
    return objects;
}

template <class Find> auto Cloud::Impl::show(const Find& find) -> Result<ObjectOf<FoundBy<Find>>> {
    const auto rows = read();
    if (!rows)
        return tl::unexpected(rows.error());
    const auto row = find(**rows);
    if (!row)
        return tl::unexpected(row.error());
    return describe(**rows, **row);
}

} // namespace ringfence::client
