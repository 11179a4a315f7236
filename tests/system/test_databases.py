#!/usr/bin/python3
"""Databases with rubbish in them, a newer schema, and two controllers (rows 43, 44, 45, 47): what is right goes on."""

import json
import os
import signal
import subprocess
import time
import uuid

from harness import SystemTest, main, wait_until
from labkit.daemon import binary
from labkit.database import SCHEMAS
from labkit.shell import run


class Databases(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)

    def tearDown(self) -> None:
        self.assert_reaches(self.a, "10.0.0.2")
        super().tearDown()

    # --- southbound (row 45) --------------------------------------------------------------------------
    def test_bad_southbound_rows(self):
        """An agent keeps what it had of a bad object, says so in Host_Status, and applies the others. The controller
        is stopped meanwhile: it would take the rubbish out again."""
        self.expect_warning("rubbish|not-a-mac|not-an-address")
        self.lab.controller.stop()
        self.addCleanup(lambda: self.lab.controller.running or self.lab.controller.start())
        segment, domain = self.southbound("select", "Segment", ["_uuid", "domain"])[0].values()
        before = self.southbound("select", "Logical_Port", ["_uuid", "mac"], [["name", "==", "acme/default/b/0"]])[0]
        self.southbound("update", "Logical_Port", {"mac": "not-a-mac"}, [["_uuid", "==", before["_uuid"]]])
        self.southbound("insert", "Logical_Port", {
            "name": "acme/default/rubbish/0", "domain": domain, "domains": domain, "kind": "nic", "segment": segment,
            "mac": "02:00:00:00:00:0c", "addresses": ["set", ["not-an-address"]], "host": "a-host-that-is-not",
            "port_security": "strict", "intent": "rubbish"})
        self.southbound("insert", "Host", {"name": "rubbish", "kind": "foreign", "vtep_addresses": "not-an-address"})
        self.southbound("insert", "Logical_Port", {
            "name": "acme/default/good/0", "domain": domain, "domains": domain, "kind": "nic", "segment": segment,
            "mac": "02:00:00:00:00:0d", "addresses": "10.0.0.13", "host": "host2", "port_security": "strict", "intent": "good"})
        trouble = wait_until("the agents to say so", lambda: [text for text in self.troubles() if "not-a-mac" in text], 10)
        print(f"trouble: {trouble}")
        wait_until("the good row to be applied", lambda: "02:00:00:00:00:0d" in self.hosts[0].appctl("fdb/show", "br-int"))
        self.assert_reaches(self.a, "10.0.0.2")
        self.lab.controller.start()
        wait_until("the controller to mend it", lambda: not any(self.troubles()), 20)
        self.assertEqual(self.southbound("select", "Logical_Port", ["mac"], [["name", "==", "acme/default/b/0"]]),
                         [{"mac": before["mac"]}])
        self.assertEqual(self.southbound("select", "Logical_Port", ["name"], [["name", "==", "acme/default/rubbish/0"]]), [])

    def test_a_newer_southbound_schema(self):
        """Columns and tables that this version does not know are none of its business."""
        self.expect_warning("schema|reconnect|connection|monitor")
        schema = json.loads((SCHEMAS / "ringfence-southbound.ovsschema").read_text(encoding="ascii"))
        schema["version"] = "1.99.0"
        schema["tables"]["Segment"]["columns"]["colour"] = {"type": "string"}
        schema["tables"]["Colour"] = {"columns": {"name": {"type": "string"}}, "isRoot": True}
        file = self.lab.ledger.directory / "newer.ovsschema"
        file.write_text(json.dumps(schema), encoding="ascii")
        run("ovsdb-client", "convert", self.lab.databases.remote, str(file))
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "yes", "--wait=hosts")
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "no", "--wait=hosts")

    def test_a_bad_northbound_row_is_refused_alone(self):
        """Somebody writes past the client library: the row's status says what is wrong, and the rest is compiled."""
        self.expect_warning("not-a-mac|no-such-mac")
        self.northbound("update", "Nic", {"mac": "not-a-mac"}, [["port_name", "==", "acme/default/b/0"]])
        self.northbound("mutate", "Global", [["change", "+=", 1]], [])
        status = wait_until("the row's status", lambda: self.lab.show("nic", "acme/default/b/0")["status"])
        print(f"status: {status}")
        self.assertIn("not-a-mac", status)
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "yes", "--wait=hosts")
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "no", "--wait=hosts")
        self.northbound("update", "Nic", {"mac": self.b.mac}, [["port_name", "==", "acme/default/b/0"]])
        self.northbound("mutate", "Global", [["change", "+=", 1]], [])
        wait_until("the status to go", lambda: not self.lab.show("nic", "acme/default/b/0")["status"])
        self.lab.ctl("sync", "--wait=hosts")

    # --- two controllers (row 47) ---------------------------------------------------------------------
    def test_one_controller_compiles_and_the_other_takes_over(self):
        self.expect_warning("lease")
        second = self.lab.make_controller("second")
        second.start()
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "yes", "--wait=hosts")
        first = self.lab.controller
        os.kill(first.pid, signal.SIGSTOP)  # it still thinks that it is the one
        try:
            begin = time.monotonic()
            self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "no", "--wait=hosts", timeout=60)
            print(f"a change was applied {time.monotonic() - begin:.1f} s after the lease's holder hung")
        finally:
            os.kill(first.pid, signal.SIGCONT)
        for value in ("yes", "no"):
            self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", value, "--wait=hosts")
        self.assertTrue(first.running and second.running)
        lease = self.southbound("select", "Lease", ["owner", "epoch"])[0]
        self.assertIn("second", lease["owner"])
        second.kill()
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "yes", "--wait=hosts", timeout=60)
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "no", "--wait=hosts")
        self.assertGreater(self.southbound("select", "Lease", ["epoch"])[0]["epoch"], lease["epoch"])

    # --- network-ctl (row 43) ---------------------------------------------------------------------------
    def test_databases_that_cannot_be_used(self):
        local = self.hosts[0].database.remote
        for remote, timeout in (("unix:/nowhere/at/all.sock", "2"), ("tcp:127.0.0.1:1", "2"), (local, "2")):
            with self.subTest(remote):
                begin = time.monotonic()
                done = self.lab.try_ctl("--db", remote, "--timeout", timeout, "org", "list")
                print(f"--db {remote}: exit {done.returncode}: {done.stderr.strip()}")
                self.assertIn(done.returncode, (1, 124))
                self.assertTrue(done.stderr.strip())
                self.assertLess(time.monotonic() - begin, 5)

    def test_waiting_for_a_host_that_is_dead(self):
        self.hosts[1].switch.stop()
        begin = time.monotonic()
        done = self.lab.try_ctl("--timeout", "2", "network", "set", "acme/lan", "--vlan-transparent", "yes", "--wait=hosts")
        self.assertEqual(done.returncode, 124, done.stderr)
        self.assertIn("host2", done.stderr)
        self.assertNotIn("host1", done.stderr)
        self.assertLess(time.monotonic() - begin, 5)
        self.plug_anew()

    def plug_anew(self) -> None:
        """host2's daemon is started again: the VM's tap went with it, and is a new one now."""
        self.hosts[1].switch.start()
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "no", "--mtu", "none", "--wait=hosts")
        self.b.namespace.delete()
        self.b.create()
        wait_until("the tap", lambda: self.hosts[1].has_interface(self.b.port))
        self.b.take(self.b.port, self.hosts[1].namespace)

    # --- network-ctl (row 44) ---------------------------------------------------------------------------
    def test_a_reader_that_goes_away(self):
        """Who has read enough, a full disk, and no output at all: it ends, at once, and says so at most once."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as nobody, open("/dev/full", "w", encoding="utf-8") as full:
            for name, output in (("nobody reads", nobody), ("full", full)):
                with self.subTest(name):
                    done = self.ctl_with(stdout=output)
                    print(f"{name}: exit {done.returncode}: {done.stderr}")
                    self.assertIn(done.returncode, (0, 1, -signal.SIGPIPE))
                    self.assertLessEqual(len(done.stderr.splitlines()), 1)

    def test_surroundings_that_are_poor(self):
        """A terminal of one column, an unknown locale, a home that is not there, and no input: the same words."""
        usual = self.ctl_with(stdout=subprocess.PIPE)
        self.assertEqual(usual.returncode, 0, usual.stderr)
        for poor in ({"COLUMNS": "1"}, {"LC_ALL": "xx_YY.none"}, {"HOME": "/proc/nowhere"}, {"TERM": ""}):
            with self.subTest(poor):
                done = self.ctl_with(stdout=subprocess.PIPE, env={**self.lab.environment, **poor})
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, usual.stdout, ""))

    def test_an_interrupted_wait(self):
        """^C ends it; what it has written stays written."""
        self.hosts[1].switch.stop()
        waiting = subprocess.Popen([binary("network-ctl"), "network", "set", "acme/lan", "--mtu", "1400", "--wait=hosts"],
                                   env=self.lab.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until("it to be written", lambda: self.lab.show("network", "acme/lan")["mtu"] == 1400)
        waiting.send_signal(signal.SIGINT)
        said = waiting.communicate(timeout=5)[1]
        print(f"^C: exit {waiting.returncode}: {said}")
        self.assertIn(waiting.returncode, (130, -signal.SIGINT))
        self.plug_anew()

    def ctl_with(self, stdout, env=None) -> subprocess.CompletedProcess:
        return subprocess.run([binary("network-ctl"), "nic", "list", "--format", "json"], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, env=env or self.lab.environment, text=True, timeout=20, check=False)

    # --- helpers --------------------------------------------------------------------------------------
    def troubles(self) -> list[str]:
        return [str(row["trouble"]) for row in self.southbound("select", "Host_Status", ["trouble"]) if row["trouble"] != ["map", []]]

    def southbound(self, *operation):
        return self.transact("Ringfence_Southbound", *operation)

    def northbound(self, *operation):
        return self.transact("Ringfence_Northbound", *operation)

    def transact(self, database: str, op: str, table: str, what, where=None):
        """One operation, past all validation; the rows of a select."""
        operation = {"op": op, "table": table, "where": where if where is not None else []}
        if op == "select":
            operation["columns"] = what
        elif op == "insert":
            operation = {"op": op, "table": table, "row": what, "uuid": str(uuid.uuid4())}
        else:
            operation["mutations" if op == "mutate" else "row"] = what
        result = json.loads(run("ovsdb-client", "transact", self.lab.databases.remote, json.dumps([database, operation])))[0]
        self.assertNotIn("error", result)
        return result.get("rows", result)


if __name__ == "__main__":
    main()
