#!/usr/bin/python3
"""Limits of a port: what network-ctl's and ovs-vsctl's words for them do to a real stream, and what the counters say; and
another tenant's connections beside a flood of SYNs (row P8), and a worker whose core others want (row 76)."""

import contextlib
import json
import statistics
from pathlib import Path

from conversation import Attempt, Echo, attempts, lost_between
from frames import EXPERIMENTAL
from harness import Capture, SystemTest, counters, dropped, is_drop, main, send, wait_until
from labkit.capture import ethernet
from labkit.ledger import end_processes
from labkit.quickstart import transfer
from stream import Stream

RATE = 20_000_000  # bit/s
CONNECTIONS = 1_000
VICTIMS_RATE = 50_000_000  # bit/s


def stream(lab, client, server, address: str) -> float:
    """UDP at five times the rate: what arrives, in bit/s of frames."""
    server.namespace.spawn("iperf3", "-s", "-1", log=lab.ledger.directory / f"iperf3-{server.name}-udp.log")
    wait_until("iperf3 to listen", lambda: ":5201 " in server.run("ss", "-Hltn"))
    report = json.loads(client.run("iperf3", "-u", "-b", str(5 * RATE), "-l", "1400", "-J", "-t", "3", "-c", address))
    result = report["end"]["sum"]
    arrived = result["packets"] - result["lost_packets"]
    return arrived * (1400 + 42) * 8 / result["seconds"]


def sum_of_drops(found: dict[str, int]) -> int:
    return sum(count for name, count in found.items() if is_drop(name))


def drops(host, port: str) -> int:
    return sum_of_drops(counters(host, port))


def losses_of_queues(machine) -> dict[str, int]:
    """What the VM's interface could not hand over, or take."""
    found = json.loads(machine.namespace.ip("-s", "-j", "link", "show", "eth0"))[0]["stats64"]
    return {way: found[way]["dropped"] + found[way]["errors"] for way in ("rx", "tx")}


def told(found: list[Attempt]) -> str:
    times = sorted(attempt.seconds * 1000 for attempt in found)
    return f"median {statistics.median(times):.2f} ms, 99 of 100 within {times[len(times) * 99 // 100]:.2f} ms"


class Limits(SystemTest):
    @classmethod
    def prepare(cls):
        host1, host2 = cls.hosts
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(host1, "acme/lan", "a", 1)
        cls.b = cls.make_machine(host2, "acme/lan", "b", 2)

    def assert_rate(self, rate: float, wanted: float = RATE) -> None:
        print(f"{rate / 1e6:.1f} Mbit/s of {wanted / 1e6:.0f}")
        self.assertGreater(rate, 0.8 * wanted)
        self.assertLess(rate, 1.15 * wanted)

    def dropped_more(self, host, port: str, name: str, before: dict) -> int:
        return counters(host, port).get(name, 0) - before.get(name, 0)

    def assert_unlimited(self, host, port: str, name: str) -> None:
        before = counters(host, port)
        transfer(self.lab, self.a, self.b, "10.0.0.2", seconds=1)
        self.assertEqual(self.dropped_more(host, port, name, before), 0)

    def test_what_a_port_sends(self):
        """Interface.ingress_policing_rate, in kbit/s; 0 takes it back."""
        host = self.hosts[0]
        host.vsctl("set", "interface", self.a.port, f"ingress_policing_rate={RATE // 1000}",
                   "ingress_policing_burst=1000")
        before = counters(host, self.a.port)
        self.assert_rate(stream(self.lab, self.a, self.b, "10.0.0.2"))
        self.assertGreater(self.dropped_more(host, self.a.port, "limit.bandwidth_out", before), 1000)
        before = counters(host, self.a.port)
        gigabits, _ = transfer(self.lab, self.a, self.b, "10.0.0.2", seconds=3)
        print(f"TCP: {gigabits * 1e3:.1f} Mbit/s")
        self.assertLess(gigabits * 1e9, 1.2 * RATE)
        host.vsctl("set", "interface", self.a.port, "ingress_policing_rate=0", "ingress_policing_burst=0")
        self.assert_unlimited(host, self.a.port, "limit.bandwidth_out")

    def test_what_a_port_gets(self):
        """Port.qos of type linux-htb; linux-noop and nothing at all limit nothing."""
        host = self.hosts[1]
        host.vsctl("--", "set", "port", self.b.port, "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-htb",
                   f"other_config:max-rate={RATE}")
        before = counters(host, self.b.port)
        self.assert_rate(stream(self.lab, self.a, self.b, "10.0.0.2"))
        self.assertGreater(self.dropped_more(host, self.b.port, "limited.bandwidth_in", before), 1000)
        host.vsctl("--", "set", "port", self.b.port, "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-noop")
        self.assert_unlimited(host, self.b.port, "limited.bandwidth_in")
        host.vsctl("clear", "port", self.b.port, "qos", "--", "--all", "destroy", "qos")

    def test_what_the_fabric_says(self):
        """Of a NIC's own limit and its virtual data center's the smaller one."""
        ctl, host, nic = self.lab.ctl, self.hosts[0], "acme/default/a/0"
        ctl("limit", "set", "vdc:acme/default", "--bandwidth-out", str(RATE))
        ctl("limit", "set", nic, "--bandwidth-out", "1G", "--wait=hosts")
        before = counters(host, self.a.port)
        self.assert_rate(stream(self.lab, self.a, self.b, "10.0.0.2"))
        self.assertGreater(self.dropped_more(host, self.a.port, "limit.bandwidth_out", before), 1000)
        ctl("limit", "set", "vdc:acme/default", "--bandwidth-out", "none")
        ctl("limit", "set", nic, "--bandwidth-out", "none", "--wait=hosts")
        self.assert_unlimited(host, self.a.port, "limit.bandwidth_out")

    def test_packets_of_a_port(self):
        """Interface.ingress_policing_kpkts_rate, in thousands."""
        host = self.hosts[0]
        host.vsctl("set", "interface", self.a.port, "ingress_policing_kpkts_rate=1", "ingress_policing_kpkts_burst=1")
        before = counters(host, self.a.port)
        packets = stream(self.lab, self.a, self.b, "10.0.0.2") / ((1400 + 42) * 8)
        host.vsctl("set", "interface", self.a.port, "ingress_policing_kpkts_rate=0", "ingress_policing_kpkts_burst=0")
        print(f"{packets:.0f} packets/s of 1000, and 1000 at once")
        self.assertLess(packets, 1.15 * (1000 + 1000 / 3))
        self.assertGreater(packets, 800)
        self.assertGreater(self.dropped_more(host, self.a.port, "limit.packets_out", before), 1000)

    def test_z_another_tenants_flood_of_syns(self):
        """Every connection that a tenant opens meanwhile comes about, none of its segments is lost: not by a rule or limit of
        ours, nor in a queue or ring on the way."""
        host1, host2 = self.hosts
        self.make_network("umbrella/lan")
        c = self.make_machine(host1, "umbrella/lan", "c", 1)
        d = self.make_machine(host2, "umbrella/lan", "d", 2)
        for organization, vms in (("acme", "ab"), ("umbrella", "cd")):  # so that all of it are connections
            self.lab.ctl("security-group", "create", f"{organization}/all", "--default-in", "allow")
            for vm in vms:
                self.lab.ctl("security-group", "add", f"{organization}/all", f"{organization}/default/{vm}/0", "--wait=hosts")
        with Echo(d, 7000):
            quiet = attempts(c, "10.0.0.2", 7000, CONNECTIONS)
            wait_until("every segment to have arrived without a flood", lambda: lost_between(c, d) == 0)
            before = drops(host1, c.port) + drops(host2, d.port)
            queues = [losses_of_queues(machine) for machine in (c, d)]  # of when they were plugged
            flooded = counters(host1, self.a.port)
            with self.flood(self.a, self.b, "10.0.0.2"):
                wait_until("the flood to meet its limit", lambda: drops(host1, self.a.port) > sum_of_drops(flooded) + 10_000)
                beside = attempts(c, "10.0.0.2", 7000, CONNECTIONS)
                # Before what is carried in large frames: those are many segments where they are sent, and one where they come.
                wait_until("every segment to have arrived", lambda: lost_between(c, d) == 0)
                carried = transfer(self.lab, c, d, "10.0.0.2", rate=VICTIMS_RATE)[0] * 1e9
        after = counters(host1, self.a.port)
        print(f"{after['rx'] - flooded['rx']} SYNs came from the tenant that floods, of which were dropped: "
              + ", ".join(f"{more} {name}" for name, count in after.items() if is_drop(name) and (more := count - flooded.get(name, 0))))
        print(f"{CONNECTIONS} connections of another: alone {told(quiet)}; beside the flood {told(beside)}")
        print(f"and a transfer of {VICTIMS_RATE / 1e6:g} Mbit/s carries {carried / 1e6:.1f} beside it")
        self.assertTrue(all(attempt.complete for attempt in quiet + beside))
        self.assertGreater(carried, 0.9 * VICTIMS_RATE)
        self.assertEqual(drops(host1, c.port) + drops(host2, d.port), before)
        self.assertEqual([losses_of_queues(machine) for machine in (c, d)], queues)

    @contextlib.contextmanager
    def flood(self, source, target, address: str):
        flood = source.namespace.spawn(
            "/usr/bin/python3", str(Path(__file__).with_name("flood.py")), source.mac, source.addresses[0].split("/")[0],
            target.mac, address, log=self.lab.ledger.directory / "flood.out")
        try:
            yield
        finally:
            end_processes([flood.pid])

    def test_hogs_on_the_workers_core(self):
        """What the worker has no time for is lost before it, and counted as that; the rest is in order, and then all is well."""
        host = self.hosts[0]
        busy = self.make_machine(host, "acme/lan", "busy", 9, plug="plug_system")
        flood = [ethernet(self.b.mac, busy.mac, EXPERIMENTAL, b"flood" + number.to_bytes(4, "big")) for number in range(60_000)]
        hogs = [host.namespace.spawn("nice", "-n", "-15", "taskset", "-c", "0", "/usr/bin/python3", "-c", "while True: pass",
                                          log=host.directory / "hog.out") for _ in range(4)]
        try:
            with Capture([self.b]) as capture:
                send(busy, *flood)
                wait_until("some to arrive", lambda: len(capture.frames(self.b, b"flood")) > 1000)
                arrived = [int.from_bytes(frame[19:23], "big") for frame in capture.frames(self.b, b"flood")]
        finally:
            for hog in hogs:
                hog.kill()
                hog.wait()
        lost = wait_until("what was lost to be counted", lambda: dropped(host, "rx.ring_full", busy.port))
        print(f"beside four hogs: {len(arrived)} of {len(flood)} arrived, rx.ring_full {lost}")
        self.assertEqual(arrived, sorted(arrived))
        with Stream(busy, self.b) as stream:
            self.assert_reaches(self.b, "10.0.0.9")
        self.assertEqual(stream.outcome().lost, 0)

    def test_a_qos_that_is_not_built_is_named(self):
        host = self.hosts[0]
        self.expect_warning("QoS type linux-codel is not built")
        host.vsctl("--", "set", "port", self.a.port, "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-codel")
        error = wait_until("the port to say so", lambda: host.interface(self.a.port, "error")["error"])
        self.assertIn("use linux-htb", error)
        self.assert_reaches(self.a, "10.0.0.2")
        host.vsctl("clear", "port", self.a.port, "qos", "--", "--all", "destroy", "qos")
        wait_until("no error any more", lambda: not host.interface(self.a.port, "error")["error"])


if __name__ == "__main__":
    main()
