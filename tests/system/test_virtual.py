#!/usr/bin/python3
"""Addresses that several VMs may have, one at a time: keepalived fails over, on the VMs' own MACs and on VRRP's; who may
not have one, or claims what another has, is dropped and named."""

import json
import re

from frames import ARP, Ether
from frames import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from harness import Capture, Machine, SystemTest, dropped, main, send, wait_until
from keepalived import Keepalived
from labkit.shell import run

FRONT, BACK, PLAIN = "10.0.0.50", "10.0.0.51", "10.0.0.52"
PLAIN6 = "fd00::52"
VRRP_MAC = "00:00:5e:00:01:33"
EVERYBODY = "ff:ff:ff:ff:ff:ff"
LONGEST_GAP = 3  # seconds without an answer while the master goes: VRRP's own patience is 0.7


class Pings:
    """An answer every 20 ms, as long as somebody answers."""

    def __init__(self, machine: Machine, address: str):
        self._log = machine.ledger.directory / f"pings-{machine.name}-{address}.out"
        self._log.unlink(missing_ok=True)
        self._process = machine.namespace.spawn("ping", "-n", "-D", "-i", "0.02", address, log=self._log)

    def __enter__(self) -> "Pings":
        self.wait_for_more()
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait()

    def _times(self) -> list[float]:
        return [float(time) for time in re.findall(r"^\[([\d.]+)\] \d+ bytes from", self._log.read_text(), re.M)]

    def wait_for_more(self) -> None:
        before = len(self._times())
        wait_until("answers to pings", lambda: len(self._times()) > before + 5)

    def longest_gap(self) -> float:
        times = self._times()
        return max(after - before for before, after in zip(times, times[1:]))


class Virtual(SystemTest):
    HOSTS = 3

    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.one = cls.make_machine(cls.hosts[0], "acme/lan", "one", 1)
        cls.two = cls.make_machine(cls.hosts[1], "acme/lan", "two", 2)
        cls.client = cls.make_machine(cls.hosts[2], "acme/lan", "client", 3)
        for vm in ("one", "two"):
            cls.lab.ctl("address", "allow", f"acme/default/{vm}/0", FRONT, "--for", "the shop's front")
            cls.lab.ctl("address", "allow", f"acme/default/{vm}/0", BACK, "--mac", VRRP_MAC)
            for address in (PLAIN, PLAIN6):
                cls.lab.ctl("address", "allow", f"acme/default/{vm}/0", address)
        cls.lab.ctl("sync", "--wait=hosts")

    # --- what must hold -----------------------------------------------------------------------------
    def holder(self, address: str) -> str | None:
        """The VM that the fabric's row names."""
        asked = ["Ringfence_Southbound", {"op": "select", "table": "Virtual_Address", "columns": ["port"],
                                          "where": [["address", "==", address]]}]
        rows = json.loads(run("ovsdb-client", "transact", self.lab.databases.remote, json.dumps(asked)))[0]["rows"]
        port = rows[0]["port"]
        return port.split("/")[2] if isinstance(port, str) else None

    def wait_for_holder(self, machine: Machine, address: str) -> None:
        vm = machine.name.split("-")[1]
        wait_until(f"the row of {address} to name {vm}", lambda: self.holder(address) == vm)
        wait_until(f"the NIC of {vm} to name {address}",
                   lambda: address in self.lab.show("nic", f"acme/default/{vm}/0")["held_addresses"])

    def was_logged(self, host: int, address: str, to: str, before: str) -> bool:
        text = f"virtual address {address} of org/acme/network/lan: {to} has it now, {before} had it before"
        return text in self.hosts[host].switch.log.read_text(encoding="utf-8", errors="replace")

    def fail_over(self, first: Keepalived, second: Keepalived, address: str) -> None:
        """From the first, which goes, to the second, and back, when the first has come again."""
        one, two = "port acme/default/one/0", "port acme/default/two/0"
        first.wait_for_it()
        self.wait_for_holder(self.one, address)
        self.assert_reaches(self.two, address)
        with Pings(self.client, address) as pings:
            first.stop()
            second.wait_for_it()
            self.wait_for_holder(self.two, address)
            pings.wait_for_more()
            first.start()
            first.wait_for_it()
            self.wait_for_holder(self.one, address)
            pings.wait_for_more()
        print(f"{address}: the longest gap of two moves is {pings.longest_gap():.3f} s")
        self.assertLess(pings.longest_gap(), LONGEST_GAP)
        for host in (0, 1):
            self.assertTrue(self.was_logged(host, address, two, one))
            self.assertTrue(self.was_logged(host, address, one, two))
        self.assertFalse(self.was_logged(2, address, two, one), "a host that has neither of the two")

    # --- keepalived -----------------------------------------------------------------------------------
    def test_1_at_the_vms_own_macs(self):
        for address in (FRONT, VRRP_MAC):  # rows of the ledger, as other addresses
            self.assertIn("virtual", self.lab.ctl("address", "show", "acme/lan", address))
        with Keepalived(self.one, f"{FRONT}/24", 50, 150) as first, Keepalived(self.two, f"{FRONT}/24", 50, 100) as second:
            self.fail_over(first, second, FRONT)
            self.assertIn(self.one.mac, self.client.namespace.ip("neigh", "show", FRONT))

    def test_2_at_the_mac_of_vrrp(self):
        with Keepalived(self.one, f"{BACK}/24", 0x33, 150, True) as first, \
                Keepalived(self.two, f"{BACK}/24", 0x33, 100, True) as second:
            self.fail_over(first, second, BACK)
            self.assertIn(VRRP_MAC, self.client.namespace.ip("neigh", "show", BACK))
            self.one.namespace.ip("link", "set", "eth0", "down")  # it dies without a word
            second.wait_for_it()
            self.wait_for_holder(self.two, BACK)
            self.assert_reaches(self.client, BACK)
            self.one.namespace.ip("link", "set", "eth0", "up")

    # --- announcements by hand ----------------------------------------------------------------------
    def announce(self, machine: Machine, address: str) -> None:
        ether = Ether(src=machine.mac, dst=EVERYBODY)
        if ":" in address:
            own = machine.addresses[1].split("/")[0]
            frame = Ether(src=machine.mac, dst="33:33:00:00:00:01") / IPv6(src=own, dst="ff02::1", hlim=255) \
                / ICMPv6ND_NA(tgt=address, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=machine.mac)
        else:
            frame = ether / ARP(op=2, hwsrc=machine.mac, psrc=address, hwdst=EVERYBODY, pdst=address)
        send(machine, bytes(frame))

    def test_3_who_may_not_have_it_is_named(self):
        host = self.hosts[2]
        for address in (PLAIN, PLAIN6):
            for machine in (self.one, self.two):
                machine.namespace.ip("address", "add", f"{address}/128" if ":" in address else f"{address}/24", "dev", "eth0",
                                     *(["nodad"] if ":" in address else []))
            self.announce(self.one, address)
            self.wait_for_holder(self.one, address)
            before = dropped(host, "virtual.not_allowed", self.client.port)
            # The report names who has it when it is written, which may be after its next move.
            self.expect_warning(r"is claimed by port acme/default/client/0 and port acme/default/(one|two)/0")
            with Capture([self.one]) as capture:
                self.announce(self.client, address)
                self.wait_for_drop(host, "virtual.not_allowed", self.client.port, before + 1)
                self.announce(self.two, address)  # which may: it arrives, and moves the address
                capture.wait_for(self.one, bytes.fromhex(self.two.mac.replace(":", "")))
                client = bytes.fromhex(self.client.mac.replace(":", ""))
                self.assertEqual([frame for frame in capture.frames(self.one) if frame[6:12] == client], [])
            self.wait_for_holder(self.two, address)
            self.assert_reaches(self.client, address)
        wait_until("the port's error to name both", lambda: re.fullmatch(
            f"({PLAIN}|{PLAIN6}) is claimed by port acme/default/client/0 and port acme/default/(one|two)/0",
            host.interface(self.client.port, "error")["error"] or ""))

    def test_4_a_host_that_starts_again(self):
        """Keeps what its port has, and the others' rows stay."""
        self.hosts[1].switch.stop()
        self.hosts[1].switch.start()
        self.lab.wait_bound("acme/default/two/0", self.hosts[1])
        self.wait_for_holder(self.two, PLAIN)
        self.announce(self.one, PLAIN)
        self.wait_for_holder(self.one, PLAIN)

    def test_5_two_that_have_one_address(self):
        """Where the provider gives no addresses: nobody is stopped, and both are named."""
        machines = []
        for host, vm, number in ((self.hosts[0], "left", 0x11), (self.hosts[1], "right", 0x12)):
            mac = f"02:00:00:00:00:{number:02x}"
            self.lab.ctl("nic", "create", f"acme/default/{vm}", "--network", "lan", "--mac", mac, "--allocation", "none")
            machines.append(self.lab.plug(host, f"acme-{vm}", f"acme/default/{vm}/0", mac, ["10.0.0.77/24"]))
        self.lab.ctl("sync", "--wait=hosts")
        self.expect_warning(r"10.0.0.77 is claimed by port acme/default/(left|right)/0 and port acme/default/(left|right)/0")

        def is_told(host, machine) -> bool:
            for one in machines:
                self.announce(one, "10.0.0.77")
            error = host.interface(machine.port, "error")["error"]
            return error and "10.0.0.77 is claimed by port acme/default/" in error
        for host, machine in zip(self.hosts, machines):
            wait_until(f"{machine.name}'s error", lambda host=host, machine=machine: is_told(host, machine), 10, 0.2)
        with Capture([self.client]) as capture:
            for machine in machines:
                self.announce(machine, "10.0.0.77")
                capture.wait_for(self.client, bytes.fromhex(machine.mac.replace(":", "")))


if __name__ == "__main__":
    main()
