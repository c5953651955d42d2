"""What the registry has beyond other durable databases: its tables' own rules, and its upgrade from each version."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect
from sqlalchemy.exc import IntegrityError

from registry import accounts, audit, contacts, credentials
from registry.audit import Action, Entry
from registry.errors import RegistryError
from registry.people import Profile, names
from registry.schema import VERSION, credential, metadata
from registry.store import LAYOUT, Registry
from tests.registry_kit import NOW, grant, know, later

ADA = Profile(participant="p-1", name="Ada Example")

VERSION_1 = """
CREATE TABLE about (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE person (
    participant TEXT NOT NULL, name TEXT NOT NULL, email TEXT, school TEXT, urn TEXT, sought TEXT NOT NULL,
    updated_at DATETIME NOT NULL, PRIMARY KEY (participant)
);
CREATE TABLE erasure (participant TEXT NOT NULL, erased_at DATETIME NOT NULL, PRIMARY KEY (participant));
CREATE TABLE account (
    id TEXT NOT NULL, label TEXT NOT NULL, role TEXT NOT NULL, partner TEXT, email TEXT, created_at DATETIME NOT NULL,
    revoked_at DATETIME, PRIMARY KEY (id)
);
CREATE TABLE failure (number INTEGER NOT NULL, subject TEXT NOT NULL, at DATETIME NOT NULL, PRIMARY KEY (number));
CREATE INDEX failure_subject ON failure (subject, at);
CREATE TABLE audit (
    number INTEGER NOT NULL, at DATETIME NOT NULL, account TEXT, action TEXT NOT NULL, thing TEXT,
    details TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (number)
);
CREATE INDEX ix_audit_account ON audit (account);
CREATE INDEX ix_audit_thing ON audit (thing);
CREATE TABLE credential (
    prefix TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, digest BLOB NOT NULL, created_at DATETIME NOT NULL,
    expires_at DATETIME, used_at DATETIME, last_used_on DATE, revoked_at DATETIME, PRIMARY KEY (prefix),
    FOREIGN KEY(account) REFERENCES account (id)
);
CREATE INDEX ix_credential_account ON credential (account);
CREATE TABLE session (
    digest BLOB NOT NULL, account TEXT NOT NULL, started_at DATETIME NOT NULL, seen_at DATETIME NOT NULL,
    PRIMARY KEY (digest), FOREIGN KEY(account) REFERENCES account (id)
);
CREATE INDEX ix_session_account ON session (account);
"""
"""The tables as the first version of the registry made them; never changed again."""

KEY = "eng_key_0123456789_" + "k" * 43
AT = "2026-03-02 09:00:00.000000"
SIGNED_IN = (AT, "account-1", "signed-in", "account:account-1", "{}")


def old_registry(path: Path) -> None:
    """A registry of version 1 with a row in each table that is kept."""
    start = sha256(b"audit trail of the registry").hexdigest()
    said = f'[1,"2026-03-02T09:00:00.000000+00:00","account-1","signed-in","account:account-1","{{}}","{start}"]'
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(VERSION_1)
        connection.execute("INSERT INTO about VALUES (1)")
        connection.execute("INSERT INTO person VALUES ('p-1', 'Ada Example', NULL, NULL, NULL, 'ada example', ?)", [AT])
        connection.execute("INSERT INTO erasure VALUES ('p-9', ?)", [AT])
        connection.execute("INSERT INTO account VALUES ('account-1', 'Desk 1', 'staff', NULL, NULL, ?, NULL)", [AT])
        kept = (KEY[:18], "account-1", "key", sha256(KEY.encode()).digest(), AT)
        connection.execute("INSERT INTO credential VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)", kept)
        entry = (1, *SIGNED_IN, start, sha256(said.encode()).hexdigest())
        connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", entry)


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the tables of version 1."""
    tables = ("person", "erasure", "account", "failure", "audit", "credential", "session")
    with closing(sqlite3.connect(path)) as connection:
        return {each: connection.execute(f"SELECT * FROM {each}").fetchall() for each in tables}


def test_a_registry_of_version_1_is_upgraded_with_everything_kept(tmp_path: Path) -> None:
    """Each row stays as it was: people have their names, keys let in, and the audit trail is whole and goes on."""
    path = tmp_path / "registry.db"
    old_registry(path)
    before = rows(path)

    with Registry(path) as registry, registry.reading() as connection:
        let_in = credentials.check(connection, KEY, "key", later(days=1))
        assert let_in
        assert let_in[0].label == "Desk 1"
        assert names(connection, ["p-1"]) == {"p-1": "Ada Example"}
        assert audit.verify(connection).number == 1
    assert rows(path) == before

    with Registry(path) as registry, registry.writing() as connection:
        made = contacts.create(
            connection,
            partner="north-hub",
            label="Desk",
            email="desk@north.example",
            account="account-1",
            now=NOW,
            by="account-1",
        )
        assert contacts.every(connection) == [made]
        assert audit.verify(connection).number == 2


def test_an_upgraded_registry_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    """Columns, keys and indexes are the same, whichever version made the file."""

    def tables(path: Path) -> dict[str, object]:
        with Registry(path) as registry, registry.reading() as connection:
            found = inspect(connection)
            return {
                each: (
                    [(it["name"], str(it["type"]), it["nullable"]) for it in found.get_columns(each)],
                    found.get_pk_constraint(each)["constrained_columns"],
                    sorted((tuple(it["column_names"]), it["unique"]) for it in found.get_indexes(each)),
                    [(it["constrained_columns"], it["referred_table"]) for it in found.get_foreign_keys(each)],
                )
                for each in found.get_table_names()
            }

    old_registry(tmp_path / "old.db")

    assert tables(tmp_path / "old.db") == tables(tmp_path / "new.db")
    assert tables(tmp_path / "new.db").keys() == metadata.tables.keys()


def test_every_version_that_there_was_can_be_upgraded() -> None:
    """Whoever has an older registry loses nothing by a new version of the program."""
    assert sorted(LAYOUT.upgrades) == list(range(1, VERSION))


def test_a_key_belongs_to_an_account(registry: Registry) -> None:
    """The database itself refuses a key of nobody."""
    nobodys = {"prefix": "eng_key_1", "account": "account-1", "kind": "key", "digest": b"", "created_at": NOW}
    with pytest.raises(IntegrityError), registry.writing() as connection:
        connection.execute(insert(credential), nobodys)


def test_an_action_and_its_entry_are_one(registry: Registry) -> None:
    """Where the entry in the audit trail cannot be written, what it tells has not happened."""
    know(registry, ADA)
    granted = grant(registry)

    def revoke() -> None:
        with registry.writing() as connection:
            accounts.revoke(connection, granted.id, NOW)
            audit.append(connection, NOW, Entry("Ada Example", Action.ACCESS_REVOKED, f"account:{granted.id}"))

    with pytest.raises(RegistryError, match="must be a code"):
        revoke()
    with registry.reading() as connection:
        assert accounts.find(connection, granted.id).revoked_at is None
