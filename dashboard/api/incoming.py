"""Reads envelopes from the body of a request, strictly and at bounded cost, and answers for each one by itself."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from dashboard.problems import MediaTypeError, NotJsonError, TooLargeError, UnfitError
from learning.events import MEDIA_TYPE, Fact, UnreadableFactError, decode

ONE: Final = MEDIA_TYPE
BATCH: Final = "application/cloudevents-batch+json"
LINES: Final = "application/x-ndjson"
JSON: Final = "application/json"
MEDIA_TYPES: Final = (ONE, BATCH, LINES, JSON)

MOST_BYTES: Final = 5_000_000
"""Of a body."""
MOST_EVENTS: Final = 1_000
MOST_BYTES_OF_ONE: Final = 65_536
"""Of one envelope; the largest that can be a fact is much smaller."""


class Incoming(NamedTuple):
    """What was sent."""

    envelopes: list[bytes]
    single: bool
    """Whether one envelope was sent by itself, and not in a list."""


_places: Final[list[tuple[str, Any, Any]]] = [
    (f"event_{number}", Raw | UnsetType, UNSET) for number in range(MOST_EVENTS)
]
# A list that is too long is given up at its first item too many: as `list[Raw]`, 5 MB of `{},{},...` would be read to
# their end and take a hundred times as much room.
_batch: Final = msgspec.json.Decoder(
    msgspec.defstruct("Batch", _places, array_like=True, forbid_unknown_fields=True, gc=False)
)


def media_type(content_type: str) -> str:
    """What a body says that it is: one of `MEDIA_TYPES`.

    Raises:
        MediaTypeError: It is something else.
    """
    kind, *parameters = (each.strip().lower() for each in content_type.split(";"))
    charset = next((each.removeprefix("charset=").strip('"') for each in parameters if each.startswith("charset=")), "")
    if kind not in MEDIA_TYPES or charset not in {"", "utf-8", "utf8"}:
        raise MediaTypeError(f"Send {', '.join(MEDIA_TYPES[:-1])} or {MEDIA_TYPES[-1]}, in UTF-8.")
    return kind


def take_apart(content_type: str, body: bytes) -> Incoming:
    """The envelopes of a body, each as it was sent.

    Raises:
        MediaTypeError: It says that it is something else.
        NotJsonError: It is no JSON in UTF-8.
        TooLargeError: There are too many envelopes.
        UnfitError: There is none.
    """
    kind = media_type(content_type)
    if kind == LINES:
        return Incoming(_lines(body), single=False)
    if kind == BATCH or (kind == JSON and body.lstrip(b" \t\r\n").startswith(b"[")):
        return Incoming(_items(body), single=False)
    return Incoming([body], single=True)


def read(envelope: bytes) -> Fact:
    """The fact in an envelope.

    Raises:
        UnreadableFactError: It is none; tells why.
    """
    if len(envelope) > MOST_BYTES_OF_ONE:
        raise UnreadableFactError(f"not a fact: an envelope has at most {MOST_BYTES_OF_ONE:,} bytes")
    fact = decode(envelope)
    try:
        json.loads(envelope, object_pairs_hook=_once_each)
    except ValueError as error:  # what decodes is JSON, so this is our own
        raise UnreadableFactError(f"not a fact: {error}") from error
    return fact


def _once_each(pairs: Iterable[tuple[str, Any]]) -> None:
    seen = set[str]()
    for name, _ in pairs:
        if name in seen:
            raise ValueError(f"the field {name} is there twice")
        seen.add(name)


def _lines(body: bytes) -> list[bytes]:
    if body.count(b"\n") > 2 * MOST_EVENTS:
        raise _too_many()
    return _some([line for line in body.split(b"\n") if line.strip()])


def _items(body: bytes) -> list[bytes]:
    try:
        found = _batch.decode(body)
    except msgspec.ValidationError as error:
        if body.lstrip(b" \t\r\n").startswith(b"["):
            raise _too_many() from error
        raise NotJsonError("The body is no list of envelopes.") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotJsonError(f"The body is not JSON: {error}.") from error
    return _some(list(_given(found)))


def _given(found: Any) -> Iterator[bytes]:
    for name in found.__struct_fields__:
        each = getattr(found, name)
        if each is UNSET:
            return
        yield bytes(each)


def _some(envelopes: list[bytes]) -> list[bytes]:
    if not envelopes:
        raise UnfitError("There is no envelope in it; send at least one.")
    if len(envelopes) > MOST_EVENTS:
        raise _too_many()
    return envelopes


def _too_many() -> TooLargeError:
    return TooLargeError(f"At most {MOST_EVENTS:,} envelopes are taken at once; send them in several requests.")
