#include "ovsdb/transaction.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "ovsdb/codec.h"
#include "ovsdb/errors.h"
#include "ovsdb/json.h"

namespace ringfence::ovsdb {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string quote(std::string_view text) { return dump(Json(text)); }

// "op": "update", "table": "Nic", and whatever else the operation has, already JSON.
std::string operation(std::string_view op, std::string_view table, std::string_view rest) {
    return fmt::format(R"({{"op":"{}","table":"{}"{}}})", op, table, rest);
}

std::string what(std::string_view op, const TableInfo& table, const Uuid& uuid) {
    return fmt::format("{} {} {}", op, table.name, to_string(uuid));
}

const char* symbol(Mutator mutator) {
    switch (mutator) {
    case Mutator::add:
        return "+=";
    case Mutator::subtract:
        return "-=";
    case Mutator::multiply:
        return "*=";
    case Mutator::divide:
        return "/=";
    case Mutator::modulo:
        return "%=";
    case Mutator::insert:
        return "insert";
    case Mutator::remove:
        return "delete";
    }
    return "";
}

// All the columns asked for, the default-valued too: an update to the default must say so.
Json encode_columns(const TableInfo& table, const void* row, uint64_t columns) {
    Json json = Json::object();
    for (size_t i = 0; i < table.columns.size(); ++i)
        if (columns >> i & 1)
            table.columns[i].ops->encode(table.columns[i].in(row),
                                         json[std::string(table.columns[i].name)]);
    return json;
}

Json column_names(const TableInfo& table, uint64_t columns) {
    Json names = Json::array();
    for (size_t i = 0; i < table.columns.size(); ++i)
        if (columns >> i & 1)
            names.push_back(table.columns[i].name);
    return names;
}

// RFC 7047, clause 3.1: <id>.
std::string row_name(const Uuid& uuid) {
    std::string name = "row" + to_string(uuid);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

} // namespace

std::string Transaction::uuid_clause(const Uuid& uuid) {
    return fmt::format(R"([["_uuid","==",["uuid","{}"]]])", ovsdb::to_string(uuid));
}

std::string Transaction::where(const TableInfo& table, const std::vector<Clause>& clauses) {
    std::string text = "[";
    for (const Clause& clause : clauses)
        text += fmt::format(R"({}["{}","==",{}])", text.size() > 1 ? "," : "",
                            table.columns[clause.column].name, clause.value->json());
    return text + "]";
}

Uuid Transaction::insert(const TableInfo& table, const void* row, Uuid uuid) {
    if (uuid.is_nil())
        uuid = Uuid::random();
    const Json json = row_to_json(table, row, table.all_columns());
    operations_.push_back(
        {operation("insert", table.name,
                   fmt::format(R"(,"uuid":"{}","row":{})", ovsdb::to_string(uuid), dump(json))),
         what("insert of", table, uuid)});
    return uuid;
}

Uuid Transaction::insert_named(const TableInfo& table, const void* row) {
    const Uuid uuid = Uuid::random();
    const Json json = row_to_json(table, row, table.all_columns());
    operations_.push_back(
        {operation("insert", table.name,
                   fmt::format(R"(,"uuid-name":"{}","row":{})", row_name(uuid), dump(json))),
         fmt::format("insert of {}", table.name)});
    named_.push_back(uuid);
    return uuid;
}

void Transaction::update(const TableInfo& table, const void* row, const Uuid& uuid,
                         uint64_t columns) {
    const Json json = encode_columns(table, row, columns);
    operations_.push_back(
        {operation("update", table.name,
                   fmt::format(R"(,"where":{},"row":{})", uuid_clause(uuid), dump(json))),
         what("update of", table, uuid)});
}

void Transaction::erase(const TableInfo& table, const Uuid& uuid) {
    operations_.push_back(
        {operation("delete", table.name, fmt::format(R"(,"where":{})", uuid_clause(uuid))),
         what("deletion of", table, uuid)});
}

void Transaction::mutate(const TableInfo& table, const Uuid& uuid, size_t column, Mutator mutator,
                         const Value& value) {
    operations_.push_back(
        {operation("mutate", table.name,
                   fmt::format(R"(,"where":{},"mutations":[["{}","{}",{}]])", uuid_clause(uuid),
                               table.columns[column].name, symbol(mutator), value.json())),
         what("mutation of", table, uuid)});
}

void Transaction::wait(const TableInfo& table, const void* row, const Uuid& uuid,
                       uint64_t columns) {
    const Json rows = Json::array({encode_columns(table, row, columns)});
    operations_.push_back(
        {operation("wait", table.name,
                   fmt::format(R"(,"timeout":0,"where":{},"columns":{},"until":"==","rows":{})",
                               uuid_clause(uuid), dump(column_names(table, columns)), dump(rows))),
         what("wait for", table, uuid)});
}

void Transaction::wait_absent(const TableInfo& table, const Uuid& uuid) {
    operations_.push_back(
        {operation(
             "wait", table.name,
             fmt::format(R"(,"timeout":0,"where":{},"columns":["_uuid"],"until":"==","rows":[])",
                         uuid_clause(uuid))),
         what("wait for the absence of", table, uuid)});
}

void Transaction::wait_absent(const TableInfo& table, const std::vector<Clause>& clauses) {
    operations_.push_back(
        {operation(
             "wait", table.name,
             fmt::format(R"(,"timeout":0,"where":{},"columns":["_uuid"],"until":"==","rows":[])",
                         where(table, clauses))),
         fmt::format("wait for the absence of a {}", table.name)});
}

size_t Transaction::select(const TableInfo& table, const std::string& where, uint64_t columns) {
    Json names = column_names(table, columns);
    names.push_back("_uuid");
    operations_.push_back(
        {operation("select", table.name,
                   fmt::format(R"(,"where":{},"columns":{})", where, dump(names))),
         fmt::format("select of {}", table.name)});
    return operations_.size() - 1;
}

void Transaction::assert_lock(std::string_view name) {
    operations_.push_back({fmt::format(R"({{"op":"assert","lock":{}}})", quote(name)),
                           fmt::format("assertion of lock \"{}\"", name)});
}

void Transaction::comment(std::string_view text) {
    operations_.push_back(
        {fmt::format(R"({{"op":"comment","comment":{}}})", quote(text)), "comment"});
}

std::string Transaction::to_json(std::string_view database) const {
    std::string text = "[" + quote(database);
    for (const Operation& each : operations_)
        text += "," + each.json;
    text += "]";
    // In a string of the text the quotes would be escaped, so this finds references only.
    for (const Uuid& uuid : named_)
        replace_all(text, fmt::format(R"(["uuid","{}"])", ovsdb::to_string(uuid)),
                    fmt::format(R"(["named-uuid","{}"])", row_name(uuid)));
    return text;
}

// Committed

Result<Committed::Rows> Committed::rows(const TableInfo& table, size_t operation) const {
    if (!results_ || operation >= results_->size() || !(*results_)[operation].is_object() ||
        !(*results_)[operation].contains("rows"))
        return fail(ErrorKind::unavailable, "select of {}: the server's reply holds no rows",
                    table.name);
    Rows rows;
    for (Json json : (*results_)[operation]["rows"]) {
        Uuid uuid;
        const auto* ops = value_ops<Uuid>();
        if (!json.is_object() || !json.contains("_uuid") || !ops->decode(json["_uuid"], &uuid))
            return fail(ErrorKind::unavailable, "select of {}: a row without UUID", table.name);
        json.erase("_uuid");
        auto row = row_from_json(table, uuid, json);
        if (!row)
            return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
    }
    return rows;
}

size_t Committed::count(size_t operation) const {
    if (!results_ || operation >= results_->size() || !(*results_)[operation].is_object())
        return 0;
    const auto& result = (*results_)[operation];
    const auto found = result.find("count");
    return found != result.end() && found->is_number_unsigned() ? found->get<size_t>() : 0;
}

std::optional<Uuid> Committed::inserted(size_t operation) const {
    if (!results_ || operation >= results_->size() || !(*results_)[operation].is_object())
        return std::nullopt;
    const auto& result = (*results_)[operation];
    Uuid uuid;
    if (const auto found = result.find("uuid");
        found != result.end() && value_ops<Uuid>()->decode(*found, &uuid))
        return uuid;
    return std::nullopt;
}

// Errors. The mark stands at the end, where Error::in() leaves it.

bool is_try_again(const Error& error) {
    return error.kind == ErrorKind::conflict && error.text.ends_with(errors::try_again);
}

bool is_constraint_violation(const Error& error) {
    return error.kind == ErrorKind::conflict && error.text.ends_with(errors::constraint);
}

bool is_not_written(const Error& error) {
    return error.kind == ErrorKind::unavailable && error.text.ends_with(errors::not_written);
}

} // namespace ringfence::ovsdb
