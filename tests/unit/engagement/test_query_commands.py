"""`engagement query` and `engagement sql`: analysts ask in SQL on the command line, and get rows in any form."""

import csv
import io
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from eventlog.lake.writing import archive
from tests.builders import SMALL_FILE, at, completed, enrolled
from tests.command_line import Cli

DONE = (
    "SELECT enrolment, completion, gate_reached FROM fact_completion JOIN dim_enrolment USING (enrolment_no) ORDER BY 1"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two enrolments and two completions in its lake."""
    cli = Cli(tmp_path_factory.mktemp("query") / "data")
    (cli.folder / "programmes").mkdir(parents=True)
    (cli.folder / "programmes" / "small.toml").write_text(SMALL_FILE)
    cli.send(enrolled(), enrolled(enrolment="e-2", participant="p-2", partner="partner-2"))
    cli.send(completed("module-1", at(1)), completed("module-2", at(8)))
    with Wiring(Settings(data_dir=cli.folder)).log() as log:
        for partition, end in log.end_offsets(FACTS_TOPIC).items():
            archive(Lake(cli.folder / "lake"), log, partition, end)
    return cli.folder


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on it, with tables as wide as they need to be."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")
    return Cli(folder)


def test_a_table_shows_ratios_as_they_are(cli: Cli) -> None:
    """People see the rows under their names; a ratio keeps its digits and does not become percent."""
    ran = cli("query", DONE)

    assert ran.code == 0
    assert [line.split() for line in ran.out.splitlines() if line.startswith((" e-", "e-"))] == [
        ["e-1", "0.2", "no"],
        ["e-2", "0.0", "no"],
    ]


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        ("1 / 3::DOUBLE", "0.333333"),
        ("-2000000 / 3::DOUBLE", "-666667.0"),
        ("1e-9::DOUBLE / 3", "3.33333e-10"),
        ("12345678901", "12345678901"),
        ("'nan'::DOUBLE", "nan"),
    ],
)
def test_a_table_shows_six_digits_of_a_figure_with_decimals(cli: Cli, figure: str, shown: str) -> None:
    """More digits than anybody reads are left out on screen; whole numbers and other forms keep all of them."""
    text = f"SELECT {figure} AS figure"

    assert cli("query", text).out.split()[-1] == shown


def test_other_forms_keep_every_digit(cli: Cli) -> None:
    """A program gets the figure as it is."""
    assert cli("query", "SELECT 1 / 3::DOUBLE AS figure", "--format", "csv").out.split() == ["figure", repr(1 / 3)]


def test_a_long_table_is_cut_and_says_so(cli: Cli) -> None:
    """Whoever forgets a LIMIT sees the first rows, and how many there are."""
    ran = cli("query", "FROM range(1234) AS r(number)")

    assert "1,234 rows" in ran.err
    assert len(ran.out.splitlines()) < 250


def test_other_forms_are_not_cut(cli: Cli) -> None:
    """Programs get every row."""
    ran = cli("query", "FROM range(1234) AS r(number)", "--format", "csv")

    assert ran.out.splitlines() == ["number", *map(str, range(1234))]


def test_json_is_one_object_a_row(cli: Cli) -> None:
    """Days are ISO and instants in UTC, whatever the machine's zone, and `--json` says the same as `--format json`."""
    text = "SELECT enrolled_on, TIMESTAMPTZ '2025-09-08 10:00+01' AS at FROM dim_enrolment WHERE enrolment = 'e-1'"

    rows = cli("query", text, "--format", "json").data

    assert rows == [{"enrolled_on": "2025-09-08", "at": "2025-09-08T09:00:00Z"}]
    assert cli("query", text, "--json").data == rows


def test_csv_neutralises_formulas(cli: Cli) -> None:
    """Text that came from outside is not run by the spreadsheet that opens the file."""
    ran = cli("query", "SELECT '=1+1' AS said, -0.25 AS change", "--format", "csv")

    assert list(csv.reader(io.StringIO(ran.out))) == [["said", "change"], ["'=1+1", "-0.25"]]


def test_parquet_goes_to_a_file(cli: Cli, tmp_path: Path) -> None:
    """The file has the types of the query."""
    ran = cli("query", DONE, "--format", "parquet", "--output", tmp_path / "done.parquet")

    assert (ran.code, ran.out) == (0, "")
    read = duckdb.read_parquet(str(tmp_path / "done.parquet"))
    assert read.fetchall() == [("e-1", 0.2, False), ("e-2", 0.0, False)]


@pytest.mark.parametrize("options", [["--format", "parquet"], ["--output", "rows.txt"]])
def test_a_form_that_cannot_go_there_is_refused(cli: Cli, options: list[str]) -> None:
    """Parquet on the screen and a table in a file are mistakes on the command line, told before anything runs."""
    ran = cli("query", "SELECT 1", *options)

    assert ran.code == 2
    assert "--output" in ran.err


def test_the_statement_can_come_from_a_file_or_standard_input(cli: Cli, tmp_path: Path) -> None:
    """A long statement need not be quoted for the shell."""
    (tmp_path / "done.sql").write_text(DONE)

    from_file = cli("query", tmp_path / "done.sql", "--json").data
    from_input = cli("query", "-", "--json", stdin=DONE.encode()).data

    assert from_file == from_input == cli("query", DONE, "--json").data


def test_both_times_can_be_chosen(cli: Cli) -> None:
    """What happened later, or became known later, does not count."""
    text = "SELECT max(completion) AS most FROM fact_completion"

    assert cli("query", text, "--json", "--as-of", str(date(2025, 9, 12))).data == [{"most": 0.1}]
    assert cli("query", text, "--json", "--known-at", str(date(2025, 9, 12))).data == [{"most": 0.1}]


@pytest.mark.parametrize(
    ("text", "seconds", "said"),
    [
        ("COPY dim_enrolment TO 'x.csv'", "60", "COPY is not allowed"),
        ("FROM dim_enrolments", "60", "Did you mean"),
        ("SELECT sum(a.i * b.i) FROM range(9999999) AS a(i), range(9999999) AS b(i)", "0.1", "longer than 0.1 seconds"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_sentence(cli: Cli, text: str, seconds: str, said: str) -> None:
    """The exit code is 1, and standard error has the reason and no traceback."""
    ran = cli("query", text, "--timeout", seconds)

    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_without_a_lake_the_user_is_told_what_to_run(tmp_path: Path) -> None:
    """An empty data folder is no traceback either."""
    ran = Cli(tmp_path / "data")("query", "SELECT 1")

    assert ran.code == 1
    assert "engagement worker" in ran.err


def shell(cli: Cli, *lines: str, options: tuple[str, ...] = ("--json",)) -> tuple[int, str, str]:
    """What the shell answers to lines on its standard input."""
    return cli("sql", *options, stdin="\n".join(lines).encode())


def test_the_shell_runs_statements_of_many_lines(cli: Cli) -> None:
    """A statement goes on until its semicolon; the last one needs none."""
    code, out, _ = shell(cli, "SELECT 1", "  AS one", ";", "", "SELECT 2 AS two")

    assert code == 0
    assert [json.loads(line) for line in out.splitlines() if line.startswith("{")] == [{"one": 1}, {"two": 2}]


def test_the_shell_goes_on_after_an_error(cli: Cli) -> None:
    """A slip of the finger does not close the shell; a script still learns of it by the exit code."""
    code, out, err = shell(cli, "SELCT 1;", ".nothing", "SELECT 3 AS three;")

    assert '{"three":3}' in out
    assert "syntax error" in err
    assert ".help" in err
    assert code == 1


def test_the_shell_ends_when_told(cli: Cli) -> None:
    """Nothing after `.quit` is run."""
    code, out, _ = shell(cli, ".quit", "SELECT 1;")

    assert (code, out) == (0, "")


def test_the_shell_lists_the_tables_with_their_meaning(cli: Cli) -> None:
    """An analyst who sees it for the first time learns what there is."""
    _, out, _ = shell(cli, ".tables")

    told = {row["table"]: row["one row is"] for row in json.loads(out)}
    assert {"dim_enrolment", "fact_completion", "fact_spell"} <= told.keys()
    assert all(told.values())


def test_the_shell_describes_every_column_of_a_table(cli: Cli) -> None:
    """Types are those of DuckDB, meanings those of the model."""
    _, out, _ = shell(cli, ".describe dim_enrolment")

    told = json.loads(out)
    assert told[0]["column"] == "enrolment"
    assert told[0]["type"] == "VARCHAR"
    assert all(row["meaning"] for row in told)


def test_the_shell_says_what_may_have_been_meant(cli: Cli) -> None:
    """A table that is not there is named, with the one most like it."""
    _, _, err = shell(cli, ".describe dim_enrolments")

    assert "did you mean dim_enrolment?" in err


def test_the_form_can_be_changed_in_the_shell(cli: Cli) -> None:
    """`.format` holds for what comes after it, and `.help` names it."""
    _, out, err = shell(
        cli, ".help", ".format csv", "SELECT 1 AS one;", ".format table", "SELECT 2 AS two;", options=()
    )

    assert out.startswith("one\n1\n")
    assert "two" in out.partition("one\n1\n")[2]
    assert ".format" in err
