"""The fenced vApp of the tour and of tests: a web server and its database, and exact copies of both.

Every copy has the same MACs and the same addresses inside its fence; the addresses that others see are the fabric's to
choose. `Shop` is the organization network around the fences and a desk on it, from which people look at the copies.
"""

from concurrent.futures import ThreadPoolExecutor

from .lab import Lab
from .machine import Machine
from .network import spawn
from .shell import LabError, wait_until

SUBNET, POOL = "172.16.1.0/24", "172.16.1.100-172.16.1.199"
DESK = ("02:00:00:00:01:09", "172.16.1.9")
# VM -> MAC and address, the same in every copy.
PLAN = {"web": ("02:00:00:00:01:05", "172.16.1.5"), "db": ("02:00:00:00:01:06", "172.16.1.6")}
PAGE = __file__.replace("shop.py", "page.py")


class Shop:
    def __init__(self, lab: Lab, organization: str):
        self.lab, self.organization = lab, organization
        self.desk: Machine | None = None

    @property
    def vapp(self) -> str:
        return f"{self.organization}/shop"

    def make_office(self, host: str) -> None:
        """The organization network, and a desk on it at `host`."""
        self.lab.ctl("network", "create", f"{self.organization}/office", "--subnet", SUBNET, "--range", POOL)
        self.lab.ctl("nic", "create", f"{self.organization}/default/desk", "--network", "office",
                     "--mac", DESK[0], "--ip", DESK[1])
        self.desk = self.lab.plug(self.lab.hosts[host], f"{self.organization}-desk",
                                  f"{self.organization}/default/desk/0", DESK[0], [f"{DESK[1]}/24"])

    def make_vapp(self) -> None:
        """The source of all copies: a network fenced off from the office, with web and db on it."""
        self.lab.ctl("vapp", "create", self.vapp)
        self.lab.ctl("vapp-network", "create", f"{self.vapp}/front", "--mode", "fenced", "--parent", "office")
        for vm, (mac, address) in PLAN.items():
            self.lab.ctl("nic", "create", f"{self.vapp}/{vm}", "--vapp-network", "front", "--mac", mac, "--ip", address)

    def plug(self, copy: str, hosts: dict[str, str]) -> None:
        """Puts the VMs of a copy behind their ports and starts their servers; hosts: VM -> host."""
        for vm, host in hosts.items():
            mac, address = PLAN[vm]
            self.lab.plug(self.lab.hosts[host], f"{copy}-{vm}", f"{self.organization}/{copy}/{vm}/0", mac,
                          [f"{address}/24"])
        serve(self.lab, self.machine(copy, "db"), f"the db of {copy}")
        serve(self.lab, self.machine(copy, "web"), f"the web of {copy}, which asked ", f"http://{PLAN['db'][1]}/")

    def machine(self, copy: str, vm: str) -> Machine:
        return self.lab.machines[f"{copy}-{vm}"]

    def outside(self, copy: str, vm: str = "web") -> str:
        """Its address as others see it."""
        return self.lab.show("nic", f"{self.organization}/{copy}/{vm}/0")["outside_addresses"][0]


def serve(lab: Lab, machine: Machine, text: str, ask: str = "") -> None:
    """A web server on the machine's port 80, listening when this returns."""
    spawn(lab.ledger, "ip", "netns", "exec", machine.namespace.full_name, "/usr/bin/python3", PAGE, text, "--ask", ask,
          log=lab.ledger.directory / f"page-{machine.name}.out")
    wait_until(f"the web server of {machine.name}", lambda: ":80 " in machine.run("ss", "-Hltn"))


def fetch(machine: Machine, address: str, timeout: float = 5) -> str:
    """What http://address/ says to the machine; "" where no connection comes about."""
    done = machine.attempt("curl", "-sS", "--max-time", f"{timeout:g}", f"http://{address}/")
    if done.returncode not in (0, 7, 28):  # 7: refused, 28: no answer in time
        raise LabError(f"{machine.name}: http://{address}/: {done.stderr}")
    return done.stdout.strip()


def fetch_at_once(machine: Machine, addresses: list[str], timeout: float = 5) -> list[str]:
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(lambda address: fetch(machine, address, timeout), addresses))
