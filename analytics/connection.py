"""Opens DuckDB over the lake with every model, locked down so that a query reads the lake and nothing else."""

import os
from collections.abc import Iterable
from datetime import date
from itertools import product
from pathlib import Path
from tempfile import gettempdir
from typing import Final, get_args

import duckdb
import pandas as pd
from duckdb import DuckDBPyConnection
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from analytics import models
from analytics.decisions import live_decisions
from analytics.plans import create_catalogue
from analytics.tables import create_table
from eventlog.lake.lake import Lake, relation
from learning.curriculum import Curriculum
from learning.errors import EngagementError
from learning.plan import start_of
from learning.programme import Kind
from projections.curriculum_files import load_curriculum


class NoLakeError(EngagementError):
    """There are no facts to ask about."""


class AnalyticsSettings(BaseSettings):
    """Where the lake is."""

    model_config = SettingsConfigDict(env_prefix="ENGAGEMENT_", env_file=".env", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Folder of the lake, projections and programmes.")
    lake_dir: Path | None = Field(default=None, description="Folder of the lake. Empty: `lake` in the data folder.")


_MACROS: Final = """
CREATE MACRO uk_day(instant) AS CASE  -- until 11 in the evening, UK and UTC have the same date all year round
    WHEN epoch_us(instant) % 86400000000 < 82800000000
        THEN DATE '1970-01-01' + (epoch_us(instant) // 86400000000)::INTEGER
    ELSE timezone('Europe/London', instant)::DATE
END;
CREATE MACRO start_of(day) AS timezone('Europe/London', day::TIMESTAMP);
CREATE MACRO said_at(happened, recorded, word) AS
    (epoch_us(happened)::HUGEINT << 56) + (epoch_us(recorded)::HUGEINT << 3) + enum_code(word);
"""
"""`said_at` is the place of a word among those on a component: by when it happened, became known, and by the word."""

_WORDS: Final = ("absent", "attended", "banked", "caught-up", "completed", "reopened", "submitted")
"""In the order that settles what happened and became known at one moment; see `learning.progress.fold`."""

_NAMED: Final = "SELECT DISTINCT component, programme, intake FROM input.fact"
"""In one pass over the facts, all that has to be known before the models can be laid over them."""

_Named = tuple[str | None, str | None, str | None]


def connect(
    data_dir: Path | None = None,
    *,
    as_of: date | None = None,
    known_at: date | None = None,
    decisions: pd.DataFrame | None = None,
    lake_dir: Path | None = None,
    memory_limit: str = "1500MB",
) -> DuckDBPyConnection:
    """Open the lake, as it is now, with every model as a view; no other file, server or extension can be reached.

    A view works itself out anew whenever it is read: call `analytics.need` first for the models that a statement names.
    Codes that large tables repeat (components, kinds, words) are ENUMs, which pandas reads as categories. Statements
    of people go through `analytics.querying`: a `COPY` in this connection could still write over the lake's own files.

    Args:
        data_dir: Folder of the lake and the programmes; by default `ENGAGEMENT_DATA_DIR`, else `data`.
        as_of: Measure as this day begins in the UK: only what happened before counts.
        known_at: Only what was recorded before this day begins in the UK counts.
        decisions: What was decided about risk (`analytics.decisions.decisions_of`); by default what the projections
            in the data folder have, if they are there.
        lake_dir: Folder of the lake; by default where `ENGAGEMENT_LAKE_DIR` says, else `lake` in the data folder.
        memory_limit: How much memory DuckDB may use before it goes on in the system's temporary folder.

    Raises:
        NoLakeError: No worker has archived anything there yet.
        LakeError: The lake cannot be read.
        CatalogueError: One of the programmes' files has a fault.
    """
    settings = AnalyticsSettings()
    folder = data_dir or settings.data_dir
    lake = Lake(lake_dir or settings.lake_dir or folder / "lake")
    files = [file.resolve() for file in lake.files()]
    if not files:
        raise NoLakeError(
            f"there is no lake in {lake.folder}; run `engagement worker`, which archives every fact there"
        )
    connection = duckdb.connect(config={"memory_limit": memory_limit})
    open_models(
        connection,
        relation(files),
        load_curriculum(folder / "programmes"),
        as_of=as_of,
        known_at=known_at,
        decisions=live_decisions(folder) if decisions is None else decisions,
    )
    _lock_down(connection, files)
    return connection


def open_models(
    connection: DuckDBPyConnection,
    facts: str,
    curriculum: Curriculum,
    *,
    as_of: date | None = None,
    known_at: date | None = None,
    decisions: pd.DataFrame | None = None,
) -> None:
    """Lay every model over a relation with the lake's columns.

    Args:
        connection: One without models.
        facts: SQL for what follows a FROM.
        curriculum: The programmes and intakes.
        as_of: As for `connect`.
        known_at: As for `connect`.
        decisions: As for `connect`; none by default.
    """
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    connection.execute("SET parquet_metadata_cache = true").fetchall()  # models read the same files again and again
    _create_cuts(connection, as_of, known_at)
    connection.execute(_MACROS).fetchall()
    connection.execute("CREATE SCHEMA IF NOT EXISTS input").fetchall()
    connection.execute(f"CREATE VIEW input.fact AS SELECT * FROM {facts}").fetchall()
    named: list[_Named] = connection.execute(_NAMED).fetchall()
    _create_types(connection, curriculum, named)
    create_catalogue(connection, curriculum, _perhaps_used(named))
    _create_decisions(connection, decisions)
    models.create_views(connection, models.names())


def _create_cuts(connection: DuckDBPyConnection, as_of: date | None, known_at: date | None) -> None:
    """Keep the days that are asked for as macros: constants, of which cursors of the connection know too.

    `counts` says whether a fact does, by both its times; where nothing is asked for, neither is read.
    """
    cuts = []
    for day, asked, time in ((as_of, "as_of", "happened"), (known_at, "known_at", "recorded")):
        told = "NULL::DATE" if day is None else f"DATE '{day.isoformat()}'"
        connection.execute(f"CREATE MACRO asked_{asked}() AS {told}").fetchall()
        if day is not None:
            cuts.append(f"{time} < TIMESTAMPTZ '{start_of(day).isoformat()}'")
    connection.execute(f"CREATE MACRO counts(happened, recorded) AS {' AND '.join(cuts) or 'TRUE'}").fetchall()


def _create_types(connection: DuckDBPyConnection, curriculum: Curriculum, named: Iterable[_Named]) -> None:
    """Codes that the large tables repeat are kept as numbers."""
    planned = {each.id for programme in curriculum.programmes.values() for each in programme.components}
    components = sorted(planned.union(each for each, _, _ in named if each is not None))
    _create_enum(connection, "component_code", components)
    connection.execute(f"CREATE MACRO last_component_code() AS {max(len(components) - 1, 0)}").fetchall()
    _create_enum(connection, "component_kind", sorted(get_args(Kind)))
    _create_enum(connection, "component_word", _WORDS)


def _perhaps_used(named: Iterable[_Named]) -> list[tuple[str, str]]:
    """Every programme with the intakes of its enrolments, and with each that somebody moved to, of whatever one."""
    enrolled = {(programme, intake) for _, programme, intake in named if programme is not None and intake is not None}
    moved = {intake for _, programme, intake in named if programme is None and intake is not None}
    return sorted(enrolled.union(product({programme for programme, _ in enrolled}, moved)))


def _create_enum(connection: DuckDBPyConnection, name: str, values: Iterable[str]) -> None:
    connection.execute("CREATE TEMP TABLE code AS SELECT unnest(?::VARCHAR[]) AS code", [list(values)]).fetchall()
    connection.execute(f"CREATE TYPE {name} AS ENUM (SELECT code FROM code)").fetchall()
    connection.execute("DROP TABLE code").fetchall()


def _create_decisions(connection: DuckDBPyConnection, decisions: pd.DataFrame | None) -> None:
    types = {
        "enrolment": "VARCHAR",
        "day": "DATE",
        "level": "VARCHAR",
        "previous_level": "VARCHAR",
        "change": "VARCHAR",
    }
    given = pd.DataFrame(columns=list(types)) if decisions is None else decisions[list(types)].astype(object)
    rows = given.where(given.notna(), None).itertuples(index=False, name=None)
    create_table(connection, "decision", types, rows)


def _lock_down(connection: DuckDBPyConnection, files: Iterable[Path]) -> None:
    """Let nothing be read but these files, no extension be loaded, and none of this be changed again."""
    spill = Path(gettempdir()) / f"engagement-analytics-{os.getpid()}"
    settings = {
        "temp_directory": str(spill),
        "allowed_paths": [str(file) for file in files],
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "enable_external_access": False,
        "lock_configuration": True,
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value!r}").fetchall()
