"""Who stays, by DfE's own definition and by the usual others, so that nobody has to argue which one a figure was.

DfE measures retention per lead provider, cohort and course, of the participants with a funded start: those completed
or active as a share of those completed, active or withdrawn. Who is deferred stands on neither side. Participants are
completed when their completed declaration is funded, and otherwise have their training status. A declaration is funded
when it is eligible, payable or paid. (Source: DfE's analytics of the NPQ registration service, the retention cube of
its lead provider reports.)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.dfe_declarations import Funded, read_declarations
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import percent
from learning.curriculum import Curriculum

COLUMNS: Final = {
    "provider": "lead provider",
    "cohort": "DfE's cohort; `not said` where the enrolment names none",
    "course": "DfE's course, or the programme where it is none of DfE's",
    "measure": "which rate; the notes say how each is made",
    "completed": "of the people whom the measure is about, who completed",
    "active": "of them, who study now",
    "withdrawn": "of them, who withdrew",
    "deferred": "of them, who are deferred",
    "numerator": "people who count as staying, or as having reached the gate",
    "denominator": "people of whom the rate is",
    "rate": "numerator as a ratio of the denominator (0 to 1); empty where that is 0",
}

_EVERYBODY: Final = Filters()
_GROUPS: Final = ("provider", "cohort", "course")
_STANDINGS: Final = ("completed", "active", "withdrawn", "deferred")
_MOST_BARS: Final = 12


class _Measure(NamedTuple):
    name: str
    label: str
    meaning: str
    among: str
    """Whom it is about, as a condition on the counts."""
    kept: tuple[str, ...]
    """What adds up to the numerator."""
    of: tuple[str, ...]
    """What adds up to the denominator."""


_RETENTION: Final = "dfe-retention"
_MEASURES: Final = (
    _Measure(
        _RETENTION,
        "DfE's definition",
        "of those who started: completed or active, of completed, active or withdrawn; deferred on neither side",
        "started",
        ("completed", "active"),
        ("completed", "active", "withdrawn"),
    ),
    _Measure(
        "deferred-retained",
        "Deferred count as staying",
        "of those who started: everybody but the withdrawn, of everybody",
        "started",
        ("completed", "active", "deferred"),
        _STANDINGS,
    ),
    _Measure(
        "not-withdrawn",
        "Of all ever enrolled",
        "of all who ever enrolled, started or not: everybody but the withdrawn, of everybody",
        "people > 0",
        ("completed", "active", "deferred"),
        _STANDINGS,
    ),
    _Measure(
        "gate-of-started",
        "Gate by the deadline",
        "of those who started and whose deadline is over: who reached the gate by the deadline",
        "started and due",
        ("reached",),
        _STANDINGS,
    ),
    _Measure(
        "gate-of-enrolled",
        "Gate by the deadline, of all enrolled",
        "of all who ever enrolled and whose deadline is over: who reached the gate by the deadline",
        "due",
        ("reached",),
        _STANDINGS,
    ),
)
_CHARTED: Final = _MEASURES[:4]

_BY_EVIDENCE: Final = """
    SELECT e.enrolment_no, TRUE AS started, e.status = 'completed' AS completed
    FROM dim_enrolment AS e JOIN fact_start AS f USING (enrolment_no)
    WHERE e.status <> 'withdrawn' OR f.started_on < e.status_since
"""
"""Done by the person, before they left: the evidence on which a `started` declaration could be made."""

_BY_ENROLMENT: Final = """
    SELECT e.enrolment_no, d.started, d.completed
    FROM declared AS d JOIN dim_enrolment AS e ON e.enrolment = d.enrolment
"""

_BY_PARTICIPANT: Final = """
    SELECT max_by(e.enrolment_no, (e.enrolled_on, e.enrolment_no)) AS enrolment_no,
        any_value(d.started) AS started, any_value(d.completed) AS completed
    FROM declared AS d
        JOIN dim_enrolment AS e ON e.participant = d.participant_id
        JOIN course_of AS c ON c.programme = e.programme AND c.course = d.course_identifier
    GROUP BY d.participant_id, d.course_identifier
"""

_COUNTS: Final = """
    WITH declaration AS ({declarations}), person AS (
        SELECT e.provider, coalesce(e.cohort, 'not said') AS cohort, coalesce(k.course, e.programme) AS course,
            coalesce(d.started, FALSE) AS started,
            coalesce(p.deadline < as_of, FALSE) AS due,
            CASE WHEN d.completed THEN 'completed' WHEN e.status = 'completed' THEN {finished} ELSE e.status END
                AS standing,
            coalesce(f.gate_reached_on <= p.deadline, FALSE) AS reached
        FROM dim_enrolment AS e
            LEFT JOIN declaration AS d USING (enrolment_no)
            LEFT JOIN fact_completion AS f USING (enrolment_no)
            LEFT JOIN dim_plan AS p ON p.programme = e.programme AND p.intake = e.intake
            LEFT JOIN course_of AS k ON k.programme = e.programme, dim_time
        WHERE {condition}
    )
    SELECT provider, cohort, course, started, due, standing, count(*) AS people, count(*) FILTER (reached) AS reached
    FROM person
    GROUP BY ALL
    ORDER BY ALL
"""


def retention(
    connection: duckdb.DuckDBPyConnection,
    filters: Filters = _EVERYBODY,
    *,
    declarations: Path | None = None,
    curriculum: Curriculum | None = None,
) -> Answer:
    """Measure retention per lead provider, cohort and course, with the numerator and denominator of every rate.

    Args:
        connection: To the models.
        filters: Whom to count.
        declarations: An export of DfE's declarations (see `analytics.dfe_declarations`). Without it a start is not
            funded but evident, and the rate is not DfE's figure.
        curriculum: Says which programme is which of DfE's courses; by default the programmes that are shipped.

    Raises:
        DeclarationFileError: The export cannot be used.
    """
    need(connection, "dim_enrolment", "dim_plan", "fact_completion", "fact_start")
    funded = None if declarations is None else read_declarations(declarations)
    counts, unmatched = _counted(connection, filters, funded, curriculum or Curriculum.shipped())
    frame = pd.concat([_measured(counts, each) for each in _MEASURES]) if len(counts) else _nothing()
    frame = frame.sort_values([*_GROUPS], kind="stable", ignore_index=True)
    return Answer(
        question="retention",
        finding=_finding(frame, is_dfes=funded is not None),
        frame=frame,
        columns=COLUMNS,
        people=(*_STANDINGS, "numerator", "denominator"),
        groups=(*_GROUPS, "measure"),
        notes=tuple(_notes(frame, funded, unmatched)),
        chart=_chart(frame),
    )


def _counted(
    connection: duckdb.DuckDBPyConnection, filters: Filters, funded: Funded | None, curriculum: Curriculum
) -> tuple[pd.DataFrame, int]:
    """The people by group and standing, and how many people of the export are not ours."""
    courses = [(each.id, each.course) for each in curriculum.programmes.values() if each.course is not None]
    connection.register("course_of", pd.DataFrame(courses, columns=["programme", "course"], dtype=str))
    try:
        condition, values = filters.condition("e")
        if funded is None:
            query = _COUNTS.format(declarations=_BY_EVIDENCE, condition=condition, finished="'completed'")
            return connection.execute(query, values).df(), 0
        connection.register("declared", funded.rows)
        matching = _BY_ENROLMENT if funded.key == ("enrolment",) else _BY_PARTICIPANT
        query = _COUNTS.format(declarations=matching, condition=condition, finished="'active'")
        [(matched,)] = connection.execute(f"SELECT count(*) FROM ({matching})").fetchall()
        return connection.execute(query, values).df(), len(funded.rows) - matched
    finally:
        connection.unregister("course_of")
        connection.unregister("declared")


def _measured(counts: pd.DataFrame, measure: _Measure) -> pd.DataFrame:
    """One measure of every group, also where nobody is whom it could be about."""
    everybody = counts.groupby(list(_GROUPS)).size().index
    among = counts.query(measure.among)
    table = among.pivot_table(index=list(_GROUPS), columns="standing", values="people", aggfunc="sum")
    table = table.reindex(index=everybody, columns=list(_STANDINGS)).fillna(0).astype(int)
    table["reached"] = among.groupby(list(_GROUPS))["reached"].sum().reindex(everybody, fill_value=0)
    table["measure"] = measure.name
    table["numerator"] = table[list(measure.kept)].sum(axis=1)
    table["denominator"] = table[list(measure.of)].sum(axis=1)
    table["rate"] = table["numerator"] / table["denominator"].where(table["denominator"] > 0)
    return table.reset_index()[list(COLUMNS)].rename_axis(columns=None)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS))


def _finding(frame: pd.DataFrame, *, is_dfes: bool) -> str:
    own = frame[frame["measure"] == _RETENTION]
    kept, of = int(own["numerator"].sum()), int(own["denominator"].sum())
    if not of:
        return "Nobody who was asked for has started without being deferred, so there is no retention to measure."
    figures = f"{percent(kept / of)} ({kept:,} of {of:,} who started and are not deferred)"
    if is_dfes:
        return f"Retention by DfE's definition is {figures}."
    return f"Retention is {figures}, with starts by our evidence: this is not DfE's figure."


def _notes(frame: pd.DataFrame, funded: Funded | None, unmatched: int) -> Iterator[str]:
    if funded is None:
        yield "This is not DfE's figure: DfE counts funded declarations, for which an export of them is needed."
        yield (
            "Started means here: a component of the programme was completed, attended, caught up on or handed in "
            "before the person left, and stands. Completed means completed by the facts."
        )
    else:
        yield "Started and completed mean that such a declaration is eligible, payable or paid in the export."
        if funded.key != ("enrolment",):
            yield "Where somebody enrolled on a course more than once, declarations count for the latest enrolment."
        if unmatched:
            yield f"{unmatched:,} people in the export have no enrolment here and are left out."
    for each in _MEASURES:
        yield f"{each.name}: {each.meaning}."
    yield "Numerators and denominators can be added up over groups; rates cannot."
    if (groups := frame.groupby(list(_GROUPS)).ngroups) > _MOST_BARS:
        yield f"The chart shows the {_MOST_BARS} largest of {groups} groups; the table has all."


def _chart(frame: pd.DataFrame) -> Chart | None:
    if not frame["rate"].notna().any():
        return None
    by_measure = {name: own.set_index(list(_GROUPS)) for name, own in frame.groupby("measure")}
    people = by_measure["not-withdrawn"]["denominator"]
    largest = people.sort_values(ascending=False, kind="stable").index[:_MOST_BARS]
    shown = [
        [None if pd.isna(rate) else float(rate) for rate in by_measure[each.name].loc[largest, "rate"]]
        for each in _CHARTED
    ]
    return Chart(
        x_title="Lead provider, cohort and course",
        y_title="Share of people",
        bars=Bars(
            categories=[", ".join(group) for group in largest],
            labels=[each.label for each in _CHARTED],
            values=shown,
        ),
    )
