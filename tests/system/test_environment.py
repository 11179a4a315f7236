#!/usr/bin/python3
"""What the machine lacks, and what was left behind: each is one sentence, and no more damage than it must be
(rows 63, 65, 69, 71, 72)."""

import re
import subprocess
from pathlib import Path

from harness import SystemTest, main, wait_until
from labkit.daemon import binary
from labkit.host import SHADOW


class Environment(SystemTest):
    HOSTS = 1

    @classmethod
    def prepare(cls):
        cls.host = cls.hosts[0]
        cls.make_network("acme/lan")

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

    def test_a_clean_end_leaves_nothing(self):
        """Neither socket nor pid file, nor DPDK's run-time directory."""
        pid = self.host.switch.pid
        files = [self.host.directory / "ovs-vswitchd.pid", self.host.directory / f"ovs-vswitchd.{pid}.ctl"]
        self.assertTrue(all(file.exists() for file in files))
        self.host.switch.stop()
        left = [file for file in [*files, Path(f"/run/dpdk/ringfence-{pid}")] if file.exists()]
        self.host.switch.start()
        self.assertEqual(left, [])


if __name__ == "__main__":
    main()
