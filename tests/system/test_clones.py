#!/usr/bin/python3
"""Exact copies of a fenced vApp side by side: all reachable by their outside addresses, by each other and by themselves,
and by no other way. The canary matrix of BEHAVIOUR §3.1 over machines that differ in nothing but the fence around them."""

import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

from frames import EXPERIMENTAL, has_mark, of_every_kind
from harness import Capture, SystemTest, main, send, wait_until
from labkit.capture import ethernet
from labkit.network import inside

COPIES = 20
WITH_DB = 2  # of so many copies the db runs, too: who stands inside the same fence

V4, V6 = "172.16.1", "fd01::"


class Station:
    """A machine of the plan as frames.of_every_kind wants it."""

    def __init__(self, number: int):
        self.mac, self.ip4, self.ip6 = mac(number), f"{V4}.{number}", f"{V6}{number:x}"


def mac(number: int) -> str:
    return f"02:00:00:00:01:{number:02x}"


def addresses(number: int) -> list[str]:
    return [f"{V4}.{number}/24", f"{V6}{number:x}/64"]


def ips(number: int) -> list[str]:
    return [word for address in addresses(number) for word in ("--ip", address.split("/")[0])]


DESK, WEB, DB = 9, 5, 6


class Clones(SystemTest):
    @classmethod
    def prepare(cls):
        ctl = cls.lab.ctl
        ctl("org", "create", "acme")
        ctl("network", "create", "acme/office", "--subnet", f"{V4}.0/24", "--subnet", f"{V6}/64",
            "--range", f"{V4}.100-{V4}.199", "--range", f"{V6}1:0-{V6}1:ff")
        ctl("nic", "create", "acme/default/desk", "--network", "office", "--mac", mac(DESK), *ips(DESK))
        cls.desk = cls.lab.plug(cls.hosts[0], "desk", "acme/default/desk/0", mac(DESK), addresses(DESK))
        ctl("vapp", "create", "acme/shop")
        ctl("vapp-network", "create", "acme/shop/front", "--mode", "fenced", "--parent", "office", "--inbound", "allow")
        for vm, number in (("web", WEB), ("db", DB)):
            ctl("nic", "create", f"acme/shop/{vm}", "--vapp-network", "front", "--mac", mac(number), *ips(number))
        ctl("vapp", "clone", "acme/shop", "acme/copy", "--count", str(COPIES - 1), "--wait=controller")
        cls.copies = ["shop", *(f"copy-{number}" for number in range(1, COPIES))]
        cls.webs = [cls.plug(copy, "web", WEB, cls.hosts[number % 2]) for number, copy in enumerate(cls.copies)]
        cls.dbs = [cls.plug(copy, "db", DB, cls.hosts[(number + 1) % 2]) for number, copy in enumerate(cls.copies[:WITH_DB])]
        cls.everybody = [cls.desk, *cls.webs, *cls.dbs]
        nics = {nic["port_name"]: nic for nic in cls.lab.list("nic")}
        cls.outside = {web.name: sorted(nics[f"acme/{copy}/web/0"]["outside_addresses"], key=lambda address: ":" in address)
                       for copy, web in zip(cls.copies, cls.webs)}
        ctl("sync", "--wait=hosts")

    @classmethod
    def plug(cls, copy, vm, number, host):
        return cls.lab.plug(host, f"{copy}-{vm}", f"acme/{copy}/{vm}/0", mac(number), addresses(number))

    def unanswered(self, machine, targets) -> list[str]:
        """Those that do not answer the machine's pings, all asked at once."""
        script = "for a; do (ping -n -c 2 -i 0.2 -w 6 $a >/dev/null || echo $a) & done; wait"
        return machine.run("sh", "-c", script, "sh", *targets, timeout=60).split()

    def test_1_plan_is_the_same_and_outside_addresses_differ(self):
        all_outside = [address for both in self.outside.values() for address in both]
        self.assertEqual(len(set(all_outside)), 2 * COPIES)
        nics = [nic for nic in self.lab.list("nic") if "/web/" in nic["port_name"]]
        self.assertEqual({(nic["mac"], tuple(sorted(nic["addresses"]))) for nic in nics},
                         {(mac(WEB), tuple(sorted(address.split("/")[0] for address in addresses(WEB))))})

    def test_2_every_pair_reaches_each_other(self):
        """Itself included (hairpin), on one host and across, IPv4 and IPv6."""
        everyone = [address for both in self.outside.values() for address in both]
        with ThreadPoolExecutor(2) as pool:
            missing = list(pool.map(lambda machine: (machine.name, self.unanswered(machine, everyone)),
                                    [self.desk, *self.webs]))
        self.assertEqual([entry for entry in missing if entry[1]], [])

    def test_3_inside_is_ones_own(self):
        """The db's address means the db of the same copy; where none runs, nobody answers."""
        for web, db in zip(self.webs[:WITH_DB], self.dbs):
            with Capture(self.everybody) as capture:
                self.assert_reaches(web, f"{V4}.{DB}", "-p", "616263")
                self.assertTrue(capture.frames(db, b"abcabc"))
                others = [machine for machine in self.everybody if machine not in (web, db)]
                self.assertEqual([machine.name for machine in others if capture.frames(machine, b"abcabc")], [])
        self.assert_does_not_reach(self.webs[WITH_DB], f"{V4}.{DB}")

    def test_4_no_frame_leaves_its_fence(self):
        """Each kind of frame, from inside: it arrives at the db of the same fence and nowhere else."""
        web, db = self.webs[0], self.dbs[0]
        others = [machine for machine in self.everybody if machine not in (web, db)]
        mark = b"canary of shop"
        with Capture(self.everybody) as capture:
            for name, frame in of_every_kind(Station(WEB), Station(DB), mark).items():
                if "an address that nobody has" in name:
                    continue  # inside a fence the edge answers these
                with self.subTest(name):
                    needle = mark if has_mark(name) else frame
                    before = len(capture.frames(db, needle))
                    send(web, frame)
                    capture.wait_for(db, needle, before + 1)
                    self.assertEqual([machine.name for machine in others if capture.frames(machine, needle)], [])

    def test_5_no_frame_enters_a_fence_but_for_its_outside_addresses(self):
        """From the desk: every kind, broadcast and unicast to each MAC; only the right address arrives, and at one copy."""
        mark = b"canary of the desk"
        with Capture(self.everybody) as capture:
            for name, frame in of_every_kind(Station(DESK), Station(WEB), mark).items():
                with self.subTest(name):
                    send(self.desk, frame)
            fence = self.fence_mac(self.webs[0])
            inside = udp(mac(DESK), fence, f"{V4}.{DESK}", f"{V4}.{WEB}", mark + b" to an inside address")
            send(self.desk, inside, ethernet(fence, mac(DESK), EXPERIMENTAL, mark))
            right = udp(mac(DESK), fence, f"{V4}.{DESK}", self.outside[self.webs[0].name][0], b"the right address")
            send(self.desk, right)
            capture.wait_for(self.webs[0], b"the right address")
            self.assertEqual([machine.name for machine in self.everybody[1:] if capture.frames(machine, mark)], [])
            # Of the desk itself: the port is closed, and the error that says so quotes what it sent.
            self.assertEqual([machine.name for machine in self.everybody[1:] if capture.frames(machine, b"the right address")],
                             [self.webs[0].name])

    def test_6_broadcasts_of_a_fence_stay_off_the_wire_of_others(self):
        """Marks of two copies at once, on the underlay: each outer VNI carries its own copy's mark only."""
        with Capture(self.everybody) as capture:
            for web in self.webs[:WITH_DB]:
                send(web, ethernet("ff:ff:ff:ff:ff:ff", web.mac, EXPERIMENTAL, f"from {web.name} alone".encode()))
            for web, db in zip(self.webs, self.dbs):
                capture.wait_for(db, f"from {web.name} alone".encode())
            for web, db in zip(self.webs, self.dbs):
                mark = f"from {web.name} alone".encode()
                self.assertEqual([machine.name for machine in self.everybody if capture.frames(machine, mark)], [db.name])

    def test_7_default_denies_and_narrowing_cuts(self):
        """TCP, and a UDP whose responder keeps sending, stop at once when the fence is closed; others do not notice."""
        web, other = self.webs[1], self.webs[2]
        with Talk(self.desk, web, self.outside[web.name][0]) as talk, \
                Talk(self.desk, other, self.outside[other.name][0], port=7001) as neighbour:
            talk.wait_for_words()
            neighbour.wait_for_words()
            self.lab.ctl("vapp-network", "set", "acme/copy-1/front", "--inbound", "deny", "--wait=hosts")
            talk.wait_for_silence()
            neighbour.wait_for_words()
            self.assertTrue(talk.is_cut(), "the TCP connection has not been reset")
        self.assert_does_not_reach(self.desk, self.outside[web.name][0])
        self.assert_reaches(web, f"{V4}.{DESK}")
        self.lab.ctl("vapp-network", "set", "acme/copy-1/front", "--inbound", "allow", "--wait=hosts")
        self.assert_reaches(self.desk, self.outside[web.name][0])

    # --- helpers ------------------------------------------------------------------------------------
    def fence_mac(self, web) -> str:
        """What the desk hears when it asks for the outside address."""
        address = self.outside[web.name][0]
        self.assert_reaches(self.desk, address)
        return self.desk.namespace.ip("neigh", "show", address, "dev", "eth0").split("lladdr ")[1].split()[0]


def udp(source_mac, target_mac, source, target, payload) -> bytes:
    from scapy.layers.inet import IP, UDP  # pylint: disable=import-outside-toplevel
    from scapy.layers.l2 import Ether  # pylint: disable=import-outside-toplevel
    return bytes(Ether(src=source_mac, dst=target_mac) / IP(src=source, dst=target) / UDP(sport=1111, dport=2222) / payload)


class Talk:
    """A TCP connection and a UDP conversation from `asker` to `responder`; of UDP the responder alone keeps sending."""

    def __init__(self, asker, responder, address, port=7000):
        self._address, self._port = address, port
        with inside(responder.namespace.full_name):
            self._listener = socket.create_server(("", port))
            self._speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._speaker.bind(("", port))
        with inside(asker.namespace.full_name):
            self._client = socket.create_connection((address, port), timeout=5)
            self._hearer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._hearer.sendto(b"begin", (address, port))
        self._accepted, _ = self._listener.accept()
        self._speaker.settimeout(5)
        _, self._peer = self._speaker.recvfrom(100)
        self._hearer.settimeout(0.05)
        self._heard, self._stop = 0, threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._speak, self._hear)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for one in (self._listener, self._speaker, self._client, self._hearer, self._accepted):
            one.close()

    def _speak(self):
        number = 0
        while not self._stop.wait(0.01):
            number += 1
            try:
                self._speaker.sendto(struct.pack("!I", number), self._peer)
                self._accepted.send(b"word\n")
            except OSError:
                pass

    def _hear(self):
        while not self._stop.is_set():
            try:
                self._hearer.recvfrom(100)
                self._heard += 1
            except OSError:
                pass

    def wait_for_words(self):
        before = self._heard
        wait_until("words by UDP", lambda: self._heard > before + 20, 5)

    def wait_for_silence(self):
        """Half a second in which nothing comes, though the responder goes on."""
        def silent():
            before = self._heard
            self._stop.wait(0.5)
            return self._heard == before
        wait_until("silence", silent, 3)

    def is_cut(self) -> bool:
        """The asker's end of the TCP connection is reset within two seconds."""
        def reset():
            try:
                self._client.settimeout(0.2)
                self._client.send(b"still there?")
                return not self._client.recv(65536)
            except TimeoutError:
                return False
            except OSError:
                return True
        try:
            return wait_until("the connection to be reset", reset, 3)
        except Exception:  # pylint: disable=broad-except
            return False


if __name__ == "__main__":
    main()
