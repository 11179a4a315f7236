"""A process that keeps running: started, stopped, killed and started again; its log is read by the tests."""

import os
import re
import signal
import subprocess
from pathlib import Path

from .ledger import end_processes
from .shell import LabError, wait_until

BINARIES = Path(os.environ.get("RINGFENCE_BIN", Path(__file__).resolve().parents[2] / "build" / "bin"))


def binary(name: str) -> str:
    path = BINARIES / name
    if not path.exists():
        raise LabError(f"{path} is not built; scripts/quickstart builds it, or set RINGFENCE_BIN")
    return str(path)


class Daemon:
    """`spawn` is a function that takes a command, `log=` and `env=` and starts it (labkit.network.spawn).

    `log` is the file that the command writes by itself; what it prints besides is in the same name with .out.
    """

    def __init__(self, name: str, spawn, command: list[str], log: Path, ready, env: dict[str, str] | None = None):
        self.name, self.log = name, log
        self._spawn, self._command, self._ready, self.environment = spawn, command, ready, env
        self._process: subprocess.Popen | None = None

    def start(self, timeout: float = 30) -> None:
        """Returns when the daemon is ready (`ready()` says so); LabError with its last lines where it ends instead."""
        self.begin()
        self.wait_ready(timeout)

    def begin(self) -> None:
        self._process = self._spawn(*self._command, log=self.log.with_suffix(".out"), env=self.environment)

    def wait_ready(self, timeout: float = 30) -> None:
        def started():
            if self._process.poll() is not None:
                raise DaemonEnded(f"{self.name} ended with {self._process.returncode}:\n{self.last_lines()}")
            return self._ready()
        try:
            wait_until(f"{self.name} to be ready (log: {self.log})", started, timeout)
        except DaemonEnded as ended:
            raise LabError(str(ended)) from None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def resident_kib(self) -> int:
        return int(re.search(r"VmRSS:\s+(\d+)", _text_of(Path(f"/proc/{self.pid}/status")))[1])

    def stop(self) -> None:
        if self.running:
            end_processes([self.pid])
            self._process.wait()

    def kill(self) -> None:
        """SIGKILL: the daemon gets no chance to tidy up."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
            self._process.wait()

    def last_lines(self, count: int = 15) -> str:
        return "\n".join((self.log_text() + self.printed()).splitlines()[-count:])

    def log_text(self) -> str:
        return _text_of(self.log)

    def printed(self) -> str:
        return _text_of(self.log.with_suffix(".out"))


class DaemonEnded(Exception):
    """Not a LabError: waiting any longer makes no sense."""


def _text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
