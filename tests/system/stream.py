"""A steady stream of numbered frames from VM to VM, whose losses and gaps are measured."""

import re
import struct
import threading
import time
from dataclasses import dataclass

from harness import Capture, LabError, Machine, wait_until
from labkit.capture import ethernet

ETHERTYPE = 0x88B6  # local experiments


@dataclass
class Outcome:
    sent: int
    lost: int
    duplicates: int
    disordered: int
    longest_gap: float  # seconds between two arrivals' sendings with only losses between them

    def __str__(self) -> str:
        return (f"{self.sent} sent, {self.lost} lost, {self.duplicates} twice, {self.disordered} out of order, "
                f"longest gap {self.longest_gap * 1000:.0f} ms")


class Stream:
    """with Stream(a, b) as stream: ...   and then stream.outcome()"""

    def __init__(self, source: Machine, target: Machine, interval: float = 0.002):
        self._source, self._target, self._interval = source, target, interval
        self._mark = f"stream {source.name} {target.name} ".encode()
        self._times: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> "Stream":
        self._capture = Capture([self._target])
        self._socket = self._source.namespace.packet_socket("eth0", protocol=0)
        self._socket.setblocking(True)
        self._thread.start()
        wait_until("the stream to arrive", lambda: self._capture.frames(self._target, self._mark), 10)
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _send(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            number = len(self._times)
            self._times.append(time.monotonic())
            payload = self._mark + struct.pack("!I", number)
            self._socket.send(ethernet(self._target.mac, self._source.mac, ETHERTYPE, payload))
            due += self._interval
            self._stop.wait(max(due - time.monotonic(), 0))

    def arrived(self) -> int:
        return len(self._capture.frames(self._target, self._mark))

    def outcome(self) -> Outcome:
        """What became of all that was sent; call it once, after the block."""
        last = len(self._times) - 1
        try:
            wait_until("the last frame of the stream", lambda: last in self._numbers(), 2)
        finally:
            numbers = self._numbers()
            unseen = self._capture.lost()
            self._capture.__exit__()
        if unseen:
            raise LabError(f"the capture had no room for {unseen} frames: what arrived is not known")
        unique = sorted(set(numbers))
        gaps = [self._times[after] - self._times[before] for before, after in zip(unique, unique[1:]) if after > before + 1]
        disordered = sum(1 for before, after in zip(numbers, numbers[1:]) if after < before)
        return Outcome(len(self._times), len(self._times) - len(unique), len(numbers) - len(unique), disordered,
                       max(gaps, default=0.0))

    def _numbers(self) -> list[int]:
        pattern = re.compile(re.escape(self._mark) + rb"(....)", re.DOTALL)
        return [struct.unpack("!I", pattern.search(frame)[1])[0] for frame in self._capture.frames(self._target, self._mark)]
