"""The headline of the quickstart: a fenced vApp, three exact copies of it, and all four reachable at once."""

from .console import Steps, bold
from .daemon import binary
from .lab import Lab
from .shell import LabError, run
from .shop import PLAN, Shop, fetch, fetch_at_once

COPIES = ("copy-1", "copy-2", "copy-3")
STEPS = 3
OPEN = "vapp-network set acme/shop/front --inbound allow --wait=hosts"
CLONE = f"vapp clone acme/shop acme/copy --count {len(COPIES)} --wait=controller"


def show_headline(lab: Lab, steps: Steps) -> None:
    shop = Shop(lab, "acme")
    with steps.step("vApp") as progress:
        progress("acme/shop: web and db behind a fence, and a desk outside of it")
        shop.make_office("host2")
        shop.make_vapp()
        shop.plug("shop", {"web": "host1", "db": "host2"})
        found = _show_default(shop, progress)
        progress("acme/shop: web and db behind a fence; nobody gets in before the tenant says so")
    steps.tell("\n".join(found))
    with steps.step("clones") as progress:
        progress(f"network-ctl {CLONE}")
        lab.ctl(*CLONE.split())
        for number, copy in enumerate(COPIES, start=1):
            progress(f"the VMs of {copy}")
            web, db = ("host1", "host2") if number % 2 == 0 else ("host2", "host1")
            shop.plug(copy, {"web": web, "db": db})
        lab.ctl("sync", "--wait=hosts")
        progress(f"three exact copies by one command, MACs and addresses included: network-ctl {CLONE}")
    steps.tell("\n".join(_table(lab)))
    with steps.step("at once") as progress:
        progress("the desk asks all copies")
        found = [*_show_pages(shop), *_show_neighbours(shop)]
        progress("every copy answers at its outside address, and asked the db of its own")
    steps.tell("\n".join(found))
    steps.tell()


def _show_default(shop: Shop, progress) -> list[str]:
    """The same request before and after the tenant opens the fence."""
    address = shop.outside("shop")
    progress(f"the desk asks http://{address}/, which nobody has allowed")
    if before := fetch(shop.desk, address, timeout=1):
        raise LabError(f"the fence of acme/shop is open before anybody opened it: {before}")
    progress(f"network-ctl {OPEN}")
    shop.lab.ctl(*OPEN.split())
    after = fetch(shop.desk, address)
    if "the db of shop" not in after:
        raise LabError(f"acme/shop does not answer at {address} when its fence is open: \"{after}\"")
    return [f"desk to http://{address}/ (web is {PLAN['web'][1]} inside):  no answer in 1 s",
            f"{bold('network-ctl ' + OPEN)}", f"desk to http://{address}/:  \"{after}\""]


def _table(lab: Lab) -> list[str]:
    listed = run(binary("network-ctl"), "nic", "list", "--org", "acme", env=lab.environment)
    head, *rows = listed.splitlines()
    return [head, *(row for row in rows if row.startswith(("acme/shop/", "acme/copy-")))]


def _show_pages(shop: Shop) -> list[str]:
    copies = ("shop", *COPIES)
    addresses = [shop.outside(copy) for copy in copies]
    answers = fetch_at_once(shop.desk, addresses)
    for copy, address, answer in zip(copies, addresses, answers):
        if answer != f"the web of {copy}, which asked the db of {copy}":
            raise LabError(f"http://{address}/ is {copy}'s, and says: \"{answer}\"")
    return [f"desk to http://{address}/:  \"{answer}\"" for address, answer in zip(addresses, answers)]


def _show_neighbours(shop: Shop) -> list[str]:
    """Copies reach each other, and themselves, by outside addresses: from one inside address to the same one."""
    found = []
    for copy, other in (("copy-1", "copy-2"), ("copy-2", "shop"), ("copy-3", "copy-3")):
        address = shop.outside(other)
        if f"the web of {other}" not in (answer := fetch(shop.machine(copy, "web"), address)):
            raise LabError(f"the web of {copy} does not reach {other} at {address}: \"{answer}\"")
        found.append(f"{copy}'s web ({PLAN['web'][1]}) to {other}'s ({PLAN['web'][1]}) at {address}:  \"{answer}\"")
    return found
