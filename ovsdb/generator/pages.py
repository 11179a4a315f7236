#!/usr/bin/python3
"""Makes the page of a schema, NAME.md, from NAME.ovsschema and NAME.doc beside it.

    pages.py [--check] FOLDER...

Every table and column must have its sentence in NAME.doc, and nothing else may stand there. --check writes nothing and says
whether the pages are what it would write. The form of NAME.doc: comments (#), paragraphs of introduction, then for each
table a line "Table: text" and for each of its columns an indented line "column: text".
"""
import argparse
import json
import pathlib
import re
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()

    complaints = []
    for folder in arguments.folders:
        for schema in sorted(pathlib.Path(folder).glob("*.ovsschema")):
            text = page(json.loads(schema.read_text(encoding="utf-8")), schema.with_suffix(".doc"), complaints)
            target = schema.with_suffix(".md")
            if not arguments.check:
                target.write_text(text, encoding="utf-8")
            elif not target.exists() or target.read_text(encoding="utf-8") != text:
                complaints.append(f"{target.name}: not what its schema and its .doc give: run ovsdb/generator/pages.py ovsdb/schemas")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


def page(schema, doc_file, complaints):
    introduction, texts = read_doc(doc_file)
    lines = [f"<!-- Made by ovsdb/generator/pages.py from {doc_file.with_suffix('.ovsschema').name} and {doc_file.name}. -->",
             f"# {schema['name']} {schema['version']}", "", introduction, "", "| table | |", "|---|---|"]

    def text_of(*name):
        text = texts.pop(name, "")
        if not text.endswith("."):
            complaints.append(f"{doc_file.name}: {'.'.join(name)} has no sentence")
        return text

    body = []
    for name, table in schema["tables"].items():
        text = text_of(name)
        lines.append(f"| [{name}](#{name.lower()}) | {text.split('. ')[0].rstrip('.')} |")
        body += ["", f"## {name}", "", text]
        if "indexes" in table:
            body += ["", "Unique: " + "; ".join(", ".join(f"`{column}`" for column in index) for index in table["indexes"]) + "."]
        body += ["", "| column | type | meaning |", "|---|---|---|"]
        body += [f"| `{column}` | {type_text(description['type'])} | {text_of(name, column)} |"
                 for column, description in table["columns"].items()]
    complaints += [f"{doc_file.name}: {'.'.join(name)} is not in the schema" for name in texts]
    return "\n".join(lines + body) + "\n"


def read_doc(path):
    """The introduction, and the text of each (table,) and (table, column)."""
    introduction, texts, table = [], {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = re.fullmatch(r"(  )?([A-Za-z_]+): (.+)", line)
        if line.startswith("#"):
            continue
        if entry and entry[1] and table:
            texts[table, entry[2]] = entry[3]
        elif entry and not entry[1]:
            table = entry[2]
            texts[table,] = entry[3]
        elif table is None:
            introduction.append(line)
        elif line:
            raise SystemExit(f"{path.name}: not understood: {line}")
    return "\n".join(introduction).strip(), texts


def type_text(description):
    if isinstance(description, str):
        return description
    key, least, most = base_text(description["key"]), description.get("min", 1), description.get("max", 1)
    if "value" in description:
        return f"map of {key} to {base_text(description['value'])}"
    if most == 1:
        return key if least == 1 else f"optional {key}"
    return f"set of {key}"


def base_text(description):
    if isinstance(description, str):
        return description
    if "refTable" in description:
        weak = "weak " if description.get("refType") == "weak" else ""
        return f"{weak}reference to [{description['refTable']}](#{description['refTable'].lower()})"
    if "enum" in description:
        return "one of " + ", ".join(f"`{value}`" for value in description["enum"][1])
    if "minInteger" in description:
        return f"{description['type']} {description['minInteger']} to {description['maxInteger']}"
    return description["type"]


sys.exit(main())
