"""A registry in a schema of PostgreSQL answers as one in a file does, and is safe to write to from many machines."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import update

from registry import accounts, audit, credentials, erasures, people, schema, sessions
from registry.audit import Action, AuditTrailError, Entry
from registry.erasing import erase
from registry.errors import RegistryBusyError
from registry.people import Profile
from registry.people_files import import_people
from registry.signing_in import NotLetInError, TooManyFailuresError, with_key, with_link, with_session
from registry.store import PostgresqlDatabase, Registry, RegistryAwayError, RegistryError
from tests.contract.postgres_kit import as_user, end_connections, wait_for_a_lock
from tests.registry_kit import ADDRESS, NOW, grant, know, later

ADA = Profile(participant="p-1", name="Zoë 100% Example", email="zoe@north.example")
BO = Profile(participant="p-2", name="Bo Keeper", school="South School", urn="123456")


@pytest.fixture
def place(postgres_url: str) -> PostgresqlDatabase:
    """A database without a registry."""
    return PostgresqlDatabase(postgres_url)


@pytest.fixture
def registry(place: PostgresqlDatabase) -> Iterator[Registry]:
    """An empty registry."""
    with Registry(place) as made:
        yield made


def outcome(step: Callable[[], object]) -> object:
    """What a step answers, or which error it ends in."""
    try:
        return step()
    except (NotLetInError, TooManyFailuresError, AuditTrailError) as error:
        return str(error)


def life(registry: Registry) -> list[Any]:
    """What a registry answers, step by step, in a life with all that it is for; without what is random."""
    account = grant(registry, "partner", "north-hub")
    with registry.writing() as connection:
        key = credentials.issue(connection, account.id, "key", NOW, timedelta(days=30)).token
        link = credentials.issue(connection, account.id, "link", NOW).token
    lines = ["participant,name,email\n", "p-3,Kim,\n", "p-1,Zoë Example,z@x.example\n", "p-4,,\n"]
    told: list[Any] = [
        know(registry, ADA, BO),
        know(registry, BO, Profile(participant="p-1", name="Zoë Example")),
        import_people(registry, lines, later(minutes=1), by="account-1"),
        erase(registry, ["p-1", "p-9"], later(minutes=2), by="account-1"),
        import_people(registry, lines, later(minutes=3), by="account-1"),
    ]
    begun = with_link(registry, link, ADDRESS, later(minutes=4))
    told += [
        outcome(lambda: with_link(registry, link, ADDRESS, later(minutes=5))),
        *(outcome(lambda: with_key(registry, f"{key[:-1]}!", ADDRESS, later(minutes=6))) for _ in range(6)),
        with_key(registry, key, "198.51.100.2", later(minutes=6)).partner,
        (found := with_session(registry, begun.token, later(hours=5))) and (found.seen_at, found.account.label),
        with_session(registry, begun.token, later(hours=18)),
    ]
    with registry.writing() as connection:
        told.append(accounts.revoke(connection, account.id, later(days=1)).revoked_at)
        told.append(sessions.find(connection, begun.token, later(hours=6)))
        audit.append(connection, later(days=1), Entry(None, Action.LIST_READ, "partner:north-hub", {"rows": 2}))
    with registry.reading() as connection:
        told += [people.profiles(connection, ["p-1", "p-2", "p-3"]), people.search(connection, "KE", among={"p-2"})]
        told += [erasures.every(connection), audit.verify(connection).number]
        told += [(each.number, each.at, each.action) for each in audit.entries(connection)]
    return told


def test_a_schema_answers_as_a_file_does(registry: Registry, tmp_path: Path) -> None:
    """The same life has the same answers, moments included."""
    with Registry(tmp_path / "registry.db") as file:
        assert life(registry) == life(file)


def test_it_is_there_when_it_is_opened_again(registry: Registry, place: PostgresqlDatabase) -> None:
    """Another machine finds what was written."""
    know(registry, BO)
    with Registry(place) as again, again.reading() as connection:
        assert people.names(connection, ["p-2"]) == {"p-2": "Bo Keeper"}


def test_the_chain_never_forks(place: PostgresqlDatabase) -> None:
    """Machines that make the registry and note at the same moment leave one whole chain."""

    def work(number: int) -> None:
        with Registry(place) as ours:
            for each in range(5):
                with ours.writing() as connection:
                    things = (f"participant:p-{number}-{each}", "enrolment:e-1")
                    audit.append(connection, NOW, *(Entry("account-1", Action.PARTICIPANT_READ, it) for it in things))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    with Registry(place) as registry, registry.reading() as connection:
        assert audit.verify(connection).number == 60


def test_writers_wait_for_each_other_and_not_for_ever(registry: Registry, place: PostgresqlDatabase) -> None:
    """Who comes second is let in when the first is done, or told after a while; readers wait for nobody."""
    with Registry(place, patience=0.05) as impatient, ThreadPoolExecutor(1) as other:
        with registry.writing() as connection:
            accounts.create(connection, label="Desk 1", role="staff", now=NOW)
            with pytest.raises(RegistryBusyError, match="in the way"), impatient.writing():
                pytest.fail("somebody else writes")
            with impatient.reading() as reader:
                assert accounts.every(reader) == []
            second = other.submit(grant, registry)
            wait_for_a_lock(place.url, second)
        second.result(60)
    with registry.reading() as connection:
        assert len(accounts.every(connection)) == 2


def test_erasing_writes_the_table_anew(registry: Registry, place: PostgresqlDatabase) -> None:
    """What PostgreSQL would keep of a deleted row until it needs the room is not in the table's file any more."""
    question = "SELECT pg_relation_filenode('registry.person'), pg_relation_size('registry.person')"
    know(registry, *(Profile(participant=f"p-{number}", name=f"Name {number}" * 10) for number in range(500)))
    with psycopg.connect(place.url) as connection:
        before = connection.execute(question).fetchone()
    erase(registry, [f"p-{number}" for number in range(500)], NOW, by="account-1")
    with psycopg.connect(place.url) as connection:
        after = connection.execute(question).fetchone()

    assert before
    assert after
    assert before[0] != after[0]
    assert before[1] > 0 == after[1]


def test_a_reader_changes_nothing(registry: Registry) -> None:
    """A connection for queries refuses to write."""
    with registry.reading() as connection, pytest.raises(RegistryError, match="read-only transaction"):
        accounts.create(connection, label="Desk 1", role="staff", now=NOW)


def test_another_version_is_refused(registry: Registry, place: PostgresqlDatabase) -> None:
    """A registry that this program would misread is not opened."""
    with registry.writing() as connection:
        connection.execute(update(schema.about).values(version=schema.VERSION + 1))
    with pytest.raises(
        RegistryError, match=f"schema registry of the PostgreSQL database .* has version {schema.VERSION + 1}"
    ):
        Registry(place)


def test_a_connection_that_is_lost_writes_nothing(registry: Registry, place: PostgresqlDatabase) -> None:
    """The server ends the connection in the middle: the writer is told, and then can."""

    def write() -> None:
        with registry.writing() as connection:
            accounts.create(connection, label="Desk 1", role="staff", now=NOW)
            end_connections(place.url)

    with pytest.raises(RegistryAwayError, match="cannot be reached"):
        write()
    grant(registry, label="Desk 2")
    with registry.reading() as connection:
        assert [each.label for each in accounts.every(connection)] == ["Desk 2"]


def test_what_keeps_it_from_opening_is_told_without_the_password(postgres_url: str) -> None:
    """A server that is not there, a database that is not there, a user without rights: each in a sentence."""
    with as_user(postgres_url, "s3cret") as url:
        for wrong, told in (
            (make_conninfo(url, port=1), "cannot be reached"),
            (make_conninfo(url, dbname="missing"), "missing"),
            (url, "permission denied"),
        ):
            with pytest.raises(RegistryError, match=told) as refused:
                Registry(PostgresqlDatabase(wrong))
            assert "s3cret" not in str(refused.value)
    with pytest.raises(RegistryError, match="write it as postgresql://"):
        Registry(PostgresqlDatabase("postgresql//s3cret"))
