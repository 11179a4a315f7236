"""A VM's DHCP client: a real one, which believes that /etc, /run and the host's name are its own.

Clients write /etc/resolv.conf, keep leases and set host names; each has a mount and a UTS namespace, and an /etc of
the few files that it needs, so that the machine's stay as they are.
"""

import shutil
import signal
from pathlib import Path

from .ledger import end_processes
from .machine import Machine
from .network import spawn
from .shell import wait_until

CLIENTS = {
    "udhcpc": ("udhcpc", "-f", "-i", "eth0", "-T", "1", "-t", "5", "-A", "1", "-s", "/etc/udhcpc/default.script",
               "-O", "search", "-O", "mtu", "-O", "ntpsrv"),
    "dhclient": ("dhclient", "-4", "-d", "-v", "eth0"),
    "dhclient6": ("dhclient", "-6", "-d", "-v", "eth0"),
    "dhclient6-stateless": ("dhclient", "-6", "-S", "-d", "-v", "eth0"),
    "dhcpcd": ("dhcpcd", "-B", "-d", "eth0"),
    "networkd": ("/lib/systemd/systemd-networkd",),
}
SPEAKS_IPV6 = ("dhclient6", "dhclient6-stateless", "dhcpcd", "networkd")
NEEDED = ("alternatives", "default", "dhcp", "dhcpcd.conf", "fstab", "group", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
          "nsswitch.conf", "passwd", "protocols", "services", "udhcpc")
ENTER = """
mount --bind "$0/etc" /etc
for leases in /var/lib/dhcp /var/lib/dhcpcd; do [ ! -d $leases ] || mount --bind "$0/leases" $leases; done
mount -t tmpfs tmpfs /run
hostname localhost
# What systemd has for networkd, and no udev: nobody waits for its word on an interface where /sys can't be written.
mkdir -p /run/systemd
[ ! -d "$0/etc/systemd" ] || install -d -o systemd-network -g systemd-network /run/systemd/netif /run/systemd/netif/links \
    /run/systemd/netif/leases /run/systemd/netif/lldp
mount -o remount,bind,ro /sys
exec "$@"
"""
NETWORKD = """[Match]
Name=eth0
[Network]
DHCP=yes
IPv6AcceptRA=yes
"""


class DhcpClient:
    """`kind` is one of CLIENTS. `with DhcpClient(machine, "udhcpc") as client:` runs it in the foreground."""

    def __init__(self, machine: Machine, kind: str, *options: str):
        self.machine, self.kind = machine, kind
        self._command = (*CLIENTS[kind], *options)
        self._directory = machine.ledger.directory / "clients" / f"{machine.name}-{kind}"
        self._etc = self._directory / "etc"
        self.log = self._directory / "client.out"

    def __enter__(self) -> "DhcpClient":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """As after a boot: nothing is set, and the kernel solicits routers. Leases of an earlier run are there."""
        for change in (["address", "flush", "dev", "eth0"], ["link", "set", "eth0", "down"], ["link", "set", "eth0", "up"]):
            self.machine.namespace.ip(*change)
        if self.kind in SPEAKS_IPV6:  # dhclient gives up without an address of the link
            self._wait_for(lambda address: address.startswith("fe80:"), 10)
        shutil.rmtree(self._etc, ignore_errors=True)
        self._etc.mkdir(parents=True)
        (self._directory / "leases").mkdir(exist_ok=True)
        for name in NEEDED:
            if (origin := Path("/etc") / name).is_dir():
                shutil.copytree(origin, self._etc / name, symlinks=True)
            elif origin.exists():
                shutil.copy2(origin, self._etc / name)
        (self._etc / "resolv.conf").touch()
        if self.kind == "networkd":
            (self._etc / "machine-id").write_text(f"{self.machine.mac.replace(':', ''):0>32}\n", encoding="ascii")
            (self._etc / "systemd/network").mkdir(parents=True)
            (self._etc / "systemd/network/eth0.network").write_text(NETWORKD, encoding="ascii")
        self._process = spawn(self.machine.ledger, "ip", "netns", "exec", self.machine.namespace.full_name, "unshare",
                              "--uts", "--mount", "sh", "-ec", ENTER, str(self._directory), *self._command, log=self.log)

    def stop(self) -> None:
        """It may release what it has; one that hesitates is killed."""
        end_processes([self._process.pid])

    def renew(self) -> None:
        """Of udhcpc, which forgets a signal that it gets while it sets its address."""
        before = self.output().count("sending renew")

        def renews() -> bool:
            self._process.send_signal(signal.SIGUSR1)
            return self.output().count("sending renew") > before
        wait_until(f"{self.machine.name} to renew its lease", renews, interval=0.5)

    @property
    def resolv_conf(self) -> str:
        """The client's own."""
        return (self._etc / "resolv.conf").read_text(encoding="utf-8")

    def networkd_state(self) -> str:
        """What networkd knows of eth0: name servers and so on, which resolved would ask it for."""
        found = Path("/proc", str(self._process.pid), "root/run/systemd/netif/links").glob("*")
        return "".join(file.read_text(encoding="utf-8") for file in found)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for_output(self, text: str, timeout: float = 20) -> None:
        wait_until(f"{self.kind} of {self.machine.name} to say \"{text}\"", lambda: text in self.output(), timeout)

    def wait_for_address(self, address: str, timeout: float = 20) -> None:
        """ "10.0.0.5/24", of either family, usable."""
        self._wait_for(address.__eq__, timeout, f"to set {address}; {self.log} says what it did")

    def _wait_for(self, is_it, timeout: float, what: str = "to have a link-local address") -> None:
        def there() -> bool:
            lines = self.machine.namespace.ip("-o", "address", "show", "dev", "eth0").splitlines()
            return any(is_it(line.split()[3]) for line in lines if "tentative" not in line)
        wait_until(f"{self.kind} of {self.machine.name} {what}", there, timeout)
