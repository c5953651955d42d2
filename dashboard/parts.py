"""What the dashboard stands on, opened by the application and handed over in one piece."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from alerting.channels.smtp import Mailer
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from alerting.store import AlertStore
from eventlog.base import EventLog
from eventlog.lake.lake import Lake
from producers.register.column_maps import ColumnMap
from projections.live import LiveProjections
from projections.rulebook import Rulebook
from registry.store import Registry


class AlertTerms(NamedTuple):
    """How alerts are told, as pages explain it."""

    are_sent: bool = False
    """False: a dry run, in which messages are composed and never leave."""
    policy: AlertPolicy = DEFAULT_POLICY
    """How long alerting waits, and for what."""


class Mail(NamedTuple):
    """How email leaves."""

    mailer: Mailer
    sender: str
    """From whom it comes, as it stands in a message."""


class Parts(NamedTuple):
    """The parts of the application that pages and the API use; none of them is closed here."""

    live: LiveProjections
    registry: Registry
    rulebook: Callable[[], Rulebook]
    """The programmes and policies as they are now; cheap to ask for."""
    log: Callable[[], AbstractContextManager[EventLog]]
    """Opens the log to read and append; it answers only when what was appended is durable."""
    models: Callable[[], AbstractContextManager[DuckDBPyConnection]]
    """Opens the analysts' models over the lake."""
    now: Callable[[], datetime]
    """The time, in UTC."""
    public_url: str = "http://127.0.0.1:8480"
    """Where people reach the dashboard; sign-in links and the cookies' rules follow it. No slash at its end."""
    names: bool = True
    """Whether names from the registry are shown at all."""
    lake: Callable[[], Lake | None] = lambda: None
    """The lake, of which only the positions are read here; None: nobody said where it is."""
    column_map: Callable[[str], ColumnMap] = lambda _partner: ColumnMap()
    """How a delivery partner's sheets say things."""
    alerts: Callable[[], AlertStore | None] = lambda: None
    """The alert book; None: no dispatcher has run yet."""
    alert_terms: AlertTerms = AlertTerms()
    mail: Mail | None = None
    """None: no mail server is known."""
