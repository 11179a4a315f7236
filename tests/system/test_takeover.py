#!/usr/bin/python3
"""An operator's session: from a stock Open vSwitch host (userspace datapath) with a bridge of its own and a plugged VM to
Ringfence, and back. The VM and the host's own address on br0 keep their connectivity, but for a gap that is measured."""

import re
import subprocess
from pathlib import Path

from harness import Daemon, SystemTest, addresses_of, mac_of, main, wait_until
from labkit.network import silence_kernel

STOCK = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SAVE = "/usr/share/openvswitch/scripts/ovs-save"
VM, OUTSIDE, HOST = "10.0.0.1", "10.0.0.254", "10.0.0.100"
PERIOD = 0.02  # of the pings, seconds


class Takeover(SystemTest):
    HOSTS = 0

    @classmethod
    def prepare(cls):
        cls.host = host = cls.lab.add_host("host1", start=False)
        cls.hosts = [host]
        log = host.directory / "ovs-vswitchd.log"
        program = host.directory / "ovs-vswitchd"  # as by the alternatives link: its files are named after it
        program.symlink_to(STOCK)
        cls.stock = Daemon("host1: ovs-vswitchd", host.namespace.spawn,
                           [str(program), host.database.remote, "--pidfile", "--no-chdir", f"--log-file={log}"], log,
                           lambda: "Open vSwitch" in host.appctl("version"), env=host.environment)
        cls.outside, cls.vm = cls.cable("outside", "eth0", 254), cls.cable("vm", "vnet0", 1)
        silence_kernel(host.namespace, "eth0")  # Open vSwitch leaves what arrives there to the host's kernel, too

    @classmethod
    def cable(cls, name: str, port: str, number: int):
        machine = cls.lab.add_machine(name, mac_of(number), addresses_of(number))
        cls.host.namespace.ip("link", "add", port, "type", "veth", "peer", "name", "far")
        cls.host.namespace.ip("link", "set", port, "up")
        machine.take("far", cls.host.namespace)
        machine.run("ethtool", "-K", "eth0", "tx", "off")  # Open vSwitch carries no unfinished checksums
        return machine

    def test_there_and_back(self):
        host, space = self.host, self.host.namespace
        self.stock.start()
        host.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "--",
                   "add-port", "br0", "eth0", "--", "add-port", "br0", "vnet0")
        space.ip("address", "add", f"{HOST}/24", "dev", "br0")
        space.ip("link", "set", "br0", "up")
        space.ip("route", "add", "default", "via", OUTSIDE)
        mac = space.run("cat", "/sys/class/net/br0/address")
        pings = [Ping(self.outside, HOST), Ping(self.outside, VM), Ping(self.vm, HOST)]
        self.wait_for_all(pings)

        space.run("ovs-appctl", "exit", env=host.environment)
        wait_until("Open vSwitch to end", lambda: not self.stock.running)
        host.switch.start()
        self.say("to Ringfence", pings)
        self.assertIn("ringfence", host.appctl("version"))
        self.assertEqual(space.run("cat", "/sys/class/net/br0/address"), mac)
        self.assertIn(f"default via {OUTSIDE} dev br0", space.ip("route"))

        host.switch.kill()
        host.switch.start()
        self.say("Ringfence killed and started; br0 is left as it was", pings)
        self.assertIn(f"default via {OUTSIDE} dev br0", space.ip("route"))

        restore = space.run(SAVE, "save-interfaces", "br0", env=host.environment)
        space.run("ovs-appctl", "exit", "--cleanup", env=host.environment)
        wait_until("Ringfence to end", lambda: not host.switch.running)
        self.assertFalse(host.has_interface("br0"))
        self.stock.start()
        space.run("sh", "-c", restore)
        self.say("back to Open vSwitch", pings)
        self.assertNotIn("ringfence", host.appctl("version"))
        for ping in pings:
            ping.stop()
        self.stock.stop()

    def wait_for_all(self, pings) -> None:
        seen = [len(ping.answers()) for ping in pings]
        wait_until("all to answer again", lambda: all(len(ping.answers()) > count + 5 for ping, count in zip(pings, seen)), 20)

    def say(self, what: str, pings) -> None:
        self.wait_for_all(pings)
        for ping in pings:
            gap = ping.longest_gap()
            print(f"{what}: {ping.what}: {gap:.2f} s without an answer")
            self.assertGreater(gap, PERIOD / 2)
            ping.begin_anew()


class Ping:
    """Asks all the time; when which answers came."""

    def __init__(self, machine, address: str):
        self.what = f"{machine.name} to {address}"
        self._log = Path(machine.ledger.directory / f"ping-{machine.name}-{address}.out")
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", machine.namespace.full_name, "ping", "-n", "-D", "-i", str(PERIOD), address], stdout=output,
                stderr=output)
        machine.ledger.note_process(self._process.pid, "ping")
        self._from = 0

    def answers(self) -> list[float]:
        return [float(time) for time in re.findall(r"^\[([0-9.]+)\] .* bytes from", self._log.read_text(), re.MULTILINE)]

    def longest_gap(self) -> float:
        times = self.answers()[self._from:]
        return max((after - before for before, after in zip(times, times[1:])), default=0)

    def begin_anew(self) -> None:
        self._from = len(self.answers()) - 1

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


if __name__ == "__main__":
    main()
