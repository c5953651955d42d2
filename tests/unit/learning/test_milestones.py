"""DfE's milestone dates: what is in force, and since when it was known."""

from datetime import date, timedelta
from typing import get_args

import pytest

from learning.calendar import shipped_intakes
from learning.codes import COURSE_GROUPS, DECLARATION_TYPES, CourseGroup, CourseIdentifier
from learning.milestones import milestones, read_milestones, shipped_milestones
from learning.terms import CalendarError

TABULATED: list[CourseGroup] = ["leadership", "specialist"]

# DfE's table for all courses, of 14 May 2025: deadline and payment of started, retained-1, retained-2 (leadership),
# completed (specialist) and completed (leadership).
PUBLISHED = {
    "2021-autumn": """
        2021-12-25 2022-01-25 2022-06-25 2022-07-25 2022-11-25 2022-12-25
        2023-02-24 2023-03-20 2023-08-25 2023-09-25
    """,
    "2021-spring": """
        2022-02-25 2022-03-25 2022-10-25 2022-10-25 2023-04-25 2023-05-25
        2023-05-25 2023-06-25 2023-12-25 2024-01-25
    """,
    "2022-autumn": """
        2022-11-24 2022-12-14 2023-03-10 2023-03-25 2024-01-25 2024-02-25
        2024-02-25 2024-03-25 2024-08-25 2024-09-25
    """,
    "2022-spring": """
        2023-06-23 2023-07-23 2023-10-25 2023-11-25 2024-05-24 2024-06-24
        2024-05-24 2024-06-24 2024-12-20 2025-01-25
    """,
    "2023-autumn": """
        2023-11-24 2023-12-14 2024-03-11 2024-03-18 2025-01-24 2025-02-25
        2025-02-25 2025-03-18 2025-08-25 2025-09-25
    """,
    "2023-spring": """
        2024-06-25 2024-07-25 2024-10-25 2024-11-25 2025-05-25 2025-06-25
        2025-05-25 2025-06-25 2025-12-19 2026-01-26
    """,
    "2024-autumn": """
        2024-11-25 2024-12-15 2025-05-26 2025-06-25 2026-01-24 2026-02-25
        2026-02-21 2026-03-26 2026-07-25 2026-08-25
    """,
    "2025-spring": """
        2025-05-30 2025-06-25 2025-12-19 2026-01-26 2026-07-24 2026-08-25
        2026-08-21 2026-09-25 2027-02-25 2027-03-25
    """,
}

TWO_VERSIONS = """
[[version]]
id = "moved"
published = 2025-09-01
source = "second"
[[version.intake]]
id = "2030-autumn"
opens = 2030-10-01
due.specialist.started = { deadline = 2030-12-24, payment = 2031-01-25 }
due.specialist.retained-1 = { deadline = 2031-06-25, payment = 2031-07-25 }
due.specialist.completed = { deadline = 2032-03-25, payment = 2032-04-25 }

[[version]]
id = "first"
published = 2025-05-14
source = "first"
[[version.intake]]
id = "2030-autumn"
opens = 2030-10-01
due.specialist.started = { deadline = 2030-11-24, payment = 2030-12-25 }
due.specialist.retained-1 = { deadline = 2031-06-25, payment = 2031-07-25 }
due.specialist.completed = { deadline = 2032-02-25, payment = 2032-03-25 }
"""


@pytest.mark.parametrize("intake", PUBLISHED)
def test_dates_are_those_that_dfe_published(intake: str) -> None:
    """Every deadline and payment date of DfE's table stands under its intake, group and declaration."""
    days = [date.fromisoformat(cell) for cell in PUBLISHED[intake].split()]
    started, retained_1, retained_2, specialist, leadership = zip(days[::2], days[1::2], strict=True)
    table = milestones()
    assert [(due.deadline, due.payment) for due in table.milestones(intake, "leadership")] == [
        started,
        retained_1,
        retained_2,
        leadership,
    ]
    assert [(due.deadline, due.payment) for due in table.milestones(intake, "specialist")] == [
        started,
        retained_1,
        specialist,
    ]


def test_windows_are_those_of_the_one_published_seed() -> None:
    """For leadership in autumn 2021 the windows follow each other as in DfE's own schedule."""
    assert [(due.window_start, due.deadline) for due in milestones().milestones("2021-autumn", "leadership")] == [
        (date(2021, 11, 1), date(2021, 12, 25)),
        (date(2021, 12, 26), date(2022, 6, 25)),
        (date(2022, 6, 26), date(2022, 11, 25)),
        (date(2022, 11, 26), date(2023, 8, 25)),
    ]


@pytest.mark.parametrize("intake", PUBLISHED)
@pytest.mark.parametrize("group", TABULATED)
def test_declarations_of_a_group_come_in_their_order(intake: str, group: CourseGroup) -> None:
    """Leadership has four declarations and specialist three, started first and completed last."""
    assert tuple(due.declaration_type for due in milestones().milestones(intake, group)) == DECLARATION_TYPES[group]


@pytest.mark.parametrize("intake", PUBLISHED)
@pytest.mark.parametrize("group", TABULATED)
def test_each_window_begins_the_day_after_the_last_deadline(intake: str, group: CourseGroup) -> None:
    """The windows of a group leave no day between them and share none."""
    dates = milestones().milestones(intake, group)
    assert [due.window_start for due in dates[1:]] == [due.deadline + timedelta(days=1) for due in dates[:-1]]


@pytest.mark.parametrize("intake_id", PUBLISHED)
def test_an_intake_starts_on_the_first_monday_of_its_first_window(intake_id: str) -> None:
    """Intakes and milestones agree on when a schedule opens."""
    opens = milestones().milestones(intake_id, "leadership")[0].window_start
    assert timedelta(0) <= shipped_intakes()[intake_id].start - opens < timedelta(days=7)


@pytest.mark.parametrize(
    ("intake", "group"),
    [("2024-autumn", "ehco"), ("2021-autumn", "support"), ("2025-autumn", "leadership"), ("2026-spring", "specialist")],
)
def test_what_dfe_did_not_tabulate_is_empty(intake: str, group: CourseGroup) -> None:
    """No dates are made up for the coaching and support offers or for intakes without a published table."""
    assert milestones().milestones(intake, group) == ()


def test_every_course_has_a_group() -> None:
    """Each of DfE's course identifiers belongs to a group that knows its declarations."""
    assert set(COURSE_GROUPS) == set(get_args(CourseIdentifier))
    assert set(COURSE_GROUPS.values()) == set(get_args(CourseGroup)) == set(DECLARATION_TYPES)


@pytest.mark.parametrize(
    ("course", "declarations"),
    [
        ("npq-senco", 4),
        ("npq-headship", 4),
        ("npq-leading-teaching-development", 3),
        ("npq-early-headship-coaching-offer", 0),
    ],
)
def test_a_course_has_the_milestones_of_its_group(course: CourseIdentifier, declarations: int) -> None:
    """SENCO goes with leadership, leading teacher development with specialist, coaching has no table."""
    assert len(milestones().of_course("2024-autumn", course)) == declarations


def test_dates_given_before_are_kept_as_a_note() -> None:
    """What DfE's earlier schedules said for spring 2022 can still be read."""
    note = milestones().notes["2021-spring"]
    assert "25 September 2022" in note
    assert "22 December 2023" in note


def test_the_table_says_which_version_it_is() -> None:
    """Whoever quotes a date can quote the version, its day and its source."""
    table = milestones("2025-05-14")
    assert (table.id, table.published) == ("2025-05-14", date(2025, 5, 14))
    assert "Department for Education" in table.source
    assert shipped_milestones().known_on(date(2025, 5, 14)) == table


def test_a_version_that_is_not_there_is_refused() -> None:
    """The error names the versions that can be asked for."""
    with pytest.raises(CalendarError, match="version 1999: there is none; use one of 2025-05-14"):
        milestones("1999")


def test_moved_dates_stand_beside_the_old_ones() -> None:
    """A later publication changes the newest answer and leaves what was known before it as it was."""
    history = read_milestones(TWO_VERSIONS)
    known = [
        history.known_on(date(2025, 5, 13)),
        history.known_on(date(2025, 8, 31)),
        history.known_on(date(2025, 9, 1)),
    ]
    assert [table and table.id for table in known] == [None, "first", "moved"]
    deadlines = [table.milestones("2030-autumn", "specialist")[-1].deadline for table in history.versions]
    assert deadlines == [date(2032, 2, 25), date(2032, 3, 25)]
    assert history.version("first") == known[1]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('id = "moved"', 'id = "first"', "version first: it is there more than once"),
        (
            "opens = 2030-10-01",
            "opens = 2030-12-25",
            "version first, intake 2030-autumn, specialist, started: the window",
        ),
        ("payment = 2031-07-25", "payment = 2031-06-01", "specialist, retained-1: the window opens on 2030-11-25"),
        (
            "due.specialist.completed",
            "due.leadership.completed",
            "specialist: give exactly started, retained-1, completed",
        ),
        ("due.specialist.completed", "due.specialist.finished", "due"),
        ("published = 2025-05-14", "published = soon", "line 15"),
    ],
)
def test_contradicting_dates_are_refused(old: str, new: str, fault: str) -> None:
    """A slip in the dates is named by version, intake, group and declaration, or by line."""
    assert old in TWO_VERSIONS
    with pytest.raises(CalendarError, match=fault):
        read_milestones(TWO_VERSIONS.replace(old, new))


def test_an_intake_stands_in_a_version_once() -> None:
    """Two rows for one intake are refused: nobody could say which one holds."""
    version = TWO_VERSIONS.split("\n\n")[1]
    row = version[version.index("[[version.intake]]") :]
    with pytest.raises(CalendarError, match="version first, intake 2030-autumn: it is there more than once"):
        read_milestones(version + row)
