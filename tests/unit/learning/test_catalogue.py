"""The catalogue files that come with the product, and the patterns that a file may be written with."""

from collections import Counter
from datetime import date
from fractions import Fraction

import pytest

from learning.calendar import Intake
from learning.catalogue import AssessmentRule, CatalogueFile, Programme, parse, shipped

TOP = """
provider = "A provider"
generation = "2024"
completion = { threshold = 0.9 }
assessment = { attempts = 2, window_days = 8 }
"""

SPECIALIST = ("npqlbc", "npqlt", "npqltd", "npqll", "npqlpm")
LEADERSHIP = ("npqsl", "npqh", "npqel", "npqeyl", "npqsenco")


def file_named(name: str) -> CatalogueFile:
    """The shipped file with this name."""
    return next(file for file in shipped() if file.name == name)


def programme(programme_id: str) -> Programme:
    """The shipped programme with this id."""
    file = file_named(programme_id.partition("/")[0])
    return next(each for each in file.programmes if each.id == programme_id)


def kinds(programme_id: str) -> Counter[str]:
    """How many components of each kind a shipped programme has."""
    return Counter(component.kind for component in programme(programme_id).components)


def only_programme(body: str, top: str = TOP) -> Programme:
    """The one programme of a file with this table."""
    (only,) = parse(f'{top}\n[[programme]]\ncode = "p"\ntitle = "P"\n{body}', "f").programmes
    return only


def due_weeks(body: str) -> dict[str, int | None]:
    """Component ids with their weeks, of a programme with this table."""
    return {each.id: each.due_week for each in only_programme(body).components}


@pytest.mark.parametrize(
    ("file", "codes"),
    [
        ("ambition-2024", {*SPECIALIST, *LEADERSHIP, "ehco"}),
        ("reformed-2021", {"npqltd", "npqlt", "npqlbc", "npqsl", "npqh", "npqel"}),
        ("blended-canvas-2022", {"npqsl", "npqsl-apprenticeship"}),
        ("alliance-2017", {"npqml", "npqsl", "npqh", "npqel"}),
    ],
)
def test_every_programme_is_shipped(file: str, codes: set[str]) -> None:
    """Each shipped file has exactly the programmes of its provider and generation."""
    assert {each.code for each in file_named(file).programmes} == codes


@pytest.mark.parametrize("code", SPECIALIST)
def test_a_specialist_programme_has_six_courses_and_one_conference(code: str) -> None:
    """An Ambition specialist programme lasts 12 months with six courses, one conference and two assessment webinars."""
    it = programme(f"ambition-2024/{code}")
    courses = {each.id.partition("/")[0] for each in it.components if each.kind == "module"}
    found = kinds(it.id)
    assert (it.months, courses) == (12, {f"course-{number}" for number in range(1, 7)})
    assert (found["conference"], found["assessment-webinar"], found["assessment-clinic"]) == (1, 2, 1)


@pytest.mark.parametrize("code", LEADERSHIP)
def test_a_leadership_programme_has_nine_courses_and_two_conferences(code: str) -> None:
    """An Ambition leadership programme lasts 18 months with nine courses and two conferences."""
    it = programme(f"ambition-2024/{code}")
    courses = {each.id.partition("/")[0] for each in it.components if each.kind == "module"}
    assert (it.months, courses) == (18, {f"course-{number}" for number in range(1, 10)})
    assert kinds(it.id)["conference"] == 2


@pytest.mark.parametrize(
    ("programme_id", "kind", "number"),
    [
        ("ambition-2024/npqh", "school-visit", 1),
        ("ambition-2024/npqel", "coaching", 3),
        ("ambition-2024/ehco", "coaching", 3),
        ("ambition-2024/npqsl", "induction", 1),
        ("blended-canvas-2022/npqsl", "face-to-face", 4),
        ("blended-canvas-2022/npqsl", "tutor-meeting", 0),
        ("blended-canvas-2022/npqsl-apprenticeship", "tutor-meeting", 18),
        ("alliance-2017/npqh", "placement", 9),
        ("alliance-2017/npqsl", "placement", 0),
    ],
)
def test_what_makes_a_programme_special_is_in_it(programme_id: str, kind: str, number: int) -> None:
    """School visit, coaching, events, tutor meetings and placement days are there in the published numbers."""
    assert kinds(programme_id)[kind] == number


def test_each_online_course_has_its_practice_task() -> None:
    """The blended programme has as many practice tasks as online courses."""
    found = kinds("blended-canvas-2022/npqsl")
    assert found["practice-task"] == found["course"] > 0


@pytest.mark.parametrize("code", ["npqml", "npqsl", "npqh", "npqel"])
def test_an_improvement_project_runs_for_two_terms(code: str) -> None:
    """A 2017 project runs for at least two of the three terms of 39 weeks, and DfE has no identifier for it."""
    it = programme(f"alliance-2017/{code}")
    weeks = [each.due_week or 0 for each in it.components if each.kind == "project"]
    assert max(weeks) - min(weeks) >= 39 * 2 / 3
    assert it.course is None


def test_published_course_titles_are_used() -> None:
    """A module is titled with its course, its number and its part."""
    module = programme("ambition-2024/npqll").component("course-4/module-2-apply")
    assert module is not None
    assert module.title == "Developing writing: module 2 (Apply)"


def test_courses_without_published_titles_are_numbered() -> None:
    """Where no course titles are published, courses are called by their number."""
    module = programme("ambition-2024/npqh").component("course-9/module-1-study")
    assert module is not None
    assert module.title == "Course 9: module 1 (Study)"


@pytest.mark.parametrize("file", [file.name for file in shipped()])
def test_the_gate_of_shipped_programmes_is_ninety_percent(file: str) -> None:
    """Every shipped programme asks for 90 %, counted."""
    rules = {(each.completion.threshold, each.completion.measure) for each in file_named(file).programmes}
    assert rules == {(Fraction(9, 10), "counted")}


@pytest.mark.parametrize("file", [file.name for file in shipped()])
def test_the_final_assessment_is_no_part_of_the_gate(file: str) -> None:
    """Exactly the summative components do not count, and an assessed programme has one."""
    summative = {"case-study", "project-report", "end-point-assessment"}
    for each in file_named(file).programmes:
        not_counting = {component.kind for component in each.components if not component.counts}
        assert not_counting == {component.kind for component in each.components} & summative
        assert bool(not_counting) == (each.assessment is not None)


def test_ambition_assesses_by_a_short_case_study_in_two_attempts() -> None:
    """Two attempts, a window of eight days and 1,500 words."""
    assert programme("ambition-2024/npqsl").assessment == AssessmentRule(attempts=2, window_days=8, word_limit=1500)


def test_nothing_is_passed_or_failed_in_the_coaching_offer() -> None:
    """EHCO has no assessment."""
    assert programme("ambition-2024/ehco").assessment is None


def test_components_stand_in_the_order_in_which_they_are_due() -> None:
    """A file may list its entries in any order; the programme is in the order of the weeks."""
    weeks = due_weeks(
        'months = 12\ncomponents = [{ kind = "webinar", week = 9 }, { kind = "clinic", weeks = [4, 20] }]'
    )
    assert list(weeks.items()) == [("clinic-1", 4), ("webinar", 9), ("clinic-2", 20)]


def test_a_course_alternates_study_and_apply_week_by_week() -> None:
    """A course becomes one module a week from its first week on."""
    weeks = due_weeks("months = 12\ncourses = { first_weeks = [5], modules = 3 }")
    assert weeks == {"course-1/module-1-study": 5, "course-1/module-2-apply": 6, "course-1/module-3-study": 7}


def test_courses_may_differ_in_length() -> None:
    """Six modules in one course and nine in the next."""
    weeks = due_weeks("months = 12\ncourses = { first_weeks = [1, 7], modules = [6, 9] }")
    assert Counter(each.partition("/")[0] for each in weeks) == {"course-1": 6, "course-2": 9}


def test_own_components_stand_in_place_of_the_outlines() -> None:
    """A programme that gives clinics of its own has no clinics of its outline, and keeps everything else."""
    outline = """
[[outline]]
name = "o"
months = 12
components = [{ kind = "clinic", weeks = [1, 2] }, { kind = "quiz", week = 3 }]
"""
    it = only_programme('outline = "o"\ncomponents = [{ kind = "clinic", weeks = [8] }]', top=TOP + outline)
    assert [(each.id, each.due_week) for each in it.components] == [("quiz", 3), ("clinic-1", 8)]


def test_an_outside_file_may_count_in_days_and_have_intakes() -> None:
    """A continuous programme has due days and weights, and its file the intakes of its own."""
    text = f"""{TOP}
calendar = "continuous"

[[intake]]
id = "2013J"
title = "October 2013"
start = 2013-10-05

[[programme]]
code = "aaa"
title = "AAA"
months = 9
assessed = false
completion = {{ threshold = 0.4, measure = "weighted" }}
components = [
  {{ kind = "assignment", id = "1752", title = "TMA 1", day = 0, weight = 10 }},
  {{ kind = "exam", id = "1757", day = 268, weight = 30 }},
]
"""
    file = parse(text, "oulad.toml")
    (it,) = file.programmes
    assert file.intakes == (Intake(id="2013J", title="October 2013", start=date(2013, 10, 5)),)
    assert (it.id, it.calendar) == ("oulad/aaa", "continuous")
    assert [(each.id, each.due_day, each.due_week) for each in it.components] == [
        ("1752", 0, None),
        ("1757", 268, None),
    ]
    assert dict(it.points) == {"1752": 10, "1757": 30}
