"""What became of OULAD's learners, and which groups they belong to: read when every rule has given its answers.

No rule can see any of it: the rules get facts, and these files make none.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from producers.oulad_catalogue import programme_id
from producers.oulad_files import OuladError, opened, readable

GROUPINGS: Final = ("gender", "age_band", "imd_band", "disability")
"""The columns of studentInfo by which flags are compared."""

UNKNOWN: Final = "not stated"

Key = tuple[str, int]
"""Programme and learner."""


class Outcome(NamedTuple):
    """What became of a learner on a module."""

    left_on: int | None
    """The day of unregistration, from the first day of the presentation."""
    result: str
    """`Pass`, `Fail`, `Withdrawn` or `Distinction`. Some are `Withdrawn` without a day."""


def module_days(folder: Path, presentation: str) -> dict[str, int]:
    """The programmes of a presentation, each with its last day.

    Raises:
        OuladError: The folder is not OULAD's, or has no such presentation.
    """
    with opened(folder) as (connection, _), readable():
        rows = connection.execute(
            "SELECT code_module, code_presentation, module_presentation_length FROM courses ORDER BY ALL"
        ).fetchall()
    days = {programme_id(module, code): length for module, code, length in rows if code == presentation}
    if not days:
        there = ", ".join(sorted({code for _, code, _ in rows}))
        raise OuladError(f"{folder} has no presentation {presentation}; it has {there or 'none at all'}")
    return days


def outcomes(folder: Path, presentation: str) -> dict[Key, Outcome]:
    """What became of each learner of a presentation.

    Raises:
        OuladError: A file or a column is missing, or a registered learner has no result.
    """
    with opened(folder) as (connection, _), readable():
        left = connection.execute(
            "SELECT code_module, id_student, date_unregistration FROM studentRegistration WHERE code_presentation = ?",
            [presentation],
        ).fetchall()
    with _info(folder, "final_result") as (connection, source):
        rows = connection.execute(
            f"SELECT code_module, CAST(id_student AS BIGINT), final_result FROM {source} WHERE code_presentation = ?",
            [presentation],
        ).fetchall()
    results = {(module, student): result for module, student, result in rows}
    missing = sum(results.get((module, student)) is None for module, student, _ in left)
    if missing:
        raise OuladError(f"studentInfo in {folder} has no final_result of {missing} learners who are registered")
    return {
        (programme_id(module, presentation), student): Outcome(day, results[module, student])
        for module, student, day in left
    }


def groups(folder: Path, presentation: str) -> dict[str, Mapping[Key, str]]:
    """For each of `GROUPINGS`, the group of each learner.

    Raises:
        OuladError: The file or a column is missing.
    """
    with _info(folder, *GROUPINGS) as (connection, source):
        rows = connection.execute(
            f"SELECT code_module, CAST(id_student AS BIGINT), {', '.join(GROUPINGS)} FROM {source} "
            "WHERE code_presentation = ?",
            [presentation],
        ).fetchall()
    keys = [(programme_id(module, presentation), student) for module, student, *_ in rows]
    return {
        grouping: {key: row[2 + number] or UNKNOWN for key, row in zip(keys, rows, strict=True)}
        for number, grouping in enumerate(GROUPINGS)
    }


@contextmanager
def _info(folder: Path, *columns: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """The file that says who the learners are and how they did, as a source for a query."""
    path = next((each for each in (folder / "studentInfo.parquet", folder / "studentInfo.csv") if each.is_file()), None)
    if path is None:
        raise OuladError(f"the folder {folder} has no studentInfo.csv; the results of the learners stand in it")
    name = "'" + str(path).replace("'", "''") + "'"
    options = "header = true, all_varchar = true, nullstr = ['', '?']"
    source = f"read_parquet({name})" if path.suffix == ".parquet" else f"read_csv({name}, {options})"
    with duckdb.connect() as connection, readable():
        there = {column[0] for column in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        missing = {"code_module", "code_presentation", "id_student", *columns} - there
        if missing:
            raise OuladError(f"{path} has no column {', '.join(sorted(missing))}; OULAD's own files are needed")
        yield connection, source
