"""Sends messages to partners' systems, signed by the Standard Webhooks scheme (https://www.standardwebhooks.com)."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.resolver import ThreadedResolver
from standardwebhooks import Webhook

from alerting.addresses import (
    AddressRefusedAtConnectError,
    AddressRefusedError,
    Networks,
    checked_form,
    guarded_socket,
)
from alerting.bodies import webhook_body
from alerting.channels.guarded_names import GuardedResolver
from alerting.model import Notice
from alerting.outcomes import ACCEPTED, Outcome
from alerting.retrying import asked_wait
from registry.endpoints import Endpoint

TIMEOUT_SECONDS: Final = 15.0
"""For everything, from the name's resolution to the answer's first line."""

_GONE = 410
_SLOW = {429, 502, 504}
_PROGRAM = "engagement-alerts/1"

Find = Callable[[str], tuple[Endpoint, list[str]] | None]
"""An endpoint by its id with its secrets, the current one first; None: it is not there, or switched off."""


class WebhookCarrier:
    """The ways to endpoints; made inside the event loop that uses it."""

    def __init__(
        self,
        find: Find,
        *,
        public_url: str,
        clock: Callable[[], datetime],
        allowed: Networks = (),
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Connect to nothing yet.

        Args:
            find: Looks an endpoint up.
            public_url: Where the dashboard is.
            clock: The time that is signed, which receivers compare with theirs; also where a simulation has its own.
            allowed: Networks of ours that may be reached though they are not public.
            timeout_seconds: How long an endpoint may take.
        """
        self._find, self._public_url, self._clock = find, public_url, clock
        self._allowed, self._timeout = allowed, timeout_seconds
        self._sessions: dict[str, ClientSession] = {}

    def lane(self, receiver: str) -> str:
        """Each endpoint is a server of its own."""
        return receiver

    async def send(self, notice: Notice) -> Outcome:
        """Post it; accepted is what was answered by a 2xx. The answer's body is not read, however long it is."""
        found = await asyncio.to_thread(self._find, notice.receiver)
        if found is None:
            return Outcome(result="needless", error="the endpoint was removed or switched off")
        endpoint, secrets = found
        body = webhook_body(notice, self._public_url)
        try:
            url = checked_form(endpoint.url)
            async with self._session(url.scheme).post(
                url, data=body, headers=self._headers(notice, body, secrets), allow_redirects=False
            ) as response:
                return self._outcome(response)
        except TimeoutError:
            return Outcome(result="failed", error=f"no answer within {self._timeout:g} s", slow=True)
        except (AddressRefusedError, ClientError, OSError) as error:
            return Outcome(result="failed", error=_why(error))

    async def close(self) -> None:
        """Let go of connections."""
        for each in self._sessions.values():
            await each.close()
        self._sessions.clear()

    def _headers(self, notice: Notice, body: bytes, secrets: list[str]) -> dict[str, str]:
        now, text = self._clock(), body.decode()
        return {
            "content-type": "application/json",
            "user-agent": _PROGRAM,
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(each).sign(notice.id, now, text) for each in secrets),
        }

    def _session(self, scheme: str) -> ClientSession:
        """One for each scheme: over http less may be reached."""
        if scheme not in self._sessions:
            connector = TCPConnector(
                limit=0,
                ttl_dns_cache=0,
                use_dns_cache=False,
                resolver=GuardedResolver(ThreadedResolver(), scheme, self._allowed),
                socket_factory=guarded_socket(scheme, self._allowed),
            )
            self._sessions[scheme] = ClientSession(
                connector=connector,
                timeout=ClientTimeout(total=self._timeout),
                cookie_jar=DummyCookieJar(),
                trust_env=False,  # no proxy, which would connect to what we refuse
                auto_decompress=False,  # the body is not read
            )
        return self._sessions[scheme]

    def _outcome(self, response: ClientResponse) -> Outcome:
        status = response.status
        if 200 <= status < 300:  # noqa: PLR2004 - the success codes of HTTP
            return ACCEPTED
        if status == _GONE:
            return Outcome(result="gone", error="HTTP 410")
        asked = asked_wait(response.headers.get("Retry-After"), self._clock())
        return Outcome(result="failed", error=f"HTTP {status}", asked=asked, slow=status in _SLOW or asked is not None)


def _why(error: BaseException) -> str:
    """What went wrong, in our words: an error's own text can hold addresses and what a server said."""
    causes: list[Any] = [error, error.__cause__, getattr(error, "os_error", None)]
    causes += [each for group in causes for each in getattr(group, "exceptions", ())]
    if any(isinstance(each, (AddressRefusedError, AddressRefusedAtConnectError)) for each in causes):
        return "the address must not be reached"
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return "its certificate or TLS was not accepted"
    return f"no connection ({type(error).__name__})"
