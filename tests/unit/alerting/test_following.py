"""Following: an alert stands where its enrolment stands, by what people did, and withdrawals become alerts."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from alerting.following import followed, of_withdrawal
from alerting.model import Alert
from alerting.policy import DEFAULT_POLICY
from tests.alert_kit import MONDAY, alert, current, monday

DAY = timedelta(days=1)


def after(given: Alert, *, flagged: bool = True, days: int = 1, **values: Any) -> Alert:
    """The alert so many days after Monday, when its enrolment stands so."""
    return followed(given, current(given.enrolment, **values), monday(days), flagged=flagged)


def test_an_alert_of_which_nothing_happened_stays_as_it_is() -> None:
    """Not written again, so that a turn in which nothing happened writes nothing."""
    for state in ("waiting", "held-back", "told"):
        given = alert(state=state)
        assert after(given) == given


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("acknowledged", "acknowledged"),
        ("contacted", "contacted"),
        ("improving", "contacted"),
        ("withdrawal-recommended", "contacted"),
        ("withdrawal-objected", "contacted"),
    ],
)
def test_what_people_did_about_a_flag_is_the_state_of_its_alert(stage: str, state: str) -> None:
    """Since they were noted to have done it."""
    answered = after(alert(state="told"), stage=stage, stage_since=monday())

    assert (answered.state, answered.state_since) == (state, monday(1))


def test_an_answer_from_before_the_flag_was_critical_does_not_count() -> None:
    """Acknowledged on Monday, critical on Tuesday: it is open until somebody answers again."""
    risen = alert(state="told", level="critical", risen_on=MONDAY + DAY)

    assert after(risen, stage="acknowledged", stage_since=monday()).state == "told"
    assert after(risen, stage="acknowledged", stage_since=monday(1)).state == "acknowledged"


@pytest.mark.parametrize("status", ["withdrawn", "deferred", "completed"])
def test_a_flag_of_somebody_who_does_not_study_any_more_is_resolved(status: str) -> None:
    """On the day on which that is known."""
    resolved = after(alert(state="told"), status=status)

    assert (resolved.state, resolved.resolved_on) == ("resolved", MONDAY + DAY)


def test_a_flag_of_somebody_who_studies_again_is_open_again() -> None:
    """Given that the flag was never cleared; one that was stays resolved."""
    resolved = alert(state="resolved", told_at=monday(), resolved_on=MONDAY)

    assert after(resolved).state == "told"
    assert after(resolved).resolved_on is None
    assert after(resolved, flagged=False) == resolved


def test_a_mute_lasts_until_its_last_day() -> None:
    """Muted up to Tuesday: muted on Tuesday, told as before on Wednesday; the days until a reminder begin again."""
    muted = after(alert(state="told", told_at=monday()), muted_until=MONDAY + DAY)
    assert muted.state == "muted"

    assert after(muted, days=1, muted_until=MONDAY + DAY).state == "muted"
    told = after(muted, days=2, muted_until=MONDAY + DAY)
    assert (told.state, told.state_since) == ("told", monday(2))
    assert after(alert(state="muted"), days=2).state == "waiting"


def test_a_transferred_enrolment_takes_its_alert_along() -> None:
    """It waits to be told at the new partner, as if nobody had been told."""
    told = alert(state="told", told_at=monday(), last_told_at=monday(), escalations=1)

    moved = after(told, partner="p-2", intake="spring")

    assert (moved.partner, moved.intake, moved.state, moved.state_since) == ("p-2", "spring", "waiting", monday(1))
    assert (moved.told_at, moved.last_told_at, moved.escalations) == (None, None, 0)


def test_an_alert_knows_the_deadline_of_its_enrolment() -> None:
    """As it is now: somebody who comes back from a deferral has more time, and what was told stays told."""
    told = alert(state="told", told_at=monday(), deadline=MONDAY + 60 * DAY)

    assert after(told, deadline=MONDAY + 90 * DAY) == structs.replace(told, deadline=MONDAY + 90 * DAY)


def test_a_merged_participant_has_another_id() -> None:
    """Facts about what was sent go by the id that counts now."""
    assert after(alert(state="told"), participant="person-9") == alert(state="told", participant="person-9")


@pytest.mark.parametrize("state", ["waiting", "told", "muted", "resolved"])
def test_nothing_more_is_told_of_whom_personal_data_were_erased(state: str) -> None:
    """The alert lapses, also one whose end was still to be told."""
    assert after(alert(state=state), erased=True, flagged=False).state == "lapsed"


def withdrawal(**values: Any) -> Any:
    """An enrolment whose withdrawal was recommended on Monday."""
    return current(**{"withdrawal": "recommended", "withdrawal_at": monday(), **values})


def test_a_recommended_withdrawal_becomes_an_alert() -> None:
    """The most urgent there is, known by enrolment and day; made once."""
    made = of_withdrawal(None, withdrawal(), monday(1), DEFAULT_POLICY)

    assert made is not None
    assert (made.id, made.matter, made.level) == ("e-1/withdrawal/2026-03-02", "withdrawal", "critical")
    assert (made.state, made.raised_on, made.partner) == ("waiting", MONDAY, "p-1")
    assert of_withdrawal(made, withdrawal(), monday(2), DEFAULT_POLICY) is None


def test_a_withdrawal_that_was_recommended_long_ago_has_lapsed() -> None:
    """It comes from an import of the past; it stays so."""
    lapsed = of_withdrawal(None, withdrawal(), monday(15), DEFAULT_POLICY)

    assert lapsed is not None
    assert lapsed.state == "lapsed"
    assert of_withdrawal(lapsed, withdrawal(), monday(16), DEFAULT_POLICY) is None


def test_a_withdrawal_of_a_muted_enrolment_is_muted_from_the_start() -> None:
    """So that nothing is told in between."""
    made = of_withdrawal(None, withdrawal(muted_until=MONDAY + 9 * DAY), monday(1), DEFAULT_POLICY)

    assert made is not None
    assert made.state == "muted"


@pytest.mark.parametrize("decided", ["signed-off", "objected", None])
def test_a_withdrawal_that_is_decided_is_resolved(decided: str | None) -> None:
    """Signed off, objected to, or taken back because the participant goes on."""
    waiting = of_withdrawal(None, withdrawal(), monday(), DEFAULT_POLICY)
    assert waiting is not None

    assert after(waiting, withdrawal=decided, withdrawal_at=monday(1)).state == "resolved"


def test_a_withdrawal_waits_for_its_decision_through_a_pause() -> None:
    """A deferral that was granted meanwhile does not answer it."""
    waiting = of_withdrawal(None, withdrawal(), monday(), DEFAULT_POLICY)
    assert waiting is not None

    assert followed(waiting, withdrawal(status="deferred"), monday(1), flagged=False).state == "waiting"
    assert followed(waiting, withdrawal(status="withdrawn"), monday(1), flagged=False).state == "resolved"


def test_a_withdrawal_is_answered_by_what_was_done_after_it_was_recommended() -> None:
    """A call before it, and the recommendation itself, are no answer; an acknowledgement or a call after it is."""
    waiting = of_withdrawal(None, withdrawal(), monday(), DEFAULT_POLICY)
    assert waiting is not None

    def state(**values: Any) -> str:
        return followed(waiting, withdrawal(**values), monday(1), flagged=True).state

    assert state(stage="withdrawal-recommended", stage_since=monday()) == "waiting"
    assert state(contacted_at=monday(-1)) == "waiting"
    assert state(stage="acknowledged", stage_since=monday(1)) == "acknowledged"
    assert state(contacted_at=monday(1), stage="withdrawal-recommended", stage_since=monday()) == "contacted"


def test_a_withdrawal_that_is_recommended_again_is_another_alert() -> None:
    """After an objection, on a later day; on the same day it is open again."""
    first = of_withdrawal(None, withdrawal(), monday(), DEFAULT_POLICY)
    assert first is not None
    objected = after(first, withdrawal="objected")

    same = of_withdrawal(objected, withdrawal(), monday(1), DEFAULT_POLICY)
    other = of_withdrawal(objected, withdrawal(withdrawal_at=monday(2)), monday(2), DEFAULT_POLICY)

    assert same is not None
    assert (same.id, same.state, same.resolved_on) == (first.id, "waiting", None)
    assert other is not None
    assert other.id == "e-1/withdrawal/2026-03-04"
