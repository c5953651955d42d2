"""The commands of `engagement partners`, and what most of their tests add first."""

from datetime import UTC, datetime

from registry.store import Registry
from tests.command_line import Cli, Ran

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""From then on, each call of a command is a second later."""

HOOK = "https://93.184.215.14/hidden-path"
CHAT = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
PUBLIC_PARTS = ("contact", "add", "--partner", "partner-1", "--label", "Advisers", "--email", "desk@north.example")


def partners(cli: Cli, *arguments: str, stdin: bytes | None = None) -> Ran:
    """Run a command of the group."""
    return cli("partners", *arguments, stdin=stdin)


def add_contact(cli: Cli, *more: str) -> str:
    """Add a contact of partner-1; answer its id."""
    contact: str = partners(cli, *PUBLIC_PARTS, *more, "--json").data["id"]
    return contact


def add_hook(cli: Cli, *more: str) -> dict[str, str]:
    """Add a webhook of partner-1; answer what was told."""
    told: dict[str, str] = partners(cli, "endpoint", "add", HOOK, "--partner", "partner-1", *more, "--json").data
    return told


def registry_of(cli: Cli) -> Registry:
    """The registry of the data folder."""
    return Registry(cli.folder / "registry.db")
