"""What every system test stands on: a lab of its own, and what must hold after each test.

A test class has one lab for all of its tests. After each test every host's packets must add up (DESIGN §9), and no
daemon may have warned of anything that the test has not announced with `expect_warning`. Failures leave the daemons'
logs in the build folder.
"""

import os
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from labkit.capture import Capture, send  # noqa: E402
from labkit.daemon import Daemon  # noqa: E402
from labkit.host import Host  # noqa: E402
from labkit.lab import LOGS, Lab  # noqa: E402
from labkit.machine import Machine  # noqa: E402
from labkit.shell import LabError, wait_until  # noqa: E402

__all__ = ["Capture", "Daemon", "Host", "Lab", "LabError", "Machine", "SystemTest", "main", "send", "wait_until"]

WARNING = re.compile(r"\|(WARN|ERR|EMER|warn|err)\|")


class SystemTest(unittest.TestCase):
    """A lab with `HOSTS` hosts named host1, host2, ...; `prepare` makes what all tests of the class use."""

    HOSTS = 2
    UNDERLAY_MTU = 1500
    CORES = ""  # pmd-cpu-mask of each host; "" = one core each
    SETTINGS: dict[str, str] = {}  # of each host's Open_vSwitch row, as Host.create takes them
    VTEPS: tuple[str, ...] = ()  # of each host, as Lab.add_host takes them

    @classmethod
    def setUpClass(cls) -> None:
        name = f"{Path(sys.argv[0]).stem.removeprefix('test_').replace('_', '-')[:20]}-{os.getpid()}"
        cls.lab = cls.enterClassContext(Lab(name, underlay_mtu=cls.UNDERLAY_MTU))
        cls.expected: list[re.Pattern] = []
        cls.seen: dict[Path, int] = {}
        for number in range(1, cls.HOSTS + 1):
            cls.lab.add_host(f"host{number}", cores=cls.CORES, vteps=cls.VTEPS[number - 1] if cls.VTEPS else "", **cls.SETTINGS)
        cls.hosts = list(cls.lab.hosts.values())
        try:
            cls.lab.wait_connected()
            cls.prepare()
        except BaseException:
            cls.lab.ledger.save_logs(LOGS / name)
            raise

    @classmethod
    def prepare(cls) -> None:
        pass

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.lab.ledger.save_logs(LOGS / self.lab.name)
            print(f"the daemons' logs are in {LOGS / self.lab.name}", file=sys.stderr)
        return result

    def tearDown(self) -> None:
        for host in self.hosts:
            if host.switch.running:
                assert_conserved(host)
        self.assert_no_warnings()

    # --- the fabric -------------------------------------------------------------------------------
    @classmethod
    def make_network(cls, network: str, *options: str) -> None:
        """ "acme/lan": with the organization, when that is missing."""
        cls.lab.ctl("org", "create", network.split("/")[0], "--may-exist")
        cls.lab.ctl("network", "create", network, "--subnet", "10.0.0.0/24", "--subnet", "fd00::/64", *options)

    @classmethod
    def make_nic(cls, network: str, vm: str, number: int, *options: str) -> str:
        """The N-th NIC of a plan that is the same for all tenants; returns the iface-id."""
        organization, name = network.split("/")
        cls.lab.ctl("nic", "create", f"{organization}/default/{vm}", "--network", name, "--mac", mac_of(number),
                    *(word for address in addresses_of(number) for word in ("--ip", address.split("/")[0])), *options)
        return f"{organization}/default/{vm}/0"

    @classmethod
    def make_machine(cls, host: Host, network: str, vm: str, number: int, *options: str, plug="plug") -> Machine:
        """A NIC and the VM behind it; the VM is named ORG-VM."""
        iface_id = cls.make_nic(network, vm, number, *options)
        name = f"{network.split('/')[0]}-{vm}"
        return getattr(cls.lab, plug)(host, name, iface_id, mac_of(number), addresses_of(number))

    # --- what must hold -----------------------------------------------------------------------------
    @classmethod
    def expect_warning(cls, pattern: str) -> None:
        """Lines of daemons' logs that this test provokes."""
        cls.expected.append(re.compile(pattern))

    def assert_no_warnings(self) -> None:
        found = []
        for log in sorted(self.lab.ledger.directory.rglob("*.log")):
            if log.stem in ("databases", "ovsdb-server", "ovs-vswitchd", "testpmd"):  # not ours
                continue
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            fresh, self.seen[log] = lines[self.seen.get(log, 0):], len(lines)
            found += [f"{log.relative_to(self.lab.ledger.directory)}: {line}" for line in fresh if WARNING.search(line)
                      and not any(expected.search(line) for expected in self.expected)]
        self.assertEqual(found, [], "warnings that no test expects")

    def wait_for_drop(self, host: Host, name: str, port: str, count: int) -> None:
        """The port's counter reaches exactly `count`."""
        wait_until(f"{host.name}: {name} of {port} to reach {count}", lambda: dropped(host, name, port) >= count, 5)
        self.assertEqual(dropped(host, name, port), count)

    def assert_reaches(self, machine: Machine, address: str, *options: str) -> None:
        done = machine.attempt("ping", "-n", "-c", "3", "-i", "0.05", "-W", "2", *options, address)
        if " 0% packet loss" not in done.stdout:
            self.fail(f"{machine.name} to {address}: {done.stdout}{done.stderr}{self.what_hosts_say()}")
        self.assertNotIn("DUP!", done.stdout)

    def what_hosts_say(self) -> str:
        return "\n".join(f"{host.name}: {host.appctl(command)}" for host in self.hosts if host.switch.running
                         for command in ("ringfence/drops", "ringfence/fabric"))

    def assert_does_not_reach(self, machine: Machine, address: str, *options: str) -> None:
        done = machine.attempt("ping", "-n", "-c", "3", "-i", "0.05", "-W", "0.5", *options, address)
        self.assertIn("100% packet loss", done.stdout, f"{machine.name} to {address}: {done.stdout}{done.stderr}")


def mac_of(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def addresses_of(number: int) -> list[str]:
    return [f"10.0.0.{number}/24", f"fd00::{number:x}/64"]


# --- counters -----------------------------------------------------------------------------------------

ALL_PORTS = "all ports"
ARRIVED = {"rx", "generated", "replicated", "segmented"}
NOTES = {"answered.arp", "answered.nd", "answered.echo", "answered.icmp", "answered.dhcp", "answered.dhcp6", "answered.ra",
         "dhcp.conflict", "rx.ring_full", "limited.bandwidth_in", "limited.slow_path", "tunnel.ecn_anomaly",
         "uplink.to_host"}  # beside the equation


def all_counters(host: Host) -> dict[str, dict[str, int]]:
    """`ovs-appctl ringfence/drops`: port -> counter -> packets; "all ports" is one of the ports."""
    found: dict[str, dict[str, int]] = {}
    for line in host.appctl("ringfence/drops").splitlines():
        if not line.startswith(" "):
            found[port := line] = {}
        elif "nothing yet" not in line:
            name, packets = line.split()[:2]
            found[port][name] = int(packets)
    return found


def counters(host: Host, port: str = ALL_PORTS) -> dict[str, int]:
    return all_counters(host)[port]


def assert_conserved(host: Host) -> None:
    """rx + generated + replicated + segmented = tx + drops + consumed + merged, for every port and in total.

    What is under way while we ask is on one side only, so there is time to get it right.
    """
    def differences() -> list[str]:
        return [f"{port}: {arrived} came, {left} left: {found}" for port, found in all_counters(host).items()
                if (arrived := sum(found.get(name, 0) for name in ARRIVED))
                != (left := sum(count for name, count in found.items() if name not in ARRIVED | NOTES))]

    def conserved() -> bool:
        if wrong := differences():
            raise LabError(f"{host.name}: packets do not add up: " + "; ".join(wrong))
        return True
    wait_until("the packets to add up", conserved, 3)


def dropped(host: Host, name: str, port: str = ALL_PORTS) -> int:
    return counters(host, port).get(name, 0)


def is_drop(name: str) -> bool:
    return name not in ARRIVED | NOTES | {"tx", "consumed", "merged"}


def main() -> None:
    if os.geteuid() != 0:
        print("skipped: not root, and system tests make network namespaces")
        sys.exit(77)
    unittest.main(verbosity=2, warnings="ignore")  # about daemons that the lab, not their Popen, has ended
