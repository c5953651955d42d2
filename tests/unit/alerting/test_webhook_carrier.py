"""Webhooks: signed so that the reference library believes them and nobody else's, sent nowhere that is not public."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from alerting.channels.webhook import WebhookCarrier
from alerting.outcomes import ACCEPTED, Outcome
from alerting.receivers import Receivers
from registry import endpoints
from registry.store import Registry
from tests.delivery_kit import LOOPBACK, NOW, PUBLIC_URL, a_notice, utc_now, webhook
from tests.receiving_kit import SECRET, Got, Receiver, answers, receiver

OTHER_SECRET = "whsec_" + "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3RzIQ=="  # of nothing but these tests


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    with Registry(tmp_path / "registry.db") as opened:
        yield opened


@pytest.fixture
def partner() -> Iterator[Receiver]:
    """A partner's system that takes everything that is signed."""
    with receiver() as one:
        yield one


async def send(
    registry: Registry,
    endpoint: str,
    *,
    seconds: float = 15.0,
    private: bool = True,
    clock: datetime | None = None,
) -> Outcome:
    """Send a message to an endpoint once."""
    carrier = WebhookCarrier(
        Receivers(registry, lambda: clock or utc_now()).signed_endpoint,
        public_url=PUBLIC_URL,
        clock=lambda: clock or utc_now(),
        allowed=LOOPBACK if private else (),
        timeout_seconds=seconds,
    )
    try:
        return await carrier.send(a_notice(1, receiver=endpoint))
    finally:
        await carrier.close()


def believed(got: Got, secret: str, **changed: str) -> bool:
    """Whether the reference library believes a request, with other headers perhaps."""
    headers: Mapping[str, str] = {**got.headers, **{name.replace("_", "-"): text for name, text in changed.items()}}
    try:
        Webhook(secret).verify(got.body, dict(headers))
    except WebhookVerificationError:
        return False
    return True


async def test_the_reference_library_believes_what_is_sent(registry: Registry, partner: Receiver) -> None:
    """The id is the message's, for it stays the same at each attempt, and the time is that of the attempt."""
    assert await send(registry, webhook(registry, f"{partner.url}/hooks?of=us")) == ACCEPTED
    [got] = partner.got
    assert (got.id, got.path) == ("msg_1", "/hooks")
    assert got.headers["Content-Type"] == "application/json"
    assert believed(got, SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_id": "msg_2"},
        {"webhook_timestamp": "1"},
        {"webhook_timestamp": "9999999999"},
        {"webhook_signature": "v1,bm90IG91cnMgYXQgYWxsLCBub3QgYXQgYWxsIQ=="},
        {"webhook_signature": "v1a,bm90IG91cnMgYXQgYWxsLCBub3QgYXQgYWxsIQ=="},
    ],
)
async def test_what_was_changed_on_the_way_is_not_believed(
    registry: Registry, partner: Receiver, changed: dict[str, str]
) -> None:
    """Neither another id, nor an older or newer time, nor another signature; nor another body, by any byte."""
    await send(registry, webhook(registry, partner.url))
    [got] = partner.got
    assert not believed(got, SECRET, **changed)
    assert not believed(got._replace(body=got.body.replace(b"critical", b"Critical")), SECRET)
    assert not believed(got, OTHER_SECRET)


async def test_what_is_sent_much_too_late_is_not_believed(registry: Registry) -> None:
    """A receiver by the reference library refuses what was signed more than five minutes ago."""
    refused: list[str] = []
    with receiver() as partner:
        endpoint = webhook(registry, partner.url)
        for age in (timedelta(minutes=6), -timedelta(minutes=6)):
            outcome = await send(registry, endpoint, clock=utc_now() - age)
            refused.append(outcome.result)
        assert partner.got == []
    assert refused == ["failed", "failed"]


async def test_after_a_change_of_secret_both_sign_for_a_day(registry: Registry, partner: Receiver) -> None:
    """A receiver that knows the old or the new one believes it; after a day only the new one holds."""
    endpoint = webhook(registry, partner.url)
    with registry.writing() as connection:
        endpoints.rotate(connection, endpoint, OTHER_SECRET, now=utc_now() - timedelta(hours=23), by="tests")
    partner.trusting = True
    await send(registry, endpoint)
    [got] = partner.got
    assert got.headers["webhook-signature"].count("v1,") == 2
    assert believed(got, SECRET)
    assert believed(got, OTHER_SECRET)
    with registry.writing() as connection:
        endpoints.rotate(connection, endpoint, SECRET, now=utc_now() - timedelta(hours=25), by="tests")
    await send(registry, endpoint)
    assert partner.got[1].headers["webhook-signature"].count("v1,") == 1
    assert not believed(partner.got[1], OTHER_SECRET)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_a_2xx_is_success(registry: Registry, partner: Receiver, status: int) -> None:
    """Any of them."""
    partner.answer = answers(status)
    assert (await send(registry, webhook(registry, partner.url))).result == "accepted"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(registry: Registry, partner: Receiver, status: int) -> None:
    """Nothing is sent to where it leads."""
    partner.answer = lambda _got, _times: web.Response(status=status, headers={"Location": f"{partner.url}/elsewhere"})
    outcome = await send(registry, webhook(registry, partner.url))
    assert (outcome.result, outcome.error, len(partner.got)) == ("failed", f"HTTP {status}", 1)


@pytest.mark.parametrize(
    ("status", "slow"), [(400, False), (401, False), (404, False), (429, True), (500, False), (502, True), (504, True)]
)
async def test_other_answers_are_failures_and_some_slow_us_down(
    registry: Registry, partner: Receiver, status: int, slow: bool
) -> None:
    """Too much, a bad gateway, a gateway that waited in vain: these ask for fewer messages."""
    partner.answer = answers(status)
    outcome = await send(registry, webhook(registry, partner.url))
    assert (outcome.result, outcome.error, outcome.slow) == ("failed", f"HTTP {status}", slow)


async def test_410_means_never_again(registry: Registry, partner: Receiver) -> None:
    """The endpoint is gone."""
    partner.answer = answers(410)
    assert (await send(registry, webhook(registry, partner.url))).result == "gone"


async def test_retry_after_is_read(registry: Registry, partner: Receiver) -> None:
    """As seconds; the other form is tested where it is read."""
    partner.answer = answers(503, Retry_After="120")
    outcome = await send(registry, webhook(registry, partner.url))
    assert (outcome.asked, outcome.slow) == (timedelta(minutes=2), True)


async def test_who_does_not_answer_in_time_is_given_up_and_slows_us_down(registry: Registry, partner: Receiver) -> None:
    """The time for an answer is limited, whatever the endpoint does with the connection."""
    outcome = await send(registry, webhook(registry, f"{partner.url}/hang"), seconds=0.3)
    assert (outcome.result, outcome.error, outcome.slow) == ("failed", "no answer within 0.3 s", True)


async def test_an_endless_answer_is_not_read(registry: Registry) -> None:
    """A 2xx without end is a 2xx: its body is nobody's concern, and its connection is closed."""
    closed = asyncio.Event()

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"5\r\naaaaa\r\n")
                await writer.drain()
        except OSError:
            closed.set()
        finally:
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20):
            assert await send(registry, webhook(registry, f"http://127.0.0.1:{port}/")) == ACCEPTED
            await closed.wait()


async def test_nothing_is_sent_to_this_machine_unless_it_is_allowed(registry: Registry, partner: Receiver) -> None:
    """An endpoint that was saved when its address was public is refused when it no longer is."""
    for url in (partner.url, partner.url.replace("http:", "https:"), partner.url.replace("127.0.0.1", "localhost")):
        outcome = await send(registry, webhook(registry, url), private=False)
        assert (outcome.result, outcome.error) == ("failed", "the address must not be reached")
    assert partner.got == []


async def test_where_nobody_listens_is_a_failure(registry: Registry) -> None:
    """A connection that is refused says only what kind of failure it was."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    outcome = await send(registry, webhook(registry, f"http://127.0.0.1:{port}/secret-path"))
    assert (outcome.result, outcome.error) == ("failed", "no connection (ClientConnectorError)")


async def test_a_certificate_that_nobody_vouches_for_is_refused(registry: Registry, partner: Receiver) -> None:
    """TLS is checked: what answers there speaks none at all, and gets nothing."""
    outcome = await send(registry, webhook(registry, partner.url.replace("http:", "https:")))
    assert (outcome.result, outcome.error) == ("failed", "its certificate or TLS was not accepted")
    assert partner.got == []


async def test_an_endpoint_that_was_removed_or_switched_off_gets_nothing(registry: Registry, partner: Receiver) -> None:
    """Whatever was planned for it before."""
    removed, off = webhook(registry, partner.url), webhook(registry, partner.url)
    with registry.writing() as connection:
        endpoints.remove(connection, removed, now=NOW, by="tests")
        endpoints.switch_off(connection, off, NOW, "asked for")
    for endpoint in (removed, off, "endpoint-unheard-of"):
        assert (await send(registry, endpoint)).result == "needless"
    assert partner.got == []
