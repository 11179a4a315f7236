#!/usr/bin/python3
"""ovs-vsctl and ovs-appctl as an operator types them, and what they say when something is wrong (rows 48, 49)."""

from harness import Capture, SystemTest, counters, main, send, wait_until
from labkit.capture import ethernet


class Operator(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.host = cls.hosts[0]

    def test_a_session(self):
        """add-br, add-port, set, get, show, list, del-port, del-br; none of them needs --no-wait."""
        vsctl = self.host.vsctl
        vsctl("add-br", "br-test", "--", "set", "bridge", "br-test", "datapath_type=netdev")
        self.assertEqual(vsctl("list-br").splitlines(), ["br-int", "br-test", "br-up"])
        self.assertEqual(vsctl("get", "interface", "br-test", "ofport"), "65534")
        self.assertRegex(vsctl("get", "bridge", "br-test", "datapath_id"), r'^"?[0-9a-f]{16}"?$')
        vsctl("add-port", "br-test", "tap-x", "--", "set", "interface", "tap-x", "type=tap")
        vsctl("--may-exist", "add-port", "br-test", "tap-x")
        ofport = int(vsctl("get", "interface", "tap-x", "ofport"))
        self.assertTrue(1 <= ofport <= 65279)
        self.assertEqual(vsctl("get", "interface", "tap-x", "error"), "[]")
        self.assertTrue(self.host.has_interface("tap-x"))
        self.assertIn("Interface tap-x", vsctl("show"))
        vsctl("set", "interface", "tap-x", "external_ids:iface-id=acme/default/nobody/0")
        self.assertEqual(int(vsctl("get", "interface", "tap-x", "ofport")), ofport, "an iface-id does not change the port")
        vsctl("add-port", "br-test", "int-x", "--", "set", "interface", "int-x", "type=internal", "mtu_request=1400")
        wait_until("its MTU", lambda: vsctl("get", "interface", "int-x", "mtu") == "1400")
        self.assertEqual(vsctl("iface-to-br", "int-x"), "br-test")
        vsctl("del-port", "br-test", "tap-x")
        self.assertFalse(self.host.has_interface("tap-x"))
        vsctl("del-br", "br-test")
        self.assertFalse(self.host.has_interface("int-x"))

    def test_what_clients_read_of_the_switch(self):
        row = dict(line.split(" : ") if " : " in line else line.split(":", 1) for line in
                   (line.replace("  ", "") for line in self.host.vsctl("list", "Open_vSwitch").splitlines()))
        row = {key.strip(): value.strip() for key, value in row.items()}
        self.assertEqual(row["cur_cfg"], row["next_cfg"])
        for kind in ("dpdkvhostuser", "dpdkvhostuserclient", "internal", "tap", "dpdk", "system"):
            self.assertIn(kind, row["iface_types"])
        self.assertIn("netdev", row["datapath_types"])
        self.assertEqual(row["dpdk_initialized"], "true")
        self.assertIn("DPDK", row["dpdk_version"])

    def test_statistics_count_and_link_state_follows(self):
        before = counters(self.host, self.a.port)
        with Capture([self.a]):
            send(self.a, *[ethernet("02:00:00:00:00:77", self.a.mac, 0x88B5, b"x")] * 10)
            wait_until("its frames to be counted", lambda: counters(self.host, self.a.port)["rx"] >= before["rx"] + 10)
        statistics = wait_until("statistics", lambda: self.host.interface(self.a.port, "statistics")["statistics"], 12)
        for name in ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped"):
            self.assertIn(name, statistics)
        self.assertEqual(self.host.interface(self.a.port, "link_state")["link_state"], "up")

    def test_appctl(self):
        self.assertIn("ringfence-vswitchd", self.host.appctl("version"))
        commands = self.host.appctl("list-commands")
        for command in ("exit", "fdb/show", "ringfence/drops", "ringfence/trace", "vlog/list", "vlog/reopen", "vlog/set"):
            self.assertIn(command, commands)
        self.host.appctl("vlog/set", "info")
        self.host.appctl("vlog/reopen")
        self.assertIn(self.a.mac, self.host.appctl("fdb/show", "br-int"))
        self.host.appctl("ringfence/trace", "100")
        send(self.a, ethernet("02:00:00:00:00:77", "02:00:00:00:00:78", 0x88B5, b"x"))
        line = wait_until("a drop in the trace", lambda: [line for line in self.host.appctl("ringfence/trace").splitlines()
                                                          if "admit.src_mac" in line])[0]
        self.assertIn(f", {self.a.port}, org/acme/vapp/", line, "the drop names its port and what that was made from")
        done = self.host.namespace.attempt("ovs-appctl", "no-such-command", env=self.host.environment)
        self.assertNotEqual(done.returncode, 0)

    def test_what_is_wrong_with_a_port_stands_in_its_row(self):
        """The bad port says so and the others go on (row 48)."""
        self.expect_warning(r"missing-x|a-name-that-is-too-long|typo-x|gone-x")
        cases = {
            "missing-x": ["type=dpdk", "options:dpdk-devargs=net_af_packet9,iface=not-there"],
            "a-name-that-is-too-long": ["type=tap"],
            "typo-x": ["type=tapp"],
            "gone-x": ["type=system"],
        }
        for name, settings in cases.items():
            with self.subTest(name):
                self.host.vsctl("add-port", "br-int", name, "--", "set", "interface", name, *settings)
                row = self.host.interface(name, "ofport", "error")
                self.assertEqual(row["ofport"], -1, row)
                self.assertTrue(row["error"], "it says why")
                print(f"{name}: {row['error']}")
                self.host.vsctl("del-port", "br-int", name)
        done = self.host.namespace.attempt("ovs-vsctl", "add-port", "br-int", self.a.port, env=self.host.environment)
        self.assertNotEqual(done.returncode, 0, "the same name twice")
        self.assertEqual(self.host.interface(self.a.port, "error")["error"], [])

    def test_an_iface_id_on_two_hosts(self):
        """A host that is none of the data center's takes no port; it and an event say that there are two (row 48). For one that
        is, see test_move.py."""
        other = self.hosts[1]
        self.lab.ctl("vdc", "set", "acme/default", "--host", "host1", "--wait=hosts")
        self.expect_warning("acme/default/a/0")
        other.vsctl("add-port", "br-int", "second", "--", "set", "interface", "second", "type=tap",
                    "external_ids:iface-id=acme/default/a/0")
        error = wait_until("the second claim's error", lambda: other.interface("second", "error")["error"], 10)
        print(f"second claim: {error}")
        self.assertIn("host1", error)
        self.assertEqual(self.lab.bound_host("acme/default/a/0"), "host1")
        events = wait_until("an event", lambda: [event for event in self.lab.list("event")
                                                 if {"host1", "host2"} <= set(event["hosts"])], 10)
        print(f"event: {events[-1]}")
        other.vsctl("del-port", "br-int", "second")
        self.lab.ctl("vdc", "set", "acme/default", "--host", "none", "--wait=hosts")

    def test_a_tag_on_a_nic(self):
        """4095 is the dead VLAN; any other is refused by name. Neither lets a frame in (row V5)."""
        self.expect_warning("tag and trunks")

        def frames_in(name: str) -> int:
            send(self.a, ethernet("ff:ff:ff:ff:ff:ff", self.a.mac, 0x88B5, b"tagged port"))
            return counters(self.host, self.a.port).get(name, 0)
        for tag, refused in (("4095", False), ("10", True)):
            with self.subTest(tag):
                self.host.vsctl("set", "port", self.a.port, f"tag={tag}")
                before = frames_in("admit.dead_vlan")
                wait_until("frames to be dropped", lambda: frames_in("admit.dead_vlan") > before)
                self.assertEqual("not built" in self.host.interface(self.a.port, "error")["error"], refused)
                self.host.vsctl("clear", "port", self.a.port, "tag")
                before = frames_in("bridge.no_receiver")  # its verdict on a frame that is let in: nobody else is there
                wait_until("frames to pass", lambda: frames_in("bridge.no_receiver") > before)
                self.assertFalse(self.host.interface(self.a.port, "error")["error"])

    def test_mtu_requests_out_of_range(self):
        """Refused with the largest that can be had; the port goes on with the MTU that it has (row 49)."""
        self.expect_warning("mtu|MTU")
        for request in ("9000", "67"):
            with self.subTest(request):
                self.host.vsctl("set", "interface", self.a.port, f"mtu_request={request}")
                error = wait_until("an error", lambda: self.host.interface(self.a.port, "error")["error"])
                print(f"mtu_request={request}: {error}")
                self.assertRegex(error, r"\d{4}")
                self.host.vsctl("clear", "interface", self.a.port, "mtu_request")
                wait_until("the error to go", lambda: not self.host.interface(self.a.port, "error")["error"])
        for mtu in ("9000", "67", "1279"):
            with self.subTest(network=mtu):
                done = self.lab.try_ctl("network", "set", "acme/lan", "--mtu", mtu, "--wait=controller")
                print(f"network set --mtu {mtu}: exit {done.returncode}: {done.stderr.strip()}")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(mtu, done.stderr)
        self.lab.try_ctl("network", "set", "acme/lan", "--mtu", "none")


if __name__ == "__main__":
    main()
