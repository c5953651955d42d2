"""What tests of risk need: policies of one signal, courses with due days and with DfE's milestones, one short question.

The strategies draw policies over all signals, and lives on every kind of course, with ends that lie in the future.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import AssessmentEntered, Enrolled, Transferred, Withdrawn
from learning.measures import measured
from learning.milestones import shipped_milestones
from learning.policy import COUNTDOWNS, SIGNALS, Level, Levels, Policies, Policy, Rules, SignalCode, Step
from learning.progress import State, fold_all
from learning.risk import Assessment, Reason, assess
from learning.trail import Trail
from tests.builders import COMPONENTS, SMALL_FILE, START, TIMES, completed, enrolled, facts_of_an_enrolment, make
from tests.courses import COURSES, PROGRAMMES

DAY = timedelta(days=1)
LONG_AGO = date(2000, 1, 1)

_DAYS = SMALL_FILE.replace("weeks = [1, 2, 3, 4, 5, 6, 7, 8]", "days = [3, 9, 17, 40, 41, 75, 110, 150]").replace(
    "weeks = [4, 8]", "days = [24, 125]"
)
"""Due on days of any weekday with wide gaps, as in an outside presentation."""

_DFE = (
    SMALL_FILE.replace('title = "A small course"', 'title = "A small course"\ncourse = "npq-senior-leadership"')
    .replace('id = "autumn"', 'id = "2024-autumn"')
    .replace('id = "spring"', 'id = "2025-spring"')
)
"""A small course at the time of the small course, for which DfE's milestones of two earlier intakes hold."""

RISKY: Curriculum = COURSES.extended([parse(_DAYS, "days"), parse(_DFE, "dfe")])
RISKY_PROGRAMMES = (*PROGRAMMES, "days/course", "dfe/course")
_DFE_INTAKES = {"autumn": "2024-autumn", "spring": "2025-spring"}


AMBITION = "ambition-2024/npqlt"
"""A shipped programme in school terms."""


def small_from(start: date, months: int = 6) -> Curriculum:
    """The small course alone, as `own/course`, with its autumn intake on a day of one's own."""
    text = SMALL_FILE.replace("start = 2025-09-08", f"start = {start}").replace("months = 6", f"months = {months}")
    return Curriculum.shipped().extended([parse(text.replace("week = 20", f"week = {months * 4}"), "own")])


def steps(code: SignalCode, *reached: tuple[float, int]) -> tuple[Step, ...]:
    """Steps of a signal, each from a figure (for a countdown: days that are left) on worth some points."""
    return tuple(
        Step(points=points, within=int(at)) if code in COUNTDOWNS else Step(points=points, at=at)
        for at, points in reached
    )


def rules_of(*, hold_days: int = 1, excused_days: int = 0, **signals: tuple[Step, ...]) -> Rules:
    """Rules whose levels hold from 1, 2 and 3 points; signals by their code with underscores."""
    named: Any = {code.replace("_", "-"): each for code, each in signals.items()}
    return Rules("test", hold_days, excused_days, Levels(watch=1, at_risk=2, critical=3), named)


def policies_of(rules: Rules, **providers: Rules) -> Policies:
    """These rules, from ever on; others for some lead providers, by id with underscores."""
    own = {provider.replace("_", "-"): each for provider, each in providers.items()}
    return Policies((Policy(rules.version, LONG_AGO, rules, own),))


def only(code: SignalCode, *reached: tuple[float, int], hold_days: int = 1, excused_days: int = 0) -> Policies:
    """Rules with a single signal, worth 2 points (at risk) whatever its figure, unless its steps are given."""
    everything = ((366, 2),) if code in COUNTDOWNS else ((0, 2),)
    signals = {code: steps(code, *(reached or everything))}
    return policies_of(
        msgspec.structs.replace(rules_of(hold_days=hold_days, excused_days=excused_days), signals=signals)
    )


def assessed(
    facts: Iterable[Fact] | State, policies: Policies, day: date, curriculum: Curriculum = RISKY
) -> Assessment:
    """The assessment of somebody of whom these facts are known."""
    state = facts if isinstance(facts, State) else fold_all(facts)
    found = assess(state, curriculum, policies, day)
    assert found is not None
    return found


def reason(facts: Iterable[Fact], code: SignalCode, day: date, curriculum: Curriculum = RISKY) -> Reason | None:
    """The reason that a signal gives as a day begins, whatever its figure; None when it says nothing."""
    found = assessed(facts, only(code), day, curriculum).reasons
    return found[0] if found else None


def figure(facts: Iterable[Fact], code: SignalCode, day: date, curriculum: Curriculum = RISKY) -> float | None:
    """The figure that a signal measures as a day begins, to the steps that are there; None when it says nothing."""
    found = reason(facts, code, day, curriculum)
    return None if found is None else found.figure


def points(facts: Iterable[Fact], policies: Policies, day: date, curriculum: Curriculum = RISKY) -> int:
    """The points as a day begins."""
    return assessed(facts, policies, day, curriculum).points


def level(facts: Iterable[Fact], policies: Policies, day: date, curriculum: Curriculum = RISKY) -> Level:
    """The level as a day begins."""
    return assessed(facts, policies, day, curriculum).level


def trail_of(facts: Iterable[Fact] | State, day: date, curriculum: Curriculum = RISKY, excused_days: int = 0) -> Trail:
    """The trail of what is in a state, as `assess` lays it out for a day."""
    state = facts if isinstance(facts, State) else fold_all(facts)
    now = measured(state, curriculum, day)
    assert now is not None
    table = shipped_milestones().known_on(day)
    course = now.plan.programme.course
    due = () if table is None or course is None else table.of_course(now.progress.standing.intake, course)
    return Trail(state, now, due, excused_days)


_FIGURES: dict[SignalCode, tuple[float, ...]] = {
    "never-started": (0, 1, 3, 8),
    "silent": (0, 1, 2, 6),
    "work-missing": (0.02, 0.1, 0.3),
    "behind": (1, 2, 5),
    "pace-falling": (0.05, 0.5, 0.9),
    "sessions-missed": (1, 2),
    "sessions-missed-lately": (1, 2),
    "last-mark": (40, 60),
    "low-marks": (1, 2),
    "gate-out-of-reach": (1, 1.5, 3, 99),
    "milestone-near": (90, 28, 14, 1, 0),
    "window-open": (60, 8, 3, 0),
    "deadline-near": (90, 56, 28, 6, 3, 0),
}
"""Figures from which a step can hold, in the order in which they are reached."""


@st.composite
def _rules(draw: st.DrawFn) -> Rules:
    watch, at_risk, critical = sorted(draw(st.sets(st.integers(1, 9), min_size=3, max_size=3)))
    codes = draw(st.sets(st.sampled_from(SIGNALS), min_size=1, max_size=5))
    signals = {}
    for code in sorted(codes):
        places = sorted(draw(st.sets(st.sampled_from(range(len(_FIGURES[code]))), min_size=1, max_size=3)))
        signals[code] = steps(code, *((_FIGURES[code][place], draw(st.integers(0, 6))) for place in places))
    levels = Levels(watch=watch, at_risk=at_risk, critical=critical)
    return Rules("drawn", draw(st.integers(1, 9)), draw(st.sampled_from((0, 10, 28))), levels, signals)


@st.composite
def drawn_policies(draw: st.DrawFn) -> Policies:
    """One policy over some of the signals, perhaps with other rules for the second lead provider."""
    own = {"provider-2": draw(_rules())} if draw(st.booleans()) else {}
    return Policies((Policy("drawn", LONG_AGO, draw(_rules()), own),))


_SOON = st.dates(date(2025, 9, 1), date(2026, 8, 1))


@st.composite
def risky_lives(draw: st.DrawFn) -> list[Fact]:
    """An enrolment on any kind of course, perhaps late: facts of any type, windows, ends with a day of their own."""
    programme = draw(st.sampled_from(RISKY_PROGRAMMES))
    facts = draw(facts_of_an_enrolment())
    for _ in range(draw(st.integers(0, 2))):
        opens = draw(_SOON)
        window = AssessmentEntered(attempt=draw(st.integers(1, 2)), opens=opens, closes=opens + 7 * DAY)
        facts.append(make(window, draw(TIMES)))
    if draw(st.booleans()):
        end = Withdrawn(reason="other", effective=draw(_SOON), signed_off_by="partner-1")
        facts.append(make(end, draw(TIMES)))
    if draw(st.booleans()):
        facts.append(make(Transferred(provider=draw(st.sampled_from(("provider-1", "provider-2")))), draw(TIMES)))
    left_out = draw(st.sets(st.sampled_from(COMPONENTS), max_size=5)) if draw(st.booleans()) else set(COMPONENTS)
    facts.extend(completed(component, draw(TIMES)) for component in COMPONENTS if component not in left_out)
    facts.append(enrolled(draw(st.sampled_from((START, START, START + 60 * DAY)))))
    return [_on(programme, each) for each in draw(st.permutations(facts))]


def _on(programme: str, fact: Fact) -> Fact:
    """The fact, if it says where somebody is enrolled, of the programme."""
    data: Any = fact.data
    if not isinstance(data, Enrolled | Transferred):
        return fact
    if isinstance(data, Enrolled):
        data = msgspec.structs.replace(data, programme=programme)
    if programme == "dfe/course":
        data = msgspec.structs.replace(data, intake=_DFE_INTAKES.get(data.intake, data.intake))
    return msgspec.structs.replace(fact, data=data)
