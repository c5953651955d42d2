"""Stands before everything that answers: bounds what a request may cost, and tells browsers what pages may do."""

from asyncio import wait_for
from http import HTTPStatus
from typing import Any, Final

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.parts import Parts
from dashboard.visitors import is_secure

MOST_BYTES: Final = 1_000_000
"""Of a body; a route that takes more says so by `up_to`."""

SECONDS_BETWEEN_PARTS: Final = 10.0
"""How long the next part of a body may take to come."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_TWO_YEARS: Final = 2 * 365 * 24 * 60 * 60


class Guard:
    """Adds headers to every answer, and bounds the size of a body and the time that it may take to come."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        """Stand before an app."""
        self._app = app
        self._headers = dict(_HEADERS)
        if is_secure(parts):
            self._headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, _Body(scope, receive).receive, send_with_headers)


def up_to(most: int) -> Any:
    """A dependency of a route that takes bodies of up to so many bytes.

    FastAPI could bound them too, but answers what is announced as too large in another shape than ours.
    """

    async def allow(request: Request) -> None:
        request.state.most_bytes = most

    return Depends(allow)


class _Body:
    """A body as it comes; whoever reads it answers the error."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._headers = Headers(scope=scope)
        self._size = 0
        self._is_whole = False

    async def receive(self) -> Message:
        """The next part; after the body, whatever else comes of the connection."""
        if self._is_whole:
            return await self._receive()
        if self._headers.get("content-encoding", "identity") != "identity":  # unpacked, it could be of any size
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        self._bound(_announced(self._headers))
        try:
            message = await wait_for(self._receive(), SECONDS_BETWEEN_PARTS)
        except TimeoutError as error:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from error
        self._is_whole = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        self._bound(self._size)
        return message

    def _bound(self, size: int) -> None:
        most = self._scope.get("state", {}).get("most_bytes", MOST_BYTES)
        if size > most:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {most:,} bytes here; send less at once."
            )


def _announced(headers: Headers) -> int:
    """How large the body is said to be; 0 where nothing is said."""
    said = headers.get("content-length", "")
    return int(said) if said.isdecimal() else 0
