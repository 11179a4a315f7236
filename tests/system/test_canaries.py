#!/usr/bin/python3
"""The canary matrix of BEHAVIOUR §3.1 over clones: two tenants with the same networks, MACs and addresses, their frames
marked with whose they are, captured at every port and on every host's wire. While all is well, while vApps are deleted
and made anew in each other's VNIs and ports, with full connection tables, and across kill -9 of a daemon.

The same in one process, with many more frames and changes: tests/isolation.
"""

import re
import threading
import zlib

from frames import BROADCAST, EXPERIMENTAL, ICMP, IP, Raw, Station, forged, of_every_kind, pad, to_servers
from harness import Capture, LabError, SystemTest, counters, main, send, wait_until
from labkit.capture import ethernet

TENANTS = ("acme", "globex")
WEB, DB, DESK = 5, 6, 9
ROLES = {"web": WEB, "db": DB, "desk": DESK}
FENCE = "02:52:46:00:00:01"  # the MAC of every fence's inside
MARK = re.compile(rb"canary (\w+/[\w-]+) (\w+) (\d{6}) ([0-9a-f]{8})")
VXLAN = 14 + 20 + 8
CONNECTIONS, EACH = 1024, 128  # of a host, of a port


def mark_of(home: str, sender: str, number: int) -> bytes:
    """At most 46 bytes, what a short frame has room for."""
    text = f"canary {home} {sender} {number % 1_000_000:06d} ".encode()
    return text + f"{zlib.crc32(text):08x}".encode()


def marks_in(frame: bytes) -> set[str]:
    """Whose frame it is, or is about: the homes, of marks that are whole."""
    return {found[1].decode() for found in MARK.finditer(frame) if zlib.crc32(found[0][:-8]) == int(found[4], 16)}


class Canaries(SystemTest):
    SETTINGS = {"other_config:ringfence-connections": str(CONNECTIONS), "other_config:ringfence-connections-per-port": str(EACH)}

    @classmethod
    def prepare(cls):
        cls.home: dict[str, str] = {}        # of a machine, by name
        cls.vnis: dict[str, set[int]] = {}   # that frames of a home may have on the wire
        cls.outside: dict[str, list[str]] = {}  # of a tenant: the IPv4 outside addresses of its copies
        cls.number = 0
        cls.expect_warning(r"is claimed by port")
        cls.made: dict[tuple, list[bytes]] = {}
        for tenant in TENANTS:
            cls.make_tenant(tenant)
        cls.lab.ctl("sync", "--wait=hosts")
        cls.expect_warning(r"connect|database|lost|reconnect|southbound|northbound|Broken pipe|closed")

    @classmethod
    def make_tenant(cls, tenant):
        ctl = cls.lab.ctl
        ctl("org", "create", tenant)
        ctl("network", "create", f"{tenant}/office", "--subnet", "10.0.0.0/24", "--subnet", "fd00::/64",
            "--range", "10.0.0.100-10.0.0.199", "--range", "fd00::1:0-fd00::1:ff")
        station = Station(DESK)
        ctl("nic", "create", f"{tenant}/default/desk", "--network", "office", "--mac", station.mac,
            "--ip", station.ip4, "--ip", station.ip6)
        cls.plug(f"{tenant}/office", f"{tenant}/default/desk", DESK, cls.hosts[0])
        ctl("vapp", "create", f"{tenant}/shop")
        ctl("vapp-network", "create", f"{tenant}/shop/front", "--mode", "fenced", "--parent", "office")
        for vm, number in (("web", WEB), ("db", DB)):
            station = Station(number)
            ctl("nic", "create", f"{tenant}/shop/{vm}", "--vapp-network", "front", "--mac", station.mac,
                "--ip", station.ip4, "--ip", station.ip6)
        cls.plug_vapp(tenant, "shop", {"web": cls.hosts[0], "db": cls.hosts[1]})
        cls.make_copy(tenant, "copy", {"web": cls.hosts[1], "db": cls.hosts[0]})
        cls.vnis[f"{tenant}/office"] = {cls.lab.show("network", f"{tenant}/office")["vni"]}

    @classmethod
    def make_copy(cls, tenant, copy, places):
        cls.lab.ctl("vapp", "clone", f"{tenant}/shop", f"{tenant}/{copy}", "--wait=controller")
        cls.plug_vapp(tenant, copy, places)

    @classmethod
    def plug_vapp(cls, tenant, vapp, places):
        for vm, number in (("web", WEB), ("db", DB)):
            cls.plug(f"{tenant}/{vapp}", f"{tenant}/{vapp}/{vm}", number, places[vm])
        office = cls.lab.show("network", f"{tenant}/office")["vni"]
        cls.vnis[f"{tenant}/{vapp}"] = {cls.lab.show("vapp-network", f"{tenant}/{vapp}/front")["vni"], office}
        cls.outside[tenant] = sorted(address for nic in cls.lab.list("nic") if nic["port_name"].startswith(f"{tenant}/")
                                     for address in nic["outside_addresses"] if ":" not in address)

    @classmethod
    def plug(cls, home, vm, number, place):
        """Behind a veth, which stays when the daemon goes. place: the host, and the port of one that was there before."""
        host, port = place if isinstance(place, tuple) else (place, f"port{len(cls.home)}")
        station = Station(number)
        name = vm.replace("/default/", "-").replace("/", "-")
        machine = cls.lab.plug_veth(host, name, f"{vm}/0", station.mac, [f"{station.ip4}/24", f"{station.ip6}/64"],
                                    port=port)
        cls.home[name] = home
        return machine

    @property
    def machines(self):
        """Those that are plugged in."""
        return [machine for machine in list(self.lab.machines.values()) if machine.name in self.home]

    # --- the tests ------------------------------------------------------------------------------------
    def test_1_every_kind_from_every_port_to_every_address(self):
        with self.watching() as watch:
            for machine in self.machines:
                send(machine, *self.frames_of(machine))
                self.arrive_at_neighbours(watch, machine)
            watch.judge()
            self.assertGreater(watch.seen, 500, "too few marks were seen anywhere")
            self.assertEqual(watch.on_wires(), set(self.home.values()), "a network's frames were not seen on the wire")

    def test_2_while_vapps_are_made_anew_in_each_others_vnis_and_ports(self):
        """The VNI of a network that is deleted is the next one's, of the other tenant: made at once, at the same ports."""
        for loser, winner in (("acme", "globex"), ("globex", "acme")):
            with self.subTest(f"{winner} after {loser}"), self.watching() as watch, Chatter(self) as chatter:
                victim = next(name for name in ("copy", "again") if f"{loser}/{name}" in self.home.values())
                before = self.vnis[f"{loser}/{victim}"] - self.vnis[f"{loser}/office"]
                chatter.wait_for_rounds(1)
                gone = self.take_down(loser, victim)
                self.make_copy(winner, "again", gone)
                after = self.vnis[f"{winner}/again"] - self.vnis[f"{winner}/office"]
                self.assertEqual(before, after, "another VNI: nothing is shown of one that is used again")
                chatter.wait_for_rounds(2)
                chatter.stop()
                for machine in self.machines:
                    self.arrive_at_neighbours(watch, machine)
                watch.judge()

    def test_3_with_full_tables(self):
        """One tenant's ports have all the connections that they may (its desk, too, which is asked); the other's new ones do
        not notice."""
        self.fill(self.lab.machines["acme-shop-web"])
        desk, web = self.lab.machines["globex-desk"], self.lab.machines["globex-shop-web"]
        with self.watching() as watch:
            for _ in range(20):  # a new connection each: the identifier of a ping is new
                self.assert_reaches(web, Station(DESK).ip4)
                self.assert_reaches(web, Station(DESK).ip6)
            for machine in self.machines:
                send(machine, *self.frames_of(machine))
                self.arrive_at_neighbours(watch, machine)
            watch.judge()
        self.assertEqual(counters(web.host, web.port).get("quota.connections", 0), 0)
        self.assertEqual(counters(desk.host, desk.port).get("quota.connections", 0), 0)

    def test_4_across_the_death_of_a_daemon(self):
        """kill -9 and a new start, with and without the databases, while everybody talks."""
        for databases in (True, False):
            with self.subTest(f"databases {'there' if databases else 'gone'}"), self.watching() as watch, Chatter(self) as chatter:
                chatter.wait_for_rounds(1)
                if not databases:
                    self.lab.controller.kill()
                    self.lab.databases.kill()
                for host in self.hosts:
                    host.switch.kill()
                    host.switch.start()
                if not databases:
                    self.lab.databases.start()
                    self.lab.controller.start()
                chatter.wait_for_rounds(2)
                chatter.stop()
                for machine in self.machines:
                    self.arrive_at_neighbours(watch, machine)
                watch.judge()

    # --- helpers ----------------------------------------------------------------------------------------
    def watching(self):
        return Watch(self)

    def frames_of(self, machine) -> list[bytes]:
        """Each kind to each address that there is, marked; made once, as long as there are the same addresses."""
        key = (id(machine), tuple(self.outside[self.tenant_of(machine)]))
        if key not in self.made:
            self.made[key] = list(self.make_frames(machine))
        return self.made[key]

    def make_frames(self, machine):
        role, mark = ROLES[machine.name.rsplit("-", 1)[1]], self.mark(machine)
        source, others = Station(role), [Station(number) for number in ROLES.values() if number != role]
        for target in (*others, *self.beyond(machine)):
            for name, frame in of_every_kind(source, target, mark).items():
                if not (target.mac == FENCE and "unknown protocol" in name):  # nobody's may be the reply to another's
                    yield frame
        for target in others:
            yield from (frame for frame, _ in forged(source, others[0], target, mark).values())
        yield from to_servers(source, mark).values()
        pretended = Station(role)
        pretended.mac = FENCE
        yield from of_every_kind(pretended, others[0], mark).values()

    def beyond(self, machine):
        """Each outside address of the tenant, at the MAC that has it for this machine."""
        for number, address in enumerate(self.outside[self.tenant_of(machine)]):
            station = Station(number)
            station.mac, station.ip4 = self.mac_of(machine, address), address
            station.ip6 = f"fd00::1:{number:x}"
            yield station

    def mac_of(self, machine, address) -> str:
        if not self.home[machine.name].endswith("/office"):
            return FENCE

        def found() -> str:
            machine.attempt("ping", "-n", "-c", "1", "-W", "0.1", address)
            shown = machine.namespace.ip("neigh", "show", address, "dev", machine.interface)
            return shown.split("lladdr ")[1].split()[0] if "lladdr" in shown else ""
        return wait_until(f"{machine.name} to hear who has {address}", found)

    def tenant_of(self, machine) -> str:
        return self.home[machine.name].split("/")[0]

    def mark(self, machine) -> bytes:
        type(self).number += 1
        return mark_of(self.home[machine.name], machine.name.rsplit("-", 1)[1], self.number)

    def arrive_at_neighbours(self, watch, machine):
        """What must arrive does, at all of its own network: by the same way, and behind all that was sent before."""
        mark = self.mark(machine)
        neighbours = [other for other in self.machines
                      if other is not machine and self.home[other.name] == self.home[machine.name]]
        for neighbour in neighbours:
            def arrived(neighbour=neighbour) -> bool:
                send(machine, ethernet(BROADCAST, machine.mac, EXPERIMENTAL, pad(mark)))
                return bool(watch.frames(neighbour, mark))
            wait_until(f"a broadcast of {machine.name} at {neighbour.name}", arrived, 20, 0.1)

    def take_down(self, tenant, vapp):
        """Deletes it, unplugs its VMs; returns where they were."""
        names = {vm: f"{tenant}-{vapp}-{vm}" for vm in ("web", "db")}
        where = {}
        self.lab.ctl("vapp", "delete", f"{tenant}/{vapp}")
        for vm, name in names.items():
            machine = self.lab.machines.pop(name)
            where[vm] = (machine.host, machine.port)
            machine.host.vsctl("del-port", machine.port)
            machine.host.namespace.ip("link", "delete", machine.port)
            machine.namespace.delete()
            del self.home[name]
        return where

    def fill(self, machine):
        """Pings of so many identifiers, all answered by the desk, until one more is refused."""
        pings = [echo(Station(WEB), Station(DESK), number) for number in range(0x8000, 0x8000 + 3 * EACH)]

        def refused() -> bool:
            send(machine, *pings)
            found = counters(machine.host, machine.port)
            if not found.get("quota.connections", 0):
                raise LabError(str(found))
            return True
        wait_until(f"{machine.name} to have all the connections that it may", refused, 20)


def echo(source, target, identifier) -> bytes:
    """A ping through the source's fence."""
    packet = IP(src=source.ip4, dst=target.ip4) / ICMP(id=identifier) / Raw(bytes(18))
    return ethernet(FENCE, source.mac, 0x0800, bytes(packet))


class Watch:
    """Captures at all machines and wires that there are, and of machines that come later, when they are asked for."""

    def __init__(self, test: Canaries):
        self._test = test
        self._wires = [test.lab.underlay.tap(host.name) for host in test.hosts]
        self._wire = Capture(self._wires)
        self._homes: dict[str, str] = {}
        self._captures: dict[str, tuple] = {}  # machine's namespace -> machine, home, capture
        self.seen = 0

    def __enter__(self):
        self._follow()
        return self

    def __exit__(self, *_):
        self._wire.__exit__()
        for _, _, capture in self._captures.values():
            capture.__exit__()

    def _follow(self):
        for machine in self._test.machines:
            if id(machine) not in self._captures:
                self._captures[id(machine)] = (machine, self._test.home[machine.name], Capture([machine]))

    def frames(self, machine, mark: bytes = b"") -> list[bytes]:
        self._follow()
        return self._captures[id(machine)][2].frames(machine, mark)

    def on_wires(self) -> set[str]:
        """Whose frames the wires have carried."""
        return {home for wire in self._wires for frame in self._wire.frames(wire) for home in marks_in(frame)}

    def judge(self):
        """No mark is anywhere but where it may be."""
        self._follow()
        wrong = [f"{machine.name} of {home} has got what is {theirs}'s: {frame.hex()}"
                 for machine, home, capture in self._captures.values() for frame in capture.frames(machine)
                 for theirs in self._count(marks_in(frame)) if not may_see(home, theirs)]
        wrong += [f"{wire.name}: a frame of {theirs} in VNI {vni}: {frame.hex()}"
                  for wire in self._wires for frame in self._wire.frames(wire) for theirs in self._count(marks_in(frame))
                  if (vni := int.from_bytes(frame[VXLAN + 4:VXLAN + 7], "big")) not in self._test.vnis[theirs]]
        self._test.assertEqual(wrong[:3], [], f"{len(wrong)} frames where they may not be")

    def _count(self, found: set[str]) -> set[str]:
        self.seen += len(found)
        return found


def may_see(home: str, theirs: str) -> bool:
    """Its own, and at the office what its tenant's copies say: nothing is let into a copy here."""
    return home == theirs or (home.endswith("/office") and home.split("/")[0] == theirs.split("/")[0])


class Chatter:
    """All machines that there are send all of their frames, round after round."""

    def __init__(self, test: Canaries):
        self._test = test
        self._stop = threading.Event()
        self._rounds = 0
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _talk(self):
        while not self._stop.is_set():
            for machine in self._test.machines:
                self._say(machine)
            self._rounds += 1

    def _say(self, machine):
        try:
            send(machine, *self._test.frames_of(machine))
        except (OSError, KeyError):  # it is being taken down, or its daemon is
            pass

    def wait_for_rounds(self, count: int):
        until = self._rounds + count
        wait_until(f"{count} rounds of everybody's frames", lambda: self._rounds >= until, 60)


if __name__ == "__main__":
    main()
