"""TCP between VMs as their own kernels speak it: a conversation that goes on while something changes, and connections
that are opened one after the other, each with what they took."""

import socket
import struct
import threading
import time
from dataclasses import dataclass

from harness import LabError, Machine
from labkit.network import inside

NUMBER = struct.Struct("!Q")


class Server:
    """Listens on the machine's port; serve(socket) is called for any number of clients, in a thread each."""

    def __init__(self, machine: Machine, port: int, serve):
        with inside(machine.namespace.full_name):
            self._listening = socket.create_server(("", port), backlog=1024)
        self._serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # ends the accept
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()


class Echo(Server):
    """Says back what it hears."""

    def __init__(self, machine: Machine, port: int):
        super().__init__(machine, port, _say_back)


def _say_back(client: socket.socket) -> None:
    with client:
        try:
            while heard := client.recv(4096):
                client.sendall(heard)
        except OSError:
            pass  # it was cut


class Source(Server):
    """Sends without being asked, some 10 MB/s to each client."""

    def __init__(self, machine: Machine, port: int):
        super().__init__(machine, port, _send)


def _send(client: socket.socket) -> None:
    with client:
        try:
            while True:
                client.sendall(bytes(50_000))
                time.sleep(0.005)
        except OSError:
            pass  # it has heard enough


class Client:
    """One connection, used from the block's begin to its end.

    `heard`: when something came, in seconds of the monotonic clock.
    """

    def __init__(self, machine: Machine, address: str, port: int):
        self._socket = connect(machine, address, port, 5)
        self._socket.settimeout(0.2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._use, daemon=True)
        self.heard: list[float] = []

    def __enter__(self) -> "Client":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def longest_gap(self) -> float:
        """Seconds in which nothing came."""
        return max((after - before for before, after in zip(self.heard, self.heard[1:])), default=0.0)

    def _use(self) -> None:
        raise NotImplementedError


class Conversation(Client):
    """Asks an Echo every few milliseconds."""

    def __init__(self, machine: Machine, address: str, port: int, interval: float = 0.005):
        super().__init__(machine, address, port)
        self._interval = interval

    def _use(self) -> None:
        asked = answered = 0
        while not self._stop.wait(self._interval):
            try:
                if asked == answered:
                    self._socket.sendall(NUMBER.pack(asked))
                    asked += 1
                if not (said := self._socket.recv(NUMBER.size)):
                    return
            except TimeoutError:
                continue
            except OSError:
                return
            if said != NUMBER.pack(answered):
                return
            answered += 1
            self.heard.append(time.monotonic())


class Download(Client):
    """Reads what a Source sends, without a word."""

    def _use(self) -> None:
        while not self._stop.is_set():
            try:
                if not self._socket.recv(1 << 20):
                    return
            except TimeoutError:
                continue
            except OSError:
                return
            self.heard.append(time.monotonic())


def connect(machine: Machine, address: str, port: int, timeout: float) -> socket.socket:
    with inside(machine.namespace.full_name):
        client = socket.socket()
    client.settimeout(timeout)
    try:
        client.connect((address, port))
    except OSError as refused:
        client.close()
        raise LabError(f"{machine.name}: no connection to {address}:{port}: {refused}") from refused
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


@dataclass
class Attempt:
    """One connection: opened, asked, answered, closed."""
    seconds: float  # until it was open
    complete: bool


def attempts(machine: Machine, address: str, port: int, count: int) -> list[Attempt]:
    """Opens `count` connections to an Echo, one after the other."""
    return [_attempt(machine, address, port) for _ in range(count)]


def _attempt(machine: Machine, address: str, port: int) -> Attempt:
    began = time.monotonic()
    try:
        with connect(machine, address, port, 5) as client:
            seconds = time.monotonic() - began
            client.sendall(b"there?")
            return Attempt(seconds, client.recv(64) == b"there?")
    except (LabError, OSError):
        return Attempt(time.monotonic() - began, False)


def lost_between(one: Machine, other: Machine) -> int:
    """Segments of TCP that one of the two has sent, and the other has not got, if neither talks to anybody else. What was
    sent again since it was late is none of them."""
    (sent, heard), (back, heard_back) = _segments(one), _segments(other)
    return sent - heard_back + back - heard


def _segments(machine: Machine) -> tuple[int, int]:
    """Sent, those that were sent again included, and received."""
    names, values = (line.split()[1:] for line in machine.run("cat", "/proc/net/snmp").splitlines() if line.startswith("Tcp:"))
    counts = dict(zip(names, map(int, values)))
    return counts["OutSegs"] + counts["RetransSegs"], counts["InSegs"]
