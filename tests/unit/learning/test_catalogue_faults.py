"""A wrong catalogue file is refused when it is loaded, with its name, the programme and the line of the fault."""

# ruff: noqa: E501 - the table of faults has one fault a line

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.catalogue import CatalogueError, parse

GOOD = """provider = "A provider"
generation = "2024"

[assessment]
attempts = 2
window_days = 8

[[outline]]
name = "year"
months = 12
components = [
  { kind = "webinar", weeks = [2, 39] },
  { kind = "case-study", week = 39, counts = false },
]

[[programme]]
code = "first"
title = "First"
course = "npq-headship"
outline = "year"
completion = { threshold = 0.9 }

[[programme]]
code = "second"
title = "Second"
outline = "year"
courses = { first_weeks = [1, 7], modules = 6 }
course_titles = ["One", "Two"]
components = [
  { kind = "seminar", weeks = [4, 8] },
  { kind = "quiz", week = 5 },
]

[programme.completion]
threshold = 0.9
measure = "shares"
groups = [
  { name = "sessions", kinds = ["seminar", "webinar"], share = 0.5 },
  { name = "own time", kinds = ["module"], share = 0.3 },
  { name = "checks", kinds = ["quiz"], share = 0.2 },
]

[[intake]]
id = "2013J"
title = "October 2013"
start = 2013-10-05
"""


class Fault(NamedTuple):
    """One edit of the good file, and what is then said of it."""

    old: str
    new: str
    programme: str | None
    at: str
    """What stands on the line that must be named."""
    says: str


FAULTS = {
    "programme twice": Fault('code = "second"', 'code = "first"', "first", 'code = "first"', "programme first is there"),
    "component twice": Fault('kind = "quiz"', 'kind = "quiz", id = "seminar-2"', "second", "seminar-2", "seminar-2 is there"),
    "outline twice": Fault(
        '[[programme]]\ncode = "first"', '[[outline]]\nname = "year"\n[[programme]]\ncode = "first"', None, 'name = "year"', "outline year"
    ),
    "intake twice": Fault(
        "start = 2013-10-05", 'start = 2013-10-05\n[[intake]]\nid = "2013J"\ntitle = "x"\nstart = 2014-01-01', None, 'id = "2013J"', "intake 2013J"
    ),
    "unknown kind": Fault('kind = "quiz"', 'kind = "quizz"', "second", '"quizz"', "kind 'quizz' is not known"),
    "unknown kind of a group": Fault('["quiz"]', '["quizz"]', "second", '["quizz"]', "kinds 'quizz' is not known"),
    "unknown course": Fault('"npq-headship"', '"npq-headteacher"', "first", "npq-headteacher", "npq-headship"),
    "unknown calendar": Fault('generation = "2024"', 'generation = "2024"\ncalendar = "lunar"', None, "lunar", "continuous"),
    "unknown measure": Fault('"shares"', '"share"', "second", 'measure = "share"', "measure 'share' is not known"),
    "unknown outline": Fault('outline = "year"\ncourses', 'outline = "years"\ncourses', "second", "years", "no outline years"),
    "unknown key of a component": Fault("week = 5", "wek = 5", "second", "wek = 5", "key wek is not known"),
    "unknown key of a programme": Fault('course = "npq', 'curse = "npq', "first", "curse", "key curse is not known"),
    "unknown key of the file": Fault('generation = "2024"', 'generation = "2024"\nx = 1', None, "x = 1", "key x is not known"),
    "missing key": Fault('title = "Second"\n', "", "second", "[[programme]]", "missing required field `title`"),
    "wrong type": Fault("week = 5", 'week = "five"', "second", '"five"', "week: expected"),
    "week after the end": Fault("weeks = [4, 8]", "weeks = [4, 40]", "second", "[4, 40]", "12 months have 39 study weeks"),
    "week 0": Fault("week = 5", "week = 0", "second", "week = 0", "week: expected `int` >= 1"),
    "module after the end": Fault("[1, 7]", "[1, 35]", "second", "[1, 35]", "due in week 40"),
    "courses of an outline after the end": Fault("months = 12\n", "months = 12\ncourses = { first_weeks = [36] }\n", "first", "[36]", "due in week 40"),
    "outline after the end": Fault("[2, 39]", "[2, 40]", "first", "[2, 40]", "webinar-2 is due in week 40"),
    "due twice": Fault("week = 5", "week = 5, weeks = [6]", "second", "weeks = [6]", "exactly one of"),
    "due never": Fault('quiz", week = 5', 'quiz"', "second", 'kind = "quiz"', "exactly one of"),
    "due on no week": Fault("weeks = [4, 8]", "weeks = []", "second", "weeks = []", "length >= 1"),
    "due by the day in school terms": Fault("week = 5", "day = 5", "second", "day = 5", "continuous"),
    "no months": Fault("months = 12", "months = 0", None, "months = 0", "months: expected"),
    "months not said": Fault("months = 12\n", "", "first", "[[programme]]", "how many months"),
    "no attempts": Fault("attempts = 2", "attempts = 0", None, "attempts = 0", "attempts: expected"),
    "no window": Fault("window_days = 8", "window_days = 0", None, "window_days = 0", "window_days: expected"),
    "no assessment": Fault("[assessment]\nattempts = 2\nwindow_days = 8\n", "", "first", "[[programme]]", "assessed = false"),
    "titles for other courses": Fault('["One", "Two"]', '["One"]', "second", '["One"]', "1 titles are given for 2 courses"),
    "titles for no courses": Fault("courses = { first_weeks = [1, 7], modules = 6 }\n", "", "second", "course_titles", "no courses"),
    "modules for other courses": Fault("modules = 6", "modules = [6]", "second", "modules = [6]", "for 2 courses"),
    "weight below zero": Fault("week = 5", "week = 5, weight = -1", "second", "weight = -1", "weight: expected"),
    "weight with a fraction": Fault("week = 5", "week = 5, weight = 1.5", "second", "weight = 1.5", "weight: expected"),
    "shares above 1": Fault("share = 0.5", "share = 0.6", "second", "groups = [", "add up to 1.1"),
    "shares below 1": Fault("share = 0.5", "share = 0.499999", "second", "groups = [", "add up to 0.999999"),
    "share missing": Fault(", share = 0.5", "", "second", '"sessions"', "needs a share"),
    "share too fine": Fault("share = 0.5", "share = 1e-999999", "second", "1e-999999", "at most 6 decimal places"),
    "shares of another measure": Fault('"shares"', '"counted"', "second", "groups = [", "shares only where"),
    "group of a kind that is not there": Fault('["quiz"]', '["quiz", "exam"]', "second", '"exam"', "no component is of kind exam"),
    "group of what does not count": Fault('["quiz"]', '["case-study"]', "second", '"case-study"]', "nothing that counts is in group checks"),
    "group of nothing": Fault('["quiz"]', "[]", "second", "kinds = []", "no kinds"),
    "group twice": Fault('name = "checks"', 'name = "sessions"', "second", '["quiz"]', "group sessions is there"),
    "kind in two groups": Fault('["quiz"]', '["quiz", "module"]', "second", '["quiz", "module"]', "in group own time already"),
    "kind in no group": Fault('["seminar", "webinar"]', '["seminar"]', "second", "[2, 39]", "webinar-1 counts but is in no group"),
    "threshold in percent": Fault("threshold = 0.9 }", "threshold = 90 }", "first", "threshold = 90", "0.9 for 90 %"),
    "threshold of nothing": Fault("threshold = 0.9 }", "threshold = 0 }", "first", "threshold = 0 ", "above 0"),
    "threshold of no number": Fault("threshold = 0.9 }", "threshold = nan }", "first", "threshold = nan", "above 0"),
    "gate that nothing counts for": Fault("[2, 39] }", "[2, 39], counts = false }", "first", "[[programme]]", "gate cannot be reached"),
    "shares without groups": Fault("0.9 }", '0.9, measure = "shares" }', "first", 'measure = "shares" }', "needs groups"),
    "each group without groups": Fault("0.9 }", "0.9, each_group = true }", "first", "each_group", "needs groups"),
    "no completion rule": Fault("completion = { threshold = 0.9 }\n", "", "first", "[[programme]]", "completion rule"),
    "day that does not exist": Fault("2013-10-05", "2013-02-30", None, "2013-02-30", "Invalid date"),
    "start that is no day": Fault("2013-10-05", '"autumn"', None, '"autumn"', "start: invalid"),
    "start in another age": Fault("2013-10-05", "1013-10-05", None, "1013-10-05", "between the years 2000 and 2100"),
    "no TOML": Fault('title = "Second"', "title = Second", None, "title = Second", "this is not TOML"),
    "key twice": Fault('title = "Second"', 'title = "Second"\ntitle = "2"', None, 'title = "2"', "this is not TOML"),
    "file cut short": Fault("start = 2013-10-05\n", 'start = "2013', None, 'start = "2013', "this is not TOML"),
}  # fmt: skip


def error_of(text: str, file: str = "mine.toml") -> CatalogueError:
    """The error that reading this text ends with."""
    with pytest.raises(CatalogueError) as caught:
        parse(text, file)
    return caught.value


def test_the_file_without_faults_is_read() -> None:
    """The text that the faults are put into is itself accepted."""
    assert [each.id for each in parse(GOOD, "mine.toml").programmes] == ["mine/first", "mine/second"]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_file_programme_and_line(fault: Fault) -> None:
    """The error begins with file, line and programme, its line shows the fault, and its text says what it is."""
    assert fault.old in GOOD
    text = GOOD.replace(fault.old, fault.new, 1)
    error = error_of(text)
    where = f"mine.toml, line {error.line}" + (f", programme {fault.programme}: " if fault.programme else ": ")
    assert str(error).startswith(where)
    assert fault.at in text.splitlines()[error.line - 1]
    assert fault.says in str(error)


def test_the_second_of_two_equal_programmes_is_named() -> None:
    """Of two programmes with one code, the line is that of the later one."""
    text = GOOD.replace('code = "second"', 'code = "first"')
    assert error_of(text).line == text.splitlines().index('title = "Second"')


WEIGHTED = """provider = "A provider"
generation = "2024"
calendar = "continuous"
completion = { threshold = 0.4, measure = "weighted" }

[[programme]]
code = "one"
title = "One"
months = 9
assessed = false
components = [
  { kind = "assignment", id = "a", day = 0, weight = 1 },
  { kind = "exam", day = 278, weight = 2 },
]
"""


def test_a_weighted_rule_refuses_a_component_worth_nothing() -> None:
    """Weight 0 is refused where the rule goes by weight, at the component."""
    error = error_of(WEIGHTED.replace("weight = 1", "weight = 0"))
    assert (error.line, "a has weight 0" in str(error)) == (12, True)


def test_a_component_worth_nothing_is_fine_when_it_does_not_count() -> None:
    """Weight 0 is accepted where it says counts = false, and where components are counted."""
    worthless = WEIGHTED.replace("weight = 1", "weight = 0, counts = false")
    assert dict(parse(worthless, "f").programmes[0].points) == {"exam": 2}
    counted = WEIGHTED.replace("weight = 1", "weight = 0").replace('"weighted"', '"counted"')
    assert dict(parse(counted, "f").programmes[0].points) == {"a": 1, "exam": 1}


def test_a_day_after_the_end_is_refused() -> None:
    """Nine months have at most nine times 31 days, counted from 0."""
    error = error_of(WEIGHTED.replace("day = 278", "day = 279"))
    assert (error.line, error.programme) == (13, "one")
    assert "9 months end by day 278" in str(error)


def test_a_programme_without_assessment_has_no_assessment_rule() -> None:
    """Saying that it is not assessed and giving it a rule contradict each other."""
    both = WEIGHTED.replace("assessed = false", "assessed = false\nassessment = { attempts = 2, window_days = 8 }")
    assert error_of(both).line == 10


def test_a_file_name_that_ids_cannot_have_is_refused() -> None:
    """Programme ids begin with the file's name, so a name with spaces is refused."""
    assert "rename the file" in str(error_of(WEIGHTED, "my own file.toml"))


def test_a_file_without_programmes_is_refused() -> None:
    """A file that defines nothing is a mistake."""
    assert "programme" in str(error_of('provider = "A"\ngeneration = "2024"'))


@given(st.integers(0, len(GOOD)), st.text(st.sampled_from('[]{}="\n#,x1.'), max_size=6), st.integers(0, 20))
def test_any_damage_is_refused_with_a_line_of_the_file_or_harmless(at: int, put: str, cut: int) -> None:
    """However a file is damaged, nothing but a CatalogueError comes of it, with a line that the file has."""
    text = GOOD[:at] + put + GOOD[at + cut :]
    try:
        parse(text, "mine")
    except CatalogueError as error:
        assert 1 <= error.line <= text.count("\n") + 1  # noqa: PT017 - no error is right too: some damage is harmless
