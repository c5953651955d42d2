"""Enrolments that the rules of `learning.declarations` cannot tell apart, so that they are asked once for all of them.

Alike are those of one course group and the same intakes, with the same standing, engagement between the same dates of
their milestones, and the same outcome. They are found and counted in SQL; what somebody like them would have on the log
is made up again in Python, and folded.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

import duckdb
import pandas as pd

from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import need_table
from learning.codes import COURSE_GROUPS, CourseGroup, Outcome
from learning.curriculum import Curriculum
from learning.declaration_evidence import OUTCOME_GROUPS
from learning.events import fact
from learning.facts import AssessmentMarked, ComponentCompleted, Data, Deferred, Enrolled, Transferred, Withdrawn
from learning.milestones import MilestoneTable
from learning.plan import start_of
from learning.progress import State, fold_all

_DAY: Final = timedelta(days=1)
_Found = tuple[str, str, str]
"""Programme, intake, and the other intakes that were named, with a space between."""

# Of a component of which something else was said than that the person was at work, what was said last of a moment
# counts, and nothing from before it was last reopened; as in `learning.declaration_evidence`.
_ENGAGED: Final = """
    CREATE TEMP TABLE engaged_day AS
    WITH said AS (
        SELECT enrolment_no, component, happened_at FROM stg_mark ANTI JOIN stg_disputed USING (enrolment_no, component)
        UNION ALL
        SELECT enrolment_no, component, happened_at
        FROM (
            SELECT *, said_at(happened_at, recorded_at, word) AS place,
                max(CASE WHEN word = 'reopened' THEN said_at(happened_at, recorded_at, word) END)
                    OVER (PARTITION BY enrolment_no, component) AS reopened
            FROM stg_mark SEMI JOIN stg_disputed USING (enrolment_no, component)
        )
        WHERE coalesce(place > reopened, TRUE)
        GROUP BY enrolment_no, component, happened_at
        HAVING max_by(word, place) NOT IN ('absent', 'banked', 'reopened')
    )
    SELECT DISTINCT said.enrolment_no, uk_day(said.happened_at) AS engaged_on
    FROM said
    JOIN dim_enrolment AS e USING (enrolment_no)
    SEMI JOIN dim_component AS c ON c.programme = e.programme AND c.component = said.component
"""

_OTHER_INTAKES: Final = """
    CREATE TEMP TABLE other_intakes AS
    SELECT e.enrolment_no, array_to_string(list_sort(list(DISTINCT f.intake)), ' ') AS intakes
    FROM stg_fact AS f JOIN dim_enrolment AS e USING (enrolment)
    WHERE f.type IN ('learning.enrolled.v1', 'learning.transferred.v1') AND f.intake <> e.intake
    GROUP BY e.enrolment_no
"""

_CASE: Final = """
    SELECT e.enrolment_no, e.programme, e.intake, coalesce(o.intakes, '') AS others, s.status AS standing,
        e.status = 'completed' AS completed,
        -- a withdrawal that was sent again holds from the date said last, and one that begins today does not yet
        CASE WHEN s.status = 'withdrawn'
            THEN if(e.status = 'withdrawn' AND e.status_since < $as_of, e.status_since, s.from_on) END AS left_on,
        CASE WHEN v.passed THEN 'passed' ELSE 'failed' END AS outcome, v.decided_on
    FROM dim_enrolment AS e
    JOIN fact_spell AS s ON s.enrolment_no = e.enrolment_no
        AND s.from_on < $as_of AND coalesce(s.until_on >= $as_of, TRUE)
    LEFT JOIN other_intakes AS o ON o.enrolment_no = e.enrolment_no
    LEFT JOIN stg_verdict AS v ON v.enrolment_no = e.enrolment_no
    WHERE {condition}
"""

_KEYS: Final = "SELECT DISTINCT programme, intake, others FROM ({case}) ORDER BY ALL"

_ALIKE: Final = """
    WITH kase AS MATERIALIZED (SELECT * FROM ({case}) JOIN milestone_key USING (programme, intake, others)),
    stretch AS (SELECT DISTINCT key_no, number, from_on, until_on FROM milestone_stretch),
    day AS (
        SELECT key_no, number, (from_on + unnest(range((until_on - from_on)::BIGINT))::INTEGER) AS day FROM stretch
    ),
    edge AS (SELECT key_no, min(from_on) AS first_day, max(until_on) - 1 AS last_day FROM stretch GROUP BY key_no),
    -- MATERIALIZED, lest every enrolment be joined with every day of its milestones first
    seen AS MATERIALIZED (
        SELECT d.enrolment_no, edge.key_no, greatest(least(d.engaged_on, edge.last_day), edge.first_day) AS day
        FROM engaged_day AS d JOIN kase USING (enrolment_no) JOIN edge USING (key_no)
        WHERE coalesce(d.engaged_on < kase.left_on, TRUE)
    ),
    engaged AS (
        SELECT enrolment_no, bit_or(1::UINTEGER << number) AS stretches
        FROM seen JOIN day USING (key_no, day)
        GROUP BY enrolment_no
    ),
    marked AS MATERIALIZED (
        SELECT kase.enrolment_no, kase.outcome, edge.key_no,
            greatest(least(kase.decided_on, edge.last_day), edge.first_day) AS day
        FROM kase JOIN edge USING (key_no)
        WHERE kase.decided_on IS NOT NULL AND coalesce(kase.decided_on < kase.left_on, TRUE)
    ),
    decided AS (SELECT enrolment_no, outcome, number FROM marked JOIN day USING (key_no, day))
    SELECT kase.key_no, kase.standing, kase.completed, coalesce(engaged.stretches, 0)::UINTEGER AS stretches,
        decided.outcome, decided.number AS decided_in, count(*) AS enrolments
    FROM kase LEFT JOIN engaged USING (enrolment_no) LEFT JOIN decided USING (enrolment_no)
    GROUP BY ALL
    ORDER BY ALL
"""


_PUT: Final = (
    """
    CREATE OR REPLACE TEMP TABLE milestone_key AS
    SELECT programme::VARCHAR AS programme, intake::VARCHAR AS intake, others::VARCHAR AS others,
        key_no::INTEGER AS key_no
    FROM found
    """,
    """
    CREATE OR REPLACE TEMP TABLE milestone_stretch AS
    SELECT key_no::INTEGER AS key_no, number::INTEGER AS number, from_on::DATE AS from_on, until_on::DATE AS until_on
    FROM stretches
    """,
)


class Key(NamedTuple):
    """Whose milestones are the same: a course group, the intake now, and the intakes named before."""

    group: CourseGroup
    intake: str
    others: tuple[str, ...]


class Alike(NamedTuple):
    """Enrolments that the rules cannot tell apart."""

    programme: str
    """One of their programmes."""
    key: Key
    starts: list[date]
    """A day of each stretch between two dates that the rules look at."""
    standing: str
    engaged: list[int]
    """Stretches with evidence, in order."""
    completed: bool
    decided: tuple[Outcome, int] | None
    """The outcome of the assessment, and the stretch in which it was known."""
    enrolments: int
    """How many there are."""


def alike(
    connection: duckdb.DuckDBPyConnection, filters: Filters, curriculum: Curriculum, table: MilestoneTable, as_of: date
) -> list[Alike]:
    """Group the enrolments whose milestones are published, as they stand when a day begins.

    Args:
        connection: To the models.
        filters: Whom to count, by where they are now.
        curriculum: The programmes, with DfE's courses.
        table: DfE's dates.
        as_of: The day as of which the connection measures.
    """
    need(connection, "dim_enrolment", "dim_component", "fact_spell", "stg_mark", "stg_disputed", "stg_verdict")
    need_table(connection, "engaged_day", _ENGAGED)
    need_table(connection, "other_intakes", _OTHER_INTAKES)
    given = {name: value for name, value in filters._asdict().items() if value is not None}
    values = {**given, "as_of": as_of}
    case = _CASE.format(condition=" AND ".join(["TRUE", *(f"e.{name} = ${name}" for name in given)]))
    keys = dict(_keys(connection.execute(_KEYS.format(case=case), values).fetchall(), curriculum, table))
    programmes = dict[Key, str]()
    for (programme, _, _), key in keys.items():
        programmes.setdefault(key, programme)
    numbered = list(programmes)
    _put(connection, keys, numbered, table)
    return [
        _alike(programmes[numbered[number]], numbered[number], table, row)
        for number, *row in connection.execute(_ALIKE.format(case=case), values).fetchall()
    ]


def _alike(programme: str, key: Key, table: MilestoneTable, row: list[Any]) -> Alike:
    standing, completed, stretches, outcome, decided_in, enrolments = row
    return Alike(
        programme=programme,
        key=key,
        starts=_edges(key, table)[:-1],
        standing=standing,
        engaged=[place for place in range(stretches.bit_length()) if stretches >> place & 1],
        completed=completed,
        decided=None if outcome is None or key.group not in OUTCOME_GROUPS else (outcome, decided_in),
        enrolments=enrolments,
    )


def _keys(found: list[_Found], curriculum: Curriculum, table: MilestoneTable) -> Iterator[tuple[_Found, Key]]:
    """Those that DfE knows and has published dates for."""
    for programme, intake, others in found:
        known = curriculum.programmes.get(programme)
        if known is not None and known.course is not None and table.of_course(intake, known.course):
            yield (programme, intake, others), Key(COURSE_GROUPS[known.course], intake, tuple(others.split()))


def _edges(key: Key, table: MilestoneTable) -> list[date]:
    """The dates between which the rules cannot tell one day from another, with a day before the first and after all."""
    dates = {
        edge
        for intake in (key.intake, *key.others)
        for due in table.milestones(intake, key.group)
        for edge in (due.window_start, due.deadline + _DAY)
    }
    return sorted({min(dates) - _DAY, *dates, max(dates) + _DAY})


def _put(
    connection: duckdb.DuckDBPyConnection, keys: Mapping[_Found, Key], numbered: list[Key], table: MilestoneTable
) -> None:
    """Give DuckDB the keys, by their numbers, and the stretches between their dates."""
    found = [(*each, numbered.index(key)) for each, key in keys.items()]
    stretches = [
        (number, place, str(start), str(end))
        for number, key in enumerate(numbered)
        for place, (start, end) in enumerate(pairwise(_edges(key, table)))
    ]
    connection.register("found", pd.DataFrame(found, columns=["programme", "intake", "others", "key_no"]))
    connection.register("stretches", pd.DataFrame(stretches, columns=["key_no", "number", "from_on", "until_on"]))
    try:
        for statement in _PUT:
            connection.execute(statement).fetchall()
    finally:
        connection.unregister("found")
        connection.unregister("stretches")


def state_like(alike: Alike, curriculum: Curriculum, day: date) -> State:
    """The state of somebody of whom the rules must say the same at the end of a day."""
    moments = [start_of(min(start, day)) for start in alike.starts]
    began = min(moments) - _DAY
    programme = curriculum.programme(alike.programme)
    first, *moves = (*alike.key.others, alike.key.intake)
    said: list[tuple[Data, datetime]] = [
        (Enrolled(participant="p", programme=programme.id, intake=first, provider="p", partner="p"), began)
    ]
    said.extend((Transferred(intake=intake), began + timedelta(hours=1 + n)) for n, intake in enumerate(moves))
    if alike.standing == "deferred":
        said.append((Deferred(reason="other"), moments[0]))
    if alike.standing == "withdrawn":
        said.append((Withdrawn(reason="other", effective=day, signed_off_by="p"), moments[0]))
    # one component done over and over is evidence each time, and completes nothing
    said.extend((ComponentCompleted(component=programme.components[0].id), moments[place]) for place in alike.engaged)
    if alike.decided is not None:
        outcome, place = alike.decided
        said.append((AssessmentMarked(attempt=1, outcome=outcome), moments[place]))
    elif alike.completed and alike.engaged and alike.key.group not in OUTCOME_GROUPS:
        at = moments[alike.engaged[-1]]
        said.extend((ComponentCompleted(component=component), at) for component in programme.points)
        if programme.assessment is not None:
            said.append((AssessmentMarked(attempt=1, outcome="passed"), at))
    return fold_all(
        fact(data, id=str(number), source="/alike", subject="e", time=time, partitionkey="p")
        for number, (data, time) in enumerate(said)
    )
