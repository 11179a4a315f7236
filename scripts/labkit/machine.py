"""A VM of the lab: a network namespace with one interface, eth0, that is plugged into a host."""

from .host import Host
from .ledger import Ledger
from .network import Namespace
from .shell import LabError, wait_until


class Machine:
    interface = "eth0"

    def __init__(self, ledger: Ledger, name: str, mac: str, addresses: list[str], gateways: tuple[str, ...] = ()):
        self.ledger = ledger
        self.name, self.mac, self.addresses, self.gateways = name, mac, addresses, gateways
        self.namespace = Namespace(ledger, name)
        self.host: Host | None = None
        self.port = ""

    def create(self) -> None:
        self.namespace.create(ipv6=True)
        # No link-local traffic of its own accord: what a VM sends is what a test or a tour sends.
        self.namespace.sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__default__router_solicitations=0,
                              net__ipv6__conf__default__addr_gen_mode=1)

    def take(self, interface: str, origin: Namespace) -> None:
        """Moves an interface out of `origin` into the VM, where it becomes eth0 with the VM's MAC and addresses."""
        origin.ip("link", "set", interface, "netns", self.namespace.full_name)
        self.configure(interface)

    def configure(self, interface: str) -> None:
        self.namespace.ip("link", "set", interface, "down")
        self.namespace.ip("link", "set", interface, "name", "eth0", "address", self.mac)
        self.namespace.ip("link", "set", "eth0", "up")
        for address in self.addresses:
            self.namespace.ip("address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        for gateway in self.gateways:
            self.namespace.ip(*(["-6"] if ":" in gateway else []), "route", "add", "default", "via", gateway)

    def run(self, *command: str, **how) -> str:
        return self.namespace.run(*command, **how)

    def attempt(self, *command: str, **how):
        return self.namespace.attempt(*command, **how)

    def mtu(self) -> int:
        return int(self.run("cat", "/sys/class/net/eth0/mtu"))


def plug_tap(host: Host, machine: Machine, port: str, iface_id: str, is_bound, bridge: str = "br-int") -> None:
    """Plugs the VM as an operator would: a tap port with an iface-id, whose netdev moves into the VM once bound."""
    host.vsctl("add-port", bridge, port, "--", "set", "interface", port, "type=tap", f"external_ids:iface-id={iface_id}")
    machine.host, machine.port = host, port
    expect_no_error(host, port)
    wait_until(f"{host.name}: port {port} to be bound", is_bound)
    machine.take(port, host.namespace)


def plug_veth(host: Host, machine: Machine, port: str, iface_id: str, mtu: int, bridge: str = "br-int") -> None:
    """Plugs the VM through a veth that DPDK takes with af_packet: unlike a tap it outlives the daemon."""
    far = f"{port}-vm"
    host.namespace.ip("link", "add", port, "mtu", str(mtu), "type", "veth", "peer", "name", far, "mtu", str(mtu))
    host.namespace.ip("link", "set", port, "up")
    host.namespace.run("ethtool", "-K", far, "tx", "off")
    machine.take(far, host.namespace)
    host.vsctl("add-port", bridge, port, "--", "set", "interface", port, "type=dpdk",
               f"options:dpdk-devargs=net_af_packet_{port},iface={port}", f"external_ids:iface-id={iface_id}")
    machine.host, machine.port = host, port
    expect_no_error(host, port)


def plug_system(host: Host, machine: Machine, port: str, iface_id: str, mtu: int, bridge: str = "br-int") -> None:
    """Plugs the VM as libvirt plugs one: a netdev that is there already, whose other side keeps the offloads of its kernel."""
    far = f"{port}-vm"
    host.namespace.ip("link", "add", port, "mtu", str(mtu), "type", "veth", "peer", "name", far, "mtu", str(mtu))
    host.namespace.ip("link", "set", port, "up")
    machine.take(far, host.namespace)
    host.vsctl("--timeout=5", "--", "--may-exist", "add-port", bridge, port,
               "--", "set", "Interface", port, f'external-ids:attached-mac="{machine.mac}"',
               "--", "set", "Interface", port, f'external-ids:iface-id="{iface_id}"',
               "--", "set", "Interface", port, "external-ids:iface-status=active")
    machine.host, machine.port = host, port
    expect_no_error(host, port)


def expect_no_error(host: Host, port: str) -> None:
    if error := host.interface(port, "error")["error"]:
        raise LabError(f"{host.name}: port {port}: {error}")

