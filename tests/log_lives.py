"""Lives of a few enrolments on a log of three partitions, as hypothesis draws them, and the tables they come to.

Facts of merged participants stand in several partitions. Everything that a decision can depend on happens: late, early,
corrected and repeated facts, days on which one partition is ahead of another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from learning.events import Fact, encode
from learning.facts import (
    ActivitySeen,
    AlertSent,
    AlertsMuted,
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentCompleted,
    ComponentReopened,
    ContactMade,
    DayStarted,
    DeferralRequested,
    Deferred,
    Enrolled,
    ExtenuatingCircumstancesGranted,
    FlagAcknowledged,
    ImprovementSeen,
    ParticipantErased,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.plan import start_of
from learning.policy import parse_policy, shipped_policies
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.schema import about, metadata
from projections.store import Store
from tests.builders import COMPONENTS, DATA, SMALL, START, enrolled, make

POLICY = """
version = "{version}"
in_force = {in_force}
hold_days = {hold_days}
excused_days = 9

[levels]
watch = 1
at-risk = {at_risk}
critical = 6

[signals]
never-started = [{{ from = 0, points = 3 }}]
silent = [{{ from = 0, points = 2 }}, {{ from = 2, points = 4 }}]
behind = [{{ from = 2, points = 1 }}, {{ from = 4, points = 3 }}]
pace-falling = [{{ from = 0.5, points = 2 }}]
sessions-missed = [{{ from = 1, points = 2 }}]
last-mark = [{{ from = 50, points = 2 }}]
window-open = [{{ within = 5, points = 3 }}]
deadline-near = [{{ within = 60, points = 3 }}]
"""
"""Every kind of signal, and low thresholds, so that levels change often."""

RULEBOOK = Rulebook(
    SMALL,
    shipped_policies().extended(
        parse_policy(POLICY.format(version=version, in_force=in_force, at_risk=at_risk, hold_days=hold), version)
        for version, in_force, at_risk, hold in (
            ("early", date(2020, 1, 1), 3, 3),
            ("later", date(2025, 11, 1), 4, 5),
        )
    ),
)

FIRST_DAY = date(2025, 9, 9)
PARTITIONS = 3
HOMES = {"e-1": (0,), "e-2": (1,), "e-3": (0, 1), "e-4": (2, 0), "e-5": (2, 1, 0)}
"""The partitions in which each enrolment has facts; of a merged participant they stand in several."""

Log = Sequence[Sequence[Fact]]
"""What stands on each partition, in order."""

_ENDS = {"reason": "other", "signed_off_by": "partner-1"}
_WEIGHTED = (
    *(st.builds(ComponentCompleted, component=st.sampled_from(COMPONENTS)),) * 4,
    *(st.builds(ActivitySeen),) * 3,
    st.builds(
        AttendanceRecorded,
        component=st.sampled_from(COMPONENTS[8:]),
        attendance=st.sampled_from(("attended", "absent", "caught-up")),
    ),
    st.builds(Deferred, reason=st.just("other")),
    st.builds(Resumed),
    st.builds(Transferred, partner=st.just("partner-2"), intake=st.sampled_from((None, "autumn", "spring"))),
    st.builds(FlagAcknowledged, by=st.just("staff-1")),
    st.builds(ExtenuatingCircumstancesGranted, attempt=st.just(1)),
    st.builds(AssessmentSubmitted, component=st.just("case-study"), score=st.sampled_from((None, 0.3, 0.9))),
    st.sampled_from(
        (
            AlertSent,
            AlertsMuted,
            AssessmentMarked,
            ComponentReopened,
            ContactMade,
            DeferralRequested,
            ImprovementSeen,
            WithdrawalObjected,
            WithdrawalRecommended,
        )
    ).flatmap(lambda kind: DATA[kind]),
)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Lives of five enrolments, three of them in several partitions: late, early, corrected and repeated facts."""
    random = draw(st.randoms(use_true_random=False))
    log: list[list[Fact]] = [[] for _ in range(PARTITIONS)]
    day = FIRST_DAY
    for enrolment, homes in HOMES.items():
        begins = start_of(day) - timedelta(days=draw(st.sampled_from((-20, 0, 1, 30))))
        log[homes[-1]].append(enrolled(begins, enrolment, f"p-{homes[-1]}"))
    for _ in range(draw(st.integers(2, 7))):
        for _ in range(draw(st.integers(0, 6))):
            fact = _fact(draw, day)
            homes = HOMES[fact.subject]
            log[draw(st.sampled_from(homes))].append(fact)
            if draw(st.integers(0, 5)) == 0:  # sent again, by somebody who knows the other participant id
                log[draw(st.sampled_from(homes))].append(fact)
        day += timedelta(days=draw(st.sampled_from((1, 1, 1, 2, 7, 30))))
        for partition in log:
            partition.insert(len(partition) - min(len(partition), random.choice((0, 0, 1))), started(day))
    return log


def _fact(draw: st.DrawFn, day: date) -> Fact:
    """Something that happened on the day, before it, or, by a clock that is ahead, after it."""
    enrolment = draw(st.sampled_from(sorted(HOMES)))
    on = day + timedelta(days=draw(st.sampled_from((0, 0, 0, -1, -2, -10, -30, 1, 3))))
    when = start_of(on) + timedelta(hours=draw(st.sampled_from((0, 9))))
    dates = st.integers(-5, 12).map(lambda days: on + timedelta(days=days))
    data = draw(
        st.one_of(
            *_WEIGHTED,
            st.builds(Withdrawn, effective=dates, **{name: st.just(value) for name, value in _ENDS.items()}),
            st.builds(AssessmentEntered, attempt=st.just(1), opens=dates, closes=dates),
            st.builds(ParticipantErased, by=st.just("staff-1")),
            st.builds(ParticipantMerged, retired=st.just("p-1"), into=st.sampled_from(("p-2", "p-3"))),
            st.builds(
                Enrolled,
                participant=st.just("p-1"),
                programme=st.just("small/course"),
                intake=st.just("autumn"),
                provider=st.just("provider-1"),
                partner=st.just("partner-3"),
            ),
        )
    )
    return make(data, when, enrolment, recordedtime=when + timedelta(days=draw(st.sampled_from((0, 2)))))


def started(day: date) -> Fact:
    """A day that starts."""
    return make(DayStarted(day=day), start_of(day), enrolment="calendar")


Run = tuple[int, int]
"""A partition, and up to which offset it is read."""


@contextmanager
def projected(log: Log, runs: Iterable[Run]) -> Iterator[Store]:
    """The projections of a log that was read in these runs."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "store.db") as store:
        for _ in read(store, log, runs):
            pass
        yield store


def read(store: Store, log: Log, runs: Iterable[Run]) -> Iterator[list[int]]:
    """Read a log in these runs; after each, up to where each partition has been read."""
    offsets = [0] * len(log)
    projector = Projector(store, RULEBOOK, park=_refuse, now=lambda: START)
    for partition, end in runs:
        some = log[partition][offsets[partition] : end]
        records = [(offset, encode(fact)) for offset, fact in enumerate(some, offsets[partition])]
        projector.apply(partition, records, b"head")
        offsets[partition] = max(end, offsets[partition])
        yield list(offsets)


def _refuse(rejects: object) -> None:
    raise AssertionError(rejects)


def tables(log: Log, runs: Iterable[Run]) -> Mapping[str, list[dict[str, Any]]]:
    """Every row of every table after these runs, by the table's name."""
    with projected(log, runs) as store:
        return rows(store)


def rows(store: Store) -> Mapping[str, list[dict[str, Any]]]:
    """Every row of every table of a store, by the table's name; but not when a row was written."""
    with store.connect() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name != "updated_at"}
                for row in connection.execute(table.select().order_by(*table.primary_key.columns)).mappings()
            ]
            for table in metadata.sorted_tables
            if table is not about
        }


def replayed(ends: Sequence[int]) -> list[Run]:
    """One partition after the other, each in one run, as a rebuild reads them."""
    return [(partition, end) for partition, end in enumerate(ends) if end]


def live(log: Log, ends: Sequence[int], random: Random, longest: int = 5) -> list[Run]:
    """The partitions in turns, each a few records at a time, as a worker may read them."""
    at, runs = [0] * len(log), []
    while open_ones := [partition for partition, end in enumerate(ends) if at[partition] < end]:
        partition = random.choice(open_ones)
        at[partition] = min(ends[partition], at[partition] + random.randint(1, longest))
        runs.append((partition, at[partition]))
    return runs


def everything(log: Log) -> list[int]:
    """The end of each partition."""
    return [len(partition) for partition in log]
