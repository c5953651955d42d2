"""PostgreSQL for tests: a server with its own data folder on loopback."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import psycopg

from tests.servers.process import Server, ServerFailedError, ServerMissingError

OLDEST = 15
_DEBIAN = Path("/usr/lib/postgresql")


class PostgresServer(Server):
    """One PostgreSQL, reached as user `postgres` without a password from this machine only.

    Args:
        folder: where its data and output go.
        port: where it listens.
        named: called with the server's name and version once it has told them.
    """

    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # fast: connections are cut, nothing is lost

    def __init__(self, folder: Path, port: int, named: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(folder, named)
        self.port = port

    def __str__(self) -> str:
        return f"PostgreSQL on port {self.port}"

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def version(self) -> str:
        """Name and version as the running server tells them."""
        return server_version(self.url())

    def _prepare(self) -> None:
        programs = find_postgres()
        if Path(self._data).exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        initdb = ["setpriv", "--pdeathsig=KILL", *_as_postgres(), str(programs / "initdb"), "-D", self._data]
        ended = subprocess.run(
            [*initdb, *options],
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            raise ServerFailedError(f"the data folder of {self} could not be made: {ended.stderr}")

    def _command(self) -> list[str]:
        # A killed server loses nothing without fsync, a machine that loses power does: no test cuts the power.
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "fsync": "off",
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(find_postgres() / "postgres"), "-D", self._data, "-p", str(self.port), *given]

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _identity(self) -> list[str]:
        return _as_postgres()

    def _answers(self) -> bool:
        try:
            return bool(self.version())
        except psycopg.OperationalError:
            return False


def server_version(url: str) -> str:
    """Name and version that a PostgreSQL tells of itself.

    Raises:
        psycopg.OperationalError: Nobody answers.
    """
    with psycopg.connect(url, connect_timeout=5) as connection:
        told = connection.execute("SELECT version()").fetchone()
    return " ".join(str(told[0]).split()[:2]) if told else "PostgreSQL"


def find_postgres() -> Path:
    """The folder of the newest PostgreSQL's programs.

    Raises:
        ServerMissingError: None of them is version 15 or newer.
    """
    places = [(int(path.parent.name), path) for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    on_path = shutil.which("postgres")
    if on_path:
        told = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=True).stdout
        major = re.search(r"\) (\d+)", told)
        places.append((int(major[1]) if major else 0, Path(on_path).resolve().parent))
    fit = [place for place in places if place[0] >= OLDEST and (place[1] / "initdb").exists()]
    if not fit:
        raise ServerMissingError(f"PostgreSQL {OLDEST} or newer is not installed; `make servers` as root installs it")
    return max(fit)[1]


def _as_postgres() -> list[str]:
    """What makes setpriv become the user that Debian's package made, for PostgreSQL refuses to run as root."""
    return ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
