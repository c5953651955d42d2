"""The tables of the projections: the folded states, the stored read model, and the checkpoint they belong to."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import TEXT

VERSION = 4
"""Of the tables and of the meaning of their columns; a store of another version is rebuilt, never migrated."""

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """A moment, in UTC on disk and in Python; SQLite would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        """To UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        """Back with its zone."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_Text = Text().with_variant(TEXT(collation="C"), "postgresql")
"""Of any length, in the order of its bytes, whichever language a server was set up in."""


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, _Text, **options)


about = Table(
    "about",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("day", Date),
    _text("policy"),
)

day_started = Table(
    "day_started",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
)

enrolment_state = Table(
    "enrolment_state",
    metadata,
    _text("enrolment", primary_key=True),
    Column("home", Integer, nullable=False),
    Column("spread", Boolean, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Index("enrolment_state_home", "home"),
)

enrolment_progress = Table(
    "enrolment_progress",
    metadata,
    _text("enrolment", primary_key=True),
    _text("participant", nullable=False),
    Column("erased", Boolean, nullable=False),
    _text("programme", nullable=False),
    _text("intake", nullable=False),
    _text("provider", nullable=False),
    _text("partner", nullable=False),
    _text("cohort"),
    _text("schedule"),
    Column("enrolled_on", Date, nullable=False),
    _text("status", nullable=False),
    Column("status_since", Date),
    _text("status_reason"),
    Column("withdrawal_recommended", Boolean, nullable=False),
    _text("withdrawal"),
    Column("withdrawal_at", Instant),
    Column("contacted_at", Instant),
    Column("muted_until", Date),
    Column("points", Integer, nullable=False),
    Column("points_total", Integer, nullable=False),
    Column("completion", Float, nullable=False),
    Column("components_done", Integer, nullable=False),
    Column("components_total", Integer, nullable=False),
    Column("components_unknown", Integer, nullable=False),
    Column("assessments_submitted", Integer, nullable=False),
    Column("gate_reached", Boolean, nullable=False),
    Column("last_activity_at", Instant),
    Column("attempts_left", Integer),
    _text("outcome"),
    Column("deadline", Date),
    Column("expected_points", Integer),
    Column("expected", Float),
    Column("lag_weeks", Integer),
    Column("pace", Float),
    Column("pace_needed", Float),
    Column("forecast", Float),
    _text("next_due"),
    Column("next_due_on", Date),
    _text("level"),
    Column("updated_at", Instant, nullable=False),
    Index("enrolment_progress_participant", "participant"),
    Index("enrolment_progress_level", "level"),
    Index("enrolment_progress_updated", "updated_at", "enrolment"),
    Index("enrolment_progress_withdrawal", "withdrawal", "withdrawal_at"),
    Index(
        "enrolment_progress_counted",  # with all that `cohort_completion` adds up, so that it need not read the rows
        "partner",
        "programme",
        "intake",
        "status",
        "level",
        "points",
        "points_total",
        "expected_points",
        "gate_reached",
        "assessments_submitted",
        "lag_weeks",
        "last_activity_at",
        "provider",
        "cohort",
        "deadline",
        "erased",
    ),
)
Index(  # few, and looked for on every list
    "enrolment_progress_erased",
    enrolment_progress.c.partner,
    sqlite_where=enrolment_progress.c.erased.is_(True),
    postgresql_where=enrolment_progress.c.erased.is_(True),
)

enrolment_risk = Table(
    "enrolment_risk",
    metadata,
    _text("enrolment", primary_key=True),
    _text("level", nullable=False),
    Column("points", Integer, nullable=False),
    Column("reasons", LargeBinary, nullable=False),
    _text("policy", nullable=False),
    Column("since", Date),
    Column("flagged_since", Date),
    Column("comes_down", Date),
    _text("stage"),
    Column("stage_since", Instant),
    _text("stage_by"),
    Column("next_look", Date),
    _text("decided_level", nullable=False),
    _text("decided_signals", nullable=False),
)

risk_history = Table(
    "risk_history",
    metadata,
    _text("enrolment", primary_key=True),
    Column("day", Date, primary_key=True),
    _text("level", nullable=False),
    _text("previous_level", nullable=False),
    _text("change"),
    Column("points", Integer, nullable=False),
    Column("reasons", LargeBinary, nullable=False),
    _text("policy", nullable=False),
    Column("since", Date),
    Column("flagged_since", Date),
    _text("status", nullable=False),
    _text("provider", nullable=False),
    _text("partner", nullable=False),
    Index("risk_history_day", "day"),
)

outbox = Table(
    "outbox",
    metadata,
    _text("id", primary_key=True),
    Column("day", Date, nullable=False),
    _text("enrolment", nullable=False),
    _text("topic", nullable=False),
    _text("key", nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("relayed", Boolean, nullable=False),
    Index("outbox_waiting", "relayed", "day"),
    Index("outbox_enrolment", "enrolment"),
)
