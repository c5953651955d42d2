"""The tables of the registry. Nothing makes them anew when they are lost, so every change of them is a new version."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import TEXT

VERSION = 2
"""Of the tables and of the meaning of their columns."""

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


class Codes(TypeDecorator[tuple[str, ...]]):
    """Several codes in one text, with spaces between, which no code has."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface
        """One text."""
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ARG002 - the interface
        """The codes."""
        return None if value is None else tuple(value.split())


PlainText = Text().with_variant(TEXT(collation="C"), "postgresql")
"""In the order of its bytes, whichever language a server was set up in."""

_Number = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str, *, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, PlainText, nullable=nullable, **options)


def _instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=nullable)


def _account() -> Column[str]:
    return Column("account", PlainText, ForeignKey("account.id"), nullable=False, index=True)


about = Table("about", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

person = Table(
    "person",
    metadata,
    _text("participant", primary_key=True),
    _text("name"),
    _text("email", nullable=True),
    _text("school", nullable=True),
    _text("urn", nullable=True),
    _text("sought"),
    _instant("updated_at"),
)
"""The only table with names of participants. `sought` is what a search looks through. It has no index: erasing writes
the table anew, so that nothing of a person stays in a page that the database has no use for."""

erasure = Table("erasure", metadata, _text("participant", primary_key=True), _instant("erased_at"))

account = Table(
    "account",
    metadata,
    _text("id", primary_key=True),
    _text("label"),
    _text("role"),
    _text("partner", nullable=True),
    _text("email", nullable=True),
    _instant("created_at"),
    _instant("revoked_at", nullable=True),
)

credential = Table(
    "credential",
    metadata,
    _text("prefix", primary_key=True),
    _account(),
    _text("kind"),
    Column("digest", LargeBinary, nullable=False),
    _instant("created_at"),
    _instant("expires_at", nullable=True),
    _instant("used_at", nullable=True),
    Column("last_used_on", Date),
    _instant("revoked_at", nullable=True),
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    _account(),
    _instant("started_at"),
    _instant("seen_at"),
)

failure = Table(
    "failure",
    metadata,
    Column("number", _Number, primary_key=True),
    _text("subject"),
    _instant("at"),
    Index("failure_subject", "subject", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    _instant("at"),
    _text("account", nullable=True, index=True),
    _text("action"),
    _text("thing", nullable=True, index=True),
    _text("details"),
    _text("previous"),
    _text("hash"),
)
"""Its accounts are no foreign key: what stands here is never changed because of something elsewhere."""

partner = Table(
    "partner",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    Column("weekly_budget", Integer, nullable=False),
)

contact = Table(
    "contact",
    metadata,
    _text("id", primary_key=True),
    _text("partner", nullable=True, index=True),
    _text("label"),
    _text("email"),
    Column("programmes", Codes, nullable=False),
    _text("level"),
    Column("place", Integer, nullable=False),
    _text("digest"),
    Column("weekday", Integer, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("at_once", Boolean, nullable=False),
    Column("quiet_from", Integer, nullable=False),
    Column("quiet_until", Integer, nullable=False),
    Column("account", PlainText, ForeignKey("account.id")),
    _text("unsubscribe_token", nullable=True, unique=True),
    _instant("unsubscribed_at", nullable=True),
    _instant("bouncing_since", nullable=True),
    _instant("created_at"),
    _instant("removed_at", nullable=True),
)
"""Of who was removed only the row is left, without label, address and token, since what was sent names its id."""

endpoint = Table(
    "endpoint",
    metadata,
    _text("id", primary_key=True),
    _text("partner", nullable=True, index=True),
    _text("channel"),
    _text("url"),
    Column("programmes", Codes, nullable=False),
    _text("level"),
    _text("secret", nullable=True),
    _text("previous_secret", nullable=True),
    _instant("rotated_at", nullable=True),
    _instant("created_at"),
    _instant("switched_off_at", nullable=True),
    _text("switched_off_reason", nullable=True),
    _instant("failing_since", nullable=True),
    _instant("last_delivered_at", nullable=True),
    _instant("removed_at", nullable=True),
)
"""Its secrets sign what is sent, so they are kept as they are. Of a removed one address and secrets are gone."""


def upgrade_from_1(connection: Connection) -> None:
    """Add what tells partners. When a later version changes one of these tables, it is made here as it was then."""
    metadata.create_all(connection, tables=[partner, contact, endpoint])
