"""Network namespaces, what is done inside of them, and the underlay: one more namespace with a bridge."""

import contextlib
import ctypes
import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .ledger import Ledger
from .shell import attempt, run

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network namespace of the lab; its name for `ip netns` is the lab's prefix plus `name`."""

    def __init__(self, ledger: Ledger, name: str):
        self.name = name
        self.full_name = f"{ledger.prefix}-{name}"
        self._ledger = ledger

    def create(self, ipv6: bool = False) -> None:
        self._ledger.note("namespace", name=self.full_name)
        run("ip", "netns", "add", self.full_name)
        self.ip("link", "set", "lo", "up")
        if not ipv6:
            self.sysctl(net__ipv6__conf__all__disable_ipv6=1, net__ipv6__conf__default__disable_ipv6=1)

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.full_name, *arguments)

    def run(self, *command: str, **how) -> str:
        return run("ip", "netns", "exec", self.full_name, *command, **how)

    def attempt(self, *command: str, **how) -> subprocess.CompletedProcess:
        return attempt("ip", "netns", "exec", self.full_name, *command, **how)

    def sysctl(self, **settings: int) -> None:
        """sysctl(net__ipv6__conf__all__disable_ipv6=1)"""
        for key, value in settings.items():
            self.run("sysctl", "-q", "-w", f"{key.replace('__', '.')}={value}")

    def spawn(self, *command: str, log: Path, env: dict[str, str] | None = None) -> subprocess.Popen:
        """Starts a process in the namespace, in a session of its own, and writes it into the ledger."""
        return spawn(self._ledger, "ip", "netns", "exec", self.full_name, *command, log=log, env=env)

    def packet_socket(self, interface: str, protocol: int = 0x0003) -> socket.socket:
        """A raw socket on an interface of the namespace, for the calling process to send and to read."""
        with inside(self.full_name):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
            raw.bind((interface, protocol))
        raw.setblocking(False)
        return raw

    def delete(self) -> None:
        attempt("ip", "netns", "delete", self.full_name)


@contextlib.contextmanager
def inside(namespace: str):
    """The calling thread is in the namespace; what it opens there stays there."""
    with open("/proc/thread-self/ns/net", "rb") as back, open(f"/run/netns/{namespace}", "rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(back.fileno())


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")


def spawn(ledger: Ledger, *command: str, log: Path, env: dict[str, str] | None = None) -> subprocess.Popen:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env=env, start_new_session=True)
    ledger.note_process(process.pid, " ".join(command))
    return process


@dataclass
class WireTap:
    """The underlay's end of a host's wire."""
    name: str
    namespace: Namespace
    interface: str


class Underlay:
    """The wire between the hosts: a bridge that floods everything, one veth to each host."""

    def __init__(self, ledger: Ledger, mtu: int):
        self.mtu = mtu
        self.namespace = Namespace(ledger, "underlay")

    def create(self) -> None:
        self.namespace.create()
        self.namespace.ip("link", "add", "bridge", "type", "bridge", "mcast_snooping", "0")
        self.namespace.ip("link", "set", "bridge", "mtu", str(self.mtu), "up")

    def connect(self, namespace: Namespace, interface: str) -> None:
        """Puts one end of a new veth into `namespace`; the other end is a port of the bridge, named as the host."""
        port = namespace.name[:15]
        self.namespace.ip("link", "add", port, "mtu", str(self.mtu), "type", "veth",
                          "peer", "name", interface, "netns", namespace.full_name, "mtu", str(self.mtu))
        self.namespace.ip("link", "set", port, "master", "bridge", "up")
        namespace.ip("link", "set", interface, "up")

    def tap(self, host: str) -> WireTap:
        return WireTap(f"wire of {host}", self.namespace, host[:15])


def silence_kernel(namespace: Namespace, interface: str) -> None:
    """Drops what arrives at `interface` before the kernel's stack sees it; af_packet still receives it.

    A veth that stands in for a NIC belongs to DPDK alone: without this the kernel answers ARP and pings too, and speaks
    IPv6 of its own accord.
    """
    namespace.sysctl(**{f"net__ipv6__conf__{interface}__disable_ipv6": 1})
    rules = f"""table netdev ringfence_lab {{
        chain {interface} {{ type filter hook ingress device "{interface}" priority 0; policy drop; }}
    }}
    """
    namespace.run("nft", "-f", "-", stdin=rules)
