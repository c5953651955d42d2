"""What comes before sending in each turn: decisions are taken in, alerts follow them, messages are planned.

Turns are seconds apart and nothing happens in most of them, so what was looked at without finding anything to do is
looked at again only when something of it has changed.
"""

from datetime import datetime
from typing import NamedTuple

from alerting import book
from alerting.dispatcher import Prepared
from alerting.following import follow
from alerting.intake import take_in
from alerting.planning import cancel_outdated, plan, receivers
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from alerting.store import AlertStore
from eventlog.base import EventLog
from learning.calendar import UK, StudyCalendar, uk_day
from projections.live import LiveProjections
from registry.store import Registry


class _Idle(NamedTuple):
    """With what before it there was nothing to do; None: there was something."""

    following: object = None
    planning: object = None


class Preparation:
    """The first half of a turn; see `alerting.dispatcher.Prepare`."""

    def __init__(
        self,
        *,
        store: AlertStore,
        registry: Registry,
        live: LiveProjections,
        terms: StudyCalendar,
        dry_run: bool,
        policy: AlertPolicy = DEFAULT_POLICY,
    ) -> None:
        """Look at nothing yet.

        Args:
            store: The alert book.
            registry: Whom there is to tell.
            live: The projections.
            terms: When term is, for digests.
            dry_run: Whether messages are only composed.
            policy: The figures of alerting.
        """
        self._store, self._registry, self._live = store, registry, live
        self._terms, self._dry_run, self._policy = terms, dry_run, policy
        self._idle = _Idle()

    def __call__(self, log: EventLog, now: datetime) -> Prepared:
        """Do it as of now; before a worker has ever run there is nothing to do.

        Raises:
            EngagementError: Something cannot be read or written; what was done before stands, and the rest is done by
                the next turn.
        """
        if not self._live.exists():
            return Prepared()
        idle, self._idle = self._idle, _Idle()  # after a turn that breaks off, the next looks at everything
        decisions = take_in(log, self._store, now, self._policy)
        following = self._follow(now, None if decisions else idle.following)
        planning, planned = self._plan(now, None if decisions or following is None else idle.planning)
        self._idle = _Idle(following, planning)
        return Prepared(decisions=decisions, planned=planned)

    def _follow(self, now: datetime, idle: object) -> object:
        """Follow, unless all is as it was when there was nothing to follow; answer what is so when there is not."""
        place = self._live.place
        with self._live.open() as projections:
            before = (place, projections.checkpoints(), uk_day(now), self._mark())
            if before == idle:
                return idle
            return None if follow(self._store, projections, now, self._policy) else before

    def _plan(self, now: datetime, idle: object) -> tuple[object, int]:
        """Plan in the same way; answer also how many messages are new. What is told when changes by the hour."""
        local = now.astimezone(UK)
        before = (local.date(), local.hour, receivers(self._registry), self._mark())
        if before == idle:
            cancel_outdated(self._store, now)
            return idle, 0
        planned = plan(self._store, self._registry, now, terms=self._terms, policy=self._policy, dry_run=self._dry_run)
        return None if planned else before, planned

    def _mark(self) -> object:
        with self._store.reading() as connection:
            return book.mark(connection)
