"""Alerts in a demonstration: to an invented contact of each partner, in a folder, and to a system of theirs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from alerting.bodies import TYPES
from alerting.dispatcher import Dispatcher, Turn
from engagement.alert_parts import dispatcher_parts
from engagement.demo_receiver import ADDRESS, WebhookReceiver
from engagement.wiring import Wiring
from learning.calendar import UK
from learning.plan import start_of
from producers.simulation.names import invented
from projections.partner_summary import partners
from registry import contacts, endpoints

MAILBOX: Final = "mailbox"
"""The folder of email, in the folder of the demonstration."""

_BY: Final = "demonstration"
_TURN_AT: Final = time(9)
"""When the dispatcher does its turn on a simulated day: an hour after digests are due."""


class Sent(Struct, frozen=True, kw_only=True):
    """What a demonstration has sent."""

    emails: int
    webhooks: int
    """Messages, each counted once."""
    digest: str | None
    """The words of one email, as plain text."""
    digest_subject: str | None
    webhook: Any
    """The body of one webhook."""


class DemoAlerts:
    """Does the dispatcher's turns by the simulated clock."""

    def __init__(self, wiring: Wiring, dispatcher: Dispatcher, receiver: WebhookReceiver) -> None:
        """Nobody is to be told yet."""
        self._wiring, self._dispatcher, self.receiver = wiring, dispatcher, receiver
        self._known: set[str] = set()

    def tell(self, day: date) -> Turn:
        """Do the turn of a day, for the partners that there are by then."""
        with self._wiring.store() as store, store.connect() as connection:
            found = [row["partner"] for row in partners(connection)]
        self._register([each for each in sorted(found) if each not in self._known], start_of(day))
        now = datetime.combine(day, _TURN_AT, tzinfo=UK)
        return self._dispatcher.turn(lambda: now)

    def sent(self) -> Sent:
        """What has been sent so far."""
        mails = list(_mails(self._mailbox()))
        digest = next((each for each in mails if "List-Unsubscribe" in each), mails[0] if mails else None)
        bodies = [msgspec.json.decode(each) for each in self.receiver.bodies.values()]
        raised = [each for each in bodies if each["type"] == TYPES["at-once"]]
        return Sent(
            emails=len(mails),
            webhooks=len(bodies),
            digest_subject=None if digest is None else str(digest["Subject"]),
            digest=None if digest is None else _plain_text(digest),
            webhook=next(iter(raised or bodies), None),
        )

    def _mailbox(self) -> Path:
        return self._wiring.settings.data_dir / MAILBOX

    def _register(self, new: Sequence[str], now: datetime) -> None:
        """Add an invented contact and a system for each partner, and once a contact of the lead provider."""
        if not new:
            return
        with self._wiring.registry() as registry, registry.writing() as connection:
            for partner in (*new, *(() if self._known else (None,))):
                _add_contact(connection, partner, now)
            for partner in new:
                secret = endpoints.new_secret()
                url = self.receiver.expect(partner, secret)
                endpoints.create(
                    connection, partner=partner, channel="webhook", url=url, secret=secret, now=now, by=_BY
                )
        self._known.update(new)


@contextmanager
def demo_alerts(wiring: Wiring) -> Iterator[DemoAlerts]:
    """Alerts of a demonstration whose folder is there, with a receiver that runs until the block ends."""
    changes = {"alerts": "on", "mailbox_dir": wiring.settings.data_dir / MAILBOX, "webhook_private_networks": ADDRESS}
    on = Wiring(wiring.settings.model_copy(update=changes))
    with WebhookReceiver() as receiver, dispatcher_parts(on) as parts, Dispatcher(parts) as dispatcher:
        yield DemoAlerts(on, dispatcher, receiver)


def _add_contact(connection: Connection, partner: str | None, now: datetime) -> None:
    person = invented(f"contact-of-{partner or 'the-lead-provider'}")
    contacts.create(connection, partner=partner, label=person.name, email=person.email, now=now, by=_BY, at_once=False)


def _mails(folder: Path) -> Iterator[EmailMessage]:
    """The email in a folder, in the order of its names."""
    read = BytesParser(policy=policy.default)
    for path in sorted((folder / "new").glob("*")):
        with path.open("rb") as file:
            yield read.parse(file)


def _plain_text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return "" if body is None else body.get_content()
