"""The life of a flag: each stage is a fact with a named actor, and no flag ever changes a status by itself."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.events import Fact
from learning.facts import (
    AlertSent,
    AlertsMuted,
    AssessmentMarked,
    ContactMade,
    Data,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    Resumed,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.flags import RAISED, FlagLife, flag_life
from learning.measures import measure
from learning.policy import Policies
from learning.progress import fold_all
from learning.risk import assess
from tests.builders import at, enrolled, make
from tests.risk_kit import DAY, RISKY, assessed, drawn_policies, only, risky_lives

SINCE = at(20).date()
STEPS: list[tuple[Data, str, str | None]] = [
    (FlagAcknowledged(by="staff-1"), "acknowledged", "staff-1"),
    (ContactMade(channel="phone", outcome="reached", by="staff-2"), "contacted", "staff-2"),
    (ImprovementSeen(by="staff-3"), "improving", "staff-3"),
    (WithdrawalRecommended(reason="other", by="staff-4"), "withdrawal-recommended", "staff-4"),
    (WithdrawalObjected(reason="deferral-preferred", by="partner-1"), "withdrawal-objected", "partner-1"),
    (
        Withdrawn(reason="other", effective=date(2026, 1, 1), signed_off_by="partner-1"),
        "withdrawal-signed-off",
        "partner-1",
    ),
    (Deferred(reason="other", granted_by="provider-1"), "deferred", "provider-1"),
    (Deferred(reason="other"), "deferred", None),
]


def life(*facts: Fact) -> FlagLife:
    """Where a flag stands that was raised on the twentieth day."""
    return flag_life(fold_all(facts).life, SINCE)


def test_a_flag_that_nobody_has_touched_is_raised() -> None:
    """By the pipeline: nobody is named, and no time."""
    found = life(enrolled())

    assert (found, found.stage, found.since, found.by) == (RAISED, "raised", None, None)


@pytest.mark.parametrize(("step", "stage", "actor"), STEPS)
def test_each_step_has_its_stage_time_and_actor(step: Data, stage: str, actor: str | None) -> None:
    """What a person did, when, and who it was; only a deferral may come without a name."""
    assert life(enrolled(), make(step, at(25))) == FlagLife(stage=stage, since=at(25), by=actor)  # type: ignore[arg-type]  # a stage


def test_the_latest_step_counts() -> None:
    """Acknowledged, contacted, improving; contacted again afterwards is contacted."""
    facts = [make(step, at(21 + number)) for number, (step, _, _) in enumerate(STEPS[:3])]

    assert life(*facts).stage == "improving"
    assert life(*facts, make(STEPS[1][0], at(30))).stage == "contacted"
    assert life(*reversed(facts)) == life(*facts)


@pytest.mark.parametrize(
    ("when", "stage"),
    [
        (datetime(2025, 9, 27, 22, 59, tzinfo=UTC), "raised"),
        (datetime(2025, 9, 27, 23, 0, tzinfo=UTC), "contacted"),
        (datetime(2025, 9, 28, 9, 0, tzinfo=UTC), "contacted"),
    ],
)
def test_what_was_done_before_the_flag_was_not_about_it(when: datetime, stage: str) -> None:
    """The flag was raised on 28 September, which begins in the UK an hour before midnight UTC."""
    assert date(2025, 9, 28) == SINCE
    assert life(make(STEPS[1][0], when)).stage == stage


def test_what_is_no_step_leaves_a_flag_where_it_is() -> None:
    """A return, another enrolment, an alert that was sent or muted says nothing of what was done about the flag."""
    acknowledged = make(STEPS[0][0], at(21))
    sent = AlertSent(alert="e-1/2025-09-28", notice="msg_1", step="reminder", channel="email", to="contact-1")
    others = [make(Resumed(), at(22)), enrolled(at(23)), make(sent, at(24))]
    others.append(make(AlertsMuted(by="staff-2", until=date(2026, 1, 1)), at(25)))

    assert life(acknowledged, *others) == FlagLife(stage="acknowledged", since=at(21), by="staff-1")


def test_a_new_flag_begins_its_life_anew() -> None:
    """Contacted about the first flag; the second, raised after the first was cleared, is raised and no more."""
    state = fold_all([enrolled(), make(STEPS[1][0], at(12))])

    assert flag_life(state.life, at(12).date()).stage == "contacted"
    assert flag_life(state.life, at(13).date()) == RAISED


@given(risky_lives(), st.dates(date(2025, 9, 1), date(2026, 6, 1)))
def test_nothing_but_a_fact_with_an_actor_moves_a_flag(facts: list[Fact], since: date) -> None:
    """Every stage after raised is the stage of a fact, at its time, by who it names; only deferrals may name nobody."""
    found = flag_life(fold_all(facts).life, since)

    if found == RAISED:
        return
    assert found.by is not None or found.stage == "deferred"
    assert any(each.time == found.since and found.by in _actors(each.data) for each in facts)


def _actors(data: Any) -> set[str | None]:
    return {getattr(data, name) for name in ("by", "signed_off_by", "granted_by") if hasattr(data, name)}


BY_A_PERSON = Withdrawn | Deferred | AssessmentMarked


@given(risky_lives(), drawn_policies(), st.dates(date(2025, 9, 1), date(2028, 1, 1)))
def test_no_flag_leads_to_a_status_without_a_person(facts: list[Fact], policies: Policies, day: date) -> None:
    """Whatever the level and however many days pass: who was not signed off or granted stays active, or is done."""
    state = fold_all([each for each in facts if not isinstance(each.data, BY_A_PERSON)])

    assess(state, RISKY, policies, day)
    progress = measure(state, RISKY, day)

    assert progress is not None
    assert progress.standing.status in {"active", "completed"}
    assert progress.standing.status == "active" or progress.gate_reached


def test_a_critical_flag_stays_a_flag_for_years() -> None:
    """Nothing was ever done, a withdrawal recommended and not signed off: active and critical, ten years on."""
    recommended = make(WithdrawalRecommended(reason="other", by="staff-1"), at(60))
    state = fold_all([enrolled(), recommended])
    rules = only("behind", (1, 3))

    for years in range(1, 11):
        day = date(2025 + years, 9, 8)
        progress = measure(state, RISKY, day)
        assert progress is not None
        assert (progress.standing.status, progress.standing.withdrawal_recommended) == ("active", True)
        assert assessed(state, rules, day + DAY).level == "critical"
