#!/usr/bin/python3
"""An underlay of IPv6, and of both families: host1 has both, host2 IPv6 alone, host3 IPv4 alone; and a kernel's VXLAN over
IPv6. Between any two the family that both have carries the tenants; two that have none in common say so."""

import re
import struct

from harness import SystemTest, main, wait_until
from labkit import ovs
from labkit.host import SHADOW, WIRE, ForeignHost
from labkit.quickstart import transfer

MTU = 1500 - 70  # of the tenants


class Underlay6(SystemTest):
    VTEPS = ("192.0.2.1,2001:db8::1", "2001:db8::2")

    @classmethod
    def prepare(cls):
        cls.host1, cls.host2 = cls.hosts
        cls.host3 = cls.lab.add_host("host3", vteps="192.0.2.3")
        cls.hosts.append(cls.host3)
        cls.make_network("acme/lan")
        cls.machines = [cls.make_machine(host, "acme/lan", f"vm{number}", number) for number, host in enumerate(cls.hosts, 1)]
        cls.kernel = cls.lab.add_foreign_host("kernel", "2001:db8::99")
        iface_id = cls.make_nic("acme/lan", "there", 9)
        cls.lab.ctl("nic", "bind", iface_id, "kernel", "--wait=hosts")
        cls.there = cls.lab.add_machine("acme-there", "02:00:00:00:00:09", ["10.0.0.9/24", "fd00::9/64"])
        vni = cls.lab.show("network", "acme/lan")["vni"]
        cls.kernel.add_vxlan("vxlan0", vni, ["2001:db8::1", "2001:db8::2"], cls.there.namespace, MTU)
        cls.there.configure("vxlan0")
        cls.make_ovs_host(vni)
        wait_until("the taps' MTU", lambda: {machine.mtu() for machine in cls.machines} == {MTU}, 10)

    @classmethod
    def make_ovs_host(cls, vni: int) -> None:
        """Open vSwitch's userspace datapath, with a tunnel to host1."""
        cls.lab.ctl("host", "add", "ovs", "--kind", "foreign", "--vtep", "2001:db8::98")
        cls.lab.ctl("nic", "bind", cls.make_nic("acme/lan", "by-ovs", 8), "ovs", "--wait=hosts")
        cls.by_ovs = cls.lab.add_machine("acme-by-ovs", "02:00:00:00:00:08", ["10.0.0.8/24", "fd00::8/64"])
        foreign = ovs.OvsHost(cls.lab.ledger, "ovs", "2001:db8::98")
        foreign.create(cls.lab.underlay)
        foreign.add_tunnel("2001:db8::1", vni)
        foreign.plug(cls.by_ovs, MTU)

    def test_both_families_of_tenants_cross_both_of_the_underlay(self):
        one, two, three = self.machines
        for machine, number in ((one, 2), (two, 1), (one, 3), (three, 1), (one, 9), (two, 9), (self.there, 1), (self.there, 2),
                                (one, 8), (self.by_ovs, 1)):
            for address in (f"10.0.0.{number}", f"fd00::{number}"):
                with self.subTest(f"{machine.name} to {address}"):
                    self.assert_reaches(machine, address, "-M", "do", "-s", str(MTU - (48 if ":" in address else 28)))

    def test_tcp(self):
        one, two, _ = self.machines
        for client, server, address in ((one, two, "10.0.0.2"), (one, self.there, "10.0.0.9"), (self.there, two, "fd00::2"),
                                       (one, self.by_ovs, "10.0.0.8"), (self.by_ovs, one, "fd00::1")):
            with self.subTest(f"{client.name} to {server.name}"):
                gigabits, megabytes = transfer(self.lab, client, server, address, seconds=1)
                print(f"TCP {client.name} to {address}: {megabytes:.0f} MB at {gigabits:.2f} Gbit/s")
                self.assertGreater(megabytes, 5)

    def test_two_hosts_without_a_family_in_common_say_so(self):
        """Neither is silent about it, and neither tunnels to the other; what is sent there is a named drop."""
        for host, other in ((self.host2, "host3"), (self.host3, "host2")):
            self.assertIn(f"host {other}: none of its VTEP addresses", host.appctl("ringfence/fabric"))
        self.assert_does_not_reach(self.machines[1], "10.0.0.3")
        self.assertIn("tunnel.no_neighbour", self.host2.appctl("ringfence/drops"))

    def test_checksum_on_the_wire(self):
        """UDP over IPv6 has one, unless the operator says otherwise on both hosts; the kernel's vxlan takes none by default."""
        one, two, _ = self.machines
        for setting, expected in (("zero", {0}), ("full", None)):
            for host in (self.host1, self.host2):
                host.vsctl("set", "Open_vSwitch", ".", f"external_ids:ringfence-encap-udp6-checksum={setting}")
            with self.host2.namespace.packet_socket(WIRE) as wire:
                self.assert_reaches(one, "10.0.0.2")
                seen = set(self.checksums(wire))
            self.assertEqual(seen == expected if expected else 0 not in seen and bool(seen), True, f"{setting}: {seen}")
        self.assert_reaches(self.there, "10.0.0.1")

    def test_several_ways_carry_one_flow_each(self):
        """Two routers to host2's VTEP: flows are spread over both; when one stops answering, its flows go by the other."""
        routers = [self.make_router(number) for number in (1, 2)]
        for host, other in ((self.host1, "2001:db8::2"), (self.host2, "2001:db8::1")):
            host.namespace.ip("-6", "route", "add", f"{other}/128", *(word for number in (1, 2) for word in (
                "nexthop", "via", f"2001:db8::10{number}", "dev", SHADOW)))
        wait_until("two ways", lambda: "and 1 more" in self.log_of(self.host1) and "and 1 more" in self.log_of(self.host2))
        one = self.machines[0]

        def flows() -> None:
            one.run("python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                    "for port in range(1000, 1064): s.sendto(b'x', ('10.0.0.2', port))")
        before = [self.forwarded(router) for router in routers]
        flows()
        wait_until("all flows", lambda: sum(self.forwarded(router) for router in routers) - sum(before) >= 64)
        for router, count in zip(routers, before):
            self.assertGreater(self.forwarded(router) - count, 16, "of 64 flows")
        routers[0].namespace.delete()
        for host in (self.host1, self.host2):
            host.namespace.ip("-6", "neigh", "replace", "2001:db8::101", "dev", SHADOW, "nud", "failed")
        wait_until("all flows by the other", lambda: one.attempt("ping", "-n", "-c", "20", "-i", "0.01", "-W", "1", "10.0.0.2").returncode == 0)
        for host, other in ((self.host1, "2001:db8::2"), (self.host2, "2001:db8::1")):
            host.namespace.ip("-6", "route", "delete", f"{other}/128")
        routers[1].namespace.delete()
        wait_until("the direct way", lambda: one.attempt("ping", "-n", "-c", "3", "-i", "0.05", "-W", "1", "10.0.0.2").returncode == 0)

    def test_link_and_neighbour_change(self):
        """host2's uplink loses its link and gets it back, then its MAC changes (row 77)."""
        one = self.machines[0]

        def reaches() -> bool:
            return one.attempt("ping", "-n", "-c", "1", "-W", "1", "10.0.0.2").returncode == 0
        shadow = self.host2.namespace
        shadow.ip("link", "set", SHADOW, "down")
        wait_until("host2 to notice", lambda: "is down" in self.host2.appctl("ringfence/fabric") or "no route" in self.host2.appctl("ringfence/fabric"))
        shadow.ip("link", "set", SHADOW, "up")
        shadow.ip("address", "replace", "2001:db8::2/64", "nodad", "dev", SHADOW)
        wait_until("packets after the link is back", reaches, 15)
        old = shadow.run("cat", f"/sys/class/net/{SHADOW}/address").strip()
        for mac in ("02:00:00:ee:ee:02", old):
            shadow.ip("link", "set", SHADOW, "address", mac)
            self.host1.namespace.ip("-6", "neigh", "flush", "dev", SHADOW)
            wait_until("traffic to the new MAC", reaches, 15)

    # --- helpers --------------------------------------------------------------------------------------
    def make_router(self, number: int) -> ForeignHost:
        router = ForeignHost(self.lab.ledger, f"router{number}", f"2001:db8::10{number}")
        router.create(self.lab.underlay)
        router.namespace.sysctl(net__ipv6__conf__all__forwarding=1)
        return router

    @staticmethod
    def forwarded(router: ForeignHost) -> int:
        return int(re.search(r"Ip6OutForwDatagrams\s+(\d+)", router.namespace.run("cat", "/proc/net/snmp6"))[1])

    @staticmethod
    def log_of(host) -> str:
        return (host.directory / "ringfence-vswitchd.log").read_text(encoding="utf-8")

    @staticmethod
    def checksums(wire) -> list[int]:
        """Of the UDP packets over IPv6 that the socket has seen."""
        found = []
        try:
            while True:
                frame = wire.recv(2048)
                if frame[12:14] == b"\x86\xdd" and frame[20] == 17:
                    found.append(struct.unpack("!H", frame[60:62])[0])
        except BlockingIOError:
            return found


if __name__ == "__main__":
    main()
