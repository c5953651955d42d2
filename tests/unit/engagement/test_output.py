"""Output: percent and UK time in tables only, plain data in JSON, messages beside the data."""

import json
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from engagement import output
from engagement.output import figures, percent, prose, uk_time


@pytest.mark.parametrize(
    ("ratio", "shown"), [(0.0, "0 %"), (0.29, "29 %"), (0.8999, "89 %"), (0.9, "90 %"), (1.0, "100 %"), (None, "-")]
)
def test_a_percentage_is_cut_so_that_the_gate_is_never_shown_too_early(ratio: float | None, shown: str) -> None:
    """A ratio is shown as whole percent that are really reached."""
    assert percent(ratio) == shown


def test_an_instant_is_shown_in_uk_time() -> None:
    """In summer the clock in a table is an hour ahead of UTC."""
    assert uk_time(datetime(2025, 7, 1, 12, 30, tzinfo=UTC)) == "01 Jul 2025 13:30"


def test_a_table_reads_no_markup_in_its_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """What stands in square brackets in the data stands so in the table."""
    output.table("Title", ["Why", *figures("Facts")], [("expected [/red] here", 1234)])
    shown = capsys.readouterr().out
    assert "expected [/red] here" in shown
    assert "1,234" in shown


def test_json_keeps_ratios_and_utc(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has plain ratios, ISO days and instants in UTC."""
    output.json({"gate": Fraction(9, 10), "day": date(2026, 3, 13), "at": datetime(2026, 3, 13, 8, tzinfo=UTC)})
    assert json.loads(capsys.readouterr().out) == {"gate": 0.9, "day": "2026-03-13", "at": "2026-03-13T08:00:00Z"}


def test_messages_stay_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """What is said to a person does not mix with the data."""
    output.say("hello")
    output.complain("the log is not there")
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err == "hello\nError: The log is not there.\n"


def test_an_error_that_begins_with_a_file_keeps_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Only words are given a capital."""
    output.complain("small.toml, line 3: wrong")
    assert "small.toml, line 3" in capsys.readouterr().err


def test_colours_are_off_when_nobody_wants_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR is respected, even where colours are forced upon a pipe."""
    monkeypatch.setenv("NO_COLOR", "1")
    output.complain("no colours, please")
    assert "\x1b[31m" not in capsys.readouterr().err
    assert "\x1b[1;31m" not in capsys.readouterr().err


WIDE = ["Enrolment", *figures("Completion", "Plan", "Mean lag"), "Last activity"]
WIDE_ROWS = [
    ("e-1373868", "17 %", "29 %", 8, "01 Jan 2026 13:41"),
    ("e-5818312", "19 %", "30 %", 7, "10 Mar 2026 16:00"),
]


def test_a_narrow_terminal_gets_the_columns_that_do_not_fit_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids, figures and headings stay whole, and each part begins with the id its rows are about."""
    monkeypatch.setenv("COLUMNS", "40")
    output.table("The slowest", WIDE, WIDE_ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    words = [line.split() for line in lines]
    assert ["Enrolment", "Completion", "Plan", "Mean", "lag"] in words
    assert ["Enrolment", "Last", "activity"] in words
    assert ["e-1373868", "17", "%", "29", "%", "8"] in words
    assert ["e-1373868", "01", "Jan", "2026", "13:41"] in words


def test_a_table_that_fits_stays_in_one_piece(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for all columns, each row is one line."""
    monkeypatch.setenv("COLUMNS", "80")
    output.table("The slowest", WIDE, WIDE_ROWS)
    assert capsys.readouterr().out.count("e-1373868") == 1


def test_sentences_wrap_before_columns_move_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of prose gives way between its words, and nothing of it is lost."""
    monkeypatch.setenv("COLUMNS", "40")
    output.table("Rejects", ["Id", *prose("Why")], [("d501abed2eb3", "the enrolments are not known; load them first")])
    shown = capsys.readouterr().out
    assert shown.count("d501abed2eb3") == 1
    assert "the enrolments are not known; load them first" in " ".join(shown.split())


def test_an_id_wider_than_the_terminal_is_shown_to_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing else helps an id is broken, but never cut off."""
    monkeypatch.setenv("COLUMNS", "30")
    output.table("Ids", ["Id", "Status"], [("x" * 50, "active")])
    assert capsys.readouterr().out.count("x") == 50


def test_an_error_that_ends_with_a_question_gets_no_full_stop(capsys: pytest.CaptureFixture[str]) -> None:
    """One mark ends a sentence."""
    output.complain("there are no rows; was the right sheet saved?")
    assert capsys.readouterr().err == "Error: There are no rows; was the right sheet saved?\n"
