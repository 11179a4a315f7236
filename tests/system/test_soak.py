#!/usr/bin/python3
"""A stream at a fixed rate over both hosts while NICs, ports, rules, networks and connections of others come and go: nothing of
it is lost, its order is kept, and the daemons' memory stays what it was (row P12). A few seconds; RINGFENCE_SOAK_MINUTES is the
time of the long test."""

import json
import os
import time

from conversation import Echo, attempts
from harness import SystemTest, counters, is_drop, main, wait_until

MINUTES = float(os.environ.get("RINGFENCE_SOAK_MINUTES", "0.1"))
RATE, SIZE = (5_600, 200) if MINUTES > 1 else (1_000, 200)  # frames a second: 1e7 in half an hour; bytes of UDP's payload
MOST_LOST = 1e-7  # of what is sent
SETTLED = 60 * min(MINUTES / 4, 1)  # seconds from the begin: then all of its kinds have been there
MOST_GROWTH = 1024  # KiB since then: what an allocator's caches take, no leak of a packet or a row a second


class Soak(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)
        cls.lab.ctl("security-group", "create", "acme/all", "--default-in", "allow")  # so that all of it are connections
        for vm in "ab":
            cls.lab.ctl("security-group", "add", "acme/all", f"acme/default/{vm}/0", "--wait=hosts")
        # A worker that others keep from its core for half a second loses nothing: as a NIC's, the queue is longer than that.
        cls.a.namespace.ip("link", "set", "eth0", "txqueuelen", "10000")

    def test_nothing_is_lost_and_memory_is_flat(self):
        sizes: list[tuple[float, list[int]]] = []
        begin = time.monotonic()
        with Echo(self.b, 7000), self.stream() as stream:
            while stream.poll() is None:
                self.change(len(sizes))
                sizes.append((time.monotonic() - begin, [host.switch.resident_kib() for host in self.hosts]))
        settled = [max(size[host] for when, size in sizes if when <= SETTLED or size is sizes[0][1]) for host in range(2)]
        grown = [max(size[host] for _, size in sizes) - settled[host] for host in range(2)]
        print(f"{len(sizes)} rounds of changes; resident at the end {sizes[-1][1]} KiB, grown after {SETTLED:g} s {grown} KiB")
        self.judge(json.loads((self.lab.ledger.directory / "stream.json").read_text(encoding="utf-8"))["end"]["sum"])
        self.assertLessEqual(max(grown), MOST_GROWTH)

    def stream(self):
        """iperf3 from a to b, as one process that ends by itself."""
        self.b.namespace.spawn("iperf3", "-s", "-1", log=self.lab.ledger.directory / "iperf3.log")
        wait_until("iperf3 to listen", lambda: ":5201 " in self.b.run("ss", "-Hltn"))
        return self.a.namespace.spawn(
            "iperf3", "-u", "-b", str(RATE * SIZE * 8), "-l", str(SIZE), "-w", "4M", "-J", "-t", str(60 * MINUTES),
            "-c", "10.0.0.2", log=self.lab.ledger.directory / "stream.json")

    def judge(self, result: dict) -> None:
        drops = {host.name: {name: count for name, count in counters(host).items() if is_drop(name)} for host in self.hosts}
        print(f"{result['packets']} frames in {result['seconds']:.0f} s, {result['lost_packets']} lost; drops {drops}")
        self.assertGreater(result["packets"], 0.9 * RATE * 60 * MINUTES)
        self.assertLessEqual(result["lost_packets"], MOST_LOST * result["packets"])

    def change(self, number: int) -> None:
        """Everything that goes on beside it: another tenant's network, NIC and port, a rule of a's own policy, connections."""
        ctl, host = self.lab.ctl, self.hosts[number % 2]
        self.make_network("umbrella/lan")
        iface_id = self.make_nic("umbrella/lan", "other", 7)
        host.vsctl("add-port", "br-int", "other", "--", "set", "interface", "other", "type=tap", f"external_ids:iface-id={iface_id}")
        self.lab.wait_bound(iface_id, host)
        ctl("firewall", "add", "group:acme/all", "allow", "--protocol", "tcp", "--port", "7000", "--number", "1", "--wait=hosts")
        self.assertTrue(all(attempt.complete for attempt in attempts(self.a, "10.0.0.2", 7000, 20)))
        ctl("firewall", "delete", "group:acme/all", "1", "--wait=hosts")
        host.vsctl("del-port", "br-int", "other")
        ctl("org", "delete", "umbrella", "--cascade", "--wait=hosts")


if __name__ == "__main__":
    main()
