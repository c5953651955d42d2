"""Time as a fact: notes on the log that a day has started, so that silence is noticed and a replay agrees."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from eventlog.base import EventLog, Stored
from eventlog.facts import FACTS_TOPIC, start_day
from eventlog.paging import each_record
from learning.calendar import uk_day
from learning.errors import EngagementError
from learning.events import UnreadableFactError, decode
from learning.facts import YEARS, DayStarted
from projections.checkpoints import Checkpoint

_DAY = timedelta(days=1)


class ClockError(EngagementError):
    """The computer's clock tells a day that cannot be."""


def utc_now() -> datetime:
    """The time, asked of the computer; everything else is told it."""
    return datetime.now(UTC)


def latest_day(log: EventLog, checkpoint: Checkpoint) -> date | None:
    """The latest day that is noted on the log, where every partition has the same; None when there is none.

    Args:
        log: The log, asked only for what the projections have not seen: everything, when they were lost.
        checkpoint: How far the projections have come in partition 0, and the latest day up to there.
    """
    noted = _days(each_record(log, FACTS_TOPIC, 0, checkpoint.next_offset))
    return max(chain(noted, filter(None, (checkpoint.day,))), default=None)


def _days(found: Iterable[Stored]) -> Iterator[date]:
    mark = DayStarted.TYPE.encode()
    for record in found:
        if mark in record.value:  # decoding every fact would take long
            with suppress(UnreadableFactError):
                fact = decode(record.value)
                if isinstance(fact.data, DayStarted):
                    yield fact.data.day


def days_to_start(latest: date | None, today: date) -> Iterator[date]:
    """The days that are not noted yet, in order: all since the latest, or only today when there is none."""
    day = today if latest is None else latest + _DAY
    while day <= today:
        yield day
        day += _DAY


class DayClock:
    """Starts each day (UK time) once, those included that passed while nobody was there to note them."""

    def __init__(self, log: EventLog, now: Callable[[], datetime], latest: date | None) -> None:
        """`latest` is the day that is known to have started; `now` tells the time, with its zone."""
        self._log = log
        self._now = now
        self._latest = latest

    def catch_up(self) -> list[date]:
        """Note every day that has started by now; answer those that were noted.

        Raises:
            ClockError: When the clock is not set; then nothing was noted.
        """
        now = self._now()
        today = uk_day(now)
        if today.year not in YEARS:
            raise ClockError(f"the clock of this computer says that it is {today}; set it right and start again")
        started = list(days_to_start(self._latest, today))
        for day in started:
            start_day(self._log, day, now)
            self._latest = day
        return started


class DayKeeper:
    """The day clock of a worker: of several workers, the one that reads partition 0 keeps the days."""

    def __init__(
        self, log: EventLog, now: Callable[[], datetime], checkpoints: Callable[[], Mapping[int, Checkpoint]]
    ) -> None:
        """Look at the log only when days are to be kept; `checkpoints` tells how far the projections are."""
        self._log = log
        self._now = now
        self._checkpoints = checkpoints
        self._clock: DayClock | None = None

    def catch_up(self) -> list[date]:
        """Note every day that has started by now; answer those that were noted.

        Raises:
            ClockError: When the clock is not set; then nothing was noted.
        """
        if self._clock is None:
            latest = latest_day(self._log, self._checkpoints().get(0, Checkpoint()))
            self._clock = DayClock(self._log, self._now, latest)
        return self._clock.catch_up()

    def let_go(self) -> None:
        """Another worker keeps the days from now on; what was started meanwhile is looked up at the next call."""
        self._clock = None
