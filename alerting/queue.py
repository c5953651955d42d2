"""The messages that wait to be sent: which are due, who sends them, and what became of them.

A message that is taken is not due for the length of the lease, and is due again after it: so one whose dispatcher was
killed is sent by the next, and none is lost.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, bindparam, exists, func, or_, select, update

from alerting.book import notices
from alerting.model import Channel, Notice, NoticeState
from alerting.outcomes import Outcome
from alerting.retrying import Chance, next_attempt, slowed_until
from alerting.schema import alert, fact_waiting, notice, notice_alert
from alerting.telling import Told, sent_fact, waiting_row
from learning.progress import NOBODY
from projections.storage.paging import in_pages
from projections.storage.upserting import upsert

LEASE: Final = timedelta(minutes=5)
"""How long a message belongs to the dispatcher that took it; far longer than any attempt takes."""

_NOTED = {"state": "state_now", "attempts": "tried", "error": "why", "settled_at": "settled", "next_at": "again"}
_notice = notice.c


class Due(NamedTuple):
    """A message that may be sent now."""

    id: str
    channel: Channel
    receiver: str


class Attempt(NamedTuple):
    """A message, what became of sending it, and when that was."""

    notice: Notice
    outcome: Outcome
    at: datetime


class Settled(NamedTuple):
    """Where a message stands after an attempt."""

    attempt: Attempt
    state: NoticeState
    again: datetime | None
    """When it is tried again, if it is."""


def due(connection: Connection, now: datetime) -> list[Due]:
    """The messages that may be sent, the one that has waited longest first."""
    query = select(_notice.id, _notice.channel, _notice.receiver)
    rows = connection.execute(query.where(*_is_due(now)).order_by(_notice.next_at, _notice.id))
    return [Due(*row) for row in rows]


def claim(connection: Connection, ids: Iterable[str], now: datetime) -> list[Notice]:
    """Take those of these messages that may be sent still; until the lease ends they are nobody else's."""
    found: list[Notice] = []
    for some in in_pages(ids):
        free = list(connection.scalars(select(_notice.id).where(_notice.id.in_(some), *_is_due(now))))
        connection.execute(update(notice).where(_notice.id.in_(free)).values(next_at=now + LEASE))
        found += notices(connection, ids=free)
    return found


def settle(connection: Connection, attempts: Sequence[Attempt], chance: Chance) -> list[Settled]:
    """Note what became of attempts; what was delivered leaves facts for the log, in the same transaction."""
    settled = [_settled(each, chance) for each in attempts]
    _note(connection, settled)
    _leave_facts(connection, [each.attempt for each in settled if each.state == "delivered"])
    for each in settled:
        if each.attempt.outcome.slow:
            until = slowed_until(each.attempt.at, each.again, each.attempt.outcome.asked)
            _slow_down(connection, each.attempt.notice, until)
        if each.attempt.outcome.result == "gone":
            cancel(connection, each.attempt.notice.receiver, each.attempt.at, "the endpoint was switched off")
    return settled


def cancel(connection: Connection, receiver: str, now: datetime, why: str) -> None:
    """Send nothing of what waits for a receiver."""
    mine = (_notice.receiver == receiver, _notice.state == "waiting")
    connection.execute(update(notice).where(*mine).values(state="cancelled", settled_at=now, error=why))


def replay(connection: Connection, ids: Iterable[str], now: datetime) -> list[str]:
    """Have messages that were given up or cancelled sent again, as they are; answer which of these that were.

    One that tells of nobody any more, because they were erased, is left.
    """
    replayed: list[str] = []
    for some in in_pages(ids):
        tells = exists().where(notice_alert.c.notice == _notice.id)
        over = (_notice.id.in_(some), _notice.state.in_(("dead", "cancelled")), tells)
        found = list(connection.scalars(select(_notice.id).where(*over).order_by(_notice.id)))
        anew = {"state": "waiting", "next_at": now, "attempts": 0, "settled_at": None, "error": None}
        connection.execute(update(notice).where(_notice.id.in_(found)).values(**anew))
        replayed += found
    return replayed


def counts(connection: Connection) -> dict[str, int]:
    """How many messages there are in each state."""
    query = select(_notice.state, func.count()).group_by(_notice.state)
    return {state: count for state, count in connection.execute(query)}  # noqa: C416 - rows are no pairs to mypy


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _notice.state == "waiting", _notice.next_at <= now


def _settled(attempt: Attempt, chance: Chance) -> Settled:
    result = attempt.outcome.result
    if result == "accepted":
        return Settled(attempt, "delivered", None)
    if result in {"gone", "needless"}:
        return Settled(attempt, "cancelled", None)
    again = None
    if result == "failed":
        again = next_attempt(attempt.notice.attempts + 1, attempt.at, chance, attempt.outcome.asked)
    return Settled(attempt, "dead" if again is None else "waiting", again)


def _note(connection: Connection, settled: Sequence[Settled]) -> None:
    rows = [
        {
            "of": each.attempt.notice.id,
            "state_now": each.state,
            "tried": each.attempt.notice.attempts + 1,
            "why": each.attempt.outcome.error,
            "settled": each.attempt.at if each.again is None else None,
            "again": each.again or each.attempt.at,
        }
        for each in settled
    ]
    # One that was cancelled while it was on its way stays so, unless it has arrived.
    as_it_was = or_(_notice.state == "waiting", bindparam("state_now", type_=Text) == "delivered")
    values: dict[Any, Any] = {name: bindparam(given) for name, given in _NOTED.items()}
    if rows:
        connection.execute(update(notice).where(_notice.id == bindparam("of"), as_it_was).values(values), rows)


def _slow_down(connection: Connection, told: Notice, until: datetime) -> None:
    """Let everything to the same server wait, what is due and what would become due before; all email has one."""
    same = [_notice.channel == told.channel, _notice.state == "waiting"]
    if told.channel != "email":
        same.append(_notice.receiver == told.receiver)
    connection.execute(update(notice).where(*same, _notice.next_at < until).values(next_at=until))


def _leave_facts(connection: Connection, delivered: Sequence[Attempt]) -> None:
    attempts = {each.notice.id: each for each in delivered}
    told = notice_alert.join(alert, alert.c.id == notice_alert.c.alert)
    columns = (notice_alert.c.notice, alert.c.id, notice_alert.c.step, alert.c.enrolment, alert.c.participant)
    for some in in_pages(attempts):
        known = notice_alert.c.notice.in_(some), alert.c.participant != NOBODY
        query = select(*columns).select_from(told).where(*known)
        facts = [
            sent_fact(attempts[of].notice, Told(*what), attempts[of].at) for of, *what in connection.execute(query)
        ]
        upsert(connection, fact_waiting, map(waiting_row, facts))
