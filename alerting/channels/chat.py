"""Sends messages to chat rooms through Apprise, an optional library with a driver for each service."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Final
from urllib.parse import urlsplit

from alerting.bodies import link
from alerting.bodies_email import subject
from alerting.model import Notice
from alerting.outcomes import ACCEPTED, Outcome
from learning.errors import EngagementError
from registry.endpoints import Endpoint

SERVICES: Final[dict[str, str | None]] = {
    "discord": None,
    "gchat": None,
    "slack": None,
    "tgram": None,
    "workflows": ".logic.azure.com",  # Microsoft Teams
    "wxteams": None,
    "zulip": None,
}
"""Services whose servers are their own, or end like this: no other address can be reached through a chat's URL."""

_AT_ONCE: Final = 4

Find = Callable[[str], Endpoint | None]
"""A chat room by its id; None: it is not there, or switched off."""


class ChatError(EngagementError):
    """A chat cannot be used; the message says why, without its address, which holds a secret."""


def require_chat(url: str, load: Callable[[], ModuleType] | None = None) -> None:
    """Look at the address of a chat before it is saved.

    Args:
        url: As Apprise writes it, such as `slack://…`.
        load: Gives Apprise.

    Raises:
        ChatError: It is none that can be used, or Apprise is not installed.
    """
    scheme = urlsplit(url).scheme
    if scheme not in SERVICES:
        raise ChatError(f"write the address of a chat as Apprise does, for one of {', '.join(SERVICES)}")
    ending = SERVICES[scheme]
    if ending is not None and not (urlsplit(url).hostname or "").endswith(ending):
        raise ChatError(f"a chat of {scheme} has a server whose name ends in {ending}")
    if not (load or apprise)().Apprise().add(url):
        raise ChatError(f"that is no address of a chat of {scheme}; Apprise's documentation says how it is written")


def apprise() -> ModuleType:
    """The library.

    Raises:
        ChatError: It is not installed.
    """
    try:
        import apprise as library  # noqa: PLC0415 - an extra, and slow to load
    except ImportError:
        raise ChatError("chats need Apprise; install it with `pip install 'engagement[chat]'`") from None
    return library


class ChatCarrier:
    """The ways to chat rooms."""

    def __init__(self, find: Find, *, public_url: str, load: Callable[[], ModuleType] = apprise) -> None:
        """Load nothing yet."""
        self._find, self._public_url, self._load = find, public_url, load
        self._threads = ThreadPoolExecutor(_AT_ONCE, "chat")

    def lane(self, receiver: str) -> str:
        """Each room has a service of its own."""
        return receiver

    async def send(self, notice: Notice) -> Outcome:
        """Send it, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, notice)

    async def close(self) -> None:
        """Wait for what is being sent."""
        self._threads.shutdown()

    def _send(self, notice: Notice) -> Outcome:
        endpoint = self._find(notice.receiver)
        if endpoint is None:
            return Outcome(result="needless", error="the chat was removed or switched off")
        try:
            require_chat(endpoint.url, self._load)
            room = self._load().Apprise()
        except ChatError as error:
            return Outcome(result="failed", error=str(error))
        room.add(endpoint.url)
        body = f"{notice.content.partner}\n{link(notice.content, self._public_url)}"
        if room.notify(title=subject(notice.content), body=body):
            return ACCEPTED
        return Outcome(result="failed", error="the chat did not take it")
