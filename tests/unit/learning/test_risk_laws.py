"""Laws of risk: a pure function of state, policy and day, equal to its definition, and lazy without loss."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.calendar import uk_day
from learning.events import Fact
from learning.facts import ParticipantErased
from learning.hindsight import as_known, happened_before
from learning.measures import Progress, measure, measured
from learning.plan import start_of
from learning.policy import FLAGGED, LEVELS, Policies, Rules, shipped_policies
from learning.progress import State, encode_state, fold, fold_all
from learning.risk import Assessment, Earlier, assess
from learning.signals import SIGNALS
from learning.view import View
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.risk_kit import DAY, RISKY, drawn_policies, risky_lives, trail_of

FIRST, LAST = date(2025, 9, 1), date(2026, 9, 15)
DAYS = st.dates(FIRST, LAST)
LOGGED = st.none() | st.dates(date(2025, 9, 1), date(2026, 6, 1))


@given(risky_lives(), drawn_policies(), DAYS, st.data())
def test_order_and_repetition_make_no_difference(
    facts: list[Fact], policies: Policies, day: date, data: st.DataObject
) -> None:
    """Whatever the order in which facts came, and however often each did, the assessment is the same."""
    again = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=6))]))

    assert assess(fold_all(again), RISKY, policies, day) == assess(fold_all(facts), RISKY, policies, day)


@given(risky_lives(), drawn_policies(), DAYS, st.data())
def test_when_a_fact_became_known_makes_no_difference_to_what_is_current(
    facts: list[Fact], policies: Policies, day: date, data: st.DataObject
) -> None:
    """A log on which days had started before the facts gives the assessment of a log without days."""
    state = State()
    for each in facts:
        fold(state, each, data.draw(LOGGED))

    assert assess(state, RISKY, policies, day) == assess(fold_all(facts), RISKY, policies, day)


@given(risky_lives(), drawn_policies(), DAYS, DAYS)
def test_asking_changes_nothing(facts: list[Fact], policies: Policies, day: date, other: date) -> None:
    """Assessing as of one day leaves the state as it was, and the answer for another day too."""
    state = fold_all(facts)
    before, answer = encode_state(state), assess(state, RISKY, policies, other)

    assess(state, RISKY, policies, day)

    assert encode_state(state) == before
    assert assess(state, RISKY, policies, other) == answer


@given(risky_lives(), drawn_policies(), DAYS)
def test_what_happens_on_the_day_or_later_is_looked_at_later(facts: list[Fact], policies: Policies, day: date) -> None:
    """Facts that happen on the day itself, or after it, change nothing of the answer but when to look again."""
    earlier = [each for each in facts if each.time < start_of(day)]

    found = assess(fold_all(facts), RISKY, policies, day)
    without = assess(fold_all(earlier), RISKY, policies, day)

    assert _without(found, "next_change") == _without(without, "next_change")


@given(risky_lives(), drawn_policies(), DAYS)
def test_a_measure_at_hand_makes_no_difference(facts: list[Fact], policies: Policies, day: date) -> None:
    """The measure that a caller has already only saves work."""
    state = fold_all(facts)

    now = measured(state, RISKY, day)

    assert assess(state, RISKY, policies, day, now=now) == assess(state, RISKY, policies, day)


@given(risky_lives(), drawn_policies(), DAYS)
def test_the_answer_is_what_the_definition_says(facts: list[Fact], policies: Policies, day: date) -> None:
    """Level, since and flagged since, found by looking at every single day, are those that the stretches give."""
    state = fold_all(facts)
    found = assess(state, RISKY, policies, day)

    plain = _plainly(state, policies, day)

    assert (found is None) is (plain is None)
    if found is not None and plain is not None:
        assert _Plain(LEVELS.index(found.level), found.since, found.flagged_since, found.comes_down) == plain


@given(risky_lives(), drawn_policies(), DAYS)
def test_the_level_is_the_sum_of_its_reasons(facts: list[Fact], policies: Policies, day: date) -> None:
    """The points of the reasons add up to the points, these to the level, and the weightiest reason comes first."""
    found = assess(fold_all(facts), RISKY, policies, day)
    if found is None:
        return
    rules = _rules(fold_all(facts), policies, day)
    points = [each.points for each in found.reasons]

    assert sum(points) == found.points
    assert points == sorted(points, reverse=True)
    assert all(each.figure >= each.threshold and each.sentence and each.remedy for each in found.reasons)
    assert LEVELS[rules.level(found.points)] == found.level


@given(risky_lives(), drawn_policies(), st.integers(0, 50))
def test_nothing_changes_before_the_day_it_is_said_to(facts: list[Fact], policies: Policies, begin: int) -> None:
    """Who looks again only on the days that the answers name has, on every day between, the answer of that day."""
    state = fold_all(facts)
    known: tuple[Assessment | None, Progress | None] = (None, None)
    until: date | None = FIRST + begin * 7 * DAY

    for day in _days(FIRST + begin * 7 * DAY, min(FIRST + (begin + 18) * 7 * DAY, LAST)):
        fresh = (assess(state, RISKY, policies, day), measure(state, RISKY, day))
        if (until is not None and day >= until) or fresh[0] is None:
            known, until = fresh, day + DAY if fresh[0] is None else fresh[0].next_change
            assert until is None or until > day
        assert _without(fresh[0], "as_of", "next_change") == _without(known[0], "as_of", "next_change")
        assert _without(fresh[1], "as_of") == _without(known[1], "as_of")


@given(risky_lives(), drawn_policies(), DAYS)
def test_a_level_comes_down_on_the_day_that_was_said(facts: list[Fact], policies: Policies, day: date) -> None:
    """When nothing else happens, the level is as high until then, and lower on that day; or it was raised again."""
    state = happened_before(fold_all(facts), day).state
    found = assess(state, RISKY, policies, day)
    if found is None or found.comes_down is None:
        return
    before, then = (assess(state, RISKY, policies, each) for each in (found.comes_down - DAY, found.comes_down))

    assert found.comes_down > day
    assert before is not None
    assert then is not None
    if (_plain_levels(state, policies, found.comes_down)[-1] or 0) < LEVELS.index(found.level):
        assert LEVELS.index(then.level) < LEVELS.index(found.level) or then.comes_down is not None
    assert before.level == found.level or before.points != found.points or before.level == "on-track"


@given(risky_lives(), drawn_policies(), DAYS, st.integers(0, 20))
def test_an_earlier_answer_only_saves_work(facts: list[Fact], policies: Policies, day: date, later: int) -> None:
    """What was said before, until it could change, spares looking further back and makes no difference."""
    state = fold_all(facts)
    before = assess(state, RISKY, policies, day)
    if before is None or before.next_change is None:
        return
    then = before.next_change + later * DAY
    earlier = Earlier(before.level, before.since, before.flagged_since, before.next_change - DAY)

    assert assess(state, RISKY, policies, then, earlier=earlier) == assess(state, RISKY, policies, then)


@pytest.mark.parametrize("seed", [15, 19, 27, 38])
def test_walking_through_the_days_gives_the_answer_of_each(seed: int, tmp_path: Path) -> None:
    """However facts contradict each other: looking by the answer before is as if nothing had been said."""
    curriculum, policies = own_programmes(tmp_path), shipped_policies()
    by_enrolment: dict[str, list[Fact]] = {}
    for each in lives(seed, 1_200, curriculum):
        by_enrolment.setdefault(each.subject, []).append(each)

    for facts in by_enrolment.values():
        state, earlier, due = fold_all(facts), None, LAST_DAY - 90 * DAY
        while due is not None and due < LAST_DAY + 30 * DAY:
            found = assess(state, curriculum, policies, due, earlier=earlier)
            assert found == assess(state, curriculum, policies, due)
            due = None if found is None else found.next_change
            if found is not None and due is not None:
                earlier = Earlier(found.level, found.since, found.flagged_since, due - DAY)


def _without(answer: msgspec.Struct | None, *names: str) -> dict[str, object] | None:
    if answer is None:
        return None
    return {name: value for name, value in msgspec.structs.asdict(answer).items() if name not in names}


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


class _Plain(NamedTuple):
    """An answer by the definition."""

    level: int
    since: date | None
    flagged_since: date | None
    comes_down: date | None


def _rules(state: State, policies: Policies, day: date) -> Rules:
    progress = measure(happened_before(state, day).state, RISKY, day)
    assert progress is not None
    return policies.on(day).rules(progress.standing.provider)


def _plain_levels(state: State, policies: Policies, day: date) -> list[int | None]:
    """What the points of each day alone amount to, from long before anything began up to `day`; None: a quiet day."""
    rules = _rules(state, policies, day)
    trail = trail_of(state, day, excused_days=rules.excused_days)
    first = min(trail.begins, FIRST) - 30 * DAY
    return [_alone(View(trail, each), rules) for each in _days(first, day)]


def _alone(view: View, rules: Rules) -> int | None:
    if view.quiet:
        return None
    points = 0
    for code, steps in rules.signals.items():
        figure = SIGNALS[code].figure(view) if SIGNALS[code].applies(view.trail) else None
        reached = [] if figure is None else [step for step in steps if step.threshold <= figure]
        points += max(reached, key=lambda step: step.threshold).points if reached else 0
    return rules.level(points)


def _plainly(state: State, policies: Policies, day: date) -> _Plain | None:
    """The definition: the highest level of the last days; since when it, and a flag, has held without a break."""
    past = happened_before(state, day).state
    progress = measure(past, RISKY, day)
    if progress is None:
        return None
    if progress.standing.status != "active":
        return _Plain(0, None, None, None)
    alone = _plain_levels(past, policies, day)
    hold = _rules(past, policies, day).hold_days
    held = [max(_awake(alone[max(0, end - hold + 1) : end + 1])) for end in range(len(alone))]
    level = held[-1]
    heights = [each or 0 for each in alone]
    last_reached = len(alone) - 1 - heights[::-1].index(level)
    return _Plain(
        level,
        _run(day, [each == level for each in held]) if level else None,
        _run(day, [each >= FLAGGED for each in held]) if level >= FLAGGED else None,
        None if heights[-1] == level else day - (len(alone) - 1 - last_reached - hold) * DAY,
    )


def _awake(levels: list[int | None]) -> list[int]:
    """The levels since the last quiet day; 0 on such a day itself."""
    since = [place for place, level in enumerate(levels) if level is None]
    awake = levels[since[-1] + 1 :] if since else levels
    return [0, *(level or 0 for level in awake)]


def _run(day: date, same: list[bool]) -> date:
    """The first day of those up to `day` that are the same without a break."""
    length = same[::-1].index(False)
    return day - (length - 1) * DAY


def _unless_erased(facts: list[Fact]) -> list[Fact]:
    """Without what erases, which holds of every day, also of those before it."""
    return [each for each in facts if not isinstance(each.data, ParticipantErased)]


@given(risky_lives(), DAYS)
def test_without_late_facts_as_known_is_what_had_happened(facts: list[Fact], day: date) -> None:
    """Where every fact was on the log by the end of its day, hindsight has nothing to add."""
    lived = _unless_erased(facts)
    state = fold_all(lived)
    known = State()
    for each in lived:
        fold(known, each, uk_day(each.time))

    assert encode_state(known) == encode_state(state)
    assert encode_state(as_known(state, day)) == encode_state(happened_before(state, day).state)


@st.composite
def _logs(draw: st.DrawFn) -> list[Fact | date]:
    """A log: facts and days that start, the days in order, and each fact anywhere, even before it happened."""
    days = sorted(draw(st.sets(DAYS, max_size=12)))
    log: list[Fact | date] = list(days)
    for each in _unless_erased(draw(risky_lives())):
        log.insert(draw(st.integers(0, len(log))), each)
    return log


@given(_logs(), st.data())
def test_what_was_known_is_what_stood_on_the_log(log: list[Fact | date], data: st.DataObject) -> None:
    """The state of the whole log, cut back to a day, is the state of what stood before that day and had happened."""
    day = data.draw(st.sampled_from([each for each in log if isinstance(each, date)] or [LAST]))
    whole, then = State(), State()
    started: date | None = None
    for each in log:
        if isinstance(each, date):
            started = each
            continue
        fold(whole, each, started)
        if (started is None or started < day) and each.time < start_of(day):
            fold(then, each, started)

    assert _cut(whole, day) == _cut(then, day)


def _cut(state: State, day: date) -> bytes:
    """The state as known on a day, encoded; of visits it keeps the days, so the hour of the last one is left out."""
    known = as_known(state, day)
    last = known.last_visit and start_of(uk_day(known.last_visit))
    return encode_state(msgspec.structs.replace(known, last_visit=last))
