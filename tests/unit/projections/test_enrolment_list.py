"""Lists of enrolments say the same as the rows that they are made of, however they are narrowed, sorted and cut."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.facts import ContactMade
from learning.policy import LEVELS, SIGNALS
from producers.publisher import publish
from projections import enrolment_list, enrolment_progress, enrolment_risk, overview, risk_history
from projections.enrolment_list import Cursor, Sort, SortBy, Wanted, changes, every, page
from projections.overview import Freshness
from projections.projector import Projector
from projections.rebuild import replay
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import START, at, enrolled, make
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.risk_kit import policies_of, rules_of, steps

DAYS = [START.date() + timedelta(days=28 * number) for number in range(1, 7)]
POLICIES = policies_of(rules_of(behind=steps("behind", (1, 1), (4, 2), (9, 3)), silent=steps("silent", (20, 1))))
FLAGGED = {"at-risk", "critical"}
LATE = START + timedelta(seconds=20)
"""When some of the runs had written and others had not."""

Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A hundred dense lives with days between them, each run of records a second later; one came after the last day."""
    folder = tmp_path_factory.mktemp("lists")
    curriculum = own_programmes(folder)
    facts = sorted(lives(5, 2_000, curriculum), key=lambda fact: fact.recordedtime)
    seconds = count()
    with EmbeddedLog(folder / "log.db") as log, Store(folder / "store.db") as opened:
        log.create_topic(FACTS_TOPIC, 3)
        projector = Projector(
            opened,
            Rulebook(curriculum, POLICIES),
            park=lambda _: None,
            now=lambda: START + timedelta(seconds=next(seconds)),
        )
        before = date.min
        for day in [*DAYS, LAST_DAY + timedelta(days=1)]:
            publish(log, [each for each in facts if before <= each.recordedtime.date() < day], now=START)
            start_day(log, day, START)
            replay(log, projector, opened)
            before = day
        contact = ContactMade(channel="phone", outcome="reached", by="staff-1")
        publish(log, [make(contact, at(200), enrolment="e-1", participant="p-1")], now=START)
        late = enrolled(at(200), enrolment="e-late", participant="p-late", cohort=None)
        publish(log, [late], now=START)
        replay(log, projector, opened)
        yield opened


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """A connection for queries."""
    with store.connect() as opened:
        yield opened


@pytest.fixture
def rows(connection: Connection) -> list[Row]:
    """The whole list."""
    return list(every(connection, Wanted()))


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


def test_one_enrolment_is_found_where_it_is_wanted_only(connection: Connection, rows: list[Row]) -> None:
    """Given another partner, it is as if the enrolment did not exist."""
    [row] = [row for row in rows if row["enrolment"] == "e-late"]

    assert enrolment_list.find(connection, Wanted(partner="partner-1"), "e-late") == row
    assert enrolment_list.find(connection, Wanted(partner="partner-2"), "e-late") is None
    assert enrolment_list.find(connection, Wanted(), "e-nobody") is None


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


def test_freshness_says_how_far_the_projections_have_come(
    store: Store, connection: Connection, rows: list[Row]
) -> None:
    """The latest day, the records of all partitions, and when a row was last written."""
    fresh = overview.freshness(connection)

    assert fresh.day == fresh.everywhere == LAST_DAY + timedelta(days=1)
    assert fresh.records == sum(each.next_offset for each in store.checkpoints().values())
    assert fresh.updated_at == max(row["updated_at"] for row in rows)


def test_before_any_day_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """An empty store has zeros, no days, and empty lists."""
    with Store(tmp_path / "store.db") as empty, empty.connect() as connection:
        totals, cohorts, partners = overview.at_a_glance(connection)
        assert (totals["enrolled"], totals["completion_ratio"], cohorts, partners) == (0, None, [], [])
        assert overview.changed_today(connection) is None
        assert overview.deadlines(connection) == []
        assert overview.reasons(connection, Wanted()) == {}
        assert overview.freshness(connection) == Freshness(day=None, everywhere=None, records=0, updated_at=None)
        assert changes(connection, Wanted()) == ([], None)


def test_a_moment_is_the_same_in_every_zone(connection: Connection) -> None:
    """`updated_since` with another offset than UTC names the same moment."""
    shifted = datetime.fromisoformat("2025-09-08T11:00:20+02:00")

    assert shifted == LATE
    assert enrolment_list.count(connection, Wanted(updated_since=shifted)) == enrolment_list.count(
        connection, Wanted(updated_since=LATE)
    )
