"""A book of many alerts and messages that share days and moments, and what to ask for in it, for tests of its lists."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final

from alerting import book
from alerting.listing import WantedAlerts
from alerting.model import Alert
from alerting.store import AlertStore
from tests.alert_pages_kit import a_notice, an_alert

START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHANCE: Final = Random(7)


def sample(number: int) -> Alert:
    """An alert of some partner in some state; many share their day and their moments."""
    told = CHANCE.choice((None, START + timedelta(hours=CHANCE.randrange(9))))
    return an_alert(
        f"e-{number}",
        partner=f"partner-{CHANCE.randrange(3)}",
        on=date(2026, 3, 2) + timedelta(days=CHANCE.randrange(4)),
        state=CHANCE.choice(("waiting", "told", "muted", "resolved", "lapsed")),
        level=CHANCE.choice(("critical", "at-risk")),
        state_since=START + timedelta(hours=CHANCE.randrange(9)),
        last_told_at=told,
    )


ALERTS: Final = [sample(number) for number in range(60)]
NOTICES: Final = [
    a_notice(f"msg_{number}", ALERTS[number : number + 3], planned_at=START + timedelta(hours=number % 4))
    for number in range(20)
]

WANTED: Final = [
    WantedAlerts(),
    WantedAlerts(partner="partner-1"),
    WantedAlerts(partner="partner-2", only_open=True, level="critical"),
    WantedAlerts(state="resolved"),
    WantedAlerts(updated_since=START + timedelta(hours=4)),
    WantedAlerts(enrolment="e-7"),
    WantedAlerts(partner="nobody"),
]


def filled(store: AlertStore) -> AlertStore:
    """The store, with all of them."""
    with store.writing() as connection:
        book.put_alerts(connection, ALERTS)
        book.put_notices(connection, NOTICES)
    return store
