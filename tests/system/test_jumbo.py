#!/usr/bin/python3
"""Frames of 9,000 bytes inside the fabric, behind ports of two drivers, on one host and over the tunnel; and MTUs that a
port, or the underlay, can't carry."""

from harness import Capture, SystemTest, main, send, wait_until
from labkit.capture import ethernet
from labkit.quickstart import transfer

JUMBO = 9000


class Jumbo(SystemTest):
    UNDERLAY_MTU = JUMBO + 50

    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        one, two = cls.hosts
        cls.machines = [cls.make_machine(host, "acme/lan", vm, number, plug=plug) for number, (host, vm, plug) in enumerate((
            (one, "tap1", "plug"), (one, "netdev1", "plug_system"), (two, "tap2", "plug"), (two, "netdev2", "plug_system")), 1)]
        cls.lab.ctl("sync", "--wait=hosts")

    def test_every_pair(self):
        for source in self.machines:
            self.assertEqual(source.mtu(), JUMBO, source.name)
            for number, target in enumerate(self.machines, 1):
                if target is not source:
                    with self.subTest(f"{source.name} to {target.name}"):
                        self.assert_reaches(source, f"10.0.0.{number}", "-M", "do", "-s", str(JUMBO - 28))
                        self.assert_reaches(source, f"fd00::{number}", "-M", "do", "-s", str(JUMBO - 48))

    def test_tcp_over_the_tunnel(self):
        for source, target in ((0, 2), (1, 3), (0, 3), (3, 0)):
            with self.subTest(f"{self.machines[source].name} to {self.machines[target].name}"):
                gigabits, megabytes = transfer(self.lab, self.machines[source], self.machines[target], f"10.0.0.{target + 1}", 1)
                print(f"{self.machines[source].name} to {self.machines[target].name}: {gigabits:.2f} Gbit/s")
                self.assertGreater(megabytes, 1)

    def test_one_byte_more(self):
        """Is more than the segment carries: dropped by name, and nothing else is."""
        a, host = self.machines[0], self.hosts[0]  # a tap: a veth lets no longer frame through
        a.namespace.ip("link", "set", "eth0", "mtu", str(JUMBO + 50))
        frames = [ethernet(self.machines[3].mac, a.mac, 0x88B5, mark.ljust(size, b"."))
                  for mark, size in ((b"too long", JUMBO + 1), (b"longest", JUMBO))]
        with Capture([self.machines[3]]) as capture:
            send(a, *frames)
            capture.wait_for(self.machines[3], b"longest")
            self.assertEqual(capture.frames(self.machines[3], b"too long"), [])
        self.wait_for_drop(host, "admit.oversize", a.port, 1)

    def test_what_a_port_cannot_carry(self):
        host, port = self.hosts[0], self.machines[0].port
        self.expect_warning("(?i)mtu")
        host.vsctl("set", "interface", port, "mtu_request=9600")
        wait_until("its error", lambda: "9600" in (host.interface(port, "error")["error"] or ""))
        self.assert_reaches(self.machines[0], "10.0.0.3", "-M", "do", "-s", str(JUMBO - 28))
        host.vsctl("clear", "interface", port, "mtu_request")
        wait_until("no error any more", lambda: not host.interface(port, "error")["error"])


if __name__ == "__main__":
    main()
