"""Lists of enrolments have every row once, however they are sorted, cut into pages or walked through."""

from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import pytest
from sqlalchemy import Connection

from learning.policy import LEVELS
from projections import enrolment_risk
from projections.enrolment_list import Cursor, Sort, SortBy, Wanted, changes, every, page
from tests.lists_kit import Row


def _key(sort_by: str) -> Callable[[Row], Any]:
    return lambda row: row[sort_by]


@pytest.mark.parametrize("by", [each for each in get_args(SortBy) if each != "risk"])
@pytest.mark.parametrize("descending", [False, True])
def test_a_list_is_sorted_by_a_column_and_then_by_id(
    connection: Connection, rows: list[Row], by: SortBy, descending: bool
) -> None:
    """What is missing stands last, but what never happened is the longest ago."""
    by_id = sorted(rows, key=_key("enrolment"))
    there = sorted((row for row in by_id if row[by] is not None), key=_key(by), reverse=descending)
    missing = [row for row in by_id if row[by] is None]
    never_first = by in {"contacted_at", "last_activity_at"} and not descending
    in_order = [*missing, *there] if never_first else [*there, *missing]

    assert [row["enrolment"] for row in every(connection, Wanted(), Sort(by, descending))] == [
        row["enrolment"] for row in in_order
    ]


def test_the_worst_come_first(connection: Connection, rows: list[Row]) -> None:
    """By level, then by points, then by how long; who has no level comes last. The other way round for the best."""

    def badness(row: Row) -> tuple[Any, ...]:
        height = LEVELS.index(row["level"]) if row["level"] else -1
        points = -1 if row["points"] is None else row["points"]
        return (-height, -points, row["since"] or date.max)

    worst = [row["enrolment"] for row in sorted(sorted(rows, key=_key("enrolment")), key=badness)]
    best = [row["enrolment"] for row in sorted(sorted(rows, key=_key("enrolment")), key=badness, reverse=True)]

    assert [row["enrolment"] for row in every(connection, Wanted())] == worst
    assert [row["enrolment"] for row in every(connection, Wanted(), Sort("risk"))] == best


def test_the_flagged_stand_as_in_the_register(connection: Connection) -> None:
    """The list by default and the register of the command line have the same order."""
    register = [row["enrolment"] for row in enrolment_risk.at_risk(connection)]

    assert [row["enrolment"] for row in every(connection, Wanted(flagged=True))] == register
    assert register


@pytest.mark.parametrize("size", [7, 500])
def test_pages_make_up_the_list(connection: Connection, rows: list[Row], size: int) -> None:
    """One after the other they have every row once, and each knows how many there are; after them there is nothing."""
    numbers = range(1, -(-len(rows) // size) + 1)
    pages = [page(connection, Wanted(), number=number, size=size) for number in numbers]
    beyond = page(connection, Wanted(), number=len(pages) + 1, size=size)

    assert [row for each in pages for row in each.rows] == rows
    assert {each.total for each in (*pages, beyond)} == {len(rows)}
    assert beyond.rows == []


def test_an_empty_list_has_one_empty_page(connection: Connection) -> None:
    """Nobody meets what is wanted: no rows of none."""
    assert page(connection, Wanted(partner="nobody")) == ([], 0)


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(partner="partner-2"), Wanted(status="active")])
def test_changes_are_walked_through_from_place_to_place(
    connection: Connection, rows: list[Row], wanted: Wanted
) -> None:
    """Small steps visit every enrolment that is wanted once, in the order in which they changed."""
    seen: list[Row] = []
    after: Cursor | None = None
    while (step := changes(connection, wanted, after, size=6)).cursor is not None:
        seen += step.rows
        after = step.cursor

    known = [row for row in rows if all(getattr(wanted, each) in (None, row[each]) for each in ("partner", "status"))]
    assert seen == sorted(known, key=lambda row: (row["updated_at"], row["enrolment"]))
