"""The audit trail: complete, in order, without names, and whatever is changed in it is found."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, insert, select, update

from registry import schema
from registry.audit import Action, AuditTrailError, Entry, Head, append, entries, head, verify
from registry.errors import RegistryError
from registry.store import Registry
from tests.registry_kit import NOW, later


def note(registry: Registry, *things: str) -> Head:
    """Note that participants were read."""
    with registry.writing() as connection:
        return append(connection, NOW, *(Entry("account-1", Action.PARTICIPANT_READ, each) for each in things))


def test_entries_are_numbered_and_chained(registry: Registry) -> None:
    """Many entries at once are numbered like many one after the other, and the head is that of the last."""
    note(registry, "participant:p-1", "participant:p-2")
    end = note(registry, "participant:p-3")

    with registry.reading() as connection:
        noted = entries(connection)
        assert verify(connection) == head(connection) == end
    assert [(each.number, each.thing) for each in noted] == [
        (3, "participant:p-3"),
        (2, "participant:p-2"),
        (1, "participant:p-1"),
    ]


def test_the_hash_is_what_the_page_says(registry: Registry) -> None:
    """Somebody else can check the chain: SHA-256 over the values as JSON, each with the hash before."""
    at = datetime(2026, 7, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    with registry.writing() as connection:
        start = head(connection).hash
        append(connection, at, Entry(None, Action.SIGN_IN_REFUSED, details={"b": 2, "a": "x"}))

    said = [1, "2026-07-01T08:30:00.000000+00:00", None, "sign-in-refused", None, '{"a":"x","b":2}', start]
    with registry.reading() as connection:
        assert head(connection).hash == sha256(msgspec.json.encode(said)).hexdigest()


def test_entries_can_be_asked_for(registry: Registry) -> None:
    """By what they are about, by who did it, and only the latest."""
    note(registry, "participant:p-1", "enrolment:e-1", "participant:p-2")
    with registry.writing() as connection:
        append(connection, later(hours=1), Entry("account-2", Action.LIST_EXPORTED, "partner:north", {"rows": 12}))

    with registry.reading() as connection:
        about = entries(connection, things=["participant:p-1", "enrolment:e-1"])
        theirs = entries(connection, account="account-2")
        latest = entries(connection, limit=2)
    assert [each.number for each in about] == [2, 1]
    assert [(each.at, each.details) for each in theirs] == [(later(hours=1), {"rows": 12})]
    assert [each.number for each in latest] == [4, 3]


CHANGES: dict[str, dict[str, Any]] = {
    "account": {"account": "account-2"},
    "nobody": {"account": None},
    "thing": {"thing": "participant:p-9"},
    "action": {"action": "list-read"},
    "moment": {"at": later(seconds=1)},
    "details": {"details": '{"rows":1}'},
    "hash": {"hash": "0" * 64},
    "previous": {"previous": "0" * 64},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_entry_that_was_changed_is_named(registry: Registry, change: dict[str, Any]) -> None:
    """Whatever is changed of an entry, that entry is the first that does not fit."""
    note(registry, *(f"participant:p-{number}" for number in range(1, 6)))
    with registry.writing() as connection:
        connection.execute(update(schema.audit).where(schema.audit.c.number == 3).values(**change))

    with (
        registry.reading() as connection,
        pytest.raises(AuditTrailError, match="entry 3 of the audit trail was change"),
    ):
        verify(connection)


def test_an_entry_that_was_taken_out_is_named(registry: Registry) -> None:
    """A gap is found, at the beginning too."""
    note(registry, "participant:p-1", "participant:p-2", "participant:p-3")
    for number in (2, 1):
        with registry.writing() as connection:
            connection.execute(delete(schema.audit).where(schema.audit.c.number == number))
        with registry.reading() as connection, pytest.raises(AuditTrailError, match=f"has no entry {number};"):
            verify(connection)


def test_a_tail_that_was_cut_off_is_found_by_a_head_kept_elsewhere(registry: Registry) -> None:
    """What is left is a sound chain; only the head tells that it went on."""
    kept = note(registry, "participant:p-1", "participant:p-2", "participant:p-3")
    with registry.writing() as connection:
        connection.execute(delete(schema.audit).where(schema.audit.c.number > 1))

    with registry.reading() as connection:
        assert verify(connection).number == 1
        with pytest.raises(AuditTrailError, match="ends at entry 1 but went on to 3"):
            verify(connection, kept)


def test_a_chain_that_was_made_anew_is_found_by_a_head_kept_elsewhere(registry: Registry) -> None:
    """Who writes other entries with sound hashes is found out by the head of before, however long the chain is now."""
    kept = note(registry, "participant:p-1")
    with registry.writing() as connection:
        connection.execute(delete(schema.audit))
    note(registry, "participant:p-9", "participant:p-8")

    with registry.reading() as connection:
        verify(connection)
        with pytest.raises(AuditTrailError, match="up to entry 1 was written anew"):
            verify(connection, kept)


def test_an_older_head_holds_while_the_trail_goes_on(registry: Registry) -> None:
    """A head that was kept stays good as more is noted, that of an empty trail too."""
    with registry.reading() as connection:
        empty = verify(connection)
    kept = note(registry, "participant:p-1")
    note(registry, "participant:p-2")

    with registry.reading() as connection:
        assert verify(connection, kept) == verify(connection, empty) == head(connection)


@pytest.mark.parametrize(
    "entry",
    [
        Entry("Ada Example", Action.SIGNED_IN),
        Entry("account-1", Action.PARTICIPANT_READ, "participant:Ada Example"),
        Entry("account-1", Action.PEOPLE_SEARCHED, None, {"text": "ada@north.example"}),
        Entry("account-1", Action.PEOPLE_SEARCHED, None, {"Ada Example": 1}),
    ],
)
def test_no_name_gets_into_the_trail(registry: Registry, entry: Entry) -> None:
    """What is no code is refused, the message does not repeat it, and the entries beside it are not written."""
    good = Entry("account-1", Action.LIST_READ)
    with pytest.raises(RegistryError, match="must be a code") as refused, registry.writing() as connection:
        append(connection, NOW, good, entry)

    assert "ada" not in str(refused.value).casefold()
    with registry.reading() as connection:
        assert entries(connection) == []


def test_an_action_that_is_not_on_the_list_is_refused(registry: Registry) -> None:
    """Only the known actions are noted, so that who reads the trail knows what each means."""
    with pytest.raises(ValueError, match="looked"), registry.writing() as connection:
        append(connection, NOW, Entry("account-1", "looked"))  # type: ignore[arg-type]  # that is what is refused


def test_the_chain_never_forks(registry: Registry, tmp_path: Path) -> None:
    """Several programs note at once: nothing is lost, and there is one chain."""

    def work(number: int) -> None:
        with Registry(tmp_path / "registry.db") as another:
            for each in range(5):
                note(another, f"participant:p-{number}-{each}", "enrolment:e-1")

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))

    with registry.reading() as connection:
        assert verify(connection).number == 60
        rows = connection.execute(select(schema.audit).order_by(schema.audit.c.number)).all()
    assert all(after.previous == before.hash for before, after in pairwise(rows))
    assert len({row.thing for row in rows}) == 31


def test_an_entry_that_was_put_in_is_found(registry: Registry) -> None:
    """A row that somebody writes past the program does not fit, though its own hash be sound."""
    note(registry, "participant:p-1")
    previous = "f" * 64
    said = [2, NOW.isoformat(timespec="microseconds"), None, "signed-in", None, "{}", previous]
    forged = {"number": 2, "at": NOW, "action": "signed-in", "details": "{}", "previous": previous}
    with registry.writing() as connection:
        connection.execute(insert(schema.audit), {**forged, "hash": sha256(msgspec.json.encode(said)).hexdigest()})

    with registry.reading() as connection, pytest.raises(AuditTrailError, match="entry 2"):
        verify(connection)
