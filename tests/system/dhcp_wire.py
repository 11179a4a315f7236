"""DHCP as bytes, by scapy: a client of the test's own, which says what it wants and times what it hears."""

import logging
import random
import time

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

# pylint: disable=wrong-import-position
from harness import Capture, LabError, Machine, send  # noqa: E402
from labkit.capture import mac_bytes  # noqa: E402
from scapy.layers.dhcp import BOOTP, DHCP  # noqa: E402
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import ICMPv6ND_RA, IPv6  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

__all__ = ["BOOTP", "DHCP", "ICMPv6ND_RA", "IP", "IPv6", "UDP", "Ether", "answers", "ask", "message", "option", "time_to_lease"]

BROADCAST = "ff:ff:ff:ff:ff:ff"


def message(machine: Machine, kind: str, *options: tuple, source: str = "0.0.0.0", **fields) -> Ether:
    """From a client's port, to all; `fields` are BOOTP's."""
    fields = {"chaddr": mac_bytes(machine.mac), "xid": random.getrandbits(32), "flags": "B", **fields}
    return (Ether(src=machine.mac, dst=BROADCAST) / IP(src=source, dst="255.255.255.255") / UDP(sport=68, dport=67)
            / BOOTP(**fields) / DHCP(options=[("message-type", kind), *options, "end"]))


def answers(capture: Capture, machine: Machine, xid: int) -> list[Ether]:
    """The server's messages of a transaction that have arrived."""
    mark = xid.to_bytes(4, "big")
    return [frame for frame in map(Ether, capture.frames(machine, mark))
            if BOOTP in frame and frame[BOOTP].op == 2 and frame[BOOTP].xid == xid]


def ask(machine: Machine, frame: Ether, patience: float = 2) -> Ether:
    """The first answer."""
    with Capture([machine]) as capture:
        send(machine, bytes(frame))
        return wait_for_answer(capture, machine, frame, patience)


def wait_for_answer(capture: Capture, machine: Machine, frame: Ether, patience: float = 2) -> Ether:
    deadline = time.monotonic() + patience
    while not (found := answers(capture, machine, frame[BOOTP].xid)):
        if time.monotonic() > deadline:
            raise LabError(f"{machine.name}: no answer to {frame.summary()} in {patience:g} s")
        capture.read(0.05)
    return found[0]


def option(frame: Ether, name: str):
    """A value of an answer; None where it is not there."""
    return next((value[1] for value in frame[DHCP].options if value[0] == name), None)


def time_to_lease(machine: Machine) -> float:
    """Seconds from DISCOVER to OFFER and from REQUEST to ACK; what the test itself takes in between is not counted."""
    with Capture([machine]) as capture:
        offer, waited = timed(capture, machine, message(machine, "discover"))
        request = message(machine, "request", ("server_id", option(offer, "server_id")),
                          ("requested_addr", offer[BOOTP].yiaddr))
        return waited + timed(capture, machine, request)[1]


def timed(capture: Capture, machine: Machine, frame: Ether) -> tuple[Ether, float]:
    """An answer, and how long it took. Opening and closing a packet socket takes the kernel longer than that."""
    wire, mark = bytes(frame), frame[BOOTP].xid.to_bytes(4, "big")
    with machine.namespace.packet_socket("eth0", protocol=0) as raw:
        raw.setblocking(True)
        began = time.monotonic()
        raw.send(wire)
        capture.wait_for(machine, mark, timeout=2)
        waited = time.monotonic() - began
    return wait_for_answer(capture, machine, frame), waited
