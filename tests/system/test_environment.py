#!/usr/bin/python3
"""What the machine lacks, and what was left behind: each is one sentence, and no more damage than it must be
(rows 63, 65-69, 71-75)."""

import contextlib
import os
import re
import subprocess
from pathlib import Path

from harness import SystemTest, main, wait_until
from labkit.daemon import binary
from labkit.host import SHADOW
from labkit.shell import run
from stream import Stream


class Environment(SystemTest):
    HOSTS = 1

    @classmethod
    def prepare(cls):
        cls.host = cls.hosts[0]
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.host, "acme/lan", "a", 1, plug="plug_veth")
        cls.b = cls.make_machine(cls.host, "acme/lan", "b", 2, plug="plug_veth")

    def daemon(self, *arguments: str, prefix: tuple[str, ...] = (), timeout: float = 15, **how) -> subprocess.CompletedProcess:
        """A second ringfence-vswitchd in the host's namespace, which is expected to end by itself."""
        return subprocess.run(["ip", "netns", "exec", self.host.namespace.full_name, *prefix, binary("ringfence-vswitchd"),
                               *arguments], capture_output=True, text=True, timeout=timeout, check=False,
                              env=self.host.environment, **how)

    def assert_one_sentence(self, done: subprocess.CompletedProcess, *words: str) -> None:
        print(f"exit {done.returncode}: {done.stderr.strip()}")
        self.assertNotEqual(done.returncode, 0)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_second_daemon_on_the_same_run_directory(self):
        done = self.daemon(self.host.database.remote, "--pidfile")
        self.assert_one_sentence(done, str(self.host.switch.pid))

    def test_a_second_daemon_on_the_same_database_waits(self):
        """With a pid file of its own it starts, and does nothing until the first is gone: the database's lock says so."""
        second = self.host.namespace.spawn(
            binary("ringfence-vswitchd"), self.host.database.remote, f"--pidfile={self.host.directory}/second.pid",
            f"--log-file={self.host.directory}/second.log", log=self.host.directory / "second.out", env=self.host.environment)
        self.expect_warning("lock")
        log = self.host.directory / "second.log"
        try:
            wait_until("it to say that it waits", lambda: log.exists() and "lock" in log.read_text(), 10)
            self.host.vsctl("add-port", "br-int", "still", "--", "set", "interface", "still", "type=tap")
            self.assertEqual(self.host.interface("still", "error")["error"], [])
            self.host.vsctl("del-port", "br-int", "still")
        finally:
            second.terminate()
            second.wait(10)

    def test_stale_files_of_a_daemon_that_was_killed(self):
        for daemon in (self.host.switch, self.lab.controller):
            with self.subTest(daemon.name):
                daemon.kill()
                daemon.start()
        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", "no", "--wait=hosts")
        self.assertIn("ringfence-vswitchd", self.host.appctl("version"))

    def test_without_root(self):
        done = self.daemon(f"unix:{self.host.directory}/db.sock", f"--pidfile={self.host.directory}/other.pid", "--unixctl=/tmp/rf-not-root.ctl",
                           prefix=("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"))
        self.assert_one_sentence(done)

    def test_without_the_capabilities(self):
        self.host.switch.stop()
        done = self.daemon(self.host.database.remote, "--pidfile", prefix=("setpriv", "--bounding-set=-net_admin,-net_raw"))
        self.host.switch.start()
        self.assert_one_sentence(done, "CAP_NET_ADMIN")

    def test_without_dev_net_tun(self):
        """Taps have their error; the daemon and the other ports go on."""
        self.expect_warning("/dev/net/tun")
        self.host.vsctl("add-port", "br-int", "other", "--", "set", "interface", "other", "type=dpdk",
                        "options:dpdk-devargs=net_null0")
        self.host.switch.stop()
        hidden = self.host.namespace.spawn(
            "unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh", binary("ringfence-vswitchd"),
            self.host.database.remote, "--pidfile", f"--log-file={self.host.directory}/hidden.log",
            log=self.host.directory / "hidden.out", env=self.host.environment)
        try:
            self.host.vsctl("add-port", "br-int", "no-tun", "--", "set", "interface", "no-tun", "type=tap")
            row = self.host.interface("no-tun", "error", "ofport")
            print(f"without /dev/net/tun: {row['error']}")
            self.assertIn("/dev/net/tun", row["error"])
            self.assertEqual(row["ofport"], -1)
            self.assertGreater(self.host.interface("other", "ofport")["ofport"], 0)
            self.assertIn(SHADOW, self.host.interface("uplink", "error")["error"], "an uplink without its shadow is none")
        finally:
            hidden.terminate()
            hidden.wait(10)
            self.host.switch.start()
            self.host.vsctl("del-port", "br-int", "no-tun", "--", "del-port", "br-int", "other")

    def test_hugepages_that_are_not_there(self):
        """Ordinary memory does, and the log says how many would have been used; asked for by name they are missed."""
        if int(re.search(r"HugePages_Free: +(\d+)", Path("/proc/meminfo").read_text())[1]) >= 256:
            self.skipTest("this machine has enough hugepages")
        self.assertRegex(self.host.switch.log_text(), r"512 MB of memory take 256 hugepages .* running on ordinary memory")
        self.host.switch.stop()
        self.host.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-extra=--in-memory")
        try:
            done = self.daemon(self.host.database.remote, "--pidfile")
        finally:
            self.host.vsctl("--no-wait", "remove", "Open_vSwitch", ".", "other_config", "dpdk-extra")
            self.host.switch.start()
        self.assert_one_sentence(done, "256 hugepages", "vm.nr_hugepages=")

    def test_memory_that_is_not_there(self):
        self.host.switch.stop()
        done = self.daemon(self.host.database.remote, "--pidfile", prefix=("prlimit", f"--as={400 << 20}"))
        self.host.switch.start()
        self.assert_one_sentence(done, "let this process have 512 MB", "dpdk-socket-mem")

    def test_a_core_that_is_not_there(self):
        """What pmd-cpu-mask names is not among the cores of its cpuset; with the one that is, it runs."""
        mask = self.host.vsctl("get", "Open_vSwitch", ".", "other_config:pmd-cpu-mask")
        self.host.switch.stop()
        self.host.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0x2")
        done = self.daemon(self.host.database.remote, "--pidfile", prefix=("taskset", "-c", "0"))
        self.assert_one_sentence(done, "CPU 1", "other_config:pmd-cpu-mask")
        self.host.vsctl("--no-wait", "set", "Open_vSwitch", ".", f"other_config:pmd-cpu-mask={mask}")
        self.host.switch.start()
        run("taskset", "-a", "-c", "-p", "0", str(self.host.switch.pid))  # all that is left of its cpuset
        self.wait_for_answers()
        self.assert_reaches(self.a, "10.0.0.2")

    def wait_for_answers(self) -> None:
        """After a start: until both ports are there."""
        wait_until("the ports", lambda: self.a.attempt("ping", "-c", "1", "-W", "0.2", "10.0.0.2").returncode == 0)

    def test_files_that_cannot_be_opened(self):
        """It says how many it may open before it needs more; then the ports that find none have their error, the others go on."""
        self.expect_warning("may open 64 files|Too many open files")
        self.host.switch.stop()
        ports = [f"t{number}" for number in range(30)]
        few = self.host.namespace.spawn("prlimit", "--nofile=64", binary("ringfence-vswitchd"), self.host.database.remote,
                                        "--pidfile", f"--log-file={self.host.directory}/few.log",
                                        log=self.host.directory / "few.out", env=self.host.environment)
        try:
            self.host.vsctl(*(word for port in ports for word in ("--", "add-port", "br-int", port, "--", "set", "interface", port,
                                                                  "type=tap")))
            self.assertIn("LimitNOFILE=", (self.host.directory / "few.log").read_text())
            errors = [self.host.interface(port, "error")["error"] for port in ports]
            without = [error for error in errors if error]
            print(f"with 64 files {len(errors) - len(without)} taps more, the others: {without[-1]}")
            self.assertTrue(all("Too many open files" in error for error in without), without)
            self.assertLess(len(without), len(errors))
            self.wait_for_answers()
        finally:
            few.terminate()
            few.wait(10)
            self.host.switch.start()
            self.host.vsctl(*(word for port in ports for word in ("--", "del-port", "br-int", port)))

    def test_a_disk_that_is_full(self):
        """Who asks for a change is told that it is not written, what was acknowledged is there afterwards, the host goes on, and
        its log says so in one line."""
        self.expect_warning("No space left|connection|closed|lost|southbound|northbound|database")
        with self.small_disk() as disk:
            log = self.host.switch.log
            with log.open("ab") as file:  # up to the end of its last page
                file.write(b"\n" * (-file.tell() % 4096))
            fill(disk / "filler")
            created = []
            while (done := self.lab.try_ctl("--wait=none", "org", "create", f"full-{len(created)}")).returncode == 0:  # what its last page holds
                created.append(f"full-{len(created)}")
                self.assertLess(len(created), 40)
            print(f"full: network-ctl: exit {done.returncode}: {done.stderr.strip()}")
            self.assertIn("No space left on device", done.stderr)
            for number in range(40):
                done = self.host.namespace.attempt("ovs-vsctl", "--timeout=5", "add-br", f"full-{number}", env=self.host.environment)
                if done.returncode:
                    break
            print(f"full: ovs-vsctl: exit {done.returncode}: {done.stderr.strip()}")
            self.assertNotEqual(done.returncode, 0)
            self.assert_reaches(self.a, "10.0.0.2")
            self.lab.databases.kill()
            self.lab.databases.start()
            wait_until("the log to stop", lambda: "what finds no room there is lost" in self.host.switch.printed())
            (disk / "filler").unlink()
            self.lab.ctl("org", "create", "full-after")
            self.host.vsctl(*(word for known in range(number) for word in ("--", "del-br", f"full-{known}")))
            for database in (self.lab.databases, self.host.database):
                database.kill()
                database.start()
            self.assertEqual(set(self.lab.ctl("org", "list", "--quiet").split()), {"acme", *created, "full-after"})
            self.assertEqual(self.host.switch.printed().count("what finds no room there is lost"), 1)
            self.assertIn("full-0", self.host.switch.log_text())

    def test_a_file_system_that_is_read_only(self):
        disk = self.lab.ledger.directory / "read-only"
        disk.mkdir()
        run("mount", "-t", "tmpfs", "-o", "ro", "none", str(disk))
        try:
            for option in (f"--pidfile={disk}/daemon.pid", f"--log-file={disk}/daemon.log", f"--unixctl={disk}/daemon.ctl"):
                with self.subTest(option):
                    free = f"--pidfile={self.host.directory}/other.pid" if "pid" not in option else "-vconsole:off"
                    done = self.daemon(self.host.database.remote, option, free)
                    self.assert_one_sentence(done, str(disk), "Read-only file system")
        finally:
            run("umount", str(disk))

    def test_clocks_that_jump(self):
        """A day and a century, there and back: the controller keeps its lease, hosts follow it and forward all the while."""
        jump, clock = self.lab.ledger.directory / "clock", self.lab.ledger.directory / "clock.so"
        jump.write_text("0")
        run("cc", "-shared", "-fPIC", "-o", str(clock), str(Path(__file__).with_name("jumping_clock.c")), "-ldl")
        faked = {"LD_PRELOAD": str(clock), "RINGFENCE_CLOCK": str(jump)}
        daemons = {self.lab.controller: None, self.host.switch: self.host.environment}
        for daemon, environment in daemons.items():
            daemon.stop()
            daemon.environment = {**(environment or os.environ), **faked}
            daemon.start()
        try:
            self.lab.ctl("sync", "--wait=hosts")
            self.wait_for_answers()
            logged = len(self.lab.controller.log_text())
            with Stream(self.a, self.b) as stream:
                for days in (1, -1, 36525, -20000, 0):  # 1971 is as early as a time of the kernel's can be
                    jump.write_text(str(days * 86400))
                    for value in ("yes", "no"):
                        self.lab.ctl("network", "set", "acme/lan", "--vlan-transparent", value, "--wait=hosts", timeout=10)
            outcome = stream.outcome()
            print(f"clocks that jump: {outcome}")
            self.assertEqual(outcome.lost, 0)
            self.assertNotIn("lease", self.lab.controller.log_text()[logged:])
            jump.write_text(str(36525 * 86400))
            for daemon in daemons:  # and it was their clock
                daemon.stop()
                self.assertRegex(daemon.log_text().splitlines()[-1], r"^212\d-")
        finally:
            for daemon, environment in daemons.items():
                daemon.stop()
                daemon.environment = environment
                daemon.start()

    @contextlib.contextmanager
    def small_disk(self):
        """A file system of a MiB that the northbound database, the host's own and the daemon's log lie on."""
        disk = self.lab.ledger.directory / "small"
        disk.mkdir()
        moved = [self.lab.databases.socket.parent / "northbound.db", self.host.directory / "conf.db", self.host.switch.log]
        run("mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk))
        try:
            with self.stopped():
                for file in moved:
                    (disk / file.name).write_bytes(file.read_bytes())
                    file.unlink()
                    file.symlink_to(disk / file.name)
            yield disk
        finally:
            with self.stopped():
                for file in moved:
                    content = file.read_bytes()
                    file.unlink()
                    file.write_bytes(content)
                run("umount", str(disk))

    @contextlib.contextmanager
    def stopped(self):
        self.host.switch.stop()
        for database in (self.lab.databases, self.host.database):
            database.stop()
        yield
        for database in (self.lab.databases, self.host.database):
            database.start()
        self.host.switch.start()

    def test_a_netdev_that_is_deleted_under_traffic(self):
        """Only that port goes, and nothing of it is left (the fault list)."""
        before = self.descriptors()
        for number in range(2):
            vm = self.make_machine(self.host, "acme/lan", f"gone{number}", 10 + number)
            with Stream(self.a, self.b) as stream, Stream(self.a, vm) as cut:
                vm.namespace.ip("link", "delete", "eth0")
                error = wait_until("the port to say so", lambda name=vm.port: self.host.interface(name, "error")["error"])
                before_more = stream.arrived()
                wait_until("traffic of the others", lambda: stream.arrived() > before_more + 50)
                del cut
            outcome = stream.outcome()
            print(f"{error}; the others: {outcome}")
            self.assertEqual(outcome.lost, 0)
            self.assertIn("its netdev was deleted", error)
            self.host.vsctl("del-port", "br-int", vm.port)
            self.lab.ctl("nic", "delete", f"acme/default/gone{number}/0", "--wait=hosts")
        self.assertEqual(self.descriptors(), before)

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.host.switch.pid}/fd").iterdir()))

    def test_a_clean_end_leaves_nothing(self):
        """Neither socket nor pid file, nor DPDK's run-time directory."""
        pid = self.host.switch.pid
        files = [self.host.directory / "ovs-vswitchd.pid", self.host.directory / f"ovs-vswitchd.{pid}.ctl"]
        self.assertTrue(all(file.exists() for file in files))
        self.host.switch.stop()
        left = [file for file in [*files, Path(f"/run/dpdk/ringfence-{pid}")] if file.exists()]
        self.host.switch.start()
        self.assertEqual(left, [])


def fill(file: Path) -> None:
    """Takes all the room of its file system."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


if __name__ == "__main__":
    main()
