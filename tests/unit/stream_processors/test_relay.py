"""The relay: what the projections have to tell stands on its topic once, whatever breaks off in between."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from producers.publisher import publish
from projections import outbox
from projections.decisions import RISK_TOPIC
from projections.live import LiveProjections
from projections.projector import Projector
from projections.rebuild import rebuild, replay, verify
from projections.rulebook import Rulebook
from projections.store import Store
from stream_processors.relay import relay
from tests.builders import SMALL, START, at, completed, enrolled

RAISED, CLEARED = "risk.raised.v1", "risk.cleared.v1"
RULEBOOK = Rulebook(SMALL)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """A log on which one participant never starts and, nine weeks later, does everything."""
    with EmbeddedLog(tmp_path / "log.db") as opened:
        opened.create_topic(FACTS_TOPIC, 3)
        publish(opened, [enrolled()], now=START)
        for day in range(1, 29):
            start_day(opened, date(2025, 9, 8) + timedelta(days=day), START)
        publish(opened, [completed(f"module-{number}", at(28, number)) for number in range(1, 9)], now=START)
        for day in range(29, 43):
            start_day(opened, date(2025, 9, 8) + timedelta(days=day), START)
        yield opened


@pytest.fixture
def live(log: EmbeddedLog, tmp_path: Path) -> LiveProjections:
    """The projections of that log."""
    projections = LiveProjections(tmp_path / "projections")
    with projections.writing() as store:
        replay(log, projector(store), store)
    return projections


def projector(store: Store) -> Projector:
    """A projector that parks nothing."""
    return Projector(store, RULEBOOK, park=lambda _: None, now=lambda: START)


def told(log: EmbeddedLog) -> list[dict[str, str]]:
    """Every message on the topic, in order of time."""
    records = [
        record
        for partition in range(log.topics().get(RISK_TOPIC, 0))
        for record in log.read(RISK_TOPIC, partition, 0, 1_000)
    ]
    return sorted((msgspec.json.decode(record.value) for record in records), key=lambda each: each["time"])


def test_a_flag_is_told_when_it_is_raised_and_when_it_is_cleared(log: EmbeddedLog, live: LiveProjections) -> None:
    """What was decided stands on the topic, first raised and last cleared, keyed by participant, each with its id."""
    with live.writing() as store:
        assert relay(log, store) > 1

    messages = told(log)
    assert [messages[0]["type"], messages[-1]["type"]] == [RAISED, CLEARED]
    assert {each["partitionkey"] for each in messages} == {"p-1"}
    assert len({each["id"] for each in messages}) == len(messages)


def test_nothing_is_told_twice(log: EmbeddedLog, live: LiveProjections) -> None:
    """A second relay finds nothing that waits."""
    with live.writing() as store:
        relay(log, store)
        before = told(log)

        assert relay(log, store) == 0
    assert told(log) == before


def test_a_message_whose_relay_broke_off_is_told_once(log: EmbeddedLog, live: LiveProjections) -> None:
    """Appended but not marked, because the worker died in between: it comes again and stands there once."""
    with live.writing() as store:
        relay(log, store)
        before = told(log)
        with store.changing() as connection:
            connection.exec_driver_sql("UPDATE outbox SET relayed = 0")

        assert relay(log, store) == len(before)
    assert told(log) == before


def test_a_rebuild_tells_nothing_again(log: EmbeddedLog, live: LiveProjections) -> None:
    """The rebuilt outbox has the same messages, and those that had left are not waiting."""
    with live.writing() as store:
        relay(log, store)

    rebuild(log, live, RULEBOOK, lambda: START)

    with live.writing() as store, store.connect() as connection:
        assert outbox.waiting(connection, 100, date.max) == []
        assert len(outbox.relayed(connection)) == len(told(log))
    with live.open() as store:
        assert verify(log, store, RULEBOOK, lambda: START) == sum(log.end_offsets(FACTS_TOPIC).values())


def test_what_never_left_still_waits_after_a_rebuild(log: EmbeddedLog, live: LiveProjections) -> None:
    """A rebuild before the first relay loses no message."""
    rebuild(log, live, RULEBOOK, lambda: START)

    with live.writing() as store:
        assert relay(log, store) > 1


def test_a_day_is_told_when_every_partition_has_come_to_it(log: EmbeddedLog, tmp_path: Path) -> None:
    """Given that one partition was not read yet, nothing is told; once it has been read, everything is."""
    with Store(tmp_path / "store.db") as store:
        ends = log.end_offsets(FACTS_TOPIC)
        decided = max(ends, key=lambda partition: ends[partition])  # where the participant's facts stand
        replay(log, projector(store), store, {decided: ends[decided]})
        assert relay(log, store) == 0

        replay(log, projector(store), store)

        assert relay(log, store) > 1
