"""Endpoints: where other systems are told, with secrets that are never shown, and how well what is sent arrives."""

from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from registry import audit, endpoints
from registry.endpoints import Endpoint, UnknownEndpointError
from registry.errors import RegistryError
from registry.store import Registry
from tests.registry_kit import NOW, files_with, later

URL = "https://hooks.north.example/npq?token=hidden-token"
CHAT = "slack://hidden-token-a/hidden-token-b/hidden-token-c"


def add(registry: Registry, partner: str | None = "north-hub", **said: Any) -> Endpoint:
    """A webhook."""
    given = {"channel": "webhook", "url": URL, "secret": endpoints.new_secret(), **said}
    with registry.writing() as connection:
        return endpoints.create(connection, partner=partner, now=NOW, by="account-1", **given)


def chat(registry: Registry, **said: Any) -> Endpoint:
    """A chat room."""
    return add(registry, channel="chat", url=CHAT, secret=None, **said)


def found(registry: Registry, endpoint: Endpoint) -> Endpoint:
    """It as it is kept now."""
    with registry.reading() as connection:
        return endpoints.find(connection, endpoint.id)


def test_everything_that_is_said_is_kept(registry: Registry) -> None:
    """What was written is what is found, in each part."""
    made = add(registry, programmes=("small/course",), level="critical")

    assert found(registry, made) == made
    assert (made.url, made.programmes, made.level) == (URL, ("small/course",), "critical")


def test_a_new_secret_is_one_by_the_specification() -> None:
    """The reference library of Standard Webhooks signs with it, and no two are the same."""
    secret = endpoints.new_secret()

    assert secret.startswith("whsec_")
    assert Webhook(secret).sign("msg_1", NOW, "{}").startswith("v1,")
    assert secret != endpoints.new_secret()


def test_the_endpoints_of_a_partner_are_those_that_are_switched_on(registry: Registry) -> None:
    """What is off, removed or another's is not told; the list of all has what is off."""
    on, off, gone = add(registry), add(registry), add(registry)
    other, lead = add(registry, partner="south-hub"), chat(registry, partner=None)
    with registry.writing() as connection:
        off = endpoints.switch_off(connection, off.id, later(hours=1), "it answered 410")
        endpoints.remove(connection, gone.id, now=NOW, by="account-1")

    with registry.reading() as connection:
        assert endpoints.of_partner(connection, "north-hub") == [on]
        assert endpoints.of_partner(connection, None) == [lead]
        assert endpoints.every(connection) == [*sorted([on, off], key=lambda each: each.id), other, lead]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"channel": "email"}, "use one of webhook, chat"),
        ({"url": "hooks.north.example/hidden-token"}, "scheme://host/path"),
        ({"url": "https://hooks.north.example/hidden-token\r\nX: y"}, "scheme://host/path"),
        ({"url": f"https://hooks.north.example/{'hidden-token' * 200}"}, "scheme://host/path"),
        ({"secret": None}, "a webhook has a secret"),
        ({"channel": "chat"}, "a chat has none"),
        ({"secret": "hidden-token"}, "secret of a webhook is whsec_"),
        ({"secret": f"whsec_{b64encode(bytes(23)).decode()}"}, "24 to 64 bytes"),
        ({"secret": f"whsec_{b64encode(bytes(65)).decode()}"}, "24 to 64 bytes"),
        ({"partner": "North Hub"}, "partner must be a code"),
        ({"programmes": ("two words",)}, "programme must be a code"),
        ({"level": "watch"}, "use one of at-risk, critical"),
    ],
)
def test_what_cannot_be_so_is_refused(registry: Registry, said: dict[str, Any], told: str) -> None:
    """Nothing is written, and the message repeats neither address nor secret."""
    with pytest.raises(RegistryError, match=told) as refused:
        add(registry, **said)

    assert "hidden-token" not in str(refused.value)
    with registry.reading() as connection:
        assert endpoints.every(connection) == []


def test_for_a_day_after_a_change_both_secrets_sign(registry: Registry) -> None:
    """The new one first; from then on it is the only one, and after two changes the first does not come back."""
    old, new, newest = (endpoints.new_secret() for _ in range(3))
    made = add(registry, secret=old)
    with registry.writing() as connection:
        assert endpoints.secrets(connection, made.id, NOW) == [old]
        endpoints.rotate(connection, made.id, new, now=NOW, by="account-1")
        assert endpoints.secrets(connection, made.id, later(hours=24) - timedelta(seconds=1)) == [new, old]
        assert endpoints.secrets(connection, made.id, later(hours=24)) == [new]
        endpoints.rotate(connection, made.id, newest, now=later(hours=1), by="account-1")
        assert endpoints.secrets(connection, made.id, later(hours=2)) == [newest, new]


def test_a_chat_has_no_secret_to_change(registry: Registry) -> None:
    """Its address holds what lets a message in."""
    made = chat(registry)
    with registry.writing() as connection:
        assert endpoints.secrets(connection, made.id, NOW) == []
        with pytest.raises(RegistryError, match="is a chat and has no secret"):
            endpoints.rotate(connection, made.id, endpoints.new_secret(), now=NOW, by="account-1")


def test_an_endpoint_is_switched_off_and_on(registry: Registry) -> None:
    """When and why it was first switched off is kept; switched on, it starts afresh."""
    made = add(registry)
    with registry.writing() as connection:
        endpoints.note_failed(connection, made.id, NOW)
        endpoints.switch_off(connection, made.id, later(hours=1), "it answered 410")
        off = endpoints.switch_off(connection, made.id, later(hours=2), "asked for", by="account-1")
        on = endpoints.switch_on(connection, made.id, now=later(hours=3), by="account-1")

    assert (off.switched_off_at, off.switched_off_reason) == (later(hours=1), "it answered 410")
    assert on == made == found(registry, made)
    with registry.reading() as connection:
        trail = [(each.account, each.action) for each in audit.entries(connection)]
    assert trail[::-1] == [
        ("account-1", "endpoint-added"),
        ("dispatcher", "endpoint-switched-off"),
        ("account-1", "endpoint-switched-on"),
    ]


def test_a_reason_of_several_lines_is_refused(registry: Registry) -> None:
    """It is shown in one."""
    made = add(registry)
    with pytest.raises(RegistryError, match="line breaks"), registry.writing() as connection:
        endpoints.switch_off(connection, made.id, NOW, "first\nsecond")
    assert found(registry, made) == made


def test_since_when_it_fails_is_kept_until_something_arrives(registry: Registry) -> None:
    """The first failure counts, not the latest; a delivery ends it and is remembered."""
    made = add(registry)
    with registry.writing() as connection:
        endpoints.note_delivered(connection, made.id, NOW)
        endpoints.note_failed(connection, made.id, later(hours=1))
        endpoints.note_failed(connection, made.id, later(hours=2))
        failing = endpoints.find(connection, made.id)
        endpoints.note_delivered(connection, made.id, later(hours=3))
        well = endpoints.find(connection, made.id)

    assert (failing.failing_since, failing.last_delivered_at) == (later(hours=1), NOW)
    assert (well.failing_since, well.last_delivered_at) == (None, later(hours=3))


def test_no_byte_of_a_removed_endpoint_is_left(registry: Registry, tmp_path: Path) -> None:
    """Neither its address nor any of its secrets is in any file; its id is still known."""
    old, new = endpoints.new_secret(), endpoints.new_secret()
    made = add(registry, secret=old)
    with registry.writing() as connection:
        endpoints.rotate(connection, made.id, new, now=NOW, by="account-1")
        endpoints.remove(connection, made.id, now=later(days=1), by="account-1")
        left = endpoints.remove(connection, made.id, now=later(days=2), by="account-1")
        assert endpoints.secrets(connection, made.id, NOW) == []
        with pytest.raises(RegistryError, match="was removed"):
            endpoints.switch_on(connection, made.id, now=NOW, by="account-1")
        with pytest.raises(UnknownEndpointError, match=r"no endpoint endpoint-9.*endpoint list"):
            endpoints.find(connection, "endpoint-9")
    registry.purge()

    assert files_with(tmp_path, "hooks.north.example", "hidden-token", old, new) == {}
    assert (left.url, left.shown_url, left.removed_at) == ("", "", later(days=1))


def test_secrets_stand_in_no_trail_and_no_log_line(registry: Registry) -> None:
    """What is noted and what the program writes of an endpoint has no secret, and no address that may hold one."""
    secret = endpoints.new_secret()
    made, room = add(registry, secret=secret), chat(registry)
    with registry.writing() as connection:
        endpoints.rotate(connection, made.id, endpoints.new_secret(), now=NOW, by="account-1")
        said = f"{audit.entries(connection)} {made!r} {room!r} {made.shown_url} {room.shown_url}"

    assert secret not in said
    assert "hidden" not in said
    assert "whsec" not in said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.north.example", "https://hooks.north.example/"),
        ("https://hooks.north.example/", "https://hooks.north.example/"),
        ("https://hooks.north.example:8443/a/b", "https://hooks.north.example:8443/…"),
        ("https://user:pass@hooks.north.example/?x=1", "https://hooks.north.example/…"),
        ("https://[2001:db8::1]:444/a", "https://[2001:db8::1]:444/…"),
    ],
)
def test_only_the_host_of_a_webhook_is_shown(registry: Registry, url: str, shown: str) -> None:
    """Path, query and password may be what lets a message in."""
    assert add(registry, url=url).shown_url == shown
