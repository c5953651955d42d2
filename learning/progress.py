"""What is known of one enrolment, and the fold that builds it from facts.

The state is the set of its facts, compacted: each kept once, in order of when it happened and then of when it became
known. Adding to a set neither depends on order nor on repetition, so any permutation of the facts, with any
duplicates, gives the same bytes. What the facts amount to is measured from the state (`learning.measures`).
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final, get_args

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
    Enrolled,
    Happening,
    ParticipantErased,
    ParticipantMerged,
)

Mark = tuple[datetime, datetime, str, int]
"""What was said of a component: when it happened, when that became known, one of the words below, and `late`."""

# `late` says from where on the log a fact was known: it is 0 for one that stood there by the end of the day (UK) on
# which it happened, else the ordinal of the latest day that had started before it. So the decisions of any past day
# can be made again with what was known then. Of the same fact, sent again, the earlier place counts.

DONE = frozenset({"completed", "attended", "caught-up", "submitted", "banked"})
"""Words that say a component is done; `absent` and `reopened` say that it is not."""

ACTIVE = DONE - {"banked"}
"""Words that say the person was at work at that moment."""

SUBMITTED = frozenset({"submitted", "banked"})

NOBODY: Final = "erased"
"""Stands in the state of an erased enrolment where the id of its participant was."""


class Noted(Struct, frozen=True, kw_only=True, gc=False):
    """One fact of the enrolment's life (not of a component, not a visit), with both its times."""

    time: datetime
    recordedtime: datetime
    late: int = 0
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
    late_visits: dict[int, int] = field(default_factory=dict)
    """The days (ordinals) of `active_days` of which every visit was known late, and how late."""
    erased: int | None = None
    """Of whom personal data were erased: the ordinal of the latest day that had started before; 0 before the first."""


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
        late_visits=dict(sorted(state.late_visits.items())),
        erased=state.erased,
    )
    return _encoder.encode(sorted_state)


def decode_state(raw: bytes) -> State:
    """Read what `encode_state` wrote."""
    return _decoder.decode(raw)


def fold(state: State, fact: Fact, known: date | None = None) -> State:
    """Add one fact to the state (in place, since this is done a million times) and answer the state.

    Args:
        state: What is known so far.
        fact: What to add.
        known: The latest day that had started on the log before the fact; None when none had.
    """
    if isinstance(fact.data, ParticipantErased):
        _erase(state, known)
        return state
    add = _ADD.get(type(fact.data))
    if add is not None:
        late = known.toordinal() if known is not None and known > uk_day(fact.time) else 0
        add(state, fact, late)
    return state


def fold_all(facts: Iterable[Fact]) -> State:
    """The state after these facts, in whatever order they come."""
    state = State()
    for each in facts:
        fold(state, each)
    return state


def _mark(state: State, data: Any, fact: Fact, word: str, late: int) -> None:
    mark = (fact.time, fact.recordedtime, word, late)
    marks = state.components.get(data.component)
    if marks is None:
        state.components[data.component] = [mark]
        return
    for index, known in enumerate(marks):
        if known[:3] == mark[:3]:
            marks[index] = min(known, mark)
            return
    insort(marks, mark)


def _add_completed(state: State, fact: Fact, late: int) -> None:
    _mark(state, fact.data, fact, "completed", late)


def _add_attendance(state: State, fact: Fact, late: int) -> None:
    data: Any = fact.data
    _mark(state, data, fact, data.attendance, late)


def _add_reopened(state: State, fact: Fact, late: int) -> None:
    _mark(state, fact.data, fact, "reopened", late)


def _add_submitted(state: State, fact: Fact, late: int) -> None:
    data: Any = fact.data
    _mark(state, data, fact, "banked" if data.banked else "submitted", late)
    _add_happening(state, fact, late)


def _add_visit(state: State, fact: Fact, late: int) -> None:
    if state.last_visit is None or fact.time > state.last_visit:
        state.last_visit = fact.time
    day = uk_day(fact.time).toordinal()
    week, weekday = divmod(day - 1, 7)
    before = state.active_days.get(week, 0)
    state.active_days[week] = before | 1 << weekday
    known = state.late_visits.get(day, 0) if before >> weekday & 1 else late
    if known and late:
        state.late_visits[day] = min(known, late)
    else:
        state.late_visits.pop(day, None)


def _add_happening(state: State, fact: Fact, late: int) -> None:
    data: Data = fact.data if state.erased is None else _of_nobody(fact.data)
    _note(state, _NOTED[type(data)](time=fact.time, recordedtime=fact.recordedtime, late=late, data=data))


def _note(state: State, noted: Noted) -> None:
    place = _in_order(noted)
    index = bisect_left(state.life, place, key=_in_order)
    if index == len(state.life) or _in_order(state.life[index]) != place:
        state.life.insert(index, noted)
    elif noted.late < state.life[index].late:
        state.life[index] = noted


def _erase(state: State, known: date | None) -> None:
    """Note from where on the log the person is erased, and take their id out of what is known."""
    since = 0 if known is None else known.toordinal()
    if state.erased is not None:
        state.erased = min(since, state.erased)
        return
    state.erased = since
    life, state.life = state.life, []
    for noted in life:
        _note(state, msgspec.structs.replace(noted, data=_of_nobody(noted.data)))


def _of_nobody(data: Data) -> Data:
    match data:
        case Enrolled():
            return msgspec.structs.replace(data, participant=NOBODY)
        case ParticipantMerged():
            return ParticipantMerged(retired=NOBODY, into=NOBODY)
        case _:
            return data


def _in_order(noted: Noted) -> tuple[datetime, datetime, str, bytes]:
    """A total order: two facts that stand at the same place say the same, byte for byte."""
    return (noted.time, noted.recordedtime, noted.data.TYPE, msgspec.json.encode(noted.data))


_ADD: dict[type[Data], Callable[[State, Fact, int], None]] = {
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
    for happened, _, word, _ in reversed(marks):
        if word not in DONE:
            break
        since = happened
    return since


_WEEKDAYS = tuple(tuple(day + 1 for day in range(7) if days >> day & 1) for days in range(2**7))
"""The days of a week by its bits, from 1 for Monday."""


def visit_days(state: State) -> list[date]:
    """The days (UK time) on which a visit was seen, in order."""
    return [
        date.fromordinal(week * 7 + weekday)
        for week, days in sorted(state.active_days.items())
        for weekday in _WEEKDAYS[days]
    ]
