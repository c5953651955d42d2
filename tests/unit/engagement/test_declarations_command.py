"""`engagement declarations`: rows that DfE's provider API takes, and plain words about what cannot be sent."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.events import Fact
from learning.facts import AssessmentMarked, AttendanceRecorded, Deferred
from learning.plan import start_of
from tests.builders import SMALL_FILE, completed, enrolled, make
from tests.command_line import Cli, plain_terminal

AUTUMN = datetime(2024, 10, 8, 9, 30, tzinfo=UTC)
SPRING = datetime(2025, 5, 26, 22, 59, 59, tzinfo=UTC)
"""The last moment of the first retention of autumn 2024, in summer time."""

MARKED = datetime(2025, 11, 20, 10, tzinfo=UTC)
DAY = date(2025, 12, 1)


def joined(enrolment: str, **data: Any) -> Fact:
    """An enrolment of autumn 2024 on a specialist course."""
    given = {"programme": "ambition-2024/npqltd", "intake": "2024-autumn", **data}
    return enrolled(AUTUMN - timedelta(days=9), enrolment=enrolment, participant=f"p-{enrolment}", **given)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """One who passed, one who was deferred after the start, one who never started, and one whom DfE does not know."""
    plain_terminal(monkeypatch, tmp_path)
    line = Cli(tmp_path / "data")
    programmes = line.folder / "programmes"
    programmes.mkdir(parents=True)
    (programmes / "small.toml").write_text(SMALL_FILE)
    line.send(
        joined("e-1"),
        completed("induction", AUTUMN, enrolment="e-1"),
        make(AttendanceRecorded(component="clinic-1", attendance="caught-up"), SPRING, enrolment="e-1"),
        make(AssessmentMarked(attempt=1, outcome="passed"), MARKED, enrolment="e-1"),
        joined("e-2", partner="partner-2"),
        completed("induction", AUTUMN, enrolment="e-2"),
        make(Deferred(reason="other"), AUTUMN + timedelta(days=9), enrolment="e-2"),
        joined("e-3", partner="partner-2"),
        enrolled(AUTUMN, enrolment="e-4", participant="p-e-4"),
    )
    with Wiring(Settings(data_dir=line.folder)).log_to_append() as log:
        start_day(log, DAY, start_of(DAY))
    assert line("rebuild").code == 0
    return line


def test_a_csv_has_dfes_fields_and_codes_first(cli: Cli) -> None:
    """Instants are RFC 3339 in UTC, `has_passed` is true, false or empty; our columns come last."""
    ran = cli("declarations", "ready", "--format", "csv", "--partner", "partner-1")

    header, *rows = ran.out.splitlines()
    dfe = "participant_id,declaration_type,declaration_date,course_identifier,has_passed,delivery_partner_id"
    assert header == f"{dfe},enrolment,deadline,warnings"
    assert rows == [
        "p-e-1,started,2024-10-08T09:30:00Z,npq-leading-teaching-development,,partner-1,e-1,2024-11-25,",
        "p-e-1,retained-1,2025-05-26T22:59:59Z,npq-leading-teaching-development,,partner-1,e-1,2025-05-26,",
        "p-e-1,completed,2025-11-20T10:00:00Z,npq-leading-teaching-development,true,partner-1,e-1,2026-02-21,",
    ]


def test_a_csv_names_warnings(cli: Cli) -> None:
    """A row that a provider should look at before it is sent says why."""
    out = cli("declarations", "ready", "--format", "csv", "--partner", "partner-2").out
    [row] = csv.DictReader(StringIO(out))

    assert (row["participant_id"], row["declaration_type"], row["warnings"]) == ("p-e-2", "started", "deferred")


def test_a_csv_without_rows_has_its_header(cli: Cli) -> None:
    """Whoever reads it with a program finds the columns."""
    out = cli("declarations", "ready", "--format", "csv", "--milestone", "retained-2").out

    assert out.startswith("participant_id,declaration_type")
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize("asked", [["--json"], ["--format", "json"]], ids=" ".join)
def test_ready_rows_are_data_too(cli: Cli, asked: list[str]) -> None:
    """Both ways to ask for JSON give the same rows, with booleans and lists as such."""
    [row] = cli("declarations", "ready", "--milestone", "completed", *asked).data

    assert (row["participant_id"], row["has_passed"], row["warnings"]) == ("p-e-1", True, [])
    assert row["declaration_date"] == "2025-11-20T10:00:00Z"


def test_ready_rows_as_a_table_are_in_uk_time(cli: Cli) -> None:
    """People read UK time: the last second of the 26th of May."""
    out = cli("declarations", "ready", "--milestone", "retained-1").out

    assert "26 May 2025 23:59" in out
    assert "p-e-2" not in out


def test_nothing_ready_says_where_to_look(cli: Cli) -> None:
    """An empty answer is no error; it names the command that explains it."""
    ran = cli("declarations", "ready", "--milestone", "retained-2")

    assert (ran.code, ran.out) == (0, "")
    assert "engagement declarations expected" in ran.err


def test_what_is_expected_and_not_ready_says_what_blocks_it(cli: Cli) -> None:
    """The one who never started is listed, with the reason in words and as a code."""
    [row] = cli("declarations", "expected", "--json").data

    assert (row["enrolment"], row["declaration_type"], row["ready"], row["expected"]) == ("e-3", "started", False, True)
    assert [blocker["code"] for blocker in row["blockers"]] == ["no-evidence"]
    assert "nothing was completed, attended or handed in" in cli("declarations", "expected").out


def test_when_nothing_is_missing_that_is_said(cli: Cli) -> None:
    """A partner with everything ready gets a sentence."""
    assert "ready" in cli("declarations", "expected", "--partner", "partner-1").err


def test_a_day_in_the_past_can_be_judged(cli: Cli) -> None:
    """On the day before the deadline nobody had anything for the first retention."""
    rows = cli("declarations", "expected", "--milestone", "retained-1", "--as-of", "2025-05-25", "--json").data

    assert [(row["enrolment"], row["as_of"]) for row in rows] == [("e-1", "2025-05-25")]


def test_a_summary_has_a_row_for_each_partner_and_type(cli: Cli) -> None:
    """Counts as data, and in a table with what blocks."""
    rows = cli("declarations", "summary", "--milestone", "started", "--json").data

    assert [(row["partner"], row["expected"], row["ready"], row["not_ready"]) for row in rows] == [
        ("partner-1", 1, 1, 0),
        ("partner-2", 2, 1, 1),
    ]
    assert "1 no-evidence" in cli("declarations", "summary").out


def test_a_programme_that_dfe_does_not_know_has_no_summary(cli: Cli) -> None:
    """It is said, and nothing is counted."""
    ran = cli("declarations", "summary", "--programme", "small/course")

    assert (ran.code, ran.out) == (0, "")
    assert "DfE" in ran.err


def test_the_evidence_of_one_enrolment_is_shown_with_both_times(cli: Cli) -> None:
    """What happened when, when it became known, and what waits."""
    started, retained, declared = cli("declarations", "evidence", "e-1", "--json").data

    assert started["evidence"][0]["component"] == "induction"
    assert retained["evidence"][0] == {
        "component": "clinic-1",
        "what": "caught-up",
        "time": "2025-05-26T22:59:59Z",
        "recordedtime": "2025-05-26T22:59:59Z",
    }
    assert (declared["evidence"][0]["what"], declared["evidence"][0]["attempt"]) == ("passed", 1)
    out = cli("declarations", "evidence", "e-2").out
    assert "deferred since 2024-10-17 (other)" in out
    assert "induction" in out


def test_the_evidence_of_what_dfe_does_not_know_is_none(cli: Cli) -> None:
    """A sentence says why."""
    ran = cli("declarations", "evidence", "e-4")

    assert (ran.code, ran.out) == (0, "")
    assert "small/course" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ready", "--milestone", "retained1"], 2, "did you mean retained-1"),
        (["ready", "--milestone", "half-way"], 2, "use one of started, retained-1, retained-2, completed"),
        (["expected", "--intake", "2024-autum"], 1, "did you mean 2024-autumn?"),
        (["summary", "--partner", "partner-1x"], 1, "did you mean partner-1"),
        (["summary", "--provider", "nobody"], 1, "engagement cohort"),
        (["ready", "--programme", "npqltd"], 1, "did you mean ambition-2024/npqltd?"),
        (["evidence", "e-11"], 1, "there is no enrolment e-11"),
        (["ready", "--as-of", "tomorrow"], 2, "--as-of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_not_there_is_named_with_what_could_be_meant(
    cli: Cli, arguments: list[str], code: int, said: str
) -> None:
    """A slip of the pen gets a clear error and, where there is one, a suggestion."""
    ran = cli("declarations", *arguments)

    assert (ran.code, ran.out) == (code, "")
    assert said.casefold() in " ".join(ran.err.split()).casefold()
