"""The curriculum: programmes with the intakes and calendars they have."""

from datetime import date
from itertools import pairwise

import pytest

from learning.calendar import CONTINUOUS, Intake, shipped_intakes
from learning.catalogue import CatalogueFile, parse, shipped
from learning.curriculum import Curriculum, CurriculumError, UnknownProgrammeError

OWN = """
provider = "A university"
generation = "2013"
calendar = "continuous"
completion = { threshold = 0.4 }

[[intake]]
id = "2013J"
title = "October 2013"
start = 2013-10-07

[[intake]]
id = "2023-autumn"
title = "The file's own autumn"
start = 2023-09-01

[[programme]]
code = "aaa"
title = "AAA"
months = 9
assessed = false
components = [{ kind = "exam", week = 2 }]
"""


def own_file(name: str = "own") -> CatalogueFile:
    """A file with two intakes of its own, one of them with the id of a shipped one."""
    return parse(OWN, name)


def test_every_shipped_programme_is_there() -> None:
    """The shipped curriculum has every programme of every shipped file, by id."""
    assert set(Curriculum.shipped().programmes) == {each.id for file in shipped() for each in file.programmes}


@pytest.mark.parametrize("programme_id", [each.id for file in shipped() for each in file.programmes])
def test_every_shipped_programme_can_be_planned_in_every_intake(programme_id: str) -> None:
    """Whatever the intake, everything that counts is due between its start and the deadline, in order."""
    curriculum = Curriculum.shipped()
    for intake in shipped_intakes().values():
        plan = curriculum.plan(programme_id, intake.id)
        days = [day for day, _ in plan.due]
        assert len(days) == len(curriculum.programme(programme_id).points)
        assert intake.start <= days[0]
        assert all(earlier <= later for earlier, later in pairwise([*days, plan.deadline]))


def test_an_intake_of_a_file_is_found_from_everywhere() -> None:
    """A file's programmes have its intakes; others can plan them too, so that any transfer can be planned."""
    curriculum = Curriculum.shipped().extended([own_file()])
    intake = Intake(id="2013J", title="October 2013", start=date(2013, 10, 7))
    assert curriculum.intake("own/aaa", "2013J") == intake
    assert curriculum.intake("ambition-2024/npqsl", "2013J") == intake


def test_an_intake_that_no_file_has_is_refused() -> None:
    """The refusal names the intake and what to do."""
    with pytest.raises(UnknownProgrammeError, match="intake 2099X is in no catalogue file; correct the id"):
        Curriculum.shipped().intake("ambition-2024/npqsl", "2099X")


def test_a_files_own_intake_stands_before_the_shipped_one() -> None:
    """Where both have an id, the file's programmes get the file's intake and the others the shipped one."""
    curriculum = Curriculum.shipped().extended([own_file()])
    assert curriculum.intake("own/aaa", "2023-autumn").title == "The file's own autumn"
    assert curriculum.intake("ambition-2024/npqsl", "2023-autumn") == shipped_intakes()["2023-autumn"]


def test_a_file_may_use_the_shipped_intakes() -> None:
    """A file's programme has the intakes that every programme has."""
    curriculum = Curriculum.shipped().extended([own_file()])
    assert curriculum.intake("own/aaa", "2022-autumn") == shipped_intakes()["2022-autumn"]


def test_a_plan_goes_by_the_programmes_own_calendar() -> None:
    """A continuous programme has a study week every week of its months, holidays or not."""
    plan = Curriculum.shipped().extended([own_file()]).plan("own/aaa", "2013J")
    assert set(plan.week_ends) >= set(CONTINUOUS.week_ends(date(2013, 10, 7), plan.deadline))
    assert plan.due[0][0] == date(2013, 10, 20)


def test_extending_leaves_the_curriculum_as_it_was() -> None:
    """The shipped curriculum does not have what an extended one has."""
    Curriculum.shipped().extended([own_file()])
    with pytest.raises(UnknownProgrammeError, match="own/aaa is in no catalogue file"):
        Curriculum.shipped().programme("own/aaa")


def test_two_files_cannot_define_one_programme() -> None:
    """A file with the name of another, and a programme of its code, is refused."""
    curriculum = Curriculum.shipped().extended([own_file()])
    with pytest.raises(CurriculumError, match="own/aaa is there already"):
        curriculum.extended([own_file()])


def test_an_intake_of_an_unknown_programme_is_refused() -> None:
    """Asked for an intake of a programme that is not there, it says that the programme is not there."""
    with pytest.raises(UnknownProgrammeError, match="programme no/where is in no catalogue file"):
        Curriculum.shipped().intake("no/where", "2023-autumn")
