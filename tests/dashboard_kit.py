"""The dashboard over real parts in a folder, with the small programme, for tests that ask as somebody."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

from duckdb import DuckDBPyConnection
from fastapi.testclient import TestClient
from httpx2 import Response

from alerting.store import AlertStore
from analytics.decisions import decisions_of
from dashboard.app import create_app
from dashboard.asking import Asking
from dashboard.parts import Parts
from dashboard.reading import Reading
from dashboard.recent import Recent
from dashboard.visitors import session_cookie
from eventlog.base import EventLog
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from eventlog.rejects import REJECTS_TOPIC, park
from learning.events import Fact
from learning.plan import start_of
from producers.publisher import publish
from projections.live import LiveProjections
from projections.projector import Projector
from projections.rebuild import replay
from projections.rulebook import Rulebook
from registry import accounts, credentials, signing_in
from registry.accounts import Account, Role
from registry.sessions import csrf_token
from registry.store import Registry
from tests.analytics_kit import warehouse
from tests.builders import SMALL, at, completed, enrolled

DAY = date(2025, 10, 20)
"""Six weeks after the small programme began: most of it is due."""

NOW = datetime(2025, 10, 20, 9, 30, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def move(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class Client(TestClient):
    """A browser that has signed in, or a program with a key."""

    account: Account | None = None
    token: str = ""

    @property
    def csrf(self) -> str:
        """What a form of this session carries."""
        return csrf_token(self.token)

    def submit(self, path: str, **fields: str) -> Response:
        """Send a form as the page would; redirects are not followed."""
        return self.post(path, data={"csrf": self.csrf, **fields}, follow_redirects=False)


class Site:
    """One dashboard with its log, its projections and its registry."""

    def __init__(self, folder: Path, undo: ExitStack) -> None:
        """Open everything in a folder."""
        self.clock = Clock(NOW)
        self.log = undo.enter_context(EmbeddedLog(folder / "log.db"))
        self.log.create_topic(FACTS_TOPIC, 3)
        self.log.create_topic(REJECTS_TOPIC, 1)
        self.live = undo.enter_context(LiveProjections(folder / "projections"))
        self.registry = undo.enter_context(Registry(folder / "registry.db"))
        self.rulebook = Rulebook(SMALL)
        self.facts: list[Fact] = []
        self.alerts: AlertStore | None = None
        """As if no dispatcher had run; `book` opens one."""
        self._folder = folder
        self.day: date | None = None
        self.parts = Parts(
            live=self.live,
            registry=self.registry,
            rulebook=lambda: self.rulebook,
            log=self._borrowed_log,
            models=self._models,
            now=self.clock,
            alerts=lambda: self.alerts,
        )
        self.app = create_app(self.parts)
        self.app.state.asking = Asking(self.parts, run=lambda work: work())  # answered at once, within the request
        reading: Reading = self.app.state.reading  # counting costs nothing, so that no page is ever an earlier one
        reading.recent = Recent(lambda: reading.store().connect(), reading.freshness, cost=lambda: 0.0)
        self.app.state.alerts._cost = lambda: 0.0
        self._undo = undo

    def book(self) -> AlertStore:
        """The alert book, as a dispatcher that has run leaves it."""
        if self.alerts is None:
            self.alerts = self._undo.enter_context(AlertStore(self._folder / "alerts.db"))
        return self.alerts

    @contextmanager
    def _borrowed_log(self) -> Iterator[EventLog]:
        yield self.log

    @contextmanager
    def _models(self) -> Iterator[DuckDBPyConnection]:
        """The models over what was published here, without a lake."""
        with self.live.open() as store:
            decisions = decisions_of(store)
        with closing(warehouse(self.facts, as_of=self.day, decisions=decisions)) as connection:
            yield connection

    def publish(self, *facts: Fact) -> Self:
        """Put facts on the log."""
        publish(self.log, facts, now=self.clock())
        self.facts += facts
        return self

    def start(self, day: date = DAY) -> Self:
        """Start a day on the log."""
        start_day(self.log, day, start_of(day))
        self.day = day
        return self

    def fold(self) -> Self:
        """Do a worker's work: everything on the log is in the projections after that."""
        with self.live.writing() as store:
            projector = Projector(store, self.rulebook, park=lambda rejects: park(self.log, rejects), now=self.clock)
            replay(self.log, projector, store)
        return self

    def account(self, role: Role = "staff", partner: str | None = None) -> Account:
        """Somebody who may sign in."""
        with self.registry.writing() as connection:
            return accounts.create(connection, label=f"A {role}", role=role, partner=partner, now=self.clock())

    def stranger(self) -> Client:
        """A browser that nobody has signed in with."""
        return self._undo.enter_context(Client(self.app, base_url=self.parts.public_url, raise_server_exceptions=False))

    def browser(self, role: Role = "staff", partner: str | None = None) -> Client:
        """A browser of somebody who has signed in."""
        client, account = self.stranger(), self.account(role, partner)
        with self.registry.writing() as connection:
            link = credentials.issue(connection, account.id, "link", self.clock())
        client.account = account
        client.token = signing_in.with_link(self.registry, link.token, "127.0.0.1", self.clock()).token
        client.cookies.set(session_cookie(self.parts), client.token)
        return client

    def program(self, role: Role = "staff", partner: str | None = None) -> Client:
        """A program with an API key."""
        client, account = self.stranger(), self.account(role, partner)
        with self.registry.writing() as connection:
            key = credentials.issue(connection, account.id, "key", self.clock())
        client.account = account
        client.headers["Authorization"] = f"Bearer {key.token}"
        return client


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """A site in a folder, closed at the end."""
    with ExitStack() as undo:
        yield Site(folder, undo)


def course(people: int = 12, partners: int = 2) -> Iterator[Fact]:
    """People on the small programme, shared out among partners: the first works by the plan, the last did nothing."""
    for number in range(people):
        whose = {"enrolment": f"e-{number}", "participant": f"p-{number}"}
        yield enrolled(at(-5), partner=f"partner-{number % partners}", **whose)
        for module in range(1, 7):
            if module * people <= (people - number) * 7:
                yield completed(
                    f"module-{module}", at(7 * module - 2), subject=f"e-{number}", partitionkey=f"p-{number}"
                )
