"""Delivery with the alert book in PostgreSQL: taken once, settled, told to the log, by one dispatcher at a time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerting import queue
from alerting.one_at_a_time import DispatcherRunningError, only_dispatcher
from alerting.outcomes import ACCEPTED, Outcome
from alerting.queue import LEASE, Attempt
from alerting.store import AlertStore
from alerting.telling import tell_log
from eventlog.facts import FACTS_TOPIC
from registry.errors import RegistryAwayError
from registry.store import PostgresqlDatabase
from tests.delivery_kit import NOW, a_notice, an_alert, facts_left, found, later, put, states
from tests.faults_kit import open_log


@pytest.fixture
def place(postgres_url: str) -> PostgresqlDatabase:
    """A database without an alert book."""
    return PostgresqlDatabase(postgres_url)


@pytest.fixture
def store(place: PostgresqlDatabase) -> Iterator[AlertStore]:
    """An empty alert book."""
    with AlertStore(place) as made:
        yield made


def test_messages_are_taken_settled_and_told(store: AlertStore, tmp_path: Path) -> None:
    """The whole life of five messages: delivered, failed, given up, cancelled with their endpoint, and replayed."""
    put(store, a_notice(1, an_alert(1), an_alert(2), receiver="a"), *(a_notice(n, receiver="b") for n in (3, 4, 5)))
    put(store, a_notice(6, receiver="contact", channel="email"))
    with store.writing() as connection:
        taken = {each.id: each for each in queue.claim(connection, [f"msg_{n}" for n in (1, 3, 4, 6)], NOW)}
    with store.writing() as connection:
        assert queue.claim(connection, ["msg_1"], NOW) == []
        busy = Outcome(result="failed", error="HTTP 429", slow=True, asked=timedelta(hours=1))
        outcomes = {"msg_1": ACCEPTED, "msg_3": busy, "msg_6": Outcome(result="refused", error="SMTP 550")}
        attempts = [Attempt(taken[name], outcome, NOW) for name, outcome in outcomes.items()]
        settled = queue.settle(connection, attempts, lambda: 0.5)
    assert [each.state for each in settled] == ["delivered", "waiting", "dead"]
    assert (found(store, "msg_5").next_at, found(store, "msg_4").next_at) == (later(hours=1), later(hours=1))
    with store.reading() as connection:
        assert queue.due(connection, NOW + LEASE) == []
    with store.writing() as connection:
        queue.settle(connection, [Attempt(taken["msg_4"], Outcome(result="gone"), NOW)], lambda: 0.5)
    assert states(store) == {"delivered": 1, "dead": 1, "cancelled": 3}
    with store.writing() as connection:
        assert queue.replay(connection, ["msg_1", "msg_5", "msg_6"], NOW) == ["msg_5", "msg_6"]
    with open_log(tmp_path) as log:
        assert tell_log(store, log) == 2
        assert sum(log.end_offsets(FACTS_TOPIC).values()) == 2
    assert facts_left(store) == []


def test_one_dispatcher_of_all_machines_works_at_a_time(place: PostgresqlDatabase) -> None:
    """The server keeps the place as long as the connection of the first lasts."""
    with only_dispatcher(place), pytest.raises(DispatcherRunningError), only_dispatcher(place):
        pytest.fail("two work at once")
    with only_dispatcher(place):
        pass


def test_a_server_that_is_away_is_said_without_the_password() -> None:
    """Nobody listens there."""
    away = PostgresqlDatabase("postgresql://me:s3cret@127.0.0.1:1/nothing")
    with pytest.raises(RegistryAwayError) as refused, only_dispatcher(away):
        pytest.fail("there is no server")
    assert "s3cret" not in str(refused.value)
