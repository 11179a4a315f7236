#!/usr/bin/python3
"""A virtual machine with one NIC in a dual-stack network comes up by itself: addresses, routes and name servers by DHCP,
router advertisement and DHCPv6, behind a tap and behind vhost-user. By hand: it takes big packages, and a minute."""

import sys
import time

import harness
from answers import Answers
from guest import Guest, over_a_tap, over_vhost_user, what_is_missing
from harness import Host, Machine, SystemTest, wait_until
from labkit.shop import fetch

GATEWAY = "10.0.0.254"


class AGuest(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan", "--gateway", GATEWAY)
        cls.lab.ctl("dhcp", "set", "acme/lan", "--router", GATEWAY, "--dns-servers", "10.0.0.53,fd00::53",
                    "--domain-search", "lab.example")
        cls.peer = cls.make_machine(cls.hosts[1], "acme/lan", "peer", 1)

    def assert_comes_up(self, guest: Guest, number: int) -> None:
        for text in (f" 10.0.0.{number}/24 ", f" fd00::{number}/128 ", f"default via {GATEWAY}", "fd00::/64 dev eth0",
                     "nameserver 10.0.0.53", "nameserver fd00::53", "search lab.example"):
            guest.wait_for(text)
        self.assert_reaches(self.peer, f"10.0.0.{number}")
        self.assert_reaches(self.peer, f"fd00::{number}")
        for address in (f"10.0.0.{number}", f"[fd00::{number}]"):
            wait_until("the guest's page", lambda address=address: fetch(self.peer, address) == "the guest's page", 20)

    def test_behind_a_tap(self):
        machine = self.make_machine(self.hosts[0], "acme/lan", "tapped", 5)
        machine.namespace.ip("address", "flush", "dev", "eth0")
        with Guest(machine, *over_a_tap(machine)) as guest:
            self.assert_comes_up(guest, 5)

    def test_behind_vhost_user(self):
        iface_id, host = self.make_nic("acme/lan", "shared", 6), self.hosts[0]
        machine = Machine(self.lab.ledger, "acme-shared", harness.mac_of(6), [])
        machine.create()
        socket = host.directory / "shared.sock"
        host.vsctl("add-port", "br-int", "vhu", "--", "set", "interface", "vhu", "type=dpdkvhostuserclient",
                   f"options:vhost-server-path={socket}", f"external_ids:iface-id={iface_id}")
        for life in ("first", "after qemu's restart"):
            with self.subTest(life), Guest(machine, *over_vhost_user(socket, 2), queues=2) as guest:
                self.assert_comes_up(guest, 6)
                guest.wait_for("queues: 2")
                self.assert_survives_a_kill(host, "10.0.0.6")
                wait_until("the guest's page", lambda: fetch(self.peer, "10.0.0.6") == "the guest's page", 20)
            socket.unlink(missing_ok=True)

    def assert_survives_a_kill(self, host: Host, address: str) -> None:
        """`kill -9` of the daemon while it is pinged: of the guest nothing is asked (BEHAVIOUR P3)."""
        answers = Answers(self.peer, address)
        wait_until("the guest to answer", lambda: len(answers.times()) > 20, 15)
        host.switch.kill()
        began = time.time()
        host.switch.start()
        gap = wait_until("the guest to answer again", lambda: answers.after(began), 15)[0] - began
        answers.end()
        print(f"the first answer came {gap:.2f} s after the start ... ", end="", flush=True)
        self.assertLess(gap, 5)


if __name__ == "__main__":
    if missing := what_is_missing():
        print(f"skipped: not here: {', '.join(missing)}; apt-get install qemu-system-x86 busybox-static dhcpcd-base")
        sys.exit(77)
    harness.main()
