"""What is counted at a glance is what the lists behind it have."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from learning.policy import LEVELS, SIGNALS
from projections import enrolment_list, overview
from projections.enrolment_list import Wanted, changes
from projections.store import Store
from tests.fact_lives import LAST_DAY
from tests.lists_kit import FLAGGED, Row

GROUPS: list[dict[str, str]] = [{}, {"partner": "partner-2"}, {"programme": "small/course", "provider": "provider-1"}]


@pytest.mark.parametrize("filters", GROUPS, ids=str)
def test_a_glance_counts_the_rows_of_the_list(connection: Connection, rows: list[Row], filters: dict[str, str]) -> None:
    """In all, by cohort and by partner, what is counted is what a look at each row counts."""
    theirs = [row for row in rows if all(row[name] == value for name, value in filters.items())]
    glance = overview.at_a_glance(connection, filters)

    assert glance.totals.items() >= counted(theirs).items()
    for part, names in ((glance.cohorts, ("programme", "intake")), (glance.partners, ("partner",))):
        keys = sorted({tuple(row[name] for name in names) for row in theirs})
        assert [tuple(row[name] for name in names) for row in part] == keys
        for row in part:
            same = [each for each in theirs if all(each[name] == row[name] for name in names)]
            assert row.items() >= counted(same).items()


def counted(rows: list[Row]) -> dict[str, int]:
    """How many there are by status and by level."""
    statuses, levels = Counter(row["status"] for row in rows), Counter(row["level"] for row in rows)
    return {
        "enrolled": len(rows),
        **{each: statuses[each] for each in ("active", "deferred", "withdrawn", "completed")},
        **{each.replace("-", "_"): levels[each] for each in LEVELS},
        "flagged": levels["at-risk"] + levels["critical"],
        "not_assessed": sum(row["level"] is None and row["status"] == "active" for row in rows),
        "gate_reached": sum(row["gate_reached"] for row in rows if row["status"] != "withdrawn"),
    }


@pytest.mark.parametrize("filters", GROUPS, ids=str)
def test_what_the_latest_day_brought_is_what_the_lists_behind_it_have(
    connection: Connection, filters: dict[str, str]
) -> None:
    """Each number is as long as the list of those enrolments."""
    found = overview.changed_today(connection, filters)

    assert found is not None
    assert found.day == LAST_DAY + timedelta(days=1)
    for change in ("raised", "changed", "cleared"):
        wanted = replace(Wanted(changed_on=found.day), change=change, **filters)
        assert getattr(found, change) == enrolment_list.count(connection, wanted)
    for status in ("completed", "withdrawn", "deferred"):
        wanted = replace(Wanted(status_since=found.day), status=status, **filters)
        assert getattr(found, status) == enrolment_list.count(connection, wanted)


@pytest.mark.parametrize("filters", GROUPS, ids=str)
def test_deadlines_that_are_near_have_whoever_is_not_at_the_gate(
    connection: Connection, rows: list[Row], filters: dict[str, str]
) -> None:
    """Of the active enrolments without the gate, those whose deadline comes within the time asked for."""
    today, within = LAST_DAY + timedelta(days=1), timedelta(days=200)
    near = [
        row
        for row in rows
        if row["status"] == "active" and not row["gate_reached"] and today <= row["deadline"] <= today + within
        if all(row[name] == value for name, value in filters.items())
    ]
    expected = Counter((row["deadline"], row["programme"], row["intake"]) for row in near)
    flagged = Counter((row["deadline"], row["programme"], row["intake"]) for row in near if row["level"] in FLAGGED)

    found = overview.deadlines(connection, filters, within=within)

    assert [tuple(row.values()) for row in found] == [(*key, expected[key], flagged[key]) for key in sorted(expected)]


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(partner="partner-2"), Wanted(level="critical")])
def test_reasons_are_counted_of_the_flagged(connection: Connection, rows: list[Row], wanted: Wanted) -> None:
    """Each reason counts once an enrolment, and only of those who have a flag; the most frequent comes first."""
    theirs = [
        row
        for row in rows
        if row["level"] in FLAGGED and all(getattr(wanted, each) in (None, row[each]) for each in ("partner", "level"))
    ]
    expected = Counter(reason.signal for row in theirs for reason in row["reasons"])

    found = overview.reasons(connection, wanted)

    assert found == expected
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert found.keys() <= set(SIGNALS)


def test_what_can_be_asked_for_is_what_there_is(connection: Connection, rows: list[Row]) -> None:
    """Each filter of a place has the values of those enrolments that may be seen, in order."""
    theirs = [row for row in rows if row["partner"] == "partner-2"]

    assert overview.choices(connection, {"partner": "partner-2"}) == {
        name: sorted({row[name] for row in theirs} - {None})
        for name in ("programme", "intake", "provider", "partner", "cohort")
    }


def test_before_any_day_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """An empty store has zeros, no days, and empty lists."""
    with Store(tmp_path / "store.db") as empty, empty.connect() as connection:
        totals, cohorts, partners = overview.at_a_glance(connection)
        assert (totals["enrolled"], totals["completion_ratio"], cohorts, partners) == (0, None, [], [])
        assert overview.changed_today(connection) is None
        assert overview.deadlines(connection) == []
        assert overview.reasons(connection, Wanted()) == {}
        assert changes(connection, Wanted()) == ([], None)
