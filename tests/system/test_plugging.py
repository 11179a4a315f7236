#!/usr/bin/python3
"""What libvirt and Nova do to a switch, done to ours: their own code (os-vif) or their exact commands, and what they read
afterwards (ECOSYSTEM §1.2, §1.3)."""

import json
import re
import socket
import threading
import time
import uuid
from hashlib import sha256
from pathlib import Path

from harness import Capture, SystemTest, addresses_of, mac_of, main, wait_until
from labkit.network import inside

PAYLOAD = bytes(range(256)) * 16384  # 4 MiB
NOVA = Path(__file__).with_name("nova.py")


class Plugging(SystemTest):
    HOSTS = 1

    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.host = cls.hosts[0]

    def new_nic(self, number: int) -> str:
        """A NIC whose port is named by a UUID, as Neutron's are."""
        port = str(uuid.uuid4())
        self.make_nic("acme/lan", f"vm{number}", number, "--port-name", port)
        return port

    def nova(self, verb: str, kind: str, port: str, number: int, *socket: str) -> str:
        return self.host.namespace.run("/usr/bin/python3", str(NOVA), verb, kind, self.host.database.remote, "br-int", port,
                                       mac_of(number), *socket, env=self.host.environment, timeout=60).strip()

    def row(self, name: str) -> dict:
        return self.host.interface(name, "type", "ofport", "error", "external_ids", "options", "mtu_request")

    def test_nova_plugs_vhost_user(self):
        """qemu as client: we listen where libvirt looks. qemu as server: its socket is not there yet, and no error."""
        for number, mode, type_ in ((11, "client", "dpdkvhostuser"), (12, "server", "dpdkvhostuserclient")):
            with self.subTest(mode):
                port = self.new_nic(number)
                socket = str(self.host.directory / (f"vhu{port}"[:14] if mode == "client" else "qemu-made.sock"))
                name = self.nova("plug", f"vhostuser-{mode}", port, number, socket)
                row = self.row(name)
                self.assertEqual((row["type"], row["error"], row["external_ids"]["iface-id"]), (type_, [], port))
                self.assertTrue(1 <= row["ofport"] <= 65279, row)
                if mode == "client":
                    self.assertTrue(Path(socket).is_socket())
                else:
                    self.assertEqual(row["options"]["vhost-server-path"], socket)
                    found = self.host.vsctl("--columns=name", "--bare", "find", "interface",
                                            f'options:vhost-server-path="{socket}"')  # as libvirt looks it up
                    self.assertEqual(found, name)
                wait_until("the port to be bound", lambda p=port: self.lab.bound_host(p) == "host1")
                self.nova("unplug", f"vhostuser-{mode}", port, number, socket)
                self.assertNotIn(name, self.host.vsctl("list-ports", "br-int").split())
                self.assertFalse(Path(socket).exists())

    def test_nova_plugs_before_libvirt_makes_the_tap(self):
        """The port's row is there first; the netdev comes with the VM, and goes and comes with its restarts."""
        self.expect_warning("tap[0-9a-f]{8}")
        port = self.new_nic(13)
        name = self.nova("plug", "openvswitch", port, 13)
        self.assertEqual(self.row(name)["ofport"], -1)
        self.assertIn(name, self.row(name)["error"])
        for _ in range(2):
            self.host.namespace.ip("tuntap", "add", "dev", name, "mode", "tap")
            self.host.namespace.ip("link", "set", name, "up")
            self.libvirt_plugs(name, port, 13)
            wait_until("the port to be open", lambda: self.row(name)["ofport"] != -1 and not self.row(name)["error"])
            wait_until("the port to be bound", lambda: self.lab.bound_host(port) == "host1")
            self.host.namespace.ip("link", "del", name)
            wait_until("its loss to be told", lambda: self.row(name)["error"] and self.row(name)["ofport"] == -1)
        self.nova("unplug", "openvswitch", port, 13)
        self.assertNotIn(name, self.host.vsctl("list-ports", "br-int").split())

    def test_a_kernels_offloads(self):
        """Checksums that are only begun, TCP in frames of 64 KiB: they arrive whole, on another port and from it, and are
        not cut up on the way to a tap that takes them."""
        vm = self.lab.plug_system(self.host, "offloads", self.new_nic(14), mac_of(14), addresses_of(14))
        features = vm.run("ethtool", "-k", "eth0")
        self.assertIn("tx-checksum-ip-generic: on", features)
        self.assertIn("tcp-segmentation-offload: on", features)
        for sender, receiver, number in ((vm, self.a, 1), (self.a, vm, 14)):
            for address in addresses_of(number):
                with self.subTest(sender=sender.name, to=address):
                    self.assertEqual(transfer(sender, receiver, address.split("/")[0]), sha256(PAYLOAD).hexdigest())
        with Capture([self.a]) as capture:
            transfer(vm, self.a, "10.0.0.1")
            longest = max(len(frame) for frame in capture.frames(self.a))
        self.assertGreater(longest, 1450 + 14)
        wait_until("statistics", lambda: self.host.interface("offloads", "statistics")["statistics"]["rx_bytes"] > len(PAYLOAD), 12)

    def test_the_hosts_kernel_hears_and_says_nothing(self):
        """By ARP, IPv6 link-local and ICMP. Before the netdev is plugged all of it arrives: the same questions are asked."""
        space = self.host.namespace
        space.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        vm = self.lab.add_machine("curious", mac_of(15), addresses_of(15))
        space.ip("link", "add", "cable", "type", "veth", "peer", "name", "cable-vm")
        space.ip("link", "set", "cable", "up")
        vm.take("cable-vm", space)
        vm.namespace.ip("link", "set", "eth0", "addrgenmode", "eui64", "down")
        vm.namespace.ip("link", "set", "eth0", "up")
        local = wait_until("the host's link-local address", lambda: re.search(
            r"inet6 (fe80::[0-9a-f:]+)/64 scope link *\n", space.ip("-6", "address", "show", "dev", "cable")))[1]

        def heard() -> dict[str, bool]:
            arp = vm.attempt("arping", "-c", "2", "-w", "1", "-I", "eth0", self.host.vtep).stdout
            ping = vm.attempt("ping", "-c", "2", "-i", "0.2", "-W", "0.5", f"{local}%eth0").stdout
            with Capture([vm]) as capture:  # the kernel joins a group, and would say so there
                space.attempt("ping", "-c", "1", "-W", "0.3", "ff02::1%cable")
                return {"ARP": "1 response" in arp or "Unicast reply" in arp, "echo": " 0% packet loss" in ping,
                        "its own": any(frame[6:12] == host_mac for frame in capture.frames(vm))}
        host_mac = bytes.fromhex(space.run("cat", "/sys/class/net/cable/address").strip().replace(":", ""))
        self.assertEqual(heard(), {"ARP": True, "echo": True, "its own": True})
        port = self.new_nic(15)
        self.libvirt_plugs("cable", port, 15)
        self.lab.wait_bound(port, self.host)
        self.assertEqual(heard(), {"ARP": False, "echo": False, "its own": False})
        vm.namespace.ip("neigh", "flush", "dev", "eth0")
        self.assert_reaches(vm, "10.0.0.1")
        self.host.vsctl("del-port", "br-int", "cable")
        self.assertEqual(heard(), {"ARP": True, "echo": True, "its own": True})

    def libvirt_plugs(self, name: str, port: str, number: int) -> None:
        """virNetDevOpenvswitchAddPort's command, its words and order."""
        self.host.namespace.run(
            "ovs-vsctl", "--timeout=5", "--", "--may-exist", "add-port", "br-int", name,
            "--", "set", "Interface", name, f'external-ids:attached-mac="{mac_of(number)}"',
            "--", "set", "Interface", name, f'external-ids:iface-id="{port}"',
            "--", "set", "Interface", name, f'external-ids:vm-id="{uuid.uuid4()}"',
            "--", "set", "Interface", name, "external-ids:iface-status=active", env=self.host.environment)

    def test_what_libvirt_reads_and_keeps(self):
        statistics = wait_until("statistics", lambda: self.statistics_as_libvirt_reads(), 12)
        self.assertEqual({f"{way}_{what}" for way in ("rx", "tx") for what in ("packets", "bytes", "errors", "dropped")}
                         - statistics.keys(), set())
        vsctl = self.host.vsctl
        self.assertEqual(vsctl("--timeout=5", "iface-to-br", self.a.port), "br-int")
        vsctl("--timeout=5", "set", "Interface", self.a.port, 'external_ids:PortData="before the move"')
        self.assertEqual(vsctl("--timeout=5", "--if-exists", "get", "Interface", self.a.port, "external_ids:PortData"),
                         '"before the move"')
        vsctl("--timeout=5", "clear", "Port", self.a.port, "tag", "--", "clear", "Port", self.a.port, "trunks",
              "--", "clear", "Port", self.a.port, "vlan_mode")

    def statistics_as_libvirt_reads(self) -> dict:
        text = self.host.vsctl("--timeout=5", "--if-exists", "--format=json", "--data=json", "--no-headings",
                               "--columns=statistics", "list", "Interface", self.a.port)
        return dict(json.loads(text)["data"][0][0][1])

    def test_types_that_are_not_served_say_what_to_use(self):
        self.expect_warning("patch|vxlan|gre")
        for kind, options, answer in (("patch", ["options:peer=other"], "one bridge"),
                                      ("vxlan", ["options:remote_ip=192.0.2.1"], "ringfence"),
                                      ("gre", ["options:remote_ip=192.0.2.1"], "gre")):
            with self.subTest(kind):
                self.host.vsctl("add-port", "br-int", f"x-{kind}", "--", "set", "interface", f"x-{kind}", f"type={kind}", *options)
                row = self.row(f"x-{kind}")
                print(f"{kind}: {row['error']}")
                self.assertEqual(row["ofport"], -1)
                self.assertIn(answer, row["error"])
                self.host.vsctl("del-port", "br-int", f"x-{kind}")

    def test_a_requested_ofport_is_given(self):
        self.host.vsctl("add-port", "br-int", "asks", "--", "set", "interface", "asks", "type=tap", "ofport_request=777")
        self.assertEqual(self.row("asks")["ofport"], 777)
        self.host.vsctl("del-port", "br-int", "asks")

    def test_five_hundred_ports(self):
        """Each change is answered with 500 ports there; how soon is printed, and is 0.2 to 0.7 s on a machine that does nothing else."""
        vsctl, ports = self.host.vsctl, [f"many{number}" for number in range(500)]
        words: list[str] = []
        for port in ports:
            words += ["--", "add-port", "br-int", port, "--", "set", "interface", port, "type=tap"]
        took = {}
        took["500 ports at once"] = self.timed(lambda: vsctl(*words[1:], timeout=60))
        took["one more"] = self.timed(lambda: vsctl("add-port", "br-int", "one", "--", "set", "interface", "one", "type=tap"))
        took["and it goes"] = self.timed(lambda: vsctl("del-port", "br-int", "one"))
        words = [word for port in ports for word in ("--", "del-port", "br-int", port)]
        took["and all go"] = self.timed(lambda: vsctl(*words[1:], timeout=60))
        print("; ".join(f"{what}: {seconds:.2f} s" for what, seconds in took.items()))
        self.assertFalse({"one", *ports} & set(vsctl("list-ports", "br-int").split()))

    @staticmethod
    def timed(act) -> float:
        begin = time.monotonic()
        act()
        return time.monotonic() - begin


def transfer(sender, receiver, address: str) -> str:
    """PAYLOAD by one TCP connection; the digest of what arrived."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(receiver.namespace.full_name):
        server = socket.create_server((address, 0), family=family)
    with inside(sender.namespace.full_name):
        sending = socket.socket(family)
    digest = sha256()
    with server, sending:
        server.settimeout(10)
        sending.settimeout(10)
        sending.connect(server.getsockname()[:2])
        thread = threading.Thread(target=lambda: (sending.sendall(PAYLOAD), sending.shutdown(socket.SHUT_WR)))
        thread.start()
        with server.accept()[0] as connection:
            connection.settimeout(10)
            while data := connection.recv(1 << 16):
                digest.update(data)
        thread.join()
    return digest.hexdigest()


if __name__ == "__main__":
    main()
