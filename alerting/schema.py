"""The tables of the alert book. Nothing makes them anew when they are lost, so every change is a new version."""

from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, MetaData, Table

from registry.schema import Instant, PlainText

VERSION = 1
"""Of the tables and of the meaning of their columns."""

metadata = MetaData()


def _text(name: str, *, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, PlainText, nullable=nullable, **options)


about = Table("about", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

position = Table(
    "position",
    metadata,
    _text("topic", primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", Integer, nullable=False),
)
"""Up to where decisions were read."""

decision = Table(
    "decision",
    metadata,
    _text("enrolment", primary_key=True),
    Column("day", Date, nullable=False),
    Column("flagged", Boolean, nullable=False),
)
"""The latest decision of each enrolment, so that one that is read late or again changes nothing."""

digest_window = Table(
    "digest_window",
    metadata,
    _text("contact", primary_key=True),
    Column("day", Date, nullable=False),
)
"""The latest day for which a contact's digest was planned, or found to have nothing to tell."""

alert = Table(
    "alert",
    metadata,
    _text("id", primary_key=True),
    _text("matter"),
    _text("enrolment"),
    _text("participant"),
    _text("partner"),
    _text("provider"),
    _text("programme"),
    _text("intake"),
    _text("level"),
    Column("deadline", Date),
    Column("raised_on", Date, nullable=False),
    Column("noted_at", Instant, nullable=False),
    _text("state"),
    Column("state_since", Instant, nullable=False),
    Column("told_at", Instant),
    Column("last_told_at", Instant),
    Column("escalations", Integer, nullable=False, default=0),
    Column("resolved_on", Date),
    Column("risen_on", Date),
    Index("alert_enrolment", "enrolment"),
    Index("alert_state", "state", "partner"),
    Index("alert_partner", "partner", "raised_on"),
)

notice = Table(
    "notice",
    metadata,
    _text("id", primary_key=True),
    _text("kind"),
    _text("channel"),
    _text("receiver"),
    _text("partner"),
    Column("content", LargeBinary, nullable=False),
    _text("state"),
    Column("planned_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("settled_at", Instant),
    _text("error", nullable=True),
    Index("notice_due", "state", "next_at"),
    Index("notice_receiver", "receiver", "planned_at"),
    Index("notice_partner", "partner", "planned_at"),
)

notice_alert = Table(
    "notice_alert",
    metadata,
    Column("notice", PlainText, ForeignKey("notice.id"), primary_key=True),
    Column("alert", PlainText, ForeignKey("alert.id"), primary_key=True, index=True),
    _text("step"),
    _text("level"),
)
"""What each message tells of: in which step, and which level the alert had then."""

fact_waiting = Table(
    "fact_waiting",
    metadata,
    _text("id", primary_key=True),
    _text("participant"),
    Column("value", LargeBinary, nullable=False),
)
"""Facts about what was sent, written with what made them so, put onto the log afterwards, and then gone from here."""
