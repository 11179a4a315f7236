"""A foreign host whose VTEP is Open vSwitch's userspace datapath: Debian's openvswitch-switch-dpdk, without DPDK's ports."""

import os
from pathlib import Path

from .daemon import Daemon
from .database import VSWITCH_SCHEMA, DatabaseServer
from .host import WIRE, add_address
from .ledger import Ledger
from .machine import Machine
from .network import Namespace, Underlay

PROGRAM = Path("/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk")


class OvsHost:
    """As its documentation sets up VXLAN in userspace: a bridge that has the wire and the VTEP's address, another one with
    the VMs and a tunnel port for each remote VTEP."""

    def __init__(self, ledger: Ledger, name: str, vtep: str):
        self.name, self.vtep = name, vtep
        self.directory = ledger.directory / name
        self.namespace = Namespace(ledger, name)
        self.environment = {**os.environ, "OVS_RUNDIR": str(self.directory), "OVS_LOGDIR": str(self.directory),
                            "OVS_DBDIR": str(self.directory)}
        self.database = DatabaseServer("ovsdb-server", self.directory, {"conf": VSWITCH_SCHEMA}, self.namespace.spawn, "db.sock")
        # The lab's tests read logs named *.log for warnings of ours; what OVS warns of is its own business.
        log, self._control = self.directory / "ovs-vswitchd.txt", self.directory / "ovs-vswitchd.ctl"
        self.switch = Daemon(f"{name}: ovs-vswitchd", self.namespace.spawn,
                             [str(PROGRAM), self.database.remote, f"--unixctl={self._control}", "--no-chdir", "-vconsole:off", "-vsyslog:off",
                              f"--log-file={log}"], log, lambda: bool(self.appctl("version")), env=self.environment)

    def create(self, underlay: Underlay, offloads: bool = False) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.namespace.create(ipv6=":" in self.vtep)
        underlay.connect(self.namespace, WIRE)
        self.namespace.sysctl(**{f"net__ipv6__conf__{WIRE}__disable_ipv6": 1})
        mac = self.namespace.run("cat", f"/sys/class/net/{WIRE}/address").strip()
        self.database.start()
        self.vsctl("--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                   f"other_config:userspace-tso-enable={str(offloads).lower()}")
        self.switch.start()
        self.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", f'other_config:hwaddr="{mac}"',
                   "--", "add-port", "br-phy", WIRE)
        self.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev")
        self.namespace.ip("link", "set", "br-phy", "up")
        add_address(self.namespace, "br-phy", self.vtep)

    def add_tunnel(self, remote: str, vni: int) -> None:
        self.vsctl("add-port", "br-int", "vx0", "--", "set", "interface", "vx0", "type=vxlan",
                   f'options:remote_ip="{remote}"', f"options:key={vni}")

    def plug(self, machine: Machine, mtu: int) -> None:
        """A veth whose VM finishes its checksums: nobody else does between two sockets."""
        self.namespace.ip("link", "add", "vm0", "mtu", str(mtu), "type", "veth", "peer", "name", "vm1", "mtu", str(mtu))
        self.namespace.ip("link", "set", "vm0", "up")
        self.namespace.run("ethtool", "-K", "vm1", "tx", "off")
        machine.take("vm1", self.namespace)
        self.vsctl("add-port", "br-int", "vm0")

    def plug_tap(self, machine: Machine, port: str, mtu: int) -> None:
        """A tap of the datapath's own, as Ringfence's ports of type `tap` are; with the offloads that the switch offers."""
        self.vsctl("add-port", "br-int", port, "--", "set", "interface", port, "type=internal", f"mtu_request={mtu}")
        machine.take(port, self.namespace)

    def vsctl(self, *arguments: str) -> str:
        return self.namespace.run("ovs-vsctl", "--timeout=20", *arguments, env=self.environment).strip()

    def appctl(self, *arguments: str) -> str:
        return self.namespace.run("ovs-appctl", "-t", str(self._control), *arguments, env=self.environment)
