"""What the models say of enrolments: where and with whom they are, their status, contacts and assessments."""

from datetime import date
from typing import Literal

import pandas as pd
import pytest

from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    ContactMade,
    Deferred,
    ParticipantMerged,
    Resumed,
    Transferred,
    Withdrawn,
)
from tests.analytics_kit import told, warehouse
from tests.builders import COMPONENTS, at, completed, enrolled, make
from tests.courses import COURSES

SPELL = "status, from_on, until_on, reason"
STATUS = "status, status_since, status_reason"
ILL = Deferred(reason="long-term-sickness")


def withdrawn(effective: date) -> Withdrawn:
    """A withdrawal from a day."""
    return Withdrawn(reason="other", effective=effective, signed_off_by="partner-1")


def test_enrolments_are_numbered_in_the_order_of_their_ids() -> None:
    """Numbers are dense, from 0, and the same in whatever order the facts come."""
    facts = [enrolled(enrolment=each) for each in ("e-2", "e-10", "e-1")]

    assert told(warehouse(facts), "dim_enrolment", "enrolment_no, enrolment") == [(0, "e-1"), (1, "e-10"), (2, "e-2")]


def test_the_enrolment_sent_last_counts_from_the_first_day() -> None:
    """An enrolment that was sent again says where people are; the earliest word of it says since when."""
    facts = [enrolled(at(5), partner="partner-2", cohort="2025b"), enrolled(at(-9), partner="partner-1")]

    assert told(warehouse(facts), "dim_enrolment", "partner, cohort, schedule, enrolled_on") == [
        ("partner-2", "2025b", None, date(2025, 8, 30))
    ]


def test_transfers_stand_whenever_the_enrolment_was_sent() -> None:
    """Sending an enrolment again does not undo a transfer; what a transfer leaves blank stays as it was."""
    facts = [
        make(Transferred(partner="partner-3"), at(9)),
        make(Transferred(partner="partner-2", intake="spring"), at(2)),
        enrolled(at(20)),
        enrolled(at(0)),
    ]

    assert told(warehouse(facts), "dim_enrolment", "partner, intake, provider") == [
        ("partner-3", "spring", "provider-1")
    ]


def test_a_merged_participant_has_the_new_id() -> None:
    """The id that replaced the one enrolled with is the one that counts."""
    facts = [enrolled(), make(ParticipantMerged(retired="p-1", into="p-7"), at(3))]

    assert told(warehouse(facts), "dim_enrolment", "participant") == [("p-7",)]


def test_a_move_has_its_before_and_after() -> None:
    """Each transfer to another partner, intake or provider is a row; one of schedule or cohort only is none."""
    facts = [
        enrolled(),
        make(Transferred(partner="partner-2"), at(2)),
        make(Transferred(cohort="2026a"), at(3)),
        make(Transferred(partner="partner-2", intake="spring"), at(5)),
        make(Transferred(provider="provider-2"), at(7)),
    ]
    autumn, spring, first, second = "autumn", "spring", "provider-1", "provider-2"

    assert told(warehouse(facts), "fact_move", "* EXCLUDE enrolment_no") == [
        (date(2025, 9, 10), "partner-1", "partner-2", autumn, autumn, first, first),
        (date(2025, 9, 13), "partner-2", "partner-2", autumn, spring, first, first),
        (date(2025, 9, 15), "partner-2", "partner-2", spring, spring, first, second),
    ]


def test_spells_follow_one_another() -> None:
    """Deferred and come back: three stretches without a gap, the last one open."""
    facts = [enrolled(), make(ILL, at(10)), make(Resumed(), at(30))]

    assert told(warehouse(facts), "fact_spell", SPELL) == [
        ("active", date(2025, 9, 8), date(2025, 9, 18), None),
        ("active", date(2025, 10, 8), None, None),
        ("deferred", date(2025, 9, 18), date(2025, 10, 8), "long-term-sickness"),
    ]


def test_a_withdrawal_holds_from_its_effective_date() -> None:
    """A withdrawal ends what was said to hold from its effective date on, though it was told of later."""
    facts = [enrolled(), make(ILL, at(10)), make(withdrawn(date(2025, 9, 20)), at(40))]

    assert told(warehouse(facts), "fact_spell", SPELL) == [
        ("active", date(2025, 9, 8), date(2025, 9, 18), None),
        ("deferred", date(2025, 9, 18), date(2025, 9, 20), "long-term-sickness"),
        ("withdrawn", date(2025, 9, 20), None, "other"),
    ]


def test_a_withdrawal_of_before_replaces_what_came_after() -> None:
    """A withdrawal that became effective before a deferral leaves nothing of the deferral."""
    facts = [enrolled(), make(ILL, at(10)), make(withdrawn(date(2025, 9, 15)), at(40))]

    assert told(warehouse(facts), "fact_spell", "status, from_on") == [
        ("active", date(2025, 9, 8)),
        ("withdrawn", date(2025, 9, 15)),
    ]


def test_a_withdrawal_still_to_come_has_not_happened() -> None:
    """Until its effective date a withdrawal changes nothing; on it, it holds."""
    facts = [enrolled(), make(withdrawn(date(2025, 10, 10)), at(5))]

    assert told(warehouse(facts, as_of=date(2025, 10, 9)), "dim_enrolment", STATUS) == [("active", None, None)]
    assert told(warehouse(facts, as_of=date(2025, 10, 10)), "dim_enrolment", STATUS) == [
        ("withdrawn", date(2025, 10, 10), "other")
    ]


def test_the_same_said_twice_is_one_spell() -> None:
    """A deferral that is told of again, for the same reason, goes on; the status says since when it was told last."""
    facts = [enrolled(), make(ILL, at(10)), make(ILL, at(20))]

    assert told(warehouse(facts), "fact_spell", "status, from_on") == [
        ("active", date(2025, 9, 8)),
        ("deferred", date(2025, 9, 18)),
    ]
    assert told(warehouse(facts), "dim_enrolment", STATUS) == [("deferred", date(2025, 9, 28), "long-term-sickness")]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [("failed", "passed", "completed"), ("failed", "failed", "completed"), ("failed", None, "active")],
)
def test_who_passed_or_has_no_attempt_left_completed(
    first: Literal["passed", "failed"], second: Literal["passed", "failed"] | None, status: str
) -> None:
    """A pass completes, and so does failing the last attempt; one failure of two attempts does not."""
    marks = [make(AssessmentMarked(attempt=1, outcome=first), at(120))]
    if second is not None:
        marks.append(make(AssessmentMarked(attempt=2, outcome=second), at(130)))
    since = date(2026, 1, 16) if status == "completed" else None

    found = warehouse([enrolled(), *marks], as_of=date(2026, 2, 1))

    assert told(found, "dim_enrolment", STATUS) == [(status, since, None)]


@pytest.mark.parametrize(
    ("gate_day", "paused_day", "status"),
    [(200, 200, "completed"), (200, 100, "active"), (100, 200, "active")],
)
def test_missing_the_gate_costs_an_attempt(gate_day: int, paused_day: int, status: str) -> None:
    """Who reached the gate after the deadline and asked for no pause by then has one attempt fewer."""
    facts = [
        enrolled(),
        *(completed(component, at(gate_day)) for component in COMPONENTS),
        make(Deferred(reason="other"), at(paused_day)),
        make(Resumed(), at(paused_day + 1)),
        make(AssessmentMarked(attempt=1, outcome="failed"), at(210)),
    ]

    assert told(warehouse(facts, as_of=date(2026, 7, 1)), "dim_enrolment", "status") == [(status,)]


def test_an_attempt_that_was_not_made_is_lost() -> None:
    """Entered and nothing handed in by the close of the window: with the failed attempt both are gone."""
    window = AssessmentEntered(attempt=2, opens=date(2026, 1, 10), closes=date(2026, 1, 18))
    facts = [enrolled(), make(AssessmentMarked(attempt=1, outcome="failed"), at(100)), make(window, at(110))]

    assert told(warehouse(facts, as_of=date(2026, 1, 18)), "dim_enrolment", "status") == [("active",)]
    assert told(warehouse(facts, as_of=date(2026, 1, 19)), "dim_enrolment", "status") == [("completed",)]


def test_without_an_assessment_all_done_is_completed() -> None:
    """Where nothing is assessed, whoever did everything completed on the day of the last of it."""
    facts = [enrolled(programme="rules/open"), *(completed(each, at(day)) for day, each in enumerate(COMPONENTS))]

    assert told(warehouse(facts, COURSES), "dim_enrolment", STATUS) == [("completed", date(2025, 9, 17), None)]


def test_without_an_assessment_the_gate_completes_after_the_deadline() -> None:
    """Where nothing is assessed, whoever reached the gate completed with the deadline."""
    facts = [enrolled(programme="rules/open"), *(completed(each, at(1)) for each in COMPONENTS[:9])]

    assert told(warehouse(facts, COURSES, as_of=date(2026, 3, 7)), "dim_enrolment", "status") == [("active",)]
    assert told(warehouse(facts, COURSES, as_of=date(2026, 3, 8)), "dim_enrolment", STATUS) == [
        ("completed", date(2026, 3, 7), None)
    ]


def test_a_contact_is_one_however_often_it_was_recorded() -> None:
    """Two records of the same call by the same person are one contact."""
    call = ContactMade(channel="phone", outcome="reached", by="staff-1")
    facts = [enrolled(), make(call, at(3)), make(call, at(3), recordedtime=at(5)), make(call, at(4))]

    assert told(warehouse(facts), "fact_contact", "contacted_at, channel, outcome, by_staff") == [
        (at(3), "phone", "reached", "staff-1"),
        (at(4), "phone", "reached", "staff-1"),
    ]


def test_an_attempt_is_one_row() -> None:
    """Hand-in and mark of an attempt stand together; one that was only entered for is no row."""
    facts = [
        enrolled(),
        make(AssessmentEntered(attempt=2, opens=date(2026, 1, 1), closes=date(2026, 1, 9)), at(90)),
        make(AssessmentSubmitted(component="case-study", attempt=1), at(100)),
        make(AssessmentMarked(attempt=1, outcome="passed"), at(110)),
        make(AssessmentMarked(attempt=1, outcome="failed"), at(112)),
    ]

    assert told(warehouse(facts), "fact_assessment", "attempt, submitted_on, marked_on, outcome") == [
        (1, date(2025, 12, 17), date(2025, 12, 29), "failed")
    ]


def test_decisions_are_those_given() -> None:
    """Decisions come from a frame, with a blank where nothing about the flag changed; by default there are none."""
    frame = pd.DataFrame(
        {
            "enrolment": ["e-1", "e-1"],
            "day": pd.to_datetime(["2025-10-01", "2025-10-09"]),
            "level": ["watch", "at-risk"],
            "previous_level": ["on-track", "watch"],
            "change": [float("nan"), "raised"],
        }
    )

    assert told(warehouse([enrolled()], decisions=frame), "fact_decision", "*") == [
        ("e-1", date(2025, 10, 1), "watch", "on-track", None),
        ("e-1", date(2025, 10, 9), "at-risk", "watch", "raised"),
    ]
    assert told(warehouse([enrolled()]), "fact_decision", "*") == []
