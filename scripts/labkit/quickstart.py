"""What scripts/quickstart does, step by step. What it says it has seen; what it has not seen is an error."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

from .capture import Capture, ethernet, send
from .console import Steps, bold, build, follow, green
from .dhcp import DhcpClient
from .headline import STEPS as HEADLINE_STEPS
from .headline import show_headline
from .lab import Lab
from .ledger import ROOT, Ledger, exclusive
from .machine import Machine
from .shell import LabError, attempt, run, wait_until

NAME = "quickstart"
SOURCE = Path(__file__).resolve().parents[2]
BUILD = SOURCE / "build"
TARGETS = ("ringfence-vswitchd", "ringfence-controller", "network-ctl")

TENANTS = ("acme", "globex")
# VM -> (host, MAC, address): the same for both tenants, except that only acme has a cache.
PLAN = {
    "web": ("host1", "02:00:00:00:00:01", "10.0.0.1"),
    "db": ("host2", "02:00:00:00:00:02", "10.0.0.2"),
    "cache": ("host2", "02:00:00:00:00:03", "10.0.0.3"),
}
VMS = {"acme": ("web", "db", "cache"), "globex": ("web", "db")}
EVERYBODY = "ff:ff:ff:ff:ff:ff"
EXPERIMENTAL = 0x88B5  # an ethertype for local experiments: a fabric carries all of them


def show() -> None:
    """The run for a person: the lab stays up, with a list of things to try."""
    with _alone():
        _bring_up()
        for text, commands in next_steps():
            Steps.tell("\n".join([text, *(f"    {command}" for command in commands)]))
            Steps.tell()
        Steps.tell(f"{bold(_script('quickstart') + ' --down')} takes everything down.")


def check() -> None:
    """The run for a machine: verifies every claim, the printed commands and a clean end included."""
    pids = []
    before = _traces(pids)
    with _alone():
        try:
            _bring_up()
            pids = [entry["pid"] for entry in Ledger(NAME).entries("process")]
            _check_that_a_second_run_is_refused()
            for _, commands in next_steps():
                _check_commands(commands)
        finally:
            _take_down()
    if left := _traces(pids) - before:
        raise LabError("left behind by the lab: " + ", ".join(sorted(left)))
    Steps.tell(green("every claim holds, the commands to try work, and nothing is left behind"))


def down() -> None:
    with _alone():
        _take_down()
    print("everything is down")


def _take_down() -> None:
    with exclusive(NAME):
        Ledger(NAME).take_down()


def next_steps() -> list[tuple[str, list[str]]]:
    """What to try next: a sentence, and commands to copy. `check` runs all of them."""
    lab = _script("lab")
    return [
        ("The lab stays up. network-ctl for this shell, and what it knows:",
         [f'eval "$({lab} env)"', "network-ctl nic list", "network-ctl host list"]),
        ("A VM is a network namespace, a host too; each host has its own switch and its own ovs-vsctl:",
         [f"{lab} in acme-web ping -c 3 10.0.0.2", f"{lab} in host1 ovs-vsctl show",
          f"{lab} in host1 ovs-appctl ringfence/drops"]),
        ("A VM of your own:",
         [f'eval "$({lab} env)"', *_nic_commands("acme", "mine", "02:00:00:00:00:09", "10.0.0.9"),
          f"{lab} plug host1 mine --iface-id acme/default/mine/0 --mac 02:00:00:00:00:09 --ip 10.0.0.9/24",
          f"{lab} in mine ping -c 3 10.0.0.2"]),
    ]


# --- the steps ----------------------------------------------------------------------------------

def _bring_up() -> None:
    """All steps up to the proof; the lab is up afterwards, unless one of them failed."""
    print(bold("Ringfence on this machine: two hosts, two tenants with the same addresses, and copies of a fenced vApp") + "\n")
    steps = Steps(7 + HEADLINE_STEPS)
    with steps.step("packages") as progress:
        progress("what is missing is installed")
        follow(progress, str(SOURCE / "scripts/install-dependencies"), "--build", log=BUILD / "packages.log",
               pattern=r"(installing \d+ Debian packages)")
        progress("all there")
    with steps.step("build") as progress:
        build(progress, BUILD, "-DCMAKE_BUILD_TYPE=Release", targets=TARGETS)
        progress("ringfence-vswitchd, ringfence-controller, network-ctl (Release)")
    with steps.step("control") as progress, contextlib.ExitStack() as started:
        if Ledger(NAME).exists:
            progress("takes down the lab of an earlier run")
            _take_down()
        lab = started.enter_context(Lab(NAME, keep=True))
        progress("ovsdb-server with both databases, ringfence-controller")
        rest = started.pop_all()
    with rest:
        _populate(lab, steps)


def _populate(lab: Lab, steps: Steps) -> None:
    with steps.step("hosts") as progress:
        for name in ("host1", "host2"):
            progress(name)
            lab.add_host(name)
        lab.wait_connected()
        progress("host1, host2: each ringfence-vswitchd, its Open_vSwitch database and a link to the underlay")
    with steps.step("tenants") as progress:
        for tenant in TENANTS:
            _make_tenant(lab, tenant, progress)
        progress("acme and globex, each with a network 10.0.0.0/24 and VMs on both hosts, configured by DHCP (udhcpc)")
    with steps.step("inside") as progress:
        found = [_show_inside(lab, tenant, progress) for tenant in TENANTS]
        progress("the VMs of a tenant reach each other across the hosts")
    steps.tell("\n".join(found))
    with steps.step("between") as progress:
        found = _show_between(lab, progress)
        progress("nothing crosses from tenant to tenant")
    steps.tell("\n".join(found))
    show_headline(lab, steps)


def _make_tenant(lab: Lab, tenant: str, progress) -> None:
    lab.ctl("org", "create", tenant)
    lab.ctl("network", "create", f"{tenant}/lan", "--subnet", "10.0.0.0/24")
    lab.ctl("dhcp", "enable", f"{tenant}/lan")
    clients = {}
    for vm in VMS[tenant]:
        host, mac, address = PLAN[vm]
        progress(f"{tenant}-{vm} on {host}")
        for command in _nic_commands(tenant, vm, mac, address):
            lab.ctl(*command.split()[1:])
        machine = lab.plug(lab.hosts[host], f"{tenant}-{vm}", f"{tenant}/default/{vm}/0", mac, [])
        clients[address] = DhcpClient(machine, "udhcpc")
        clients[address].start()
    lab.ctl("sync", "--wait=hosts")
    for address, client in clients.items():
        client.wait_for_address(f"{address}/24")


def _nic_commands(tenant: str, vm: str, mac: str, address: str) -> list[str]:
    return [f"network-ctl nic create {tenant}/default/{vm} --network lan --mac {mac} --ip {address}"]


def _show_inside(lab: Lab, tenant: str, progress) -> str:
    """Ping and TCP from host1's VM to host2's."""
    web, db = lab.machines[f"{tenant}-web"], lab.machines[f"{tenant}-db"]
    progress(f"{tenant}: ping")
    text = ping(web, "10.0.0.2", count=5)
    if "5 received" not in text:
        raise LabError(f"{tenant}: web does not reach db:\n{text}")
    latency = text.strip().splitlines()[-1].split("=")[1].split("/")[1]
    progress(f"{tenant}: TCP")
    gigabits, megabytes = transfer(lab, web, db, "10.0.0.2")
    return (f"{tenant:<7} web (host1) to db (host2):  5 of 5 pings answered, {latency} ms;  "
            f"TCP {megabytes:.0f} MB at {gigabits:.2f} Gbit/s")


def _show_between(lab: Lab, progress) -> list[str]:
    """Each tenant's web calls to everybody and to db's MAC, which is the other tenant's db's MAC as well."""
    found = []
    machines = list(lab.machines.values())
    count = 200
    for tenant in TENANTS:
        progress(f"frames of {tenant}")
        with Capture(machines) as capture:
            _, mac, _ = PLAN["web"]
            mark = f"a frame of {tenant}".encode()
            for destination in (EVERYBODY, PLAN["db"][1]):
                send(lab.machines[f"{tenant}-web"], *[ethernet(destination, mac, EXPERIMENTAL, mark)] * count)
            arrived = {machine.name: capture.wait_for(machine, mark, 2 * count if machine.name.endswith("db") else count)
                       for machine in machines if machine.name.startswith(tenant) and not machine.name.endswith("web")}
            strangers = {machine.name: capture.frames(machine, mark)
                         for machine in machines if not machine.name.startswith(tenant)}
        if wrong := [name for name, frames in strangers.items() if frames]:
            raise LabError(f"frames of {tenant} arrived at {', '.join(wrong)}")
        found.append(f"{tenant:<7} web sends {2 * count} marked frames:  "
                     + ", ".join(f"{len(frames)} at {name}" for name, frames in arrived.items())
                     + ";  0 at " + ", ".join(strangers))
    return found + [_show_cache(lab, progress)]


def _show_cache(lab: Lab, progress) -> str:
    """10.0.0.3 is there for acme, and for globex it is nobody's."""
    progress("10.0.0.3, which only acme has")
    with_cache, without = (ping(lab.machines[f"{tenant}-web"], "10.0.0.3", count=3) for tenant in TENANTS)
    if "3 received" not in with_cache:
        raise LabError(f"acme's web does not reach acme's cache:\n{with_cache}")
    if "0 received" not in without:
        raise LabError(f"globex's web reaches 10.0.0.3, which is acme's:\n{without}")
    return "        10.0.0.3, acme's cache:  3 of 3 pings of acme's web answered;  0 of 3 of globex's"


def ping(machine: Machine, address: str, count: int) -> str:
    return machine.attempt("ping", "-n", "-c", str(count), "-i", "0.2", "-W", "1", address).stdout


def transfer(lab: Lab, client: Machine, server: Machine, address: str, seconds: int = 2, rate: int = 0) -> tuple[float, float]:
    """TCP from client to server by iperf3: Gbit/s and megabytes, as the receiver has seen them. rate: bit/s at most; 0 = all
    that it can."""
    listening = server.namespace.spawn("iperf3", "-s", "-1", log=lab.ledger.directory / f"iperf3-{server.name}.log")
    try:
        wait_until("iperf3 to listen", lambda: ":5201 " in server.run("ss", "-Hltn"))
        report = json.loads(client.run("iperf3", "-J", "-t", str(seconds), "-b", str(rate), "-c", address))
        received = report["end"]["sum_received"]
        return received["bits_per_second"] / 1e9, received["bytes"] / 1e6
    finally:
        listening.terminate()
        listening.wait()


# --- checks of the claims that are not packets ----------------------------------------------------

def _check_that_a_second_run_is_refused() -> None:
    done = attempt(str(SOURCE / "scripts/quickstart"), "--check")
    if done.returncode == 0 or "another run" not in done.stderr:
        raise LabError(f"a second run at the same time was not refused: exit {done.returncode}, {done.stderr}")


def _check_commands(commands: list[str]) -> None:
    done = subprocess.run(["bash", "-ec", "\n".join(commands)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise LabError("of the commands to try one fails:\n" + "\n".join(commands) + f"\n{done.stdout}{done.stderr}")


def _traces(pids: list[int]) -> set[str]:
    """What a lab with these processes could leave on a machine: namespaces, processes, mounts, hugepages, directories."""
    mine = (f"rf-{NAME}", f"{ROOT}/{NAME}")
    found = {f"namespace {line.split()[0]}" for line in run("ip", "netns", "list").splitlines() if line.startswith(mine[0])}
    found |= {f"mount {line}" for line in Path("/proc/mounts").read_text().splitlines() if any(m in line for m in mine)}
    found |= {f"directory {path}" for path in (ROOT / NAME, *(Path(f"/run/dpdk/ringfence-{pid}") for pid in pids)) if path.exists()}
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = process.read_text(errors="replace").replace("\0", " ")
            found |= {f"process {process.parent.name}: {words}"} if mine[1] in words else set()
    return found | {line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("HugePages_Total")}


@contextlib.contextmanager
def _alone():
    """One run of quickstart at a time, from the packages to the last line."""
    with exclusive(f"{NAME}, from packages to proof"):
        yield


def _script(name: str) -> str:
    """A script's path as one would type it here."""
    path = str(SOURCE / "scripts" / name)
    return min(path, os.path.relpath(path), key=len)
