"""The fabric's databases: one ovsdb-server with the northbound and the southbound database on files."""

from pathlib import Path

from .daemon import Daemon
from .ledger import Ledger
from .network import spawn
from .shell import run

SCHEMAS = Path(__file__).resolve().parents[2] / "ovsdb" / "schemas"
VSWITCH_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")


class DatabaseServer(Daemon):
    """`schemas`: database file's name -> its schema; a file that is not there is made when the server starts."""

    def __init__(self, name: str, directory: Path, schemas: dict[str, Path], spawn_it, socket_name: str):
        self.socket = directory / socket_name
        self.remote = f"unix:{self.socket}"
        self.control = directory / f"{name}.ctl"
        self._schemas = {directory / f"{database}.db": schema for database, schema in schemas.items()}
        command = ["ovsdb-server", f"--remote=p{self.remote}", f"--unixctl={self.control}", "-vconsole:off",
                   "-vsyslog:off", f"--log-file={directory}/{name}.log", *map(str, self._schemas)]
        super().__init__(name, spawn_it, command, directory / f"{name}.log", self.socket.exists)

    def begin(self) -> None:
        for file, schema in self._schemas.items():
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                run("ovsdb-tool", "create", str(file), str(schema))
        self.socket.unlink(missing_ok=True)
        self.control.unlink(missing_ok=True)
        super().begin()


def fabric_databases(ledger: Ledger) -> DatabaseServer:
    schemas = {"northbound": SCHEMAS / "ringfence-northbound.ovsschema",
               "southbound": SCHEMAS / "ringfence-southbound.ovsschema"}

    def spawn_it(*command, **how):
        return spawn(ledger, *command, **how)
    return DatabaseServer("databases", ledger.directory / "db", schemas, spawn_it, "fabric.sock")
