"""What pandas and polars begin with: the facts as they load them, and the words that facts are told in."""

from pathlib import Path
from typing import Final

import duckdb
import pandas as pd

from eventlog.lake.lake import relation

PROGRAMME: Final = "ambition-2024/npqsl"
"""Where they stop is asked of one programme."""

TEXTS: Final = (
    *("enrolment", "type", "programme", "intake", "provider", "partner", "cohort", "component"),
    *("attendance", "reason", "outcome"),
)
"""Columns of few different texts: loaded as categories, as one does to fit ten million rows into memory."""

OTHERS: Final = ("happened_at", "recorded_at", "attempt", "effective", "closes", "banked", "day")

WORDS: Final = ("absent", "attended", "banked", "caught-up", "completed", "reopened", "submitted")
"""What can be said of a component, in the order that settles ties."""

UNDONE: Final = ("absent", "reopened")
PASSIVE: Final = (*UNDONE, "banked")
"""Words that do not say that the person was at work."""

REGISTER: Final = ("attended", "absent", "caught-up")

BANDS: Final = 10
"""Bands of completion, of equal width, in which a forecast takes people for alike."""

FEWEST: Final = 20
"""People whose history makes a rate."""

ABOUT_COMPONENTS: Final = {
    "learning.component-completed.v1": "completed",
    "learning.component-reopened.v1": "reopened",
    "learning.assessment-submitted.v1": "submitted",
}


def plans_in_use(files: list[Path]) -> set[tuple[str, str]]:
    """Programme and intake of everybody, before and after transfers."""
    query = f"""
        WITH said AS (SELECT enrolment, programme, intake FROM {relation(files)} WHERE intake IS NOT NULL)
        SELECT DISTINCT enrolled.programme, said.intake
        FROM said JOIN said AS enrolled ON enrolled.enrolment = said.enrolment AND enrolled.programme IS NOT NULL"""
    with duckdb.connect() as connection:
        return set(connection.execute(query).fetchall())


def load_pandas(files: list[Path]) -> pd.DataFrame:
    """The facts as pandas has them: texts as categories, instants in UTC without a zone.

    DuckDB reads the files, since pandas cannot without yet another library.
    """
    columns = ", ".join((*TEXTS, *_plain_columns()))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE fact AS SELECT {columns} FROM {relation(files)}")
        for name in TEXTS:
            words = f"SELECT DISTINCT {name} FROM fact WHERE {name} IS NOT NULL ORDER BY 1"
            connection.execute(f"CREATE TYPE {name}_code AS ENUM ({words})")
        coded = ", ".join(f"{name}::{name}_code AS {name}" for name in TEXTS)
        return connection.execute(f"SELECT {coded}, {', '.join(OTHERS)} FROM fact").df()


def _plain_columns() -> list[str]:
    instants = ("happened_at", "recorded_at")
    return [f"{name}::TIMESTAMP AS {name}" if name in instants else name for name in OTHERS]
