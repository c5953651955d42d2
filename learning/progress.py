"""What is known of one enrolment, and the fold that builds it from facts.

The state is the set of its facts, compacted: each kept once, in order of when it happened and then of when it became
known. Adding to a set neither depends on order nor on repetition, so any permutation of the facts, with any
duplicates, gives the same bytes. What the facts amount to is measured from the state (`learning.measures`).
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, get_args

import msgspec
from msgspec import Struct, field

from learning.calendar import uk_day
from learning.events import Fact, tagged, union
from learning.facts import (
    ActivitySeen,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentCompleted,
    ComponentReopened,
    Data,
    Happening,
)

Mark = tuple[datetime, datetime, str]
"""What was said of a component: when it happened, when that became known, and one of the words below."""

DONE = frozenset({"completed", "attended", "caught-up", "submitted", "banked"})
"""Words that say a component is done; `absent` and `reopened` say that it is not."""

ACTIVE = DONE - {"banked"}
"""Words that say the person was at work at that moment."""

SUBMITTED = frozenset({"submitted", "banked"})


class Noted(Struct, frozen=True, kw_only=True, gc=False):
    """One fact of the enrolment's life (not of a component, not a visit), with both its times."""

    time: datetime
    recordedtime: datetime
    data: Data


class State(Struct, kw_only=True, omit_defaults=True, gc=False):
    """Everything that the facts of one enrolment said. It changes only through `fold`."""

    components: dict[str, list[Mark]] = field(default_factory=dict)
    """Marks of each component, in order; the last one counts."""
    life: list[Noted] = field(default_factory=list)
    """Enrolment, deferral, withdrawal, transfer, assessment, contact ..., in order."""
    active_days: dict[int, int] = field(default_factory=dict)
    """Days with a visit: number of the week (from Monday 1 January 1) to one bit a weekday, Monday the lowest."""
    last_visit: datetime | None = None


_NOTED = tagged(Noted, get_args(Happening))


class _StoredState(State, kw_only=True, omit_defaults=True):
    """The state as its codec reads it: every kind of noted fact known."""

    life: list[union(_NOTED.values())] = field(default_factory=list)  # type: ignore[valid-type]  # made at import


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_StoredState)


def encode_state(state: State) -> bytes:
    """Write a state; equal states give equal bytes."""
    sorted_state = State(
        components=dict(sorted(state.components.items())),
        life=state.life,
        active_days=dict(sorted(state.active_days.items())),
        last_visit=state.last_visit,
    )
    return _encoder.encode(sorted_state)


def decode_state(raw: bytes) -> State:
    """Read what `encode_state` wrote."""
    return _decoder.decode(raw)


def fold(state: State, fact: Fact) -> State:
    """Add one fact to the state (in place, since this is done a million times) and answer the state."""
    add = _ADD.get(type(fact.data))
    if add is not None:
        add(state, fact)
    return state


def fold_all(facts: Iterable[Fact]) -> State:
    """The state after these facts, in whatever order they come."""
    state = State()
    for each in facts:
        fold(state, each)
    return state


def _mark(state: State, data: Any, fact: Fact, word: str) -> None:
    mark = (fact.time, fact.recordedtime, word)
    marks = state.components.get(data.component)
    if marks is None:
        state.components[data.component] = [mark]
    elif mark not in marks:
        insort(marks, mark)


def _add_completed(state: State, fact: Fact) -> None:
    _mark(state, fact.data, fact, "completed")


def _add_attendance(state: State, fact: Fact) -> None:
    data: Any = fact.data
    _mark(state, data, fact, data.attendance)


def _add_reopened(state: State, fact: Fact) -> None:
    _mark(state, fact.data, fact, "reopened")


def _add_submitted(state: State, fact: Fact) -> None:
    data: Any = fact.data
    _mark(state, data, fact, "banked" if data.banked else "submitted")
    _add_happening(state, fact)


def _add_visit(state: State, fact: Fact) -> None:
    if state.last_visit is None or fact.time > state.last_visit:
        state.last_visit = fact.time
    week, weekday = divmod(uk_day(fact.time).toordinal() - 1, 7)
    state.active_days[week] = state.active_days.get(week, 0) | 1 << weekday


def _add_happening(state: State, fact: Fact) -> None:
    noted = _NOTED[type(fact.data)](time=fact.time, recordedtime=fact.recordedtime, data=fact.data)
    place = _in_order(noted)
    index = bisect_left(state.life, place, key=_in_order)
    if index == len(state.life) or _in_order(state.life[index]) != place:
        state.life.insert(index, noted)


def _in_order(noted: Noted) -> tuple[datetime, datetime, str, bytes]:
    """A total order: two facts that stand at the same place say the same, byte for byte."""
    return (noted.time, noted.recordedtime, noted.data.TYPE, msgspec.json.encode(noted.data))


_ADD: dict[type[Data], Callable[[State, Fact], None]] = {
    **dict.fromkeys(get_args(Happening), _add_happening),
    ComponentCompleted: _add_completed,
    AttendanceRecorded: _add_attendance,
    ComponentReopened: _add_reopened,
    AssessmentSubmitted: _add_submitted,
    ActivitySeen: _add_visit,
}


def done_since(marks: list[Mark]) -> datetime | None:
    """When a component was done: the first of the marks that say so since the last one that said otherwise."""
    since = None
    for happened, _, word in reversed(marks):
        if word not in DONE:
            break
        since = happened
    return since


def visit_days(state: State) -> list[date]:
    """The days (UK time) on which a visit was seen, in order."""
    return [
        date.fromordinal(week * 7 + weekday + 1)
        for week, days in sorted(state.active_days.items())
        for weekday in range(7)
        if days >> weekday & 1
    ]
