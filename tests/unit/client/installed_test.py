#!/usr/bin/python3
"""The examples of controller/client, built and run against the installed library alone."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SCHEMA = "ovsdb/schemas/ringfence-northbound.ovsschema"


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory(prefix="ringfence-installed-") as name:
        folder = Path(name)
        run(options.cmake, "--install", options.build, "--prefix", folder / "prefix", "--component", "client")
        check_headers(folder / "prefix/include")
        examples = build(options, folder)
        with Database(folder, options.source / SCHEMA) as remote:
            check_first_tenant(examples / "first-tenant", remote)
            check_copies(examples / "copies", remote)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--generator", required=True)
    return parser.parse_args()


def check_headers(include: Path) -> None:
    """What programs see names neither the event loop nor the JSON library, and nothing that isn't installed."""
    headers = sorted(include.rglob("*.h"))
    assert headers, "no header is installed"
    for header in headers:
        text = header.read_text()
        for foreign in ("boost/", "nlohmann", "ovsdb/", "model/"):
            assert foreign not in text, f"{header}: names {foreign}"


def build(options: argparse.Namespace, folder: Path) -> Path:
    # A copy, so that nothing is found by a path into the source tree.
    run("cp", "-r", options.source / "controller/client/example", folder / "example")
    run(options.cmake, "-S", folder / "example", "-B", folder / "build", "-G", options.generator,
        f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}")
    run(options.cmake, "--build", folder / "build")
    return folder / "build"


class Database:
    """An ovsdb-server with an empty northbound database."""

    def __init__(self, folder: Path, schema: Path) -> None:
        self.socket = folder / "nb.sock"
        run("ovsdb-tool", "create", folder / "nb.db", schema)
        self.process = subprocess.Popen(
            ["ovsdb-server", "--no-chdir", f"--remote=punix:{self.socket}", f"--unixctl={folder / 'ctl'}",
             folder / "nb.db"], stderr=subprocess.DEVNULL)

    def __enter__(self) -> str:
        run("ovsdb-client", "--timeout=10", "wait", f"unix:{self.socket}", "Ringfence_Northbound", "connected")
        return f"unix:{self.socket}"

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()


def check_first_tenant(example: Path, remote: str) -> None:
    first = run(example, remote, "acme").splitlines()
    assert first[0] == "acme/front is VNI 5000", first
    assert first[1].startswith("web-0: iface-id acme/shop/web-0/0, MAC 02:"), first
    assert len(first) == 3, first
    assert run(example, remote, "acme").splitlines() == first, "the second run made something new"
    nics = json.loads(run("ovsdb-client", "transact", remote, json.dumps(
        ["Ringfence_Northbound", {"op": "select", "table": "Nic", "where": [], "columns": ["port_name"]}])))
    assert len(nics[0]["rows"]) == 2, nics
    refused = subprocess.run([example, remote, "a/b"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "is not a name" in refused.stderr, refused


def check_copies(example: Path, remote: str) -> None:
    lines = [line.split() for line in run(example, remote, "globex", 2).splitlines()]
    assert [line[0] for line in lines] == [f"globex/{vapp}/web/0:" for vapp in ("copy-1", "copy-2", "shop")], lines
    assert len({(line[1], line[2]) for line in lines}) == 1, lines
    assert len({line[4] for line in lines}) == 3, lines


def run(*command) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
