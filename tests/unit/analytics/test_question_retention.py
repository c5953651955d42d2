"""Retention: DfE's definition and the others, with and without an export of DfE's declarations."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analytics.answer import Answer
from analytics.dfe_declarations import DeclarationFileError, read_declarations
from analytics.filters import Filters
from analytics.questions.retention import COLUMNS, retention
from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import AssessmentMarked, AssessmentSubmitted, AttendanceRecorded, Data, Deferred, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import COMPONENTS, SMALL_FILE, at, completed, enrolled, make

COURSE = "npq-headship"
DFES = Curriculum.shipped().extended(
    [parse(SMALL_FILE.replace('title = "A small course"', f'title = "A small course"\ncourse = "{COURSE}"'), "small")]
)
"""The small programme as one of DfE's courses."""

AS_OF = date(2025, 12, 17)
AFTER_THE_DEADLINE = date(2026, 4, 1)

Export = Callable[..., Path]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Writes a file of these lines, the heading first."""

    def write(*lines: str) -> Path:
        path = tmp_path / "declarations.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def person(name: str, *data: Data, started: bool = True, **where: str) -> list[Fact]:
    """Somebody who enrolled, did something on day 10 unless they did not start, and then what is said, from day 30."""
    facts = [enrolled(at(-5), f"e-{name}", f"p-{name}", **where)]
    if started:
        facts.append(completed("module-1", at(10), subject=f"e-{name}", partitionkey=f"p-{name}"))
    return facts + [make(each, at(30 + place), f"e-{name}", f"p-{name}") for place, each in enumerate(data)]


WITHDRAWN = Withdrawn(reason="other", effective=date(2025, 10, 20), signed_off_by="partner-1")
DEFERRED = Deferred(reason="career-break")
EVERYBODY = [
    *person("active-1"),
    *person("active-2"),
    *person("withdrawn", WITHDRAWN),
    *person("deferred", DEFERRED),
    *person("waiting", started=False),
    *person("gone-before-starting", WITHDRAWN, started=False),
]


def ask(facts: list[Fact], as_of: date = AS_OF, **choices: Any) -> Answer:
    """The answer for these people."""
    return retention(warehouse(facts, DFES, as_of=as_of), curriculum=DFES, **choices)


def fractions(answer: Answer) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of each measure of the only group."""
    return {row.measure: (row.numerator, row.denominator) for row in answer.frame.itertuples()}


def test_each_definition_has_its_own_numerator_and_denominator() -> None:
    """Of four who started, one withdrew and one is deferred; two more enrolled, of whom one left."""
    answer = ask(EVERYBODY)

    assert fractions(answer) == {
        "dfe-retention": (2, 3),
        "deferred-retained": (3, 4),
        "not-withdrawn": (4, 6),
        "gate-of-started": (0, 0),
        "gate-of-enrolled": (0, 0),
    }
    [dfes] = answer.frame[answer.frame["measure"] == "dfe-retention"].to_dict("records")
    assert (dfes["provider"], dfes["cohort"], dfes["course"]) == ("provider-1", "not said", COURSE)
    assert (dfes["completed"], dfes["active"], dfes["withdrawn"], dfes["deferred"]) == (0, 2, 1, 1)
    assert dfes["rate"] == pytest.approx(2 / 3)
    assert answer.frame["rate"].isna().sum() == 2


def test_without_an_export_the_answer_says_that_it_is_not_dfes() -> None:
    """Nobody can take the figure for DfE's: the finding and the notes say so."""
    answer = ask(EVERYBODY)

    assert answer.finding == (
        "Retention is 66.7 % (2 of 3 who started and are not deferred), with starts by our evidence: "
        "this is not DfE's figure."
    )
    assert answer.notes[0].startswith("This is not DfE's figure")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(AttendanceRecorded(component="clinic-1", attendance="absent"), id="was absent"),
        pytest.param(AssessmentSubmitted(component="case-study", banked=True), id="brought work from before"),
        pytest.param(AttendanceRecorded(component="another", attendance="attended"), id="did what is not in it"),
    ],
)
def test_what_is_no_evidence_of_a_start(data: Data) -> None:
    """Absence, work carried over and components of no programme start nothing."""
    assert fractions(ask(person("1", data, started=False)))["dfe-retention"] == (0, 0)


def test_what_was_done_after_leaving_is_no_start() -> None:
    """Evidence must be from before the withdrawal."""
    late = completed("module-1", at(60), subject="e-1", partitionkey="p-1")

    assert fractions(ask([*person("1", WITHDRAWN, started=False), late]))["dfe-retention"] == (0, 0)


def test_the_gate_by_the_deadline_is_asked_once_that_is_over() -> None:
    """One reached it in time, one too late; of the started it is one of two, of all enrolled one of three."""
    facts = [*person("in-time"), *person("late"), *person("never", started=False)]
    for name, day in (("in-time", 90), ("late", 190)):
        facts += [completed(each, at(day), subject=f"e-{name}", partitionkey=f"p-{name}") for each in COMPONENTS]
    found = fractions(ask(facts, AFTER_THE_DEADLINE))

    assert (found["gate-of-started"], found["gate-of-enrolled"]) == ((1, 2), (1, 3))


def test_an_export_decides_who_started_and_completed(export: Export) -> None:
    """Funded declarations count, whatever we know; a completed one outweighs the status, voided ones are nothing."""
    file = export(
        "participant_id,course_identifier,declaration_type,state,declaration_date",
        f"p-active-1,{COURSE},started,paid,2025-10-01T00:00:00Z",
        f"p-active-2,{COURSE},started,voided,2025-10-01T00:00:00Z",
        f"p-withdrawn,{COURSE},started,Payable,2025-10-01T00:00:00Z",
        f"p-withdrawn,{COURSE},completed,eligible,2025-10-01T00:00:00Z",
        f"p-deferred,{COURSE},started,eligible,2025-10-01T00:00:00Z",
        f"p-waiting,{COURSE},started,submitted,2025-10-01T00:00:00Z",
        f"p-gone-before-starting,{COURSE},started,paid,2025-10-01T00:00:00Z",
        f"p-gone-before-starting,{COURSE},completed,awaiting_clawback,2025-10-01T00:00:00Z",
    )
    answer = ask(EVERYBODY, declarations=file)

    [dfes] = answer.frame[answer.frame["measure"] == "dfe-retention"].to_dict("records")
    assert (dfes["completed"], dfes["active"], dfes["withdrawn"], dfes["deferred"]) == (1, 1, 1, 1)
    assert answer.finding == ("Retention by DfE's definition is 66.7 % (2 of 3 who started and are not deferred).")


def test_an_export_may_name_enrolments(export: Export) -> None:
    """Our own number of the enrolment needs no course beside it."""
    file = export("state,declaration_type,enrolment", "paid,started,e-active-1", "paid,started,e-withdrawn")

    assert fractions(ask(EVERYBODY, declarations=file))["dfe-retention"] == (1, 2)


def test_who_finished_without_a_completed_declaration_is_active_at_dfe(export: Export) -> None:
    """Our facts do not complete anybody there."""
    file = export("enrolment,declaration_type,state", "e-1,started,paid")
    answer = ask(person("1", AssessmentMarked(attempt=1, outcome="passed")), declarations=file)

    assert answer.frame.loc[0, ["measure", "completed", "active"]].tolist() == ["dfe-retention", 0, 1]


def test_declarations_of_nobody_here_are_counted_out(export: Export) -> None:
    """People whom the log does not have, or not on that course, are left out and their number is said."""
    file = export(
        "participant_id,course_identifier,declaration_type,state",
        f"p-stranger,{COURSE},started,paid",
        "p-active-1,npq-senco,started,paid",
        f"p-active-2,{COURSE},started,paid",
    )
    answer = ask(EVERYBODY, declarations=file)

    assert fractions(answer)["dfe-retention"] == (1, 1)
    assert any(note.startswith("2 people in the export") for note in answer.notes)


def test_of_two_enrolments_on_a_course_the_later_one_has_the_declarations(export: Export) -> None:
    """Who came back in a later intake is not counted twice."""
    facts = [*person("1", WITHDRAWN), enrolled(at(80), "e-again", "p-1")]
    file = export("participant_id,course_identifier,declaration_type,state", f"p-1,{COURSE},started,paid")

    assert fractions(ask(facts, declarations=file))["dfe-retention"] == (1, 1)


def test_an_export_without_a_funded_declaration_leaves_nobody(export: Export) -> None:
    """Then nobody has started, and the sentence says so."""
    file = export("participant_id,course_identifier,declaration_type,state", f"p-1,{COURSE},started,submitted")

    assert ask(person("1"), declarations=file).finding.startswith("Nobody who was asked for has started")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param(["participant_id,state"], "line 1: there is no column course_identifier or dec", id="no column"),
        pytest.param([], "cannot be read", id="an empty file"),
        pytest.param(
            ["enrolment,declaration_type,state", "e-1,started,lost"], "line 2, column state: lost", id="state"
        ),
        pytest.param(
            ["enrolment,declaration_type,state", "e-1,started,paid", "", "e-1,begun,paid"],
            "line 4, column declaration_type: begun is there; write one of started",
            id="type",
        ),
        pytest.param(
            ["participant_id,course_identifier,declaration_type,state", "p-1,npq,started,paid"],
            "line 2, column course_identifier: npq is there",
            id="course",
        ),
        pytest.param(["enrolment,declaration_type,state", ",started,paid"], "column enrolment: nothing", id="nobody"),
        pytest.param(["enrolment,declaration_type,state", "e-1,started"], "column state: nothing", id="short line"),
        pytest.param(["enrolment,declaration_type,state", '"e-1,started,paid'], "cannot be read", id="open quotation"),
    ],
)
def test_an_export_that_is_wrong_is_refused_by_line_and_column(export: Export, lines: list[str], words: str) -> None:
    """The sentence says where to look and what belongs there."""
    with pytest.raises(DeclarationFileError, match=words):
        read_declarations(export(*lines))


def test_an_export_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A misspelt name is told as such."""
    with pytest.raises(DeclarationFileError, match=r"nowhere\.csv cannot be read"):
        read_declarations(tmp_path / "nowhere.csv")


def test_rates_stand_by_provider_cohort_and_course() -> None:
    """Each group has every measure, and the groups' fractions add up to the whole."""
    facts = [*person("1", cohort="2025a"), *person("2", WITHDRAWN, cohort="2025b"), *person("3", provider="other")]
    frame = ask(facts).frame

    groups = frame[["provider", "cohort", "course"]].drop_duplicates().to_numpy().tolist()
    assert groups == [["other", "not said", COURSE], ["provider-1", "2025a", COURSE], ["provider-1", "2025b", COURSE]]
    assert frame.groupby("provider").size().to_dict() == {"other": 5, "provider-1": 10}
    assert frame.groupby("measure")[["numerator", "denominator"]].sum().loc["dfe-retention"].tolist() == [2, 3]


def test_nobody_gives_an_empty_answer() -> None:
    """Without anybody the table has its columns and the sentence says so."""
    answer = ask(EVERYBODY, filters=Filters(partner="nobody's"))

    assert (list(answer.frame.columns), len(answer.frame), answer.chart) == (list(COLUMNS), 0, None)
    assert answer.finding.startswith("Nobody")


def test_every_fact_twice_changes_nothing() -> None:
    """Rates are of people, not of facts."""
    assert ask([*EVERYBODY, *reversed(EVERYBODY)]).frame.equals(ask(EVERYBODY).frame)


def test_the_chart_has_the_rates_of_the_table() -> None:
    """Four definitions stand beside each other, and what has no rate is left open."""
    answer = ask(EVERYBODY)

    assert answer.chart is not None
    assert answer.chart.bars is not None
    assert answer.chart.bars.categories == [f"provider-1, not said, {COURSE}"]
    assert [row[0] for row in answer.chart.bars.values] == [pytest.approx(2 / 3), 0.75, pytest.approx(4 / 6), None]
