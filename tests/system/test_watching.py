#!/usr/bin/python3
"""Live numbers of a host, asked from another one by network-ctl over mutual TLS (DESIGN §9)."""

import json
import socket
import ssl
import time

from harness import Capture, SystemTest, counters, main, send, wait_until
from labkit.capture import ethernet
from labkit.certificates import Authority
from labkit.daemon import binary
from labkit.network import inside

PORT = 6650
STRANGER = "02:00:00:00:00:78"  # no NIC's


class Watching(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.watched, cls.elsewhere = cls.hosts
        cls.fabric = Authority(cls.lab.ledger.directory)
        cls.operator = cls.fabric.issue("operator")
        cls.open_query(cls.watched, cls.fabric, cls.watched.name)

    @classmethod
    def open_query(cls, host, authority: Authority, name: str) -> None:
        host.vsctl("set-ssl", *map(str, authority.issue(name)), str(authority.certificate), "--",
                   "set", "Open_vSwitch", ".", f'external_ids:ringfence-query="pssl:{PORT}"')
        wait_until(f"{host.name} to say where it is asked",
                   lambda: cls.lab.show("host", host.name)["reported"].get("query") == f"ssl:{host.vtep}:{PORT}")

    def ask(self, *words: str, identity=None, authority=None, **how):
        """network-ctl on the other host."""
        key, certificate = identity or self.operator
        return self.elsewhere.namespace.attempt(
            binary("network-ctl"), *words, "--private-key", str(key), "--certificate", str(certificate),
            "--ca-cert", str((authority or self.fabric).certificate), env=self.lab.environment, **how)

    def answer(self, *words: str) -> list[dict]:
        done = self.ask(*words, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["items"]

    def connect(self) -> socket.socket:
        with inside(self.elsewhere.namespace.full_name):
            return socket.create_connection((self.watched.vtep, PORT), timeout=5)

    def lose_frames(self, count: int) -> int:
        """Frames that port security drops; how many there are then."""
        before = counters(self.watched, self.a.port).get("admit.src_mac", 0)
        send(self.a, *[ethernet("02:00:00:00:00:77", STRANGER, 0x88B5, b"x")] * count)
        self.wait_for_drop(self.watched, "admit.src_mac", self.a.port, before + count)
        return before + count

    # --- what is asked ------------------------------------------------------------------------------
    def test_drops_of_a_nic_wherever_it_is(self):
        """The host is found by the NIC; its numbers are those that ovs-appctl shows there."""
        lost = self.lose_frames(7)
        drops = self.answer("drops", "acme/default/a/0")
        found = {drop["counter"]: drop["packets"] for drop in drops}
        self.assertEqual(found["admit.src_mac"], lost)
        self.assertEqual({drop["port"] for drop in drops}, {self.a.port})
        self.assertEqual(found["admit.src_mac"], counters(self.watched, self.a.port)["admit.src_mac"])
        self.assertIn("admit.src_mac", self.ask("drops", "--host", self.watched.name).stdout)
        local = self.watched.namespace.run(binary("network-ctl"), "drops", self.a.port, "--format", "json",
                                           env={**self.watched.environment, **self.lab.environment})
        self.assertEqual(json.loads(local)["items"], drops, "without TLS, on the host itself")

    def test_port_show(self):
        with Capture([self.a]):
            self.lose_frames(3)
        port = self.answer("port", "show", "acme/default/a/0")[0]
        self.assertEqual((port["port"], port["host"], port["type"], port["link"]),
                         (self.a.port, self.watched.name, "tap", "up"))
        self.assertEqual(str(port["rx_packets"]), port["counters"]["rx"], "the device and the pipeline count alike")
        ports = {each["port"] for each in self.answer("port", "show", "--host", self.watched.name)}
        self.assertLessEqual({self.a.port, "uplink", "up0"}, ports)
        self.assertIn(f"{self.a.port}: tap, link up", self.watched.appctl("ringfence/ports", self.a.port))
        self.assertEqual(self.ask("port", "show", "nobody", "--host", self.watched.name).stderr.strip(),
                         "network-ctl: no port is named nobody")

    def test_top(self):
        """Rates of one interval, of what went through in it."""
        done = self.ask("top", "acme/default/a/0", "--interval", "1", "--count", "1", "--format", "json")
        self.assertEqual(json.loads(done.stdout)["items"][0]["port"], self.a.port, done.stderr)

    # --- who may not --------------------------------------------------------------------------------
    def test_no_certificate_no_answer(self):
        """Nothing is said to who shows none, another authority's, or a self-made one; nor to a host that is another."""
        stranger = Authority(self.lab.ledger.directory, f"stranger-{time.monotonic_ns()}")
        mallory = stranger.issue("operator")
        refused = self.ask("drops", "--host", self.watched.name, identity=mallory)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("unknown ca", refused.stderr)
        self.assertEqual(refused.stdout, "")
        refused = self.ask("drops", "--host", self.watched.name, authority=stranger)
        self.assertIn("certificate", refused.stderr)
        missing = self.ask("drops", "--host", self.watched.name, identity=("/nowhere/key.pem", self.operator[1]))
        self.assertIn("private key /nowhere/key.pem: No such file or directory", missing.stderr)

        anonymous = ssl.create_default_context(cafile=str(self.fabric.certificate))
        anonymous.check_hostname = False
        with self.connect() as raw, self.assertRaises((ssl.SSLError, ConnectionError)) as error, \
                anonymous.wrap_socket(raw) as channel:
            channel.sendall(b'{"id":0,"method":"version","params":[]}')
            self.fail(f"it said {channel.recv(100)}")
        self.assertIn("certificate required", str(error.exception).lower())
        with self.connect() as plain:
            plain.sendall(b'{"id":0,"method":"version","params":[]}')
            try:
                self.assertNotIn(b"ringfence", plain.recv(1000).lower())
            except ConnectionResetError:
                pass

    def test_it_only_reads(self):
        context = ssl.create_default_context(cafile=str(self.fabric.certificate))
        context.check_hostname = False
        context.load_cert_chain(str(self.operator[1]), str(self.operator[0]))

        def ask(channel, method: str, *parameters: str) -> dict:
            channel.sendall(json.dumps({"id": 0, "method": method, "params": list(parameters)}).encode())
            answer = b""
            while not answer.endswith(b"}"):
                answer += channel.recv(65536)
            return json.loads(answer)
        with self.connect() as raw, context.wrap_socket(raw) as channel:
            for command in (("exit",), ("vlog/set", "dbg"), ("ringfence/trace", "5"),
                            ("ringfence/connections", "flush", self.a.port), ("ringfence/dhcp", "clear", self.a.port)):
                self.assertIn("on the host only", ask(channel, *command)["error"], command)
            self.assertIn("not a valid command", ask(channel, "no-such")["error"])
            self.assertIn("admit.src_mac", json.dumps(ask(channel, "ringfence/drops", "--format=json")) + "admit.src_mac")
        with self.connect() as raw, context.wrap_socket(raw) as channel:  # larger than any question
            with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
                channel.sendall(b"{" + b" " * 3_000_000)
                self.assertNotEqual(channel.recv(1), b"", "it was hung up on")
        self.assertTrue(self.watched.switch.running)

    def test_a_crowd_keeps_nobody_out(self):
        """Connections that show nothing give way to who comes with a certificate; packets go on meanwhile."""
        crowd = [self.connect() for _ in range(40)]
        self.assertEqual(self.ask("drops", "--host", self.watched.name).returncode, 0)
        for one in crowd:
            one.close()
        self.lose_frames(1)

    def test_what_is_wrong_is_said_where_people_look(self):
        """A bad remote, and a file that is not there: in the log, in the local database and at network-ctl host show;
        the last file that comes heals it."""
        self.expect_warning("external_ids:ringfence-query")
        host = self.elsewhere
        self.assertEqual(host.vsctl("--if-exists", "get", "Open_vSwitch", ".", "statistics"), "{}", "it is off by default")
        key, certificate = self.fabric.issue(host.name)
        late = certificate.with_suffix(".late")
        for query, files, trouble in (
                ("ptcp:6650", [], "who shows no certificate is not answered"),
                ("pssl:99999", [], '"99999" is not a port, 1 to 65535'),
                ("pssl:6650:example.org", [], '"example.org" is not a numeric address'),
                ("pssl:6650", [], "ovs-vsctl set-ssl names the files"),
                ("pssl:6650", [key, late, self.fabric.certificate], f"certificate {late}: No such file or directory"),
                ("pssl:6650", [self.operator[0], certificate, self.fabric.certificate], "key values mismatch")):
            with self.subTest(trouble):
                host.vsctl("del-ssl", *(["--", "set-ssl", *map(str, files)] if files else []), "--", "set", "Open_vSwitch", ".",
                           f'external_ids:ringfence-query="{query}"')
                wait_until("the local database to say so", lambda: trouble in host.vsctl(
                    "get", "Open_vSwitch", ".", "statistics").replace('\\"', '"'))
                wait_until("network-ctl to say so", lambda: trouble in self.lab.show("host", host.name)["trouble"].get(
                    "external_ids:ringfence-query", ""))
                self.assertIn(trouble, host.switch.log.read_text())
        host.vsctl("del-ssl", "--", "set-ssl", str(key), str(late), str(self.fabric.certificate))
        late.write_bytes(certificate.read_bytes())
        wait_until("it to be asked", lambda: self.ask("drops", "--host", host.name).returncode == 0)
        wait_until("the trouble to go", lambda: not self.lab.show("host", host.name)["trouble"])
        # Whoever shows another host's certificate there is not that host.
        host.vsctl("del-ssl", "--", "set-ssl", *map(str, self.operator), str(self.fabric.certificate))
        wait_until("it to show another", lambda: 'is "operator"\'s' in self.ask("drops", "--host", host.name).stderr)
        host.vsctl("remove", "Open_vSwitch", ".", "external_ids", "ringfence-query")
        wait_until("it to be closed", lambda: host.vsctl("get", "Open_vSwitch", ".", "statistics") == "{}")
        self.assertIn("lets nobody ask", wait_until("the fabric to know", lambda: self.ask(
            "drops", "--host", host.name).stderr if "query" not in self.lab.show("host", host.name)["reported"] else ""))


if __name__ == "__main__":
    main()
