"""Takes the decisions of the pipeline from the log into the alert book, each once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection

from alerting import book
from alerting.book import LatestDecision
from alerting.model import Alert
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from alerting.raising import DecidedFlag, Decision, decided
from alerting.store import AlertStore
from eventlog.base import EventLog, Stored
from projections.decisions import RISK_TOPIC

AT_ONCE: Final = 1_000
"""Messages taken in in one transaction."""

logger = structlog.get_logger()

_decoder = msgspec.json.Decoder(Decision)


def take_in(log: EventLog, store: AlertStore, now: datetime, policy: AlertPolicy = DEFAULT_POLICY) -> int:
    """Read every decision after those that were read before; answer how many.

    What they make of alerts is written with the positions, so what breaks off in between is read again.

    Raises:
        LogError: The log cannot be read.
        RegistryError: The alert book cannot be written.
    """
    with store.reading() as connection:
        positions = book.positions(connection, RISK_TOPIC)
    taken = 0
    for partition in range(log.topics().get(RISK_TOPIC, 0)):
        offset = positions.get(partition, 0)
        while page := log.read(RISK_TOPIC, partition, offset, AT_ONCE):
            offset = page[-1].offset + 1
            flags = _flags(page)
            with store.writing() as connection:
                _take(connection, flags, now, policy)
                book.put_position(connection, RISK_TOPIC, partition, offset)
            taken += len(flags)
    return taken


def _flags(page: Sequence[Stored]) -> list[DecidedFlag]:
    """What the messages of a page say; those that make no sense are left out, for they would for ever."""
    flags = []
    for record in page:
        try:
            flags.append(_decoder.decode(record.value).data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
    if len(flags) < len(page):
        logger.warning(
            "decisions that cannot be read were left out",
            topic=RISK_TOPIC,
            partition=page[0].partition,
            offsets=f"{page[0].offset} to {page[-1].offset}",
            left_out=len(page) - len(flags),
        )
    return flags


def _take(connection: Connection, flags: Sequence[DecidedFlag], now: datetime, policy: AlertPolicy) -> None:
    enrolments = {flag.enrolment for flag in flags}
    newest = book.decisions(connection, enrolments)
    alerts = latest_of_flags(book.alerts(connection, enrolments=enrolments))
    changed: dict[str, Alert] = {}
    for flag in flags:
        known = newest.get(flag.enrolment)
        if known is not None and flag.day <= known.day:
            continue
        newest[flag.enrolment] = LatestDecision(flag.day, flag.flagged)
        after = decided(alerts.get(flag.enrolment), flag, now, policy)
        if after is not None:
            alerts[flag.enrolment] = changed[after.id] = after
    book.put_alerts(connection, changed.values())
    book.put_decisions(connection, {enrolment: newest[enrolment] for enrolment in enrolments})


def latest_of_flags(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """The latest alert about the flag of each enrolment."""
    of_flags = (alert for alert in alerts if alert.matter == "flag")
    return {alert.enrolment: alert for alert in sorted(of_flags, key=attrgetter("raised_on", "id"))}
