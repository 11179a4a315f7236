"""Frames put onto a VM's wire by hand, and the frames that arrive at VMs or are on the underlay, as bytes.

    with Capture(machines) as capture:
        send(machines[0], frame)
        capture.wait_for(machines[1], b"the mark in its payload")
"""

import errno
import select
import socket
import struct
import time

from .machine import Machine
from .network import WireTap
from .shell import LabError

_SOL_PACKET, _PACKET_STATISTICS, _PACKET_AUXDATA, _PACKET_OUTGOING = 263, 6, 8, 4
_SO_RCVBUFFORCE = 33  # beyond net.core.rmem_max
_AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata
_VLAN_VALID = 1 << 4
BUFFER = 64 << 20


class Capture:
    """Reads eth0 of every machine from the moment that it is made. What a machine sends itself is not in it.

    Of a host's WireTap on the underlay it is what the host sends.
    """

    def __init__(self, machines: list[Machine | WireTap]):
        self._frames: dict[str, list[bytes]] = {machine.name: [] for machine in machines}
        self._sockets = {machine.namespace.packet_socket(machine.interface): machine.name for machine in machines}
        for raw in self._sockets:
            raw.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
            raw.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, BUFFER)

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_) -> None:
        for raw in self._sockets:
            raw.close()

    def frames(self, machine: Machine | WireTap, mark: bytes = b"") -> list[bytes]:
        """What has arrived at the machine and holds the mark."""
        self.read(0)
        return [frame for frame in self._frames[machine.name] if mark in frame]

    def lost(self) -> int:
        """How many frames came for which it had no room, since this was asked last."""
        return sum(struct.unpack("II", raw.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1] for raw in self._sockets)

    def wait_for(self, machine: Machine, mark: bytes, count: int = 1, timeout: float = 5) -> list[bytes]:
        """The frames with the mark, once there are `count` of them; LabError where they do not come."""
        deadline = time.monotonic() + timeout
        while len(found := self.frames(machine, mark)) < count:
            if (left := deadline - time.monotonic()) <= 0:
                raise LabError(f"{machine.name}: {len(found)} of {count} frames with {mark!r} arrived in {timeout:g} s")
            self.read(left)
        return found

    def read(self, timeout: float) -> None:
        """Takes in what is there; waits for something up to `timeout` seconds where nothing is."""
        for raw in select.select(list(self._sockets), [], [], timeout)[0]:
            try:
                while True:
                    frame = _receive(raw)
                    if frame is not None:
                        self._frames[self._sockets[raw]].append(frame)
            except BlockingIOError:
                pass
            except OSError as gone:  # said once, when the interface goes; what came before is still there
                if gone.errno != errno.ENETDOWN:
                    raise


def send(machine: Machine, *frames: bytes) -> None:
    with machine.namespace.packet_socket("eth0", protocol=0) as raw:
        raw.setblocking(True)
        for frame in frames:
            raw.send(frame)


def _receive(raw: socket.socket) -> bytes | None:
    """A frame as it was on the wire (the kernel takes a VLAN tag out: it goes back in); None for one of our own."""
    frame, control, _, address = raw.recvmsg(65536, socket.CMSG_SPACE(_AUXDATA.size))
    if address[2] == _PACKET_OUTGOING:
        return None
    for level, kind, data in control:
        if level == _SOL_PACKET and kind == _PACKET_AUXDATA:
            status, _, _, _, _, tag, protocol = _AUXDATA.unpack(data[:_AUXDATA.size])
            if status & _VLAN_VALID:
                frame = frame[:12] + struct.pack("!HH", protocol or 0x8100, tag) + frame[12:]
    return frame


def ethernet(destination: str, source: str, ethertype: int, payload: bytes) -> bytes:
    """An Ethernet frame, padded to 60 bytes."""
    frame = mac_bytes(destination) + mac_bytes(source) + struct.pack("!H", ethertype) + payload
    return frame.ljust(60, b"\0")


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
