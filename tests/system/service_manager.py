"""A systemd of the test's own: the first process of a process namespace, with the installed units and nothing of the machine's.

Mounts, network, host name, /run, /var and what is in /etc that the units touch are the test's; so is its part of the control
groups. Where the machine has no hierarchy of control groups of systemd's, or no systemd, there is none (unittest's skip).
"""

import contextlib
import os
import re
import subprocess
import unittest
from pathlib import Path

from harness import wait_until
from labkit.ledger import end_processes
from labkit.shell import attempt, run

SYSTEMD = Path("/lib/systemd/systemd")
GROUPS = Path("/sys/fs/cgroup/systemd")
TARGETS = ("sysinit", "basic", "shutdown", "umount", "final", "multi-user", "network", "network-online", "test")
# Debian's, without what it asks of the rest of the system.
DATABASE = """[Service]
Type=forking
PIDFile=/run/openvswitch/ovsdb-server.pid
ExecStartPre=/usr/bin/ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ExecStart=/usr/sbin/ovsdb-server --detach --no-chdir --pidfile --remote=punix:/run/openvswitch/db.sock /etc/openvswitch/conf.db
"""
# Arguments: the group, the folder, the prefix that was installed to.
ENTER = """set -e
echo $$ > "$1/cgroup.procs"
exec unshare --cgroup --pid --mount --uts --ipc --net --fork --kill-child sh -ec '
    mount --make-rprivate /
    mount -t proc proc /proc
    mount -t tmpfs none /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd
    mount -t overlay -o "lowerdir=$2$3:$3" none "$3"
    for folder in /run /var/log /var/lib /etc/openvswitch /etc/default; do mount -t tmpfs none $folder; done
    mkdir /run/openvswitch
    for file in passwd group; do
        cp /etc/$file /run/$file
        echo "ringfence:x:990:990::/:/usr/sbin/nologin" | cut -d: -f 1-$([ $file = group ] && echo 3 || echo 7) >> /run/$file
        mount --bind /run/$file /etc/$file
    done
    ip link set lo up
    exec env -i container=ringfence PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH="$2/units" \\
        /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=no
' sh "$1" "$2" "$3"
"""


class ServiceManager:
    """with ServiceManager(folder, {"unit": "Setting=value"}) as manager: `folder` is what was installed to, with DESTDIR; the
    settings are drop-ins of the section Service."""

    def __init__(self, folder: Path, drop_ins: dict[str, str]):
        if not SYSTEMD.exists() or not (GROUPS / "cgroup.procs").exists():
            raise unittest.SkipTest("this machine has no systemd, or no control groups of systemd's")
        self._folder, self._group = folder, GROUPS / f"ringfence-{os.getpid()}"
        self._init, self._drop_ins = 0, drop_ins

    def __enter__(self) -> "ServiceManager":
        units = self._folder / "units"
        units.mkdir()
        for target in TARGETS:
            (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n", encoding="ascii")
        (units / "ovsdb-server.service").write_text(DATABASE, encoding="ascii")
        installed = list(self._folder.rglob("ringfence-*.service"))
        for unit in installed:
            (units / unit.name).write_bytes(unit.read_bytes())
        for unit, settings in self._drop_ins.items():
            (units / f"{unit}.service.d").mkdir()
            (units / f"{unit}.service.d/test.conf").write_text(f"[Service]\n{settings}\n", encoding="ascii")
        text = (units / "ringfence-vswitchd.service").read_text(encoding="utf-8")
        self.prefix = re.search(r"^ExecStart=(\S+)/sbin/", text, re.M)[1]
        self._group.mkdir()
        self._log = (self._folder / "systemd.out").open("wb")
        self._process = subprocess.Popen(["sh", "-c", ENTER, "sh", str(self._group), str(self._folder), self.prefix],
                                         stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        try:
            self._init = int(wait_until("systemd", children.read_text))
            wait_until("systemd to answer", lambda: self.attempt("systemctl", "is-system-running").stdout.strip() == "running", 20)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        end_processes([self._process.pid], patience=1)
        self._process.wait()
        self._log.close()
        wait_until("its groups to be empty", lambda: _removed(self._group))

    def run(self, *command: str) -> str:
        """In its namespaces."""
        return run(*self._within(), *command)

    def attempt(self, *command: str) -> subprocess.CompletedProcess:
        return attempt(*self._within(), *command)

    def _within(self) -> list[str]:
        return ["nsenter", "-t", str(self._init), "--mount", "--pid", "--net", "--cgroup", "--uts", "--ipc"]

    def show(self, unit: str) -> dict[str, str]:
        """A unit's properties."""
        return dict(line.split("=", 1) for line in self.run("systemctl", "show", unit).splitlines() if "=" in line)

    def pid(self, unit: str) -> int:
        """Of its main process, as the machine knows it."""
        inside = int(self.show(unit)["MainPID"])
        for task in Path("/proc").iterdir():
            if task.name.isdigit() and (found := _inner_pid(task)) and found == (inside, os.stat(f"/proc/{self._init}/ns/pid").st_ino):
                return int(task.name)
        raise ProcessLookupError(unit)


def _inner_pid(task: Path) -> tuple[int, int] | None:
    try:
        status = (task / "status").read_text(encoding="utf-8", errors="replace")
        return int(re.search(r"^NSpid:.*\t(\d+)$", status, re.M)[1]), os.stat(task / "ns/pid").st_ino
    except (OSError, TypeError):
        return None


def _removed(group: Path) -> bool:
    for folder in (*sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True), group):
        with contextlib.suppress(OSError):  # somebody in it has not ended yet
            folder.rmdir()
    return not group.exists()
