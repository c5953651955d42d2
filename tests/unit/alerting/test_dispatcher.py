"""The dispatcher: turns one after the other, what cannot be reached is tried again, and one works at a time."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from alerting.dispatcher import Dispatcher, DispatcherParts, Prepared, Turn, keep_dispatching
from alerting.one_at_a_time import DispatcherRunningError, only_dispatcher
from alerting.receivers import Receivers
from alerting.store import AlertStore
from alerting.testing import NothingToTestError, send_test
from eventlog.base import EventLog, LogAwayError
from eventlog.facts import FACTS_TOPIC
from registry import contacts, endpoints
from registry.endpoints import UnknownEndpointError
from registry.store import Registry
from tests.delivery_kit import (
    NOW,
    a_notice,
    carriers,
    contact,
    facts_left,
    later,
    put,
    seeded,
    states,
    utc_now,
    webhook,
)
from tests.faults_kit import open_log
from tests.receiving_kit import Receiver, answers, mail_server, receiver


@pytest.fixture
def partner() -> Iterator[Receiver]:
    """A partner's system that takes everything."""
    with receiver() as one:
        yield one


class Plans:
    """Plans a message each turn, or finds that something is away."""

    def __init__(self, store: AlertStore, receiver: str) -> None:
        self.store, self.receiver = store, receiver
        self.turns: list[datetime] = []
        self.away = False

    def __call__(self, log: EventLog, now: datetime) -> Prepared:
        """Plan."""
        assert FACTS_TOPIC in log.topics()
        self.turns.append(now)
        if self.away:
            raise LogAwayError("Kafka is away")
        put(self.store, a_notice(len(self.turns), receiver=self.receiver, at=now))
        return Prepared(decisions=3, planned=1)


def parts(folder: Path, registry: Registry, plans: Plans) -> DispatcherParts:
    """What a dispatcher stands on."""
    receivers = Receivers(registry, utc_now)
    return DispatcherParts(
        store=plans.store,
        receivers=receivers,
        log=lambda: open_log(folder),
        prepare=plans,
        carriers=lambda: carriers(receivers),
        chance=seeded(1),
    )


def test_a_turn_plans_sends_and_tells_the_log(
    tmp_path: Path, books: tuple[AlertStore, Registry], partner: Receiver
) -> None:
    """All of it at the turn's own time, and it says what it did."""
    store, registry = books
    plans = Plans(store, webhook(registry, partner.url))
    with Dispatcher(parts(tmp_path, registry, plans)) as dispatcher:
        assert dispatcher.turn(lambda: NOW) == Turn(decisions=3, planned=1, delivered=1, facts=1)
        partner.answer = answers(500)
        assert dispatcher.turn(lambda: later(days=1)) == Turn(decisions=3, planned=1, failed=1)
    assert plans.turns == [NOW, later(days=1)]
    assert facts_left(store) == []
    with open_log(tmp_path) as log:
        assert sum(log.end_offsets(FACTS_TOPIC).values()) == 1


def test_turns_go_on_until_told_to_stop(tmp_path: Path, books: tuple[AlertStore, Registry], partner: Receiver) -> None:
    """One every so many seconds; one that breaks off is said so, and the next does what it did not."""
    store, registry = books
    plans = Plans(store, webhook(registry, partner.url))
    told: list[Turn | None] = []
    waited: list[float] = []

    def pause(seconds: float) -> bool:
        waited.append(seconds)
        plans.away = len(waited) == 1
        return len(waited) == 3

    with Dispatcher(parts(tmp_path, registry, plans)) as dispatcher:
        keep_dispatching(dispatcher, lambda: NOW, 60, pause=pause, told=told.append)
    assert [turn and turn.delivered for turn in told] == [1, None, 1]
    assert all(0 <= seconds <= 60 for seconds in waited)
    assert states(store) == {"delivered": 2}


def test_one_dispatcher_works_at_a_time(tmp_path: Path) -> None:
    """The second is told so at once; the place is free when the first has ended, however it did."""
    place = tmp_path / "data" / "alerts.db"
    with ExitStack() as first:
        first.enter_context(only_dispatcher(place))
        with pytest.raises(DispatcherRunningError, match="another dispatcher"), only_dispatcher(place):
            pytest.fail("two work at once")
    with only_dispatcher(place):
        pass


def test_a_test_message_goes_to_one_receiver_at_once(books: tuple[AlertStore, Registry], partner: Receiver) -> None:
    """It says that it is a test, leaves nothing in the alert book, and its outcome is answered."""
    store, registry = books
    receivers = Receivers(registry, utc_now)
    endpoint, person = webhook(registry, partner.url), contact(registry)
    with mail_server() as mail:
        for each in (endpoint, person.id):
            outcome = send_test(each, registry, lambda: carriers(receivers, mail.url), utc_now())
            assert outcome.result == "accepted"
        assert [str(each["Subject"]) for each in mail.accepted] == ["Test: alerts reach you"]
    assert b'"type":"engagement.test.v1"' in partner.got[0].body
    partner.answer = answers(500)
    assert send_test(endpoint, registry, lambda: carriers(receivers), utc_now()).error == "HTTP 500"
    assert states(store) == {}


def test_who_is_not_there_cannot_be_tested(books: tuple[AlertStore, Registry]) -> None:
    """Unheard of, removed, or switched off: each is said."""
    _, registry = books
    receivers = Receivers(registry, utc_now)
    off, gone = webhook(registry, "https://hooks.example.org/"), contact(registry)
    with registry.writing() as connection:
        endpoints.switch_off(connection, off, NOW, "asked for")
        contacts.remove(connection, gone.id, now=NOW, by="tests")
    for each in (off, gone.id):
        with pytest.raises(NothingToTestError):
            send_test(each, registry, lambda: carriers(receivers), NOW)
    with pytest.raises(UnknownEndpointError):
        send_test("nobody", registry, lambda: carriers(receivers), NOW)
