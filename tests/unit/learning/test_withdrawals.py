"""How a withdrawal came about, and that nothing but a sign-off with an actor ever ends an enrolment."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from learning.events import Fact
from learning.facts import (
    AlertSent,
    AlertsMuted,
    Resumed,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.measures import measure
from learning.policy import Policies
from learning.progress import State, fold_all
from learning.risk import assess
from learning.standing import standing
from learning.withdrawals import WithdrawalCase, withdrawal
from tests.builders import DATA, TIMES, at, enrolled, facts_of_an_enrolment, make
from tests.risk_kit import RISKY, drawn_policies, risky_lives

LATER = date(2026, 9, 1)
RECOMMENDED = make(WithdrawalRecommended(reason="disengaged-and-unresponsive", by="staff-1"), at(40))
OBJECTED = make(WithdrawalObjected(reason="deferral-preferred", by="adviser-2"), at(43))
LEFT = make(Withdrawn(reason="change-in-career", effective=date(2025, 11, 1), signed_off_by="lead-3"), at(45))

TALK = (AlertSent, AlertsMuted, WithdrawalRecommended, WithdrawalObjected)
"""What is said about an enrolment and changes nothing in it."""


def case(*facts: Fact) -> WithdrawalCase | None:
    """The withdrawal of somebody of whom these facts are known."""
    return withdrawal(fold_all([enrolled(), *facts]).life)


def test_without_a_word_there_is_no_withdrawal() -> None:
    """Whoever only studies has none."""
    assert case() is None


def test_a_recommendation_waits_for_its_answer() -> None:
    """With DfE's reason, who recommended it and when; nobody has answered."""
    assert case(RECOMMENDED) == WithdrawalCase(
        state="recommended",
        reason="disengaged-and-unresponsive",
        recommended_at=at(40),
        recommended_by="staff-1",
    )


def test_an_objection_keeps_what_it_answers() -> None:
    """Why the partner objected stands beside what was recommended."""
    assert case(RECOMMENDED, OBJECTED) == WithdrawalCase(
        state="objected",
        reason="disengaged-and-unresponsive",
        recommended_at=at(40),
        recommended_by="staff-1",
        answered_at=at(43),
        answered_by="adviser-2",
        objection="deferral-preferred",
    )


def test_a_sign_off_has_its_own_reason_and_day() -> None:
    """The partner's reason counts, also after an objection; the recommendation stays to be seen."""
    expected = WithdrawalCase(
        state="signed-off",
        reason="change-in-career",
        recommended_at=at(40),
        recommended_by="staff-1",
        answered_at=at(45),
        answered_by="lead-3",
        effective=date(2025, 11, 1),
    )

    assert case(RECOMMENDED, LEFT) == case(RECOMMENDED, OBJECTED, LEFT) == expected


def test_a_partner_may_sign_off_without_a_recommendation() -> None:
    """Then nobody recommended it."""
    found = case(LEFT)

    assert found is not None
    assert (found.state, found.recommended_at, found.recommended_by) == ("signed-off", None, None)


def test_a_second_sign_off_corrects_the_first() -> None:
    """The last reason and effective day count."""
    again = make(Withdrawn(reason="other", effective=date(2025, 10, 1), signed_off_by="lead-3"), at(46))
    found = case(RECOMMENDED, LEFT, again)

    assert found is not None
    assert (found.reason, found.effective, found.recommended_at) == ("other", date(2025, 10, 1), at(40))


def test_a_new_recommendation_begins_anew() -> None:
    """What was answered before is no answer to it."""
    again = make(WithdrawalRecommended(reason="other", by="staff-9"), at(60))
    alone = WithdrawalCase(state="recommended", reason="other", recommended_at=at(60), recommended_by="staff-9")

    assert case(RECOMMENDED, OBJECTED, again) == alone


def test_a_return_ends_it() -> None:
    """Who is back has no withdrawal to speak of."""
    assert case(RECOMMENDED, LEFT, make(Resumed(), at(60))) is None


@given(facts_of_an_enrolment(), st.dates(date(2025, 9, 1), date(2026, 6, 1)))
def test_it_stands_as_the_standing_says(facts: list[Fact], day: date) -> None:
    """State and moment are those by which lists are made; of any facts, in any order."""
    state = fold_all([enrolled(), *facts])
    now, found = standing(state, day), withdrawal(state.life)

    assert now is not None
    assert (now.withdrawal, now.withdrawal_at) == ((found.state, found.said_at) if found else (None, None))


@given(risky_lives(), st.data())
def test_talk_changes_nothing(facts: list[Fact], drawn: st.DataObject) -> None:
    """Alerts sent or muted, recommendations and objections, whenever and how many: what is measured stays the same.

    The status, its day and its reason, the progress, and the risk with its reasons are those of a life without them.
    """
    talk = [
        make(drawn.draw(DATA[kind]), drawn.draw(TIMES)) for kind in TALK for _ in range(drawn.draw(st.integers(0, 2)))
    ]
    policies, day = drawn.draw(drawn_policies()), drawn.draw(st.dates(date(2025, 9, 1), date(2027, 1, 1)))
    plain = fold_all(each for each in facts if not isinstance(each.data, TALK))
    told = fold_all([*(each for each in facts if not isinstance(each.data, TALK)), *talk])

    assert _without_talk(measure(told, RISKY, day)) == _without_talk(measure(plain, RISKY, day))
    assert _judged(told, policies, day) == _judged(plain, policies, day)


def _judged(state: State, policies: Policies, day: date) -> Any:
    """All but the day on which to look again, which any fact may bring forward."""
    found = assess(state, RISKY, policies, day)
    return found and replace(found, next_change=day)


def _without_talk(progress: Any) -> Any:
    assert progress is not None
    now = progress.standing
    now.withdrawal = now.withdrawal_at = now.muted_until = None
    return progress


@given(facts_of_an_enrolment(max_size=20), st.dates(date(2025, 9, 1), date(2027, 1, 1)))
def test_only_a_sign_off_with_an_actor_ends_an_enrolment(facts: list[Fact], day: date) -> None:
    """Whoever counts as withdrawn was signed off by somebody who is named, effective by that day, for that reason."""
    now = standing(fold_all([enrolled(), *facts]), day)

    assert now is not None
    if now.status == "withdrawn":
        signed: list[Any] = [each.data for each in facts if isinstance(each.data, Withdrawn)]
        assert any(each.signed_off_by and (each.effective, each.reason) == (now.since, now.reason) for each in signed)
        assert now.since is not None
        assert now.since <= day
    without = [each for each in facts if not isinstance(each.data, Withdrawn)]
    stays = standing(fold_all([enrolled(), *without]), day)
    assert stays is not None
    assert stays.status != "withdrawn"


def test_a_recommendation_waits_for_years() -> None:
    """Reminded of again and again and answered by nobody: active, and recommended, ten years on."""
    reminders = [
        make(AlertSent(alert="e-1/w", notice=f"msg_{n}", step="reminder", channel="email", to="contact-1"), at(50 + n))
        for n in range(30)
    ]
    state = fold_all([enrolled(), RECOMMENDED, *reminders])

    for year in range(2026, 2036):
        now = standing(state, date(year, 1, 1))
        assert now is not None
        assert (now.status, now.withdrawal, now.withdrawal_at) == ("active", "recommended", at(40))
