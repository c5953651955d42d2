"""Lets go of erased participants: nobody is told of their enrolments any more, and their ids stand in no alert."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
from msgspec import structs
from sqlalchemy import ColumnElement, Connection, delete, select, update

from alerting.model import OPEN, Content, NoticeState
from alerting.schema import alert, notice, notice_alert
from learning.progress import NOBODY
from projections.storage.paging import in_pages

_MAY_LEAVE: Final[tuple[NoticeState, ...]] = ("waiting", "dead", "dry-run")
"""Messages that have not arrived anywhere: they wait, or can be sent again by hand, or were only composed."""

_content = msgspec.json.Decoder(Content)


def forget(connection: Connection, enrolments: Collection[str], now: datetime) -> int:
    """Take erased enrolments out of the alert book; answer how many messages have changed. Doing it again is safe.

    Their alerts stay to be counted, without the participant, and those that were open end. Messages that have not
    arrived do not tell of them any more, and those that told of nobody else are cancelled. What has arrived stays as it
    was sent: it has the id of the enrolment, and no other word of the person.

    Args:
        connection: To the alert book, in a transaction that writes.
        enrolments: Ids of the enrolments.
        now: When.
    """
    changed = 0
    for some in in_pages(sorted(set(enrolments))):
        theirs = alert.c.enrolment.in_(some)
        changed += _take_out(connection, theirs, now)
        connection.execute(update(alert).where(theirs, alert.c.state.in_(OPEN)).values(state="lapsed", state_since=now))
        connection.execute(update(alert).where(theirs).values(participant=NOBODY))
    return changed


def _take_out(connection: Connection, theirs: ColumnElement[bool], now: datetime) -> int:
    """Take alerts out of the messages that have not arrived."""
    told = select(notice.c.id, notice.c.state, notice.c.content, alert.c.id.label("alert")).where(
        notice_alert.c.notice == notice.c.id,
        notice_alert.c.alert == alert.c.id,
        notice.c.state.in_(_MAY_LEAVE),
        theirs,
    )
    found = connection.execute(told).all()
    gone = {row.alert for row in found}
    notices = {row.id: row for row in found}
    for row in notices.values():
        content = _content.decode(row.content)
        left = structs.replace(content, alerts=tuple(each for each in content.alerts if each.alert not in gone))
        ended = {} if left.alerts else {"state": "cancelled", "settled_at": now}
        connection.execute(
            update(notice).where(notice.c.id == row.id).values(content=msgspec.json.encode(left), **ended)
        )
        connection.execute(
            delete(notice_alert).where(notice_alert.c.notice == row.id, notice_alert.c.alert.in_(sorted(gone)))
        )
    return len(notices)
