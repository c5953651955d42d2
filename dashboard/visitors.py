"""Who asks: found by the cookie of a session or by an API key, anew at each request, so that a revocation holds."""

from typing import Any, Final, NamedTuple

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from dashboard.parts import Parts
from dashboard.problems import ForbiddenError
from registry import sessions, signing_in
from registry.accounts import Account
from registry.signing_in import NotLetInError

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
NO_NAMES: Final = "names_off"
"""Cookie of a visitor who does not want to see names, such as in front of others."""


class Visitor(NamedTuple):
    """Somebody, or another system, that has been let in."""

    account: Account
    session: str | None = None
    """The token of the session; None: let in by an API key."""
    names: bool = True
    """Whether names are to be shown."""

    @property
    def partner(self) -> str | None:
        """The delivery partner whose participants are seen, and no others; None: all are."""
        return self.account.partner

    @property
    def scope(self) -> dict[str, str]:
        """Filters that every query takes: on columns of `enrolment_progress`."""
        return {} if self.partner is None else {"partner": self.partner}

    @property
    def csrf(self) -> str:
        """What forms carry."""
        return "" if self.session is None else sessions.csrf_token(self.session)


def parts_of(request: Request) -> Parts:
    """The parts that the app was made of."""
    found: Parts = request.app.state.parts
    return found


def session_cookie(parts: Parts) -> str:
    """The name of the cookie; by `__Host-` browsers hold it to our own host, over TLS."""
    return "__Host-engagement" if is_secure(parts) else "engagement"


def is_secure(parts: Parts) -> bool:
    """Whether people reach us over TLS."""
    return parts.public_url.startswith("https://")


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"


async def find_visitor(request: Request) -> Visitor | None:
    """Who asks; None: somebody who has not signed in.

    Raises:
        NotLetInError: There is a key and it lets nobody in.
        TooManyFailuresError: Too many keys that let nobody in came from there.
        ForbiddenError: A form of a session does not carry its token, so another site may have sent it.
    """
    if not hasattr(request.state, "visitor"):
        request.state.visitor = await _find(request)
    found: Visitor | None = request.state.visitor
    return found


async def _find(request: Request) -> Visitor | None:
    parts = parts_of(request)
    names = parts.names and NO_NAMES not in request.cookies
    if (header := request.headers.get("authorization")) is not None:
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotLetInError("send an API key as `Authorization: Bearer KEY`")
        account = await run_in_threadpool(
            signing_in.with_key, parts.registry, key.strip(), address_of(request), parts.now()
        )
        return Visitor(account, names=names)
    token = request.cookies.get(session_cookie(parts))
    if token is None:
        return None
    session = await run_in_threadpool(signing_in.with_session, parts.registry, token, parts.now())
    if session is None:
        return None
    if request.method not in SAFE:
        await _require_own_form(request, token)
    return Visitor(session.account, token, names)


async def _require_own_form(request: Request, token: str) -> None:
    """Refuse what another site may have had the browser send (cross-site request forgery)."""
    given: Any = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        given = (await request.form()).get(CSRF_FIELD)
    if not isinstance(given, str) or not sessions.is_csrf_token(token, given):
        await request.close()
        raise ForbiddenError("This form is too old or came from another page. Go back, reload the page and try again.")
