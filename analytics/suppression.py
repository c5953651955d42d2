"""Hide the figures of small groups before a table leaves the house, so that nobody in them can be recognised.

1. A row is hidden when a count of people in it is 1 to 4, or is 1 to 4 short of all of the group: 38 of 40 says that
   two did not. All figures of the row are hidden with it, as rates and intervals are made from the counts.
2. Further rows are hidden, those with the fewest people first, until no hidden count can be worked out by subtracting
   from totals (complementary cell suppression). The totals of each group column, and of all, are taken as known, unless
   they are as small themselves. For every hidden count there is then another table that shows the same. That this is
   exact for tables of one or two groups: D. Gusfield, "A graph theoretic approach to statistical data security", SIAM
   Journal on Computing 17 (1988). Tables of more groups are looked at as each group against all others together.

Counts of 0 stay: nobody is in them to be recognised, and one that is hidden with its row may be worked out. Not kept
out: what somebody knows besides the totals, above all from a table of other groups or of another day.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd
from msgspec.structs import replace

from analytics.answer import Answer
from analytics.suppression_cycles import Connections, cheapest_cycle
from learning.errors import EngagementError

FEWEST = 5
"""People that must be in a group whose figures are shown."""

MARK = "suppressed"
"""The column that tells which rows were emptied."""


_View = dict[tuple[int, ...], Connections]
"""For each move, what it can go through."""


class SuppressionError(EngagementError):
    """A table is not made so that its small groups can be hidden."""


class Suppressed(NamedTuple):
    """A table without the figures of small groups."""

    frame: pd.DataFrame
    hidden: int
    """Rows that were emptied."""
    exposed: int
    """Rows that were emptied in vain: one of their counts follows from totals, whatever else is hidden."""


def suppress_answer(answer: Answer) -> Answer:
    """The answer with its small groups hidden, the column `suppressed`, and notes about both; no chart if some are.

    An answer that counts no people stays as it is. Its finding stays as well: see that it is about no small group.

    Raises:
        SuppressionError: The columns of the answer do not tell its rows apart.
    """
    if not answer.people:
        return answer
    done = suppress(answer.frame, answer.groups, answer.people)
    notes = list(answer.notes)
    if done.hidden:
        notes.append(
            f"{done.hidden} of {len(done.frame)} rows are empty: a count in them is below {FEWEST}, or a smaller one "
            "could be worked out with them."
        )
    if done.exposed:
        notes.append(f"{done.exposed} of the empty rows could be worked out from totals: ask for fewer groups.")
    columns = {**answer.columns, MARK: f"Whether the row is empty to protect a group of fewer than {FEWEST} people"}
    chart = None if done.hidden else answer.chart
    return replace(answer, frame=done.frame, columns=columns, notes=tuple(notes), chart=chart)


def suppress(frame: pd.DataFrame, groups: Sequence[str], people: Sequence[str]) -> Suppressed:
    """Hide the figures of small groups in a table that has no rows of totals.

    Args:
        frame: One row a group, or several a group that another column tells apart, such as weeks.
        groups: Columns that tell groups of people apart; the people of two rows of a week are different ones.
        people: Columns that count people: all of a group, and how many of them did something. All of a group are in the
            column that no other exceeds; if there is none, in the first.

    Returns:
        The table with all but groups and such other column emptied in the rows to hide, and the column `suppressed`.

    Raises:
        SuppressionError: The columns do not tell the rows apart.
    """
    sheet = _sheet_column(frame, groups, people)
    hidden, exposed = set[int](), set[int]()
    for rows in _sheets(frame, sheet):
        table = _Table(frame.iloc[rows], groups, people)
        hidden |= {rows[each] for each in table.hidden}
        exposed |= {rows[each] for each in table.exposed}
    mark = [number in hidden for number in range(len(frame))]
    figures = [column for column in frame.columns if column not in {*groups, sheet}] if hidden else []
    emptied = {column: _emptied(frame[column], mark) for column in figures}
    return Suppressed(frame.assign(**emptied, **{MARK: mark}), len(hidden), len(exposed))


def _emptied(values: "pd.Series[Any]", mark: Sequence[bool]) -> "pd.Series[Any]":
    """Whole numbers stay whole, which they would not in a column of numbers with gaps."""
    kept = values.astype("Int64") if pd.api.types.is_integer_dtype(values) else values
    return kept.mask(pd.Series(mark, index=values.index))


def _sheet_column(frame: pd.DataFrame, groups: Sequence[str], people: Sequence[str]) -> str | None:
    """The column that tells apart the rows of a group; None when each group has one row."""
    if not frame.duplicated(list(groups)).any() if groups else len(frame) <= 1:
        return None
    for column in frame.columns:
        if column not in {*groups, *people} and not frame.duplicated([*groups, column]).any():
            return str(column)
    raise SuppressionError(
        f"the rows of {', '.join(groups) or 'the answer'} are told apart by no single column, so small groups cannot "
        "be hidden; the question must name all of its groups"
    )


def _sheets(frame: pd.DataFrame, column: str | None) -> Iterator[list[int]]:
    """The numbers of the rows that stand beside each other in one table, such as those of one week."""
    if column is None:
        yield list(range(len(frame)))
        return
    numbers = pd.Series(range(len(frame)))
    for _, rows in numbers.groupby(frame[column].to_numpy(), dropna=False):
        yield rows.tolist()


class _Table:
    """One table of groups, each with its counts, and what of it is hidden."""

    def __init__(self, frame: pd.DataFrame, groups: Sequence[str], people: Sequence[str]) -> None:
        self.counts = _whole_first(
            [[0 if pd.isna(value) else int(value) for value in frame[column].tolist()] for column in people]
        )
        self.keys = [tuple(map(str, key)) for key in zip(*(frame[column] for column in groups), strict=True)]
        self.whole = self.counts[0]
        self.parts = [
            number
            for number, column in enumerate(self.counts[1:], 1)
            if all(part <= whole for part, whole in zip(column, self.whole, strict=True))
        ]
        self.hidden = {row for row in range(len(frame)) if any(map(_is_small, self._told(row)))}
        self.exposed = set[int]()
        if groups and sum(self.whole) >= FEWEST:
            self._complement(len(groups))

    def _told(self, row: int) -> Iterator[int]:
        """All counts that a row tells: its own, and how many of the group are not in each part of it."""
        yield from (column[row] for column in self.counts)
        yield from (self.whole[row] - self.counts[part][row] for part in self.parts)

    def _complement(self, groups: int) -> None:
        """Hide more rows until each hidden count has its cycle in every view of the table."""
        views = [self._view(group) for group in range(groups if groups > 2 else 1)]  # noqa: PLR2004 - two are one view
        safe: list[set[tuple[int, int]]] = [set() for _ in views]
        before = -1
        while before != len(self.hidden):
            before = len(self.hidden)
            for view, done in zip(views, safe, strict=True):
                for row in sorted(self.hidden):
                    self._protect(row, view, done)

    def _protect(self, row: int, view: _View, done: set[tuple[int, int]]) -> None:
        """Hide what it takes that nothing that a hidden row tells can be worked out."""
        for told, value in enumerate(self._told(row)):
            if value == 0 or (row, told) in done:
                continue
            cycles = [
                (found, move)
                for move, connections in view.items()
                if told in self._changed(move) and (found := cheapest_cycle(connections, self._cost, row))
            ]
            if not cycles:
                self.exposed.add(row)
                continue
            (_, cycle), move = min(cycles)
            self.hidden.update(cycle)
            done.update((each, other) for each in cycle for other in self._changed(move))

    def _cost(self, row: int) -> int:
        return 0 if row in self.hidden else self.whole[row]

    def _moves(self) -> list[tuple[int, ...]]:
        """Which counts can change together when somebody is moved from one row to another, by number."""
        alone = [(each,) for each in range(len(self.counts))]
        return [*alone, *dict.fromkeys([*((0, part) for part in self.parts), (0, *self.parts)])]

    def _changed(self, move: tuple[int, ...]) -> set[int]:
        """Which of what a row tells is another number after a move, numbered as in `_told`."""
        rests = {len(self.counts) + place for place, part in enumerate(self.parts) if (0 in move) != (part in move)}
        return {*move, *rests}

    def _view(self, group: int) -> _View:
        """The rows as connections between totals, as far as each move can go through them."""
        ends = self._ends(group)
        there = [row for row, whole in enumerate(self.whole) if whole > 0]
        return {
            move: Connections(
                ends,
                {row for row in there if self._can_rise(row, move)},
                {row for row in there if self._can_fall(row, move)},
            )
            for move in self._moves()
        }

    def _can_rise(self, row: int, move: tuple[int, ...]) -> bool:
        return 0 in move or all(self.counts[each][row] < self.whole[row] for each in move if each in self.parts)

    def _can_fall(self, row: int, move: tuple[int, ...]) -> bool:
        whole = self.whole[row]
        if any(self.counts[each][row] <= 0 for each in move):
            return False
        return 0 not in move or (  # a row that is hidden is known to be about somebody
            whole > 1 and all(self.counts[part][row] < whole for part in self.parts if part not in move)
        )

    def _ends(self, group: int) -> list[tuple[Any, Any]]:
        """For each row, its two totals: of what it has in one group column, and of what it has in all others.

        Totals that are hidden where they are shown are one: only their sum is known. With a single group column there
        is but one total, of all rows.
        """
        ones = [key[group : group + 1] for key in self.keys]
        others = [key[:group] + key[group + 1 :] for key in self.keys]
        return list(zip(self._known(ones, "one"), self._known(others, "other"), strict=True))

    def _known(self, lines: list[tuple[str, ...]], side: str) -> list[tuple[str, tuple[str, ...] | None]]:
        if len(self.keys[0]) == 1:
            hidden = set(lines) if side == "one" else set[tuple[str, ...]]()
        else:
            totals = Counter[tuple[str, ...]]()
            for line, whole in zip(lines, self.whole, strict=True):
                totals[line] += whole
            table = pd.DataFrame({"line": range(len(totals)), "people": totals.values()})
            small = _Table(table, ["line"], ["people"]).hidden
            hidden = {line for number, line in enumerate(totals) if number in small}
        return [(side, None if line in hidden else line) for line in lines]


def _whole_first(counts: list[list[int]]) -> list[list[int]]:
    """The counts with that of all people of a group at the front: the one that none ever exceeds, else the first."""
    whole = next((each for each in counts if [max(row) for row in zip(*counts, strict=True)] == each), counts[0])
    return [whole, *(each for each in counts if each is not whole)]


def _is_small(count: int) -> bool:
    return 0 < count < FEWEST
