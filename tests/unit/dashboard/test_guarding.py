"""What stands before every route: headers for browsers, and bounds on what a request may cost."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from dashboard import guarding
from dashboard.api import enrolments
from dashboard.guarding import Guard
from dashboard.pages import overview, probes
from tests.dashboard_kit import Site

PAGES = ("/sign-in", "/nowhere", "/static/engagement.css")
BY_ALL = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy")
"""What every answer has."""


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_says_what_a_page_may_do(site: Site, path: str) -> None:
    """No answer, not even of an error or a file, lets a page run or load what is not ours, or be framed."""
    headers = site.stranger().get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_an_error_that_nobody_foresaw_is_answered_with_them_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers it stands before all routes, and yet its page runs and loads nothing else, and is not framed."""

    def fail(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(overview, "_rejects", fail)
    monkeypatch.setattr(enrolments, "note_list", fail)
    monkeypatch.setattr(probes, "_registry", fail)
    asked = (site.browser(), "/"), (site.program(), "/api/v1/enrolments"), (site.stranger(), "/readyz")
    for client, path in asked:
        answer = client.get(path)

        assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR, path
        assert [name for name in BY_ALL if name not in answer.headers] == [], path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", HTTPStatus.NOT_FOUND),
        ("GET", "/api/v1/nowhere", HTTPStatus.NOT_FOUND),
        ("GET", "/static/nowhere.js", HTTPStatus.NOT_FOUND),
        ("GET", "/static/live.js", HTTPStatus.OK),
        ("HEAD", "/static/live.js", HTTPStatus.OK),
        ("POST", "/static/live.js", HTTPStatus.METHOD_NOT_ALLOWED),
        ("DELETE", "/sign-in", HTTPStatus.METHOD_NOT_ALLOWED),
        ("OPTIONS", "/api/v1/events", HTTPStatus.METHOD_NOT_ALLOWED),
        ("GET", "/at-risk/", HTTPStatus.TEMPORARY_REDIRECT),
        ("GET", "/at-risk", HTTPStatus.SEE_OTHER),
        ("GET", "/api/v1/enrolments", HTTPStatus.UNAUTHORIZED),
    ],
)
def test_what_no_route_answers_has_them_too(site: Site, method: str, path: str, status: HTTPStatus) -> None:
    """Paths that are not there, files, other methods, redirects and refusals: none is without a header."""
    answer = site.stranger().request(method, path, follow_redirects=False)

    assert answer.status_code == status
    assert [name for name in BY_ALL if name not in answer.headers] == []


def test_only_over_tls_browsers_are_told_to_stay_with_it(site: Site) -> None:
    """A dashboard on a laptop does not make a browser refuse plain HTTP there for two years."""
    assert "strict-transport-security" not in site.stranger().get("/sign-in").headers

    secure = Guard(_echo, site.parts._replace(public_url="https://engagement.example.org"))

    assert "Strict-Transport-Security" in secure._headers


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    """Nobody can fill the memory with one request."""
    answer = site.stranger().post("/sign-in", data={"token": "x" * 1_100_000})

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


TOO_MUCH = b"x" * 1_100_000
KINDS = {"/api/": "application/problem+json", "/": "text/html; charset=utf-8"}


def in_parts(body: bytes) -> Iterator[bytes]:
    """A body of which it is not announced how large it is."""
    yield from (body[:600_000], body[600_000:])


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in parts"])
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/enrolments/e-1/actions/contact", "application/json"),
        ("/api/v1/enrolments/e-1/actions/sign-off", "application/json"),
        ("/actions/contact/e-1", "application/x-www-form-urlencoded"),
        ("/sign-in", "application/x-www-form-urlencoded"),
    ],
)
def test_too_large_is_told_as_every_other_problem(site: Site, path: str, kind: str, announced: bool) -> None:
    """Programs get problem details and people a page, both with the headers of every answer and what is the most."""
    asker = site.program("partner", "partner-1") if path.startswith("/api/") else site.browser()

    answer = asker.post(path, content=TOO_MUCH if announced else in_parts(TOO_MUCH), headers={"Content-Type": kind})

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert answer.headers["content-type"] == KINDS["/api/" if path.startswith("/api/") else "/"]
    assert "content-security-policy" in answer.headers
    assert "A body has at most 1,000,000 bytes here" in answer.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/enrolments", "/api/v1/events", "/nothing", "/partners"])
def test_whatever_is_wrong_besides_has_the_one_shape(site: Site, path: str) -> None:
    """A body that is too large where there is no such page, no such method or no key makes no answer another shape."""
    answer = site.stranger().post(path, content=TOO_MUCH, headers={"Content-Type": "application/json"})

    assert answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.UNAUTHORIZED}
    assert answer.headers["content-type"] == KINDS["/api/" if path.startswith("/api/") else "/"]


def test_of_a_body_announced_as_too_large_nothing_is_read(site: Site) -> None:
    """What need not be read to be refused is not waited for."""

    async def never() -> Any:
        raise AssertionError("the body was read")

    headers = [(b"content-length", b"1000001")]
    with pytest.raises(HTTPException) as refused:
        asyncio.run(Guard(_echo, site.parts)({"type": "http", "headers": headers}, never, _nowhere))
    assert refused.value.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_a_form_where_envelopes_are_taken_is_refused(site: Site) -> None:
    """A form of a session, which is read to look for its token, is told that forms are not taken there."""
    answer = site.browser().submit("/api/v1/events", id="1")

    assert answer.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert answer.headers["content-type"] == "application/problem+json"


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
