"""A VM's keepalived: a real VRRP router (RFC 9568), in the VM's network namespace."""

from harness import Machine, wait_until
from labkit.ledger import end_processes
from labkit.network import spawn

CONFIGURATION = """
global_defs {{
    router_id {name}
    vrrp_version 3
    vrrp_garp_master_refresh 0
}}
vrrp_instance shop {{
    state BACKUP
    interface eth0
    virtual_router_id {group}
    priority {priority}
    advert_int 0.2
    {options}
    virtual_ipaddress {{
        {address}
    }}
}}
"""


class Keepalived:
    """One that wants `address`, the more the higher its priority. With `own_device` the address is at VRRP's MAC, on a
    device of its own, otherwise at the VM's."""

    def __init__(self, machine: Machine, address: str, group: int, priority: int, own_device: bool = False):
        self.machine, self.address = machine, address
        directory = machine.ledger.directory / "keepalived"
        directory.mkdir(exist_ok=True)
        stem = directory / f"{machine.name}-{group}"
        self.log = stem.with_suffix(".out")
        stem.with_suffix(".conf").write_text(CONFIGURATION.format(
            name=machine.name, group=group, priority=priority, address=address,
            options=f"use_vmac vrrp{group}" if own_device else ""), encoding="utf-8")
        self._command = ("keepalived", "--vrrp", "--dont-fork", "--log-console", "--log-detail",
                         "--use-file", str(stem.with_suffix(".conf")), "--pid", str(stem.with_suffix(".pid")),
                         "--vrrp_pid", str(stem.with_suffix(".vrrp-pid")))

    def __enter__(self) -> "Keepalived":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        self._process = spawn(self.machine.ledger, "ip", "netns", "exec", self.machine.namespace.full_name,
                              *self._command, log=self.log)

    def stop(self) -> None:
        """It says good-bye: an advertisement of priority 0."""
        if self._process is not None:  # else its number may be another's by now
            end_processes([self._process.pid])
            self._process = None

    def has_it(self) -> bool:
        return f" {self.address.split('/')[0]}/" in self.machine.namespace.ip("-o", "address", "show")

    def wait_for_it(self) -> None:
        wait_until(f"{self.machine.name} to take {self.address}; {self.log} says why not", self.has_it, 10)
