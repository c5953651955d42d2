"""The read models that are queries: cohorts, partners, and the story of an enrolment."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import Connection

from learning.events import Fact, encode
from learning.facts import (
    ActivitySeen,
    AssessmentSubmitted,
    AttendanceRecorded,
    ContactMade,
    DayStarted,
    Deferred,
    Withdrawn,
)
from projections.cohort_completion import cohorts
from projections.enrolment_progress import find, ids_like, of_participant
from projections.partner_summary import partners
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store
from projections.timeline import timeline
from tests.builders import COMPONENTS, SMALL, START, at, completed, enrolled, make

LEFT = date(2025, 9, 30)
DAY = date(2025, 10, 20)
"""A Monday: six study weeks have ended, and seven of the ten components were due."""


def four_enrolments() -> list[Fact]:
    """One up to date and handed in, one behind, one deferred, one withdrawn; the last two with another partner."""
    return [
        enrolled(enrolment="e-1", participant="p-1"),
        *(completed(component, at(3), enrolment="e-1") for component in COMPONENTS[:6]),
        make(AttendanceRecorded(component="clinic-1", attendance="attended"), at(22), enrolment="e-1"),
        make(AssessmentSubmitted(component="case-study"), at(30), enrolment="e-1"),
        enrolled(enrolment="e-2", participant="p-2"),
        completed("module-1", at(4), enrolment="e-2"),
        enrolled(enrolment="e-3", participant="p-3", partner="partner-2"),
        make(Deferred(reason="parental-leave"), at(10), enrolment="e-3"),
        enrolled(enrolment="e-4", participant="p-3", partner="partner-2", intake="spring"),
        make(
            Withdrawn(reason="other", effective=date(2025, 9, 30), signed_off_by="partner-2"), at(30), enrolment="e-4"
        ),
        make(DayStarted(day=DAY), enrolment="calendar"),
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with the four enrolments."""
    with Store(tmp_path / "store.db") as opened:
        projector = Projector(opened, Rulebook(SMALL), park=lambda _: None, now=lambda: START)
        projector.apply(0, [(offset, encode(fact)) for offset, fact in enumerate(four_enrolments())], b"head")
        yield opened


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """A connection for queries."""
    with store.connect() as opened:
        yield opened


def test_a_cohort_counts_its_enrolments_by_status(connection: Connection) -> None:
    """Each programme and intake has one row with the numbers of each status."""
    autumn, spring = cohorts(connection)

    assert (autumn["programme"], autumn["intake"]) == ("small/course", "autumn")
    assert [autumn[each] for each in ("enrolled", "active", "deferred", "withdrawn", "completed")] == [3, 2, 1, 0, 0]
    assert [spring[each] for each in ("enrolled", "active", "deferred", "withdrawn", "completed")] == [1, 0, 0, 1, 0]


def test_completion_of_a_cohort_is_over_those_who_did_not_withdraw(connection: Connection) -> None:
    """The ratio is done over all points of those who stayed; without anybody left there is none."""
    autumn, spring = cohorts(connection)

    assert autumn["completion_ratio"] == float(Fraction(7 + 1 + 0, 30))
    assert spring["completion_ratio"] is None
    assert autumn["assessments_submitted"] == 1
    assert spring["assessments_submitted"] == 0


def test_the_plan_stands_beside_completion(connection: Connection) -> None:
    """Expected completion follows the plan; of who is deferred, as of the day of the deferral."""
    [autumn, _] = cohorts(connection)

    assert autumn["expected_ratio"] == float(Fraction(7 + 7 + 1, 30))


def test_cohorts_can_be_asked_for_one_partner(connection: Connection) -> None:
    """A filter leaves only the enrolments that have the value."""
    assert [row["enrolled"] for row in cohorts(connection, {"partner": "partner-2"})] == [1, 1]
    assert cohorts(connection, {"partner": "nobody"}) == []


def test_partners_are_summed_up_over_their_cohorts(connection: Connection) -> None:
    """One row a partner, with those behind the plan counted."""
    first, second = partners(connection)

    assert (first["partner"], first["enrolled"], first["behind_plan"]) == ("partner-1", 2, 1)
    assert (second["partner"], second["enrolled"], second["withdrawn"]) == ("partner-2", 2, 1)


def test_enrolments_are_found_by_participant(connection: Connection) -> None:
    """A participant may have several."""
    assert of_participant(connection, "p-3") == ["e-3", "e-4"]
    assert find(connection, "e-9") is None


def test_the_timeline_tells_an_enrolment_in_order(tmp_path: Path) -> None:
    """Components, life and visits stand in one story, by when they happened."""
    facts = [
        make(ContactMade(channel="phone", outcome="reached", by="staff-1"), at(5)),
        completed("module-1", at(2)),
        make(ActivitySeen(), at(1)),
        make(ActivitySeen(), at(1, 2)),
        enrolled(),
    ]
    with Store(tmp_path / "other.db") as store:
        projector = Projector(store, Rulebook(SMALL), park=lambda _: None, now=lambda: START)
        projector.apply(0, [(offset, encode(fact)) for offset, fact in enumerate(facts)], b"head")
        story = timeline(store, "e-1")

    assert [entry.what for entry in story] == [
        "learning.enrolled.v1",
        "visited",
        "completed",
        "learning.contact-made.v1",
    ]
    assert story[3].detail == {"channel": "phone", "outcome": "reached", "by": "staff-1"}


def test_nobody_knows_the_story_of_an_unknown_enrolment(store: Store) -> None:
    """It is empty."""
    assert timeline(store, "e-9") == []


def test_records_of_one_moment_are_told_as_they_became_known(tmp_path: Path) -> None:
    """A corrected answer stands before its correction, however the words sort."""
    facts = [
        enrolled(),
        *(
            make(AttendanceRecorded(component="clinic-1", attendance=answer), at(20), recordedtime=at(20, hours))
            for hours, answer in enumerate(("attended", "absent", "attended"))
        ),
    ]
    with Store(tmp_path / "other.db") as store:
        projector = Projector(store, Rulebook(SMALL), park=lambda _: None, now=lambda: START)
        projector.apply(0, [(offset, encode(fact)) for offset, fact in enumerate(facts)], b"head")
        story = timeline(store, "e-1")

    assert [entry.what for entry in story] == ["learning.enrolled.v1", "attended", "absent", "attended"]


def test_ids_that_begin_or_end_alike_are_found(connection: Connection) -> None:
    """They are what somebody may have meant; a percent sign stands for itself."""
    assert {"e-1", "e-2"} <= set(ids_like(connection, "e-9"))
    assert ids_like(connection, "%%") == []
