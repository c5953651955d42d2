"""The demonstration's receiver: it believes what is signed as agreed, and sees what comes again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from standardwebhooks import Webhook

from engagement.demo_receiver import WebhookReceiver
from registry import endpoints

BODY = b'{"type":"engagement.test.v1"}'


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """One that listens."""
    with WebhookReceiver() as listening:
        yield listening


def post(url: str, secret: str, body: bytes = BODY) -> int:
    """Send a signed message; answers the status."""
    now, parts = datetime.now(UTC), urlsplit(url)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, BODY.decode()),
    }
    assert parts.hostname is not None
    connection = HTTPConnection(parts.hostname, parts.port or 0, timeout=60)
    try:
        connection.request("POST", parts.path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_signed_message_is_taken_and_counted_once(receiver: WebhookReceiver) -> None:
    """Sent twice, it is the same message, and it is seen that it came twice."""
    secret = endpoints.new_secret()
    url = receiver.expect("partner-01", secret)
    assert [post(url, secret), post(url, secret)] == [204, 204]
    assert receiver.bodies == {"msg_1": BODY}
    assert receiver.requests == {"msg_1": 2}


def test_what_is_signed_otherwise_or_changed_is_refused(receiver: WebhookReceiver) -> None:
    """Another secret, another body, another partner."""
    secret, other = endpoints.new_secret(), endpoints.new_secret()
    url = receiver.expect("partner-01", secret)
    assert [post(url, other), post(url, secret, b"{}"), post(f"{url}2", secret)] == [400, 400, 400]
    assert (receiver.bodies, receiver.refused) == ({}, 3)
