#!/usr/bin/python3
"""200 times: a change, --wait=hosts, a packet at once. It is never treated by the state of before."""

from frames import EXPERIMENTAL, Station, tagged
from harness import Capture, SystemTest, main, send
from labkit.capture import ethernet
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

ROUNDS = 100


class WaitForHosts(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)

    def test_a_property_of_the_segment(self):
        """VLAN transparency, judged where the frame comes in and where it comes out of the tunnel."""
        for number in range(ROUNDS):
            passes = number % 2 == 0
            self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "yes" if passes else "no", "--wait=hosts")
            source, target = (self.a, self.b) if number % 4 < 2 else (self.b, self.a)
            frame = ethernet(target.mac, source.mac, EXPERIMENTAL, f"change {number}.".encode())
            self.probe(source, target, tagged(frame, 9), f"change {number}.".encode(), passes)

    def test_a_property_of_a_port(self):
        """Its addresses: the old one is refused at once, the new one passes at once."""
        for number in range(ROUNDS):
            old, new = 10 + number % 2, 10 + (number + 1) % 2
            self.lab.ctl("nic", "set", "acme/default/a/0", "--ip", f"10.0.0.{new}", "--wait=hosts")
            for address, passes in ((old, False), (new, True)):
                mark = f"change {number}, from {address}.".encode()
                frame = bytes(Ether(src=self.a.mac, dst=self.b.mac) / IP(src=f"10.0.0.{address}", dst=Station(2).ip4) / UDP() / mark)
                self.probe(self.a, self.b, frame, mark, passes)

    def probe(self, source, target, frame, mark, passes) -> None:
        """The frame and then one that always passes: frames of a pair of VMs stay in order."""
        with Capture([target]) as capture:
            send(source, frame, ethernet(target.mac, source.mac, EXPERIMENTAL, b"after " + mark))
            capture.wait_for(target, b"after " + mark)
            self.assertEqual(len([frame for frame in capture.frames(target, mark) if b"after" not in frame]), int(passes), mark)


if __name__ == "__main__":
    main()
