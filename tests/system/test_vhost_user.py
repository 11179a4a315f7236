#!/usr/bin/python3
"""vhost-user ports whose guest is testpmd with virtio-user, two queue pairs each: it answers pings, goes away and comes back.

It listens on one socket, as QEMU does with server=on, and connects to the other, on which the daemon listens.
"""

import time

from answers import Answers
from harness import Daemon, SystemTest, main, wait_until


class VhostUser(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)
        cls.iface_id = cls.make_nic("acme/lan", "guest", 9)
        cls.host = cls.hosts[0]
        cls.socket = cls.host.directory / "guest.sock"
        cls.host.vsctl("add-port", "br-int", "vhu", "--", "set", "interface", "vhu", "type=dpdkvhostuserclient",
                       f"options:vhost-server-path={cls.socket}", f"external_ids:iface-id={cls.iface_id}")
        cls.second_id = cls.make_nic("acme/lan", "second", 10)
        cls.host.vsctl("add-port", "br-int", "vhs", "--", "set", "interface", "vhs", "type=dpdkvhostuser",
                       f"external_ids:iface-id={cls.second_id}")
        second = wait_until("our socket", lambda: next(cls.host.directory.rglob("vhs"), None))
        # icmpecho answers ARP and pings; the script file only keeps it going.
        cls.guest = Daemon(
            "testpmd", cls.host.namespace.spawn,
            ["dpdk-testpmd", "-l", "0-1", "--no-pci", "--no-huge", "-m", "256", "--file-prefix=guest",
             f"--vdev=net_virtio_user0,mac=02:00:00:00:00:09,path={cls.socket},server=1,queue_size=256,queues=2",
             f"--vdev=net_virtio_user1,mac=02:00:00:00:00:0a,path={second},queue_size=256,queues=2", "--", "--rxq=2", "--txq=2",
             "--forward-mode=icmpecho", "--auto-start", "--nb-cores=1", "--stats-period=3600", "--no-mlockall", "--total-num-mbufs=2048"],
            cls.host.directory / "testpmd.log", lambda: cls.link() == "up")

    @classmethod
    def link(cls) -> str:
        return cls.host.interface("vhu", "link_state")["link_state"]

    def test_1_waits_for_a_guest_that_is_not_there_yet(self):
        row = self.host.interface("vhu", "ofport", "error", "link_state")
        self.assertGreater(row["ofport"], 0)
        self.assertEqual((row["error"], row["link_state"]), ([], "down"))

    def test_2_guest_answers_on_its_host_and_across(self):
        self.guest.start()
        wait_until("the port to be bound", lambda: self.lab.bound_host(self.iface_id) == "host1")
        self.assert_reaches(self.a, "10.0.0.9")
        self.assert_reaches(self.b, "10.0.0.9")

    def test_2_guest_answers_where_we_listen(self):
        wait_until("the port to be bound", lambda: self.lab.bound_host(self.second_id) == "host1")
        self.assert_reaches(self.a, "10.0.0.10")
        self.assert_reaches(self.b, "10.0.0.10")

    def test_3_guest_comes_back_after_it_was_killed(self):
        self.guest.kill()
        wait_until("the link to go down", lambda: self.link() == "down")
        self.assert_does_not_reach(self.a, "10.0.0.9")
        self.socket.unlink(missing_ok=True)
        self.guest.start()
        self.assert_reaches(self.b, "10.0.0.9")

    def test_4_guest_survives_the_restart_of_the_daemon(self):
        self.host.switch.stop()
        self.host.switch.start()
        wait_until("the link to come up", lambda: self.link() == "up", 15)
        wait_until("the guest to answer", lambda: " 0% packet loss" in self.b.attempt(
            "ping", "-n", "-c", "1", "-W", "1", "10.0.0.9").stdout, 15)
        self.assertTrue(self.guest.running)

    def test_5_guest_survives_a_kill_under_traffic(self):
        """Of the guest nothing is asked. The bar is 1 s (BEHAVIOUR P3); a busy machine gets more."""
        answers = Answers(self.b, "10.0.0.9")
        wait_until("the guest to answer", lambda: len(answers.times()) > 20, 15)
        self.host.switch.kill()
        began = time.time()
        self.host.switch.start()
        gap = wait_until("the guest to answer again", lambda: answers.after(began), 15)[0] - began
        answers.end()
        print(f"the first answer came {gap:.2f} s after the start ... ", end="", flush=True)
        self.assertLess(gap, 5)
        self.assertTrue(self.guest.running)


if __name__ == "__main__":
    main()
