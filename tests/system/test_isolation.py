#!/usr/bin/python3
"""Two tenants with the same MACs and addresses. Nothing of one arrives at the other, whatever kind of frame it is and
however it is forged; the same frames, in the same run, arrive inside their own tenant."""

from frames import EXPERIMENTAL, Station, forged, has_mark, of_every_kind, vxlan
from harness import Capture, SystemTest, dropped, main, send
from labkit.capture import ethernet, mac_bytes
from labkit.host import SHADOW, WIRE, ForeignHost


class Isolation(SystemTest):
    @classmethod
    def prepare(cls):
        host1, host2 = cls.hosts
        cls.vms = {}
        for tenant in ("acme", "globex"):
            cls.make_network(f"{tenant}/lan")
            cls.vms[tenant] = [cls.make_machine(host, f"{tenant}/lan", f"vm{number}", number)
                               for number, host in ((1, host1), (2, host2), (3, host1))]
        cls.everybody = [machine for machines in cls.vms.values() for machine in machines]
        # Somebody on the underlay with a VTEP of his own, not known to the fabric, and one that is: it has acme's vm4.
        cls.stranger = ForeignHost(cls.lab.ledger, "stranger", "192.0.2.66")
        cls.stranger.create(cls.lab.underlay)
        cls.known = cls.lab.add_foreign_host("known", "192.0.2.99")
        cls.lab.ctl("nic", "bind", cls.make_nic("acme/lan", "vm4", 4), "known", "--wait=hosts")
        cls.vni = {tenant: cls.lab.show("network", f"{tenant}/lan")["vni"] for tenant in cls.vms}

        cls.expect_warning(r"is claimed by port")

    def test_every_kind_of_frame_stays_inside(self):
        for tenant, (first, second, third) in self.vms.items():
            others = [machine for machine in self.everybody if machine not in self.vms[tenant]]
            for target, number in ((second, 2), (third, 3)):
                mark = f"{tenant} to {target.name}".encode()
                for name, frame in of_every_kind(Station(1), Station(number), mark).items():
                    with self.subTest(name, tenant=tenant, target=target.name), Capture(self.everybody) as capture:
                        needle = mark if has_mark(name) else frame
                        send(first, frame)
                        capture.wait_for(target, needle)
                        self.assert_nowhere(capture, others, needle)

    def test_forged_frames_arrive_nowhere(self):
        for tenant, (first, second, third) in self.vms.items():
            mark = f"forged by {tenant}".encode()
            for name, (frame, drop) in forged(Station(1), Station(3), Station(2), mark).items():
                with self.subTest(name, tenant=tenant), Capture(self.everybody) as capture:
                    before = dropped(self.hosts[0], drop, first.port)
                    send(first, frame)
                    self.wait_for_drop(self.hosts[0], drop, first.port, before + 1)
                    self.barrier(capture, first, second, third)
                    self.assert_nowhere(capture, self.everybody, mark)

    def test_unicast_to_an_address_of_the_other_tenant_alone(self):
        """acme's vm4 has a MAC that globex does not: there it is unknown, and stays with globex."""
        frame = ethernet("02:00:00:00:00:04", "02:00:00:00:00:01", EXPERIMENTAL, b"for acme's vm4")
        with Capture(self.everybody) as capture:
            send(self.vms["globex"][0], frame)
            capture.wait_for(self.vms["globex"][1], b"for acme's vm4")
            self.assert_nowhere(capture, self.vms["acme"], b"for acme's vm4")
        self.assert_does_not_reach(self.vms["globex"][0], "10.0.0.4")

    def test_forged_vxlan_from_the_underlay(self):
        vm4, vm2, vm1 = Station(4), Station(2), Station(1)
        host1 = self.hosts[0]
        inner = ethernet(vm1.mac, vm4.mac, EXPERIMENTAL, b"forged on the underlay")
        of_vm2 = ethernet(vm1.mac, vm2.mac, EXPERIMENTAL, b"forged on the underlay")
        group = ethernet(vm1.mac, "03:00:00:00:00:01", EXPERIMENTAL, b"forged on the underlay")
        acme, globex = self.vni["acme"], self.vni["globex"]
        attempts = {
            "a VTEP that nobody knows": (self.stranger, vxlan("192.0.2.66", host1.vtep, acme, inner), "tunnel.unknown_vtep"),
            "a known VTEP, its address taken by a stranger, with a MAC of another host's":
                (self.stranger, vxlan("192.0.2.2", host1.vtep, acme, inner), "tunnel.mac_spoof"),
            "our own address": (self.stranger, vxlan(host1.vtep, host1.vtep, acme, inner), "tunnel.self"),
            "a MAC that stands at another VTEP": (self.known, vxlan("192.0.2.99", host1.vtep, acme, of_vm2), "tunnel.mac_spoof"),
            "a MAC that stands at this VTEP, in the other tenant's segment":
                (self.known, vxlan("192.0.2.99", host1.vtep, globex, inner), "tunnel.mac_spoof"),
            "a VNI of no segment": (self.known, vxlan("192.0.2.99", host1.vtep, 0xABCDEF, inner), "tunnel.unknown_vni"),
            "no VNI flag": (self.known, vxlan("192.0.2.99", host1.vtep, acme, inner, flags=0), "tunnel.flags"),
            "a group as the source": (self.known, vxlan("192.0.2.99", host1.vtep, acme, group), "tunnel.src_mac"),
            "an inner frame without its header": (self.known, vxlan("192.0.2.99", host1.vtep, acme, inner[:13]), "tunnel.truncated"),
        }
        for name, (sender, packet, drop) in attempts.items():
            with self.subTest(name), Capture(self.everybody) as capture:
                before = dropped(host1, drop, "uplink")
                self.send_on_underlay(sender, packet)
                self.wait_for_drop(host1, drop, "uplink", before + 1)
                self.barrier(capture, self.vms["acme"][1], self.vms["acme"][0])
                self.assert_nowhere(capture, self.everybody, b"forged on the underlay")
        with self.subTest("and what is right arrives"), Capture(self.everybody) as capture:
            self.send_on_underlay(self.known, vxlan("192.0.2.99", host1.vtep, acme, inner))
            capture.wait_for(self.vms["acme"][0], b"forged on the underlay")
            self.assert_nowhere(capture, self.everybody[1:], b"forged on the underlay")

    def test_guests_do_not_reach_the_underlay(self):
        """Inner packets to VTEP addresses are tenant data like any other."""
        first = self.vms["acme"][0]
        first.namespace.ip("route", "add", "192.0.2.0/24", "dev", "eth0")
        try:
            for host in self.hosts:
                self.assert_does_not_reach(first, host.vtep)
        finally:
            first.namespace.ip("route", "delete", "192.0.2.0/24", "dev", "eth0")

    # --- helpers ------------------------------------------------------------------------------------
    def send_on_underlay(self, sender: ForeignHost, packet: bytes) -> None:
        target = self.hosts[0].namespace.run("cat", f"/sys/class/net/{SHADOW}/address").strip()
        source = sender.namespace.run("cat", f"/sys/class/net/{WIRE}/address").strip()
        with sender.namespace.packet_socket(WIRE, protocol=0) as raw:
            raw.send(mac_bytes(target) + mac_bytes(source) + b"\x08\x00" + packet)

    def barrier(self, capture, sender, *targets) -> None:
        """When a later frame of the same way has arrived, an earlier one would have as well."""
        for target in targets:
            mark = f"barrier {sender.name} {target.name}".encode()
            send(sender, ethernet(target.mac, sender.mac, EXPERIMENTAL, mark))
            capture.wait_for(target, mark)

    def assert_nowhere(self, capture, machines, mark) -> None:
        self.assertEqual([machine.name for machine in machines if capture.frames(machine, mark)], [])


if __name__ == "__main__":
    main()
