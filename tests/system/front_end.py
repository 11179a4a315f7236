"""A vhost-user front end with a guest's driver behind it: does it right, and each thing wrong that a test asks for.

The protocol is QEMU's docs/interop/vhost-user.rst, the rings are VIRTIO 1.1's split ones (clause 2.6). Guest-physical and
front-end addresses are offsets into one memfd, plus a base; queue pair N has the rings 2N (to the guest) and 2N + 1.
"""

import ctypes
import mmap
import os
import socket
import struct
import time

GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEMORY, SET_LOG, SET_SIZE, SET_PLACE, SET_BASE, GET_BASE = 1, 2, 3, 5, 6, 8, 9, 10, 11
SET_KICK, SET_CALL, GET_PROTOCOL, SET_PROTOCOL, GET_QUEUES, ENABLE, POSTCOPY, GET_INFLIGHT, SET_INFLIGHT = (
    12, 13, 15, 16, 17, 18, 28, 31, 32)
VERSION_1, PROTOCOL_FEATURES, MQ, INDIRECT = 1 << 32, 1 << 30, 1 << 22, 1 << 28
NEEDS_REPLY = 8  # of a message's flags
NEXT, WRITE, INDIRECT_TABLE = 1, 2, 4
HEADER = 12  # virtio_net_hdr_mrg_rxbuf, as virtio 1 has it
BASE = 1 << 32  # of the front end's addresses
SIZE = 256  # descriptors of a ring
RING, BUFFERS, BUFFER = 0x4000, 0x100000, 2048
libc = ctypes.CDLL(None, use_errno=True)


class FrontEnd:
    """`listen=True`: as QEMU with server=on. Memory of `megabytes`."""

    def __init__(self, path, listen: bool = True, pairs: int = 1, megabytes: int = 8):
        self.path, self.pairs, self.listen = path, pairs, listen
        self.size = megabytes << 20
        self.memory_fd = os.memfd_create("guest")
        os.ftruncate(self.memory_fd, self.size)
        self.memory = mmap.mmap(self.memory_fd, self.size)
        self.events: list[int] = []
        self.sent, self.offered, self.seen = [0] * pairs, [0] * pairs, [0] * pairs
        self.connection: socket.socket | None = None
        if listen:
            path.unlink(missing_ok=True)
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen(4)

    # --- the protocol -----------------------------------------------------------------------------
    def connect(self, timeout: float = 10) -> "FrontEnd":
        if self.listen:
            self.listener.settimeout(timeout)
            self.connection, _ = self.listener.accept()
        else:
            self.connection = socket.socket(socket.AF_UNIX)
            self.connection.connect(str(self.path))
        self.connection.settimeout(timeout)
        return self

    def say(self, request: int, payload: bytes = b"", fds: tuple[int, ...] = (), size: int | None = None, flags: int = 1) -> None:
        message = struct.pack("<III", request, flags, len(payload) if size is None else size) + payload
        socket.send_fds(self.connection, [message], list(fds))

    def ask(self, request: int, payload: bytes = b"") -> bytes:
        self.say(request, payload)
        header = self.connection.recv(12, socket.MSG_WAITALL)
        if len(header) < 12:
            raise ConnectionError("turned away")
        return self.connection.recv(struct.unpack("<III", header)[2], socket.MSG_WAITALL)

    def number(self, request: int, value: int, fds: tuple[int, ...] = ()) -> None:
        self.say(request, struct.pack("<Q", value), fds)

    def state(self, request: int, ring: int, value: int) -> None:
        self.say(request, struct.pack("<II", ring, value))

    def event(self) -> int:
        self.events.append(os.eventfd(0, os.EFD_NONBLOCK))
        return self.events[-1]

    def regions(self, regions: list[tuple[int, int, int, int]], fds: list[int] | None = None, count: int | None = None) -> None:
        """(guest address, bytes, front end's address, offset) each."""
        payload = struct.pack("<II", len(regions) if count is None else count, 0)
        self.say(SET_MEMORY, payload + b"".join(struct.pack("<QQQQ", *region) for region in regions),
                 tuple([self.memory_fd] * len(regions) if fds is None else fds))

    def place(self, ring: int) -> None:
        start = BASE + RING * ring
        self.say(SET_PLACE, struct.pack("<IIQQQQ", ring, 0, start, start + 0x2000, start + 0x1000, 0))

    def negotiate(self) -> None:
        offered = struct.unpack("<Q", self.ask(GET_FEATURES))[0]
        self.number(SET_FEATURES, offered & (VERSION_1 | PROTOCOL_FEATURES | MQ | INDIRECT))
        self.number(SET_PROTOCOL, struct.unpack("<Q", self.ask(GET_PROTOCOL))[0] & 9)
        self.say(SET_OWNER)

    def share(self) -> None:
        self.regions([(0, self.size, BASE, 0)])

    def start_ring(self, ring: int) -> None:
        self.state(SET_SIZE, ring, SIZE)
        self.state(SET_BASE, ring, 0)
        self.place(ring)
        self.number(SET_KICK, ring, (self.event(),))
        self.number(SET_CALL, ring, (self.event(),))

    def come_up(self) -> "FrontEnd":
        """Everything that a good guest does until its link is up."""
        self.memory[:BUFFERS] = bytes(BUFFERS)
        self.sent, self.offered, self.seen = [0] * self.pairs, [0] * self.pairs, [0] * self.pairs
        self.negotiate()
        self.share()
        for ring in range(2 * self.pairs):
            self.start_ring(ring)
        for pair in range(self.pairs):
            for _ in range(SIZE // 2):
                self.offer(pair)
        for ring in range(2 * self.pairs):
            self.state(ENABLE, ring, 1)
        return self

    def is_turned_away(self, timeout: float = 5) -> bool:
        self.connection.settimeout(timeout)
        try:
            while self.connection.recv(4096):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        """The connection; what the guest is stays."""
        if self.connection:
            self.connection.close()
        for fd in self.events:
            os.close(fd)
        self.events.clear()

    def end(self) -> None:
        self.close()
        if self.listen:
            self.listener.close()
        self.memory.close()
        os.close(self.memory_fd)

    # --- the driver ---------------------------------------------------------------------------------
    def descriptor(self, ring: int, index: int, address: int, length: int, flags: int = 0, following: int = 0) -> None:
        struct.pack_into("<QIHH", self.memory, RING * ring + 16 * index, address, length, flags, following)

    def avail(self, ring: int, at: int, head: int) -> None:
        """The head stands in the ring before the index says so."""
        struct.pack_into("<H", self.memory, RING * ring + 0x1000 + 4 + 2 * (at % SIZE), head)
        self.index(ring, at + 1)

    def index(self, ring: int, value: int) -> None:
        struct.pack_into("<H", self.memory, RING * ring + 0x1000 + 2, value & 0xffff)

    def used(self, ring: int) -> int:
        return struct.unpack_from("<H", self.memory, RING * ring + 0x2000 + 2)[0]

    def buffer(self, ring: int, index: int) -> int:
        return BUFFERS + (ring * SIZE + index) * BUFFER

    def offer(self, pair: int) -> None:
        at = self.offered[pair]
        self.descriptor(2 * pair, at % SIZE, self.buffer(2 * pair, at % SIZE), BUFFER, WRITE)
        self.avail(2 * pair, at, at % SIZE)
        self.offered[pair] += 1

    def send(self, frame: bytes, pair: int = 0) -> None:
        ring, at = 2 * pair + 1, self.sent[pair]
        where = self.buffer(ring, at % SIZE)
        self.memory[where:where + HEADER + len(frame)] = bytes(HEADER) + frame
        self.descriptor(ring, at % SIZE, where, HEADER + len(frame))
        self.avail(ring, at, at % SIZE)
        self.sent[pair] += 1

    def received(self, pair: int = 0) -> list[bytes]:
        """What has come since the last call; its buffers are the switch's again."""
        frames, ring = [], 2 * pair
        while self.seen[pair] & 0xffff != self.used(ring):
            head, length = struct.unpack_from("<II", self.memory, RING * ring + 0x2000 + 4 + 8 * (self.seen[pair] % SIZE))
            where = self.buffer(ring, head)
            frames.append(self.memory[where + HEADER:where + length])
            self.seen[pair] += 1
            self.offer(pair)
        return frames

    def wait_for(self, wanted, pair: int = 0, timeout: float = 10) -> bytes:
        """The first frame that is `wanted`."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for frame in self.received(pair):
                if wanted(frame):
                    return frame
            time.sleep(0.002)
        raise TimeoutError("the frame did not come")
