"""Finds the cycles of counts along which people can be moved so that no total changes: what keeps hidden counts hidden.

A count is a connection between two totals that it is part of. Going round a cycle of them, adding one here and taking
one there, gives another table with the same totals: whoever sees only the totals cannot tell it from the true one.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from heapq import heappop, heappush
from itertools import count

Cycle = tuple[tuple[int, int], tuple[int, ...]]
"""What it costs and how long it is, and the numbers of its counts."""


class Connections:
    """Counts between totals, and the way that each can be changed by one."""

    def __init__(
        self, ends: Sequence[tuple[Hashable, Hashable]], can_rise: Collection[int], can_fall: Collection[int]
    ) -> None:
        """Connect the two totals of each count; a step from the first to the second makes it one more."""
        self.ends = ends
        self.can_rise = can_rise
        self.can_fall = can_fall
        self.steps: dict[Hashable, list[tuple[Hashable, int]]] = defaultdict(list)
        for number in can_rise:
            one, other = ends[number]
            self.steps[one].append((other, number))
        for number in can_fall:
            one, other = ends[number]
            self.steps[other].append((one, number))


def cheapest_cycle(connections: Connections, cost: Callable[[int], int], start: int) -> Cycle | None:
    """The cheapest cycle through the count `start`, at the cost of each other count on it; None if there is none."""
    one, other = connections.ends[start]
    found = [
        _path(connections, cost, start, begin, goal)
        for begin, goal, possible in ((other, one, connections.can_rise), (one, other, connections.can_fall))
        if start in possible
    ]
    return min((each for each in found if each), default=None)


def _path(
    connections: Connections, cost: Callable[[int], int], start: int, begin: Hashable, goal: Hashable
) -> Cycle | None:
    """The cheapest way to close a cycle, if there is one (Dijkstra's algorithm)."""
    order = count()  # so that totals, which may not compare, are never compared
    waiting: list[tuple[tuple[int, int], int, Hashable, tuple[int, ...]]] = [((0, 1), next(order), begin, (start,))]
    settled = set()
    while waiting:
        (spent, length), _, place, path = heappop(waiting)
        if place == goal:
            return (spent, length), path
        if place in settled:
            continue
        settled.add(place)
        for onward, number in connections.steps.get(place, ()):
            if onward not in settled and number != start:
                heappush(waiting, ((spent + cost(number), length + 1), next(order), onward, (*path, number)))
    return None
