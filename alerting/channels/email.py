"""Sends messages to contacts by email; their addresses are looked up when it is sent, and stand nowhere else."""

import asyncio
import re
import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Final

from alerting.bodies_email import OPTIONAL, Addresses, email
from alerting.channels.smtp import Mailer
from alerting.model import Notice
from alerting.outcomes import ACCEPTED, Outcome
from registry.contacts import Contact

AT_ONCE: Final = 4
"""Messages that the server gets at the same time."""

_PERMANENT = 500
_CLOSING = 421

Find = Callable[[str], tuple[Contact, str] | None]
"""A contact by its id with its token to unsubscribe; None: it is not there any more."""


class EmailCarrier:
    """The way to contacts."""

    def __init__(self, find: Find, mailer: Mailer | None, *, sender: str, public_url: str) -> None:
        """Send by this mailer; without one, messages wait until there is one."""
        self._find, self._mailer, self._sender, self._public_url = find, mailer, sender, public_url
        self._threads = ThreadPoolExecutor(AT_ONCE, "email")

    def lane(self, receiver: str) -> str:  # noqa: ARG002 - the interface
        """All go to one server."""
        return "email"

    async def send(self, notice: Notice) -> Outcome:
        """Send it, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, notice)

    async def close(self) -> None:
        """Let go of connections."""
        self._threads.shutdown()
        if self._mailer is not None:
            self._mailer.close()

    def _send(self, notice: Notice) -> Outcome:
        found = self._find(notice.receiver)
        if found is None:
            return Outcome(result="needless", error="the contact was removed")
        contact, token = found
        if contact.unsubscribed_at is not None and notice.kind in OPTIONAL:
            return Outcome(result="needless", error="the contact wants no optional mail")
        if self._mailer is None:
            return Outcome(result="failed", error="no mail server is set (ENGAGEMENT_SMTP_URL)", slow=True)
        return _handed_over(
            self._mailer, email(notice, Addresses(self._sender, contact.email, self._public_url, token))
        )


def _handed_over(mailer: Mailer, message: EmailMessage) -> Outcome:
    try:
        mailer.send(message)
    except smtplib.SMTPRecipientsRefused as error:
        [(code, said), *_] = error.recipients.values()
        return _refusal(code, said, of_address=True)
    except smtplib.SMTPDataError as error:
        return _refusal(error.smtp_code, error.smtp_error, of_address=False)
    except smtplib.SMTPResponseException as error:  # of the connection, the sign-in or the sender: all are ours
        return Outcome(result="failed", error=f"SMTP {error.smtp_code}", slow=True)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(result="failed", error=f"no mail server ({type(error).__name__})", slow=True)
    return ACCEPTED


def _refusal(code: int, said: bytes | str, *, of_address: bool) -> Outcome:
    """What a refusal means: 4xx passes, 5xx does not, and some of it is about the address (RFC 5321, 4.2; RFC 3463)."""
    error = f"SMTP {code}"
    if code < _PERMANENT:
        return Outcome(result="failed", error=error, slow=code == _CLOSING)
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    policy = re.match(r"5\.7\.", text) is not None  # we may not send there; the address may be right
    return Outcome(result="refused", error=error, bounced=of_address and not policy)
