#!/usr/bin/python3
"""Limits of a port: what network-ctl's and ovs-vsctl's words for them do to a real stream, and what the counters say."""

import json

from harness import SystemTest, counters, main, wait_until
from labkit.quickstart import transfer

RATE = 20_000_000  # bit/s


def stream(lab, client, server, address: str) -> float:
    """UDP at five times the rate: what arrives, in bit/s of frames."""
    server.namespace.spawn("iperf3", "-s", "-1", log=lab.ledger.directory / f"iperf3-{server.name}-udp.log")
    wait_until("iperf3 to listen", lambda: ":5201 " in server.run("ss", "-Hltn"))
    report = json.loads(client.run("iperf3", "-u", "-b", str(5 * RATE), "-l", "1400", "-J", "-t", "3", "-c", address))
    result = report["end"]["sum"]
    arrived = result["packets"] - result["lost_packets"]
    return arrived * (1400 + 42) * 8 / result["seconds"]


class Limits(SystemTest):
    @classmethod
    def prepare(cls):
        host1, host2 = cls.hosts
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(host1, "acme/lan", "a", 1)
        cls.b = cls.make_machine(host2, "acme/lan", "b", 2)

    def assert_rate(self, rate: float, wanted: float = RATE) -> None:
        print(f"{rate / 1e6:.1f} Mbit/s of {wanted / 1e6:.0f}")
        self.assertGreater(rate, 0.8 * wanted)
        self.assertLess(rate, 1.15 * wanted)

    def dropped_more(self, host, port: str, name: str, before: dict) -> int:
        return counters(host, port).get(name, 0) - before.get(name, 0)

    def assert_unlimited(self, host, port: str, name: str) -> None:
        before = counters(host, port)
        transfer(self.lab, self.a, self.b, "10.0.0.2", seconds=1)
        self.assertEqual(self.dropped_more(host, port, name, before), 0)

    def test_what_a_port_sends(self):
        """Interface.ingress_policing_rate, in kbit/s; 0 takes it back."""
        host = self.hosts[0]
        host.vsctl("set", "interface", self.a.port, f"ingress_policing_rate={RATE // 1000}",
                   "ingress_policing_burst=1000")
        before = counters(host, self.a.port)
        self.assert_rate(stream(self.lab, self.a, self.b, "10.0.0.2"))
        self.assertGreater(self.dropped_more(host, self.a.port, "limit.bandwidth_out", before), 1000)
        before = counters(host, self.a.port)
        gigabits, _ = transfer(self.lab, self.a, self.b, "10.0.0.2", seconds=3)
        print(f"TCP: {gigabits * 1e3:.1f} Mbit/s")
        self.assertLess(gigabits * 1e9, 1.2 * RATE)
        host.vsctl("set", "interface", self.a.port, "ingress_policing_rate=0", "ingress_policing_burst=0")
        self.assert_unlimited(host, self.a.port, "limit.bandwidth_out")

    def test_what_a_port_gets(self):
        """Port.qos of type linux-htb; linux-noop and nothing at all limit nothing."""
        host = self.hosts[1]
        host.vsctl("--", "set", "port", self.b.port, "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-htb",
                   f"other_config:max-rate={RATE}")
        before = counters(host, self.b.port)
        self.assert_rate(stream(self.lab, self.a, self.b, "10.0.0.2"))
        self.assertGreater(self.dropped_more(host, self.b.port, "limited.bandwidth_in", before), 1000)
        host.vsctl("--", "set", "port", self.b.port, "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-noop")
        self.assert_unlimited(host, self.b.port, "limited.bandwidth_in")
        host.vsctl("clear", "port", self.b.port, "qos", "--", "--all", "destroy", "qos")

    def test_what_the_fabric_says(self):
        """A NIC's own limit, over that of its virtual data center."""
        ctl, host, nic = self.lab.ctl, self.hosts[0], "acme/default/a/0"
        ctl("limit", "set", "vdc:acme/default", "--bandwidth-out", "1M")
        ctl("limit", "set", nic, "--bandwidth-out", str(RATE), "--wait=hosts")
        before = counters(host, self.a.port)
        self.assert_rate(stream(self.lab, self.a, self.b, "10.0.0.2"))
        self.assertGreater(self.dropped_more(host, self.a.port, "limit.bandwidth_out", before), 1000)
        ctl("limit", "set", "vdc:acme/default", "--bandwidth-out", "none")
        ctl("limit", "set", nic, "--bandwidth-out", "none", "--wait=hosts")
        self.assert_unlimited(host, self.a.port, "limit.bandwidth_out")

    def test_packets_of_a_port(self):
        """Interface.ingress_policing_kpkts_rate, in thousands."""
        host = self.hosts[0]
        host.vsctl("set", "interface", self.a.port, "ingress_policing_kpkts_rate=1", "ingress_policing_kpkts_burst=1")
        before = counters(host, self.a.port)
        packets = stream(self.lab, self.a, self.b, "10.0.0.2") / ((1400 + 42) * 8)
        host.vsctl("set", "interface", self.a.port, "ingress_policing_kpkts_rate=0", "ingress_policing_kpkts_burst=0")
        print(f"{packets:.0f} packets/s of 1000, and 1000 at once")
        self.assertLess(packets, 1.15 * (1000 + 1000 / 3))
        self.assertGreater(packets, 800)
        self.assertGreater(self.dropped_more(host, self.a.port, "limit.packets_out", before), 1000)

    def test_a_qos_that_is_not_built_is_named(self):
        host = self.hosts[0]
        self.expect_warning("QoS type linux-codel is not built")
        host.vsctl("--", "set", "port", self.a.port, "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-codel")
        error = wait_until("the port to say so", lambda: host.interface(self.a.port, "error")["error"])
        self.assertIn("use linux-htb", error)
        self.assert_reaches(self.a, "10.0.0.2")
        host.vsctl("clear", "port", self.a.port, "qos", "--", "--all", "destroy", "qos")
        wait_until("no error any more", lambda: not host.interface(self.a.port, "error")["error"])


if __name__ == "__main__":
    main()
