#!/usr/bin/python3
"""A host that knows very many tenants and has ports of many: how long its start takes, and what memory (row 78). By hand."""

import json
import os
import time
import unittest
import uuid

from harness import main, wait_until
from labkit.daemon import Daemon, binary
from labkit.ledger import Ledger
from labkit.network import Namespace

TENANTS, PORTS = 10_000, 1_000  # a network and a NIC of each; NICs that are plugged here
LONGEST_START = 20  # seconds
MOST_MEMORY = 512  # MiB


class Scale(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger(f"scale-{os.getpid()}")
        self.ledger.open()
        self.addCleanup(self.ledger.take_down)
        self.host = Namespace(self.ledger, "host")
        self.host.create()

    def test_many_tenants_and_ports(self):
        directory = self.ledger.directory
        (directory / "state.json").write_text(json.dumps(state()), encoding="ascii")
        environment = {**os.environ, "OVS_RUNDIR": str(directory), "OVS_LOGDIR": str(directory), "OVS_DBDIR": str(directory)}
        log = directory / "vswitchd.log"
        daemon = Daemon("ringfence-vswitchd", self.host.spawn,
                        [binary("ringfence-vswitchd"), f"--state={directory}/state.json", "--pidfile", f"--log-file={log}"], log,
                        lambda: "in service" in daemon.log_text(), env=environment)
        self.addCleanup(daemon.stop)  # the kernel takes its time with so many taps
        begin = time.monotonic()
        daemon.start(timeout=600)
        took, memory = time.monotonic() - begin, daemon.resident_kib() / 1024
        said = self.host.run("ovs-appctl", "ringfence/fabric", env=environment)
        print(f"{TENANTS} tenants, {PORTS} ports: in service after {took:.1f} s, {memory:.0f} MiB resident; {said.splitlines()[0]}")
        self.assertEqual([line for line in daemon.log_text().splitlines() if "|warn|" in line or "|err|" in line], [])
        wait_until("the last port", lambda: self.host.attempt("test", "-e", f"/sys/class/net/t{PORTS - 1}").returncode == 0)
        self.assertLess(took, LONGEST_START)
        self.assertLess(memory, MOST_MEMORY)


def state() -> dict:
    """The same address in all segments."""
    segments, ports = {}, {}
    for number in range(TENANTS):
        segment = str(uuid.uuid4())
        segments[segment] = {"vni": 5000 + number, "domain": f"d{number}", "kind": "tenant", "mtu": 1450, "unknown_unicast": "flood",
                             "intent": f"org/tenant{number}/network/lan"}
        ports[str(uuid.uuid4())] = {
            "name": f"nic{number}", "domain": f"d{number}", "domains": f"d{number}", "kind": "nic", "port_security": "strict",
            "segment": ["uuid", segment], "mac": "02:00:00:00:00:01", "addresses": "10.0.0.1", "host": "many",
            "intent": f"org/tenant{number}/vm/0"}
    return {"format": 1, "host": "many", "southbound": {"Segment": segments, "Logical_Port": ports},
            "ports": [{"name": f"t{number}", "type": "tap", "iface-id": f"nic{number}"} for number in range(PORTS)]}


if __name__ == "__main__":
    main()
