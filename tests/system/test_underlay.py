#!/usr/bin/python3
"""The underlay is the kernel's: whatever on the uplink is not VXLAN for us is answered by it, once, through the tap that
shadows the uplink; and what the kernel learns of routes, neighbours and MTU is followed while packets flow."""

import socket

from harness import SystemTest, main, wait_until
from labkit.host import SHADOW, WIRE, ForeignHost
from labkit.network import inside


class Underlay(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)
        cls.peer = ForeignHost(cls.lab.ledger, "peer", "192.0.2.66")
        cls.peer.create(cls.lab.underlay)

    def tearDown(self) -> None:
        self.assert_reaches(self.a, "10.0.0.2")
        super().tearDown()

    def test_one_arp_reply_and_one_answer_a_ping(self):
        done = self.peer.namespace.attempt("arping", "-c", "3", "-w", "5", "-I", WIRE, self.hosts[0].vtep)
        self.assertIn("Received 3 response(s)", done.stdout)
        ping = self.peer.namespace.attempt("ping", "-n", "-c", "5", "-i", "0.1", "-W", "2", self.hosts[0].vtep).stdout
        self.assertIn("5 received", ping)
        self.assertNotIn("DUP!", ping)

    def test_kernel_says_nothing_of_port_4789(self):
        """No "port unreachable" for what is ours, also while another socket of the host has taken the port (row 70)."""
        with inside(self.hosts[0].namespace.full_name):
            taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            taken.bind(("0.0.0.0", 4789))
        with taken, self.hosts[1].namespace.packet_socket(WIRE) as wire:
            self.assert_reaches(self.b, "10.0.0.1")
            self.assert_reaches(self.a, "10.0.0.2")
            frames = []
            try:
                while True:
                    frames.append(wire.recv(2048))
            except BlockingIOError:
                pass
            self.assertTrue([frame for frame in frames if frame[12:14] == b"\x08\x00" and frame[23] == 17], "the capture has seen VXLAN")
            self.assertEqual([frame for frame in frames if frame[12:14] == b"\x08\x00" and frame[23] == 1], [], "ICMP on the underlay")
            taken.setblocking(False)
            with self.assertRaises(BlockingIOError):
                taken.recv(2048)

    def test_vtep_behind_a_router_that_changes(self):
        """A route by way of a router, then by another one: traffic follows without a restart."""
        routers = [self.make_router(f"router{number}", number) for number in (1, 2)]
        for router in (0, 1, 0):
            for host, other in (self.hosts, reversed(self.hosts)):
                host.namespace.ip("route", "replace", f"{other.vtep}/32", "via", f"192.0.2.{101 + router}", "dev", SHADOW)
            before = self.forwarded(routers[router])
            wait_until("packets by the new way", lambda: self.a.attempt(
                "ping", "-n", "-c", "1", "-W", "1", "10.0.0.2").returncode == 0
                and self.forwarded(routers[router]) >= before + 2)
        for host, other in (self.hosts, reversed(self.hosts)):
            host.namespace.ip("route", "delete", f"{other.vtep}/32")
        for router in routers:
            router.namespace.delete()
        wait_until("packets by the direct way", lambda: self.a.attempt(
            "ping", "-n", "-c", "1", "-W", "1", "10.0.0.2").returncode == 0)

    def test_neighbour_that_changes_its_mac(self):
        host2 = self.hosts[1].namespace
        old = host2.run("cat", f"/sys/class/net/{SHADOW}/address").strip()
        for mac in ("02:00:00:ee:ee:01", old):
            host2.ip("link", "set", SHADOW, "address", mac)
            host2.run("arping", "-U", "-c", "1", "-I", SHADOW, self.hosts[1].vtep)
            wait_until("traffic to the new MAC", lambda: self.a.attempt(
                "ping", "-n", "-c", "1", "-W", "1", "10.0.0.2").returncode == 0)

    def test_underlay_mtu_goes_down_and_up(self):
        """The tenants' MTU follows: a VM's tap says so, and what is too large for the underlay is a named drop at once."""
        for mtu in (1400, 1500):
            for host in self.hosts:
                host.namespace.ip("link", "set", SHADOW, "mtu", str(mtu))
            wait_until(f"the taps' MTU of {mtu - 50}", lambda: (self.a.mtu(), self.b.mtu()) == (mtu - 50, mtu - 50), 10)
            self.assert_reaches(self.a, "10.0.0.2", "-M", "do", "-s", str(mtu - 50 - 28))

    # --- helpers --------------------------------------------------------------------------------------
    def make_router(self, name: str, number: int) -> ForeignHost:
        router = ForeignHost(self.lab.ledger, name, f"192.0.2.{100 + number}")
        router.create(self.lab.underlay)
        router.namespace.sysctl(net__ipv4__ip_forward=1, net__ipv4__conf__all__send_redirects=0,
                                **{f"net__ipv4__conf__{WIRE}__send_redirects": 0})
        return router

    @staticmethod
    def forwarded(router: ForeignHost) -> int:
        lines = [line.split() for line in router.namespace.run("cat", "/proc/net/snmp").splitlines() if line.startswith("Ip:")]
        return int(dict(zip(*lines))["ForwDatagrams"])


if __name__ == "__main__":
    main()
