"""At which step of a programme participants stop, so that the step and what comes before it can be looked at."""

from typing import Final

import duckdb
import pandas as pd

from analytics.answer import Answer, Bars, Chart
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import QuestionError, percent

_EVERYBODY: Final = Filters()

BEFORE: Final = "(nothing done)"
"""The step of those who did no component."""

SILENT_WEEKS: Final = 4
"""Whole study weeks of the own plan without any work after which somebody counts as silent."""

COLUMNS: Final = {
    "step": "place in the programme's order, from 1; 0: nothing was done",
    "component": f"component; {BEFORE} for step 0",
    "title": "its name for people",
    "came_so_far": "enrolments that did this component or a later one, so their way led here",
    "did": "of these, enrolments that did this very component",
    "stopped": "of these, enrolments whose furthest component this is and who stopped",
    "withdrawn": "of those who stopped, enrolments withdrawn",
    "silent": "of those who stopped, enrolments silent or out of time",
    "due": "enrolments whose plan had the component due by now, whether they came so far or not",
    "share_stopped": "those who stopped, of those who came so far (0 to 1)",
}

_RULES: Final = (
    (
        "The furthest component is the last one done in the programme's order, not in time: registers come late "
        "and people work ahead, so the order in time says less about the way through the programme."
    ),
    (
        "Stopped means withdrawn or, short of the completion gate, either without any work (a visit counts) for "
        f"{SILENT_WEEKS} whole study weeks of the own plan since they joined or came back, or past its deadline. "
        "Who is deferred has paused, not stopped."
    ),
    "What was taken back counts as not done.",
)

_MOST_BARS: Final = 12

_PROGRAMMES: Final = "SELECT DISTINCT programme FROM dim_enrolment AS e WHERE {condition} ORDER BY programme"

_FUNNEL: Final = """
    WITH component AS (
        SELECT component, title, position + 1 AS step FROM dim_component WHERE programme = $programme
        UNION ALL SELECT NULL, NULL, 0
    ),
    chosen AS (
        SELECT e.enrolment_no, e.programme, e.intake, e.status, coalesce(c.gate_reached, FALSE) AS at_gate,
            greatest(uk_day(c.last_active_at), s.from_on) AS seen_on
        FROM dim_enrolment AS e
        JOIN fact_spell AS s ON s.enrolment_no = e.enrolment_no AND s.until_on IS NULL
        LEFT JOIN fact_completion AS c ON c.enrolment_no = e.enrolment_no
        WHERE e.programme = $programme AND {condition}
    ),
    done AS (
        SELECT f.enrolment_no, c.step
        FROM fact_component AS f SEMI JOIN chosen USING (enrolment_no) JOIN component AS c USING (component)
        WHERE f.done
    ),
    furthest AS (SELECT enrolment_no, max(step) AS step FROM done GROUP BY enrolment_no),
    did AS (SELECT step, count(*) AS enrolments FROM done GROUP BY step),
    silence AS (
        SELECT chosen.enrolment_no, count(*) AS weeks
        FROM chosen JOIN dim_week AS w USING (programme, intake)
        WHERE w.week > 0 AND w.ends_on < (SELECT as_of FROM dim_time) AND w.ends_on - 7 >= chosen.seen_on
        GROUP BY chosen.enrolment_no
        HAVING count(*) >= $silent_weeks
    ),
    ended AS (
        SELECT coalesce(furthest.step, 0) AS step, count(*) AS enrolments,
            count(*) FILTER (chosen.status = 'withdrawn') AS withdrawn,
            count(*) FILTER (
                chosen.status = 'active' AND NOT chosen.at_gate
                AND (silence.weeks IS NOT NULL OR coalesce(l.deadline < (SELECT as_of FROM dim_time), FALSE))
            ) AS silent
        FROM chosen
        LEFT JOIN furthest USING (enrolment_no)
        LEFT JOIN silence USING (enrolment_no)
        LEFT JOIN dim_plan AS l USING (programme, intake)
        GROUP BY ALL
    ),
    due AS (
        SELECT d.component, sum(p.enrolments) AS enrolments
        FROM (SELECT intake, count(*) AS enrolments FROM chosen GROUP BY intake) AS p
        JOIN dim_due AS d ON d.programme = $programme AND d.intake = p.intake
        WHERE d.due_on < (SELECT as_of FROM dim_time)
        GROUP BY d.component
    )
    SELECT c.step, coalesce(c.component::VARCHAR, $before) AS component, coalesce(c.title, $before) AS title,
        sum(coalesce(ended.enrolments, 0)) OVER (ORDER BY c.step DESC)::BIGINT AS came_so_far,
        coalesce(did.enrolments, 0) AS did,
        coalesce(ended.withdrawn + ended.silent, 0) AS stopped,
        coalesce(ended.withdrawn, 0) AS withdrawn,
        coalesce(ended.silent, 0) AS silent,
        coalesce(due.enrolments, 0)::BIGINT AS due,
        CASE WHEN came_so_far > 0 THEN stopped / came_so_far END AS share_stopped
    FROM component AS c
    LEFT JOIN ended USING (step)
    LEFT JOIN did USING (step)
    LEFT JOIN due ON due.component = c.component
    WHERE EXISTS (FROM chosen)
    ORDER BY c.step
"""


def where_they_stop(connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY) -> Answer:
    """The funnel over the components of one programme: who came so far, who did it, and who stopped there.

    Args:
        connection: To the models.
        filters: Whom to follow, by where they are now; names a programme, unless all are on the same one.

    Raises:
        QuestionError: The enrolments are on more than one programme; names them.
    """
    need(connection, "dim_time", "dim_enrolment", "dim_component", "dim_plan", "dim_week", "dim_due")
    need(connection, "fact_component", "fact_completion", "fact_spell")
    given = {name: value for name, value in filters._asdict().items() if value is not None}
    condition = " AND ".join(["TRUE", *(f"e.{name} = ${name}" for name in given)])
    programmes = [name for (name,) in connection.execute(_PROGRAMMES.format(condition=condition), given).fetchall()]
    if len(programmes) > 1:
        raise QuestionError(f"each programme has steps of its own; choose a programme: {', '.join(programmes)}")
    values = {"silent_weeks": SILENT_WEEKS, "before": BEFORE, "programme": programmes[0] if programmes else None}
    frame = connection.execute(_FUNNEL.format(condition=condition), {**given, **values}).df()
    return Answer(
        question="where-they-stop",
        finding=_finding(frame),
        frame=frame,
        columns=COLUMNS,
        people=("came_so_far", "did", "stopped", "withdrawn", "silent", "due"),
        notes=_notes(frame),
        chart=_chart(frame),
    )


def _finding(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "Nobody who was asked for is enrolled on a programme of the catalogue, so there are no steps to show."
    enrolled, stopped = int(frame["came_so_far"].iloc[0]), int(frame["stopped"].sum())
    if not stopped:
        return f"None of {enrolled:,} participants has stopped."
    most = frame.iloc[int(frame["stopped"].argmax())]
    share = percent(most["share_stopped"])
    if most["step"] == 0:
        return (
            f"Of {enrolled:,} participants {stopped:,} have stopped; most of them, {most['stopped']:,} ({share} of "
            "all), before they had done anything."
        )
    return (
        f"Of {enrolled:,} participants {stopped:,} have stopped; most of them after {most['title']} "
        f"({most['component']}), where {most['stopped']:,} ({share} of those who came so far) did nothing further."
    )


def _notes(frame: pd.DataFrame) -> tuple[str, ...]:
    if len(frame) <= _MOST_BARS:
        return _RULES
    return (*_RULES, f"The chart shows the {_MOST_BARS} steps at which most stopped; the table has all {len(frame)}.")


def _chart(frame: pd.DataFrame) -> Chart | None:
    if frame.empty:
        return None
    shown = frame.nlargest(_MOST_BARS, "stopped").sort_values("step")
    bars = Bars(
        categories=shown["component"].tolist(),
        labels=("Withdrawn", "Silent or out of time"),
        values=(shown["withdrawn"].tolist(), shown["silent"].tolist()),
    )
    return Chart(x_title="Furthest component done", y_title="Participants who stopped", percent=False, bars=bars)
