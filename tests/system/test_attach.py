#!/usr/bin/python3
"""A network that is attached to an edge router changes its domain, and with it every row of its segment and of what holds
addresses there: what runs through it does not notice, and of other networks nobody is even asked."""

import contextlib
import json
import socket
import struct
import threading
import time

from harness import Capture, SystemTest, main, wait_until
from labkit.network import inside
from labkit.shell import run

DESK, WEB = 9, 5
MARK = b"which way, and from whom?"


class Attach(SystemTest):
    @classmethod
    def prepare(cls):
        ctl = cls.lab.ctl
        ctl("org", "create", "acme")
        for number, name in enumerate(("office", "store", "yard")):
            ctl("network", "create", f"acme/{name}", "--subnet", f"10.{number}.0.0/24", "--gateway", f"10.{number}.0.1",
                "--range", f"10.{number}.0.100-10.{number}.0.199")
        ctl("nic", "create", "acme/default/desk", "--network", "office", "--ip", f"10.0.0.{DESK}", "--mac", mac(DESK))
        ctl("vapp", "create", "acme/shop")
        ctl("vapp-network", "create", "acme/shop/front", "--mode", "fenced", "--parent", "office", "--inbound", "allow")
        ctl("nic", "create", "acme/shop/web", "--vapp-network", "front", "--ip", f"10.0.0.{WEB}", "--mac", mac(WEB))
        host1, host2 = cls.hosts
        cls.desk = cls.lab.plug(host1, "desk", "acme/default/desk/0", mac(DESK), [f"10.0.0.{DESK}/24"])
        cls.web = cls.lab.plug(host2, "web", "acme/shop/web/0", mac(WEB), [f"10.0.0.{WEB}/24"])
        cls.outside = cls.lab.show("nic", "acme/shop/web/0")["outside_addresses"][0]
        ctl("edge", "create", "acme/main")
        ctl("sync", "--wait=hosts")

    def test_connections_go_on_over_every_change_of_domain(self):
        domains = [self.domain("office")]
        with Conversation(self.desk, self.web, self.outside) as talk:
            for verb, network in (("attach", "office"), ("attach", "store"), ("detach", "store"), ("detach", "office"),
                                  ("attach", "office")):
                self.lab.ctl("edge", verb, "acme/main", network, "--wait=hosts")
                talk.wait_for_words()
                domains.append(self.domain("office"))
            self.assertTrue(talk.tcp_lives(), "the TCP connection was cut")
        print(f"five changes of who is behind the edge router: {talk}")
        self.assertEqual((talk.lost, talk.duplicates), (0, 0))
        alone, behind = domains[0], domains[1]
        self.assertNotEqual(alone, behind)
        self.assertEqual(domains, [alone, behind, behind, behind, alone, behind])

    def test_hosts_of_other_networks_are_not_waited_for(self):
        """Who has nothing in the network, nor in what hangs on it, gets no number."""
        self.lab.ctl("edge", "attach", "acme/main", "office", "--may-exist", "--wait=hosts")
        required = self.required()
        self.lab.ctl("edge", "attach", "acme/main", "yard", "--wait=hosts")
        raised = [host for host, number in self.required().items() if number != required[host]]
        self.assertEqual(raised, ["host1", "host2"])  # the router that both have a port behind has one network more
        required = self.required()
        self.lab.ctl("nic", "create", "acme/default/nobody", "--network", "store", "--wait=hosts")
        self.lab.ctl("nic", "set", "acme/shop/web/0", "--port-security", "trusted", "--wait=hosts")
        self.lab.ctl("nic", "set", "acme/shop/web/0", "--port-security", "strict", "--wait=hosts")
        raised = [host for host, number in self.required().items() if number != required[host]]
        self.assertEqual(raised, ["host2"])  # a NIC's own row is inside; outside there is its address

    def test_a_change_of_two_rows_is_seen_whole(self):
        """A NAT row and the next hop of the same stream change in one transaction: no packet has one of them old and the other
        new (row P10). The controller is stopped meanwhile: it would take that out again."""
        ends, address = {}, "10.0.0.77"  # moves from one VM to the other
        for number, name in enumerate(("left", "right"), 20):
            self.lab.ctl("nic", "create", f"acme/default/{name}", "--network", "office", "--ip", f"10.0.0.{number}",
                         "--mac", mac(number))
            ends[name] = self.lab.plug(self.hosts[1], name, f"acme/default/{name}/0", mac(number), [f"10.0.0.{number}/24"])
        self.lab.ctl("sync", "--wait=hosts")
        self.lab.controller.stop()
        try:
            outside = {"left": self.outside, "right": "10.0.0.78"}
            self.move(address, "right", "left", self.outside, self.outside)
            with Capture(list(ends.values())) as capture, Datagrams(self.web, address):
                old = "left"
                for new in ("right", "left") * 4:
                    seen = len(capture.frames(ends[new], MARK))
                    self.move(address, old, new, outside[old], outside[new])
                    wait_until(f"the stream at {new}", lambda end=ends[new], seen=seen: len(capture.frames(end, MARK)) > seen + 20)
                    old = new
                arrived = {name: capture.frames(end, MARK) for name, end in ends.items()}
                with self.subTest("only the port"):  # the same stream, whose old end still has an entry for it
                    self.move(address, "left", "right", self.outside, self.outside)
                    seen = len(capture.frames(ends["right"], MARK))
                    wait_until("the stream at the other port", lambda: len(capture.frames(ends["right"], MARK)) > seen + 20, 5)
                    self.move(address, "right", "left", self.outside, self.outside)
        finally:
            self.lab.controller.start()
            self.lab.ctl("sync", "--wait=hosts")
        sources = {name: {socket.inet_ntoa(frame[26:30]) for frame in frames} for name, frames in arrived.items()}
        print(f"eight changes of two rows each: {({name: len(frames) for name, frames in arrived.items()})} frames")
        self.assertEqual(sources, {name: {source} for name, source in outside.items()})

    def move(self, address: str, old: str, new: str, old_source: str, new_source: str) -> None:
        """The address from one port to the other, and the outside address of web."""
        def port(name, mutator):
            return {"op": "mutate", "table": "Logical_Port", "where": [["name", "==", f"acme/default/{name}/0"]],
                    "mutations": [["addresses", mutator, address]]}
        nat = {"op": "update", "table": "Nat", "where": [["external_address", "==", old_source]], "row": {"external_address": new_source}}
        results = json.loads(run("ovsdb-client", "transact", self.lab.databases.remote,
                                 json.dumps(["Ringfence_Southbound", port(old, "delete"), port(new, "insert"), nat])))
        self.assertEqual([result.get("count") for result in results], [1, 1, 1], results)

    # --- helpers ------------------------------------------------------------------------------------
    def required(self) -> dict[str, int]:
        return {row["host"]: row["number"] for row in self.southbound("Host_Config", ["host", "number"], [])}

    def domain(self, network: str) -> str:
        return self.southbound("Segment", ["domain"], [["intent", "==", f"org/acme/network/{network}"]])[0]["domain"]

    def southbound(self, table: str, columns: list[str], where: list) -> list[dict]:
        select = {"op": "select", "table": table, "columns": columns, "where": where}
        answer = run("ovsdb-client", "transact", self.lab.databases.remote, json.dumps(["Ringfence_Southbound", select]))
        return sorted(json.loads(answer)[0]["rows"], key=str)


def mac(number: int) -> str:
    return f"02:00:00:00:03:{number:02x}"


class Datagrams:
    """A datagram a millisecond, from one machine to an address where nobody needs to answer."""

    def __init__(self, source, address: str):
        with inside(source.namespace.full_name):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to, self._stop = (address, 7001), threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> "Datagrams":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _send(self) -> None:
        while not self._stop.wait(0.001):
            with contextlib.suppress(OSError):  # somebody says that nobody listens
                self._socket.sendto(MARK, self._to)


class Conversation:
    """A TCP connection, and numbered datagrams every few milliseconds, from one machine to another's address."""

    def __init__(self, source, target, address: str, port: int = 7000, interval: float = 0.002):
        self._interval = interval
        with inside(target.namespace.full_name):
            listener = socket.create_server(("", port))
            self._hearer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._hearer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)  # a busy machine loses none here
            self._hearer.bind(("", port))
        with inside(source.namespace.full_name):
            self._client = socket.create_connection((address, port), timeout=5)
            self._speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._speaker.connect((address, port))
        self._hearer.settimeout(0.1)
        self._server, _ = listener.accept()
        listener.close()
        self._sent, self._heard = 0, []
        self._stop, self._deaf = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._speak, self._hear)]

    def __enter__(self) -> "Conversation":
        for thread in self._threads:
            thread.start()
        self.wait_for_words()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._threads[0].join()
        try:
            wait_until("the last datagram", lambda: self._heard[-1][0] == self._sent, 2)
        finally:
            self._deaf.set()
            self._threads[1].join()
            for one in (self._hearer, self._speaker, self._client, self._server):
                one.close()

    def _speak(self) -> None:
        while not self._stop.wait(self._interval):
            self._sent += 1
            self._speaker.send(struct.pack("!I", self._sent))

    def _hear(self) -> None:
        while not self._deaf.is_set():
            try:
                self._heard.append((struct.unpack("!I", self._hearer.recv(100))[0], time.monotonic()))
            except TimeoutError:
                pass

    def wait_for_words(self) -> None:
        before = len(self._heard)
        wait_until("datagrams", lambda: len(self._heard) > before + 100, 10)

    def tcp_lives(self) -> bool:
        self._server.settimeout(5)
        self._client.sendall(b"still there?")
        return self._server.recv(100) == b"still there?"

    @property
    def lost(self) -> int:
        return self._sent - len({number for number, _ in self._heard})

    @property
    def duplicates(self) -> int:
        return len(self._heard) - len({number for number, _ in self._heard})

    def __str__(self) -> str:
        times = [when for _, when in self._heard]
        longest = max(after - before for before, after in zip(times, times[1:]))
        return f"{self._sent} datagrams sent, {self.lost} lost, longest silence {longest * 1000:.0f} ms"


if __name__ == "__main__":
    main()
