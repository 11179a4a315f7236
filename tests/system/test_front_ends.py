#!/usr/bin/python3
"""Hostile vhost-user front ends (BEHAVIOUR 5.4): their own port suffers, with an error that says why; nobody else notices."""

import os
import re
import struct
import time
from collections.abc import Callable

import front_end as vhost
from answers import Answers
from frames import EXPERIMENTAL, IP, UDP, Ether
from front_end import FrontEnd
from harness import Capture, SystemTest, dropped, mac_of, main, send, wait_until
from labkit.capture import ethernet

GUEST = mac_of(9)
GIGABYTE = 1 << 30


def whole(it: FrontEnd) -> tuple[int, int, int, int]:
    return (0, it.size, vhost.BASE, 0)


def negotiated(*steps: Callable[[FrontEnd], None]) -> Callable[[FrontEnd], None]:
    def wrong(it: FrontEnd) -> None:
        it.negotiate()
        for step in steps:
            step(it)
    return wrong


def sized_and_placed(it: FrontEnd) -> None:
    it.share()
    it.state(vhost.SET_SIZE, 0, 256)
    it.place(0)


def without_multi_queue(it: FrontEnd) -> None:
    """The library forgets the size of ring 3, and takes a place for it: the heads would be read where no memory is."""
    it.share()
    it.state(vhost.SET_SIZE, 3, 256)
    it.number(vhost.SET_FEATURES, vhost.VERSION_1 | vhost.PROTOCOL_FEATURES)
    for ring in (0, 1):
        it.start_ring(ring)
        it.state(vhost.ENABLE, ring, 1)
    start, end = vhost.BASE + 3 * vhost.RING, vhost.BASE + it.size
    it.number(vhost.SET_CALL, 3, (it.event(),))
    it.say(vhost.SET_PLACE, struct.pack("<IIQQQQ", 3, 0, start, start + 0x2000, end - 4, 0))
    it.number(vhost.SET_KICK, 3, (it.event(),))
    it.state(vhost.ENABLE, 3, 1)


def many_unread_answers(it: FrontEnd) -> None:
    it.come_up()
    for _ in range(2000):
        it.say(vhost.ENABLE, struct.pack("<II", 0, 1), flags=1 | vhost.NEEDS_REPLY)


# What is said -> what the port's error says.
MESSAGES: dict[str, tuple[Callable[[FrontEnd], None], str]] = {
    "51 a ring of 0": (negotiated(lambda it: it.state(vhost.SET_SIZE, 0, 0)), "a power of two"),
    "51 a ring of 3": (negotiated(lambda it: it.state(vhost.SET_SIZE, 0, 3)), "a power of two"),
    "51 a ring of 32769": (negotiated(lambda it: it.state(vhost.SET_SIZE, 0, 32769)), "a power of two"),
    "51 a ring that grows once it is placed": (negotiated(sized_and_placed, lambda it: it.state(vhost.SET_SIZE, 0, 4096)),
                                               "changes its size"),
    "51 a ring without a size": (negotiated(FrontEnd.share, lambda it: it.place(0)), "before it has a size"),
    "51 a ring stopped and started without a size": (lambda it: (it.come_up(), it.state(vhost.GET_BASE, 0, 0), it.place(0)),
                                                     "before it has a size"),
    "51 a ring without a place": (negotiated(FrontEnd.share, lambda it: it.number(vhost.SET_KICK, 0, (it.event(),))),
                                  "before it has a place"),
    "51 other features while rings are in use": (
        negotiated(sized_and_placed, lambda it: it.number(vhost.SET_FEATURES, vhost.VERSION_1)), "other features"),
    "51 a ring that the features forget": (negotiated(without_multi_queue), "ring 3 is used without multi-queue"),
    "51 a ring before the features": (lambda it: it.state(vhost.SET_SIZE, 2, 256), "ring 2 is used without multi-queue"),
    "57 no regions": (negotiated(lambda it: it.regions([])), "0 memory regions"),
    "57 nine regions": (negotiated(lambda it: it.regions([(i * it.size, 4096, vhost.BASE + i * it.size, 0) for i in range(8)], count=9)),
                        "9 memory regions"),
    "57 regions that overlap": (negotiated(lambda it: it.regions([whole(it), (4096, 4096, vhost.BASE * 2, 0)])), "overlap"),
    "57 no descriptor": (negotiated(lambda it: it.regions([whole(it)], fds=[])), "0 file descriptors came"),
    "57 more descriptors": (negotiated(lambda it: it.regions([whole(it)], fds=[it.memory_fd] * 5)), "5 file descriptors came"),
    "57 a size that overflows": (negotiated(lambda it: it.regions([(0, 2**64 - 4096, vhost.BASE, 8192)])), "a memory region of"),
    "57 more than its file has": (negotiated(lambda it: it.regions([(0, GIGABYTE, vhost.BASE, 0)])), "ends before"),
    "57 another table that fails, under traffic": (lambda it: (it.come_up(), it.regions([(0, GIGABYTE, vhost.BASE, 0)])), "ends before"),
    "57 memory in a pipe": (negotiated(lambda it: it.regions([whole(it)], fds=[os.pipe()[0]])), "is not a file"),
    "57 memory on a disk": (negotiated(lambda it: it.regions([(0, 4096, vhost.BASE, 0)], fds=[os.open("/etc/services", os.O_RDONLY)])),
                            "lies neither in memory"),
    "58 ring 32": (negotiated(lambda it: it.state(vhost.SET_SIZE, 32, 256)), "no ring 32"),
    "58 the call is a pipe": (negotiated(lambda it: it.number(vhost.SET_CALL, 0, (os.pipe()[1],))), "no eventfd"),
    "58 the kick is missing": (negotiated(sized_and_placed, lambda it: it.number(vhost.SET_KICK, 0)), "0 file descriptors came"),
    "59 a log larger than its file": (
        negotiated(lambda it: it.say(vhost.SET_LOG, struct.pack("<QQ", GIGABYTE, 0), (it.memory_fd,))), "ends before"),
    "59 a log from an offset": (
        negotiated(lambda it: it.say(vhost.SET_LOG, struct.pack("<QQ", 4096, 4096), (it.memory_fd,))), "a log of"),
    "59 in-flight buffers of 64 GB": (
        negotiated(lambda it: it.say(vhost.GET_INFLIGHT, struct.pack("<QQHH", 0, 0, 65535, 65535))), "request 31"),
    "61 answers that nobody reads": (many_unread_answers, "does not read its answers"),
    "a request that nobody knows": (negotiated(lambda it: it.number(99, 0)), "request 99"),
    "postcopy": (negotiated(lambda it: it.say(vhost.POSTCOPY)), "request 28"),
    "a message that is too short": (negotiated(lambda it: it.say(vhost.SET_SIZE, bytes(4))), "too short"),
}


def offered(*descriptors: tuple[int, int, int, int], ring: int = 1) -> Callable[[FrontEnd], None]:
    """A chain from descriptor 0 of a ring by which the guest sends: (address, length, flags, next) each."""
    def wrong(it: FrontEnd) -> None:
        for index, what in enumerate(descriptors):
            it.descriptor(ring, index, *what)
        it.avail(ring, 0, 0)
    return wrong


def jump(it: FrontEnd) -> None:
    it.index(1, 40000)
    it.index(0, 12345)


def rewind(it: FrontEnd) -> None:
    it.send(ethernet(mac_of(1), GUEST, EXPERIMENTAL, b"one"))
    struct.pack_into("<H", it.memory, vhost.RING + 0x2002, 60000)
    it.send(ethernet(mac_of(1), GUEST, EXPERIMENTAL, b"two"))


def change_while_read(it: FrontEnd) -> None:
    """Lengths and flags flip while the switch reads them."""
    until, at = time.monotonic() + 0.3, vhost.BUFFERS
    for index in range(vhost.SIZE):
        it.avail(1, index, index)
    while time.monotonic() < until:
        for index in range(0, vhost.SIZE, 7):
            it.descriptor(1, index, at, 100)
            it.descriptor(1, index, at, 2**32 - 1, vhost.NEXT, index)
            it.descriptor(1, index, 2**63, 64, vhost.INDIRECT_TABLE)
        it.index(1, it.used(1) + 200)


def indirect_in_indirect(it: FrontEnd) -> None:
    struct.pack_into("<QIHH", it.memory, vhost.BUFFERS, vhost.BUFFERS, 16, vhost.INDIRECT_TABLE, 0)
    it.descriptor(1, 0, vhost.BUFFERS, 16, vhost.INDIRECT_TABLE)
    it.avail(1, 0, 0)


def bad_buffers(it: FrontEnd) -> None:
    for index in range(vhost.SIZE):
        it.descriptor(0, index, [2**60, it.size - 1, 0][index % 3], [2048, 64, 0][index % 3], vhost.WRITE)


RINGS: dict[str, Callable[[FrontEnd], None]] = {
    "52 a loop": offered((vhost.BUFFERS, 64, vhost.NEXT, 1), (vhost.BUFFERS, 64, vhost.NEXT, 0)),
    "52 a descriptor beyond the ring": offered((vhost.BUFFERS, 64, vhost.NEXT, 60000)),
    "52 length 0": offered((vhost.BUFFERS, 0, 0, 0)),
    "52 an address outside": offered((1 << 40, 64, 0, 0)),
    "52 an address at the very end": offered((8 * (1 << 20) - 4, 64, 0, 0)),
    "52 length 2^32 - 1": offered((vhost.BUFFERS, 2**32 - 1, 0, 0)),
    "52 buffers for the guest that are none": bad_buffers,
    "53 a header over many descriptors": offered(*[(vhost.BUFFERS + i, 1, vhost.NEXT, i + 1) for i in range(12)], (vhost.BUFFERS, 60, 0, 0)),
    "54 indexes that jump": jump,
    "54 a used index that is rewound": rewind,
    "55 indirect in indirect": indirect_in_indirect,
    "56 changed while it is read": change_while_read,
}


class HostileFrontEnds(SystemTest):
    @classmethod
    def prepare(cls):
        cls.make_network("acme/lan")
        cls.a = cls.make_machine(cls.hosts[0], "acme/lan", "a", 1)
        cls.b = cls.make_machine(cls.hosts[1], "acme/lan", "b", 2)
        cls.host = cls.hosts[0]
        for number, port, kind in ((9, "vhs", "dpdkvhostuser"), (8, "other", "dpdkvhostuser")):
            nic = cls.make_nic("acme/lan", port, number)
            cls.host.vsctl("add-port", "br-int", port, "--", "set", "interface", port, f"type={kind}", f"external_ids:iface-id={nic}")
            wait_until("the port to be bound", lambda nic=nic: cls.lab.bound_host(nic) == "host1")
        cls.sockets = {port: next(cls.host.directory.rglob(port)) for port in ("vhs", "other")}
        cls.expect_warning("its front end was turned away|is claimed by|keeps the worker|a ring that cannot be")

    def setUp(self):
        self.guest = FrontEnd(self.sockets["vhs"], listen=False)
        self.before = self.held()
        self.answers = Answers(self.a, "10.0.0.2")

    def tearDown(self):
        self.guest.end()
        wait_until("some answers", lambda: len(self.answers.times()) > 5)
        self.answers.end()
        self.assertEqual(self.answers.missing(), [])
        wait_until("descriptors and buffers to come back", lambda: self.held()[0] <= self.before[0] and self.held()[1] <= self.before[1] + 64,
                   10)
        self.assert_reaches(self.a, "10.0.0.2")
        super().tearDown()

    def held(self) -> tuple[int, int]:
        """Descriptors and buffers of the daemon."""
        text = self.host.appctl("memory/show")
        return len(os.listdir(f"/proc/{self.host.switch.pid}/fd")), int(re.search(r"mbufs in use:(\d+)", text)[1])

    def error(self) -> str:
        return str(self.host.interface("vhs", "error")["error"])

    def assert_works(self, it: FrontEnd, mac: str = GUEST) -> None:
        """Frames go to and from the guest, in every queue pair that it has."""
        for pair in range(it.pairs):
            mark = f"from {mac} {pair} {time.monotonic()}".encode()
            with Capture([self.a]) as capture:
                it.send(ethernet(self.a.mac, mac, EXPERIMENTAL, mark.ljust(60)), pair)
                capture.wait_for(self.a, mark, 1)
        mark = f"to {mac} {time.monotonic()}".encode()
        send(self.a, ethernet(mac, self.a.mac, EXPERIMENTAL, mark.ljust(60)))
        it.wait_for(lambda frame: mark in frame)

    def test_1_a_good_one(self):
        self.assert_works(self.guest.connect().come_up())

    def test_1_several_queues(self):
        """All of them send, and what is for the guest is spread over them by connection."""
        guest = FrontEnd(self.sockets["other"], listen=False, pairs=4)
        guest.connect().come_up()
        self.assert_works(guest, mac_of(8))
        flows = [bytes(Ether(src=self.a.mac, dst=mac_of(8)) / IP(src="10.0.0.1", dst="10.0.0.8") / UDP(sport=1000 + flow, dport=9) /
                       struct.pack("!HH", flow, number).ljust(30)) for number in range(8) for flow in range(32)]
        send(self.a, *flows)
        found: list[list[tuple[int, ...]]] = [[] for _ in range(guest.pairs)]
        wait_until("all frames", lambda: [found[pair].extend(struct.unpack_from("!HH", frame, 42) for frame in guest.received(pair)
                                                             if frame[12:14] == b"\x08\0") for pair in range(4)]
                   and sum(map(len, found)) == len(flows))
        for queue in found:
            self.assertTrue(queue)
            for flow in {flow for flow, _ in queue}:
                self.assertEqual([number for it, number in queue if it == flow], list(range(8)), "a connection is on one queue, in order")
        guest.end()

    def test_2_messages(self):
        for name, (wrong, text) in MESSAGES.items():
            with self.subTest(name):
                seen = len(self.host.switch.log_text())
                self.guest.connect()
                try:
                    wrong(self.guest)
                except (BrokenPipeError, ConnectionError):
                    pass
                self.assertTrue(self.guest.is_turned_away())
                self.guest.close()
                wait_until(f'the log to say "{text}"', lambda text=text, seen=seen: text in self.host.switch.log_text()[seen:])
        wait_until("the error to say so, too", lambda: "too short" in self.error())
        self.assert_works(self.guest.connect().come_up())
        wait_until("the error to go", lambda: self.error() == "[]")

    def test_3_rings(self):
        for name, wrong in RINGS.items():
            with self.subTest(name):
                self.guest.connect().come_up()
                wrong(self.guest)
                send(self.a, *[ethernet(GUEST, self.a.mac, EXPERIMENTAL, b"for a guest that does wrong".ljust(60))] * 40)
                self.assert_reaches(self.a, "10.0.0.2")
                self.guest.close()
        self.assert_works(self.guest.connect().come_up())

    def test_4_memory_that_goes(self):
        """Under traffic, and while the library reads a ring for the first time."""
        gone = FrontEnd(self.sockets["vhs"], listen=False)
        gone.connect().come_up()
        self.assert_works(gone)
        os.ftruncate(gone.memory_fd, 0)
        send(self.a, *[ethernet(GUEST, self.a.mac, EXPERIMENTAL, b"into nowhere".ljust(60))] * 40)
        wait_until("the error to say so", lambda: "cut short" in self.error())
        gone.end()
        gone = FrontEnd(self.sockets["vhs"], listen=False)
        gone.connect().negotiate()
        gone.share()
        os.ftruncate(gone.memory_fd, 0)
        gone.start_ring(0)
        self.assert_reaches(self.a, "10.0.0.2")
        gone.end()
        self.assert_works(self.guest.connect().come_up())

    def test_5_one_that_stands_still(self):
        self.guest.connect().come_up()
        before = dropped(self.host, "tx.full")
        for _ in range(10):
            send(self.a, *[ethernet(GUEST, self.a.mac, EXPERIMENTAL, b"nobody takes it".ljust(60))] * 50)
        wait_until("drops by name", lambda: dropped(self.host, "tx.full") > before)
        self.assert_reaches(self.a, "10.0.0.2")

    def test_6_half_a_message_keeps_nobody_waiting(self):
        self.guest.connect().say(vhost.SET_SIZE, b"", size=8)
        other = FrontEnd(self.sockets["other"], listen=False)
        began = time.monotonic()
        self.assert_works(other.connect().come_up(), mac_of(8))
        self.assertLess(time.monotonic() - began, 2)
        other.end()
        self.assertTrue(self.guest.is_turned_away())

    def test_9_a_call_that_blocks(self):
        """Last, because its port is shut out for a minute then. The call's eventfd is full, and made to block again."""
        self.guest.connect().come_up()
        call = self.guest.events[1]
        self.assert_works(self.guest)
        os.set_blocking(call, True)
        os.eventfd_read(call)  # what it was told so far
        os.eventfd_write(call, 2**64 - 2)
        send(self.a, *[ethernet(GUEST, self.a.mac, EXPERIMENTAL, b"it is told of these".ljust(60))] * 5)
        self.assertTrue(self.guest.is_turned_away())
        self.assert_reaches(self.a, "10.0.0.2")
        wait_until("the error to say so", lambda: "keeps the worker" in self.error())

    def test_9_descriptors_with_an_impossible_ring(self):
        """The library reads that message before we do, and leaves them open: once, and its port is shut out for a minute."""
        crowd = [FrontEnd(self.sockets["other"], listen=False, megabytes=1) for _ in range(20)]
        for one in crowd:
            one.connect()
            try:
                one.say(vhost.SET_SIZE, struct.pack("<II", 256, 256), (one.memory_fd,) * 8)
            except ConnectionError:
                pass
            self.assertTrue(one.is_turned_away())
            one.end()
        self.before = (self.before[0] + 8, self.before[1])
        wait_until("the error to say so", lambda: "a ring that cannot be" in str(self.host.interface("other", "error")["error"]))

    def test_7_many_connections(self):
        crowd = [FrontEnd(self.sockets["vhs"], listen=False, megabytes=1) for _ in range(60)]
        for one in crowd:
            one.connect()
        self.assert_works(self.guest.connect().come_up())
        self.assertLess(self.held()[0], self.before[0] + 30)
        for one in crowd:
            one.end()

    def test_8_a_thousand_lives(self):
        for _ in range(1000):
            self.guest.connect().come_up().close()
        self.assert_works(self.guest.connect().come_up())
        self.guest.close()


if __name__ == "__main__":
    main()
