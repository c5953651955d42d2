"""Read model: the story of one enrolment, first fact to last, and what was decided about its risk.

The folded state is the compacted set of an enrolment's facts, so the story is read from it; nothing is stored twice.
Visits are told by the day.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any

import msgspec
from msgspec import Struct

from learning.calendar import UK
from learning.plan import start_of
from learning.progress import State, decode_state, visit_days
from projections import risk_history
from projections.store import Store


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened."""

    time: datetime
    """When it happened; of visits, the start of their day."""
    what: str
    """A component's word (`completed`, `absent`, ...), `visited`, the event type of another fact, or a decision about
    risk: `flag raised`, `flag changed`, `flag cleared`, or `risk` and the level where there is no flag."""
    component: str | None = None
    detail: dict[str, Any] | None = None
    recordedtime: datetime | None = None
    """When it became known; not kept of visits."""


def timeline(store: Store, enrolment: str) -> list[Entry]:
    """Everything known of an enrolment and decided about it, in order; empty when nothing is, or it was erased."""
    stored = store.states([enrolment]).get(enrolment)
    state = State() if stored is None else decode_state(stored.state)
    if stored is None or state.erased is not None:
        return []
    with store.connect() as connection:
        decided = [_decision(row) for row in risk_history.of(connection, enrolment)]
    return sorted((*story(state), *decided), key=_order)


def story(state: State) -> list[Entry]:
    """The entries of a state, in order of when they happened; records of one moment as they became known."""
    return sorted((*_marks(state), *_life(state), *_visits(state)), key=_order)


def _decision(row: Mapping[str, Any]) -> Entry:
    """A decision is told as of the start of its day."""
    change, level = row["change"], row["level"]
    reasons = [reason.sentence for reason in row["reasons"]]
    return Entry(
        time=start_of(row["day"]),
        what=f"flag {change}" if change else f"risk {level}",
        detail={"level": level, **({"reasons": reasons} if reasons else {})},
    )


def _order(entry: Entry) -> tuple[datetime, str, datetime, str]:
    return (entry.time, entry.component or "", entry.recordedtime or entry.time, entry.what)


def _marks(state: State) -> Iterator[Entry]:
    for component, marks in state.components.items():
        for happened, recorded, word, _ in marks:
            yield Entry(time=happened, what=word, component=component, recordedtime=recorded)


def _life(state: State) -> Iterator[Entry]:
    for noted in state.life:
        detail = msgspec.to_builtins(noted.data)
        yield Entry(time=noted.time, what=noted.data.TYPE, detail=detail or None, recordedtime=noted.recordedtime)


def _visits(state: State) -> Iterator[Entry]:
    for day in visit_days(state):
        yield Entry(time=datetime.combine(day, time(), tzinfo=UK), what="visited")
