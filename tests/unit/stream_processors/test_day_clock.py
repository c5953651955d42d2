"""The day clock: days are noted once, whatever the computer's own clock does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from stream_processors.day_clock import ClockError, DayClock

PARTITIONS = 2


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    """A log without a day."""
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topic(FACTS_TOPIC, PARTITIONS)
        yield log


def test_a_clock_that_was_put_back_starts_no_day_again(log: EmbeddedLog) -> None:
    """Given days up to today, a clock that now tells last month notes nothing, and goes on where it was afterwards."""
    told = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (13, 14)]
    told.append(datetime(2026, 2, 13, 12, tzinfo=UTC))
    told.append(datetime(2026, 3, 15, 12, tzinfo=UTC))
    clock = DayClock(log, iter(told).__next__, None)

    started = [clock.catch_up() for _ in told]

    assert started == [[date(2026, 3, 13)], [date(2026, 3, 14)], [], [date(2026, 3, 15)]]
    assert log.end_offsets(FACTS_TOPIC) == dict.fromkeys(range(PARTITIONS), 3)


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_clock_that_was_never_set_is_refused(log: EmbeddedLog, year: int) -> None:
    """A computer that believes it is 1970 is told so in a sentence, and no day is noted: a day cannot be taken back."""
    clock = DayClock(log, lambda: datetime(year, 1, 1, 12, tzinfo=UTC), None)

    with pytest.raises(ClockError, match=f"says that it is {year}-01-01; set it right"):
        clock.catch_up()

    assert log.end_offsets(FACTS_TOPIC) == dict.fromkeys(range(PARTITIONS), 0)
