"""Laws of what is current: whatever facts come in between two days, the rows are what the whole log amounts to.

After every run each row is worked out again from scratch, straight from the log, so no short cut of a run can hide.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from learning.changes import NOTHING_DECIDED
from learning.erased_risk import as_erased
from learning.facts import (
    ActivitySeen,
    AttendanceRecorded,
    ComponentCompleted,
    ComponentReopened,
    ContactMade,
    DayStarted,
    FlagAcknowledged,
    ImprovementSeen,
    WithdrawalObjected,
    WithdrawalRecommended,
)
from learning.flags import flag_life
from learning.measures import measure
from learning.plan import start_of
from learning.progress import State, fold
from learning.risk import Assessment, assess
from projections import enrolment_progress, enrolment_risk
from projections.store import Store
from tests.builders import DATA, START, at, enrolled, make
from tests.log_lives import FIRST_DAY, RULEBOOK, Log, everything, live, logs, read, rows, started

_ENROLMENTS: Final = ("e-1", "e-2", "e-3")
_USUAL: Final = (ActivitySeen, AttendanceRecorded, ComponentCompleted, ComponentReopened)
"""What the day on which it happens leaves to the next assessment, as nearly everything that comes in does."""

_DONE: Final = (ContactMade, FlagAcknowledged, ImprovementSeen, WithdrawalRecommended, WithdrawalObjected)
"""What is done about a flag, which counts at once."""

_BESIDES: Final = ("next_look", "decided_level", "decided_signals")
"""What stands in the register beside what is current."""


class Known(NamedTuple):
    """What the log says of an enrolment, as far as it was read."""

    enrolment: str
    state: State
    day: date | None
    """The latest day that has started at its home."""

    @property
    def assessment(self) -> Assessment | None:
        """Its risk as the day begins."""
        found = None if self.day is None else assess(self.state, *RULEBOOK, self.day)
        return found if found is None or self.state.erased is None else as_erased(self.state, found, *RULEBOOK)


@st.composite
def busy_days(draw: st.DrawFn) -> Log:
    """Days on each of which much happens to a few, all in one partition: most of it usual, most of it on the day."""
    facts = [enrolled(at(-20), each, partner="partner-1") for each in _ENROLMENTS]
    day = FIRST_DAY
    for _ in range(draw(st.integers(2, 5))):
        day += timedelta(days=draw(st.sampled_from((1, 1, 3, 7, 14))))
        facts.append(started(day))
        for _ in range(draw(st.integers(2, 7))):
            data = draw(st.sampled_from((*_USUAL * 3, *_DONE * 2, *DATA)).flatmap(lambda kind: DATA[kind]))
            on = day + timedelta(days=draw(st.sampled_from((0, 0, 0, -1, -4, -15, 1))))
            when = start_of(on) + timedelta(hours=draw(st.sampled_from((0, 9))))
            facts.append(make(data, when, draw(st.sampled_from(_ENROLMENTS))))
    return [facts]


@given(busy_days() | logs(), st.randoms(use_true_random=False))
def test_the_register_says_what_an_assessment_of_the_log_says(log: Log, random: Random) -> None:
    """All that is said is as of the latest day, and the next look comes as soon as anything can change by itself."""
    for known, store in _moments(log, random):
        found = rows(store)["enrolment_risk"]
        expected = [(each, assessment) for each in known if (assessment := each.assessment) is not None]

        assert [_without(row, *_BESIDES) for row in found] == [_risk_row(*each) for each in expected]
        for row, (_, assessment) in zip(found, expected, strict=True):
            assert assessment.as_of < (row["next_look"] or date.max) <= (assessment.next_change or date.max)


@given(busy_days() | logs(), st.randoms(use_true_random=False))
def test_measures_are_those_of_the_log(log: Log, random: Random) -> None:
    """Every column of the progress is what the facts amount to on the latest day, and the level is the register's."""
    for known, store in _moments(log, random):
        assert rows(store)["enrolment_progress"] == [row for each in known if (row := _progress_row(each)) is not None]


def _moments(log: Log, random: Random) -> Iterator[tuple[list[Known], Store]]:
    """After each run: what is known by then, and the store."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "store.db") as store:
        for ends in read(store, log, live(log, everything(log), random)):
            yield list(_known(log, ends)), store


def _known(log: Log, ends: Sequence[int]) -> Iterator[Known]:
    """What is known of each enrolment of which anything was read, by id."""
    for enrolment in sorted({fact.subject for facts in log for fact in facts}):
        state, days = State(), dict[int, date | None]()
        for partition, facts in enumerate(log):
            latest: date | None = None
            for fact in facts[: ends[partition]]:
                if isinstance(fact.data, DayStarted):
                    latest = max(latest or date.min, fact.data.day)
                elif fact.subject == enrolment:
                    fold(state, fact, latest)
                    days[partition] = None
            if partition in days:
                days[partition] = latest
        if days:
            yield Known(enrolment, state, days[min(days)])


def _risk_row(known: Known, assessment: Assessment) -> dict[str, Any]:
    since = assessment.flagged_since if known.state.erased is None else None
    flag = None if since is None else flag_life(known.state.life, since)
    return _without(enrolment_risk.row(known.enrolment, assessment, flag, NOTHING_DECIDED), *_BESIDES)


def _progress_row(known: Known) -> dict[str, Any] | None:
    progress = measure(known.state, RULEBOOK.curriculum, known.day)
    if progress is None:
        return None
    level = known.assessment.level if known.assessment else None
    return _without(enrolment_progress.row(known.enrolment, progress, level, START), "updated_at")


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
