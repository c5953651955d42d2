"""The servers of one test run: a folder that all its processes share, and servers that last as long as the run."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from tests.servers.process import PROJECT, ServerFailedError, ServerMissingError


class Run:
    """The folder that every process of a test run knows.

    The process that begins the run holds a lock as long as it lives. Servers that are shared belong to keepers,
    processes of their own that wait for this lock: whatever becomes of the tests, they end with the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._life: IO[bytes] | None = None

    @classmethod
    def begin(cls) -> "Run":
        """Begin a run; `end` ends it, and so does the end of this process."""
        run = cls(Path(tempfile.mkdtemp(prefix="engagement-servers-")))
        run.folder.chmod(0o755)  # PostgreSQL runs as another user
        (run.folder / "used").mkdir()
        run._life = (run.folder / "life").open("wb")
        fcntl.flock(run._life, fcntl.LOCK_EX)
        return run

    def end(self) -> None:
        """End the run: returns when the keepers have stopped their servers."""
        if self._life is not None:
            self._life.close()
            self._life = None
            for kept in self.folder.glob("*.kept"):
                with _locked(kept):
                    pass
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def ports(self) -> Path:
        """Where given ports are noted."""
        return self.folder / "ports"

    def own_folder(self) -> Path:
        """A new folder for a server of one test."""
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix="own-"))
        folder.chmod(0o755)
        return folder / "server"

    def note(self, server: str) -> None:
        """Note that a server of this name and version was used."""
        (self.folder / "used" / server.replace("/", " ")).touch()

    def noted(self) -> list[str]:
        """The names and versions of all servers that were used."""
        return sorted(path.name for path in (self.folder / "used").glob("*"))

    def shared(self, kind: str) -> Any:
        """What clients need to know of the run's one server of this kind, which is started when first asked for.

        Raises:
            ServerMissingError: The machine does not have it.
            ServerFailedError: It did not start.
        """
        told = self.folder / f"{kind}.json"
        with _locked(self.folder / f"{kind}.asked"):
            if not told.exists():
                self._keep(kind)
        answer = json.loads(told.read_text())
        if "missing" in answer:
            raise ServerMissingError(answer["missing"])
        if "failed" in answer:
            raise ServerFailedError(answer["failed"])
        return answer

    def tell(self, kind: str, answer: dict[str, Any]) -> None:
        """Tell `shared` of a server; whole or not at all."""
        aside = self.folder / f"{kind}.json.part"
        aside.write_text(json.dumps(answer))
        aside.replace(self.folder / f"{kind}.json")

    @contextmanager
    def kept(self, kind: str) -> Iterator[None]:
        """Hold the run's folder until the keeper of this kind is done."""
        with _locked(self.folder / f"{kind}.kept"):
            yield

    def wait_for_the_end(self) -> None:
        """Return when the process that began the run has ended it, or has died."""
        with suppress(FileNotFoundError), (self.folder / "life").open("rb") as life:
            fcntl.flock(life, fcntl.LOCK_EX)

    def _keep(self, kind: str) -> None:
        """Start a keeper and return when it has told of its server."""
        read, write = os.pipe()
        keeper = [sys.executable, "-m", "tests.servers.keeper", kind, str(self.folder)]
        with (self.folder / f"{kind}.keeper").open("wb") as output:
            # --fork: the keeper is nobody's child, so that it outlives the process that happened to ask first.
            command = ["setsid", "--fork", *keeper]
            subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=write, stderr=output, check=True)
        os.close(write)
        with os.fdopen(read, "rb") as told:
            told.read()  # until the keeper closes it, at the latest by ending
        if not (self.folder / f"{kind}.json").exists():
            self.tell(kind, {"failed": (self.folder / f"{kind}.keeper").read_text(errors="replace")})


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
