#!/usr/bin/python3
"""A Ringfence host and VTEPs that know nothing of Ringfence, a kernel's VXLAN and OVS's userspace datapath: the fabric
reaches them, and is reached by them."""

import unittest

from frames import EXPERIMENTAL
from harness import Capture, SystemTest, main, send
from labkit import ovs
from labkit.capture import ethernet
from labkit.host import ForeignHost
from labkit.machine import Machine
from labkit.quickstart import transfer


class WithForeignHost(SystemTest):
    """What holds for whatever speaks VXLAN; `there` is a VM behind it."""

    HOSTS = 1
    there: Machine

    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.here = cls.make_machine(cls.hosts[0], "acme/lan", "here", 1)
        cls.lab.ctl("host", "add", "foreign", "--kind", "foreign", "--vtep", "192.0.2.99")
        iface_id = cls.make_nic("acme/lan", "there", 2)
        cls.lab.ctl("nic", "bind", iface_id, "foreign")
        cls.there = cls.lab.add_machine("acme-there", "02:00:00:00:00:02", ["10.0.0.2/24", "fd00::2/64"])
        cls.make_foreign_host(cls.lab.show("network", "acme/lan")["vni"])
        cls.lab.ctl("global", "set", "--admit-hosts", "auto", "--wait=hosts")  # all before has arrived, its VTEP too

    @classmethod
    def make_foreign_host(cls, vni: int) -> None:
        raise NotImplementedError

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
        """The foreign VM's ARP request comes through to ours, whose own kernel answers."""
        with Capture([self.here]) as capture:
            self.there.namespace.ip("neigh", "flush", "dev", "eth0")
            self.assert_reaches(self.there, "10.0.0.1")
            requests = [frame for frame in capture.frames(self.here, b"\x08\x06\x00\x01") if frame[20:22] == b"\x00\x01"]
            self.assertTrue(requests)


class Kernel(WithForeignHost):
    @classmethod
    def make_foreign_host(cls, vni: int) -> None:
        foreign = ForeignHost(cls.lab.ledger, "foreign", "192.0.2.99")
        foreign.create(cls.lab.underlay)
        foreign.add_vxlan("vxlan0", vni, [cls.hosts[0].vtep], cls.there.namespace)
        cls.there.configure("vxlan0")


@unittest.skipUnless(ovs.PROGRAM.exists(), "openvswitch-switch-dpdk is not installed")
class OvsUserspace(WithForeignHost):
    @classmethod
    def make_foreign_host(cls, vni: int) -> None:
        foreign = ovs.OvsHost(cls.lab.ledger, "foreign", "192.0.2.99")
        foreign.create(cls.lab.underlay)
        foreign.add_tunnel(cls.hosts[0].vtep, vni)
        foreign.plug(cls.there, 1450)


# The tests of the base are those of each.
def load_tests(loader: unittest.TestLoader, *_) -> unittest.TestSuite:
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Kernel, OvsUserspace))


if __name__ == "__main__":
    main()
