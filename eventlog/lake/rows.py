"""Turns a fact into a row of the lake and back, so that the lake can be proven to hold the log and be replayed."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from eventlog.lake.columns import ENVELOPE, NAMES, columns_of
from learning.events import FACT_TYPES, Fact, fact
from learning.facts import Data

Row = tuple[Any, ...]
"""Values in the order of `columns.COLUMNS`."""

_NOTHING_SAID: Final = (None,) * (len(NAMES) - len(ENVELOPE))


class _Field(NamedTuple):
    name: str
    place: int
    """Which column of the row."""
    default: Any
    """What the type means when it leaves the field out; `encode` leaves out exactly this object, not an equal one."""


_FIELDS: Final[dict[type[Data], tuple[_Field, ...]]] = {
    data: tuple(
        _Field(each.name, NAMES.index(columns_of(data)[each.name]), each.default)
        for each in msgspec.structs.fields(data)
    )
    for data in FACT_TYPES.values()
}


def row_of(fact: Fact, partition: int, offset: int, day_known: date | None, cohort_hint: str | None) -> Row:
    """The row of a fact that stands at this place of the log."""
    data = fact.data
    row: list[Any] = [
        partition,
        offset,
        day_known,
        cohort_hint,
        data.TYPE,
        fact.source,
        fact.id,
        fact.subject,
        fact.partitionkey,
        fact.time,
        fact.recordedtime,
        *_NOTHING_SAID,
    ]
    for name, place, _ in _FIELDS[type(data)]:
        row[place] = getattr(data, name)
    return tuple(row)


def fact_of(row: Sequence[Any]) -> Fact:
    """The fact of a row; its instants may have any time zone."""
    _, _, _, _, kind, source, id_, enrolment, participant, happened_at, recorded_at, *_ = row
    data = FACT_TYPES[kind]
    said = {
        name: row[place] for name, place, default in _FIELDS[data] if row[place] is not None and row[place] != default
    }
    return fact(
        data(**said),
        id=id_,
        source=source,
        subject=enrolment,
        time=happened_at,
        recordedtime=recorded_at,
        partitionkey=participant,
    )
