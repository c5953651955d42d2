"""Lists of enrolments say the same as the rows that they are made of, however they are narrowed."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from learning.policy import LEVELS
from projections import enrolment_list, enrolment_progress, enrolment_risk, risk_history
from projections.enrolment_list import Sort, Wanted, every
from tests.fact_lives import LAST_DAY
from tests.lists_kit import DAYS, FLAGGED, LATE, Row


def test_the_list_has_what_the_read_models_have(connection: Connection, rows: list[Row]) -> None:
    """Every enrolment is there once, with the values of its progress and of its row in the register."""
    assert len(rows) == len({row["enrolment"] for row in rows}) > 80
    for row in rows:
        progress = enrolment_progress.find(connection, row["enrolment"])
        risk = enrolment_risk.find(connection, row["enrolment"]) or {"reasons": (), "points": None, "stage": None}
        assert progress is not None
        of_risk = {name: row[name] for name in ("reasons", "points", "stage")}
        assert of_risk == {name: risk[name] for name in of_risk}
        of_progress = progress.keys() - {"points", "points_total", "expected_points", "erased"}
        assert {name: row[name] for name in of_progress} == {name: progress[name] for name in of_progress}


def test_the_level_in_the_progress_is_that_of_the_register(connection: Connection, rows: list[Row]) -> None:
    """Only active enrolments have one, which is what the register says now."""
    assert {row["level"] for row in rows if row["status"] == "active"} >= {"on-track", "watch", *FLAGGED}
    for row in rows:
        risk = enrolment_risk.find(connection, row["enrolment"])
        assert row["level"] == (risk["level"] if risk and row["status"] == "active" else None)


FILTERS: list[tuple[Wanted, Callable[[Row], bool]]] = [
    (Wanted(programme="small/course"), lambda row: row["programme"] == "small/course"),
    (Wanted(intake="autumn"), lambda row: row["intake"] == "autumn"),
    (Wanted(provider="provider-1"), lambda row: row["provider"] == "provider-1"),
    (Wanted(partner="partner-2"), lambda row: row["partner"] == "partner-2"),
    (Wanted(cohort="2025a"), lambda row: row["cohort"] == "2025a"),
    *(
        (Wanted(status=each), lambda row, each=each: row["status"] == each)
        for each in ("active", "deferred", "withdrawn", "completed")
    ),
    *((Wanted(level=each), lambda row, each=each: row["level"] == each) for each in LEVELS),
    (Wanted(flagged=True), lambda row: row["level"] in FLAGGED),
    (Wanted(reason="silent"), lambda row: "silent" in [each.signal for each in row["reasons"]]),
    (
        Wanted(reason="behind", flagged=True),
        lambda row: row["level"] in FLAGGED and "behind" in [each.signal for each in row["reasons"]],
    ),
    (Wanted(stage="raised"), lambda row: row["stage"] == "raised"),
    (Wanted(stage="contacted"), lambda row: row["stage"] == "contacted"),
    (Wanted(text="E-1"), lambda row: "e-1" in row["enrolment"]),
    (Wanted(text="-late"), lambda row: "-late" in row["enrolment"]),
    (Wanted(text="_"), lambda _: False),
    (Wanted(text="e-1\0"), lambda _: False),
    (Wanted(text="e" * 60_000), lambda _: False),
    (Wanted(partner="\udcff"), lambda _: False),
    (Wanted(participants=frozenset({"p-3", "p-4"})), lambda row: row["participant"] in {"p-3", "p-4"}),
    (Wanted(participants=frozenset()), lambda _: False),
    (
        Wanted(text="e-7", participants=frozenset({"p-3"})),
        lambda row: "e-7" in row["enrolment"] or row["participant"] == "p-3",
    ),
    (Wanted(behind=3), lambda row: row["status"] == "active" and (row["lag_weeks"] or 0) >= 3),
    (Wanted(gate_reached=True), lambda row: row["gate_reached"] is True),
    (Wanted(gate_reached=False, status="active"), lambda row: row["status"] == "active" and not row["gate_reached"]),
    (
        Wanted(deadline_from=LAST_DAY, deadline_until=date(2026, 9, 1)),
        lambda row: LAST_DAY <= row["deadline"] <= date(2026, 9, 1),
    ),
    (
        Wanted(status_since=date(2026, 2, 1)),
        lambda row: row["status_since"] is not None and row["status_since"] >= date(2026, 2, 1),
    ),
    (Wanted(updated_since=LATE), lambda row: row["updated_at"] >= LATE),
    (
        Wanted(partner="partner-2", status="active", behind=1),
        lambda row: (row["partner"], row["status"]) == ("partner-2", "active") and (row["lag_weeks"] or 0) >= 1,
    ),
]


def named(value: object) -> str:
    """What a case is called: the fields that it gives."""
    if not isinstance(value, Wanted):
        return "rows"
    given = {name: getattr(value, name) for name in Wanted.__struct_fields__}
    said = {name: sorted(each) if isinstance(each, frozenset) else each for name, each in given.items()}
    return " ".join(f"{name}={each}" for name, each in said.items() if given[name] != getattr(Wanted(), name))[:60]


@pytest.mark.parametrize(("wanted", "meets"), FILTERS, ids=named)
def test_a_list_has_whoever_meets_what_is_given(
    connection: Connection, rows: list[Row], wanted: Wanted, meets: Callable[[Row], bool]
) -> None:
    """A filter leaves those rows that a look at each of them leaves, in any order and as a count."""
    there = {row["enrolment"] for row in rows if meets(row)}

    assert {row["enrolment"] for row in every(connection, wanted)} == there
    assert {row["enrolment"] for row in every(connection, wanted, Sort("enrolment"))} == there
    assert enrolment_list.count(connection, wanted) == len(there)


@pytest.mark.parametrize("change", ["raised", "changed", "cleared", None])
def test_whose_flag_changed_on_a_day_is_listed(connection: Connection, rows: list[Row], change: Any) -> None:
    """They are those in whose history it stands; without a kind of change, all of them."""
    for day in DAYS:
        there = {
            row["enrolment"]
            for row in rows
            for decided in risk_history.of(connection, row["enrolment"])
            if decided["day"] == day and decided["change"] is not None and change in (None, decided["change"])
        }
        found = every(connection, Wanted(changed_on=day, change=change))
        assert {row["enrolment"] for row in found} == there


def test_one_enrolment_is_found_where_it_is_wanted_only(connection: Connection, rows: list[Row]) -> None:
    """Given another partner, it is as if the enrolment did not exist."""
    [row] = [row for row in rows if row["enrolment"] == "e-late"]

    assert enrolment_list.find(connection, Wanted(partner="partner-1"), "e-late") == row
    assert enrolment_list.find(connection, Wanted(partner="partner-2"), "e-late") is None
    assert enrolment_list.find(connection, Wanted(), "e-nobody") is None


def test_a_moment_is_the_same_in_every_zone(connection: Connection) -> None:
    """`updated_since` with another offset than UTC names the same moment."""
    shifted = datetime.fromisoformat("2025-09-08T11:00:20+02:00")

    assert shifted == LATE
    assert enrolment_list.count(connection, Wanted(updated_since=shifted)) == enrolment_list.count(
        connection, Wanted(updated_since=LATE)
    )
