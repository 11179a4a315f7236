#!/usr/bin/python3
"""Bridges without a fabric: ports without an iface-id, as `ovs-vsctl add-br; add-port` makes them; mirrors with ovs-tcpdump."""

import re
import signal
import struct
import subprocess

from harness import Capture, Machine, SystemTest, addresses_of, dropped, mac_of, main, send, wait_until
from labkit.capture import ethernet, mac_bytes

EVERYBODY = "ff:ff:ff:ff:ff:ff"
HOST_ADDRESS = "10.0.0.100"


class Bridges(SystemTest):
    @classmethod
    def prepare(cls):
        cls.host, cls.other = cls.hosts
        cls.make_network("acme/lan")
        cls.nic = cls.make_machine(cls.host, "acme/lan", "nic", 9)
        cls.make_nic("acme/lan", "silent", 8)  # whom the host answers for
        for host in cls.hosts:
            host.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        cls.a, cls.b = (cls.plug(cls.host, name, number) for name, number in (("a", 1), ("b", 2)))
        cls.far = cls.plug(cls.other, "far", 3)
        cls.host.namespace.ip("address", "add", f"{HOST_ADDRESS}/24", "dev", "br0")

    @classmethod
    def plug(cls, host, name: str, number: int, *columns: str) -> Machine:
        """As libvirt plugs a VM into a bridge, but for the iface-id. `columns`: of the Port row."""
        machine = cls.lab.add_machine(name, mac_of(number), addresses_of(number))
        host.namespace.ip("link", "add", f"tap-{name}", "type", "veth", "peer", "name", "guest")
        host.namespace.ip("link", "set", f"tap-{name}", "up")
        machine.take("guest", host.namespace)
        host.vsctl("add-port", "br0", f"tap-{name}", *columns)
        machine.host, machine.port = host, f"tap-{name}"
        return machine

    def macs(self) -> dict[str, tuple[str, int]]:
        """fdb/show: MAC -> port, VLAN."""
        rows = [line.split() for line in self.host.appctl("fdb/show", "br0").splitlines()[1:]]
        return {mac: (port, int(vlan)) for port, vlan, mac, _ in rows}

    def test_ports_of_a_bridge_and_the_host_itself_reach_each_other(self):
        self.assert_reaches(self.a, "10.0.0.2")
        self.assert_reaches(self.a, "fd00::2")
        self.assert_reaches(self.a, HOST_ADDRESS)
        learned = wait_until("both to be learned", lambda: (macs := self.macs()).keys() >= {mac_of(1), mac_of(2)} and macs)
        self.assertEqual((learned[mac_of(1)], learned[mac_of(2)]), (("tap-a", 0), ("tap-b", 0)))

    def test_the_bridge_has_the_mac_of_its_device(self):
        """As ovs-vswitchd has it: not of one that software has made up, such as a tap's."""
        self.host.namespace.ip("link", "add", "eth9", "address", "00:16:3e:00:00:09", "type", "veth", "peer", "name", "eth9-far")
        self.host.vsctl("add-port", "br0", "eth9")
        self.assertEqual(self.host.interface("br0", "mac_in_use")["mac_in_use"], "00:16:3e:00:00:09")
        self.host.vsctl("set", "bridge", "br0", "other_config:hwaddr=00:16:3e:00:00:01")
        wait_until("another", lambda: self.host.interface("br0", "mac_in_use")["mac_in_use"] == "00:16:3e:00:00:01")
        self.host.vsctl("clear", "bridge", "br0", "other_config", "--", "del-port", "eth9")

    def test_a_known_mac_is_not_flooded(self):
        self.assert_reaches(self.a, "10.0.0.2")
        wait_until("b to be learned", lambda: mac_of(2) in self.macs())
        third = self.plug(self.host, "third", 4)
        with Capture([self.b, third]) as capture:
            send(self.a, ethernet(mac_of(2), mac_of(1), 0x88B5, b"for b alone"), ethernet(EVERYBODY, mac_of(1), 0x88B5, b"to all"))
            capture.wait_for(third, b"to all")
            capture.wait_for(self.b, b"for b alone")
            self.assertEqual(capture.frames(third, b"for b alone"), [])
        self.host.appctl("fdb/flush", "br0")
        wait_until("nothing to be known", lambda: mac_of(2) not in self.macs())
        self.host.vsctl("del-port", "br0", "tap-third")

    def test_neither_the_fabric_nor_another_host_hears_of_it(self):
        wire = self.lab.underlay.tap("host1")
        with Capture([self.b, self.far, self.nic, wire]) as capture:
            send(self.a, ethernet(EVERYBODY, mac_of(1), 0x88B5, b"the bridge's"))
            send(self.nic, ethernet(EVERYBODY, self.nic.mac, 0x88B5, b"the fabric's"))
            capture.wait_for(self.b, b"the bridge's")
            wait_until("the NIC's frame to be decided", lambda: dropped(self.host, "bridge.no_receiver", self.nic.port))
            for where in (self.far, self.nic, wire):
                self.assertEqual(capture.frames(where, b"the bridge's"), [])
            for where in (self.b, self.far):
                self.assertEqual(capture.frames(where, b"the fabric's"), [])
        self.assert_does_not_reach(self.a, "10.0.0.3")
        self.assert_does_not_reach(self.a, "10.0.0.9")

    def test_vlans(self):
        """An access port, one that carries all, and one that carries a VLAN alone."""
        access, trunk = self.plug(self.host, "access", 5, "tag=10"), self.plug(self.host, "trunk", 6, "trunks=10")
        tag = struct.pack("!HH", 0x8100, 10)
        plain = ethernet(EVERYBODY, mac_of(5), 0x88B5, b"of VLAN 10")
        with Capture([self.a, access, trunk]) as capture:
            send(access, plain)
            send(self.a, ethernet(EVERYBODY, mac_of(1), 0x88B5, b"of no VLAN"))
            tagged = plain[:12] + tag + plain[12:]
            self.assertEqual(capture.wait_for(trunk, b"of VLAN 10"), [tagged])
            self.assertEqual(capture.wait_for(self.a, b"of VLAN 10"), [tagged])
            send(trunk, mac_bytes(EVERYBODY) + mac_bytes(mac_of(6)) + tag + struct.pack("!H", 0x88B5) + b"and back".ljust(46, b"\0"))
            self.assertEqual(capture.wait_for(access, b"and back"), [ethernet(EVERYBODY, mac_of(6), 0x88B5, b"and back")])
            for where in (access, trunk):
                self.assertEqual(capture.frames(where, b"of no VLAN"), [])
        self.assertEqual(wait_until("it to be learned", lambda: self.macs().get(mac_of(5))), ("tap-access", 10))
        self.host.vsctl("set", "port", "tap-access", "tag=20")
        with Capture([self.a, trunk]) as capture:
            send(access, ethernet(EVERYBODY, mac_of(5), 0x88B5, b"of VLAN 20"))
            capture.wait_for(self.a, b"of VLAN 20")
            self.assertEqual(capture.frames(trunk, b"of VLAN 20"), [])
        self.host.vsctl("del-port", "tap-access", "--", "del-port", "tap-trunk")

    def test_a_secure_bridge_forwards_nothing_by_itself(self):
        self.assert_reaches(self.a, "10.0.0.2")
        self.host.vsctl("set-fail-mode", "br0", "secure")
        before = dropped(self.host, "admit.unbound", "tap-a")
        self.assert_does_not_reach(self.a, "10.0.0.2")
        self.assert_does_not_reach(self.a, HOST_ADDRESS)
        self.assertGreater(dropped(self.host, "admit.unbound", "tap-a"), before)
        self.host.vsctl("del-fail-mode", "br0")
        self.assert_reaches(self.a, "10.0.0.2")

    def test_ovs_tcpdump(self):
        """Of a bridge's own port and of a fabric's NIC: both directions, and nothing is left behind."""
        for bridge, port, machine, other in (("br0", "tap-a", self.a, "10.0.0.2"), ("br-int", self.nic.port, self.nic, "10.0.0.8")):
            with self.subTest(bridge):
                seen = self.overheard(port, machine, other)
                print(f"ovs-tcpdump -i {port}: {seen}")
                wait_until("the mirror to be gone", lambda b=bridge: self.host.vsctl("get", "bridge", b, "mirrors") == "[]")
                self.assertNotIn(f"mi{port}"[:15], self.host.vsctl("list-ports", bridge).split())

    def overheard(self, port: str, machine: Machine, address: str) -> list[str]:
        command = ["ip", "netns", "exec", self.host.namespace.full_name, "ovs-tcpdump", "--db-sock", self.host.database.remote,
                   "-i", port, "-n", "-c", "4", "arp or icmp"]
        dump = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            wait_until("the mirror", lambda: self.host.vsctl("--bare", "--columns=name", "list", "mirror") == f"m_{port}")

            def asked() -> bool:
                machine.attempt("ip", "neigh", "flush", "dev", "eth0")
                machine.attempt("ping", "-n", "-c", "2", "-i", "0.05", "-W", "0.2", address)
                return dump.poll() is not None
            wait_until("ovs-tcpdump to have seen four frames", asked, 20)
        finally:
            if dump.poll() is None:
                dump.send_signal(signal.SIGINT)
            lines = dump.communicate(timeout=10)[0].splitlines()
        for text in (rf"who-has {address} ", rf"{address} is-at"):
            self.assertTrue(any(re.search(text, line) for line in lines), lines)
        return lines

    def test_a_mirror_that_is_not_built_is_named(self):
        self.expect_warning("select_vlan")
        self.host.vsctl("--", "--id=@m", "create", "mirror", "name=vlans", "select_vlan=10", "--", "set", "bridge", "br0", "mirrors=@m")
        wait_until("it to be named", lambda: "mirror vlans of bridge br0: select_vlan" in self.host.switch.log_text())
        self.host.vsctl("clear", "bridge", "br0", "mirrors")


if __name__ == "__main__":
    main()
