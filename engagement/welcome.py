"""Tells where the dashboard is found and how to get in, so that whoever has just started it can go on."""

import shlex
import shutil
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from engagement.settings import Settings
from engagement.wiring import Wiring
from registry import accounts, audit, credentials
from registry.accounts import Account
from registry.audit import COMMAND_LINE, Action, Entry

HOST = "127.0.0.1"
PORT = 8480

THIS_COMPUTER = "Whoever starts the dashboard on this computer"
"""Label of the account that a start in a terminal signs in to."""


def public_address(settings: Settings, host: str, port: int) -> str:
    """Where people find the dashboard: what the settings say, else where it listens."""
    if "public_url" in settings.model_fields_set:
        return settings.public_url
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def program(settings: Settings) -> str:
    """How a command on this data folder begins here, so that it can be copied."""
    return f"{_name()} --data-dir {shlex.quote(str(settings.data_dir))}"


def how_to_get_in(wiring: Wiring) -> str | None:
    """What to run where nobody has access yet; None: somebody has."""
    with wiring.registry() as registry, registry.reading() as connection:
        if any(each.revoked_at is None for each in accounts.every(connection)):
            return None
    return (
        "Nobody has access yet; this lets you in:\n"
        f"  {program(wiring.settings)} access grant --label YOU --role staff --link"
    )


def sign_in_link(wiring: Wiring, address: str, now: datetime) -> str:
    """A link that signs in once, as staff; whoever may start the dashboard here could make one by a command as well."""
    with wiring.registry() as registry, registry.writing() as connection:
        account = _account(connection, now)
        issued = credentials.issue(connection, account.id, "link", now)
        entry = Entry(COMMAND_LINE, Action.ACCESS_GRANTED, f"account:{account.id}", {"link": issued.prefix})
        audit.append(connection, now, entry)
    return f"{address}/sign-in/{issued.token}"


def _account(connection: Connection, now: datetime) -> Account:
    for each in accounts.every(connection):
        if each.label == THIS_COMPUTER and each.role == "staff" and each.revoked_at is None:
            return each
    return accounts.create(connection, label=THIS_COMPUTER, role="staff", now=now)


def _name() -> str:
    """How this program is started here."""
    if Path(sys.argv[0]).name != "engagement":
        return "python -m engagement"
    return "engagement" if shutil.which("engagement") else shlex.quote(sys.argv[0])
