"""What other tools get: tidy CSV, JSON and Parquet, with a dictionary, whole or not at all, and no formulas."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.answer import Answer
from analytics.exports import ExportError, Format, export, write_parquet, write_rows

STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What begins a formula in one spreadsheet or another; the last four are the full-width forms of the first."""

FRAME = pd.DataFrame(
    {
        "partner": ["partner-1", "Zoë, Ltd", None],
        "day": [date(2025, 9, 8), None, date(2026, 3, 7)],
        "enrolments": [30, 20, 10],
        "rate": [1 / 3, None, -0.25],
        "reached": [True, False, True],
    }
)
ANSWER = Answer(
    question="example",
    finding="An example.",
    frame=FRAME,
    columns={"partner": "Delivery partner", "rate": "Share of them, from 0 to 1"},
)


def as_text(table: Answer | pd.DataFrame, form: Format, *, suppress: bool = True) -> str:
    """A table as CSV or JSON."""
    stream = io.StringIO()
    export(table, form, stream, suppress=suppress)
    return stream.getvalue()


def test_csv_has_plain_values_in_plain_lines() -> None:
    """Days are ISO, ratios keep all digits, what is missing is empty, and lines end with a line feed only."""
    assert as_text(FRAME, "csv") == (
        "partner,day,enrolments,rate,reached\n"
        "partner-1,2025-09-08,30,0.3333333333333333,true\n"
        '"Zoë, Ltd",,20,,false\n'
        ",2026-03-07,10,-0.25,true\n"
    )


def test_json_has_an_object_for_each_row() -> None:
    """Numbers stay numbers, days are ISO, and what is missing is null."""
    rows = json.loads(as_text(ANSWER, "json"))

    assert rows[0] == {"partner": "partner-1", "day": "2025-09-08", "enrolments": 30, "rate": 1 / 3, "reached": True}
    assert rows[1] == {"partner": "Zoë, Ltd", "day": None, "enrolments": 20, "rate": None, "reached": False}
    assert len(rows) == 3


def test_parquet_has_types_and_a_dictionary_beside_it(tmp_path: Path) -> None:
    """Each column has the type of its values, and the dictionary tells type and meaning of each in the file's order."""
    export(ANSWER, "parquet", tmp_path / "example.parquet")

    read = duckdb.read_parquet(str(tmp_path / "example.parquet"))
    types = [str(kind) for kind in read.types]
    assert types == ["VARCHAR", "DATE", "BIGINT", "DOUBLE", "BOOLEAN"]
    assert read.fetchall()[0] == ("partner-1", date(2025, 9, 8), 30, 1 / 3, True)
    with (tmp_path / "example.dictionary.csv").open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    assert [each["column"] for each in told] == list(read.columns)
    assert [each["type"] for each in told] == types
    assert told[0]["meaning"] == "Delivery partner"


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_empty_table_keeps_its_columns_where_the_form_can_say_so(tmp_path: Path, form: Format) -> None:
    """No rows is a table, not an error."""
    export(FRAME.iloc[:0], form, tmp_path / "empty")

    if form == "parquet":
        read = duckdb.read_parquet(str(tmp_path / "empty"))
        assert (list(read.columns), read.fetchall()) == (list(FRAME.columns), [])
    else:
        expected = {"csv": "partner,day,enrolments,rate,reached\n", "json": "[]\n"}[form]
        assert (tmp_path / "empty").read_text() == expected


def test_midnights_are_days() -> None:
    """A column of days is written as days, in whichever of its ways pandas holds it."""
    frame = pd.DataFrame({"day": pd.to_datetime(["2025-09-08", None])})

    assert as_text(frame, "csv") == 'day\n2025-09-08\n""\n'


def test_instants_are_in_utc() -> None:
    """An instant is written in UTC, whatever the zone it is held in."""
    london = datetime(2025, 7, 1, 9, 30, tzinfo=UTC).astimezone()
    frame = pd.DataFrame({"at": pd.Series([london], dtype="datetime64[us, Europe/London]")})

    assert json.loads(as_text(frame, "json")) == [{"at": "2025-07-01T09:30:00Z"}]


@pytest.mark.parametrize("start", STARTS)
def test_text_that_begins_a_formula_is_neutralised(start: str) -> None:
    """A spreadsheet shows such text and does not run it: an apostrophe stands before it."""
    text = as_text(pd.DataFrame({"name": [f"{start}SUM(A1)"]}), "csv")

    [[_], [cell]] = csv.reader(io.StringIO(text, newline=""))
    assert cell == f"'{start}SUM(A1)"


def test_a_heading_that_begins_a_formula_is_neutralised() -> None:
    """Whoever names a column of a query cannot have a formula run either."""
    stream = io.StringIO()
    write_rows(["=1+1"], [], "csv", stream)

    assert stream.getvalue() == "'=1+1\n"


@given(st.integers() | st.floats(allow_nan=False) | st.decimals(allow_nan=False, allow_infinity=False))
def test_numbers_stay_numbers(number: float | Decimal) -> None:
    """A number below zero is no formula: it is read back as the number it was, with all its digits."""
    stream = io.StringIO()
    write_rows(["figure"], [[number]], "csv", stream)

    assert type(number)(stream.getvalue().splitlines()[1]) == number


@given(st.text(st.sampled_from(f"'{STARTS}a, \"")) | st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_neutralised_can_be_had_back(text: str) -> None:
    """Taking one apostrophe from text that then begins a formula, as the how-to shows it, gives every text again."""
    stream = io.StringIO()
    write_rows(["said", "end"], [[text, "."]], "csv", stream)

    [_, [cell, _]] = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert cell[:1] not in set(STARTS)
    assert re.sub(rf"^'(?='*[{re.escape(STARTS)}])", "", cell) == text


@pytest.mark.parametrize("name", ["Rate", "rate %", "2025", "rate_", "completion-rate"])
def test_columns_of_an_export_are_in_snake_case(name: str) -> None:
    """Every tool can take the names as they are."""
    with pytest.raises(ExportError, match=re.escape(name)):
        as_text(pd.DataFrame({name: [1]}), "csv")


def test_two_columns_of_one_name_are_refused() -> None:
    """JSON would keep only one of them, so the user is asked for another name."""
    with pytest.raises(ExportError, match="two columns are called a"):
        write_rows(["a", "b", "a"], [[1, 2, 3]], "json", io.StringIO())


def test_parquet_needs_a_file() -> None:
    """Parquet cannot go to the screen; the user is told."""
    with pytest.raises(ExportError, match="file"):
        export(FRAME, "parquet", io.StringIO())


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """When writing breaks off, the file that was there stays as it was, and nothing lies beside it."""
    (tmp_path / "rows.csv").write_text("before")

    with pytest.raises(ZeroDivisionError):
        write_rows(["n"], ([1 // number] for number in (1, 0)), "csv", tmp_path / "rows.csv")

    assert [each.name for each in tmp_path.iterdir()] == ["rows.csv"]
    assert (tmp_path / "rows.csv").read_text() == "before"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, form: Format) -> None:
    """One sentence says which file could not be written."""
    with pytest.raises(ExportError, match=r"away.rows"):
        export(FRAME, form, tmp_path / "away" / "rows")


def test_rows_of_a_locked_connection_can_be_written_as_parquet(tmp_path: Path) -> None:
    """The connection of a query may not write; its rows still get into a file, with types that only DuckDB has."""
    locked = duckdb.connect()
    locked.execute("SET enable_external_access = false").fetchall()

    write_parquet(locked.sql("SELECT [1, 2] AS list, 0.10::DECIMAL(4, 2) AS share"), tmp_path / "rows.parquet")

    read = duckdb.read_parquet(str(tmp_path / "rows.parquet"))
    assert read.fetchall() == [([1, 2], Decimal("0.10"))]


SMALL = Answer(
    question="small",
    finding="One partner is small.",
    frame=pd.DataFrame({"partner": ["a", "b", "c"], "enrolments": [3, 10, 50], "rate": [0.5, 0.5, 0.5]}),
    columns={},
    people=("enrolments",),
    groups=("partner",),
)


def test_small_groups_are_hidden_unless_asked_otherwise() -> None:
    """What leaves the house shows no group below five, nor the one from which it could be worked out."""
    assert as_text(SMALL, "csv") == "partner,enrolments,rate,suppressed\na,,,true\nb,,,true\nc,50,0.5,false\n"
    assert as_text(SMALL, "csv", suppress=False) == "partner,enrolments,rate\na,3,0.5\nb,10,0.5\nc,50,0.5\n"


def test_types_stay_when_rows_are_hidden(tmp_path: Path) -> None:
    """Counts stay whole numbers in a column with gaps, also where every row is hidden."""
    for name, frame in (("some", SMALL.frame), ("all", SMALL.frame.iloc[:1])):
        answer = Answer(question="", finding="", frame=frame, columns={}, people=("enrolments",), groups=("partner",))
        export(answer, "parquet", tmp_path / name)
        types = [str(kind) for kind in duckdb.read_parquet(str(tmp_path / name)).types]
        assert types == ["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"]
