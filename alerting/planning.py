"""Plans messages: reads where alerts stand, has it decided what is told now, and writes that down in one transaction.

Whatever breaks off before its end leaves nothing, and planning again makes the same messages with the same ids.
"""

from datetime import datetime, time
from operator import attrgetter

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, update

from alerting import book, routing
from alerting.budget import week_of
from alerting.model import State
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from alerting.routing import Plan, Situation
from alerting.schema import alert, notice, notice_alert
from alerting.store import AlertStore
from learning.calendar import UK, StudyCalendar
from registry import contacts, endpoints, partners
from registry.contacts import Contact
from registry.endpoints import Endpoint
from registry.store import Registry

NO_LONGER_SO = "no longer so"
"""Why a message was cancelled: nothing that it tells of holds any more."""

_TO_TELL: tuple[State, ...] = ("waiting", "held-back", "told")


def plan(
    store: AlertStore,
    registry: Registry,
    now: datetime,
    *,
    terms: StudyCalendar,
    policy: AlertPolicy = DEFAULT_POLICY,
    dry_run: bool,
) -> int:
    """Plan what is to be told now; answer how many messages are new.

    Args:
        store: The alert book.
        registry: Whom there is to tell.
        now: The moment.
        terms: When term is.
        policy: The figures of alerting.
        dry_run: Whether messages are composed only: they are never sent, not even when alerts are switched on later.

    Raises:
        RegistryError: One of the two cannot be read or written.
    """
    cancel_outdated(store, now)
    before = situation(store, registry, now, policy, dry=dry_run)
    found = routing.route(before, terms, policy)
    if not (found.notices or found.alerts or found.digests):
        return 0
    with store.writing() as connection:
        return _write(connection, before, found)


def cancel_outdated(store: AlertStore, now: datetime) -> int:
    """Cancel messages that wait though nothing that they tell of holds any more; answer how many."""
    outdated = (notice.c.state == "waiting", notice.c.kind != "test", ~exists().where(_holds()))
    with store.reading() as connection:
        if connection.scalar(exists().where(*outdated).select()) is not True:
            return 0
    with store.writing() as connection:
        cancelled = update(notice).where(*outdated)
        return connection.execute(cancelled.values(state="cancelled", settled_at=now, error=NO_LONGER_SO)).rowcount


def _holds() -> ColumnElement[bool]:
    """An alert of a message is its receiver's still, and stands so that there is something to tell."""
    step, state = notice_alert.c.step, alert.c.state
    to_tell = or_(
        and_(step == "first", state.in_((*_TO_TELL, "acknowledged", "contacted"))),
        and_(step.in_(("reminder", "escalation")), state.in_(_TO_TELL)),
        and_(step == "resolved", state == "resolved"),
    )
    same = and_(notice_alert.c.notice == notice.c.id, notice_alert.c.alert == alert.c.id)
    return and_(same, alert.c.partner == notice.c.partner, to_tell)


def receivers(registry: Registry) -> tuple[list[Contact], list[Endpoint], dict[str, int]]:
    """Whom there is to tell: contacts, endpoints, and the budgets of partners."""
    with registry.reading() as connection:
        budgets = {each.id: each.weekly_budget for each in partners.every(connection)}
        return contacts.every(connection), endpoints.every(connection), budgets


def situation(store: AlertStore, registry: Registry, now: datetime, policy: AlertPolicy, *, dry: bool) -> Situation:
    """All that counts for what is told now; `dry` says whether messages would be composed only."""
    people, systems, budgets = receivers(registry)
    with store.reading() as connection:
        alerts = book.alerts(connection, states=_TO_TELL)
        ended = book.alerts(connection, states=["resolved"], since=now - policy.lapse)
        told = [each for each in ended if each.told_at is not None]
        monday = datetime.combine(week_of(now), time(), tzinfo=UK)
        known = {each.id for each in (*alerts, *told)} | book.told_since(connection, monday)
        return Situation(
            now=now,
            dry=dry,
            alerts=[*alerts, *told],
            tellings=book.told(connection, known),
            contacts=people,
            endpoints=systems,
            budgets=budgets,
            digests=book.digest_windows(connection),
        )


def _write(connection: Connection, before: Situation, found: Plan) -> int:
    changed = {each.id for each in found.alerts}
    if book.alerts(connection, ids=changed) != sorted(
        (each for each in before.alerts if each.id in changed), key=attrgetter("id")
    ):
        return 0  # somebody was erased meanwhile; the next turn looks again
    book.put_notices(connection, found.notices)
    book.put_alerts(connection, found.alerts)
    book.put_digest_windows(connection, found.digests)
    return len(found.notices)
