#!/usr/bin/python3
"""A host with two workers: frames between ports of different workers pass the ring between them, all of them, in order."""

import socket
from concurrent.futures import ThreadPoolExecutor

from frames import EXPERIMENTAL
from harness import Capture, Machine, SystemTest, main, send
from labkit.capture import ethernet
from labkit.network import inside
from labkit.quickstart import transfer
from stream import Stream


class TwoWorkers(SystemTest):
    CORES = "0x3"

    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.vms = [cls.make_machine(cls.hosts[number > 4], "acme/lan", f"vm{number}", number) for number in range(1, 7)]

    def test_everybody_reaches_everybody(self):
        for source in self.vms:
            for target in self.vms:
                if source is not target:
                    with self.subTest(f"{source.name} to {target.name}"):
                        self.assert_reaches(source, target.addresses[0].split("/")[0])

    def test_streams_stay_in_order(self):
        """Neighbouring ports belong to different workers."""
        for source, target in ((0, 1), (1, 2), (0, 4), (1, 5)):
            with Stream(self.vms[source], self.vms[target], interval=0.0005) as stream:
                with Stream(self.vms[target], self.vms[source], interval=0.0005) as back:
                    self.assert_reaches(self.vms[2], "10.0.0.4")
            for outcome in (stream.outcome(), back.outcome()):
                self.assertEqual((outcome.lost, outcome.duplicates, outcome.disordered), (0, 0, 0), outcome)

    def test_ports_change_workers_under_load(self):
        """Streams and a transfer go on, in order and whole, while ports are taken from one worker to the other; and so does a
        connection that nobody else may begin: only its entry lets in what comes."""
        self.lab.ctl("security-group", "create", "acme/guarded")
        self.lab.ctl("security-group", "add", "acme/guarded", "acme/default/vm1/0", "--wait=hosts")
        asking, answering = self.datagrams(self.vms[0]), self.datagrams(self.vms[1])
        answering.sendto(b"unasked", ("10.0.0.1", 7000))
        self.assertRaises(TimeoutError, asking.recv, 100)
        asking.sendto(b"?", ("10.0.0.2", 7000))
        self.assertEqual(answering.recv(100), b"?")
        attempts = 3  # where others keep a worker from running for long, queues of devices overflow: that says nothing of moves
        self.assertTrue(any(self.loses_nothing(asking, answering) for _ in range(attempts)))
        self.assertIn("acme-vm1: from worker", self.hosts[0].switch.log_text())
        self.lab.ctl("security-group", "delete", "acme/guarded", "--cascade", "--wait=hosts")

    def loses_nothing(self, asking: socket.socket, answering: socket.socket) -> bool:
        with Stream(self.vms[0], self.vms[1], interval=0.0005) as stream, Stream(self.vms[5], self.vms[1], interval=0.0005) as inbound:
            with ThreadPoolExecutor() as pool:
                moved = pool.submit(transfer, self.lab, self.vms[2], self.vms[3], "10.0.0.4", seconds=2)
                for turn in range(6):
                    self.load_and_rebalance(turn)
                    answering.sendto(f"answer {turn}".encode(), ("10.0.0.1", 7000))
                    self.assertEqual(asking.recv(100), f"answer {turn}".encode())
                _, megabytes = moved.result()
        self.assertGreater(megabytes, 10)
        outcomes = stream.outcome(), inbound.outcome()
        for outcome in outcomes:
            self.assertEqual((outcome.duplicates, outcome.disordered), (0, 0), outcome)
        print(*outcomes, sep="; ")
        return all(outcome.lost == 0 for outcome in outcomes)

    def datagrams(self, machine: Machine) -> socket.socket:
        with inside(machine.namespace.full_name):
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("", 7000))
        made.settimeout(1)
        self.addCleanup(made.close)
        return made

    def load_and_rebalance(self, turn: int) -> None:
        """Another port is the busiest each time, so that the others change places."""
        busy, other = self.vms[2 + turn % 2], self.vms[3 - turn % 2]
        send(busy, *[ethernet(other.mac, busy.mac, EXPERIMENTAL, b"load".ljust(60))] * (3000 * (turn + 1)))
        self.assertIn("requested", self.hosts[0].appctl("dpif-netdev/pmd-rxq-rebalance"))

    def test_a_broadcast_reaches_each_once(self):
        mark = b"two workers, one copy each"
        with Capture(self.vms) as capture:
            send(self.vms[0], *[ethernet("ff:ff:ff:ff:ff:ff", self.vms[0].mac, EXPERIMENTAL, mark)] * 20)
            for machine in self.vms[1:]:
                capture.wait_for(machine, mark, 20)
            self.assertEqual([len(capture.frames(machine, mark)) for machine in self.vms], [0] + [20] * 5)

    def test_tcp_between_workers(self):
        for source, target in ((0, 1), (0, 5)):
            _, megabytes = transfer(self.lab, self.vms[source], self.vms[target], self.vms[target].addresses[0].split("/")[0], seconds=1)
            self.assertGreater(megabytes, 10)


if __name__ == "__main__":
    main()
