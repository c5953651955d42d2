"""Finds an enrolment whose flag shows what flags are for: raised, taken care of by people, and cleared."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from sqlalchemy import Connection, select

from learning.calendar import uk_day
from learning.facts import ContactMade, FlagAcknowledged, ImprovementSeen
from learning.progress import decode_state
from projections import enrolment_states, risk_history
from projections.schema import enrolment_progress
from projections.schema import risk_history as table

_STEPS = (FlagAcknowledged, ContactMade, ImprovementSeen)


def exemplary(connection: Connection) -> str | None:
    """The first enrolment, by id, with a flag that was cleared after all that people can do about it; None: no one.

    Its participant went on: what ends in a withdrawal or a deferral is another story.
    """
    query = (
        select(table.c.enrolment)
        .join(enrolment_progress, enrolment_progress.c.enrolment == table.c.enrolment)
        .where(table.c.change == "cleared", table.c.status == "active", enrolment_progress.c.erased.is_(False))
        .distinct()
    )
    enrolments: Sequence[str] = connection.scalars(query.order_by(table.c.enrolment)).all()
    for enrolment in enrolments:
        [stored] = enrolment_states.find(connection, [enrolment]).values()
        life = decode_state(stored.state).life
        for raised, cleared in _flags(connection, enrolment):
            done = {type(noted.data) for noted in life if raised <= uk_day(noted.time) < cleared}
            if done.issuperset(_STEPS):
                return enrolment
    return None


def _flags(connection: Connection, enrolment: str) -> list[tuple[date, date]]:
    """The days on which flags were raised and cleared."""
    told = [row for row in risk_history.of(connection, enrolment) if row["change"] in ("raised", "cleared")]
    return [(one["day"], other["day"]) for one, other in pairwise(told) if one["change"] == "raised"]
