"""Pings fifty times a second, and when each was answered."""

import re

from harness import Machine
from labkit.network import spawn


class Answers:
    """From its making to end()."""

    def __init__(self, source: Machine, address: str):
        self._file = source.ledger.directory / f"answers-{source.name}-{address}"
        self._ping = spawn(source.ledger, "ip", "netns", "exec", source.namespace.full_name,
                           "ping", "-D", "-n", "-i", "0.02", address, log=self._file)

    def times(self) -> list[float]:
        """Of the wall clock, seconds."""
        return [float(at) for at in re.findall(r"^\[([\d.]+)\] \d+ bytes", self._file.read_text(), re.MULTILINE)]

    def after(self, moment: float) -> list[float]:
        return [at for at in self.times() if at > moment]

    def missing(self) -> list[int]:
        """Those between the first and the last that were answered."""
        answered = {int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+)", self._file.read_text())}
        return sorted(set(range(min(answered), max(answered))) - answered)

    def end(self) -> None:
        self._ping.kill()
        self._ping.wait()
