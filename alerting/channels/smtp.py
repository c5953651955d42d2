"""Hands email to a server, over connections that are kept for the next, or puts it into a folder instead."""

import os
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from learning.errors import EngagementError

TIMEOUT_SECONDS: Final = 15.0
"""For each answer of the server."""

_PORTS: Final = {"smtp": 587, "smtps": 465, "smtp-plain": 25}


class MailServerError(EngagementError):
    """The URL of the mail server cannot be used; the message does not repeat it, for it may hold a password."""


class Mailer(Protocol):
    """Takes email."""

    def send(self, message: EmailMessage) -> None:
        """Hand it over.

        Raises:
            SMTPException: The server did not take it.
            OSError: It cannot be reached, or the folder not written.
        """

    def close(self) -> None:
        """Let go of connections."""


class SmtpServer(NamedTuple):
    """A mail server, as a URL names it."""

    scheme: str
    """`smtp`: encrypted by STARTTLS, which it must offer; `smtps`: by TLS from the start; `smtp-plain`: not."""
    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Read `smtp://user:password@host:587`, `smtps://…` or `smtp-plain://host:25`.

        Raises:
            MailServerError: It is none of these.
        """
        try:
            found = urlsplit(url)
            port = found.port
        except ValueError:
            raise MailServerError("the URL of the mail server has a port that is no number") from None
        if found.scheme not in _PORTS or not found.hostname or found.path.strip("/") or found.query:
            raise MailServerError(
                "write the mail server as smtp://user:password@host:587 (encrypted by STARTTLS), "
                "smtps://user:password@host:465 (by TLS), or smtp-plain://host:25 (not encrypted)"
            )
        if found.scheme == "smtp-plain" and found.username:
            raise MailServerError("no password is sent without encryption; use smtp:// or smtps://")
        user, password = found.username and unquote(found.username), found.password and unquote(found.password)
        return cls(found.scheme, found.hostname, port or _PORTS[found.scheme], user, password)


class SmtpMailer:
    """A mail server, for any number of threads; a connection carries one message at a time."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """Connect to nothing yet; `tls` says which certificates are believed."""
        self._server, self._timeout, self._tls = server, timeout_seconds, tls
        self._idle: list[smtplib.SMTP] = []
        self._lock = Lock()

    def send(self, message: EmailMessage) -> None:
        """Hand it over; its server has it for good when this returns."""
        connection = self._reused() or self._connected()
        try:
            connection.send_message(message)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
            self._keep(connection)
            raise
        except smtplib.SMTPNotSupportedError:
            self._keep(connection)
            to = str(message["To"])
            if to.isascii():
                raise
            # The server takes ASCII addresses only, so it refuses this one and no other (RFC 6531, 3.5).
            raise smtplib.SMTPRecipientsRefused({to: (553, b"5.6.7 Non-ASCII address")}) from None
        except BaseException:
            connection.close()
            raise
        self._keep(connection)

    def close(self) -> None:
        """Let go of connections."""
        while (connection := self._take()) is not None:
            _leave(connection)

    def _take(self) -> smtplib.SMTP | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: smtplib.SMTP) -> None:
        with self._lock:
            self._idle.append(connection)

    def _reused(self) -> smtplib.SMTP | None:
        """A connection that still answers, for a server ends those that wait for long."""
        while (connection := self._take()) is not None:
            try:
                if connection.rset()[0] == 250:  # noqa: PLR2004 - SMTP's "done"
                    return connection
            except (OSError, smtplib.SMTPException):
                pass
            connection.close()
        return None

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout, context=self._tls()
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=self._timeout)
        try:
            if server.scheme == "smtp":
                connection.starttls(context=self._tls())
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection


class MailFolder:
    """A folder (Maildir) instead of a server: for a demonstration, or to see what would be sent."""

    def __init__(self, folder: Path) -> None:
        """Make the folder when it is not there."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        Maildir(folder, create=True).close()
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Put it there under the name of its Message-ID: the same message again is there once."""
        name = message["Message-ID"].strip("<>").replace("/", "-")
        if any((self._folder / "cur").glob(f"{name}*")):  # somebody has read it
            return
        temporary = self._folder / "tmp" / name
        with temporary.open("wb") as file:
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._folder / "new" / name)

    def close(self) -> None:
        """Nothing is open."""


def mailer(smtp_url: str | None, mailbox_dir: Path | None) -> Mailer | None:
    """What takes email by the settings: a folder before a server; None: neither is set.

    Raises:
        MailServerError: The URL cannot be used.
    """
    if mailbox_dir is not None:
        return MailFolder(mailbox_dir)
    return SmtpMailer(SmtpServer.parse(smtp_url)) if smtp_url else None


def _leave(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()
