"""What comes before sending in each turn: decisions are taken in, alerts follow them, messages are planned."""

from dataclasses import dataclass
from datetime import datetime

from alerting.dispatcher import Prepared
from alerting.following import follow
from alerting.intake import take_in
from alerting.planning import plan
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from alerting.store import AlertStore
from eventlog.base import EventLog
from learning.calendar import StudyCalendar
from projections.live import LiveProjections
from registry.store import Registry


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """The first half of a turn; see `alerting.dispatcher.Prepare`."""

    store: AlertStore
    registry: Registry
    live: LiveProjections
    terms: StudyCalendar
    """When term is, for digests."""
    dry_run: bool
    """Whether messages are only composed."""
    policy: AlertPolicy = DEFAULT_POLICY

    def __call__(self, log: EventLog, now: datetime) -> Prepared:
        """Do it as of now; before a worker has ever run there is nothing to do.

        Raises:
            EngagementError: Something cannot be read or written; what was done before stands, and the rest is done by
                the next turn.
        """
        if not self.live.exists():
            return Prepared()
        decisions = take_in(log, self.store, now, self.policy)
        with self.live.open() as projections:
            follow(self.store, projections, now, self.policy)
        planned = plan(self.store, self.registry, now, terms=self.terms, policy=self.policy, dry_run=self.dry_run)
        return Prepared(decisions=decisions, planned=planned)
