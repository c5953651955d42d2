"""The alert book: alerts and messages as they stand in its tables, and what was told to whom about each alert."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, select

from alerting import schema
from alerting.model import Alert, Content, Notice, NoticeState, State, Step
from learning.policy import Level
from projections.storage.paging import in_pages
from projections.storage.upserting import insert_new, upsert

_alert, _notice, _told = schema.alert.c, schema.notice.c, schema.notice_alert.c
_alert_columns = [_alert[name] for name in Alert.__struct_fields__]
_notice_columns = [_notice[name] for name in Notice.__struct_fields__]
_content = msgspec.json.Decoder(Content)


class Telling(Struct, frozen=True, kw_only=True):
    """That a message to somebody tells of an alert, on its way or arrived; also one that was given up."""

    alert: str
    partner: str
    """Whose alert it was then."""
    receiver: str
    step: Step
    level: Level
    at: datetime
    """When it was planned."""
    dry: bool = False
    """Whether it was only composed."""


class LatestDecision(Struct, frozen=True):
    """What was decided last about the flag of an enrolment."""

    day: date
    flagged: bool


def alert(connection: Connection, alert_id: str) -> Alert | None:
    """The alert with this id."""
    found = alerts(connection, ids=[alert_id])
    return found[0] if found else None


def alerts(
    connection: Connection,
    *,
    ids: Iterable[str] | None = None,
    enrolments: Iterable[str] | None = None,
    states: Collection[State] | None = None,
    since: datetime | None = None,
) -> list[Alert]:
    """The alerts that meet what is given, in the order of their ids.

    Args:
        connection: The alert book.
        ids: Only these.
        enrolments: Only about these; never together with `ids`.
        states: Only in one of these states.
        since: Only those that came to their state then or later.
    """
    query = select(*_alert_columns)
    if states is not None:
        query = query.where(_alert.state.in_(states))
    if since is not None:
        query = query.where(_alert.state_since >= since)
    if ids is not None:
        rows: Iterable[Row[Any]] = _by_keys(connection, query, _alert.id, ids)
    elif enrolments is not None:
        rows = _by_keys(connection, query, _alert.enrolment, enrolments)
    else:
        rows = connection.execute(query)
    return sorted((Alert(**row._asdict()) for row in rows), key=lambda each: each.id)


def put_alerts(connection: Connection, given: Iterable[Alert]) -> None:
    """Write alerts, new ones and those that were there."""
    upsert(connection, schema.alert, map(structs.asdict, given))


def notice(connection: Connection, notice_id: str) -> Notice | None:
    """The message with this id."""
    found = notices(connection, ids=[notice_id])
    return found[0] if found else None


def notices(
    connection: Connection, *, ids: Collection[str] | None = None, state: NoticeState | None = None
) -> list[Notice]:
    """The messages that meet everything that is given, in the order of their ids."""
    query = select(*_notice_columns)
    if state is not None:
        query = query.where(_notice.state == state)
    rows = connection.execute(query) if ids is None else _by_keys(connection, query, _notice.id, ids)
    return sorted(map(_as_notice, rows), key=lambda each: each.id)


def put_notices(connection: Connection, given: Collection[Notice]) -> None:
    """Write messages, with which alerts each tells of; one that was there is written anew."""
    upsert(connection, schema.notice, map(_notice_row, given))
    for some in in_pages(each.id for each in given):
        connection.execute(delete(schema.notice_alert).where(_told.notice.in_(some)))
    insert_new(connection, schema.notice_alert, (row for each in given for row in _told_rows(each)))


def told(connection: Connection, alert_ids: Iterable[str]) -> list[Telling]:
    """What was told about these alerts and not cancelled, the earliest first."""
    joined = schema.notice_alert.join(schema.notice, _notice.id == _told.notice)
    columns = (_told.alert, _notice.partner, _notice.receiver, _told.step, _told.level, _notice.planned_at)
    query = select(*columns, _notice.state).select_from(joined).where(_notice.state != "cancelled")
    found = map(_as_telling, _by_keys(connection, query, _told.alert, alert_ids))
    return sorted(found, key=lambda each: (each.at, each.alert, each.receiver, each.step))


def told_since(connection: Connection, moment: datetime) -> set[str]:
    """The ids of the alerts that a first message was planned about since a moment."""
    joined = schema.notice_alert.join(schema.notice, _notice.id == _told.notice)
    recent = _notice.planned_at >= moment, _notice.state != "cancelled", _told.step == "first"
    return set(connection.scalars(select(_told.alert).select_from(joined).where(*recent).distinct()))


def mark(connection: Connection) -> tuple[object, ...]:
    """What is another one as soon as an alert has come to another state, or a message was cancelled or is sent again.

    It is cheap, however many alerts there are. What an alert says can change without it.
    """
    states = connection.execute(select(_alert.state, func.count()).group_by(_alert.state).order_by(_alert.state))
    cancelled = select(func.count(), func.max(_notice.settled_at)).where(_notice.state == "cancelled")
    return (*map(tuple, states), tuple(connection.execute(cancelled).one()))


def decisions(connection: Connection, enrolments: Iterable[str]) -> dict[str, LatestDecision]:
    """The latest decision that was read of each of these enrolments."""
    table = schema.decision.c
    query = select(table.enrolment, table.day, table.flagged)
    rows = _by_keys(connection, query, table.enrolment, enrolments)
    return {row.enrolment: LatestDecision(row.day, row.flagged) for row in rows}


def put_decisions(connection: Connection, given: Mapping[str, LatestDecision]) -> None:
    """Note the latest decision of enrolments."""
    upsert(connection, schema.decision, ({"enrolment": of, **structs.asdict(each)} for of, each in given.items()))


def digest_windows(connection: Connection) -> dict[str, date]:
    """The latest day for which the digest of each contact was planned."""
    table = schema.digest_window.c
    return {row.contact: row.day for row in connection.execute(select(table.contact, table.day))}


def put_digest_windows(connection: Connection, given: Mapping[str, date]) -> None:
    """Note the latest day for which digests were planned."""
    upsert(connection, schema.digest_window, ({"contact": of, "day": day} for of, day in given.items()))


def positions(connection: Connection, topic: str) -> dict[int, int]:
    """The next offset to read of each partition of a topic."""
    table = schema.position.c
    query = select(table.partition, table.next_offset).where(table.topic == topic)
    return {row.partition: row.next_offset for row in connection.execute(query)}


def put_position(connection: Connection, topic: str, partition: int, next_offset: int) -> None:
    """Note up to where a partition was read."""
    upsert(connection, schema.position, [{"topic": topic, "partition": partition, "next_offset": next_offset}])


def _by_keys(
    connection: Connection, query: Select[Any], column: ColumnElement[Any], keys: Iterable[str]
) -> Iterator[Row[Any]]:
    for some in in_pages(keys):
        yield from connection.execute(query.where(column.in_(some)))


def _as_telling(row: Row[Any]) -> Telling:
    return Telling(
        alert=row.alert,
        partner=row.partner,
        receiver=row.receiver,
        step=row.step,
        level=row.level,
        at=row.planned_at,
        dry=row.state == "dry-run",
    )


def _as_notice(row: Row[Any]) -> Notice:
    told = row._asdict()
    return Notice(**{**told, "content": _content.decode(told["content"])})


def _notice_row(given: Notice) -> dict[str, Any]:
    return {**structs.asdict(given), "content": msgspec.json.encode(given.content)}


def _told_rows(given: Notice) -> Iterator[dict[str, str]]:
    for each in given.content.alerts:
        yield {"notice": given.id, "alert": each.alert, "step": each.step, "level": each.level}
