"""What stands before every route: headers for browsers, and bounds on what a request may cost."""

import asyncio
from http import HTTPStatus
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from dashboard import guarding
from dashboard.guarding import Guard
from tests.dashboard_kit import Site

PAGES = ("/sign-in", "/nowhere", "/static/engagement.css")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_says_what_a_page_may_do(site: Site, path: str) -> None:
    """No answer, not even of an error or a file, lets a page run or load what is not ours, or be framed."""
    headers = site.stranger().get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_only_over_tls_browsers_are_told_to_stay_with_it(site: Site) -> None:
    """A dashboard on a laptop does not make a browser refuse plain HTTP there for two years."""
    assert "strict-transport-security" not in site.stranger().get("/sign-in").headers

    secure = Guard(_echo, site.parts._replace(public_url="https://engagement.example.org"))

    assert "Strict-Transport-Security" in secure._headers


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    """Nobody can fill the memory with one request."""
    answer = site.stranger().post("/sign-in", data={"token": "x" * 1_100_000})

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_a_packed_body_is_refused(site: Site) -> None:
    """A small body that unpacks to a huge one is not unpacked."""
    answer = site.stranger().post(
        "/sign-in",
        content=b"token=x",
        headers={"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def test_a_body_that_does_not_come_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever announces a body and sends nothing does not hold a place for ever."""
    monkeypatch.setattr(guarding, "SECONDS_BETWEEN_PARTS", 0.0)

    async def never() -> Any:
        await asyncio.Event().wait()

    async def ask() -> None:
        await Guard(_echo, site.parts)({"type": "http", "headers": []}, never, _nowhere)

    with pytest.raises(HTTPException) as refused:
        asyncio.run(ask())
    assert refused.value.status_code == HTTPStatus.REQUEST_TIMEOUT


def test_after_the_body_a_connection_may_be_silent(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that waits for its visitor to leave may wait as long as it likes."""
    came = iter(({"type": "http.request", "body": b"all"}, {"type": "http.disconnect"}))
    monkeypatch.setattr(guarding, "SECONDS_BETWEEN_PARTS", 1e9)

    async def receive() -> Any:
        return next(came)

    async def listening(_: Any, receive: Any, __: Any) -> None:
        await receive()
        monkeypatch.setattr(guarding, "SECONDS_BETWEEN_PARTS", -1.0)
        assert (await receive())["type"] == "http.disconnect"

    asyncio.run(Guard(listening, site.parts)({"type": "http", "headers": []}, receive, _nowhere))


async def _echo(_: Any, receive: Any, __: Any) -> None:
    await receive()


async def _nowhere(_: Any) -> None:
    """Where answers go that nobody reads."""
