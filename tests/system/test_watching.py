#!/usr/bin/python3
"""Live numbers of a host, asked from another one by network-ctl over mutual TLS (DESIGN §9), and the other ways to them."""

import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from scapy.layers.inet import ICMP
from scapy.utils import rdpcap

from harness import Capture, LabError, SystemTest, counters, main, send, wait_until
from labkit.capture import ethernet
from labkit.certificates import Authority
from labkit.daemon import binary
from labkit.network import inside

PORT = 6650
STRANGER = "02:00:00:00:00:78"  # no NIC's


class Watching(SystemTest):
    SETTINGS = {"other_config:dpdk-extra": "--telemetry"}

    @classmethod
    def prepare(cls):
        for host in cls.hosts:
            cls.addClassCleanup(shutil.rmtree, cls.dpdk_folder(host), ignore_errors=True)
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)
        cls.watched, cls.elsewhere = cls.hosts
        cls.fabric = Authority(cls.lab.ledger.directory)
        cls.operator = cls.fabric.issue("operator")
        cls.open_query(cls.watched, cls.fabric, cls.watched.name)

    @staticmethod
    def dpdk_folder(host) -> Path:
        pid = (host.directory / "ovs-vswitchd.pid").read_text().strip()
        return Path(f"/run/dpdk/ringfence-{pid}")

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
        wait_until("the device and the pipeline to count alike", lambda: (
            now := self.answer("port", "show", "acme/default/a/0")[0]) and str(now["rx_packets"]) == now["counters"]["rx"])
        ports = {each["port"] for each in self.answer("port", "show", "--host", self.watched.name)}
        self.assertLessEqual({self.a.port, "uplink", "up0"}, ports)
        self.assertIn(f"{self.a.port}: tap, link up", self.watched.appctl("ringfence/ports", self.a.port))
        self.assertEqual(self.ask("port", "show", "nobody", "--host", self.watched.name).stderr.strip(),
                         "network-ctl: no port is named nobody")

    def test_top(self):
        """Rates of one interval, of what went through in it."""
        self.watched.appctl("ringfence/top")
        self.lose_frames(30)
        self.assertRegex(self.watched.appctl("ringfence/top"), rf"(?m)^{self.a.port} +[1-9]\d* +[1-9]\d* ")
        done = self.ask("top", "acme/default/a/0", "--interval", "1", "--count", "1", "--format", "json")
        self.assertEqual(json.loads(done.stdout)["items"][0]["port"], self.a.port, done.stderr)

    def test_all_hosts_at_once(self):
        """Those that answer are shown; those that don't are named, and the status says so."""
        lost = self.lose_frames(2)
        done = self.ask("drops", "--all-hosts", "--format", "json")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"1 of 2 hosts gave no answer: host {self.elsewhere.name} lets nobody ask", done.stderr)
        drops = json.loads(done.stdout)["items"]
        self.assertIn((self.watched.name, self.a.port, "admit.src_mac", lost),
                      {tuple(drop[key] for key in ("host", "port", "counter", "packets")) for drop in drops})
        self.open_query(self.elsewhere, self.fabric, self.elsewhere.name)
        try:
            self.assertEqual({port["host"] for port in self.answer("port", "show", "--all-hosts")}, {host.name for host in self.hosts})
            rates = self.answer("top", "--all-hosts", "--interval", "1", "--count", "1")
            self.assertLessEqual({self.a.port, self.b.port}, {rate["port"] for rate in rates})
            self.assertIn("without PORT", self.ask("drops", self.a.port, "--all-hosts").stderr)
        finally:
            self.elsewhere.vsctl("remove", "Open_vSwitch", ".", "external_ids", "ringfence-query")

    def test_capture(self):
        """What tcpdump and Wireshark read: what the port sends, dropped or not, and what it gets."""
        file = self.lab.ledger.directory / "a.pcapng"
        watched = ("capture", "acme/default/a/0", "--write", str(file))
        refused = self.ask(*watched, "--count", "1")
        self.assertIn('"operator" may not capture here', refused.stderr)
        self.assertFalse(file.exists() and file.read_bytes())
        self.watched.vsctl("set", "Open_vSwitch", ".", "external_ids:ringfence-query-capture=somebody,operator")
        key, certificate = self.operator
        wait_until("the operator to be let in", lambda: self.ask(*watched, "--seconds", "1").returncode == 0)
        capture = subprocess.Popen(
            ["ip", "netns", "exec", self.elsewhere.namespace.full_name, binary("network-ctl"), *watched, "--private-key", key,
             "--certificate", certificate, "--ca-cert", self.fabric.certificate], env=self.lab.environment,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(capture.stderr.close)
        self.assertIn("are captured", capture.stderr.readline())
        self.assertIn("being captured already", self.ask(*watched[:2], "--write", os.devnull, "--count", "1").stderr)
        self.lose_frames(5)
        self.assert_reaches(self.b, "10.0.0.1")
        wait_until("all of it to be there", lambda: file.read_bytes().count(b"\x88\xb5x") >= 5 and len(
            [frame for frame in rdpcap(str(file)) if frame.haslayer(ICMP)]) == 6)
        capture.terminate()
        self.assertEqual(capture.wait(10), 0)
        frames = rdpcap(str(file))
        directions = {frame[ICMP].type: direction for frame, direction in zip(frames, directions_in(file.read_bytes()))
                      if frame.haslayer(ICMP)}
        self.assertEqual(directions, {0: 1, 8: 2}, "the echo replies come from the port, the requests go to it")
        self.assertIn('"operator" asks for a capture', self.watched.switch.log.read_text())
        self.assertLess(abs(time.time() - float(frames[-1].time)), 60)
        read = self.watched.namespace.run("tcpdump", "-nr", str(file))
        self.assertEqual((read.count("echo request"), read.count("echo reply")), (3, 3), read)
        piped = f"{binary('network-ctl')} capture {self.a.port} --seconds 1 --snaplen 60 | tcpdump -nr - 2>&1"
        here = self.watched.namespace.run("bash", "-c", piped, env=self.watched.environment)
        self.assertIn("snapshot length 60", here, "on the host itself, without TLS")

    def test_a_capture_ends_with_its_nic(self):
        """Whose port it is next is not shown to who watched the last one."""
        def capture(*words: str) -> str:
            return self.watched.appctl("ringfence/capture", *words).strip()
        one = capture("start", self.a.port)
        self.assertTrue(capture("read", one))
        self.lose_frames(3)
        nic = self.watched.interface(self.a.port, "external_ids")["external_ids"]["iface-id"]
        self.watched.vsctl("set", "interface", self.a.port, "external_ids:iface-id=nobodys")
        try:
            with self.assertRaisesRegex(LabError, "is another NIC's now"):
                capture("read", one)
        finally:
            self.watched.vsctl("set", "interface", self.a.port, f"external_ids:iface-id={nic}")
        with self.assertRaisesRegex(LabError, "no capture .* is under way"):
            capture("read", one)
        wait_until("it to talk", lambda: self.b.attempt("ping", "-c1", "-W1", "10.0.0.1").returncode == 0)

    def test_the_same_numbers_everywhere(self):
        """ovs-appctl, network-ctl, Prometheus and DPDK's telemetry, and the worker's own."""
        lost = self.lose_frames(2)
        self.watched.vsctl("set", "Open_vSwitch", ".", "external_ids:ringfence-metrics=ptcp:9475:127.0.0.1")
        curl = ("curl", "-sS", "--max-time", "5", "http://127.0.0.1:9475/metrics")

        def metrics() -> dict:
            page = self.watched.namespace.run(*curl)
            return {(sample.name, *sorted(sample.labels.items())): sample.value
                    for family in text_string_to_metric_families(page) for sample in family.samples}
        samples = wait_until("Prometheus' page", metrics)
        labels = [("nic", "acme/default/a/0"), ("port", self.a.port)]
        self.assertEqual(samples["ringfence_port_packets_total", ("kind", "drop"), *labels, ("verdict", "admit.src_mac")], lost)

        def rx_packets() -> set[int]:  # of a port that may speak at any time
            return {self.answer("port", "show", "acme/default/a/0")[0]["rx_packets"],
                    metrics()["ringfence_port_receive_packets_total", *labels],
                    self.telemetry("/ringfence/port,acme/default/a/0")["rx_packets"]}
        wait_until("all to say the same", lambda: len(rx_packets()) == 1)
        self.assertEqual(self.telemetry(f"/ringfence/drops,{self.a.port}")["admit_src_mac"], lost)
        self.assertIn(self.a.port, self.telemetry("/ringfence/ports"))
        self.assertGreater(samples["ringfence_worker_seconds_total", ("state", "idle"), ("worker", "0")], 0)
        status = self.watched.namespace.run("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", curl[-1] + "/no")
        self.assertEqual(status, "404")
        from_elsewhere = ("curl", "-sSi", "--max-time", "2", f"http://{self.watched.vtep}:9475/metrics")
        self.assertNotIn("HTTP", self.elsewhere.namespace.attempt(*from_elsewhere).stdout)
        self.expect_warning("ringfence-metrics: ptcp:9475: without TLS only this host may ask")
        self.watched.vsctl("set", "Open_vSwitch", ".", "external_ids:ringfence-metrics=ptcp:9475")
        wait_until("who is anybody's to be refused", lambda: "only this host may ask" in self.watched.vsctl(
            "get", "Open_vSwitch", ".", "statistics"))
        self.watched.vsctl("remove", "Open_vSwitch", ".", "external_ids", "ringfence-metrics")

    def telemetry(self, command: str):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
            channel.settimeout(10)
            channel.connect(str(self.dpdk_folder(self.watched) / "dpdk_telemetry.v2"))
            channel.recv(16384)
            channel.send(command.encode())
            return json.loads(channel.recv(16384))[command.split(",")[0]]

    def test_pmd(self):
        """As operators of Open vSwitch know it."""
        queues = self.watched.appctl("dpif-netdev/pmd-rxq-show")
        self.assertRegex(queues, r"(?m)^pmd thread numa_id \d+ core_id \d+:\n  isolated : false\n")
        self.assertRegex(queues, rf"(?m)^  port: {self.a.port} +queue-id: +0 \(enabled\) +pmd usage: ")
        self.watched.appctl("dpif-netdev/pmd-stats-clear")
        self.lose_frames(4)
        stats = self.watched.appctl("dpif-netdev/pmd-stats-show")
        self.assertRegex(stats, r"(?m)^  packets received: [1-9]\d*\n")
        self.assertRegex(stats, r"(?m)^  idle cycles: \d+ \(\d+\.\d\d%\)\n  processing cycles: [1-9]\d* \(\d+\.\d\d%\)\n")
        self.assertRegex(stats, r"(?m)^  avg processing cycles per packet: \d+\.\d\d \(\d+/\d+\)$")
        self.assertEqual(self.watched.appctl("dpif-netdev/pmd-stats-show", "-pmd", "63"), "")

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
        costly = self.elsewhere.namespace.attempt(
            "openssl", "s_client", "-connect", f"{self.watched.vtep}:{PORT}", "-groups", "ffdhe8192")
        self.assertIn("handshake failure", costly.stderr, "a key exchange that costs the host more than its peer")
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
            self.lose_frames(1)
            numbers = ask(channel, "ringfence/drops", "--format=json")
            self.assertIsNone(numbers["error"])
            self.assertIn("admit.src_mac", numbers["result"])
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


def directions_in(pcapng: bytes) -> list[int]:
    """Of each frame, as its block's flags say: 1 inbound, 2 outbound."""
    found, at = [], 0
    while at < len(pcapng):
        kind, length = struct.unpack_from("=II", pcapng, at)
        at += length
        if kind == 6:
            found.append(struct.unpack_from("=I", pcapng, at - 12)[0])
    return found


if __name__ == "__main__":
    main()
