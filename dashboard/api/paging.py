"""Places in lists as tokens, which programs send back as they are to get the next page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dashboard.problems import UnfitError
from learning.events import EARLIEST, LATEST, Instant
from projections.enrolment_list import Cursor

Position = Annotated[int, Meta(ge=0, le=10**9)]
"""A number in a token."""


def place_token(*place: Any) -> str:
    """A place in a list, for `page[after]`."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(token: str | None, kind: type[Any]) -> Any:
    """What `place_token` was made of, as a tuple of this type; None without a token.

    Raises:
        UnfitError: It is no token of this list.
    """
    if token is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=kind)
    except (ValueError, msgspec.DecodeError) as error:
        raise UnfitError("page[after] must be the `next` of the page before. Begin without it.") from error


def changed_place(token: str | None) -> Cursor | None:
    """The place in the order of changes that a token tells.

    Raises:
        UnfitError: It is no token of this list.
    """
    found = place_of(token, tuple[Instant, str])
    return found and Cursor(bounded(found[0]), found[1].replace("\0", ""))


def bounded(moment: datetime) -> datetime:
    """The moment, within the years there are: before them everything has changed, after them nothing."""
    return min(max(moment, EARLIEST), LATEST)
