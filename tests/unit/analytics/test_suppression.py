"""Small groups are hidden so that nobody who knows all totals can work one out: an attacker with a solver tries."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from analytics.answer import Answer, Bars, Chart
from analytics.suppression import SuppressionError, suppress, suppress_answer

ONE = ["partner"]
TWO = ["partner", "programme"]
COUNTS = ["enrolments", "done"]


def table(
    rows: Sequence[Sequence[object]], groups: Sequence[str] = ONE, people: Sequence[str] = COUNTS
) -> pd.DataFrame:
    """A table with a rate of the first two counts, if there are two."""
    frame = pd.DataFrame(rows, columns=[*groups, *people])
    return frame.assign(rate=frame[people[-1]] / frame[people[0]].where(frame[people[0]] > 0))


def hidden(frame: pd.DataFrame, groups: Sequence[str] = ONE, people: Sequence[str] = COUNTS) -> list[int]:
    """The numbers of the rows that are hidden."""
    shown = suppress(frame, groups, people).frame
    return shown.index[shown["suppressed"]].tolist()


class Attacker:
    """Knows what is shown, all totals that are shown elsewhere, and the rules; asks a solver what follows."""

    def __init__(self, frame: pd.DataFrame, groups: Sequence[str]) -> None:
        self.shown = suppress(frame, groups, COUNTS)
        self.rows = self.shown.frame.index[self.shown.frame["suppressed"]].tolist()
        self.true = frame
        self._sums: list[NDArray[np.float64]] = []
        for place, column in enumerate(COUNTS):
            for line in self._known_lines(frame, groups):
                self._add(place, column, line)

    def _known_lines(self, frame: pd.DataFrame, groups: Sequence[str]) -> list[Sequence[int]]:
        """The rows of each total that can be known: of all, and in two-way tables those that an export of it shows."""
        lines = [frame.index.tolist()]
        for group in groups if len(groups) > 1 else ():
            totals = frame.groupby(group, as_index=False)["enrolments"].sum()
            exported = suppress(totals, [group], ["enrolments"]).frame
            names = exported[group][~exported["suppressed"]]
            lines += [frame.index[frame[group] == name].tolist() for name in names]
        return [line for line in lines if frame["enrolments"].loc[line].sum() >= 5]

    def _add(self, place: int, column: str, line: Sequence[int]) -> None:
        """What a total says about the hidden counts in it."""
        unknown = [each for each in self.rows if each in line]
        equation = np.zeros(2 * len(self.rows) + 1)
        for each in unknown:
            equation[place * len(self.rows) + self.rows.index(each)] = 1
        equation[-1] = self.true[column].loc[unknown].sum()
        self._sums.append(equation)

    def extreme(self, wanted: NDArray[np.float64], sign: int) -> float:
        """The least (with sign 1) or the most (with -1) that a sum of hidden counts can be."""
        size = len(self.rows)
        known = np.array(self._sums).reshape(-1, 2 * size + 1)
        rules = [LinearConstraint(np.hstack([np.eye(size), -np.eye(size)]), 0, np.inf)]  # who is done is enrolled
        if len(known):
            rules.append(LinearConstraint(known[:, :-1], known[:, -1], known[:, -1]))
        at_least = Bounds(np.repeat([1, 0], size), 1000)  # rows about nobody are never hidden
        found = milp(sign * wanted, constraints=rules, bounds=at_least, integrality=np.ones(2 * size))
        assert found.success
        return float(sign * found.fun)

    def pinned(self) -> set[int]:
        """The rows of which something that is not nothing follows: who is enrolled, who is done, who is not."""
        size = len(self.rows)
        found = set()
        for place, row in enumerate(self.rows):
            for enrolled, done in ((1, 0), (0, 1), (1, -1)):
                wanted = np.zeros(2 * size)
                wanted[place], wanted[size + place] = enrolled, done
                truth = enrolled * self.true["enrolments"][row] + done * self.true["done"][row]
                if truth and all(abs(self.extreme(wanted, sign) - truth) < 0.5 for sign in (1, -1)):
                    found.add(row)
        return found


COUNT = st.integers(0, 8) | st.integers(5, 60)
ROW = COUNT.flatmap(lambda whole: st.tuples(st.just(whole), st.integers(0, whole)))


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=7))
def test_nothing_hidden_in_a_one_way_table_can_be_worked_out(rows: list[tuple[int, int]]) -> None:
    """Knowing everything shown and the total of all, no hidden count follows, but in rows that are owned up to."""
    attacker = Attacker(table([(f"p{place}", *row) for place, row in enumerate(rows)]), ONE)

    assert len(attacker.pinned()) <= attacker.shown.exposed


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(ROW, min_size=3, max_size=3), min_size=2, max_size=3), st.sets(st.integers(0, 8), max_size=3))
def test_nothing_hidden_in_a_two_way_table_can_be_worked_out(rows: list[list[tuple[int, int]]], gaps: set[int]) -> None:
    """Knowing everything shown and every total of a row or column that is shown, no hidden count follows either."""
    cells = [(f"p{one}", f"q{two}", *cell) for one, line in enumerate(rows) for two, cell in enumerate(line)]
    kept = [cell for place, cell in enumerate(cells) if place not in gaps]
    attacker = Attacker(table(kept, TWO), TWO)

    assert len(attacker.pinned()) <= attacker.shown.exposed


@given(st.lists(ROW, min_size=1, max_size=9))
def test_no_small_count_is_shown(rows: list[tuple[int, int]]) -> None:
    """In no row that is shown are one to four enrolled, done, or not done."""
    shown = suppress(table([(f"p{place}", *row) for place, row in enumerate(rows)]), ONE, COUNTS).frame
    left = shown[~shown["suppressed"]]

    for counts in (left["enrolments"], left["done"], left["enrolments"] - left["done"]):
        assert not counts.between(1, 4).any()


@given(st.lists(ROW, min_size=1, max_size=9))
def test_what_is_not_hidden_stays_as_it_was(rows: list[tuple[int, int]]) -> None:
    """A row is either whole or has nothing left but its group."""
    frame = table([(f"p{place}", *row) for place, row in enumerate(rows)])
    shown = suppress(frame, ONE, COUNTS).frame
    gone = shown["suppressed"]

    assert shown["partner"].tolist() == frame["partner"].tolist()
    assert shown.loc[gone, [*COUNTS, "rate"]].isna().all(axis=None)
    left = shown.loc[~gone, list(frame.columns)]
    pd.testing.assert_frame_equal(left, frame[~gone], check_dtype=False)


def test_the_next_smallest_is_hidden_with_a_single_small_group() -> None:
    """Only the total minus all others would tell the one small count, so the smallest of the others goes too."""
    frame = table([("a", 40), ("b", 3), ("c", 9), ("d", 20)], people=["enrolments"])

    assert hidden(frame, people=["enrolments"]) == [1, 2]


def test_two_small_groups_hide_each_other() -> None:
    """With two unknown counts that can vary, a total tells neither, so nothing else is hidden."""
    frame = table([("a", 40), ("b", 3), ("c", 2), ("d", 20)], people=["enrolments"])

    assert hidden(frame, people=["enrolments"]) == [1, 2]


def test_two_single_people_need_a_third_row() -> None:
    """Two hidden rows that together have two people have one each, so a third is hidden with them."""
    frame = table([("a", 40), ("b", 1), ("c", 1), ("d", 20)], people=["enrolments"])

    assert hidden(frame, people=["enrolments"]) == [1, 2, 3]


def test_a_small_cell_of_a_two_way_table_takes_a_rectangle() -> None:
    """Its row, its column, and where the two others cross must each have another unknown: the cheapest such cells."""
    cells = [[3, 10, 30], [20, 11, 40], [50, 60, 70]]
    rows = [(f"p{one}", f"q{two}", count) for one, line in enumerate(cells) for two, count in enumerate(line)]

    assert hidden(table(rows, TWO, ["enrolments"]), TWO, ["enrolments"]) == [0, 1, 3, 4]


def test_nobody_is_recognised_by_a_count_of_nobody() -> None:
    """Rows with nobody, and rates of nought or all of a large group, are shown."""
    assert hidden(table([("a", 0, 0), ("b", 30, 0), ("c", 40, 40)])) == []


@pytest.mark.parametrize("done", [2, 38])
def test_a_few_who_did_or_did_not_are_a_small_group(done: int) -> None:
    """Two of forty who did, or who did not, are as few as two who are enrolled; the rate would tell them too."""
    assert hidden(table([("a", 40, done), ("b", 60, 30), ("c", 90, 50)])) == [0, 1]


def test_all_of_a_group_are_found_wherever_their_column_stands() -> None:
    """Two of forty who did not are noticed also when the column of all is not the first."""
    frame = table([("a", 40, 38), ("b", 60, 30), ("c", 90, 50)])

    shown = suppress(frame, ONE, ["done", "enrolments"]).frame

    assert shown["suppressed"].tolist() == [True, True, False]


def test_weeks_of_a_group_are_tables_of_their_own() -> None:
    """Where a column such as the week tells apart the rows of a group, totals are those of a week, and it stays."""
    rows = [("a", 0, 3), ("b", 0, 10), ("c", 0, 50), ("a", 1, 30), ("b", 1, 10), ("c", 1, 50)]
    frame = table(rows, ["partner", "week"], ["enrolments"])

    shown = suppress(frame, ONE, ["enrolments"]).frame

    assert shown.index[shown["suppressed"]].tolist() == [0, 1]
    assert shown["week"].tolist() == [0, 0, 0, 1, 1, 1]


def test_each_of_three_groups_is_held_against_the_two_others() -> None:
    """In a table of three groups, a small cell is hidden in each of the three ways that totals can be taken."""
    groups = ["partner", "programme", "intake"]
    rows = [
        (f"p{one}", f"q{two}", f"i{three}", 3 if one == two == three == 0 else 20 + one + two + three)
        for one in range(3)
        for two in range(3)
        for three in range(3)
    ]
    frame = table(rows, groups, ["enrolments"])

    shown = suppress(frame, groups, ["enrolments"]).frame
    gone = shown[shown["suppressed"]]

    assert gone.index[0] == 0
    for group in groups:
        others = [each for each in groups if each != group]
        for lines in (gone.groupby(group), gone.groupby(others)):
            assert min(len(line) for _, line in lines) >= 2


def test_rows_that_nothing_tells_apart_are_refused() -> None:
    """A question that forgot one of its groups is told so; guessing could show somebody."""
    frame = table([("a", 3), ("a", 30)], people=["enrolments"]).assign(rate=0.5)

    with pytest.raises(SuppressionError, match="partner"):
        suppress(frame, ONE, ["enrolments"])


def test_a_single_small_group_is_hidden_alone() -> None:
    """Where all people together are few, the total is shown nowhere, so nothing else needs hiding."""
    assert hidden(table([("a", 3), ("b", 0)], people=["enrolments"]), people=["enrolments"]) == [0]


def test_what_cannot_be_kept_secret_is_owned_up_to() -> None:
    """Of five hidden rows with five people in all, each has one: that follows whatever is hidden, and is said."""
    frame = table([("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)], people=["enrolments"])

    assert suppress(frame, ONE, ["enrolments"]).exposed == 5


def answer(frame: pd.DataFrame, people: tuple[str, ...] = ("enrolments", "done")) -> Answer:
    """An answer about partners, with a chart."""
    bars = Bars(categories=["a"], labels=["done"], values=[[1.0]])
    chart = Chart(x_title="Partner", y_title="Done", bars=bars)
    return Answer(
        question="q",
        finding="F.",
        frame=frame,
        columns={},
        people=people,
        groups=("partner",),
        notes=("N",),
        chart=chart,
    )


def test_an_answer_says_what_was_hidden() -> None:
    """Its notes count the empty rows, the new column is explained, and a chart that shows them all is left out."""
    done = suppress_answer(answer(table([("a", 3, 0), ("b", 20, 10), ("c", 40, 20)])))

    assert done.notes[0] == "N"
    assert done.notes[1].startswith("2 of 3 rows are empty")
    assert "suppressed" in done.columns
    assert done.chart is None


def test_an_answer_without_small_groups_keeps_its_chart() -> None:
    """Nothing is lost where nothing is hidden; the column is there all the same, for tools that expect it."""
    done = suppress_answer(answer(table([("a", 30, 10), ("b", 20, 10)])))

    assert done.chart is not None
    assert done.notes == ("N",)
    assert done.frame["suppressed"].tolist() == [False, False]


def test_an_answer_about_no_people_stays_as_it_is() -> None:
    """A table without counts of people has no small groups."""
    given_answer = answer(table([("a", 3, 0)]), people=())

    assert suppress_answer(given_answer) is given_answer


def test_an_empty_answer_stays_empty() -> None:
    """An empty selection has nothing to hide, and keeps its columns."""
    shown = suppress(table([("a", 3, 0)]).iloc[:0], ONE, COUNTS)

    assert shown.frame.columns.tolist() == ["partner", "enrolments", "done", "rate", "suppressed"]
    assert (len(shown.frame), shown.hidden, shown.exposed) == (0, 0, 0)
