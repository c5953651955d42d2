"""What tests of the registry share: a moment, accounts, and a look at all bytes of a folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from registry import accounts, people
from registry.accounts import Account, Role
from registry.people import Profile
from registry.store import Registry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

ADDRESS = "203.0.113.7"


def later(**elapsed: float) -> datetime:
    """So long after `NOW`."""
    return NOW + timedelta(**elapsed)


def grant(registry: Registry, role: Role = "staff", partner: str | None = None, label: str = "Desk 1") -> Account:
    """An account."""
    with registry.writing() as connection:
        return accounts.create(connection, label=label, role=role, partner=partner, now=NOW)


def know(registry: Registry, *given: Profile) -> dict[str, str]:
    """Write profiles."""
    with registry.writing() as connection:
        return people.put(connection, given, NOW)


def files_with(folder: Path, *texts: str) -> dict[str, str]:
    """The texts that occur in the bytes of any file of a folder, with the name of the file."""
    contents = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {text: name for name, content in contents.items() for text in texts if text.encode() in content}
