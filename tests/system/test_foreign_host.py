#!/usr/bin/python3
"""A Ringfence host and a kernel's VXLAN: the fabric reaches a VTEP that knows nothing of Ringfence, and is reached by it."""

from frames import EXPERIMENTAL
from harness import Capture, SystemTest, main, send
from labkit.capture import ethernet
from labkit.quickstart import transfer


class ForeignHost(SystemTest):
    HOSTS = 1

    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.here = cls.make_machine(cls.hosts[0], "acme/lan", "here", 1)
        cls.foreign = cls.lab.add_foreign_host("kernel", "192.0.2.99")
        iface_id = cls.make_nic("acme/lan", "there", 2)
        cls.lab.ctl("nic", "bind", iface_id, "kernel", "--wait=hosts")
        cls.there = cls.lab.add_machine("acme-there", "02:00:00:00:00:02", ["10.0.0.2/24", "fd00::2/64"])
        vni = cls.lab.show("network", "acme/lan")["vni"]
        cls.foreign.add_vxlan("vxlan0", vni, [cls.hosts[0].vtep], cls.there.namespace)
        cls.there.configure("vxlan0")

    def test_ping_both_ways(self):
        for machine, number in ((self.here, 2), (self.there, 1)):
            for address in (f"10.0.0.{number}", f"fd00::{number}"):
                with self.subTest(f"{machine.name} to {address}"):
                    self.assert_reaches(machine, address)

    def test_the_largest_packet(self):
        self.assert_reaches(self.here, "10.0.0.2", "-M", "do", "-s", "1422")
        self.assert_reaches(self.there, "10.0.0.1", "-M", "do", "-s", "1422")

    def test_tcp_both_ways(self):
        for client, server, address in ((self.here, self.there, "10.0.0.2"), (self.there, self.here, "10.0.0.1")):
            with self.subTest(f"{client.name} to {server.name}"):
                _, megabytes = transfer(self.lab, client, server, address, seconds=1)
                self.assertGreater(megabytes, 10)

    def test_broadcast_and_unknown_ethertypes_cross_once(self):
        for source, target in ((self.here, self.there), (self.there, self.here)):
            mark = f"everybody, from {source.name}".encode()
            with self.subTest(source.name), Capture([target]) as capture:
                send(source, ethernet("ff:ff:ff:ff:ff:ff", source.mac, EXPERIMENTAL, mark), ethernet(target.mac, source.mac, EXPERIMENTAL, mark))
                capture.wait_for(target, mark, 2)
                self.assert_reaches(source, "10.0.0.2" if source is self.here else "10.0.0.1")
                self.assertEqual(len(capture.frames(target, mark)), 2)

    def test_a_question_from_a_vtep_is_delivered_not_answered(self):
        """The kernel's ARP request comes through to the VM, whose own kernel answers."""
        with Capture([self.here]) as capture:
            self.there.namespace.ip("neigh", "flush", "dev", "eth0")
            self.assert_reaches(self.there, "10.0.0.1")
            requests = [frame for frame in capture.frames(self.here, b"\x08\x06\x00\x01") if frame[20:22] == b"\x00\x01"]
            self.assertTrue(requests)


if __name__ == "__main__":
    main()
