"""When a message that was not accepted is tried again: a schedule, chance, and what the receiver asks for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=20),
)
"""After the first attempt, the second, and so on: eleven attempts in about three days (72 hours), then it is given up.

The waits grow much as those of Svix do (https://docs.svix.com/retries), who began the Standard Webhooks."""

JITTER: Final = 0.2
"""Each wait is up to so much shorter or longer, as a share of it, so what failed together is not tried together."""

LONGEST_ASKED: Final = timedelta(hours=24)
"""What a receiver asks for is honoured up to this."""

LONGEST_SLOWED: Final = timedelta(minutes=15)
"""An endpoint that cannot keep up gets nothing for so long at most, unless it asks for more."""

Chance = Callable[[], float]
"""From 0 to below 1, anew at each call."""


def next_attempt(attempts: int, now: datetime, chance: Chance, asked: timedelta | None = None) -> datetime | None:
    """When to try again after so many attempts, all of which failed; None: never.

    Args:
        attempts: 1 after the first.
        now: When the latest failed.
        chance: Where in the range of the jitter the wait lies.
        asked: How long the receiver wants us to wait; a shorter wait of the schedule gives way to it.
    """
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1] * (1 + JITTER * (2 * chance() - 1))
    return now + max(wait, min(asked or timedelta(), LONGEST_ASKED))


def slowed_until(now: datetime, again: datetime | None, asked: timedelta | None = None) -> datetime:
    """Until when an endpoint that cannot keep up gets nothing at all.

    Args:
        now: When it said so.
        again: When what it did not take is tried again, if it is.
        asked: How long it wants us to wait.
    """
    own = min(again or now + LONGEST_SLOWED, now + LONGEST_SLOWED)
    return max(own, now + min(asked or timedelta(), LONGEST_ASKED))


def asked_wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """What a `Retry-After` header asks for, as seconds or as a date (RFC 9110, 10.2.3); None where it says nothing."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:10]), LONGEST_ASKED.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year or a zone beyond any calendar
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), LONGEST_ASKED)
