"""Rebuild builds beside the live store and swaps; verify proves that the live store is what the log says."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from producers.publisher import publish
from projections.live import LiveProjections
from projections.projector import Projector
from projections.rebuild import DifferenceError, rebuild, replay, verify
from projections.rulebook import Rulebook
from projections.schema import (
    checkpoint,
    day_started,
    enrolment_progress,
    enrolment_risk,
    enrolment_state,
    outbox,
    risk_history,
)
from projections.store import Store
from tests.builders import COMPONENTS, SMALL, START, at, completed, enrolled


def now() -> object:
    """The time of these tests."""
    return START


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """A log with thirty enrolments."""
    with EmbeddedLog(tmp_path / "log.db") as opened:
        opened.create_topic(FACTS_TOPIC, 3)
        people = range(30)
        publish(opened, [enrolled(enrolment=f"e-{each}", participant=f"p-{each}") for each in people], now=START)
        steps = [
            completed(component, at(each), enrolment=f"e-{each}", participant=f"p-{each}")
            for each in people
            for component in COMPONENTS[: each % 10]
        ]
        publish(opened, steps, now=START)
        start_day(opened, date(2025, 10, 20), START)
        yield opened


@pytest.fixture
def live(tmp_path: Path, log: EmbeddedLog) -> LiveProjections:
    """Projections that have seen all of the log."""
    projections = LiveProjections(tmp_path / "projections")
    with projections.writing() as store:
        replay(log, Projector(store, Rulebook(SMALL), park=lambda _: None, now=now), store)
    return projections


def test_verify_passes_on_what_the_log_says(log: EmbeddedLog, live: LiveProjections) -> None:
    """A replay of the log equals the live store; the number of records is answered."""
    with live.open() as store:
        assert verify(log, store, Rulebook(SMALL), now) == sum(log.end_offsets(FACTS_TOPIC).values())


def test_verify_compares_up_to_the_live_checkpoint(log: EmbeddedLog, live: LiveProjections) -> None:
    """Facts that the worker has not come to are no difference."""
    publish(log, [completed("module-8", enrolment="e-1", participant="p-1")], now=START)

    with live.open() as store:
        verify(log, store, Rulebook(SMALL), now)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            update(enrolment_progress).where(enrolment_progress.c.enrolment == "e-7").values(lag_weeks=99),
            r"enrolment_progress e-7: lag_weeks is 99 in the live store and \d+ in a replay",
        ),
        (
            delete(enrolment_progress).where(enrolment_progress.c.enrolment == "e-7"),
            "enrolment_progress e-7: the replay has it, the live store does not",
        ),
        (
            update(enrolment_state).where(enrolment_state.c.enrolment == "e-7").values(state=b"edited"),
            "enrolment_state e-7: state is b'edited' in the live store",
        ),
        (
            update(enrolment_progress).where(enrolment_progress.c.enrolment == "e-7").values(enrolment="e-70"),
            "enrolment_progress e-7: the replay has it, the live store does not",
        ),
        (
            update(enrolment_risk).where(enrolment_risk.c.enrolment == "e-0").values(level="watch"),
            "enrolment_risk e-0: level is 'watch' in the live store",
        ),
        (
            delete(risk_history).where(risk_history.c.enrolment == "e-0"),
            "risk_history e-0 2025-10-20: the replay has it, the live store does not",
        ),
        (
            delete(outbox).where(outbox.c.enrolment == "e-0"),
            "outbox e-0/2025-10-20: the replay has it, the live store does not",
        ),
        (
            update(checkpoint).where(checkpoint.c.partition == 1).values(policy="another"),
            "checkpoint 1: policy is 'another' in the live store",
        ),
        (delete(day_started), "day_started 0 2025-10-20: the replay has it, the live store does not"),
    ],
)
def test_verify_names_the_first_difference(log: EmbeddedLog, live: LiveProjections, edit: object, message: str) -> None:
    """An edited, lost or invented row is named, with the column."""
    with live.writing() as store, store.changing() as connection:
        connection.execute(edit)

    with live.open() as store, pytest.raises(DifferenceError, match=message):
        verify(log, store, Rulebook(SMALL), now)


def test_the_file_before_is_removed(log: EmbeddedLog, live: LiveProjections) -> None:
    """A rebuilt store is another file, and the one before is gone."""
    before = live.place

    rebuild(log, live, Rulebook(SMALL), now)

    assert live.place != before
    assert not before.exists()


def test_a_half_built_file_is_removed(log: EmbeddedLog, live: LiveProjections) -> None:
    """What a rebuild that was cut off has left is thrown away and built again."""
    with Store(live.next_place()) as half_built:
        projector = Projector(half_built, Rulebook(SMALL), park=lambda _: None, now=now)
        replay(log, projector, half_built, {0: 1})

    rebuild(log, live, Rulebook(SMALL), now)

    assert list(live.place.parent.glob("store-*.db")) == [live.place]
    with live.open() as store:
        verify(log, store, Rulebook(SMALL), now)
