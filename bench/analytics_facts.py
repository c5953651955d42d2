"""So many facts of so many enrolments as rows of the lake, always the same: believable, and made in a minute or two.

All programmes of one catalogue in four intakes, of which some are over, with 60 delivery partners. The rows are made
in DuckDB, since ten million facts as objects would take hours.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from bench.analytics_course import DAY, Course
from bench.analytics_partners import Ints, Partners
from eventlog.facts import CALENDAR, DAY_CLOCK, DEFAULT_PARTITIONS
from eventlog.lake.columns import CONTENT, NAMES, columns_of
from eventlog.partitioner import partition_of
from learning.curriculum import Curriculum
from learning.facts import ActivitySeen, Data, DayStarted

INTAKES = {"2023-autumn": 0.15, "2024-autumn": 0.25, "2025-spring": 0.25, "2025-autumn": 0.35}
"""What part of the enrolments is in each."""

LAST_DAY = date(2026, 3, 13)
"""The last day that has started."""

_FIRST_DAY = date(2023, 8, 28)
_DAY = timedelta(days=1)
_CATALOGUE = "ambition-2024/"
_PARTNERS = 60
_SEED = 11
_EPOCH = date(1970, 1, 1)
_SECONDS_OF_A_DAY_START = 5
_MOST_CLICKS = 60
_END = ((LAST_DAY - _EPOCH).days + 1) * DAY

_Columns = dict[str, Any]


class Draft:
    """Facts in a table of DuckDB, without their place on the log; `fill` them, `place` them, then take `partition`s."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, curriculum: Curriculum) -> None:
        self._connection = connection
        self._curriculum = curriculum
        self._random = np.random.default_rng(_SEED)
        self._told: defaultdict[tuple[str, ...], list[_Columns]] = defaultdict(list)
        said = ", ".join(f"{column.name} {column.type}" for column in CONTENT)
        envelope = "person INTEGER, type VARCHAR, happened BIGINT, recorded BIGINT"
        connection.execute(f"CREATE TABLE draft ({envelope}, {said})")
        connection.execute("CREATE TABLE person (person INTEGER, partition USMALLINT, cohort_hint VARCHAR)")

    def fill(self, facts: int, enrolments: int) -> None:
        """Draw what people do, then visits to the learning platform until there are so many facts, days included."""
        for course in self._courses(enrolments):
            course.tell()
        self._keep()
        days = (LAST_DAY - _FIRST_DAY).days + 1
        self._visit(facts - self._count() - days * DEFAULT_PARTITIONS)

    def place(self, facts: int) -> None:
        """Give every fact its partition, offset and id, in the order in which they became known; the first so many."""
        first = (_FIRST_DAY - _EPOCH).days
        self._connection.execute(
            f"""
            CREATE TABLE placed AS
            WITH days AS (SELECT days.range::INTEGER AS day, partitions.range AS partition
                          FROM range({first}, {_END // DAY}) AS days, range({DEFAULT_PARTITIONS}) AS partitions),
            everything AS (
                SELECT draft.rowid AS draft, partition, recorded, NULL::DATE AS day
                FROM draft JOIN person USING (person) WHERE recorded < {_END}
                UNION ALL
                SELECT NULL, partition, epoch(timezone('Europe/London', (DATE '1970-01-01' + day)::TIMESTAMP))::BIGINT
                       + {_SECONDS_OF_A_DAY_START}, DATE '1970-01-01' + day FROM days),
            numbered AS (SELECT *, row_number() OVER (ORDER BY recorded, draft, partition) AS number FROM everything)
            SELECT draft, partition, recorded, day, number,
                   row_number() OVER (PARTITION BY partition ORDER BY number) - 1 AS log_offset
            FROM numbered WHERE number <= {facts}"""
        )

    def partition(self, partition: int) -> str:
        """SQL of all rows of one partition of the log, in the columns of the lake."""
        envelope = {
            "log_partition": f"{partition}::USMALLINT",
            "log_offset": "log_offset",
            "day_known": "nullif((timezone('Europe/London', make_timestamptz(placed.recorded * 1000000)) "
            f"- to_seconds({_SECONDS_OF_A_DAY_START + 1}))::DATE, DATE '{_FIRST_DAY - _DAY}')",
            "cohort_hint": "cohort_hint",
            "type": f"coalesce(type, '{DayStarted.TYPE}')",
            "source": f"if(type IS NULL, '{DAY_CLOCK}', '/engagement/simulator')",
            "id": f"if(type IS NULL, format('{{}}/{partition}', placed.day), format('sim-{_SEED}-{{:09}}', number))",
            "enrolment": f"if(type IS NULL, '{CALENDAR}', format('e-{{:07}}', person))",
            "participant": f"if(type IS NULL, '{CALENDAR}', format('p-{{:07}}', person))",
            "happened_at": "make_timestamptz(coalesce(happened, placed.recorded - "
            f"{_SECONDS_OF_A_DAY_START}) * 1000000)",
            "recorded_at": "make_timestamptz(placed.recorded * 1000000)",
        }
        content = {
            **{column.name: column.name for column in CONTENT},
            "enrolled_participant": "if(programme IS NULL, NULL, format('p-{:07}', person))",
            "day": "placed.day",
        }
        columns = ", ".join(f"{({**envelope, **content})[name]} AS {name}" for name in NAMES)
        return f"""
            SELECT {columns} FROM placed LEFT JOIN draft ON draft.rowid = placed.draft LEFT JOIN person USING (person)
            WHERE placed.partition = {partition}"""

    def _courses(self, enrolments: int) -> Iterator[Course]:
        partners = Partners.drawn(self._random, _PARTNERS)
        programmes = sorted(each for each in self._curriculum.programmes if each.startswith(_CATALOGUE))
        ids = _shuffled(self._random, enrolments)
        edges = np.linspace(0, enrolments, len(programmes) + 1).round().astype(int)
        for programme, (first, end) in zip(programmes, pairwise(edges), strict=True):
            cuts = (first + np.cumsum([0, *INTAKES.values()]) * (end - first)).round().astype(int)
            plans = [self._curriculum.plan(programme, intake) for intake in INTAKES]
            for plan, later, (some, until) in zip(plans, [*plans[1:], None], pairwise(cuts), strict=True):
                people = ids[some:until]
                if len(people):
                    self._know(people, f"{programme} {plan.intake.id}")
                    yield Course(plan, people, partners, self._random, later=later, tell=self._tell)

    def _know(self, people: Ints, cohort_hint: str) -> None:
        partitions = [partition_of(f"p-{each:07}".encode(), DEFAULT_PARTITIONS) for each in people]
        self._insert("person", {"person": people, "partition": partitions, "cohort_hint": cohort_hint})

    def _tell(self, data: type[Data], people: Ints, happened: Ints, recorded: Ints, said: dict[str, Any]) -> None:
        names = columns_of(data)
        columns = {names[name]: values for name, values in said.items()}
        told = {"person": people, "happened": happened, "recorded": recorded, **columns}
        self._told[data.TYPE, *columns].append(told)

    def _keep(self) -> None:
        """Put what was told into the table, all of one kind at once."""
        for (kind, *_), told in self._told.items():
            joined = {name: _joined([each[name] for each in told]) for name in told[0]}
            self._insert("draft", {**joined, "type": kind})
        self._told.clear()

    def _insert(self, table: str, columns: dict[str, Any]) -> None:
        frame = pd.DataFrame(columns)
        if len(frame):
            self._connection.register("frame", frame)
            self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM frame")
            self._connection.unregister("frame")

    def _count(self) -> int:
        found = self._connection.execute(f"SELECT count(*) FROM draft WHERE recorded < {_END}").fetchone()
        return int(found[0]) if found else 0

    def _visit(self, count: int) -> None:
        """People look in before they complete something, or some days before or after."""
        completed = "SELECT person, happened FROM draft WHERE type LIKE '%completed%' AND recorded < ?"
        work = self._connection.execute(completed, [_END - 3 * DAY]).fetchnumpy()
        chosen = self._random.integers(0, len(work["person"]), max(0, count))
        shift = self._random.choice([0, 0, 0, -2, -1, 1, 2], len(chosen)) * DAY
        happened: Ints = work["happened"][chosen] + shift - self._random.integers(600, 7_200, len(chosen))
        clicks = self._random.integers(1, _MOST_CLICKS, len(chosen))
        people: Ints = np.asarray(work["person"])[chosen]
        self._tell(ActivitySeen, people, happened, happened, {"clicks": clicks})
        self._keep()


def _joined(parts: list[Any]) -> Any:
    """One column of several."""
    return union_categoricals(parts) if isinstance(parts[0], pd.Categorical) else np.concatenate(parts)


def _shuffled(random: np.random.Generator, count: int) -> Ints:
    """Numbers that show no order, as ids do, each once."""
    numbers: Ints = random.choice(10_000_000, count, replace=False)
    return numbers
