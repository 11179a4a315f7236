"""The lab as a whole: what scripts/lab, scripts/quickstart and the system tests bring up and take down."""

import json
import os
import re

from . import machine as machines
from .daemon import BINARIES, Daemon, binary
from .database import fabric_databases
from .host import ForeignHost, Host
from .ledger import Ledger, exclusive
from .machine import Machine
from .network import Underlay, spawn
from .shell import attempt, run, wait_until

UNDERLAY_MTU = 1500
LOGS = BINARIES.parent / "lab-logs"  # of labs that failed, by name


class Lab:
    """`with Lab(name) as lab:` has a database, a controller and an underlay; the lab is gone at the end of the block.

    `keep=True` leaves it up at the end, unless the block fails. One process at a time works on a lab of a name.
    """

    def __init__(self, name: str, keep: bool = False, underlay_mtu: int = UNDERLAY_MTU):
        self.name, self._keep = name, keep
        self.ledger = Ledger(name)
        self.databases = fabric_databases(self.ledger)
        self.controller = self.make_controller("controller")
        self.underlay = Underlay(self.ledger, underlay_mtu)
        self.hosts: dict[str, Host] = {}
        self.machines: dict[str, Machine] = {}
        self._lock = exclusive(name)

    def __enter__(self) -> "Lab":
        self._lock.__enter__()
        try:
            self.ledger.open()
            self._start()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, failure, *_) -> None:
        try:
            if failure:
                self.ledger.save_logs(LOGS / self.name)
            if failure or not self._keep:
                self.ledger.take_down()
        finally:
            self._lock.__exit__(None, None, None)

    def _start(self) -> None:
        self.databases.start()
        self.controller.start()
        self.underlay.create()
        self.ctl("global", "set", "--admit-hosts", "auto")

    @classmethod
    def attached(cls, name: str) -> "Lab":
        """The lab that is up under this name, as another process left it: for commands, not for starting daemons."""
        lab = cls(name)
        for entry in lab.ledger.entries("host"):
            lab.hosts[entry["name"]] = Host(lab.ledger, entry["name"], entry["vtep"])
        return lab

    def make_controller(self, name: str) -> Daemon:
        """A controller of this fabric, not started yet; the lab starts the one named "controller"."""
        control = self.ledger.directory / f"{name}.ctl"

        def spawn_it(*command, **how):
            control.unlink(missing_ok=True)
            return spawn(self.ledger, *command, **how)
        log = self.ledger.directory / f"{name}.log"
        command = [binary("ringfence-controller"), "--nb", self.databases.remote, "--sb", self.databases.remote,
                   "--name", name, "--unixctl", str(control), "--log-file", str(log)]
        return Daemon(name, spawn_it, command, log, control.exists)

    def add_host(self, name: str, start: bool = True, cores: str = "", vteps: str = "", **settings: str) -> Host:
        """Adds a Ringfence host; its VTEP is 192.0.2.N in the order of adding. `settings`: see Host.create."""
        number = len(self.hosts) + 1
        host = Host(self.ledger, name, vteps or f"192.0.2.{number}")
        self.ledger.note("host", name=name, vtep=",".join(host.vteps))
        self.hosts[name] = host
        # One core a host: two workers that share a core would cost each ping milliseconds.
        one_core = hex(1 << ((number - 1) % len(os.sched_getaffinity(0))))
        host.create(self.underlay, self.databases.remote, cores or one_core, **settings)
        if start:
            host.start()
        return host

    def wait_connected(self, timeout: float = 15) -> None:
        """Until every host knows the way to every other: before, their first packets are dropped by name."""
        for host in self.hosts.values():
            def connected(host=host) -> bool:
                ways, resolved = re.search(r"(\d+) next hops \((\d+) resolved\)", host.appctl("ringfence/fabric")).groups()
                return ways == resolved and int(ways) >= len(self.hosts) - 1
            wait_until(f"{host.name} to know the way to all other hosts", connected, timeout)

    def add_foreign_host(self, name: str, vtep: str) -> ForeignHost:
        """Adds a host whose kernel speaks VXLAN, and tells the fabric of it."""
        host = ForeignHost(self.ledger, name, vtep)
        host.create(self.underlay)
        self.ctl("host", "add", name, "--kind", "foreign", "--vtep", vtep)
        return host

    def add_machine(self, name: str, mac: str, addresses: list[str], gateways: tuple[str, ...] = ()) -> Machine:
        machine = Machine(self.ledger, name, mac, addresses, gateways)
        machine.create()
        self.machines[name] = machine
        return machine

    def plug(self, host: Host, name: str, iface_id: str, mac: str, addresses: list[str], port: str = "",
             gateways: tuple[str, ...] = ()) -> Machine:
        """A VM behind a tap port of `host`; returns when its logical port is bound there."""
        machine = self.add_machine(name, mac, addresses, gateways)
        machines.plug_tap(host, machine, port or name[:15], iface_id, lambda: self.bound_host(iface_id) == host.name)
        return machine

    def plug_veth(self, host: Host, name: str, iface_id: str, mac: str, addresses: list[str],
                  port: str = "") -> Machine:
        """A VM behind a veth taken by af_packet, which outlives a restart of the daemon."""
        machine = self.add_machine(name, mac, addresses)
        machines.plug_veth(host, machine, port or name[:12], iface_id, self.underlay.mtu - 50)
        self.wait_bound(iface_id, host)
        return machine

    def plug_system(self, host: Host, name: str, iface_id: str, mac: str, addresses: list[str],
                    port: str = "") -> Machine:
        """A VM behind a netdev that was there before, as behind libvirt's taps; with its kernel's offloads."""
        machine = self.add_machine(name, mac, addresses)
        machines.plug_system(host, machine, port or name[:12], iface_id, self.underlay.mtu - 50)
        self.wait_bound(iface_id, host)
        return machine

    def ctl(self, *arguments: str, timeout: float = 30) -> str:
        """network-ctl against the lab's databases."""
        return run(binary("network-ctl"), *arguments, timeout=timeout, env=self.environment).strip()

    def try_ctl(self, *arguments: str, timeout: float = 30):
        return attempt(binary("network-ctl"), *arguments, timeout=timeout, env=self.environment)

    def list(self, noun: str) -> list[dict]:
        """What `network-ctl NOUN list` knows."""
        return json.loads(self.ctl(noun, "list", "--format", "json"))["items"]

    def show(self, noun: str, name: str) -> dict:
        return json.loads(self.ctl(noun, "show", name, "--format", "json"))["items"][0]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "RINGFENCE_DB": self.databases.remote}

    def bound_host(self, iface_id: str) -> str:
        """Where a logical port is; "" = nowhere."""
        return self.show("nic", iface_id)["bound_host"] or ""

    def wait_bound(self, iface_id: str, host: Host, timeout: float = 10) -> None:
        wait_until(f"{iface_id} to be bound to {host.name}", lambda: self.bound_host(iface_id) == host.name, timeout)
