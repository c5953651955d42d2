"""Enrolments that the rules of `learning.declarations` cannot tell apart, so that they are asked once for all of them.

Alike are those of one course group and the same intakes, with the same standing, engagement between the same dates of
their milestones, and the same outcome. They are found and counted in SQL; what somebody like them would have on the log
is made up again in Python, and folded.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from hashlib import blake2b
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
_Found = tuple[int, str, str, str]
"""A number, the programme, the intake, and the other intakes that were named, with a space between."""

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

_CASES: Final = """
    CREATE TEMP TABLE milestone_case AS
    WITH other AS (
        SELECT e.enrolment_no, array_to_string(list_sort(list(DISTINCT f.intake)), ' ') AS intakes
        FROM stg_fact AS f JOIN dim_enrolment AS e USING (enrolment)
        WHERE f.type IN ('learning.enrolled.v1', 'learning.transferred.v1') AND f.intake <> e.intake
        GROUP BY e.enrolment_no
    )
    SELECT e.enrolment_no, e.programme, e.intake, coalesce(o.intakes, '') AS others, s.status AS standing,
        e.status = 'completed' AS completed,
        -- a withdrawal that was sent again holds from the date said last, and one that begins today does not yet
        CASE WHEN s.status = 'withdrawn'
            THEN if(e.status = 'withdrawn' AND e.status_since < as_of, e.status_since, s.from_on) END AS left_on,
        CASE WHEN v.passed THEN 'passed' ELSE 'failed' END AS outcome, v.decided_on,
        dense_rank() OVER (ORDER BY e.programme, e.intake, others)::INTEGER AS found_no
    FROM dim_enrolment AS e
    JOIN dim_time ON TRUE
    JOIN fact_spell AS s ON s.enrolment_no = e.enrolment_no
        AND s.from_on < as_of AND coalesce(s.until_on >= as_of, TRUE)
    LEFT JOIN other AS o ON o.enrolment_no = e.enrolment_no
    LEFT JOIN stg_verdict AS v ON v.enrolment_no = e.enrolment_no
"""

_FOUND: Final = """
    SELECT DISTINCT found_no, programme, intake, others FROM milestone_case ORDER BY found_no
"""

# `milestone_key` and `milestone_stretch` are given for as long as this is made
_ALIKE: Final = """
    CREATE TEMP TABLE {table} AS
    WITH kase AS MATERIALIZED (
        SELECT c.*, k.key_no::INTEGER AS key_no FROM milestone_case AS c JOIN milestone_key AS k USING (found_no)
    ),
    stretch AS (
        SELECT key_no::INTEGER AS key_no, number::INTEGER AS number, from_on::DATE AS from_on,
            until_on::DATE AS until_on
        FROM milestone_stretch
    ),
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
    SELECT kase.enrolment_no, kase.key_no, kase.standing, kase.completed,
        coalesce(engaged.stretches, 0)::UINTEGER AS stretches, decided.outcome, decided.number AS decided_in
    FROM kase LEFT JOIN engaged USING (enrolment_no) LEFT JOIN decided USING (enrolment_no)
"""

_COUNTED: Final = """
    SELECT a.key_no, a.standing, a.completed, a.stretches, a.outcome, a.decided_in, count(*) AS enrolments
    FROM {table} AS a JOIN dim_enrolment AS e USING (enrolment_no)
    WHERE {condition}
    GROUP BY ALL
    ORDER BY ALL
"""


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
    connection: duckdb.DuckDBPyConnection, filters: Filters, curriculum: Curriculum, table: MilestoneTable
) -> list[Alike]:
    """Group the enrolments whose milestones are published, as they stand when the day begins as of which is measured.

    Args:
        connection: To the models.
        filters: Whom to count, by where they are now.
        curriculum: The programmes, with DfE's courses.
        table: DfE's dates.
    """
    need(connection, "dim_time", "dim_enrolment", "dim_component", "fact_spell")
    need(connection, "stg_mark", "stg_disputed", "stg_verdict")
    need_table(connection, "engaged_day", _ENGAGED)
    need_table(connection, "milestone_case", _CASES)
    keys = dict(_keys(connection.execute(_FOUND).fetchall(), curriculum, table))
    programmes = dict[Key, str]()
    for programme, key in keys.values():
        programmes.setdefault(key, programme)
    numbered = list(programmes)
    cases = _need_cases(connection, {number: key for number, (_, key) in keys.items()}, numbered, table)
    condition, values = filters.condition("e")
    counted = connection.execute(_COUNTED.format(table=cases, condition=condition), values).fetchall()
    return [_alike(programmes[numbered[number]], numbered[number], table, row) for number, *row in counted]


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


def _keys(found: list[_Found], curriculum: Curriculum, table: MilestoneTable) -> Iterator[tuple[int, tuple[str, Key]]]:
    """Those that DfE knows and has published dates for, by their numbers, with the programme."""
    for number, programme, intake, others in found:
        known = curriculum.programmes.get(programme)
        if known is not None and known.course is not None and table.of_course(intake, known.course):
            yield number, (programme, Key(COURSE_GROUPS[known.course], intake, tuple(others.split())))


def _edges(key: Key, table: MilestoneTable) -> list[date]:
    """The dates between which the rules cannot tell one day from another, with a day before the first and after all."""
    dates = {
        edge
        for intake in (key.intake, *key.others)
        for due in table.milestones(intake, key.group)
        for edge in (due.window_start, due.deadline + _DAY)
    }
    return sorted({min(dates) - _DAY, *dates, max(dates) + _DAY})


def _need_cases(
    connection: duckdb.DuckDBPyConnection, keys: Mapping[int, Key], numbered: list[Key], table: MilestoneTable
) -> str:
    """Work out, once for a connection and these dates, what the rules see of each enrolment; answers with the table."""
    found = [(number, numbered.index(key)) for number, key in keys.items()]
    stretches = [
        (number, place, str(start), str(end))
        for number, key in enumerate(numbered)
        for place, (start, end) in enumerate(pairwise(_edges(key, table)))
    ]
    name = f"milestone_alike_{blake2b(repr((found, stretches)).encode(), digest_size=8).hexdigest()}"
    connection.register("milestone_key", pd.DataFrame(found, columns=["found_no", "key_no"]))
    columns = ["key_no", "number", "from_on", "until_on"]
    connection.register("milestone_stretch", pd.DataFrame(stretches, columns=columns))
    try:
        need_table(connection, name, _ALIKE.format(table=name))
    finally:
        connection.unregister("milestone_key")
        connection.unregister("milestone_stretch")
    return name


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
