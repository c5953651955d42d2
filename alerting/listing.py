"""Reads the alert book for people and programs: alerts and messages, narrowed and page by page; it changes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple, TypeVarTuple

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, case, func, or_, select

from alerting.model import (
    OPEN,
    Alert,
    Channel,
    Content,
    Matter,
    Notice,
    NoticeKind,
    NoticeState,
    State,
    Step,
)
from alerting.schema import alert as alert_table
from alerting.schema import notice as notice_table
from alerting.schema import notice_alert
from learning.policy import Level
from projections.storage.paging import in_pages

Columns = TypeVarTuple("Columns")

_alert, _notice, _told = alert_table.c, notice_table.c, notice_alert.c
_alerts = select(*(_alert[name] for name in Alert.__struct_fields__))
_notices = select(*(_notice[name] for name in Notice.__struct_fields__))
_changed_at = case((_alert.last_told_at > _alert.state_since, _alert.last_told_at), else_=_alert.state_since)
_OF_ALERTS: Final = ("partner", "provider", "programme", "intake", "level", "matter", "state", "enrolment")
_OF_NOTICES: Final = ("partner", "state", "channel", "kind", "receiver")


class WantedAlerts(Struct, frozen=True, kw_only=True):
    """Alerts that meet everything that is given; without anything, all of them."""

    partner: str | None = None
    provider: str | None = None
    programme: str | None = None
    intake: str | None = None
    level: Level | None = None
    matter: Matter | None = None
    state: State | None = None
    only_open: bool = False
    """Only those that neither are resolved nor have lapsed."""
    enrolment: str | None = None
    updated_since: datetime | None = None
    """Its state changed, or somebody was told of it, at this moment or later."""


class WantedNotices(Struct, frozen=True, kw_only=True):
    """Messages that meet everything that is given; without anything, all of them."""

    partner: str | None = None
    state: NoticeState | None = None
    channel: Channel | None = None
    kind: NoticeKind | None = None
    receiver: str | None = None
    alert: str | None = None
    """Only those that tell of this alert."""


class ByDay(NamedTuple):
    """The place of an alert in the order of the days on which they were raised."""

    raised_on: date
    id: str


class ByMoment(NamedTuple):
    """The place of an alert in the order of changes, or of a message in the order in which they were planned."""

    moment: datetime
    id: str


class Traffic(NamedTuple):
    """What became of the messages to one receiver."""

    counts: Mapping[NoticeState, int] = {}
    delivered_at: datetime | None = None
    """When the latest was delivered."""


class Telling(NamedTuple):
    """A message about one alert."""

    notice: Notice
    step: Step


class ToldAlert(NamedTuple):
    """An alert that a message tells of."""

    alert: Alert
    step: Step


def latest(connection: Connection, wanted: WantedAlerts, after: ByDay | None = None, *, size: int = 50) -> list[Alert]:
    """Alerts, the one that was raised last first; `after` is the place of the last one of the page before."""
    query = _of_alerts(_alerts, wanted).order_by(_alert.raised_on.desc(), _alert.id.desc()).limit(size)
    if after is not None:
        query = query.where(_before(_alert.raised_on, _alert.id, after))
    return [Alert(**row) for row in connection.execute(query).mappings()]


def every(connection: Connection, wanted: WantedAlerts) -> Iterator[Alert]:
    """All alerts of a list, in the order of `latest`."""
    query = _of_alerts(_alerts, wanted).order_by(_alert.raised_on.desc(), _alert.id.desc())
    for row in connection.execute(query).mappings():
        yield Alert(**row)


def changes(
    connection: Connection, wanted: WantedAlerts, after: ByMoment | None = None, *, size: int = 100
) -> list[Alert]:
    """Alerts in the order in which they changed, the earliest change first; `changed_at` says when.

    An alert that changes again moves on to the end. Whoever must not miss anything asks again from a little before the
    last place.
    """
    query = _of_alerts(_alerts, wanted).order_by(_changed_at, _alert.id).limit(size)
    if after is not None:
        query = query.where(or_(_changed_at > after.moment, and_(_changed_at == after.moment, _alert.id > after.id)))
    return [Alert(**row) for row in connection.execute(query).mappings()]


def changed_at(alert: Alert) -> datetime:
    """When an alert changed last: its state, or that somebody was told of it."""
    told = alert.last_told_at
    return alert.state_since if told is None else max(told, alert.state_since)


def find(connection: Connection, alert: str) -> Alert | None:
    """The alert with this id."""
    row = connection.execute(_alerts.where(_alert.id == alert)).mappings().first()
    return None if row is None else Alert(**row)


def counts(connection: Connection, wanted: WantedAlerts) -> dict[State, int]:
    """How many alerts are in each state; one in which none is, is left out."""
    query = _of_alerts(select(_alert.state, func.count()), wanted).group_by(_alert.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def partners(connection: Connection, only: str | None = None) -> list[str]:
    """The delivery partners that have alerts, or whether this one has any."""
    query = select(_alert.partner).distinct().order_by(_alert.partner)
    return list(connection.scalars(query if only is None else query.where(_alert.partner == only)))


def notices(
    connection: Connection, wanted: WantedNotices, after: ByMoment | None = None, *, size: int = 50
) -> list[Notice]:
    """Messages, the one that was planned last first; `after` is the place of the last one of the page before."""
    query = _of_notices(_notices, wanted).order_by(_notice.planned_at.desc(), _notice.id.desc()).limit(size)
    if after is not None:
        query = query.where(_before(_notice.planned_at, _notice.id, after))
    return [_decoded(row) for row in connection.execute(query).mappings()]


def find_notice(connection: Connection, notice: str) -> Notice | None:
    """The message with this id."""
    row = connection.execute(_notices.where(_notice.id == notice)).mappings().first()
    return None if row is None else _decoded(row)


def notice_counts(connection: Connection, wanted: WantedNotices) -> dict[NoticeState, int]:
    """How many messages are in each state; one in which none is, is left out."""
    query = _of_notices(select(_notice.state, func.count()), wanted).group_by(_notice.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def traffic(connection: Connection) -> dict[str, Traffic]:
    """What became of the messages to each receiver; one to whom none was composed is left out."""
    query = select(_notice.receiver, _notice.state, func.count(), func.max(_notice.settled_at))
    found: dict[str, Traffic] = {}
    for receiver, state, number, settled_at in connection.execute(query.group_by(_notice.receiver, _notice.state)):
        so_far = found.get(receiver, Traffic())
        counts = {**so_far.counts, state: number}
        found[receiver] = Traffic(counts, settled_at if state == "delivered" else so_far.delivered_at)
    return found


def tellings(connection: Connection, alert: str) -> list[Telling]:
    """The messages that tell of an alert, the first first."""
    query = _notices.add_columns(_told.step).join(notice_alert, _told.notice == _notice.id)
    query = query.where(_told.alert == alert).order_by(_notice.planned_at, _notice.id)
    return [Telling(_decoded(row), row["step"]) for row in connection.execute(query).mappings()]


def latest_steps(connection: Connection, alerts: Iterable[str]) -> dict[str, Step]:
    """Why the latest message about each of these alerts was sent or is to be; without one, an alert is left out.

    What another delivery partner was told before the enrolment moved does not count.
    """
    found: dict[str, Step] = {}
    for some in in_pages(alerts):
        query = select(_told.alert, _told.step).join(notice_table, _told.notice == _notice.id)
        query = query.join(alert_table, (_told.alert == _alert.id) & (_notice.partner == _alert.partner))
        query = query.where(_told.alert.in_(some), _notice.state != "cancelled")
        found |= {row[0]: row[1] for row in connection.execute(query.order_by(_notice.planned_at, _notice.id))}
    return found


def told_of(connection: Connection, notice: Notice) -> list[ToldAlert]:
    """The alerts that a message tells of, as they stand now, in the order in which it tells them."""
    query = _alerts.add_columns(_told.step).join(notice_alert, _told.alert == _alert.id)
    rows = connection.execute(query.where(_told.notice == notice.id)).mappings()
    found = [ToldAlert(Alert(**_only(row, Alert)), row["step"]) for row in rows]
    place = {each.alert: number for number, each in enumerate(notice.content.alerts)}
    return sorted(found, key=lambda each: (place.get(each.alert.id, len(place)), each.alert.id))


def _of_alerts(query: Select[*Columns], wanted: WantedAlerts) -> Select[*Columns]:
    given = {name: getattr(wanted, name) for name in _OF_ALERTS}
    query = query.where(*(_alert[name] == value for name, value in given.items() if value is not None))
    if wanted.only_open:
        query = query.where(_alert.state.in_(OPEN))
    if wanted.updated_since is not None:
        query = query.where(_changed_at >= wanted.updated_since)
    return query


def _of_notices(query: Select[*Columns], wanted: WantedNotices) -> Select[*Columns]:
    given = {name: getattr(wanted, name) for name in _OF_NOTICES}
    query = query.where(*(_notice[name] == value for name, value in given.items() if value is not None))
    if wanted.alert is not None:
        query = query.where(_notice.id.in_(select(_told.notice).where(_told.alert == wanted.alert)))
    return query


def _before(first: Any, second: Any, place: tuple[Any, str]) -> ColumnElement[bool]:
    """What comes after a place where the greatest comes first."""
    return or_(first < place[0], and_(first == place[0], second < place[1]))


def _decoded(row: RowMapping) -> Notice:
    told = _only(row, Notice)
    return Notice(**{**told, "content": msgspec.json.decode(told["content"], type=Content)})


def _only(row: RowMapping, kind: type[Struct]) -> dict[str, Any]:
    return {name: row[name] for name in kind.__struct_fields__}
