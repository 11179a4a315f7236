"""Hosts: a Ringfence host with its own Open_vSwitch database and ringfence-vswitchd, and a foreign one."""

import json
import os

from .daemon import Daemon, binary
from .database import VSWITCH_SCHEMA, DatabaseServer
from .ledger import Ledger
from .network import Namespace, Underlay, silence_kernel
from .shell import wait_until

WIRE = "wire"    # the host's end of the underlay's veth: the stand-in for a NIC
SHADOW = "up0"   # the tap that shadows it and carries the VTEP's address
# af_packet's ring, as long as a NIC's: a worker that other processes keep from its core for some milliseconds loses nothing.
# For more than some 1,900 bytes it needs frames as large, that fill blocks of whole pages, and buffers that hold one.
RING = ",framecnt=4096"
LARGEST_PLAIN, JUMBO_RING, JUMBO_MTU = 1900, ",framesz=9472,blocksz=151552", "9500"


class Host:
    """One hypervisor. Its settings are the ones that an operator would make, with ovs-vsctl."""

    def __init__(self, ledger: Ledger, name: str, vteps: str):
        """`vteps`: its addresses on the underlay, as ringfence-encap-ip has them; `vtep` is the first."""
        self.name, self.vteps = name, vteps.split(",")
        self.vtep = self.vteps[0]
        self.directory = ledger.directory / name
        self.namespace = Namespace(ledger, name)
        self._ring = RING  # more arguments of the uplink's driver
        self.environment = {**os.environ, "OVS_RUNDIR": str(self.directory), "OVS_LOGDIR": str(self.directory),
                            "OVS_DBDIR": str(self.directory)}
        self.database = DatabaseServer("ovsdb-server", self.directory, {"conf": VSWITCH_SCHEMA},
                                       self.namespace.spawn, "db.sock")
        self.switch = Daemon(
            f"{name}: ringfence-vswitchd", self.namespace.spawn,
            [binary("ringfence-vswitchd"), self.database.remote, "--pidfile", "--no-chdir",
             f"--log-file={self.directory}/ringfence-vswitchd.log"],
            self.directory / "ringfence-vswitchd.log", self._answers, env=self.environment)

    def create(self, underlay: Underlay, southbound: str, cores: str, **settings: str) -> None:
        """`settings`: more columns of the Open_vSwitch row, "other_config:key" and the like."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.namespace.create(ipv6=any(":" in vtep for vtep in self.vteps))
        underlay.connect(self.namespace, WIRE)
        if underlay.mtu > LARGEST_PLAIN:
            self._ring = JUMBO_RING
            settings.setdefault("other_config:ringfence-max-mtu", JUMBO_MTU)
        silence_kernel(self.namespace, WIRE)
        self._make_shadow(underlay.mtu)
        self.database.start()
        settings = {"external_ids:system-id": self.name, "external_ids:hostname": self.name,
                    "external_ids:ringfence-remote": southbound, "external_ids:ringfence-encap-ip": ",".join(self.vteps),
                    "other_config:pmd-cpu-mask": cores, **settings}
        self.vsctl("--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                   *(f'{key}="{value}"' for key, value in settings.items()))

    def start(self) -> None:
        """Starts the switch and makes its bridges: one with the uplink, one for VMs."""
        self.switch.start()
        self.vsctl("add-br", "br-up", "--", "set", "bridge", "br-up", "datapath_type=netdev")
        self.vsctl("add-port", "br-up", "uplink", "--", "set", "interface", "uplink", "type=dpdk",
                   f"options:dpdk-devargs=net_af_packet0,iface={WIRE}{self._ring}", f"external_ids:ringfence-uplink={SHADOW}")
        self.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev")

    def _make_shadow(self, mtu: int) -> None:
        """The tap that carries the VTEP's address: made by the host's network configuration, it stays when the daemon
        restarts, with its address and the routes by it."""
        self.namespace.ip("tuntap", "add", "dev", SHADOW, "mode", "tap")
        self.namespace.ip("link", "set", SHADOW, "mtu", str(mtu), "up")
        for vtep in self.vteps:
            add_address(self.namespace, SHADOW, vtep)

    def has_interface(self, name: str) -> bool:
        return self.namespace.attempt("test", "-e", f"/sys/class/net/{name}").returncode == 0

    def vsctl(self, *arguments: str, timeout: float = 20) -> str:
        return self.namespace.run("ovs-vsctl", *arguments, env=self.environment, timeout=timeout).strip()

    def appctl(self, *arguments: str) -> str:
        return self.namespace.run("ovs-appctl", *arguments, env=self.environment)

    def interface(self, name: str, *columns: str) -> dict:
        """Columns of an Interface row, as Python values (a set or map as list or dict)."""
        text = self.vsctl("--format=json", f"--columns={','.join(columns)}", "list", "interface", name)
        table = json.loads(text)
        return {column: _plain(value) for column, value in zip(table["headings"], table["data"][0])}

    def _answers(self) -> bool:
        return "ringfence" in self.appctl("version").lower()


class ForeignHost:
    """A VTEP that is not ours: a namespace whose kernel speaks VXLAN. It has an address on the underlay itself."""

    def __init__(self, ledger: Ledger, name: str, vtep: str):
        self.name, self.vtep = name, vtep
        self.namespace = Namespace(ledger, name)

    def create(self, underlay: Underlay) -> None:
        self.namespace.create(ipv6=":" in self.vtep)
        underlay.connect(self.namespace, WIRE)
        add_address(self.namespace, WIRE, self.vtep)
        # A veth hands unfinished checksums on, because its peer is expected to be a kernel as well.
        self.namespace.run("ethtool", "-K", WIRE, "tx", "off")

    def add_vxlan(self, interface: str, vni: int, remotes: list[str], into: Namespace, mtu: int = 1450) -> None:
        """A vxlan device of this host's kernel that floods to `remotes`; it ends up in the VM's namespace `into`."""
        self.namespace.ip("link", "add", interface, "mtu", str(mtu), "type", "vxlan", "id", str(vni),
                          "dstport", "4789", "local", self.vtep, "dev", WIRE)
        for remote in remotes:
            self.namespace.run("bridge", "fdb", "append", "00:00:00:00:00:00", "dev", interface, "dst", remote)
        self.namespace.ip("link", "set", interface, "netns", into.full_name)


def add_address(namespace: Namespace, interface: str, address: str) -> None:
    """On the underlay's subnet, at once: nobody else is asked whether he has it."""
    namespace.ip("address", "add", *([f"{address}/64", "nodad"] if ":" in address else [f"{address}/24"]), "dev", interface)


def _plain(value):
    if isinstance(value, list) and len(value) == 2 and value[0] in ("set", "map", "uuid"):
        kind, content = value
        return {"set": list, "map": dict, "uuid": str}[kind](content)
    return value
