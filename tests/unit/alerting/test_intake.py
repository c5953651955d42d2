"""Taking decisions in: each once, in chunks that are whole or not there, whatever else stands on the topic."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alerting import book, intake
from alerting.intake import take_in
from alerting.raising import DecidedFlag
from alerting.store import AlertStore
from eventlog.base import Record
from eventlog.embedded import EmbeddedLog
from projections.decisions import RISK_TOPIC
from registry.errors import RegistryError
from tests.alert_kit import MONDAY, flag, message, monday

PARTITIONS = 3


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """A log with the topic of decisions."""
    with EmbeddedLog(tmp_path / "log.db") as opened:
        opened.create_topic(RISK_TOPIC, PARTITIONS)
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    """An empty alert book."""
    with AlertStore(tmp_path / "alerts.db") as opened:
        yield opened


def put(log: EmbeddedLog, *decisions: DecidedFlag, partition: int = 0) -> None:
    """Put decisions onto the topic."""
    put_bytes(log, *map(message, decisions), partition=partition)


def put_bytes(log: EmbeddedLog, *values: bytes, partition: int = 0) -> None:
    """Put anything onto the topic."""
    log.append(RISK_TOPIC, [Record(None, value, partition=partition) for value in values])


def states(store: AlertStore) -> dict[str, str]:
    """Where each alert stands."""
    with store.reading() as connection:
        return {each.id: each.state for each in book.alerts(connection)}


def days(count: int) -> list[DecidedFlag]:
    """A flag that is raised and cleared from day to day."""
    return [flag(MONDAY + timedelta(days=number), "at-risk" if number % 2 == 0 else "watch") for number in range(count)]


def test_decisions_become_alerts(log: EmbeddedLog, store: AlertStore) -> None:
    """Of every partition: those that were raised wait, one that was cleared is resolved."""
    put(log, flag(enrolment="e-1"), partition=0)
    put(log, flag(enrolment="e-2"), flag(MONDAY + timedelta(days=1), "on-track", "e-2"), partition=2)

    assert take_in(log, store, monday(1)) == 3

    assert states(store) == {"e-1/2026-03-02": "waiting", "e-2/2026-03-02": "resolved"}


def test_without_a_topic_there_is_nothing_to_take_in(tmp_path: Path, store: AlertStore) -> None:
    """Before the first decision was relayed the topic does not exist."""
    with EmbeddedLog(tmp_path / "empty.db") as log:
        assert take_in(log, store, monday()) == 0


def test_what_was_read_is_not_read_again(log: EmbeddedLog, store: AlertStore) -> None:
    """The next turn goes on where the last one ended."""
    put(log, flag())
    take_in(log, store, monday())

    assert take_in(log, store, monday()) == 0
    put(log, flag(enrolment="e-2"))
    assert take_in(log, store, monday()) == 1


def test_a_second_reading_of_everything_changes_nothing(log: EmbeddedLog, store: AlertStore) -> None:
    """Given the same decisions appended a second time, as after a rebuild, every alert is as it was."""
    put(log, *days(5))
    take_in(log, store, monday(5))
    with store.reading() as connection:
        before = book.alerts(connection)

    put(log, *days(5), partition=1)
    assert take_in(log, store, monday(6)) == 5

    with store.reading() as connection:
        assert book.alerts(connection) == before


def test_a_flag_that_toggles_a_hundred_times_is_one_alert(log: EmbeddedLog, store: AlertStore) -> None:
    """All read in one hour."""
    put(log, *days(100))

    assert take_in(log, store, monday(100)) == 100

    assert len(states(store)) == 1


def test_what_is_cleared_in_one_partition_is_not_raised_by_another(log: EmbeddedLog, store: AlertStore) -> None:
    """Of a participant that was merged, the clearing is read first, and the raising afterwards: nobody is alerted."""
    put(log, flag(MONDAY + timedelta(days=3), "on-track"), partition=0)
    put(log, flag(), partition=1)

    take_in(log, store, monday(3))

    assert states(store) == {}


def test_many_decisions_are_taken_in_by_chunks(
    log: EmbeddedLog, store: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given three at once, seven make seven alerts all the same."""
    monkeypatch.setattr(intake, "AT_ONCE", 3)
    put(log, *(flag(enrolment=f"e-{number}") for number in range(7)))

    assert take_in(log, store, monday()) == 7
    assert len(states(store)) == 7


def test_a_chunk_that_breaks_off_is_read_again(
    log: EmbeddedLog, store: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given that the disk refuses the position, nothing of the chunk is there, and the next turn takes it in."""
    put(log, flag())

    def refuse(*_: object) -> None:
        raise RegistryError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(book, "put_position", refuse)
        with pytest.raises(RegistryError):
            take_in(log, store, monday())
    assert states(store) == {}

    assert take_in(log, store, monday()) == 1
    assert states(store) == {"e-1/2026-03-02": "waiting"}


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"type": "risk.raised.v1"}',
        message(flag()).replace(b"risk.raised.v1", b"risk.invented.v1"),
        message(flag()).replace(b'"at-risk"', b'"lost"'),
        message(flag()).replace(b"2026-03-02", b"2026-02-30"),
        message(flag()).replace(b"person-1", b"person-\xff"),
        message(flag()).replace(b'{"id"', b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"id"'),
    ],
)
def test_what_cannot_be_read_is_left_out_with_a_warning(log: EmbeddedLog, store: AlertStore, nonsense: bytes) -> None:
    """The decisions around it count, the warning says how many were left out and where, and it is not read again."""
    put_bytes(log, message(flag(enrolment="e-7")), nonsense, message(flag(enrolment="e-8")))

    with capture_logs() as logs:
        assert take_in(log, store, monday()) == 2

    assert set(states(store)) == {"e-7/2026-03-02", "e-8/2026-03-02"}
    [warning] = logs
    assert (warning["log_level"], warning["left_out"], warning["offsets"]) == ("warning", 1, "0 to 2")
    with capture_logs() as logs:
        assert take_in(log, store, monday()) == 0
    assert logs == []
