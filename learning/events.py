"""The envelope of a fact, and its one codec: CloudEvents 1.0 in structured JSON, decoded strictly.

(`source`, `id`) is the identity of a fact. `time` is when it happened, `recordedtime` when it became known; both are
kept, so that "what did we know on 3 March?" has an answer.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from learning.errors import EngagementError
from learning.facts import YEARS, AnyData, Data

MEDIA_TYPE = "application/cloudevents+json"

FACT_TYPES: dict[str, type[Data]] = {data.TYPE: data for data in get_args(AnyData)}
"""Every event type that is understood, by its name on the wire."""

EARLIEST = datetime(YEARS.start, 1, 1, tzinfo=UTC)
LATEST = datetime(YEARS.stop, 1, 1, tzinfo=UTC)
"""Times lie before it, not on it."""

Instant = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=256)]


class UnreadableFactError(EngagementError):
    """A message on the log that is not a fact; its text is the reason it is parked with."""


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One fact in its envelope. Concrete classes, one an event type, are made by `tagged`; make one with `fact`.

    `subject` is the enrolment it is about (a day is about the `calendar`); `partitionkey` is the participant, so that
    all facts of a person stand in one partition, in order.
    """

    id: Text
    source: Text
    subject: Text
    time: Instant
    recordedtime: Instant
    partitionkey: Text
    data: Data
    specversion: Literal["1.0"]
    datacontenttype: Literal["application/json"] = "application/json"

    def __post_init__(self) -> None:
        """Refuse impossible times, control characters (CloudEvents forbids them) and email addresses."""
        if not (EARLIEST <= self.time < LATEST and EARLIEST <= self.recordedtime < LATEST):
            raise ValueError(f"time and recordedtime lie between the years {YEARS.start} and {YEARS.stop}")
        if not f"{self.id}{self.source}{self.subject}{self.partitionkey}".isprintable():
            raise ValueError("id, source, subject and partitionkey have printable characters only")
        if "@" in self.subject or "@" in self.partitionkey:
            raise ValueError("subject and partitionkey are ids, never email addresses")

    @property
    def type(self) -> str:
        """The event type with its version, such as `learning.enrolled.v1`."""
        return self.data.TYPE

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it this fact and no other."""
        return (self.source, self.id)


Base = TypeVar("Base", bound=Struct)


def tagged(base: type[Base], data_types: Iterable[type[Data]]) -> dict[type[Data], type[Base]]:
    """Make one class of `base` for each type of data: its `data` is typed and its tag is the event type.

    One pass of the decoder then checks an envelope and its data together.
    """
    return {
        data: msgspec.defstruct(  # type: ignore[misc]  # typed as Struct, whatever its bases
            f"{base.__name__}Of{data.__name__}",
            [("data", data)],
            bases=(base,),
            tag_field="type",
            tag=data.TYPE,
            frozen=True,
            kw_only=True,
            omit_defaults=True,
            forbid_unknown_fields=True,
            gc=False,  # no fact can hold a cycle, and there are millions
        )
        for data in data_types
    }


def union(classes: Iterable[type]) -> UnionType | type:
    """Join classes to the union that a decoder takes."""
    return reduce(or_, classes)


_FACT_CLASSES = tagged(Fact, FACT_TYPES.values())
_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(union(_FACT_CLASSES.values()))
_encoder = msgspec.json.Encoder()


def fact(
    data: Data,
    *,
    id: str,  # noqa: A002 - CloudEvents' own word
    source: str,
    subject: str,
    time: datetime,
    partitionkey: str,
    recordedtime: datetime | None = None,
) -> Fact:
    """Put data into its envelope; a fact known when it happened needs no `recordedtime`.

    Raises:
        ValueError: A time has no zone, or the envelope is out of bounds.
    """
    envelope: dict[str, Any] = {
        "id": id,
        "source": source,
        "subject": subject,
        "time": _utc(time),
        "recordedtime": _utc(recordedtime or time),
        "partitionkey": partitionkey,
        "specversion": "1.0",
    }
    return _FACT_CLASSES[type(data)](data=data, **envelope)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone: give the instant in UTC")
    return instant.astimezone(UTC)


def encode(fact: Fact) -> bytes:
    """Write a fact as one line of JSON."""
    return _encoder.encode(fact)


def decode(raw: bytes | str) -> Fact:
    """Read a fact, strictly: every field known, typed and in bounds, both times with a zone.

    Raises:
        UnreadableFactError: With the reason, naming the field.
    """
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnreadableFactError(f"not a fact: {error}") from error
