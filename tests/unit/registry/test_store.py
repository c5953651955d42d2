"""The registry's file: made once, kept private, refused in another version, and safe to use from many sides."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from registry import accounts
from registry.people import Profile, names
from registry.schema import VERSION, about, credential
from registry.store import Registry, RegistryError
from tests.registry_kit import NOW, grant, know

ADA = Profile(participant="p-1", name="Ada Example")


def test_what_is_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    """The registry is kept in its file."""
    with Registry(tmp_path / "new" / "registry.db") as registry:
        know(registry, ADA)

    with Registry(tmp_path / "new" / "registry.db") as registry, registry.reading() as connection:
        assert names(connection, ["p-1"]) == {"p-1": "Ada Example"}


def test_only_its_owner_may_read_the_file(registry: Registry, tmp_path: Path) -> None:
    """Neither the file nor its write-ahead log can be read by other users of the machine."""
    know(registry, ADA)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("registry.db*")}
    assert {name: mode for name, mode in modes.items() if mode & 0o077 and not name.endswith(".lock")} == {}
    assert {"registry.db", "registry.db-wal"} <= modes.keys()


@pytest.mark.parametrize(("version", "remedy"), [(VERSION + 1, "newest version"), (VERSION - 1, "newer copy")])
def test_another_version_is_refused(tmp_path: Path, version: int, remedy: str) -> None:
    """A registry that this program would misread is not opened, and the message says what to do."""
    with Registry(tmp_path / "registry.db") as registry, registry.writing() as connection:
        connection.execute(update(about).values(version=version))

    with pytest.raises(RegistryError, match=f"has version {version}.*{remedy}"):
        Registry(tmp_path / "registry.db")


def test_what_is_no_registry_is_refused(tmp_path: Path) -> None:
    """Another file in its place is told by name, and stays as it is."""
    path = tmp_path / "registry.db"
    path.write_text("something else " * 100)

    with pytest.raises(RegistryError, match=r"registry\.db is not a readable registry"):
        Registry(path)
    assert path.read_text().startswith("something else")


def test_a_place_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """Where a folder stands in the way, the message names it."""
    (tmp_path / "registry.db").mkdir()
    with pytest.raises(RegistryError, match="cannot be opened"):
        Registry(tmp_path / "registry.db")


def test_a_transaction_that_fails_leaves_nothing(registry: Registry) -> None:
    """What stands in a block is written as a whole or not at all."""

    def fail() -> None:
        with registry.writing() as connection:
            accounts.create(connection, label="Desk 1", role="staff", now=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with registry.reading() as connection:
        assert accounts.every(connection) == []


def test_a_reader_changes_nothing(registry: Registry) -> None:
    """A connection for queries refuses to write."""
    with registry.reading() as connection, pytest.raises(RegistryError, match="could not be read or written"):
        accounts.create(connection, label="Desk 1", role="staff", now=NOW)


def test_a_key_belongs_to_an_account(registry: Registry) -> None:
    """The database itself refuses a key of nobody."""
    nobodys = {"prefix": "eng_key_1", "account": "account-1", "kind": "key", "digest": b"", "created_at": NOW}
    with pytest.raises(IntegrityError), registry.writing() as connection:
        connection.execute(insert(credential), nobodys)


def test_many_open_and_write_at_once(tmp_path: Path) -> None:
    """Programs that start at the same moment all find one registry, and nobody's writing is lost."""

    def work(_: int) -> str:
        with Registry(tmp_path / "registry.db") as registry:
            return grant(registry).id

    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(work, range(24)))
    with Registry(tmp_path / "registry.db") as registry, registry.reading() as connection:
        assert {each.id for each in accounts.every(connection)} == made
    assert len(made) == 24
