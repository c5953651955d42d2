"""Read model: the at-risk register. One row an enrolment with its level, its reasons and what was done about its flag.

What is current follows the state and the day; what was decided last stands beside it, so that the next day knows
whether anything changed. A row also says when it is next to be looked at, for most days change nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, Select, case, delete, select

from learning.changes import Decided
from learning.flags import RAISED, FlagLife
from learning.policy import FLAGGED, LEVELS, Level
from learning.risk import Assessment, Earlier, Reason
from projections.enrolment_states import StoredState
from projections.schema import checkpoint, enrolment_progress, enrolment_risk, enrolment_state
from projections.storage.paging import ROWS_AT_ONCE, in_pages
from projections.storage.upserting import update_rows, upsert

_table = enrolment_risk.c
_state = enrolment_state.c
_reasons = msgspec.json.Decoder(tuple[Reason, ...])
_NO_SIGNALS = ""
_OF_STATES = ("enrolment", "home", "state", "spread")
_SAID = ("decided_level", "decided_signals", "level", "points", "since", "flagged_since", "next_look")
_DAY = timedelta(days=1)


class Due(NamedTuple):
    """An enrolment that is to be looked at."""

    enrolment: str
    stored: StoredState
    decided: Decided
    earlier: Earlier | None = None
    """What was last said of it, when nothing has become known since."""
    uneventful: bool = False
    """Whether that was that it is on track, without any reason, by the policy of today."""


class Current(NamedTuple):
    """What is said of an enrolment."""

    level: Level
    policy: str
    """The version of the policy."""
    next_look: date | None
    """The day on which it can be another one without any new fact."""


def row(enrolment: str, assessment: Assessment, flag: FlagLife | None, decided: Decided) -> dict[str, Any]:
    """The row of one enrolment; `decided` is what was said of it on the latest day."""
    flag = flag or FlagLife(stage=RAISED.stage)
    flagged = assessment.flagged
    return {
        "enrolment": enrolment,
        "level": assessment.level,
        "points": assessment.points,
        "reasons": encode_reasons(assessment.reasons),
        "policy": assessment.policy,
        "since": assessment.since,
        "flagged_since": assessment.flagged_since,
        "comes_down": assessment.comes_down,
        "stage": flag.stage if flagged else None,
        "stage_since": flag.since if flagged else None,
        "stage_by": flag.by if flagged else None,
        "next_look": assessment.next_change,
        "decided_level": decided.level,
        "decided_signals": " ".join(decided.signals),
    }


def encode_reasons(reasons: Sequence[Reason]) -> bytes:
    """Reasons as JSON."""
    return msgspec.json.encode(reasons)


def decode_reasons(raw: bytes) -> tuple[Reason, ...]:
    """What `encode_reasons` wrote; days in the inputs are texts then, so read them back as days."""
    return tuple(msgspec.structs.replace(reason, inputs=_with_days(reason.inputs)) for reason in _reasons.decode(raw))


def _with_days(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: date.fromisoformat(value) if isinstance(value, str) else value for name, value in inputs.items()}


def put(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows."""
    upsert(connection, enrolment_risk, rows)


def look_again(connection: Connection, days: Iterable[tuple[str, date | None]]) -> None:
    """Note when enrolments are next to be looked at, of whom there is nothing else to write."""
    update_rows(connection, enrolment_risk, ({"of": enrolment, "next_look": day} for enrolment, day in days))


def forget(connection: Connection, enrolment: str) -> None:
    """Remove the row of an enrolment, because no day has started yet where its facts stand."""
    connection.execute(delete(enrolment_risk).where(_table.enrolment == enrolment))


def decided(connection: Connection, enrolments: Iterable[str]) -> dict[str, Decided]:
    """What was decided last of these enrolments, as far as anything was."""
    query = select(_table.enrolment, _table.decided_level, _table.decided_signals)
    found: dict[str, Decided] = {}
    for some in in_pages(enrolments):
        rows = connection.execute(query.where(_table.enrolment.in_(some)))
        found.update((enrolment, _decided(level, signals)) for enrolment, level, signals in rows)
    return found


def current(connection: Connection, enrolments: Iterable[str]) -> dict[str, Current]:
    """What is said of these enrolments, as far as anything is."""
    query = select(_table.enrolment, _table.level, _table.policy, _table.next_look)
    found: dict[str, Current] = {}
    for some in in_pages(enrolments):
        rows = connection.execute(query.where(_table.enrolment.in_(some)))
        found.update((enrolment, Current(*said)) for enrolment, *said in rows)
    return found


def _decided(level: Level | None, signals: str | None) -> Decided:
    return Decided(level or "on-track", tuple((signals or _NO_SIGNALS).split()))  # type: ignore[arg-type]  # our own words


def due(connection: Connection, partition: int, day: date, *, everybody: bool) -> Iterator[Due]:
    """The enrolments at home in a partition that are to be looked at on a day, by id; all of them if so asked.

    They are read by pages, so that rows can be written in between.
    """
    columns = (*(_state[name] for name in _OF_STATES), *(_table[name] for name in _SAID))
    joined = enrolment_state.outerjoin(enrolment_risk, _state.enrolment == _table.enrolment)
    query = select(*columns).select_from(joined).where(_state.home == partition)
    if not everybody:
        query = query.where((_table.next_look <= day) | _table.enrolment.is_(None))
    last = ""
    while page := connection.execute(
        query.where(_state.enrolment > last).order_by(_state.enrolment).limit(ROWS_AT_ONCE)
    ).all():
        yield from map(_due, page)
        last = page[-1][0]


def _due(row: Row[Any]) -> Due:
    decided = _decided(row.decided_level, row.decided_signals)
    earlier = row.next_look and Earlier(row.level, row.since, row.flagged_since, row.next_look - _DAY)
    stored = StoredState(row.home, row.state, row.spread)
    return Due(row.enrolment, stored, decided, earlier, uneventful=row.level == "on-track" and row.points == 0)


def find(connection: Connection, enrolment: str) -> dict[str, Any] | None:
    """The register's row of one enrolment with its reasons, if it was ever looked at and was not erased."""
    found = connection.execute(_register().where(_table.enrolment == enrolment)).mappings().first()
    return None if found is None else _readable(found)


def at_risk(
    connection: Connection, filters: Mapping[str, str] | None = None, *, lowest: Level = LEVELS[FLAGGED]
) -> list[dict[str, Any]]:
    """Active enrolments from a level on, the worst first: by level, then points, then since when.

    `filters` names columns (`programme`, `intake`, `provider`, `partner`, `level`, `stage`) and the value each must
    have. Whoever was erased is left out.
    """
    progress = enrolment_progress.c
    height = case(*((_table.level == level, place) for place, level in enumerate(LEVELS)), else_=0)
    query = _register().where(progress.status == "active", height >= LEVELS.index(lowest))
    for name, value in (filters or {}).items():
        query = query.where((_table if name in _table else progress)[name] == value)
    order = (height.desc(), _table.points.desc(), _table.since.nulls_first(), _table.enrolment)
    return [_readable(found) for found in connection.execute(query.order_by(*order)).mappings()]


def _register() -> Select[Any]:
    progress = enrolment_progress.c
    joined = (
        enrolment_risk.join(enrolment_progress, _table.enrolment == progress.enrolment)
        .join(enrolment_state, _table.enrolment == _state.enrolment)
        .join(checkpoint, checkpoint.c.partition == _state.home)
    )
    hidden = ("next_look", "decided_level", "decided_signals")
    return (
        select(
            *(column for column in _table if column.name not in hidden),
            progress.participant,
            progress.programme,
            progress.intake,
            progress.provider,
            progress.partner,
            progress.status,
            progress.completion,
            progress.expected,
            progress.lag_weeks,
            progress.deadline,
            progress.last_activity_at,
            progress.contacted_at,
            checkpoint.c.day.label("as_of"),
        )
        .select_from(joined)
        .where(progress.erased.is_(False))
    )


def _readable(found: Mapping[Any, Any]) -> dict[str, Any]:
    return {**found, "reasons": decode_reasons(found["reasons"])}
