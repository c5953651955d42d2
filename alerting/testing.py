"""Sends a test message to one receiver, so that somebody sees at once whether alerts will reach it."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from alerting.model import Channel, Content, Notice
from alerting.outcomes import Carrier, Outcome
from learning.errors import EngagementError
from registry import contacts, endpoints
from registry.contacts import UnknownContactError
from registry.store import Registry

_ID_BYTES = 12


class NothingToTestError(EngagementError):
    """There is no such receiver, or it is told nothing at the moment."""


def send_test(
    receiver: str, registry: Registry, carriers: Callable[[], Mapping[Channel, Carrier]], now: datetime
) -> Outcome:
    """Send a message that tells of nothing, also while alerts are a dry run; it is tried once and noted nowhere.

    Args:
        receiver: A contact or endpoint, by its id.
        registry: Knows it.
        carriers: Makes the ways out, inside the event loop that uses them.
        now: When it is sent.

    Raises:
        RegistryError: There is no such endpoint, or the registry cannot be read.
        NothingToTestError: The receiver was removed, or is switched off.
    """
    channel, partner = _receiver(registry, receiver)
    content = Content(kind="test", partner=partner or "", planned_at=now, alerts=(), link="/alerts")
    notice = Notice(
        id=f"msg_test_{secrets.token_hex(_ID_BYTES)}",
        kind="test",
        channel=channel,
        receiver=receiver,
        partner=partner or "",
        content=content,
        state="waiting",
        planned_at=now,
        next_at=now,
    )
    return asyncio.run(_sent(notice, carriers))


async def _sent(notice: Notice, carriers: Callable[[], Mapping[Channel, Carrier]]) -> Outcome:
    ways = carriers()
    try:
        return await ways[notice.channel].send(notice)
    finally:
        for each in ways.values():
            await each.close()


def _receiver(registry: Registry, receiver: str) -> tuple[Channel, str | None]:
    with registry.reading() as connection:
        try:
            contact = contacts.find(connection, receiver)
        except UnknownContactError:
            endpoint = endpoints.find(connection, receiver)
            if endpoint.removed_at or endpoint.switched_off_at:
                raise NothingToTestError(f"{receiver} was removed or is switched off; switch it on first") from None
            return endpoint.channel, endpoint.partner
        if contact.removed_at:
            raise NothingToTestError(f"{receiver} was removed; add a new contact")
        return "email", contact.partner
