#!/usr/bin/python3
"""Controller and databases die, and the daemon restarts meanwhile: the hosts forward old and new flows by what they
last knew (row P4). Losses are counted, and the gap of a restart is measured."""

import contextlib
import itertools
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from dhcp_wire import message
from frames import EXPERIMENTAL
from harness import Capture, LabError, SystemTest, main, send, wait_until
from labkit.capture import ethernet
from stream import Stream

LONGEST_RESTART = 5  # seconds: of a daemon that is stopped and started again; the gap itself is printed
KILLS = int(os.environ.get("RINGFENCE_KILLS", "1"))  # of the daemon, at each kind of moment


class FailStatic(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        # Behind veths that DPDK takes: unlike a tap they stay when the daemon goes.
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1, plug="plug_veth")
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2, plug="plug_veth")
        cls.c = cls.make_machine(cls.hosts[1], "acme/lan", "c", 3, plug="plug_veth")
        cls.lab.ctl("sync", "--wait=hosts")
        cls.expect_warning(r"connect|database|lost|reconnect|southbound|northbound|Broken pipe|closed")

    def test_1_databases_and_controller_gone(self):
        """Nothing is lost while they die, stay away and come back."""
        with Stream(self.a, self.b) as old:
            self.lab.controller.kill()
            self.lab.databases.kill()
            self.new_flows_pass()
            before = old.arrived()
            wait_until("a second of traffic without them", lambda: old.arrived() > before + 500, 10)
            self.lab.databases.start()
            self.lab.controller.start()
            self.lab.ctl("network", "set", "acme/lan", "--unknown-unicast", "drop", "--wait=hosts", timeout=40)
        outcome = old.outcome()
        print(f"databases and controller killed and started again: {outcome}")
        self.assertEqual((outcome.lost, outcome.duplicates), (0, 0), outcome)
        self.lab.ctl("network", "set", "acme/lan", "--unknown-unicast", "flood", "--wait=hosts")

    def test_2_daemon_restarted_without_them(self):
        for end in ("stop", "kill"):
            with self.subTest(end):
                self.lab.controller.kill()
                self.lab.databases.kill()
                host = self.hosts[0]
                with Stream(self.a, self.b) as stream:
                    getattr(host.switch, end)()
                    host.switch.start()
                    before = stream.arrived()
                    wait_until("traffic after the restart", lambda: stream.arrived() > before + 50, 10)
                outcome = stream.outcome()
                print(f"ringfence-vswitchd ended by {end}, started again without databases: {outcome}")
                self.assertLess(outcome.longest_gap, LONGEST_RESTART)
                self.wait_for_answers(self.a, "10.0.0.3")
                self.new_flows_pass()
                self.lab.databases.start()
                self.lab.controller.start()
                self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "yes", "--wait=hosts", timeout=40)
                self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "no", "--wait=hosts")
                self.assert_reaches(self.a, "10.0.0.2")

    def test_3_an_emptied_database_is_not_obeyed(self):
        """The southbound database is damaged, its server refuses it (row 46), and it comes back empty: alone, and then with a
        controller that fills it anew."""
        file = self.lab.databases.socket.parent / "southbound.db"
        with Stream(self.a, self.b) as stream:
            self.lab.controller.kill()
            self.lab.databases.kill()
            file.write_bytes(bytes(file.stat().st_size))
            with self.assertRaisesRegex(LabError, "unexpected file format"):
                self.lab.databases.start()
            self.new_flows_pass()
            file.unlink()
            self.lab.databases.start()
            for host in self.hosts:
                wait_until("the host to say so", lambda: "names no host any more" in host.appctl("ringfence/fabric"), 20)
            self.new_flows_pass()
            self.lab.controller.start()
            for host in self.hosts:
                wait_until("the host to follow it again",
                           lambda: "names no host" not in host.appctl("ringfence/fabric"), 20)
            before = stream.arrived()
            wait_until("traffic by the new database", lambda: stream.arrived() > before + 50, 20)
        outcome = stream.outcome()
        print(f"southbound database emptied, then filled anew: {outcome}")
        self.assertLess(outcome.longest_gap, LONGEST_RESTART)
        self.lab.ctl("sync", "--wait=hosts", timeout=40)
        self.new_flows_pass()

    def test_4_killed_at_any_moment(self):
        """Idle, under bulk, while a port is added, a change published, a lease asked for: the daemon comes back each time and
        forwards, and its databases hold what they held (the fault list)."""
        self.lab.ctl("dhcp", "set", "acme/lan", "--server-address", "10.0.0.254", "--wait=hosts")
        for number, moment in itertools.product(range(KILLS), (self.idle, self.bulk, self.ports, self.changes, self.leases)):
            with self.subTest(moment.__name__, number=number):
                stop = threading.Event()
                with ThreadPoolExecutor() as pool:
                    work = pool.submit(moment, stop)
                    try:
                        time.sleep(random.uniform(0, 0.3))  # any phase of it
                        self.hosts[0].switch.kill()
                        self.hosts[0].switch.start()
                    finally:
                        stop.set()
                work.result()  # it has gone on until then
                self.wait_for_answers(self.a, "10.0.0.3")
                self.lab.ctl("sync", "--wait=hosts")
        self.new_flows_pass()
        ports = self.hosts[0].vsctl("list-ports", "br-int").split()
        self.assertEqual(sorted(set(ports)), sorted(ports))

    def idle(self, _stop):
        pass

    def bulk(self, stop):
        frame = ethernet(self.b.mac, self.a.mac, EXPERIMENTAL, bytes(1400))
        while not stop.is_set():
            send(self.a, *[frame] * 64)

    def ports(self, stop):
        while not stop.is_set():
            for words in (["add-port", "br-int", "more", "--", "set", "interface", "more", "type=tap"], ["del-port", "more"]):
                with contextlib.suppress(LabError):  # nobody answers meanwhile
                    self.hosts[0].vsctl("--timeout=3", "--may-exist" if "add-port" in words else "--if-exists", *words)

    def changes(self, stop):
        for value in itertools.cycle(("yes", "no")):
            self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", value, "--wait=none")
            if stop.is_set() and value == "no":
                return

    def leases(self, stop):
        frame = bytes(message(self.a, "discover"))
        while not stop.is_set():
            send(self.a, frame)
            stop.wait(0.002)

    def wait_for_answers(self, machine, address):
        """The stream goes one way only: until the host takes in what comes back, its VMs' new flows have no answer."""
        begin = time.monotonic()
        wait_until(f"an answer from {address} after the restart",
                   lambda: machine.attempt("ping", "-n", "-c", "1", "-W", "0.2", address).returncode == 0, LONGEST_RESTART)
        print(f"the first answer: {time.monotonic() - begin:.2f} s after the stream")

    def new_flows_pass(self):
        """What nobody has sent before: new neighbours, new tuples, both ways."""
        for machine, address in ((self.a, "10.0.0.3"), (self.c, "10.0.0.1"), (self.c, "10.0.0.2")):
            machine.namespace.ip("neigh", "flush", "dev", "eth0")
            self.assert_reaches(machine, address)
            self.assert_reaches(machine, address.replace("10.0.0.", "fd00::"))
        with Capture([self.b, self.c]) as capture:
            send(self.a, ethernet("ff:ff:ff:ff:ff:ff", self.a.mac, EXPERIMENTAL, b"to everybody, without a database"))
            for machine in (self.b, self.c):
                capture.wait_for(machine, b"to everybody, without a database")


if __name__ == "__main__":
    main()
