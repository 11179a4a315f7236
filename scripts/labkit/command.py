"""The command line of scripts/lab: a fabric on this machine, to try things with."""

import argparse
import os
import sys

from .daemon import BINARIES
from .lab import Lab
from .ledger import Ledger, exclusive
from .shell import LabError

HELP = """examples:
  scripts/lab up --hosts 3                 database, controller, three hosts and the wire between them
  eval "$(scripts/lab env)"                puts network-ctl into PATH and points it at the lab
  scripts/lab plug host1 web --iface-id acme/default/web/0 --mac 02:00:00:00:00:01 --ip 10.0.0.1/24
  scripts/lab in web ping 10.0.0.2         a command in a VM
  scripts/lab in host1 ovs-vsctl show      a command on a host, with its own Open_vSwitch database
  scripts/lab down
"""


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        return options.action(options) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _up(options) -> None:
    with Lab(options.name, keep=True, underlay_mtu=options.mtu) as lab:
        for number in range(1, options.hosts + 1):
            lab.add_host(f"host{number}")
        lab.wait_connected()
    print(f"the lab '{options.name}' is up with {options.hosts} hosts; next: eval \"$(scripts/lab env)\"")


def _down(options) -> None:
    take_down(options.name)


def _list(options) -> None:
    for entry in existing(options.name).entries("namespace"):
        print(entry["name"].removeprefix(f"rf-{options.name}-"))


def _env(options) -> None:
    print(f"export RINGFENCE_DB={environment(existing(options.name))['RINGFENCE_DB']}")
    print(f"export PATH={BINARIES}:$PATH")


def _plug(options) -> None:
    existing(options.name)
    with exclusive(options.name):
        lab = Lab.attached(options.name)
        if options.host not in lab.hosts:
            raise LabError(f"no host '{options.host}' in the lab; there are: {', '.join(lab.hosts)}")
        lab.plug(lab.hosts[options.host], options.machine, options.iface_id, options.mac, options.ip)


def _in(options) -> None:
    ledger = existing(options.name)
    os.environ.update(environment(ledger, options.where))
    command = options.command or [os.environ.get("SHELL", "bash")]
    os.execvp("ip", ["ip", "netns", "exec", f"rf-{options.name}-{options.where}", *command])


def existing(name: str) -> Ledger:
    ledger = Ledger(name)
    if not ledger.exists:
        raise LabError(f"no lab '{name}' is up; scripts/lab up, or scripts/quickstart, makes one")
    return ledger


def environment(ledger: Ledger, host: str = "") -> dict[str, str]:
    """What a shell needs to talk to the lab; with a host's name, to that host's switch as well."""
    found = {"RINGFENCE_DB": f"unix:{ledger.directory}/db/fabric.sock",
             "PATH": f"{BINARIES}:{os.environ.get('PATH', '/usr/sbin:/usr/bin')}"}
    if host and (ledger.directory / host / "db.sock").exists():
        found["OVS_RUNDIR"] = str(ledger.directory / host)
    return found


def take_down(name: str) -> None:
    """Takes down what a lab has made; nothing where there is none."""
    with exclusive(name):
        Ledger(name).take_down()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__, epilog=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="quickstart", help="which lab (default: %(default)s)")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    up = actions.add_parser("up", help="bring a lab up")
    up.add_argument("--hosts", type=int, default=2)
    up.add_argument("--mtu", type=int, default=1500, help="MTU of the underlay")
    up.set_defaults(action=_up)

    actions.add_parser("down", help="take it down").set_defaults(action=_down)
    actions.add_parser("list", help="its hosts and VMs").set_defaults(action=_list)
    actions.add_parser("env", help="print exports for a shell").set_defaults(action=_env)

    plug = actions.add_parser("plug", help="start a VM behind a tap port of a host")
    plug.add_argument("host")
    plug.add_argument("machine", help="name of the VM")
    plug.add_argument("--iface-id", required=True, help="the logical port's name, as printed by network-ctl nic create")
    plug.add_argument("--mac", required=True)
    plug.add_argument("--ip", action="append", default=[], help="address/prefix, any number of times")
    plug.set_defaults(action=_plug)

    inside = actions.add_parser("in", help="run a command (or a shell) in a VM or on a host")
    inside.add_argument("where")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    inside.set_defaults(action=_in)
    return parser
