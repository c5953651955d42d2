"""What many tests need: facts with sensible defaults, strategies over all of them, and a small programme."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, get_args

from hypothesis import strategies as st

from learning.catalogue import parse
from learning.codes import DeferralReason, ScheduleIdentifier, WithdrawalReason
from learning.curriculum import Curriculum
from learning.events import Fact, fact
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
    Data,
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

START = datetime(2025, 9, 8, 9, tzinfo=UTC)
"""The Monday on which the small programme's intake begins."""

SMALL_FILE = """
provider = "Provider 1"
generation = "2025"
calendar = "continuous"

[completion]
threshold = 0.9

[assessment]
attempts = 2
window_days = 8

[[programme]]
code = "course"
title = "A small course"
months = 6
components = [
  { kind = "module", weeks = [1, 2, 3, 4, 5, 6, 7, 8] },
  { kind = "clinic", weeks = [4, 8] },
  { kind = "case-study", week = 20, counts = false },
]

[[intake]]
id = "autumn"
title = "Autumn 2025"
start = 2025-09-08
cohort = "2025b"

[[intake]]
id = "spring"
title = "Spring 2026"
start = 2026-01-05
"""
"""Ten components that count, due in the first eight of 26 weeks without holidays; the deadline is 7 March 2026."""

COMPONENTS = (*(f"module-{number}" for number in range(1, 9)), "clinic-1", "clinic-2")

SMALL = Curriculum.shipped().extended([parse(SMALL_FILE, "small")])

_numbers = count()


def at(days: float, hours: float = 0) -> datetime:
    """So many days and hours after the intake begins."""
    return START + timedelta(days=days, hours=hours)


def make(data: Data, time: datetime = START, enrolment: str = "e-1", participant: str = "p-1", **envelope: Any) -> Fact:
    """A fact with an id of its own."""
    given = {"id": f"{next(_numbers):08}", "source": "/tests", "subject": enrolment, "partitionkey": participant}
    return fact(data, **{**given, "time": time, **envelope})


def enrolled(time: datetime = START, enrolment: str = "e-1", participant: str = "p-1", **data: Any) -> Fact:
    """An enrolment on the small course."""
    given = {"programme": "small/course", "intake": "autumn", "provider": "provider-1", "partner": "partner-1"}
    return make(Enrolled(participant=participant, **{**given, **data}), time, enrolment, participant)


def completed(component: str, time: datetime = START, **envelope: Any) -> Fact:
    """A component that was finished."""
    return make(ComponentCompleted(component=component), time, **envelope)


_COMPONENT = st.sampled_from((*COMPONENTS[:3], "clinic-1", "not-in-the-programme"))
_PARTY = st.sampled_from(("partner-1", "partner-2"))
_PERSON = st.sampled_from(("p-1", "p-2", "p-3"))
_ATTEMPT = st.integers(1, 2)
_DATE = st.dates(date(2025, 9, 1), date(2026, 4, 1))
_REASON = st.sampled_from(get_args(WithdrawalReason))
_PAUSE = st.sampled_from(get_args(DeferralReason))

DATA: dict[type[Data], st.SearchStrategy[Any]] = {
    Enrolled: st.builds(
        Enrolled,
        participant=_PERSON,
        programme=st.just("small/course"),
        intake=st.sampled_from(("autumn", "spring")),
        provider=st.just("provider-1"),
        partner=_PARTY,
        cohort=st.sampled_from((None, "2025b")),
        schedule=st.sampled_from((None, *get_args(ScheduleIdentifier)[:2])),
    ),
    ComponentCompleted: st.builds(ComponentCompleted, component=_COMPONENT),
    AttendanceRecorded: st.builds(AttendanceRecorded, component=_COMPONENT),
    ComponentReopened: st.builds(ComponentReopened, component=_COMPONENT),
    ActivitySeen: st.builds(ActivitySeen, resource=st.none(), clicks=st.none() | st.integers(0, 9)),
    AssessmentEntered: st.builds(AssessmentEntered, attempt=_ATTEMPT, opens=_DATE, closes=_DATE),
    AssessmentSubmitted: st.builds(
        AssessmentSubmitted, component=st.just("case-study"), attempt=_ATTEMPT, score=st.none() | st.just(0.5)
    ),
    AssessmentMarked: st.builds(AssessmentMarked, attempt=_ATTEMPT),
    ExtenuatingCircumstancesGranted: st.builds(ExtenuatingCircumstancesGranted, attempt=_ATTEMPT),
    DeferralRequested: st.builds(DeferralRequested, reason=_PAUSE),
    Deferred: st.builds(Deferred, reason=_PAUSE, expected_return=st.none() | _DATE),
    Resumed: st.builds(Resumed),
    WithdrawalRecommended: st.builds(WithdrawalRecommended, reason=_REASON, by=st.just("staff-1")),
    Withdrawn: st.builds(Withdrawn, reason=_REASON, effective=_DATE, signed_off_by=_PARTY),
    Transferred: st.builds(Transferred, partner=_PARTY, intake=st.sampled_from((None, "autumn", "spring"))),
    ParticipantMerged: st.builds(ParticipantMerged, retired=_PERSON, into=_PERSON),
    ContactMade: st.builds(ContactMade, by=st.just("staff-1")),
    FlagAcknowledged: st.builds(FlagAcknowledged, by=st.just("staff-1")),
    ImprovementSeen: st.builds(ImprovementSeen, by=st.just("staff-1")),
    WithdrawalObjected: st.builds(WithdrawalObjected, by=st.just("staff-2")),
    AlertSent: st.builds(
        AlertSent,
        alert=st.just("e-1/2025-10-06"),
        notice=st.just("msg_1"),
        to=st.sampled_from(("contact-1", "endpoint-1")),
    ),
    AlertsMuted: st.builds(AlertsMuted, by=st.just("staff-1"), until=_DATE),
    ParticipantErased: st.builds(ParticipantErased, by=st.just("staff-1")),
}
"""For each type of fact about an enrolment, a strategy for what it says."""

TIMES = st.integers(0, 40).map(lambda steps: at(steps * 5, steps % 3 * 5))
"""Few enough that facts often happen at the same moment."""


@st.composite
def facts_of_an_enrolment(draw: st.DrawFn, max_size: int = 14) -> list[Fact]:
    """Facts of any type about one enrolment, corrections and merges included, recorded at once or late."""
    chosen = draw(st.lists(st.one_of(*DATA.values()), max_size=max_size))
    made = []
    for number, data in enumerate(chosen):
        time = draw(TIMES)
        late = timedelta(days=draw(st.sampled_from((0, 0, 3, 40))))
        made.append(make(data, time, id=f"{number:04}", recordedtime=time + late))
    return made
