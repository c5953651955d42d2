"""What the marks of an enrolment's components amount to, worked out in one pass over them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from learning.progress import ACTIVE, DONE, SUBMITTED, Mark, State, done_since


class Doings:
    """What was done, and when. Its parts are not to be changed."""

    __slots__ = ("absent", "active", "flips", "last_active", "latest", "since", "submitted")

    def __init__(self, state: State, points: Mapping[str, int]) -> None:
        """Go through the marks of a state; `points` says what each counting component is worth."""
        self.since: dict[str, datetime] = {}
        """Components that are done, and since when."""
        self.flips: list[tuple[datetime, int, str]] = []
        """When which counting component was done, with its points, or to be done again, with as many below 0."""
        self.active: list[datetime] = []
        """When the person worked on a component."""
        self.submitted = 0
        """Components for which work was handed in."""
        self.absent = False
        """Whether a register ever said so."""
        self.latest: datetime | None = None
        """When the last of all this happened."""
        latest = None
        for component, marks in state.components.items():
            moment, _, word, _ = marks[-1]
            if latest is None or moment > latest:
                latest = moment
            if len(marks) > 1:
                self._add(component, marks, points.get(component))
                continue
            if word in DONE:
                self.since[component] = moment
                if component in points:
                    self.flips.append((moment, points[component], component))
            if word in ACTIVE:
                self.active.append(moment)
                self.submitted += word == "submitted"
            elif word == "absent":
                self.absent = True
            else:
                self.submitted += word == "banked"
        self.latest = latest
        self.last_active = max(self.active, default=None)
        visit = state.last_visit
        if visit is not None and (self.last_active is None or visit > self.last_active):
            self.last_active = visit

    def _add(self, component: str, marks: list[Mark], points: int | None) -> None:
        done = done_since(marks)
        if done is not None:
            self.since[component] = done
        if points is not None:
            self.flips.extend(_flips(component, marks, points))
        self.active.extend(_active(marks))
        self.submitted += any(word in SUBMITTED for _, _, word, _ in marks)
        self.absent = self.absent or any(word == "absent" for _, _, word, _ in marks)


def _active(marks: Iterable[Mark]) -> Iterator[datetime]:
    """When the person worked on a component; of two records of one moment the later one is believed."""
    believed = {moment: word for moment, _, word, _ in marks}
    return (moment for moment, word in believed.items() if word in ACTIVE)


def _flips(component: str, marks: Iterable[Mark], points: int) -> Iterator[tuple[datetime, int, str]]:
    """When a component became done and when it was taken back; of one moment, what became known last is believed."""
    believed = {moment: word in DONE for moment, _, word, _ in marks}
    before = False
    for moment, done in believed.items():
        if done is not before:
            yield moment, points if done else -points, component
        before = done
