#!/usr/bin/python3
"""Makes the typed rows of a database: NAME.h and NAME.cpp from NAME.ovsschema.

    rows.py --schema FILE --namespace southbound --output DIRECTORY [--columns FILE] [--lenient]

--columns names the tables and columns to take, a table a line: "Port: name, interfaces"; the default is all of them.
--lenient: a server that lacks one of the columns is served, the column then holds its default.
Standard library only: this runs at build time.
"""
import argparse
import json
import pathlib
import textwrap

ATOMS = {"string": "std::string", "integer": "int64_t", "real": "double", "boolean": "bool", "uuid": "ovsdb::Uuid"}
KEYWORDS = set("""alignas alignof and asm auto bool break case catch char class concept const constexpr continue default
    delete do double else enum explicit export extern false float for friend goto if inline int long mutable namespace new
    noexcept not operator or private protected public register requires return short signed sizeof static struct switch
    template this throw true try typedef typename union unsigned using virtual void volatile while xor""".split())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--schema", required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--columns")
    parser.add_argument("--lenient", action="store_true")
    arguments = parser.parse_args()

    with open(arguments.schema, encoding="utf-8") as file:
        schema = json.load(file)
    tables = read_tables(schema, arguments.columns)
    output = pathlib.Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{arguments.namespace}.h").write_text(header(arguments.namespace, schema, tables), encoding="utf-8")
    (output / f"{arguments.namespace}.cpp").write_text(source(arguments, schema, tables), encoding="utf-8")


class Column:
    def __init__(self, name, description):
        self.name = name
        self.field = name + "_" if name in KEYWORDS else name
        self.type = cpp_type(description["type"])


class Table:
    def __init__(self, name, columns):
        self.name = name
        self.type = name.replace("_", "")
        self.member = name.lower() + ("_" if name.lower() in KEYWORDS else "")
        self.columns = columns


def read_tables(schema, columns_file):
    wanted = read_wanted(columns_file) if columns_file else None
    tables = []
    for name, description in schema["tables"].items():
        if wanted is not None and name not in wanted:
            continue
        names = description["columns"] if wanted is None else wanted.pop(name)
        for column in names:
            if column not in description["columns"]:
                raise SystemExit(f"{columns_file}: {name} has no column {column}")
        tables.append(Table(name, [Column(column, description["columns"][column])
                                   for column in description["columns"] if column in names]))
    if wanted:
        raise SystemExit(f"{columns_file}: no such table: {', '.join(wanted)}")
    return tables


def read_wanted(path):
    wanted = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                table, columns = line.split(":")
                wanted.setdefault(table.strip(), []).extend(column.strip() for column in columns.split(","))
    return wanted


def cpp_type(description):
    """RFC 7047, clause 3.2 <type>."""
    if isinstance(description, str):
        return ATOMS[description]
    key, value = base(description["key"]), description.get("value")
    least, most = description.get("min", 1), description.get("max", 1)
    if value is not None:
        return f"std::map<{key}, {base(value)}>"
    if most == 1:
        return key if least == 1 else f"std::optional<{key}>"
    return f"std::set<{key}>"


def base(description):
    return ATOMS[description if isinstance(description, str) else description["type"]]


def header(namespace, schema, tables):
    rows = "\n".join(row(table) for table in tables)
    members = "\n".join(f"    ovsdb::Table<{table.type}> {table.member};" for table in tables)
    changes = "\n".join(f"    std::vector<ovsdb::Change<{table.type}>> {table.member};" for table in tables)
    empty = " && ".join(f"{table.member}.empty()" for table in tables)
    each = "\n".join(f"        fn({table.member});" for table in tables)
    kept = "\n".join(f"extern template class ringfence::ovsdb::Table<ringfence::{namespace}::{table.type}>;" for table in tables)
    return f"""\
// Rows of {schema["name"]} {schema["version"]}, made by ovsdb/generator/rows.py: do not edit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ovsdb/column_set.h"
#include "ovsdb/schema.h"
#include "ovsdb/table.h"
#include "ovsdb/uuid.h"

namespace ringfence::{namespace} {{

struct Schema;

{rows}
// The whole database, a plain value.
struct Tables {{
    using Schema = {namespace}::Schema;

{members}

    Tables();
    Tables(const Tables&);
    Tables(Tables&&) noexcept;
    Tables& operator=(const Tables&);
    Tables& operator=(Tables&&) noexcept;
    ~Tables();
    bool operator==(const Tables&) const;
}};

// One update: what happened to the rows of each table, each row at most once.
struct Changes {{
{changes}

    bool empty() const {{
        return {empty};
    }}
    // fn(const std::vector<ovsdb::Change<Row>>&) for each table, in schema order.
    template <class Fn> void each(Fn&& fn) const {{
{each}
    }}
}};

struct Schema {{
    using Tables = {namespace}::Tables;
    using Changes = {namespace}::Changes;

    static constexpr std::string_view name = "{schema["name"]}";
    static const ovsdb::SchemaInfo& info();
    static Changes changes(const std::vector<ovsdb::RowChange>& changes);
}};

}} // namespace ringfence::{namespace}

{kept}
"""


def row(table):
    fields = "\n".join(f"    {column.type} {column.field}{{}};" for column in table.columns)
    enumerators = textwrap.fill(", ".join(column.field for column in table.columns), 96,
                                initial_indent=" " * 8, subsequent_indent=" " * 8)
    return f"""\
struct {table.type} {{
    enum class Column : uint8_t {{
{enumerators}
    }};
    using Columns = ovsdb::ColumnSet<Column, {len(table.columns)}>;
    friend constexpr Columns operator|(Column left, Column right) {{ return Columns(left) | right; }}

    static constexpr std::string_view table_name = "{table.name}";
    static const ovsdb::TableInfo& table_info();

    ovsdb::Uuid uuid{{}};
    // Why columns do not hold what the database has: Database::read_in_part(). Else empty.
    std::string unreadable;
{fields}

    // Made once, in the .cpp file: too many files copy rows.
    {table.type}();
    {table.type}(const {table.type}&);
    {table.type}({table.type}&&) noexcept;
    {table.type}& operator=(const {table.type}&);
    {table.type}& operator=({table.type}&&) noexcept;
    ~{table.type}();
    bool operator==(const {table.type}&) const;
}};
"""


def source(arguments, schema, tables):
    descriptions = "\n".join(describe(index, table) for index, table in enumerate(tables))
    members = "\n".join(special_members(kind) for kind in [table.type for table in tables] + ["Tables"])
    made = "\n".join(f"template class ringfence::ovsdb::Table<ringfence::{arguments.namespace}::{table.type}>;" for table in tables)
    infos = ",\n    ".join(f"&{table.type}::table_info()" for table in tables)
    stores = "\n".join(f"    case {index}:\n        return all.{table.member};" for index, table in enumerate(tables))
    adds = "\n".join(f"        case {index}:\n            ovsdb::add_change(typed.{table.member}, change);\n"
                     f"            break;" for index, table in enumerate(tables))
    missing = "default_value" if arguments.lenient else "error"
    return f"""\
// Descriptions of {schema["name"]} {schema["version"]}, made by ovsdb/generator/rows.py: do not edit.
#include "ovsdb/{arguments.namespace}.h"

#include "ovsdb/codec.h"

namespace ringfence::{arguments.namespace} {{

{descriptions}
{members}
static ovsdb::RowStore& store(void* tables, size_t table) {{
    auto& all = *static_cast<Tables*>(tables);
    switch (table) {{
{stores}
    default:
        __builtin_unreachable();
    }}
}}

const ovsdb::SchemaInfo& Schema::info() {{
    static const ovsdb::TableInfo* const tables[] = {{
    {infos}
    }};
    static const ovsdb::SchemaInfo info{{"{schema["name"]}", "{schema["version"]}", ovsdb::MissingColumns::{missing},
                                        tables, store}};
    return info;
}}

Changes Schema::changes(const std::vector<ovsdb::RowChange>& changes) {{
    Changes typed;
    for (const auto& change : changes)
        switch (change.table) {{
{adds}
        }}
    return typed;
}}

}} // namespace ringfence::{arguments.namespace}

{made}
"""


def special_members(kind):
    return f"""\
{kind}::{kind}() = default;
{kind}::{kind}(const {kind}&) = default;
{kind}::{kind}({kind}&&) noexcept = default;
{kind}& {kind}::operator=(const {kind}&) = default;
{kind}& {kind}::operator=({kind}&&) noexcept = default;
{kind}::~{kind}() = default;
bool {kind}::operator==(const {kind}&) const = default;
"""


def describe(index, table):
    columns = ",\n        ".join(
        f'{{"{column.name}", ovsdb::value_ops<{column.type}>(), ovsdb::member<{table.type}, &{table.type}::{column.field}>}}'
        for column in table.columns)
    return f"""\
const ovsdb::TableInfo& {table.type}::table_info() {{
    static const ovsdb::ColumnInfo columns[] = {{
        {columns}}};
    static const ovsdb::TableInfo info{{"{table.name}", {index}, columns, ovsdb::make_row<{table.type}>,
                                       ovsdb::copy_row<{table.type}>, ovsdb::unreadable<{table.type}>}};
    return info;
}}
"""


main()
