#!/usr/bin/python3
"""What an operator installs: units that systemd takes, databases that are made and brought up to date, a daemon that tells
its service manager how it is, and Debian's link to the switch, turned to us and back."""

import ctypes
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import tempfile
import time
import unittest
from pathlib import Path

from harness import SystemTest, main, wait_until
from labkit.daemon import BINARIES, binary
from labkit.ledger import end_processes
from labkit.shell import attempt, run
from service_manager import ServiceManager

BUILD = BINARIES.parent


class Installed(unittest.TestCase):
    """`cmake --install` into a folder of the test's."""

    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ringfence-installed-")))
        for component in ("host", "controller", "tools"):
            run("cmake", "--install", str(BUILD), "--component", component, env={**os.environ, "DESTDIR": str(self.root)})

    def find(self, name: str) -> Path:
        found = list(self.root.rglob(name))
        self.assertEqual(len(found), 1, f"{name}: {found}")
        return found[0]

    def test_systemd_takes_the_units(self):
        """Once with what they start in its place: no complaint; and once with a word that it doesn't know: that word."""
        for name in ("ringfence-vswitchd.service", "ringfence-controller.service", "ringfence-ovsdb@.service"):
            text = self.find(name).read_text(encoding="utf-8")
            program = re.search(r"^ExecStart=(\S+)", text, re.M)[1]
            self.assertTrue(os.access(f"{self.root}{program}", os.X_OK), f"{name} starts {program}, which is not installed")
            text = text.replace(f"ExecStart={program}", f"ExecStart={self.root}{program}").replace("%i", "nb")
            self.assertEqual(self.complaints(name.replace("@", ""), text), [])
            self.assertIn("Unknown key 'WatchdogSeconds'",
                          "\n".join(self.complaints("wrong.service", text + "\n[Service]\nWatchdogSeconds=1\n")))

    def complaints(self, name: str, text: str) -> list[str]:
        """About this unit; the machine's own units are not looked at."""
        unit = self.root / name
        unit.write_text(text, encoding="utf-8")
        said = attempt("systemd-analyze", "verify", "--man=no", str(unit)).stderr
        return [line for line in said.splitlines() if name in line and "does not exist, ignoring" not in line]

    def launcher(self) -> tuple[Path, Path, dict[str, str]]:
        """ringfence-ovsdb, the schemas' folder, and the environment in which its databases are the test's."""
        script, schemas = self.find("ringfence-ovsdb"), self.find("ringfence-northbound.ovsschema").parent
        for folder in ("data", "run", "logs"):
            (self.root / folder).mkdir()
        return script, schemas, {**os.environ, "RINGFENCE_SCHEMAS": str(schemas),
                                 **{f"RINGFENCE_{name.upper()}": f"{self.root}/{name}" for name in ("data", "run", "logs")}}

    def test_databases_are_made_and_brought_up_to_date(self):
        script, schemas, environment = self.launcher()
        # A database of an older version: the same tables but one, with a row in it.
        schema = json.loads((schemas / "ringfence-northbound.ovsschema").read_text(encoding="utf-8"))
        database = self.root / "data/nb.db"
        older = {**schema, "version": "0.0.1", "cksum": "0 0", "tables": {"Global": schema["tables"]["Global"]}}
        keep = older["tables"]["Global"]["columns"]
        older["tables"]["Global"] = {**older["tables"]["Global"],
                                     "columns": {name: kind for name, kind in keep.items() if "refTable" not in str(kind)}}
        (self.root / "older.ovsschema").write_text(json.dumps(older), encoding="utf-8")
        run("ovsdb-tool", "create", str(database), str(self.root / "older.ovsschema"))
        self.assertEqual(run("ovsdb-tool", "db-version", str(database)).strip(), "0.0.1")

        for name in ("nb", "sb"):
            said = run(str(script), name, env=environment)
            pid = int((self.root / f"run/{name}.pid").read_text())
            self.addCleanup(os.kill, pid, signal.SIGTERM)
            self.assertEqual("from version 0.0.1" in said, name == "nb", said)
        self.assertEqual(run("ovsdb-client", "get-schema-version", f"unix:{self.root}/run/nb.sock",
                             schema["name"]).strip(), schema["version"])
        self.assertEqual(run("ovsdb-tool", "db-version", f"{database}.0.0.1").strip(), "0.0.1")
        run(binary("network-ctl"), f"--db=unix:{self.root}/run/nb.sock", "--wait=none", "org", "create", "acme")
        self.assertEqual(attempt(str(script), "conf", env=environment).returncode, 2)

    def test_databases_that_are_damaged_or_newer(self):
        """Row 46: refused, the file left as it was, with the file's name and the way out; but the end of a file that a power
        cut leaves is left out, since nobody was told of it."""
        script, schemas, environment = self.launcher()
        schema = schemas / "ringfence-northbound.ovsschema"
        database = self.root / "data/nb.db"
        run("ovsdb-tool", "create", str(database), str(schema))
        for name in ("acme", "umbrella"):
            run("ovsdb-tool", "transact", str(database), json.dumps(
                ["Ringfence_Northbound", {"op": "insert", "table": "Organization", "row": {"name": name}}]))
        whole = database.read_bytes()
        first, last = whole.index(b"OVSDB JSON", 11), whole.rindex(b"OVSDB JSON")
        newer = json.loads(schema.read_text(encoding="utf-8")) | {"version": "99.0.0", "cksum": "0 0"}
        (self.root / "newer.ovsschema").write_text(json.dumps(newer), encoding="utf-8")
        run("ovsdb-tool", "convert", str(database), str(self.root / "newer.ovsschema"))
        for what, content, words in (
                ("newer", database.read_bytes(), ("version 99.0.0", "install the newer packages")),
                ("empty", b"", ("damaged from its beginning",)),
                ("zeros", bytes(len(whole)), ("damaged from its beginning",)),
                ("cut in the schema", whole[:first // 2], ("damaged from its beginning",)),
                ("zeros within", whole[:first] + bytes(20) + whole[first + 20:], ("damaged", f"offset {first}")),
                ("zeros at the end", whole[:last + 40] + bytes(len(whole) - last - 40), ("damaged", f"offset {last}")),
                ("a bit", whole[:last - 5] + b"~" + whole[last - 4:], ("damaged", "SHA-1")),
                ("a longer record", whole[:first] + whole[first:].replace(b"JSON 1", b"JSON 91", 1), ("damaged", "End of file"))):
            with self.subTest(what):
                database.write_bytes(content)
                done = attempt(str(script), "nb", env=environment)
                print(f"{what}: {done.stderr.strip()}")
                self.assertEqual((done.returncode, database.read_bytes()), (78, content))
                for word in (str(database), "backup", "ringfence-ovsdb@nb", *words):
                    self.assertIn(word, done.stderr)
        for end in (last + 3, last + 30, random.randrange(last + 70, len(whole))):
            with self.subTest("cut in the last record", end=end):
                database.write_bytes(whole[:end])
                done = attempt(str(script), "nb", env=environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                names = run("ovsdb-client", "transact", f"unix:{self.root}/run/nb.sock", json.dumps(
                    ["Ringfence_Northbound", {"op": "select", "table": "Organization", "where": [], "columns": ["name"]}]))
                end_processes([int((self.root / "run/nb.pid").read_text())])
                self.assertEqual(names.strip(), '[{"rows":[{"name":"acme"}]}]')
                self.assertIn(f"{database}.cut", done.stderr)
                self.assertEqual(Path(f"{database}.cut").read_bytes(), whole[:end])

    def test_the_units_under_a_systemd(self):
        """Started, killed, hung, stopped, with all that they may not do."""
        with ServiceManager(self.root, {"ringfence-vswitchd": "WatchdogSec=1\nLimitCORE=0",
                                        "ringfence-ovsdb@nb": "RestartSec=50ms"}) as manager:
            units = ["ringfence-ovsdb@nb", "ringfence-ovsdb@sb", "ringfence-controller", "ringfence-vswitchd"]
            manager.run("systemctl", "start", *units)
            for unit in units:
                self.assertEqual(manager.show(unit)["ActiveState"], "active")
            for unit in units[2:]:
                self.assertEqual(manager.show(unit)["Type"], "notify")
            manager.run(f"{manager.prefix}/bin/network-ctl", "--db=unix:/run/ringfence/nb.sock", "--wait=controller", "org", "create", "acme")
            manager.run("ovs-vsctl", "add-br", "br0", "--", "add-port", "br0", "t0", "--", "set", "interface", "t0", "type=tap")
            self.assertEqual(manager.run("ovs-vsctl", "get", "interface", "t0", "error").strip(), "[]")
            with self.subTest("killed"):
                os.kill(manager.pid("ringfence-vswitchd"), signal.SIGKILL)
                wait_until("its restart", lambda: self.restarts(manager) == 1)
                wait_until("the port", lambda: "Interface t0" in manager.run("ovs-vsctl", "--timeout=5", "show"))
            with self.subTest("hung"):
                os.kill(manager.pid("ringfence-vswitchd"), signal.SIGSTOP)
                wait_until("its restart", lambda: self.restarts(manager) == 2, 30)
            with self.subTest("a database that is damaged is soon given up"):
                manager.run("systemctl", "stop", "ringfence-ovsdb@nb")
                manager.run("sh", "-c", "head -c 500 /dev/zero > /var/lib/ringfence/nb.db")
                self.assertNotEqual(manager.attempt("systemctl", "start", "ringfence-ovsdb@nb").returncode, 0)
                wait_until("it to be given up", lambda: manager.show("ringfence-ovsdb@nb")["ActiveState"] == "failed", 20)
            for unit in units[1:]:
                manager.run("systemctl", "stop", unit)
                shown = manager.show(unit)
                self.assertEqual((shown["ActiveState"], shown["Result"]), ("inactive", "success"), unit)

    @staticmethod
    def restarts(manager: ServiceManager) -> int:
        shown = manager.show("ringfence-vswitchd")
        return int(shown["NRestarts"]) if shown["ActiveState"] == "active" else -1


class Takeover(unittest.TestCase):
    """Debian's alternatives, in a root folder that is not the machine's."""

    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ringfence-takeover-")))
        for folder in ("usr/sbin", "usr/lib/openvswitch-switch", "etc/alternatives", "var/lib/dpkg/alternatives", "var/log"):
            (self.root / folder).mkdir(parents=True)
        for program in ("usr/lib/openvswitch-switch/ovs-vswitchd", "usr/sbin/ringfence-vswitchd"):
            shutil.copy("/bin/true", self.root / program)
        self.environment = {**os.environ, "DPKG_ROOT": str(self.root)}
        run("update-alternatives", "--install", "/usr/sbin/ovs-vswitchd", "ovs-vswitchd",
            "/usr/lib/openvswitch-switch/ovs-vswitchd", "100", env=self.environment)

    def starts(self) -> str:
        return os.readlink(self.root / "etc/alternatives/ovs-vswitchd")

    def ctl(self, *words: str):
        return attempt(binary("network-ctl"), "host", "takeover", *words, env=self.environment)

    def test_there_and_back(self):
        ours, theirs = f"{self.root}/usr/sbin/ringfence-vswitchd", "/usr/lib/openvswitch-switch/ovs-vswitchd"
        self.assertEqual(self.starts(), theirs)
        done = self.ctl("enable", "--program", "/nowhere/ringfence-vswitchd")
        self.assertEqual((done.returncode, self.starts()), (2, theirs), done.stderr)
        self.assertIn("/nowhere/ringfence-vswitchd", done.stderr)
        # network-ctl looks where the name says, update-alternatives below its root.
        (self.root / f".{ours}").parent.mkdir(parents=True)
        shutil.copy("/bin/true", self.root / f".{ours}")
        for _ in range(2):  # twice is as good as once
            done = self.ctl("enable", "--program", ours)
            self.assertEqual((done.returncode, self.starts()), (0, ours), done.stderr)
        self.assertIn("systemctl restart ovs-vswitchd", done.stdout)
        for _ in range(2):
            done = self.ctl("disable", "--program", ours)
            self.assertEqual((done.returncode, self.starts()), (0, theirs), done.stderr)

    def test_another_word_is_refused(self):
        done = self.ctl("maybe")
        self.assertEqual(done.returncode, 1)
        self.assertIn("enable or disable", done.stderr)


class Watchdog(SystemTest):
    """The daemon under a service manager, which is this test."""

    HOSTS = 1

    def test_a_worker_that_hangs_is_no_sign_of_life(self):
        host = self.hosts[0]
        path = host.directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            host.environment.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="400000")
            host.switch.stop()
            host.switch.start()
            said = []
            wait_until("signs of life", lambda: said.extend(self.listen(manager, 0.2)) or said.count("WATCHDOG=1") >= 3)
            self.assertEqual(said.count("READY=1"), 1, said)
            with Frozen(host.switch.pid, "worker-0"):
                self.listen(manager, 0.5)  # a question that was under way
                self.assertEqual(self.listen(manager, 1), [])
            wait_until("signs of life again", lambda: "WATCHDOG=1" in self.listen(manager, 0.2))
            for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
                del host.environment[name]
            host.switch.stop()
            self.assertIn("STOPPING=1", self.listen(manager, 0.5))
            host.switch.start()

    @staticmethod
    def listen(manager: socket.socket, seconds: float) -> list[str]:
        said, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([manager], [], [], left)[0]:
                said.append(manager.recv(4096).decode())
        return said


class Frozen:
    """One thread of a process does not run, the others do: stopped through ptrace(2)."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17

    def __init__(self, pid: int, thread: str):
        tasks = Path(f"/proc/{pid}/task")
        self._thread = next(int(task.name) for task in tasks.iterdir() if (task / "comm").read_text().strip() == thread)
        self._ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self._ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def _request(self, what: int) -> None:
        if self._ptrace(what, self._thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self._request(self.SEIZE)
        self._request(self.INTERRUPT)
        wait_until("the thread to stand", lambda: os.waitpid(self._thread, 0x40000000 | os.WNOHANG)[0] == self._thread)
        return self

    def __exit__(self, *_):
        self._request(self.DETACH)


if __name__ == "__main__":
    main()
