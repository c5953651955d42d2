"""The receiver of webhooks that partners are shown does what the page says of it."""

import importlib.util
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from registry.endpoints import new_secret

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "tell-partners.md"
BODY = b'{"type":"engagement.test.v1","data":{"count":2}}'

Receive = Callable[[dict[str, str], bytes, str, dict[str, object]], int]


@pytest.fixture
def receive(tmp_path: Path) -> Receive:
    """The function on the page."""
    [shown] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    path = tmp_path / "receiver.py"
    path.write_text(shown)
    spec = importlib.util.spec_from_file_location("receiver", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Receive = module.receive
    return found


def signed(secrets: list[str], body: bytes = BODY) -> dict[str, str]:
    """The headers of a message that was sent now."""
    now = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(each).sign("msg_1", now, body.decode()) for each in secrets),
    }


def test_what_comes_twice_is_kept_once(receive: Receive) -> None:
    """Both times it is answered with success, so nobody sends it a third time."""
    secret, inbox = new_secret(), dict[str, object]()

    assert [receive(signed([secret]), BODY, secret, inbox) for _ in range(2)] == [204, 204]
    assert inbox == {"msg_1": {"type": "engagement.test.v1", "data": {"count": 2}}}


def test_after_a_change_the_old_and_the_new_secret_verify(receive: Receive) -> None:
    """While both sign, it does not matter which one the receiver has."""
    new, old = new_secret(), new_secret()

    assert [receive(signed([new, old]), BODY, secret, {}) for secret in (old, new)] == [204, 204]


def test_what_others_send_is_refused(receive: Receive) -> None:
    """Another secret, or another body than was signed: nothing is kept."""
    secret, inbox = new_secret(), dict[str, object]()

    assert receive(signed([new_secret()]), BODY, secret, inbox) == 401
    assert receive(signed([secret]), BODY.replace(b"2", b"3"), secret, inbox) == 401
    assert inbox == {}
