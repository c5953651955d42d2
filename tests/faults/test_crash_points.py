"""Law 3, point by point: an error at any step of a chunk ends the worker, and the next one leaves no trace of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from eventlog.facts import FACTS_TOPIC, start_day
from eventlog.rejects import parked
from producers.publisher import publish
from projections import checkpoints, enrolment_progress, outbox
from projections.projector import Projector
from projections.store import Store, StoreError
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import NOW, assert_exact, garbage, open_log, processed, work


class CrashError(Exception):
    """What the tests break the work with."""


def after(function: Callable[..., Any], calls: int) -> Callable[..., Any]:
    """The same function, which breaks after it did its work for the last of so many calls."""
    left = calls

    def broken(*args: Any) -> Any:
        nonlocal left
        left -= 1
        answer = function(*args)
        if left <= 0:
            raise CrashError
        return answer

    return broken


def before_the_write(patch: pytest.MonkeyPatch) -> None:
    """Rejects are parked, nothing is written."""
    patch.setattr(Store, "writing", after(lambda *_: None, 1))


def inside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """The fifth chunk's checkpoint has moved, its states are not written."""
    patch.setattr(checkpoints, "move", after(checkpoints.move, 5))


def refused(connection: Connection, _: object) -> None:
    """A write that the database refuses."""
    connection.execute(text("INSERT INTO nowhere VALUES (1)"))


def in_the_middle_of_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Checkpoint and states are written, the rows of the read model cannot be."""
    patch.setattr(enrolment_progress, "put", refused)


def at_the_end_of_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """A day is decided and everything about it is written, but for the messages that tell it."""
    patch.setattr(outbox, "put", refused)


def after_the_commit(patch: pytest.MonkeyPatch) -> None:
    """The fifth chunk is durable, and nobody was told."""
    patch.setattr(Projector, "apply", after(Projector.apply, 5))


POINTS = [
    before_the_write,
    inside_the_transaction,
    in_the_middle_of_the_transaction,
    at_the_end_of_the_transaction,
    after_the_commit,
]


@pytest.mark.parametrize("crash", POINTS)
def test_a_crash_leaves_no_trace(tmp_path: Path, crash: Callable[[pytest.MonkeyPatch], None]) -> None:
    """The worker ends without skipping anything; after the next start all rows are exact, rejects parked once."""
    facts = lives(seed=8, facts=1_200, curriculum=own_programmes(tmp_path))
    with open_log(tmp_path) as log:
        for first in range(0, len(facts), 100):
            log.append(FACTS_TOPIC, garbage([first]))
            publish(log, facts[first : first + 100], now=NOW)
        start_day(log, LAST_DAY, NOW)

        with pytest.MonkeyPatch.context() as patch:
            crash(patch)
            with pytest.raises((CrashError, StoreError)):
                work(tmp_path)
        assert processed(tmp_path) < sum(log.end_offsets(FACTS_TOPIC).values())

        work(tmp_path)

        rejects = parked(log)
    assert len({each.origin for each in rejects.values()}) == len(rejects) == len(facts) // 100
    assert_exact(tmp_path, LAST_DAY)
