"""A worker and a dashboard as processes of their own, for journeys through the real thing in a real browser."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from dashboard.addresses import listening
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.events import Fact
from learning.plan import start_of
from producers.publisher import publish
from registry import accounts, credentials, people
from registry.accounts import Role
from registry.people import Profile
from registry.store import Registry
from tests.builders import SMALL_FILE

_ENDS_WITHIN_SECONDS = 60


class Running:
    """A data folder in which both run."""

    def __init__(self, folder: Path, address: str) -> None:
        """Remember where."""
        self.folder = folder
        self.address = address

    def publish(self, *facts: Fact) -> Self:
        """Put facts on the log."""
        with EmbeddedLog(self.folder / "log.db") as log:
            publish(log, facts, now=datetime.now(UTC))
        return self

    def start(self, day: date) -> Self:
        """Start a day on the log."""
        with EmbeddedLog(self.folder / "log.db") as log:
            start_day(log, day, start_of(day))
        return self

    def link(self, role: Role = "staff", partner: str | None = None) -> str:
        """A sign-in link for somebody new."""
        now = datetime.now(UTC)
        with Registry(self.folder / "registry.db") as registry, registry.writing() as connection:
            account = accounts.create(connection, label=f"A {role}", role=role, partner=partner, now=now)
            token = credentials.issue(connection, account.id, "link", now).token
        return f"{self.address}/sign-in/{token}"

    def name(self, **names: str) -> Self:
        """Names of participants."""
        profiles = [Profile(participant=each.replace("_", "-"), name=name) for each, name in names.items()]
        with Registry(self.folder / "registry.db") as registry, registry.writing() as connection:
            people.put(connection, profiles, datetime.now(UTC))
        return self


@contextmanager
def running(folder: Path, *facts: Fact, **settings: str) -> Iterator[Running]:
    """Run a worker and a dashboard over these facts of the small programme; both end with the block.

    Args:
        folder: The data folder.
        facts: What is on the log.
        settings: What the environment has besides, such as `ENGAGEMENT_MAILBOX_DIR`.
    """
    (folder / "programmes").mkdir(parents=True)
    (folder / "programmes" / "small.toml").write_text(SMALL_FILE, encoding="utf-8")
    with EmbeddedLog(folder / "log.db") as log:
        log.create_topic(FACTS_TOPIC, 3)
        publish(log, facts, now=datetime.now(UTC))
    with ExitStack() as undo:
        undo.enter_context(_part(folder, settings, "worker"))
        port = _free_port()
        dashboard = undo.enter_context(_part(folder, settings, "dashboard", "--port", str(port), "--json"))
        assert dashboard.stdout is not None
        assert dashboard.stdout.readline(), (folder / "dashboard.txt").read_text(encoding="utf-8")
        yield Running(folder, f"http://127.0.0.1:{port}")


def _free_port() -> int:
    with listening("127.0.0.1", 0) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _part(folder: Path, settings: Mapping[str, str], *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
    environment = {**inherited, "ENGAGEMENT_DAY_CLOCK": "false", "ENGAGEMENT_ARCHIVE_SECONDS": "0", **settings}
    command = [sys.executable, "-m", "engagement", "--data-dir", str(folder), *arguments]
    with (folder / f"{arguments[0]}.txt").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=said, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
