"""The read model of DfE declarations: who is ready, who is expected and is not, and how many of each."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from learning.events import Fact, encode
from learning.facts import AttendanceRecorded, DayStarted, Deferred
from learning.milestones import milestones
from projections.declaration_readiness import (
    FILTERS,
    Declaration,
    NoDayError,
    declarations,
    expected_but_not_ready,
    ready,
    summary,
    values,
)
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import SMALL, START, completed, enrolled, make

ACCEPTED = datetime(2024, 9, 20, tzinfo=UTC)
AUTUMN = datetime(2024, 10, 8, 9, tzinfo=UTC)
WINTER = datetime(2025, 1, 14, 16, tzinfo=UTC)
DAY = date(2025, 3, 3)
"""In the window of the first retention of autumn 2024."""


def joined(enrolment: str, partner: str = "partner-1", **data: Any) -> Fact:
    """An enrolment of autumn 2024 on a specialist course."""
    given = {"programme": "ambition-2024/npqltd", "intake": "2024-autumn", "partner": partner}
    return enrolled(ACCEPTED, enrolment=enrolment, participant=f"p-{enrolment}", **{**given, **data})


FACTS = [
    joined("e-1"),
    completed("induction", AUTUMN, enrolment="e-1"),
    make(AttendanceRecorded(component="clinic-1", attendance="attended"), WINTER, enrolment="e-1"),
    joined("e-2", programme="ambition-2024/npqsl"),
    completed("induction", AUTUMN, enrolment="e-2"),
    joined("e-3", partner="partner-2"),
    completed("induction", AUTUMN, enrolment="e-3"),
    make(Deferred(reason="other"), WINTER, enrolment="e-3"),
    joined("e-4", partner="partner-2"),
    joined("e-5", programme="small/course", intake="autumn"),
]
"""Retained; only started, on a leadership course; deferred; never started; and one that DfE does not know."""


def stored(folder: Path, *facts: Fact) -> Store:
    """A store with these facts."""
    store = Store(folder / "store.db")
    projector = Projector(store, Rulebook(SMALL), park=lambda _: None, now=lambda: START)
    projector.apply(0, [(offset, encode(fact)) for offset, fact in enumerate(facts)], b"head")
    return store


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to the five enrolments as of the day."""
    with stored(tmp_path, *FACTS, make(DayStarted(day=DAY), enrolment="calendar")) as store, store.connect() as opened:
        yield opened


def found(connection: Connection, filters: dict[str, str] | None = None, **options: Any) -> list[Declaration]:
    """The declarations asked for."""
    return list(declarations(connection, SMALL, milestones(), filters, **options))


def names(some: Iterator[Declaration]) -> list[tuple[str, str]]:
    """Whose they are and of which type."""
    return [(each.enrolment, each.readiness.declaration_type) for each in some]


def test_every_enrolment_that_dfe_knows_has_its_declarations(connection: Connection) -> None:
    """Three of a specialist course, four of a leadership course, none of a programme that DfE does not know."""
    owners = [each.enrolment for each in found(connection)]

    assert owners == ["e-1"] * 3 + ["e-2"] * 4 + ["e-3"] * 3 + ["e-4"] * 3


def test_who_is_ready_is_told_with_whose_it_is(connection: Connection) -> None:
    """A declaration names participant, programme, intake, provider and partner, and the day it was judged on."""
    [only] = ready(found(connection, declaration_type="retained-1"))

    assert (only.enrolment, only.participant, only.programme) == ("e-1", "p-e-1", "ambition-2024/npqltd")
    assert (only.intake, only.provider, only.partner, only.as_of) == ("2024-autumn", "provider-1", "partner-1", DAY)
    assert only.readiness.declaration_date == WINTER


def test_who_is_expected_and_not_ready_is_listed(connection: Connection) -> None:
    """The one who never started, and the active one who did nothing since; neither the deferred nor the retained."""
    assert names(expected_but_not_ready(found(connection))) == [("e-2", "retained-1"), ("e-4", "started")]


@pytest.mark.parametrize(
    ("filters", "owners"),
    [
        ({"partner": "partner-2"}, {"e-3", "e-4"}),
        ({"programme": "ambition-2024/npqsl"}, {"e-2"}),
        ({"intake": "2024-autumn", "provider": "provider-1", "partner": "partner-1"}, {"e-1", "e-2"}),
        ({"provider": "provider-2"}, set()),
    ],
)
def test_declarations_can_be_asked_for_by_what_they_belong_to(
    connection: Connection, filters: dict[str, str], owners: set[str]
) -> None:
    """Each filter leaves only the enrolments that have the value."""
    assert {each.enrolment for each in found(connection, filters)} == owners


def test_one_enrolment_can_be_asked_for(connection: Connection) -> None:
    """The evidence pack of one enrolment has its declarations only."""
    assert names(iter(found(connection, enrolment="e-3")))[0] == ("e-3", "started")
    assert found(connection, enrolment="e-9") == []


def test_another_day_can_be_asked_for(connection: Connection) -> None:
    """On the day before the clinic nobody was retained yet."""
    before = found(connection, declaration_type="retained-1", day=date(2025, 1, 13))

    assert {each.as_of for each in before} == {date(2025, 1, 13)}
    assert list(ready(before)) == []


def test_without_a_day_nothing_is_judged(tmp_path: Path) -> None:
    """Before any day has started, a day has to be named."""
    with stored(tmp_path, joined("e-1")) as store, store.connect() as connection:
        with pytest.raises(NoDayError, match="--as-of"):
            found(connection)
        assert len(found(connection, day=DAY)) == 3


def test_a_summary_counts_each_partner_by_type(connection: Connection) -> None:
    """Expected, ready and what blocks stand side by side, in the order of the milestones."""
    rows = summary(found(connection))
    one, two = ([row for row in rows if row.partner == partner] for partner in ("partner-1", "partner-2"))

    assert [row.declaration_type for row in one] == ["started", "retained-1", "retained-2", "completed", "completed"]
    started, retained, *_ = one
    assert (started.enrolments, started.expected, started.ready, started.not_ready) == (2, 2, 2, 0)
    assert (retained.enrolments, retained.expected, retained.ready, retained.not_ready) == (2, 2, 1, 1)
    assert (retained.deadline, retained.blockers) == (date(2025, 5, 26), {"no-evidence": 1})
    assert [(row.expected, row.ready, row.blockers) for row in two[:2]] == [(2, 1, {"no-evidence": 1}), (0, 0, {})]


def test_a_late_register_changes_the_answer_without_a_rebuild(tmp_path: Path) -> None:
    """The query reads the states as they are: what is folded is seen at once."""
    late = make(
        AttendanceRecorded(component="clinic-1", attendance="caught-up"),
        WINTER,
        enrolment="e-2",
        recordedtime=datetime(2025, 3, 2, tzinfo=UTC),
    )
    day = make(DayStarted(day=DAY), enrolment="calendar")
    with stored(tmp_path, *FACTS, late, day) as store, store.connect() as connection:
        assert names(expected_but_not_ready(found(connection))) == [("e-4", "started")]


@pytest.mark.parametrize("column", FILTERS)
def test_the_values_that_can_be_asked_for_are_known(connection: Connection, column: str) -> None:
    """Whoever mistypes one is told what there is."""
    assert {
        "intake": ["2024-autumn", "autumn"],
        "provider": ["provider-1"],
        "partner": ["partner-1", "partner-2"],
        "programme": ["ambition-2024/npqltd", "ambition-2024/npqsl", "small/course"],
    }[column] == values(connection, column)
