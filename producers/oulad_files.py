"""Read the files of an OULAD folder with DuckDB: checked, typed, each row with its place in its file.

OULAD is the Open University Learning Analytics Dataset (Kuzilek, Hlosta, Zdrahal, Scientific Data 4:170171, 2017, doi
10.1038/sdata.2017.171, CC BY 4.0). Older copies of it write a question mark where nothing is known.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from learning.errors import EngagementError

VISITS: Final = "studentVle"

_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "courses": {"code_module": "VARCHAR", "code_presentation": "VARCHAR", "module_presentation_length": "INTEGER"},
    "assessments": {
        "code_module": "VARCHAR",
        "code_presentation": "VARCHAR",
        "id_assessment": "BIGINT",
        "assessment_type": "VARCHAR",
        "date": "INTEGER",
        "weight": "DECIMAL(9, 4)",
    },
    "studentRegistration": {
        "code_module": "VARCHAR",
        "code_presentation": "VARCHAR",
        "id_student": "BIGINT",
        "date_registration": "INTEGER",
        "date_unregistration": "INTEGER",
    },
    "studentAssessment": {
        "id_assessment": "BIGINT",
        "id_student": "BIGINT",
        "date_submitted": "INTEGER",
        "is_banked": "BOOLEAN",
        "score": "DOUBLE",
    },
    VISITS: {
        "code_module": "VARCHAR",
        "code_presentation": "VARCHAR",
        "id_student": "BIGINT",
        "id_site": "BIGINT",
        "date": "INTEGER",
        "sum_click": "INTEGER",
    },
}
"""The columns that are read, by file. The other files of the data set (who the learners are) are never opened."""


class OuladError(EngagementError):
    """A folder that is not OULAD's; names the file and what is wrong with it."""


@contextmanager
def opened(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
    """Open a folder: each file is a view of its name, with `row` counted from 1 in the order of the file.

    Yields:
        The connection, and whether the folder has visits.

    Raises:
        OuladError: A file or a column is missing, or a file cannot be read.
    """
    files = {name: _file(folder, name) for name in _COLUMNS}
    with TemporaryDirectory(prefix="oulad-") as spill, duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1GB'")
        connection.execute(f"SET temp_directory = {_quoted(spill)}")
        for name, file in files.items():
            if file is not None:
                _create_view(connection, name, file)
        yield connection, files[VISITS] is not None


@contextmanager
def readable() -> Iterator[None]:
    """Say in one sentence what DuckDB found wrong while reading."""
    try:
        yield
    except duckdb.Error as error:
        raise OuladError(f"an OULAD file cannot be read: {str(error).splitlines()[0]}") from error


def _file(folder: Path, name: str) -> Path | None:
    for path in (folder / f"{name}.parquet", folder / f"{name}.csv"):
        if path.is_file():
            return path
    if name == VISITS:
        return None
    raise OuladError(f"the folder {folder} has no {name}.csv; name the folder that holds OULAD's CSV files")


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    source, row = _source(file)
    with readable():
        there = {column[0] for column in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    missing = _COLUMNS[name].keys() - there
    if missing:
        raise OuladError(f"{file} has no column {', '.join(sorted(missing))}; OULAD's own files are needed")
    columns = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in _COLUMNS[name].items())
    connection.execute(f'CREATE VIEW "{name}" AS SELECT {row} AS row, {columns} FROM {source}')


def _source(file: Path) -> tuple[str, str]:
    """What to read a file with, and where a row stands in it."""
    if file.suffix == ".parquet":
        return f"read_parquet({_quoted(file)}, file_row_number = true)", "file_row_number + 1"
    options = "header = true, all_varchar = true, nullstr = ['', '?'], delim = ',', quote = '\"', parallel = false"
    return f"read_csv({_quoted(file)}, {options})", "row_number() OVER ()"


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"
