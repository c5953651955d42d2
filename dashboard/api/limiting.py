"""How often an account may ask: as often as DfE's own API lets a lead provider ask.

The counts are kept in the memory of this process: several processes side by side allow so many each, and a restart
begins anew.
"""

import math
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from dashboard.problems import ProblemError
from dashboard.visitors import address_of, find_visitor

OF_AN_ACCOUNT: Final = RateLimitItemPerMinute(1_000, 5)
"""Requests in any five minutes, as in DfE's API for lead providers."""

OF_AN_ADDRESS: Final = RateLimitItemPerMinute(300, 5)
"""The same of those who have not signed in, by where they come from."""


class TooOftenError(ProblemError):
    """Too many requests in too short a time."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class Left(NamedTuple):
    """What is left of a limit after a request."""

    limit: RateLimitItem
    requests: int
    seconds: int
    """Until the first of those that count now counts no longer."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"default";q={self.limit.amount};w={self.limit.get_expiry()}',
            "RateLimit": f'"default";r={self.requests};t={self.seconds}',
        }


class Rates:
    """Counts the requests of everybody over a moving window."""

    def __init__(
        self,
        account: RateLimitItem = OF_AN_ACCOUNT,
        address: RateLimitItem = OF_AN_ADDRESS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nobody has asked yet. `clock` tells seconds as `time.time` does, by which the requests are counted."""
        self._account, self._address = account, address
        self._clock = clock
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def of_account(self, account: str) -> Left:
        """Count a request of an account; raises as `of_address` does."""
        return self._take(self._account, account)

    def of_address(self, address: str) -> Left:
        """Count a request of somebody who has not signed in.

        Raises:
            TooOftenError: Too many came before it; says when to try again.
        """
        return self._take(self._address, address)

    def _take(self, limit: RateLimitItem, who: str) -> Left:
        allowed = self._limiter.hit(limit, who)
        window = self._limiter.get_window_stats(limit, who)
        seconds = max(1, math.ceil(window.reset_time - self._clock()))
        left = Left(limit, max(0, window.remaining), seconds)
        if not allowed:
            minutes = limit.get_expiry() // 60
            raise TooOftenError(
                f"You may ask {limit.amount:,} times in {minutes} minutes. Ask again in {seconds} seconds.",
                headers={**left.headers, "Retry-After": str(seconds)},
            )
        return left


async def rated(request: Request) -> None:
    """Count the request; a dependency of every route of the API."""
    rates: Rates = request.app.state.rates
    visitor = await find_visitor(request)
    left = rates.of_account(visitor.account.id) if visitor else rates.of_address(address_of(request))
    request.state.rate = left
