#!/usr/bin/python3
"""A host with two workers: frames between ports of different workers pass the ring between them, all of them, in order."""

from frames import EXPERIMENTAL
from harness import Capture, SystemTest, main, send
from labkit.capture import ethernet
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
