"""Replay OULAD, a real university's course presentations, as facts in the order of their days.

Every fact is made from one row of one file and its id from the row's place, so importing twice adds nothing, while rows
that look exactly alike stay the separate rows they are.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from eventlog.base import EventLog
from learning.events import Fact, fact
from learning.facts import ActivitySeen, AssessmentSubmitted, Data, Enrolled, Withdrawn
from producers.oulad_catalogue import Presentation, component_id, programme_id, read_presentations, write_catalogue
from producers.oulad_files import VISITS, opened, readable
from producers.publisher import publish
from producers.report import Report

PROVIDER: Final = "open-university"
SIGNED_OFF_BY: Final = "oulad"

_BATCH: Final = 10_000
_MIDDAY: Final = time(12, tzinfo=UTC)
_FULL_MARKS: Final = 100

_ENROLLED = """
    SELECT 1 AS kind, first_day + coalesce(date_registration, 0) AS day, row, code_module, code_presentation,
        id_student, NULL AS type, NULL AS thing, NULL AS amount, NULL AS banked
    FROM studentRegistration JOIN presentation USING (code_module, code_presentation)
"""
_VISITS = """
    SELECT 2, first_day + "date", row, code_module, code_presentation, id_student, NULL, id_site, sum_click, NULL
    FROM studentVle JOIN presentation USING (code_module, code_presentation)
"""
_SUBMITTED = """
    SELECT 3, first_day + CASE WHEN is_banked THEN 0 ELSE coalesce(date_submitted, 0) END, a.row, code_module,
        code_presentation, id_student, assessment_type, id_assessment, score, coalesce(is_banked, false)
    FROM studentAssessment AS a JOIN assessments USING (id_assessment)
        JOIN presentation USING (code_module, code_presentation)
"""
_WITHDRAWN = """
    SELECT 4, first_day + date_unregistration, row, code_module, code_presentation, id_student, NULL, NULL, NULL, NULL
    FROM studentRegistration JOIN presentation USING (code_module, code_presentation)
    WHERE date_unregistration IS NOT NULL
"""


_NEEDED: Final = (
    ("studentRegistration", "code_module, code_presentation", "courses"),
    ("assessments", "code_module, code_presentation", "courses"),
    ("studentAssessment", "id_assessment", "assessments"),
)
_NEEDED_BY_VISITS: Final = (VISITS, "code_module, code_presentation", "courses")


class _Row(NamedTuple):
    """A row of the query, which becomes one fact."""

    kind: int
    day: date
    row: int
    module: str
    presentation: str
    student: int
    type: str | None
    """Of an assessment."""
    thing: int | None
    """The assessment or the visited site."""
    amount: float | None
    """Marks of a submission, clicks of a visit."""
    banked: bool | None


def import_oulad(log: EventLog, folder: Path, data_dir: Path, now: datetime, *, visits: bool = True) -> Report:
    """Write the presentations as a catalogue file, and put all that happened in them on the log.

    Args:
        log: Where the facts go.
        folder: Holds OULAD's files; visits may be CSV or Parquet, or missing.
        data_dir: The data folder; `programmes/oulad.toml` is written in it.
        now: When facts that contradict the log are parked.
        visits: Whether the clicks are read too; they are most of the data.

    Raises:
        OuladError: A file or a column is missing or cannot be read; then nothing was loaded.
        LogError: The log cannot write. Importing again is safe.
    """
    with opened(folder) as (connection, has_visits), readable():
        presentations = read_presentations(connection)
        write_catalogue(presentations, data_dir / "programmes")
        _add_first_days(connection, presentations)
        notes = _left_out(connection, visits=visits and has_visits)
        if visits and not has_visits:
            notes.append(f"{folder} has no {VISITS}.parquet or {VISITS}.csv, so no visits were imported.")
        facts = _facts(connection, visits=visits and has_visits)
        return Report(notes=tuple(notes)).plus(publish(log, facts, now=now))


def _add_first_days(connection: duckdb.DuckDBPyConnection, presentations: tuple[Presentation, ...]) -> None:
    connection.execute("CREATE TABLE presentation (code_module TEXT, code_presentation TEXT, first_day DATE)")
    rows = [(each.module, each.code, each.first_day) for each in presentations]
    connection.executemany("INSERT INTO presentation VALUES (?, ?, ?)", rows)


def _left_out(connection: duckdb.DuckDBPyConnection, *, visits: bool) -> list[str]:
    """A note for each file with rows that belong to nothing in the other files, which a partial copy can have."""
    notes = []
    for file, key, needed in [*_NEEDED, *([_NEEDED_BY_VISITS] if visits else [])]:
        query = f'SELECT count(*) FROM "{file}" ANTI JOIN {needed} USING ({key})'
        for (number,) in connection.execute(query).fetchall():
            if number:
                notes.append(f"{number} rows of {file} were left out: their {key} is not in {needed}.")
    return notes


def _facts(connection: duckdb.DuckDBPyConnection, *, visits: bool) -> Iterator[Fact]:
    """Facts in the order of their days; within a day enrolled, visits, submissions, withdrawn, each by its row."""
    parts = [_ENROLLED, _SUBMITTED, _WITHDRAWN, *([_VISITS] if visits else [])]
    rows = connection.execute(f"{' UNION ALL '.join(parts)} ORDER BY day, kind, row")
    while batch := rows.fetchmany(_BATCH):
        for values in batch:
            row = _Row(*values)
            yield _MAKERS[row.kind](row)


def _enrolled(row: _Row) -> Fact:
    data = Enrolled(
        participant=f"oulad-{row.student}",
        programme=programme_id(row.module, row.presentation),
        intake=row.presentation,
        provider=PROVIDER,
        partner=f"oulad-{row.module}",
    )
    return _fact(row, data, "studentRegistration", "/enrolled")


def _withdrawn(row: _Row) -> Fact:
    data = Withdrawn(reason="other", effective=row.day, signed_off_by=SIGNED_OFF_BY)
    return _fact(row, data, "studentRegistration", "/withdrawn")


def _submitted(row: _Row) -> Fact:
    data = AssessmentSubmitted(
        component=component_id(str(row.type), int(row.thing or 0)),
        banked=bool(row.banked),
        score=None if row.amount is None else row.amount / _FULL_MARKS,
    )
    return _fact(row, data, "studentAssessment")


def _visited(row: _Row) -> Fact:
    clicks = None if row.amount is None else int(row.amount)
    return _fact(row, ActivitySeen(resource=f"site-{row.thing}", clicks=clicks), VISITS)


_MAKERS: Final[Mapping[int, Callable[[_Row], Fact]]] = {1: _enrolled, 2: _visited, 3: _submitted, 4: _withdrawn}


def _fact(row: _Row, data: Data, file: str, part: str = "") -> Fact:
    return fact(
        data,
        id=f"{row.row:08d}{part}",
        source=f"/oulad/{file}",
        subject=f"oulad-{row.module}-{row.presentation}-{row.student}",
        time=_midday(row.day),
        partitionkey=f"oulad-{row.student}",
    )


@cache
def _midday(day: date) -> datetime:
    return datetime.combine(day, _MIDDAY)
