"""OULAD: each presentation becomes a programme and each row a fact, once, in the order of the days."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import parked
from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.events import Fact
from learning.facts import ActivitySeen, AssessmentSubmitted, Enrolled, Withdrawn
from producers.oulad import import_oulad
from producers.oulad_files import OuladError

OnLog = Callable[[EventLog], list[Fact]]

FILES = {
    "courses.csv": """code_module,code_presentation,module_presentation_length
AAA,2013J,268
GGG,2014B,241
""",
    "assessments.csv": """code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,1752,TMA,19,12.5
AAA,2013J,1753,CMA,54,87.5
AAA,2013J,1754,CMA,54,0
AAA,2013J,1757,Exam,,100
GGG,2014B,3001,TMA,61,0
GGG,2014B,3002,CMA,222,0
GGG,2014B,3003,Exam,?,100
""",
    "studentRegistration.csv": """code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,11,-159,
AAA,2013J,22,,12
GGG,2014B,11,3,
""",
    "studentAssessment.csv": """id_assessment,id_student,date_submitted,is_banked,score
1752,11,18,0,78
1753,11,-1,1,60
3001,11,60,0,
""",
    "studentVle.csv": """code_module,code_presentation,id_student,id_site,date,sum_click
AAA,2013J,22,546652,12,4
AAA,2013J,22,546652,12,4
AAA,2013J,11,546614,-5,1
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder like OULAD's."""
    folder = tmp_path / "oulad's folder"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def in_order(facts: list[Fact]) -> list[Fact]:
    """The facts as they were sent, for those of one participant stand in one partition."""
    return sorted(facts, key=lambda each: each.time)


def test_rows_become_facts(folder: Path, tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog) -> None:
    """Registrations, submissions, unregistrations and visits are counted once each."""
    report = import_oulad(log, folder, tmp_path, now)

    assert Counter(type(each.data) for each in on_log(log)) == {
        Enrolled: 3,
        AssessmentSubmitted: 3,
        Withdrawn: 1,
        ActivitySeen: 3,
    }
    assert (report.appended, report.duplicates, report.notes) == (10, 0, ())


def test_a_second_import_adds_nothing(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog
) -> None:
    """Ids come from the rows' places, so rows that look alike stay two and no row is there twice."""
    import_oulad(log, folder, tmp_path, now, visits=False)

    report = import_oulad(log, folder, tmp_path, now)

    assert (report.appended, report.duplicates, report.conflicts) == (3, 7, 0)
    assert len(on_log(log)) == 10
    assert parked(log) == {}


def test_the_facts_of_a_learner_come_in_the_order_of_their_days(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog
) -> None:
    """Days count from the assumed first day; in a day come enrolment, visits, submissions, withdrawal."""
    import_oulad(log, folder, tmp_path, now)

    of_22 = [each for each in on_log(log) if each.partitionkey == "oulad-22"]
    assert [(type(each.data), each.time) for each in of_22] == [
        (Enrolled, datetime(2013, 10, 1, 12, tzinfo=UTC)),
        (ActivitySeen, datetime(2013, 10, 13, 12, tzinfo=UTC)),
        (ActivitySeen, datetime(2013, 10, 13, 12, tzinfo=UTC)),
        (Withdrawn, datetime(2013, 10, 13, 12, tzinfo=UTC)),
    ]
    of_11 = [each for each in on_log(log) if each.partitionkey == "oulad-11"]
    assert of_11 == in_order(of_11)


def test_a_registration_becomes_an_enrolment(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog
) -> None:
    """Learner, presentation and module are its participant, programme, intake and partner."""
    import_oulad(log, folder, tmp_path, now, visits=False)

    [it] = [each for each in on_log(log) if each.subject == "oulad-AAA-2013J-11" and isinstance(each.data, Enrolled)]
    assert it.data == Enrolled(
        participant="oulad-11",
        programme="oulad/aaa-2013j",
        intake="2013J",
        provider="open-university",
        partner="oulad-AAA",
    )
    assert it.time.date() == date(2013, 4, 25)


def test_a_withdrawal_holds_from_its_day(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog
) -> None:
    """OULAD gives no reason."""
    import_oulad(log, folder, tmp_path, now, visits=False)

    [it] = [each.data for each in on_log(log) if isinstance(each.data, Withdrawn)]
    assert it == Withdrawn(reason="other", effective=date(2013, 10, 13), signed_off_by="oulad")


def test_submissions_keep_score_and_banking(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog
) -> None:
    """Scores are ratios, may be missing, and banked work stands on the first day since its date means nothing."""
    import_oulad(log, folder, tmp_path, now, visits=False)

    submissions = [each for each in on_log(log) if isinstance(each.data, AssessmentSubmitted)]
    assert [(each.data, each.time.date()) for each in in_order(submissions)] == [
        (AssessmentSubmitted(component="cma-1753", banked=True, score=0.6), date(2013, 10, 1)),
        (AssessmentSubmitted(component="tma-1752", score=0.78), date(2013, 10, 19)),
        (AssessmentSubmitted(component="tma-3001"), date(2014, 4, 2)),
    ]


def test_presentations_become_programmes(folder: Path, tmp_path: Path, log: EventLog, now: datetime) -> None:
    """Fractional weights become whole numbers in the same ratio; exams and what weighs nothing do not count."""
    import_oulad(log, folder, tmp_path, now, visits=False)

    path = tmp_path / "programmes" / "oulad.toml"
    curriculum = Curriculum.shipped().extended([parse(path.read_text(encoding="utf-8"), "oulad")])
    it = curriculum.programme("oulad/aaa-2013j")
    assert curriculum.intake(it.id, "2013J").start == date(2013, 10, 1)
    assert [(each.id, each.kind, each.due_day, each.counts) for each in it.components] == [
        ("tma-1752", "assignment", 19, True),
        ("cma-1753", "quiz-assessment", 54, True),
        ("cma-1754", "quiz-assessment", 54, False),
        ("exam-1757", "exam", 268, False),
    ]
    assert it.completion_of(["tma-1752"]) == Fraction(1, 8)
    assert curriculum.plan(it.id, "2013J").deadline >= date(2014, 6, 26)


def test_where_nothing_has_weight_assessments_are_counted(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime
) -> None:
    """Module GGG gives all its weight to the exam; its assignments are equal then."""
    import_oulad(log, folder, tmp_path, now, visits=False)

    [_, it] = parse((tmp_path / "programmes" / "oulad.toml").read_text(encoding="utf-8"), "oulad").programmes
    assert it.completion.measure == "counted"
    assert dict(it.points) == {"tma-3001": 1, "cma-3002": 1}


def test_the_catalogue_file_is_the_same_every_time(folder: Path, tmp_path: Path, log: EventLog, now: datetime) -> None:
    """The same presentations give the same bytes, and no unfinished file stays behind."""
    import_oulad(log, folder, tmp_path, now, visits=False)
    [path] = (tmp_path / "programmes").iterdir()
    before = path.read_bytes()

    import_oulad(log, folder, tmp_path, now, visits=False)

    assert [each.read_bytes() for each in (tmp_path / "programmes").iterdir()] == [before]


def test_visits_in_parquet_are_the_same_facts_as_in_csv(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime
) -> None:
    """The file's form does not matter, not even for ids."""
    import_oulad(log, folder, tmp_path, now)
    with duckdb.connect(str(tmp_path / "scratch.duckdb")) as connection:
        rows = connection.read_csv(str(folder / "studentVle.csv"))
        rows.write_parquet(str(folder / "studentVle.parquet"))
    (folder / "studentVle.csv").unlink()

    report = import_oulad(log, folder, tmp_path, now)

    assert (report.appended, report.duplicates, report.conflicts) == (0, 10, 0)


def test_without_visits_the_rest_is_imported_and_said(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime
) -> None:
    """A folder without clicks is fine, but the user hears of it."""
    (folder / "studentVle.csv").unlink()

    report = import_oulad(log, folder, tmp_path, now)

    assert report.appended == 7
    assert ["no visits" in note for note in report.notes] == [True]


def test_rows_that_belong_to_nothing_are_counted_and_said(
    folder: Path, tmp_path: Path, log: EventLog, now: datetime
) -> None:
    """A partial copy of the data set loses nothing silently."""
    for name, row in (("studentAssessment", "9999,11,18,0,78"), ("studentVle", "ZZZ,2013J,22,546652,12,4")):
        with (folder / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.write(f"{row}\n")

    report = import_oulad(log, folder, tmp_path, now)

    assert report.appended == 10
    assert [note.partition(" were")[0] for note in report.notes] == [
        "1 rows of studentAssessment",
        "1 rows of studentVle",
    ]


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("assessments.csv", "", r"has no assessments\.csv"),
        (
            "studentRegistration.csv",
            "code_module,code_presentation,id_student\n",
            "no column date_registration, date_unr",
        ),
        (
            "studentAssessment.csv",
            "id_assessment,id_student,date_submitted,is_banked,score\n1752,x,1,0,1\n",
            "cannot be",
        ),
        ("courses.csv", FILES["courses.csv"].replace("2013J", "autumn"), "'autumn'"),
        ("assessments.csv", FILES["assessments.csv"].replace("CMA", "Essay"), "'Essay'"),
    ],
    ids=["file", "column", "number", "presentation", "type"],
)
def test_a_folder_that_is_not_oulad_is_refused_in_one_sentence(
    folder: Path, log: EventLog, file: str, content: str, says: str
) -> None:
    """What is missing is named and nothing is loaded."""
    (folder / file).unlink()
    if content:
        (folder / file).write_text(content, encoding="utf-8")

    with pytest.raises(OuladError, match=says) as caught:
        import_oulad(log, folder, folder / "data", datetime(2025, 12, 1, tzinfo=UTC))
    assert "\n" not in str(caught.value)
    assert not any(log.end_offsets(FACTS_TOPIC).values())


REAL = Path(os.environ.get("OULAD_DIR", Path(__file__).parents[4] / "shared" / "oulad"))
COUNTS = """
    SELECT 'oulad/' || lower(code_module || '-' || code_presentation), enrolled, withdrawn, submitted
    FROM (
        SELECT code_module, code_presentation, count(*) AS enrolled, count(date_unregistration) AS withdrawn
        FROM 'studentRegistration.csv' GROUP BY ALL
    ) JOIN (
        SELECT code_module, code_presentation, count(*) AS submitted
        FROM 'studentAssessment.csv' JOIN 'assessments.csv' USING (id_assessment) GROUP BY ALL
    ) USING (code_module, code_presentation)
"""


@pytest.mark.skipif(not REAL.is_dir(), reason="the OULAD files are not there (OULAD_DIR names their folder)")
def test_the_real_data_set_gives_the_facts_that_its_files_have(
    tmp_path: Path, log: EventLog, now: datetime, on_log: OnLog
) -> None:
    """Per presentation, enrolments, withdrawals and submissions equal those of a plain query over the CSV files."""
    report = import_oulad(log, REAL, tmp_path, now, visits=False)

    query = COUNTS.replace("FROM '", f"FROM '{REAL}/").replace("JOIN '", f"JOIN '{REAL}/")
    with duckdb.connect() as connection:
        expected = {programme: counts for programme, *counts in connection.execute(query).fetchall()}
    facts = on_log(log)
    programme_of = {each.subject: each.data.programme for each in facts if isinstance(each.data, Enrolled)}
    found: dict[str, Counter[type]] = {programme: Counter() for programme in expected}
    for each in facts:
        found[programme_of[each.subject]][type(each.data)] += 1
    assert report.appended == len(facts)
    assert report.notes == ()
    assert {
        programme: [counts[Enrolled], counts[Withdrawn], counts[AssessmentSubmitted]]
        for programme, counts in found.items()
    } == expected
    file = parse((tmp_path / "programmes" / "oulad.toml").read_text(encoding="utf-8"), "oulad")
    assert {each.id for each in file.programmes} == set(expected)
