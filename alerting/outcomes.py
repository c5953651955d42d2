"""What became of an attempt to send a message, in the words of no channel."""

from datetime import timedelta
from typing import Literal, Protocol

from msgspec import Struct

from alerting.model import Notice

Result = Literal[
    "accepted",  # by the receiver's server
    "failed",  # it may succeed later
    "refused",  # it never will
    "gone",  # the endpoint wants nothing any more
    "needless",  # its receiver was removed, switched off or wants no such mail
]


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of an attempt."""

    result: Result
    error: str | None = None
    """Why it was not accepted: codes and our own words, nothing that a server said, for that may name people."""
    asked: timedelta | None = None
    """How long the receiver wants us to wait."""
    slow: bool = False
    """Whether the receiver's server cannot keep up or is away, so that others to it wait, too."""
    bounced: bool = False
    """Whether the address itself is refused for good."""


ACCEPTED = Outcome(result="accepted")


class Carrier(Protocol):
    """Sends the messages of one channel."""

    def lane(self, receiver: str) -> str:
        """What messages to this receiver share with others: a server that takes only a few at a time."""

    async def send(self, notice: Notice) -> Outcome:
        """Send it once; every failure is an outcome."""

    async def close(self) -> None:
        """Let go of connections."""
