"""What a lab has made, on disk, so that `down` finds all of it: also from another process, also after kill -9.

A thing is written down before it is made; taking down what was never made is no error. Processes are known by
pid and start time, so that a pid that the system has given to somebody else is left alone.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
from pathlib import Path

from .shell import LabError, attempt, wait_until

ROOT = Path(os.environ.get("RINGFENCE_LAB_ROOT", "/run/ringfence-lab"))


@contextlib.contextmanager
def exclusive(name: str):
    """Holds the lab `name` for one process at a time; LabError where another one works on it.

    The lock is an abstract socket's name: it ends with the process that holds it and leaves no file.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as lock:
        try:
            lock.bind(f"\0{ROOT}/{name}")
        except OSError as taken:
            raise LabError(f"another run is working on the lab '{name}' right now; wait for it to end") from taken
        yield


class Ledger:
    def __init__(self, name: str):
        self.name, self.prefix = name, f"rf-{name}"
        self.directory = ROOT / name
        self._file = self.directory / "ledger"

    def open(self) -> None:
        if self._file.exists():
            raise LabError(f"a lab is up in {self.directory}; take it down first")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file.touch()

    @property
    def exists(self) -> bool:
        return self._file.exists()

    def note(self, kind: str, **facts) -> None:
        with self._file.open("a", encoding="ascii") as file:
            file.write(json.dumps({"kind": kind, **facts}) + "\n")

    def note_process(self, pid: int, what: str) -> None:
        self.note("process", pid=pid, start=start_time(pid), what=what)

    def entries(self, kind: str) -> list[dict]:
        if not self._file.exists():
            return []
        lines = self._file.read_text(encoding="ascii").splitlines()
        return [entry for entry in map(_entry, lines) if entry.get("kind") == kind]

    def save_logs(self, destination: Path) -> None:
        """Copies what the daemons logged to where it outlives the lab."""
        for log in (*self.directory.rglob("*.log"), *self.directory.rglob("*.out")):
            copy = destination / log.relative_to(self.directory)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(log, copy)

    def take_down(self) -> None:
        """Ends every process, removes every namespace and then the directory; says what would not go."""
        namespaces = [entry["name"] for entry in self.entries("namespace")]
        pids = [entry["pid"] for entry in reversed(self.entries("process"))
                if start_time(entry["pid"]) == entry["start"] is not None]
        pids += [pid for name in namespaces for pid in pids_in(name) if pid not in pids]
        left = end_processes(pids)
        for name in reversed(namespaces):
            attempt("ip", "netns", "delete", name)
        for entry in self.entries("process"):  # what DPDK leaves of a process that was killed
            shutil.rmtree(f"/run/dpdk/ringfence-{entry['pid']}", ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        with contextlib.suppress(OSError):
            ROOT.rmdir()
        if left:
            raise LabError(f"processes that would not end: {left}")


def start_time(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None where it is gone or only a zombie is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def pids_in(namespace: str) -> list[int]:
    """The processes in a namespace of the lab: ours, since nobody else knows it (a shell in a VM, say)."""
    done = attempt("ip", "netns", "pids", namespace)
    return [int(pid) for pid in done.stdout.split()] if done.returncode == 0 else []


def end_processes(pids: list[int], patience: float = 5) -> list[int]:
    """SIGTERM in the given order, SIGKILL after `patience` seconds; returns the pids that are left."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(LabError):
            wait_until("the processes to end", lambda: not any(map(_alive, pids)), wait)
        pids = [pid for pid in pids if _alive(pid)]
    return pids


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return start_time(pid) is not None


def _entry(line: str) -> dict:
    try:
        return json.loads(line)
    except json.JSONDecodeError:  # the process was killed while it wrote its last line
        return {}
