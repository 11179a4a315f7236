#!/usr/bin/python3
"""Ten minutes without controller and databases: a stream goes on, connections are opened, leases renewed and neighbours
resolved all the while, none of it is lost, and the daemons' memory stays what it was (row P4). By hand: it takes as long."""

import time

from conversation import Echo, attempts
from dhcp_wire import time_to_lease
from harness import SystemTest, main, wait_until
from labkit.dhcp import DhcpClient
from stream import Stream

MINUTES = 10
MOST_GROWTH = 256  # KiB from the first minute's end: what an allocator's caches take, no leak of a packet or a second


class TenMinutes(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.lab.ctl("dhcp", "set", "acme/lan", "--server-address", "10.0.0.254", "--dns-servers", "10.0.0.53")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)
        cls.asking = cls.make_machine(cls.hosts[0], "acme/lan", "asking", 3)
        cls.renewing = cls.make_machine(cls.hosts[1], "acme/lan", "renewing", 4)
        cls.renewing.namespace.ip("address", "flush", "dev", "eth0")
        cls.lab.ctl("security-group", "create", "acme/all", "--default-in", "allow")  # so that hosts know the connections
        for vm in "ab":
            cls.lab.ctl("security-group", "add", "acme/all", f"acme/default/{vm}/0")
        cls.lab.ctl("sync", "--wait=hosts")
        cls.expect_warning(r"connect|database|lost|reconnect|southbound|northbound|Broken pipe|closed")

    def test_alone(self):
        with DhcpClient(self.renewing, "udhcpc") as client, Echo(self.b, 7000), Stream(self.a, self.b, 0.02) as stream:
            client.wait_for_address("10.0.0.4/24")
            self.lab.controller.kill()
            self.lab.databases.kill()
            sizes, opened, leases, arrived = [], 0, 0, 0
            end = time.monotonic() + 60 * MINUTES
            while time.monotonic() < end:
                opened += self.open_connections()
                renewed = client.output().count("obtained from")
                client.renew()
                wait_until("its renewed lease", lambda count=renewed: client.output().count("obtained from") > count)
                self.assertGreater(time_to_lease(self.asking), 0)
                leases += 2
                before, arrived = arrived, stream.arrived()  # read so often, the socket does not fill up
                self.assertGreater(arrived, before)
                sizes.append((time.monotonic() - (end - 60 * MINUTES), [host.switch.resident_kib() for host in self.hosts]))
                time.sleep(1)
            self.lab.databases.start()
            self.lab.controller.start()
            self.lab.ctl("network", "set", "acme/lan", "--unknown-unicast", "drop", "--wait=hosts", timeout=40)
        outcome = stream.outcome()
        grown = [max(size[host] for _, size in sizes) - self.at_first_minute(sizes, host) for host in range(len(self.hosts))]
        print(f"{MINUTES} minutes alone: {outcome}; {opened} connections opened, {leases} leases given; resident at the end "
              f"{sizes[-1][1]} KiB, grown since the first minute {grown} KiB")
        self.assertEqual((outcome.lost, outcome.duplicates), (0, 0))
        self.assertLessEqual(max(grown), MOST_GROWTH)

    def open_connections(self) -> int:
        self.a.namespace.ip("neigh", "flush", "dev", "eth0")
        found = attempts(self.a, "10.0.0.2", 7000, 20)
        self.assertTrue(all(attempt.complete for attempt in found))
        return len(found)

    @staticmethod
    def at_first_minute(sizes: list[tuple[float, list[int]]], host: int) -> int:
        return max(size[host] for when, size in sizes if when <= 60)


if __name__ == "__main__":
    main()
