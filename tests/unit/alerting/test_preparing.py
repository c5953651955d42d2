"""Before messages are sent: all is looked at that may have changed, and what has not is not looked at again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alerting import book, preparing, queue
from alerting.forgetting import forget
from alerting.model import Notice
from alerting.preparing import Preparation
from alerting.store import AlertStore
from eventlog.base import LogError, Record
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from learning.events import Fact
from learning.facts import AlertsMuted, Data, FlagAcknowledged, Transferred, WithdrawalRecommended
from producers.publisher import publish
from projections.decisions import RISK_TOPIC
from projections.projector import Projector
from projections.rebuild import replay
from projections.rulebook import Rulebook
from projections.store import Store
from registry import contacts, endpoints
from registry.store import Registry
from tests.alert_kit import LONG_AGO, TERMS, flag, message, monday
from tests.builders import SMALL, START, enrolled, make

ENROLMENTS = tuple(f"e-{number}" for number in range(1, 5))
NOTED: Any = {"now": LONG_AGO, "by": "tests"}


class Here:
    """Projections that are live as long as they are open."""

    place = "here"

    def __init__(self, store: Store) -> None:
        self._store = store

    def exists(self) -> bool:
        """They are."""
        return True

    def open(self) -> AbstractContextManager[Store]:
        """They stay open."""
        return nullcontext(self._store)


class World:
    """A log, its projections and a registry, with two alert books: of one that remembers, and of one that does not."""

    def __init__(self, folder: Path) -> None:
        self.log = EmbeddedLog(folder / "log.db")
        for topic in (FACTS_TOPIC, RISK_TOPIC):
            self.log.create_topic(topic, 1)
        self.projections = Store(folder / "projections.db")
        self.registry = Registry(folder / "registry.db")
        self.books = AlertStore(folder / "remembering.db"), AlertStore(folder / "forgetful.db")
        self.remembering = self.preparation(self.books[0])
        self.put(*(enrolled(enrolment=each, participant=f"p-{each}", partner="p-1") for each in ENROLMENTS))

    def preparation(self, store: AlertStore) -> Preparation:
        """One that remembers nothing yet."""
        live: Any = Here(self.projections)
        return Preparation(store=store, registry=self.registry, live=live, terms=TERMS, dry_run=False)

    def put(self, *facts: Fact) -> None:
        """Put facts on the log and fold them."""
        publish(self.log, list(facts), now=START)
        projector = Projector(self.projections, Rulebook(SMALL), park=lambda _: None, now=lambda: START)
        replay(self.log, projector, self.projections)

    def say(self, data: Data, now: datetime, enrolment: str) -> None:
        """Put one fact on the log."""
        self.put(make(data, now, enrolment, f"p-{enrolment}"))

    def decide(self, now: datetime, enrolment: str, level: Any) -> None:
        """Decide about a flag."""
        decision = flag(now.date(), level, enrolment, participant=f"p-{enrolment}")
        self.log.append(RISK_TOPIC, [Record(None, message(decision), partition=0)])

    def add_contact(self, **wishes: Any) -> None:
        """Add a contact of the partner."""
        with self.registry.writing() as connection:
            contacts.create(connection, partner="p-1", label="x", email="x@example.org", **{**NOTED, **wishes})

    def add_webhook(self) -> None:
        """Add a webhook of the partner."""
        with self.registry.writing() as connection:
            given: Any = {"channel": "webhook", "url": "https://example.org/", "secret": endpoints.new_secret()}
            endpoints.create(connection, partner="p-1", **given, **NOTED)

    def cancel_or_replay(self, *, cancels: bool, now: datetime) -> None:
        """Cancel what waits, or have everything that is over sent again, as another process does."""
        for number, store in enumerate(self.books):
            known = self.notices(number)
            with store.writing() as connection:
                for receiver in {each.receiver for each in known} if cancels else ():
                    queue.cancel(connection, receiver, now, "asked for")
                queue.replay(connection, () if cancels else [each.id for each in known], now)

    def turn(self, now: datetime) -> tuple[list[Notice], list[Notice]]:
        """Take a turn with both; answer the messages of both."""
        self.remembering(self.log, now)
        self.preparation(self.books[1])(self.log, now)
        return self.notices(0), self.notices(1)

    def notices(self, number: int) -> list[Notice]:
        """The messages in an alert book."""
        with self.books[number].reading() as connection:
            return book.notices(connection)

    def alerts(self, number: int) -> list[Any]:
        """The alerts in an alert book."""
        with self.books[number].reading() as connection:
            return book.alerts(connection)

    def close(self) -> None:
        """Let go of everything."""
        for each in (self.log, self.projections, self.registry, *self.books):
            each.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Four enrolments of a partner that has a contact and no alerts."""
    made = World(tmp_path)
    made.add_contact()
    yield made
    made.close()


def happen(world: World, chance: Random, now: datetime) -> None:
    """Let something happen, or nothing."""
    match chance.randrange(6):
        case 0 | 1:
            world.decide(now, chance.choice(ENROLMENTS), chance.choice(["at-risk", "critical", "critical", "on-track"]))
        case 2:
            said: list[Data] = [
                FlagAcknowledged(by="staff-1"),
                AlertsMuted(by="staff-1", until=now.date()),
                Transferred(partner=chance.choice(["p-1", "p-2"])),
                WithdrawalRecommended(reason="other", by="staff-1"),
            ]
            world.say(chance.choice(said), now, chance.choice(ENROLMENTS))
        case 3 if chance.random() < 1 / 2:
            world.add_contact(now=now, place=chance.choice([1, 2]), hour=chance.choice([7, 9, 11]))
        case 3:
            world.add_webhook()
        case 4:
            world.cancel_or_replay(cancels=chance.random() < 1 / 2, now=now)


@pytest.mark.parametrize("seed", range(3))
def test_who_remembers_tells_what_who_looks_at_everything_tells(world: World, seed: int) -> None:
    """Turn by turn through days in which anything happens, both alert books are the same, moments included."""
    chance, now = Random(seed), monday(hour=6)
    for _ in range(40):
        happen(world, chance, now)
        mine, full = world.turn(now)
        assert mine == full
        assert world.alerts(0) == world.alerts(1)
        now += chance.choice([timedelta(seconds=10), timedelta(minutes=10), timedelta(minutes=50), timedelta(hours=5)])
    assert world.notices(0)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is looked at, in order."""
    seen: list[str] = []
    for name in ("follow", "plan"):
        real = getattr(preparing, name)

        def looked(*given: Any, name: str = name, real: Any = real, **more: Any) -> Any:
            seen.append(name)
            return real(*given, **more)

        monkeypatch.setattr(preparing, name, looked)
    return seen


def test_where_nothing_happens_no_alert_is_looked_at(world: World, looks: list[str]) -> None:
    """Ten seconds later, again and again; alerts are looked at when the hour has passed, or something happens."""
    now = monday(hour=9)
    world.decide(now, "e-1", "critical")
    for _ in range(3):
        world.remembering(world.log, now)
    assert len(world.notices(0)) == 1
    looks.clear()
    for number in range(5):
        world.remembering(world.log, now + timedelta(seconds=10 * number))
    assert looks == []
    world.remembering(world.log, now + timedelta(hours=1))
    assert looks == ["plan"]
    world.decide(now + timedelta(days=1), "e-2", "critical")
    world.remembering(world.log, now + timedelta(hours=1, seconds=10))
    assert looks == ["plan", "follow", "plan"]


def test_who_was_erased_by_another_process_is_told_of_no_more(world: World) -> None:
    """Also in the hour in which nothing else happens: what waits is cancelled, and nothing new is planned."""
    now = monday(hour=9)
    world.decide(now, "e-1", "critical")
    for _ in range(3):
        world.remembering(world.log, now)
    with world.books[0].writing() as connection:
        forget(connection, ["e-1"], now)
    world.add_webhook()
    world.remembering(world.log, now + timedelta(seconds=10))
    assert [each.state for each in world.notices(0)] == ["cancelled"]


def test_a_turn_that_breaks_off_is_done_in_full_by_the_next(
    world: World, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given that decisions were taken in and then the plan failed, the next turn tells of them."""
    now = monday(hour=9)
    for _ in range(2):
        world.remembering(world.log, now)
    world.decide(now, "e-1", "critical")

    def breaks(*_: Any, **__: Any) -> int:
        raise LogError("broken off")

    with monkeypatch.context() as patched:
        patched.setattr(preparing, "plan", breaks)
        with pytest.raises(LogError):
            world.remembering(world.log, now)
    assert world.notices(0) == []
    looks.clear()
    world.remembering(world.log, now)
    assert looks == ["follow", "plan"]
    assert len(world.notices(0)) == 1
