#!/usr/bin/python3
"""Two Ringfence hosts, one tenant: all that VMs of a segment say to each other arrives, on one host and across two."""

import re

from frames import EXPERIMENTAL, Station, has_mark, of_every_kind, tagged
from harness import Capture, SystemTest, counters, dropped, main, send
from labkit.capture import ethernet
from labkit.quickstart import transfer


class TwoHosts(SystemTest):
    @classmethod
    def prepare(cls):
        host1, host2 = cls.hosts
        cls.make_network("acme/lan")
        cls.make_network("acme/trunk", "--vlan-transparent", "yes")
        cls.a = cls.make_machine(host1, "acme/lan", "a", 1)
        cls.b = cls.make_machine(host2, "acme/lan", "b", 2)
        cls.c = cls.make_machine(host1, "acme/lan", "c", 3)
        cls.t1 = cls.make_machine(host1, "acme/trunk", "t1", 4)
        cls.t2 = cls.make_machine(host2, "acme/trunk", "t2", 5)

    def test_ping_across_and_on_one_host(self):
        for address in ("10.0.0.2", "10.0.0.3", "fd00::2", "fd00::3"):
            with self.subTest(address):
                self.assert_reaches(self.a, address)

    def test_largest_packet_passes_and_one_byte_more_does_not(self):
        self.assertEqual(self.a.mtu(), 1450, "a tap has its segment's MTU: the underlay's less 50")
        self.assert_reaches(self.a, "10.0.0.2", "-M", "do", "-s", str(1450 - 28))
        self.assert_does_not_reach(self.a, "10.0.0.2", "-M", "do", "-s", str(1451 - 28))

    def test_another_udp_port(self):
        """ringfence-encap-port, the same on all hosts: with one that differs nothing crosses (row V2)."""
        host1, host2 = self.hosts
        host1.vsctl("set", "Open_vSwitch", ".", "external_ids:ringfence-encap-port=8472")
        self.assert_does_not_reach(self.a, "10.0.0.2")
        host2.vsctl("set", "Open_vSwitch", ".", "external_ids:ringfence-encap-port=8472")
        self.assert_reaches(self.a, "10.0.0.2")
        for host in self.hosts:
            host.vsctl("remove", "Open_vSwitch", ".", "external_ids", "ringfence-encap-port")
        self.assert_reaches(self.a, "10.0.0.2")

    def test_a_frame_over_the_mtu_is_a_named_drop(self):
        before = dropped(self.hosts[0], "admit.oversize", self.a.port)
        self.a.namespace.ip("link", "set", "eth0", "mtu", "1500")
        send(self.a, ethernet(self.b.mac, self.a.mac, EXPERIMENTAL, b"x" * 1451))
        self.a.namespace.ip("link", "set", "eth0", "mtu", "1450")
        self.wait_for_drop(self.hosts[0], "admit.oversize", self.a.port, before + 1)

    def test_tcp(self):
        for server, address in ((self.b, "10.0.0.2"), (self.b, "fd00::2"), (self.c, "10.0.0.3")):
            with self.subTest(address):
                gigabits, megabytes = transfer(self.lab, self.a, server, address, seconds=1)
                print(f"TCP to {address}: {megabytes:.0f} MB at {gigabits:.2f} Gbit/s")
                self.assertGreater(megabytes, 10)

    def test_tcp_travels_in_large_frames(self):
        """A VM's stack leaves segmentation and checksums to its port: a look-up for each 64 KiB or so, not for each 1,450
        bytes. To another host they are cut up on the way out, and counted as that."""
        host = self.hosts[0]
        for server, address in ((self.c, "10.0.0.3"), (self.c, "fd00::3"), (self.b, "10.0.0.2")):
            with self.subTest(address):
                before = counters(host, self.a.port)
                _, megabytes = transfer(self.lab, self.a, server, address, seconds=1)
                now = counters(host, self.a.port)
                received, cut = (now.get(name, 0) - before.get(name, 0) for name in ("rx", "segmented"))
                print(f"TCP to {address}: {megabytes * 1e6 / received:.0f} bytes a frame, {cut} more segments")
                self.assertGreater(megabytes * 1e6 / received, 2 * 1450)
                self.assertEqual(cut > received, server is self.b)
        self.assertEqual(dropped(host, "admit.bad_offload"), 0)

    def test_every_kind_of_frame_arrives_once_where_it_must(self):
        with Capture([self.b, self.c, self.t1, self.t2]) as capture:
            for target in (self.b, self.c):
                other = self.c if target is self.b else self.b
                number = int(target.mac[-2:], 16)
                for name, frame in of_every_kind(Station(1), Station(number), f"to {target.name}".encode()).items():
                    with self.subTest(name, target=target.name):
                        mark = f"to {target.name}".encode() if has_mark(name) else frame[-32:]
                        before, others = len(capture.frames(target, frame)), len(capture.frames(other, frame))
                        send(self.a, frame)
                        capture.wait_for(target, frame, before + 1)
                        flooded = frame[0] & 1 or name == "unknown unicast"
                        capture.wait_for(other, frame, others + 1 if flooded else 0)
                        self.assertEqual(len(capture.frames(target, frame)), before + 1, "came more than once")
                        self.assertEqual(capture.frames(self.t1, mark) + capture.frames(self.t2, mark), [])

    def test_arp_and_nd_are_answered_on_the_host(self):
        """The owner of the address never sees the question."""
        is_request = {"-4": lambda frame: frame[12:14] == b"\x08\x06" and frame[21] == 1,
                      "-6": lambda frame: frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 135}
        with Capture([self.b]) as capture:
            for family, address in (("-4", "10.0.0.2"), ("-6", "fd00::2")):
                self.a.namespace.ip(family, "neigh", "flush", "dev", "eth0")
                self.assert_reaches(self.a, address)
                asked = [frame for frame in capture.frames(self.b) if frame[0] & 1 and is_request[family](frame)]
                self.assertEqual(asked, [])
                self.assertIn(self.b.mac, self.a.namespace.ip(family, "neigh", "show", "dev", "eth0"))

    def test_duplicate_address_detection_finds_the_owner(self):
        done = self.c.attempt("arping", "-D", "-c", "2", "-w", "2", "-I", "eth0", "10.0.0.2")
        self.assertRegex(done.stdout, re.compile(re.escape(self.b.mac), re.IGNORECASE))

    def test_multicast_reaches_every_member_once(self):
        mark = b"to a group"
        with Capture([self.b, self.c]) as capture:
            send(self.a, ethernet("01:00:5e:00:00:fb", self.a.mac, EXPERIMENTAL, mark))
            capture.wait_for(self.b, mark)
            capture.wait_for(self.c, mark)
            self.assertEqual([len(capture.frames(machine, mark)) for machine in (self.b, self.c)], [1, 1])

    def test_vlan_tagged_frames_pass_on_a_transparent_segment_only(self):
        frame = tagged(ethernet(self.t2.mac, self.t1.mac, EXPERIMENTAL, b"tagged"), 7)
        normal = tagged(ethernet(self.b.mac, self.a.mac, EXPERIMENTAL, b"tagged"), 7)
        before = dropped(self.hosts[0], "admit.vlan", self.a.port)
        with Capture([self.t2, self.b, self.c]) as capture:
            send(self.t1, frame, tagged(frame, 8))
            send(self.a, normal)
            arrived = capture.wait_for(self.t2, b"tagged", 2)
            self.assertEqual(arrived[0][:18], frame[:18], "the tag is as it was sent")
            self.assertEqual(arrived[1][:22], tagged(frame, 8)[:22], "and so are two tags")
            self.wait_for_drop(self.hosts[0], "admit.vlan", self.a.port, before + 1)
            self.assertEqual(capture.frames(self.b, b"tagged") + capture.frames(self.c, b"tagged"), [])


if __name__ == "__main__":
    main()
