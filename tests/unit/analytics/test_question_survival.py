"""Survival: how long each kind of life is followed, where it counts, and what is said of it."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from msgspec.structs import replace

from analytics.filters import Filters
from analytics.questions.survival import COLUMNS, SurvivalError, survival
from learning.events import Fact
from learning.facts import AssessmentMarked, Deferred, Resumed, Transferred, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import START, at, enrolled, make

AS_OF = date(2025, 12, 17)
"""A hundred days after the intake begins."""


def day(number: int) -> date:
    """So many days after the intake begins."""
    return (START + timedelta(days=number)).date()


def withdrawn(number: int, enrolment: str = "e-1", said: int | None = None) -> Fact:
    """A withdrawal that is effective on a day, and is said that day or on another."""
    data = Withdrawn(reason="other", effective=day(number), signed_off_by="partner-1")
    return make(data, at(number if said is None else said), enrolment)


def deferred(number: int, enrolment: str = "e-1") -> Fact:
    """A deferral that begins on a day."""
    return make(Deferred(reason="parental-leave"), at(number), enrolment)


def resumed(number: int, enrolment: str = "e-1") -> Fact:
    """A return."""
    return make(Resumed(), at(number), enrolment)


def moved(number: int, enrolment: str = "e-1", **where: str) -> Fact:
    """A transfer."""
    return make(Transferred(**where), at(number), enrolment)


def last_seen(facts: Iterable[Fact], **choices: object) -> list[tuple[str, int, bool]]:
    """Of everybody: the group, the day of study on which they were last seen, and whether they withdrew then."""
    frame = survival(warehouse(facts, as_of=AS_OF), **choices).frame
    seen = []
    for row in frame.itertuples():
        seen += [(row.group, row.time, True)] * row.events + [(row.group, row.time, False)] * row.censored
    return seen


KINDS: dict[str, tuple[list[Fact], int, bool]] = {
    "who studies is followed until the day it is measured": ([], 100, False),
    "a withdrawal counts on the day it is effective": ([withdrawn(40)], 40, True),
    "whenever it became known": ([withdrawn(40, said=70)], 40, True),
    "one that is not effective yet does not count": ([withdrawn(120, said=70)], 100, False),
    "who leaves on the first day was at risk on it": ([withdrawn(0)], 0, True),
    "who is deferred is followed until then": ([deferred(30)], 30, False),
    "days deferred are no days of study": ([deferred(30), resumed(50)], 80, False),
    "nor are they before a withdrawal": ([deferred(30), resumed(50), withdrawn(90)], 70, True),
    "who leaves while deferred leaves on that day": ([deferred(30), withdrawn(50)], 30, True),
    "a withdrawal undone is like a deferral": ([withdrawn(40), resumed(60)], 80, False),
    "a move to what tells no groups apart counts for nothing": ([moved(20, intake="spring")], 100, False),
    "who completed has stayed": ([make(AssessmentMarked(attempt=1, outcome="passed"), at(60))], 100, False),
}
"""Of each kind of life what happens in it, the day of study until which it is followed, and whether it ends there."""


@pytest.fixture(scope="module")
def followed() -> pd.DataFrame:
    """The people of `KINDS`, each with a partner of their own."""
    facts = []
    for name, (life, _, _) in KINDS.items():
        facts += [enrolled(at(-10), name, name, partner=name)]
        facts += [replace(each, subject=name, partitionkey=name) for each in life]
    return survival(warehouse(facts, as_of=AS_OF), by="partner").frame


@pytest.mark.parametrize("kind", KINDS)
def test_how_long_a_life_is_followed(followed: pd.DataFrame, kind: str) -> None:
    """Each kind of life has its day of study, and ends there in a withdrawal or does not."""
    _, time, left = KINDS[kind]
    last = followed[followed["group"] == kind].iloc[-1]

    assert (last["time"], last["events"], last["censored"]) == (time, int(left), int(not left))


def test_nobody_is_followed_beyond_the_deadline() -> None:
    """Long after their programme was over, people have stayed until its deadline, or withdrew after it."""
    facts = [enrolled(), enrolled(enrolment="e-2", participant="p-2"), withdrawn(190, enrolment="e-2")]
    connection = warehouse(facts, as_of=at(400).date())

    [row] = survival(connection).frame.query("censored > 0").to_dict("records")

    assert (row["time"], row["events"], row["censored"]) == (180, 0, 2)


def test_the_clock_of_who_joins_late_begins_when_they_join() -> None:
    """Enrolled three weeks into the intake, somebody has had three weeks less."""
    assert last_seen([enrolled(at(21))]) == [("all", 79, False)]


def test_who_left_before_the_first_day_never_began() -> None:
    """They are in no curve, and the notes say how many they are."""
    facts = [enrolled(at(-10)), enrolled(at(-10), "e-2", "p-2"), withdrawn(-3, "e-2")]
    answer = survival(warehouse(facts, as_of=AS_OF))

    assert answer.frame["at_risk"].max() == 1
    assert any("1 who withdrew before their day 0" in note for note in answer.notes)


def test_who_begins_later_is_not_followed_yet() -> None:
    """Somebody of the next intake has no day of study behind them."""
    answer = survival(warehouse([enrolled(intake="spring")], as_of=AS_OF))

    assert answer.frame.empty
    assert any("1 who begin later" in note for note in answer.notes)


def test_a_move_ends_what_is_known_in_the_group_that_was_left() -> None:
    """By partner, somebody counts for the first one until the day of the move, whatever they did later."""
    life = [enrolled(at(-10)), moved(30, partner="partner-2"), withdrawn(60)]

    assert last_seen(life, by="partner") == [("partner-1", 30, False)]
    assert last_seen(life, by="intake") == [("autumn", 60, True)]


def test_a_filter_on_a_partner_means_the_first_one() -> None:
    """Who moved to a partner did not begin there, so that partner's curve does not have them."""
    life = [enrolled(at(-10)), moved(30, partner="partner-2")]

    assert last_seen(life, filters=Filters(partner="partner-1")) == [("all", 30, False)]
    assert last_seen(life, filters=Filters(partner="partner-2")) == []


def test_who_moves_before_the_first_day_begins_with_the_new_partner() -> None:
    """A move before anything began is no move away."""
    assert last_seen([enrolled(at(-10)), moved(-5, partner="partner-2")], by="partner") == [("partner-2", 100, False)]


def test_an_intake_that_was_left_before_it_began_was_never_joined() -> None:
    """Somebody put off to the next intake begins with that."""
    life = [enrolled(at(-10)), moved(-5, intake="spring"), withdrawn(130)]
    answer = survival(warehouse(life, as_of=day(200)), by="intake")

    assert answer.frame[["group", "time", "events"]].to_numpy().tolist() == [["spring", 0, 0], ["spring", 11, 1]]


class Life(NamedTuple):
    """Days after the intake begins; a return and a withdrawal follow what comes before them."""

    joined: int
    deferred: int | None
    back: int | None
    left: int | None


def _life(joined: int, gaps: tuple[int, int, int], steps: int) -> Life:
    first, second, third = joined + gaps[0], joined + gaps[0] + gaps[1], joined + sum(gaps)
    return Life(joined, *(each if steps >= place else None for place, each in enumerate((first, second, third), 1)))


def _lives(seed: int) -> list[Life]:
    random = Random(seed)
    gaps = [tuple(random.randint(1, 40) for _ in range(3)) for _ in range(300)]
    return [_life(random.randint(-20, 40), (one, two, three), random.randint(0, 3)) for one, two, three in gaps]


def _walked(life: Life) -> tuple[int, bool] | None:
    """The same by walking through the days one by one; None for who has not begun."""
    today, studied = max(life.joined, 0), 0
    if life.left is not None and life.left < today:
        return None
    while today < 100 and today != life.left:
        paused = life.deferred is not None and life.deferred <= today and (life.back is None or today < life.back)
        studied, today = studied + (not paused), today + 1
    return studied, today == life.left and today < 100  # what is said on the day it is measured is not known yet


def _facts_of(lives: Iterable[Life]) -> list[Fact]:
    facts = []
    for number, life in enumerate(lives):
        name = f"e-{number}"
        facts.append(enrolled(at(life.joined), name, f"p-{number}"))
        facts += [deferred(life.deferred, name)] if life.deferred is not None else []
        facts += [resumed(life.back, name)] if life.back is not None else []
        facts += [withdrawn(life.left, name)] if life.left is not None else []
    return facts


@pytest.mark.parametrize("seed", [1, 2])
def test_everybody_is_followed_as_in_a_walk_through_their_days(seed: int) -> None:
    """Counting the days of 300 lives one by one gives the same times and the same withdrawals."""
    lives = _lives(seed)
    walked = [found for life in lives if (found := _walked(life)) is not None]

    assert sorted(last_seen(_facts_of(lives))) == sorted(("all", *each) for each in walked)


def test_facts_that_come_twice_and_in_any_order_change_nothing() -> None:
    """The answer is about what happened, not about how often and when it was told."""
    facts = _facts_of(_lives(3))
    told = [*facts, *facts]
    Random(3).shuffle(told)

    assert last_seen(told) == last_seen(facts)


def test_two_groups_are_compared_as_lifelines_does() -> None:
    """The sentence has the chi-squared and p of an independent log-rank test of the same people."""
    lives = [(partner, left) for partner, days in PEOPLE.items() for left in days]
    facts = []
    for number, (partner, left) in enumerate(lives):
        facts.append(enrolled(at(-10), f"e-{number}", f"p-{number}", partner=partner))
        facts += [withdrawn(left, f"e-{number}")] if left < 100 else []

    answer = survival(warehouse(facts, as_of=AS_OF), by="partner", compare=("partner-1", "partner-2"))

    here, there = PEOPLE["partner-1"], PEOPLE["partner-2"]
    oracle = logrank_test(here, there, [each < 100 for each in here], [each < 100 for each in there])
    assert f"chi-squared {oracle.test_statistic:.2f}, p = {oracle.p_value:.3f}" in answer.finding
    assert set(answer.frame["group"]) == {"partner-1", "partner-2"}
    curve = answer.frame[answer.frame["group"] == "partner-1"].set_index("time")["survival"]
    fitted = KaplanMeierFitter().fit(here, [each < 100 for each in here]).survival_function_.iloc[:, 0]
    assert curve.to_dict() == pytest.approx(fitted.to_dict())


PEOPLE = {"partner-1": [5, 20, 31, 64, 100, 100], "partner-2": [70, 90, 100, 100, 100, 100], "partner-3": [3, 4]}
"""Of each partner, after how many days each of its people left; 100 for who is still there."""


@pytest.mark.parametrize(
    ("others", "verdict"),
    [("partner-2", "no more difference than chance makes"), ("partner-3", "that they differ")],
)
def test_the_verdict_is_that_of_the_test(others: str, verdict: str) -> None:
    """Whether a difference is more than chance makes is said in words."""
    facts = []
    for partner in ("partner-1", others):
        for number, left in enumerate(PEOPLE[partner]):
            name = f"{partner}-{number}"
            facts.append(enrolled(at(-10), f"e-{name}", f"p-{name}", partner=partner))
            facts += [withdrawn(left, f"e-{name}")] if left < 100 else []

    finding = survival(warehouse(facts, as_of=AS_OF), by="partner", compare=("partner-1", others)).finding

    assert f"the log-rank test shows {verdict} (chi-squared" in finding


def test_a_comparison_needs_to_know_what_is_compared() -> None:
    """Two names without what they are names of are refused."""
    with pytest.raises(SurvivalError, match="say what partner-1 and partner-2 are"):
        survival(warehouse([]), compare=("partner-1", "partner-2"))


def test_a_group_in_which_nobody_began_is_named() -> None:
    """A comparison with nobody says so instead of a figure."""
    answer = survival(warehouse([enrolled()], as_of=AS_OF), by="partner", compare=("partner-1", "partner-9"))

    assert answer.finding == "Nobody of partner-9 has begun, so there is nothing to compare."


def test_nobody_gives_an_empty_answer() -> None:
    """Without anybody the table has its columns and the sentence says so."""
    answer = survival(warehouse([enrolled()], as_of=AS_OF), Filters(partner="nobody's"))

    assert (list(answer.frame.columns), len(answer.frame), answer.chart) == (list(COLUMNS), 0, None)
    assert answer.finding.startswith("Nobody")


def test_the_chart_shows_the_four_largest_groups_as_the_table_has_them() -> None:
    """More curves cannot be told apart; the notes say what is left to the table."""
    partners = [partner for number in range(1, 7) for partner in [f"partner-{number}"] * number]
    facts = [enrolled(at(-1), f"e-{n}", f"p-{n}", partner=partner) for n, partner in enumerate(partners)]
    answer = survival(warehouse([*facts, withdrawn(8, "e-20")], as_of=AS_OF), by="partner")

    assert answer.chart is not None
    assert [line.label for line in answer.chart.lines] == ["partner-3", "partner-4", "partner-5", "partner-6"]
    curve = answer.frame[answer.frame["group"] == "partner-6"]
    pd.testing.assert_series_equal(
        pd.Series(answer.chart.lines[-1].y), curve["survival"], check_index=False, check_names=False
    )
    assert any("the 4 largest of 6 groups" in note for note in answer.notes)


def test_the_finding_says_the_share_its_band_and_the_people() -> None:
    """Of four one left: three quarters had not."""
    facts = [enrolled(at(-1), f"e-{n}", f"p-{n}") for n in range(4)]
    answer = survival(warehouse([*facts, withdrawn(50, "e-2")], as_of=AS_OF))

    assert answer.finding.startswith("After 100 days of study 75.0 % had not withdrawn (95 % band ")
    assert answer.finding.endswith("; 1 of 4 withdrew.")


def test_what_happens_on_the_day_it_is_measured_comes_later() -> None:
    """As of the day of a withdrawal it is effective; what is only said on that day is not known as the day begins."""
    said_before, said_then = [enrolled(at(-10)), withdrawn(40, said=30)], [enrolled(at(-10)), withdrawn(40)]

    assert survival(warehouse(said_before, as_of=day(40))).frame["events"].sum() == 1
    assert survival(warehouse(said_then, as_of=day(40))).frame["events"].sum() == 0
