"""Read model: how things stand at a glance, and what the day has brought.

It is queries, not a table, over what is stored of the enrolments; for each number a `Wanted` lists who is behind it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import CTE, ColumnElement, CompoundSelect, Connection, Select, func, null, select, union_all

from learning.policy import LEVELS, SignalCode
from projections.cohort_completion import added_up, counts, filtered, groups
from projections.list_filters import FLAGGED_LEVELS, PLACES, Wanted, narrowed
from projections.schema import checkpoint, enrolment_progress, enrolment_risk, risk_history

SOON: Final = timedelta(weeks=4)

_KEYS: Final = ("programme", "intake", "partner")
_PARTS: Final[tuple[tuple[str, ...], ...]] = ((), ("programme", "intake"), ("partner",))
_progress, _risk, _history, _at = enrolment_progress.c, enrolment_risk.c, risk_history.c, checkpoint.c


class _Named(Struct):
    signal: SignalCode


_signals = msgspec.json.Decoder(tuple[_Named, ...])
"""Only which reasons there are, which is much faster than all of them."""


class Glance(NamedTuple):
    """Enrolments counted."""

    totals: dict[str, Any]
    cohorts: list[dict[str, Any]]
    """By programme and intake."""
    partners: list[dict[str, Any]]


class Changed(Struct, frozen=True, kw_only=True):
    """What a day has brought: what was decided as it began, and whose status holds since."""

    day: date
    raised: int
    changed: int
    """Flags that stayed and have another level or other weighty reasons."""
    cleared: int
    completed: int
    withdrawn: int
    deferred: int


def at_a_glance(connection: Connection, filters: Mapping[str, str] | None = None) -> Glance:
    """Enrolments counted: in all, by cohort and by partner; all of it costs little more than one of the three.

    `filters` names columns of `PLACES` and the value that each must have. A row has the columns of `cohort_completion`
    and the active enrolments by level: `on_track`, `watch`, `at_risk`, `critical`, `not_assessed` (no day has looked at
    them yet), and `flagged`, who are at risk or critical.
    """
    rows = [dict(row) for row in connection.execute(_counted(tuple(filters or ())), filters or {}).mappings()]
    totals, cohorts, partners = (_of_part(rows, part) for part in _PARTS)
    return Glance(totals[0], cohorts, partners)


@cache
def _counted(names: tuple[str, ...]) -> CompoundSelect[Any]:
    """All parts at once, so that the groups are made once."""
    found = groups(names)
    return union_all(*(_part(found, part) for part in _PARTS))


def _part(found: CTE, names: Sequence[str]) -> Select[Any]:
    """One part of the union; keys that it does not have are null."""
    keys = [found.c[name] for name in names]
    said = (found.c[name] if name in names else null().label(name) for name in _KEYS)
    return select(*said, *counts(found), *_by_level(found)).group_by(*keys)


def _of_part(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of one part, in the order of its keys and without the others."""
    theirs = (row for row in rows if all((row[name] is not None) == (name in names) for name in _KEYS))
    hidden = set(_KEYS) - set(names)
    shown = ({name: value for name, value in row.items() if name not in hidden} for row in theirs)
    return sorted(shown, key=lambda row: [row[name] for name in names])


def _by_level(found: CTE) -> list[ColumnElement[int]]:
    """Active enrolments at each level; those that no day has looked at yet are `not_assessed`."""
    number, level = found.c.enrolments, found.c.level
    each = [added_up(number, level == name).label(name.replace("-", "_")) for name in LEVELS]
    unknown = added_up(number, found.c.status == "active", level.is_(None)).label("not_assessed")
    return [*each, unknown, added_up(number, level.in_(FLAGGED_LEVELS)).label("flagged")]


def changed_today(connection: Connection, filters: Mapping[str, str] | None = None) -> Changed | None:
    """What the latest day has brought; None while no day has started."""
    day = connection.scalar(select(func.max(_at.day)))
    if day is None:
        return None
    happened = filtered(
        select(_history.change, func.count())
        .join(enrolment_progress, _progress.enrolment == _history.enrolment)
        .where(_history.day == day, _history.change.is_not(None)),
        filters,
    ).group_by(_history.change)
    ended = filtered(select(_progress.status, func.count()).where(_progress.status_since >= day), filters)
    found: Counter[str] = Counter()
    for query in (happened, ended.group_by(_progress.status)):
        found.update(dict(connection.execute(query).all()))
    names = [field.name for field in msgspec.structs.fields(Changed) if field.name != "day"]
    return Changed(day=day, **{name: found[name] for name in names})


def deadlines(
    connection: Connection, filters: Mapping[str, str] | None = None, *, within: timedelta = SOON
) -> list[dict[str, Any]]:
    """Active enrolments that have not reached the gate, by a deadline that is near, programme and intake.

    A row has `deadline`, `programme`, `intake`, `enrolments` and how many of them are `flagged`. Near counts from the
    latest day that has started.
    """
    day = connection.scalar(select(func.max(_at.day)))
    if day is None:
        return []
    wanted = Wanted(status="active", gate_reached=False, deadline_from=day, deadline_until=day + within)
    keys = (_progress.deadline, _progress.programme, _progress.intake)
    flagged = func.count().filter(_progress.level.in_(FLAGGED_LEVELS)).label("flagged")
    query = narrowed(select(*keys, func.count().label("enrolments"), flagged), wanted)
    return [
        dict(row) for row in connection.execute(filtered(query, filters).group_by(*keys).order_by(*keys)).mappings()
    ]


def reasons(connection: Connection, wanted: Wanted) -> dict[SignalCode, int]:
    """How many of the flagged enrolments that are wanted have each reason, the most frequent first."""
    query = select(_risk.reasons).join(enrolment_progress, _progress.enrolment == _risk.enrolment)
    found: Counter[SignalCode] = Counter()
    for raw in connection.scalars(narrowed(query, msgspec.structs.replace(wanted, flagged=True))):
        found.update(each.signal for each in _signals.decode(raw))
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def choices(connection: Connection, filters: Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """What can be asked for by each of `PLACES`, in order."""
    query = filtered(select(*(_progress[name] for name in PLACES)).distinct(), filters)
    found = connection.execute(query).mappings().all()  # at once: each of them alone would read all enrolments
    return {name: sorted({row[name] for row in found if row[name]}) for name in PLACES}
