#!/usr/bin/python3
"""Networks behind edge routers, in every mode, over two hosts: who reaches whom by TCP, UDP and ICMP, who is denied, what
traceroute and path MTU discovery see.

    front 10.1.0.0/24 --- gw --- back 10.2.0.0/24            two routed networks of the organization's edge
      |         |                  |
    fenced    natted             plain                       vApp networks: fenced; 192.168.5.0/24 one-to-one;
                                                             10.9.0.0/24 without translation
"""

import json
import re

from harness import SystemTest, main, wait_until
from labkit.quickstart import transfer


class Edges(SystemTest):
    UNDERLAY_MTU = 9200  # so that networks have 9150 where they are not told another

    @classmethod
    def prepare(cls):
        ctl, (host1, host2) = cls.lab.ctl, cls.hosts
        ctl("org", "create", "acme")
        ctl("edge", "create", "acme/gw")
        for name, number in (("front", 1), ("back", 2)):
            ctl("network", "create", f"acme/{name}", "--subnet", f"10.{number}.0.0/24", "--gateway", f"10.{number}.0.1",
                "--subnet", f"fd0{number}::/64", "--gateway", f"fd0{number}::1",
                "--range", f"10.{number}.0.100-10.{number}.0.199", "--range", f"fd0{number}::100-fd0{number}::1ff")
            ctl("edge", "attach", "acme/gw", f"acme/{name}")
        cls.fenced_network = cls.make_vapp("fenced", "front", "fenced")
        cls.natted_network = cls.make_vapp("natted", "front", "nat-routed", "--translation", "one-to-one", "--subnet",
                                           "192.168.5.0/24", "--gateway", "192.168.5.1", "--subnet", "fd55::/64", "--gateway", "fd55::1")
        cls.plain_network = cls.make_vapp("plain", "back", "nat-routed", "--translation", "none", "--subnet",
                                          "10.9.0.0/24", "--gateway", "10.9.0.1", "--subnet", "fd09::/64", "--gateway", "fd09::1")
        cls.front = cls.make_vm(host1, "acme/default/front1", ["--network", "front"], 1, "10.1.0", "fd01::")
        cls.front2 = cls.make_vm(host2, "acme/default/front2", ["--network", "front"], 2, "10.1.0", "fd01::")
        cls.back = cls.make_vm(host2, "acme/default/back1", ["--network", "back"], 3, "10.2.0", "fd02::")
        cls.back2 = cls.make_vm(host1, "acme/default/back2", ["--network", "back"], 4, "10.2.0", "fd02::")
        cls.fenced = cls.make_vm(host1, "acme/fenced/inner", ["--vapp-network", "lan"], 5, "10.1.0", "fd01::")
        cls.natted = cls.make_vm(host2, "acme/natted/hidden", ["--vapp-network", "lan"], 6, "192.168.5", "fd55::")
        cls.plain = cls.make_vm(host1, "acme/plain/open", ["--vapp-network", "lan"], 7, "10.9.0", "fd09::")
        nics = {nic["port_name"]: nic for nic in cls.lab.list("nic")}

        def reached_at(machine, port_name):
            found = nics[port_name]["outside_addresses"] or nics[port_name]["addresses"]
            return sorted(found, key=lambda address: ":" in address)
        cls.at = {machine: reached_at(machine, machine.iface_id) for machine in
                  (cls.front, cls.front2, cls.back, cls.back2, cls.fenced, cls.natted, cls.plain)}
        ctl("sync", "--wait=hosts")

    @classmethod
    def make_vapp(cls, name, parent, mode, *options):
        cls.lab.ctl("vapp", "create", f"acme/{name}")
        cls.lab.ctl("vapp-network", "create", f"acme/{name}/lan", "--mode", mode, "--parent", parent, *options)
        return f"acme/{name}/lan"

    @classmethod
    def make_vm(cls, host, vm, network, number, prefix4, prefix6):
        mac, four, six = f"02:00:00:00:02:{number:02x}", f"{prefix4}.{number + 10}", f"{prefix6}{number + 10:x}"
        cls.lab.ctl("nic", "create", vm, *network, "--mac", mac, "--ip", four, "--ip", six)
        machine = cls.lab.plug(host, vm.rsplit("/", 1)[1], f"{vm}/0", mac, [f"{four}/24", f"{six}/64"],
                               gateways=(f"{prefix4}.1", f"{prefix6}1"))
        machine.iface_id = f"{vm}/0"
        return machine

    def set_inbound(self, **policies):
        for name, policy in policies.items():
            noun, path = {"front": ("network", "acme/front"), "back": ("network", "acme/back")}.get(
                name, ("vapp-network", f"acme/{name}/lan"))
            self.lab.ctl(noun, "set", path, "--inbound", policy)
        self.lab.ctl("sync", "--wait=hosts")

    def test_1_all_is_denied_inbound_and_allowed_outbound(self):
        """The default: a sibling network of the same edge counts as outside, too."""
        for source, target in ((self.front, self.back), (self.back, self.front), (self.front, self.fenced),
                               (self.front, self.natted), (self.back, self.plain), (self.front2, self.fenced)):
            with self.subTest(f"{source.name} to {target.name}"):
                self.assert_does_not_reach(source, self.at[target][0])
        for source in (self.fenced, self.natted):
            with self.subTest(f"{source.name} to front"):
                self.assert_reaches(source, self.at[self.front][0])
                self.assert_reaches(source, self.at[self.front2][1])

    def test_2_one_direction_allowed_the_reverse_denied(self):
        self.set_inbound(back="allow")
        for source in (self.front, self.front2):
            for target in (self.back, self.back2):
                for address in self.at[target]:
                    with self.subTest(f"{source.name} to {address}"):
                        self.assert_reaches(source, address)
        for address in self.at[self.front]:
            self.assert_does_not_reach(self.back, address)
            self.assert_does_not_reach(self.back2, address)

    def test_3_everybody_reaches_everybody_when_all_is_allowed(self):
        """Each mode and both families; a fenced vApp reaches a nat-routed one through the organization's edge."""
        self.set_inbound(front="allow", back="allow", fenced="allow", natted="allow", plain="allow")
        for source in self.at:
            for target, addresses in self.at.items():
                if source is target and target not in (self.fenced, self.natted):
                    continue
                for address in addresses:
                    with self.subTest(f"{source.name} to {target.name} at {address}"):
                        self.assert_reaches(source, address)

    def test_4_tcp_and_udp(self):
        for source, target in ((self.front, self.back), (self.front, self.fenced), (self.fenced, self.natted),
                               (self.natted, self.plain), (self.plain, self.fenced), (self.back2, self.natted)):
            for address in self.at[target]:
                with self.subTest(f"{source.name} to {target.name} at {address}"):
                    gigabits, megabytes = transfer(self.lab, source, target, address, seconds=1)
                    print(f"TCP {source.name} to {target.name} ({address}): {megabytes:.0f} MB at {gigabits:.2f} Gbit/s")
                    self.assertGreater(megabytes, 5)
                    self.assert_udp(source, target, address)

    def test_4b_one_entry_a_port_however_many_routers(self):
        """From a fence through the organization's edge into another vApp's network: three routers, and one entry at each end."""
        for source, target in ((self.fenced, self.natted), (self.fenced, self.plain), (self.plain, self.natted)):
            with self.subTest(f"{source.name} to {target.name}"):
                for machine in (source, target):
                    machine.host.appctl("ringfence/connections", "flush", machine.port)
                self.assert_udp(source, target, self.at[target][0])
                for machine in (source, target):
                    entries = self.udp_entries(machine)
                    self.assertEqual(len(entries), 1, entries)
                    self.assertEqual((entries[0]["sent"]["packets"], entries[0]["received"]["packets"]), (1, 1), entries)

    def test_5_traceroute_names_every_router(self):
        own = {name: self.own_address(name) for name in ("fenced", "natted", "plain")}
        ways = ((self.front, self.back, ["10.1.0.1"]), (self.fenced, self.front2, [own["fenced"]]),
                (self.fenced, self.natted, [own["fenced"], own["natted"]]),
                (self.fenced, self.plain, [own["fenced"], "10.1.0.1", own["plain"]]),
                (self.plain, self.natted, ["10.9.0.1", "10.2.0.1", own["natted"]]))
        for source, target, routers in ways:
            with self.subTest(f"{source.name} to {target.name}"):
                for how in ("-I", "-U"):
                    text = source.run("traceroute", "-n", how, "-q", "1", "-w", "2", self.at[target][0])
                    hops = re.findall(r"^ *\d+  (\S+)", text, re.MULTILINE)
                    self.assertEqual(hops, [*routers, self.at[target][0]], text)

    def test_6_every_router_answers_pings_at_its_own_addresses(self):
        for machine, addresses in ((self.front, ("10.1.0.1", "fd01::1", "10.2.0.1")), (self.back, ("10.2.0.1", "fd02::1")),
                                   (self.natted, ("192.168.5.1", "fd55::1", "10.1.0.1")),
                                   (self.fenced, ("10.1.0.1", "fd01::1")), (self.plain, ("10.9.0.1", "10.2.0.1"))):
            for address in addresses:
                with self.subTest(f"{machine.name} to {address}"):
                    self.assert_reaches(machine, address)

    def test_7_path_mtu(self):
        """The router before the small network says how large a packet may be, through fences and translation."""
        for mtu in (9000, 1450, 1280):
            self.lab.ctl("network", "set", "acme/back", "--mtu", str(mtu), "--wait=hosts")
            for source in (self.front, self.fenced, self.natted):
                for address in self.at[self.back]:
                    with self.subTest(f"{source.name} to {address}, MTU {mtu}"):
                        source.namespace.ip(*(["-6"] if ":" in address else []), "route", "flush", "cache")
                        text = source.run("tracepath", "-n", address, timeout=40)
                        self.assertIn(f"pmtu {mtu}", text.splitlines()[-1], text)
        self.lab.ctl("network", "set", "acme/back", "--mtu", "none", "--wait=hosts")

    def test_8_fragments_cross(self):
        """A datagram of five fragments each way (rule 8)."""
        for source, target in ((self.front, self.back), (self.fenced, self.natted), (self.plain, self.fenced)):
            for address in self.at[target]:
                with self.subTest(f"{source.name} to {target.name} at {address}"):
                    self.assert_reaches(source, address, "-s", "40000")

    def test_9_switching_a_mode_touches_nobody_else(self):
        """fenced becomes isolated and fenced again while others talk."""
        ping = self.natted.namespace.spawn("ping", "-n", "-i", "0.02", "-c", "400", "-q", self.at[self.back][0],
                                           log=self.lab.ledger.directory / "ping-natted.out")
        self.lab.ctl("vapp-network", "set", self.fenced_network, "--mode", "isolated", "--wait=hosts")
        self.assert_does_not_reach(self.front, self.at[self.fenced][0])
        self.lab.ctl("vapp-network", "set", self.fenced_network, "--mode", "fenced", "--parent", "front", "--wait=hosts")
        outside = self.lab.show("nic", self.fenced.iface_id)["outside_addresses"]
        self.set_inbound(fenced="allow")
        for address in outside:
            self.assert_reaches(self.front, address)
        ping.wait(30)
        text = (self.lab.ledger.directory / "ping-natted.out").read_text(encoding="utf-8")
        self.assertIn("400 received, 0% packet loss", text, "natted lost packets while fenced was switched")

    # --- helpers ------------------------------------------------------------------------------------
    def own_address(self, vapp) -> str:
        """The IPv4 address of a vApp network's edge on its parent network."""
        shown = self.lab.show("edge", f"acme/{vapp}/lan")
        outside = [address for addresses in shown["addresses"].values() for text in [addresses]
                   for address in (text if isinstance(text, list) else text.split(",")) if address.startswith(("10.1.0.", "10.2.0."))]
        return outside[0].split("/")[0]

    def udp_entries(self, machine):
        """Of the machine's port, those of assert_udp's conversation."""
        listed = json.loads(machine.host.appctl("ringfence/connections", machine.port, "--format=json"))
        return [entry for entry in listed if 7777 in (entry["source_port"], entry["destination_port"])]

    def assert_udp(self, source, target, address):
        """A datagram and its answer."""
        echo = ("import socket; s = socket.socket({0}, socket.SOCK_DGRAM); s.settimeout(5); s.bind(('', 7777)); "
                "d, a = s.recvfrom(2000); s.sendto(d[::-1], a)")
        ask = ("import socket; s = socket.socket({0}, socket.SOCK_DGRAM); s.settimeout(5); "
               "s.sendto(b'hello', ('{1}', 7777)); print(s.recvfrom(2000)[0].decode())")
        family = "socket.AF_INET6" if ":" in address else "socket.AF_INET"
        server = target.namespace.spawn("/usr/bin/python3", "-c", echo.format(family), log=self.lab.ledger.directory / "udp.out")
        wait_until("the UDP server", lambda: ":7777" in target.run("ss", "-Hlun"))
        self.assertEqual(source.run("/usr/bin/python3", "-c", ask.format(family, address)).strip(), "olleh")
        server.wait(5)


if __name__ == "__main__":
    main()
