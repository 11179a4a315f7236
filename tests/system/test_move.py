#!/usr/bin/python3
"""NICs that move between hosts while they talk (DESIGN §5, "A port that moves"): a VM is a namespace whose bridge eth0 has
one of two taps, each of another host's; which one it has is where it runs. It speaks first, as a VM does that has moved."""

import json

from conversation import Conversation, Download, Echo, Source
from harness import Host, Machine, SystemTest, main, wait_until
from labkit.capture import ethernet
from labkit.shell import run

DESK = "10.0.0.9"


class Guest:
    """A VM with a tap on each of two hosts."""

    def __init__(self, test: type["Move"], name: str, iface_id: str, mac: str, address: str):
        self.machine: Machine = test.lab.add_machine(name, mac, [address])
        self.iface_id, self.mac, self._lab = iface_id, mac, test.lab
        ip = self.machine.namespace.ip
        ip("link", "add", "eth0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        ip("link", "set", "eth0", "address", mac, "mtu", "1450", "up")
        # A bridge that has lost its last port is without carrier for up to a second, however soon it has another: it keeps one.
        ip("link", "add", "keep0", "type", "veth", "peer", "name", "keep1")
        ip("link", "set", "keep0", "master", "eth0", "up")
        ip("link", "set", "keep1", "up")
        ip("address", "add", address, "dev", "eth0")

    def tap(self, host: Host) -> str:
        return f"{self.machine.name[:8]}-{host.name}"

    def plug(self, host: Host, expected: str, seen) -> None:
        """The port on the host; once `seen()`, its tap is in the VM, with nothing on it."""
        tap = self.tap(host)
        host.vsctl("--if-exists", "del-port", tap, "--", "add-port", "br-int", tap, "--", "set", "interface", tap, "type=tap",
                   f"external_ids:iface-id={self.iface_id}")
        wait_until(f"{self.iface_id}: {expected}", seen, 15)
        if not self.has(tap):  # unplugged and plugged in one transaction it stays where it is
            host.namespace.ip("link", "set", tap, "netns", self.machine.namespace.full_name)
        self.machine.namespace.ip("link", "set", tap, "mtu", "1450", "up")

    def has(self, tap: str) -> bool:
        return any(link["ifname"] == tap for link in json.loads(self.machine.namespace.ip("-json", "link", "show")))

    def unplug(self, host: Host) -> None:
        host.vsctl("del-port", "br-int", self.tap(host))

    def run_on(self, host: Host, other: Host | None = None) -> None:
        if other:
            self.machine.namespace.ip("link", "set", self.tap(other), "nomaster")
        self.machine.namespace.ip("link", "set", self.tap(host), "master", "eth0")

    def say_from(self, host: Host) -> None:
        """A frame of the VM's out of that tap, whether it runs there or not."""
        with self.machine.namespace.packet_socket(self.tap(host), protocol=0) as raw:
            raw.send(ethernet("ff:ff:ff:ff:ff:ff", self.mac, 0x8035, b"like RARP"))


class Move(SystemTest):
    HOSTS = 3

    @classmethod
    def prepare(cls):
        cls.one, cls.two, cls.three = cls.hosts
        ctl = cls.lab.ctl
        cls.make_network("acme/office", "--range", "10.0.0.100-10.0.0.199")
        cls.desk = cls.make_machine(cls.three, "acme/office", "desk", 9)
        cls.roamer = Guest(cls, "roamer", cls.make_nic("acme/office", "roamer", 1), "02:00:00:00:00:01", "10.0.0.1/24")
        ctl("vapp", "create", "acme/shop")
        ctl("vapp-network", "create", "acme/shop/front", "--mode", "fenced", "--parent", "office", "--inbound", "allow")
        ctl("nic", "create", "acme/shop/web", "--vapp-network", "front", "--mac", "02:00:00:00:01:05", "--ip", "10.0.0.5")
        cls.web = Guest(cls, "web", "acme/shop/web/0", "02:00:00:00:01:05", "10.0.0.5/24")
        ctl("vapp-network", "create", "acme/shop/back", "--mode", "fenced", "--parent", "office")  # nothing comes in
        ctl("nic", "create", "acme/shop/db", "--vapp-network", "back", "--mac", "02:00:00:00:01:06", "--ip", "10.0.0.6")
        cls.db = Guest(cls, "db", "acme/shop/db/0", "02:00:00:00:01:06", "10.0.0.6/24")
        cls.guests = [cls.roamer, cls.web, cls.db]
        for guest in cls.guests:
            guest.plug(cls.one, "to be on host1", lambda guest=guest: cls.placement(guest) == ("host1", ""))
            guest.run_on(cls.one)
        cls.outside = next(address for nic in cls.lab.list("nic") if nic["port_name"] == "acme/shop/web/0"
                           for address in nic["outside_addresses"] if ":" not in address)

    def test_1_connections_go_on_when_a_nic_moves(self):
        """Untranslated and 1:1, begun by either end, and a download of which the far end alone has to say something, through
        a fence that lets nothing in; the gap of each is measured."""
        ends = {"untranslated, the NIC's": (self.roamer.machine, self.desk, DESK),
                "untranslated, to the NIC": (self.desk, self.roamer.machine, "10.0.0.1"),
                "1:1, the NIC's": (self.web.machine, self.desk, DESK),
                "1:1, to the NIC": (self.desk, self.web.machine, self.outside)}
        for guest in self.guests:
            guest.plug(self.two, "to move to host2", lambda guest=guest: self.placement(guest) == ("host1", "host2"))
        talks = {}
        servers = [Echo(machine, 7) for machine in (self.desk, self.roamer.machine, self.web.machine)]
        servers.append(Source(self.desk, 19))
        try:
            for name, (client, _, address) in ends.items():
                talks[name] = Conversation(client, address, 7).__enter__()
            talks["1:1, a download"] = Download(self.db.machine, DESK, 19).__enter__()
            for talk in talks.values():
                wait_until("the conversation to begin", lambda talk=talk: len(talk.heard) > 50)
            for guest in self.guests:
                guest.run_on(self.two, self.one)
            self.db.say_from(self.two)  # who reads has nothing to say, but that it is here, as hypervisors do
            before = {name: len(talk.heard) for name, talk in talks.items()}
            for name, talk in talks.items():
                wait_until(f"{name}: the conversation to go on", lambda name=name, talk=talk: len(talk.heard) > before[name] + 100, 10)
        finally:
            for talk in talks.values():
                talk.__exit__()
            for server in servers:
                server.__exit__()
        for name, talk in talks.items():
            print(f"{name}: {len(talk.heard)} times heard, longest gap {talk.longest_gap() * 1000:.0f} ms")
            self.assertLess(talk.longest_gap(), 3, name)
        for guest in self.guests:
            self.assertEqual(self.placement(guest), ("host2", ""))
            self.assertIn("bound to host host2", self.one.interface(guest.tap(self.one), "error")["error"])

    def test_2_what_the_old_host_still_sends_is_told_and_takes_nothing_back(self):
        self.roamer.say_from(self.one)
        wait_until("the old host's error", lambda: "has moved to host host2" in str(
            self.one.interface(self.roamer.tap(self.one), "error")["error"]), 10)
        event = wait_until("an event", lambda: [event for event in self.lab.list("event") if event["kind"] == "second-claim"], 10)[-1]
        self.assertEqual(set(event["hosts"]), {"host1", "host2"})
        self.assertEqual(self.placement(self.roamer), ("host2", ""))
        self.assert_reaches(self.roamer.machine, DESK)

    def test_3_plugged_in_anew_it_moves_back(self):
        self.roamer.plug(self.one, "to move to host1", lambda: self.placement(self.roamer) == ("host2", "host1"))
        self.assert_reaches(self.roamer.machine, DESK)  # where it still is
        self.roamer.run_on(self.one, self.two)

        def has_moved() -> bool:
            self.roamer.say_from(self.one)
            return self.placement(self.roamer) == ("host1", "")
        wait_until("the move", has_moved)
        self.assert_reaches(self.roamer.machine, DESK)
        self.assert_reaches(self.desk, "10.0.0.1")

    def test_4_a_claim_from_outside_the_data_center_takes_nothing(self):
        self.lab.ctl("vdc", "set", "acme/default", "--host", "host1", "--host", "host3", "--wait=hosts")
        self.web.unplug(self.one)
        self.roamer.unplug(self.two)
        tap = self.roamer.tap(self.two)
        self.roamer.plug(self.two, "an error", lambda: "bound to host host1" in str(self.two.interface(tap, "error")["error"]))
        wait_until("an event", lambda: [event for event in self.lab.list("event") if event["kind"] == "claim-outside-data-center"
                                        and set(event["hosts"]) >= {"host1", "host2"}], 10)
        self.roamer.say_from(self.two)
        self.assert_reaches(self.roamer.machine, DESK)
        self.assertEqual(self.placement(self.roamer), ("host1", ""))
        self.assertIn("bound to host host1", self.two.interface(tap, "error")["error"], "by this plug it has not moved away")
        self.lab.ctl("vdc", "set", "acme/default", "--host", "none", "--wait=controller")

    @classmethod
    def placement(cls, guest: Guest) -> tuple[str, str]:
        """Host and candidate of the logical port; "" = none."""
        query = ["Ringfence_Southbound", {"op": "select", "table": "Logical_Port", "where": [["name", "==", guest.iface_id]],
                                          "columns": ["host", "candidate"]}]
        row = json.loads(run("ovsdb-client", "query", cls.lab.databases.remote, json.dumps(query)))[0]["rows"][0]
        return tuple(column if isinstance(column, str) else "" for column in (row["host"], row["candidate"]))

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.expect_warning("is bound to host|has moved to host")


if __name__ == "__main__":
    main()
