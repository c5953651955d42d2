"""`engagement analyse`: questions by name, on screen, as files for other tools, and as charts."""

import csv
import inspect
import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import duckdb
import pytest

from analytics.filters import Filters
from analytics.questions import attendance, completion_curve, partners
from analytics.questions.registry import BY, MEASURES, QUESTIONS
from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from eventlog.lake.writing import archive
from learning.calendar import uk_day
from learning.facts import AttendanceRecorded
from tests.builders import SMALL_FILE, at, enrolled, make
from tests.command_line import Cli, plain_terminal

PEOPLE = 20
LATE = 3
"""People of whose attendance nobody knew for two months."""

DAY = uk_day(at(31))
"""A month after the sessions, before the late registers came."""


def fill(cli: Cli) -> Cli:
    """Twenty people of two partners at a clinic, of whom one was absent; three lines of the register came late."""
    (cli.folder / "programmes").mkdir(parents=True)
    (cli.folder / "programmes" / "small.toml").write_text(SMALL_FILE)
    facts = []
    for number in range(PEOPLE):
        whose = {"enrolment": f"e-{number}", "participant": f"p-{number}"}
        partner = "partner-1" if number < PEOPLE - 2 else "partner-2"
        facts.append(enrolled(at(-9), partner=partner, cohort="2025b", **whose))
        word = AttendanceRecorded(component="clinic-1", attendance="attended" if number else "absent")
        facts.append(make(word, at(9), recordedtime=at(70 if 0 < number <= LATE else 10), **whose))
    assert cli.send(*facts).code == 0
    with Wiring(Settings(data_dir=cli.folder)).log() as log:
        for partition, end in log.end_offsets(FACTS_TOPIC).items():
            archive(Lake(cli.folder / "lake"), log, partition, end)
    return cli


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The command line on a data folder with a lake, which no test changes."""
    return fill(Cli(tmp_path_factory.mktemp("analyse") / "data"))


@pytest.fixture
def cli(filled: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The same in an empty folder, on a wide terminal without colours."""
    plain_terminal(monkeypatch, tmp_path)
    return filled


def test_without_a_name_the_questions_are_listed(cli: Cli) -> None:
    """Every question stands there with what it answers and the options of its own."""
    shown = cli("analyse")
    listed = {each["question"]: each for each in cli("analyse", "--json").data}

    assert [each for each in QUESTIONS.values() if each.name not in shown.out or each.purpose not in shown.out] == []
    assert {name: each["answers"] for name, each in listed.items()} == {q.name: q.purpose for q in QUESTIONS.values()}
    assert listed["survival"]["options"] == ["--by", "--compare"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_takes_what_it_is_listed_with(name: str) -> None:
    """The function of each name takes a connection, filters, and its options; nothing else has to be given."""
    question = QUESTIONS[name]
    taken = inspect.signature(question.load()).parameters
    expected = {"connection", "filters", *question.options, *(["curriculum"] if question.needs_curriculum else [])}

    assert expected <= set(taken)
    assert [name for name, each in taken.items() if each.default is each.empty] == ["connection"]
    assert taken["filters"].default == Filters()


def test_the_words_of_options_are_those_of_the_questions() -> None:
    """What --by and --measure accept is what the functions accept."""
    assert list(BY) == list(completion_curve.By.__args__)
    assert list(MEASURES) == list(partners.Measure.__args__)


def test_people_see_the_finding_then_a_table_with_percents_then_the_notes(cli: Cli) -> None:
    """The finding stands above the table, what to know about it below."""
    ran = cli("analyse", "attendance")

    assert ran.code == 0
    assert ran.out.startswith("95.0 % of 20 register lines say attended")
    assert "0.95" not in ran.out
    places = [ran.out.index(each) for each in ("register lines say", "Attended rate", " 95.0 %", "Note: A line is")]
    assert places == sorted(places)


def test_filters_choose_whom_it_is_about(cli: Cli) -> None:
    """All five filters are passed on."""
    who = ("--programme", "small/course", "--intake", "autumn", "--provider", "provider-1", "--cohort", "2025b")

    assert "of 18 register lines" in cli("analyse", "attendance", *who, "--partner", "partner-1").out


def test_both_days_are_passed_on_and_late_records_are_told(cli: Cli) -> None:
    """As known a month later, three lines are missing, and a note says how much that is of the completions."""
    ran = cli("analyse", "attendance", "--as-of", DAY, "--known-at", DAY)

    assert "of 17 register lines" in ran.out
    assert "Note: 16 % of the 19 completions of" in ran.out
    assert "are not in these figures." in ran.out


def test_what_had_not_happened_yet_is_left_out(cli: Cli) -> None:
    """Measured as of a day before the session, there is nothing to count, which is no error."""
    ran = cli("analyse", "attendance", "--as-of", uk_day(at(5)))

    assert (ran.code, ran.out.splitlines()[0]) == (0, "No register is known for this selection.")


def test_csv_is_tidy_and_hides_small_groups(cli: Cli) -> None:
    """Ratios have all their digits; of the two people of partner 2 nothing is told, nor of whom it follows from."""
    ran = cli("analyse", "attendance", "--format", "csv")
    rows = {row["group"]: row for row in csv.DictReader(StringIO(ran.out))}

    assert set(rows["clinic"]) == {*attendance.COLUMNS, "suppressed"}
    assert rows["partner-2"]["register_lines"] == ""
    assert rows["partner-2"]["suppressed"] == "true"
    assert "Note:" in ran.err


def test_json_has_finding_notes_and_rows(cli: Cli) -> None:
    """Other programs read the answer whole, with what each column means."""
    shown = cli("analyse", "timeliness", "--json", "--as-of", uk_day(at(100))).data

    assert shown["question"] == "timeliness"
    assert shown["finding"]
    assert shown["notes"]
    assert [row["partner"] for row in shown["rows"]] == ["partner-1", "partner-2"]
    assert shown["rows"][0]["within_2_rate"] == 1.0
    assert set(shown["rows"][0]) == set(shown["columns"])


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_answer_is_written_to_a_file(cli: Cli, form: str) -> None:
    """The file holds what the screen would, nothing else is printed to standard output, and the user is told."""
    path = Path(f"answer.{form}")
    ran = cli("analyse", "attendance", "--format", form, "--output", path)
    rows: list[Any]
    if form == "json":
        rows = json.loads(path.read_text())["rows"]
    else:
        with duckdb.connect() as connection:
            rows = connection.execute(f"FROM '{path}'").fetchall()

    assert (ran.code, ran.out, len(rows)) == (0, "", 4)
    assert f"Wrote {path}." in ran.err


def test_a_chart_has_its_table_beside_it(cli: Cli) -> None:
    """The picture has the finding as its title, the CSV file the figures, and both are named."""
    ran = cli("analyse", "attendance", "--chart", "chart.svg")
    svg = ET.fromstring(Path("chart.svg").read_bytes())  # noqa: S314 - it is our own output
    groups = {row["group"] for row in csv.DictReader(StringIO(Path("chart.csv").read_text()))}

    assert ran.code == 0
    assert (svg[0].text or "").startswith("95.0 % of 20 register lines say attended")
    assert "chart.csv" in (svg[1].text or "")
    assert groups == {"clinic", "Wednesday", "partner-1", "partner-2"}
    assert "Wrote chart.svg, and its figures as a table to chart.csv." in ran.err


def test_whoever_passes_a_chart_of_small_groups_on_is_warned(cli: Cli) -> None:
    """The table hides them, the picture cannot."""
    ran = cli("analyse", "attendance", "--chart", "chart.png")

    assert Path("chart.png").read_bytes().startswith(b"\x89PNG")
    assert "do not pass it on" in ran.err


def test_an_answer_without_a_chart_says_so(cli: Cli) -> None:
    """Where there is nothing to draw no file is made."""
    ran = cli("analyse", "flag-response", "--chart", "chart.svg")

    assert ran.code == 1
    assert "has no chart" in ran.err
    assert list(Path().iterdir()) == []


def test_a_misspelt_question_is_corrected(cli: Cli) -> None:
    """The nearest name is suggested, without a traceback and before anything is read."""
    ran = cli("analyse", "atendance")

    assert ran.code == 2
    assert "did you mean attendance?" in ran.err


def test_nothing_like_a_question_points_to_the_list(cli: Cli) -> None:
    """Where no name is near, the list is."""
    assert "`engagement analyse` lists them" in " ".join(cli("analyse", "zzz").err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("attendance", "--by", "intake"), "attendance does not take it; it takes filters and days only"),
        (("partners", "--since", "2025-01-01"), "partners does not take it; it takes --measure"),
        (("survival", "--by", "colour"), "colour is no --by"),
        (("survival", "--compare", "a", "b"), "say with --by what the two groups are: one of programme, intake"),
        (("partners", "--measure", "gates"), "did you mean gate?"),
        (("attendance", "--chart", "chart.pdf"), ".svg or .png"),
        (("attendance", "--format", "parquet"), "name one with --output"),
        (("attendance", "--output", "a.csv"), "choose --format"),
        (("attendance", "--as-of", "2099-12-31"), "2099-12-31 lies in the future"),
        (("attendance", "--known-at", "2099-12-31"), "2099-12-31 lies in the future"),
        (("attendance", "--as-of", "tomorrow"), "tomorrow"),
    ],
)
def test_what_is_asked_wrongly_is_refused(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    """A slip ends with exit code 2 and a sentence that names it."""
    ran = cli("analyse", *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert message in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--partner", "partner-01", "did you mean partner-1?"),
        ("--cohort", "1999z", "Nobody is enrolled with cohort 1999z; check the id"),
    ],
)
def test_a_filter_that_nobody_matches_is_refused(cli: Cli, option: str, value: str, message: str) -> None:
    """A misspelt value would give an empty answer, which reads as if there were nothing."""
    ran = cli("analyse", "attendance", option, value)

    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err


def test_a_group_to_compare_in_which_nobody_is_is_refused(cli: Cli) -> None:
    """It is taken for a slip, as in a filter, and the nearest name is suggested."""
    ran = cli("analyse", "survival", "--by", "partner", "--compare", "partner-1", "partner-02")

    assert (ran.code, ran.out) == (1, "")
    assert "Nobody is enrolled with partner partner-02; did you mean partner-2?" in ran.err


def test_two_groups_that_there_are_can_be_compared(cli: Cli) -> None:
    """Both names are accepted, and the answer tests the difference."""
    ran = cli("analyse", "survival", "--by", "partner", "--compare", "partner-1", "partner-2")

    assert ran.code == 0
    assert "log-rank test" in ran.out


def test_compare_without_by_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """Even where there is no lake, the slip itself is what is told."""
    ran = Cli(tmp_path / "nothing")("analyse", "survival", "--compare", "a", "b")

    assert ran.code == 2
    assert "--by" in ran.err


def test_notes_on_late_records_are_about_whom_the_filters_choose(cli: Cli) -> None:
    """Both people of partner 2 were recorded in time; the late three are partner 1's."""
    days = ("--as-of", DAY, "--known-at", DAY)

    assert "by those asked for" in cli("analyse", "attendance", *days, "--partner", "partner-1").out
    assert "completions of" not in cli("analyse", "attendance", *days, "--partner", "partner-2").out


def test_days_after_the_day_of_knowledge_are_pointed_out(cli: Cli) -> None:
    """Asked as of a later day than what is known, the answer says from where on it knows nothing."""
    ran = cli("analyse", "attendance", "--as-of", DAY, "--known-at", uk_day(at(20)))

    assert "Note: This is measured as of" in ran.out


def test_without_a_lake_it_says_what_to_run(tmp_path: Path) -> None:
    """On an empty data folder there is one sentence, with the command that makes the lake."""
    ran = Cli(tmp_path / "nothing")("analyse", "attendance")

    assert (ran.code, ran.out) == (1, "")
    assert "engagement worker" in ran.err
    assert "Traceback" not in ran.err


def test_the_day_of_today_can_be_asked_for(cli: Cli) -> None:
    """Only what lies ahead is refused."""
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - a day too early at most

    assert cli("analyse", "attendance", "--as-of", yesterday).code == 0
