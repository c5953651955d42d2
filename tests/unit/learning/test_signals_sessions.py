"""Signals of live sessions that were missed, at their borders: in a row, lately, caught up on, put right."""

from datetime import UTC, date, datetime

import pytest

from learning.events import Fact
from learning.facts import AttendanceRecorded
from tests.builders import at, enrolled, make
from tests.risk_kit import AMBITION, DAY, figure, reason

IN_TERMS = [enrolled(datetime(2024, 10, 7, 8, tzinfo=UTC), programme=AMBITION, intake="2024-autumn")]


def register(component: str, when: datetime, attendance: str = "absent", known: datetime | None = None) -> Fact:
    """What a register says of a live session."""
    said = AttendanceRecorded(component=component, attendance=attendance)  # type: ignore[arg-type]  # one of its words
    return make(said, when, recordedtime=known or when)


def missed(*components: str) -> list[Fact]:
    """An enrolment in terms, and absences at these live sessions, one a month."""
    held = (datetime(2024, 11, 20, 17, tzinfo=UTC) + number * 28 * DAY for number in range(len(components)))
    return [*IN_TERMS, *(register(component, when) for component, when in zip(components, held, strict=True))]


LATER = date(2025, 7, 1)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_sessions_missed_in_a_row_are_counted(number: int) -> None:
    """As many as registers say absent without an attendance after them."""
    facts = missed(*(f"clinic-{each}" for each in range(1, number + 1)))

    assert figure(facts, "sessions-missed", LATER) == (number or None)


def test_a_session_counts_from_the_day_after_it() -> None:
    """On the day of the session itself nothing is held against anybody."""
    facts = missed("clinic-1")

    assert figure(facts, "sessions-missed", date(2024, 11, 20)) is None
    assert figure(facts, "sessions-missed", date(2024, 11, 21)) == 1


def test_an_attendance_ends_the_row() -> None:
    """Missed two, attended the third: none in a row, two of the last three."""
    facts = [*missed("clinic-1", "clinic-2"), register("clinic-3", datetime(2025, 2, 1, tzinfo=UTC), "attended")]
    found = reason(facts, "sessions-missed-lately", LATER)

    assert figure(facts, "sessions-missed", LATER) is None
    assert found is not None
    assert found.inputs == {"missed": 2, "of": 3}


@pytest.mark.parametrize("attendance", ["attended", "caught-up"])
def test_a_corrected_register_clears_the_absence(attendance: str) -> None:
    """The same session recorded again: the later record counts, for the days before it too."""
    held = datetime(2024, 11, 20, 17, tzinfo=UTC)
    facts = [*missed("clinic-1"), register("clinic-1", held, attendance, known=held + 9 * DAY)]

    assert figure(facts, "sessions-missed", date(2024, 11, 21)) is None
    assert figure(facts, "sessions-missed-lately", LATER) is None


def test_catching_up_clears_from_the_day_after_it() -> None:
    """Caught up on 5 December: missed until then, and not any more on the 6th."""
    facts = [*missed("clinic-1"), register("clinic-1", datetime(2024, 12, 5, 17, tzinfo=UTC), "caught-up")]

    assert figure(facts, "sessions-missed", date(2024, 12, 5)) == 1
    assert figure(facts, "sessions-missed", date(2024, 12, 6)) is None


def test_only_the_last_six_sessions_are_looked_at() -> None:
    """The absence at the first of seven sessions is forgotten when the seventh has a register."""
    sessions = ["clinic-1", "clinic-2", "clinic-3", "clinic-4", "clinic-5", "clinic-6", "community-1"]
    held = [datetime(2024, 11, 1, tzinfo=UTC) + number * 28 * DAY for number in range(7)]
    said = ["absent", "attended", "absent", "attended", "attended", "attended", "attended"]
    facts = [register(*each) for each in zip(sessions, held, said, strict=True)]

    assert figure([*IN_TERMS, *facts[:6]], "sessions-missed-lately", LATER) == 2
    assert figure([*IN_TERMS, *facts], "sessions-missed-lately", LATER) == 1


def test_what_is_no_live_session_has_no_register() -> None:
    """An absence recorded for a module, or for something unknown, misses no session."""
    facts = [enrolled(), register("module-1", at(5)), register("not-in-the-programme", at(6))]

    assert figure(facts, "sessions-missed", date(2025, 10, 1)) is None


@pytest.mark.parametrize(
    ("sessions", "code", "sentence"),
    [
        (("clinic-1",), "sessions-missed", "Missed the last live session."),
        (("clinic-1", "clinic-2"), "sessions-missed", "Missed the last 2 live sessions."),
        (("clinic-1", "clinic-2"), "sessions-missed-lately", "Missed 2 of the last 2 live sessions."),
    ],
)
def test_missed_sessions_are_told_in_a_sentence(sessions: tuple[str, ...], code: str, sentence: str) -> None:
    """With their number, and what would clear it."""
    found = reason(missed(*sessions), code, LATER)  # type: ignore[arg-type]  # a signal

    assert found is not None
    assert found.sentence == sentence
    assert found.remedy.endswith(".")
