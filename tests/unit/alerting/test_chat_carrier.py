"""Chat: only services that are known, a clear word when the library is missing, and nobody's name in a message."""

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from alerting.channels.chat import ChatCarrier, ChatError, require_chat
from alerting.outcomes import Outcome
from registry.endpoints import Endpoint
from tests.delivery_kit import NOW, PUBLIC_URL, a_notice

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise loads it

ROOM = "slack://TokenAAAA1/TokenBBBBBBB2/TokenCCCCCCCCCCCCCCCCC3/#alerts"


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1/",
        "xml://internal/",
        "mailto://me:secret@example.org",
        "https://hooks.slack.com/services/secret",
        "exec:///bin/sh",
        "workflows://internal.example.org/workflow/signature",
        "slack://secret",
        "",
    ],
)
def test_only_known_services_are_taken(url: str) -> None:
    """Nothing through which another address could be reached; the message keeps the address, which is a secret."""
    with pytest.raises(ChatError) as refused:
        require_chat(url)
    assert "secret" not in str(refused.value)


def test_a_room_of_a_known_service_is_taken() -> None:
    """Checked by the library itself."""
    require_chat(ROOM)


def test_a_missing_library_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did not install the extra is told how."""
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(ChatError, match=r"pip install 'engagement\[chat\]'"):
        require_chat(ROOM)


class Library:
    """The library, but that nothing leaves."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes
        self.told: list[dict[str, str]] = []

    def loaded(self) -> ModuleType:
        """What is imported."""
        return SimpleNamespace(Apprise=lambda: self)  # type: ignore[return-value]  # all that is used of it

    def add(self, url: str) -> bool:
        """Take a room."""
        return url == ROOM

    def notify(self, **words: Any) -> bool:
        """Remember a message."""
        self.told.append(words)
        return self.takes


async def send(library: Library, url: str | None = ROOM) -> Outcome:
    """Send a message to a room."""
    room = None if url is None else Endpoint(id="endpoint-1", channel="chat", url=url, created_at=NOW)
    carrier = ChatCarrier(lambda _: room, public_url=PUBLIC_URL, load=library.loaded)
    try:
        return await carrier.send(a_notice(1, receiver="endpoint-1", channel="chat"))
    finally:
        await carrier.close()


async def test_a_room_is_told_how_many_and_where() -> None:
    """The same first line as an email's, the partner's code and a link; no name and no id of an enrolment."""
    library = Library(takes=True)
    assert (await send(library)).result == "accepted"
    body = f"partner-1\n{PUBLIC_URL}/alerts/notices/msg_1"
    assert library.told == [{"title": "1 participant needs attention now", "body": body}]


async def test_what_a_room_does_not_take_is_tried_again() -> None:
    """Also where its address is refused by now; where the room is gone there is nothing to try."""
    assert (await send(Library(takes=False))).result == "failed"
    assert (await send(Library(takes=True), "json://127.0.0.1/")).result == "failed"
    assert (await send(Library(takes=True), None)).result == "needless"
