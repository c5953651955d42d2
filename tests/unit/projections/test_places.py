"""A place is named to people without its password, and a server that is not there is told from a mistake."""

import socket

import pytest

from projections.storage.places import Database, Schema
from projections.store import Store, StoreAwayError, StoreError

URL = "postgresql://ada:s3cret@db.example:6432/district?sslmode=require"


@pytest.mark.parametrize("shown", [Database(URL), Schema(Database(URL), "projections_000007")])
def test_a_password_is_not_shown(shown: object) -> None:
    """Neither the text nor the representation of a place has the password."""
    assert "s3cret" not in f"{shown} {shown!r}"


def test_a_place_is_named_by_what_people_know_it_by() -> None:
    """A schema says which one it is, of which database, on which server."""
    said = "schema projections_000007 of the PostgreSQL database district at db.example:6432"
    assert str(Schema(Database(URL), "projections_000007")) == said
    assert str(Database("postgresql:///district")) == "PostgreSQL database district at this machine"


@pytest.mark.parametrize("url", ["postgresql://ada:s3cret@[::1/x", "postgresql://x/y?nonsense=s3cret", "mysql s3cret"])
def test_a_url_that_cannot_be_read_is_refused(url: str) -> None:
    """The refusal shows how to write it and does not repeat it, for it may hold a password."""
    with pytest.raises(StoreError, match=r"write it as postgresql://user:password@host:port/name") as caught:
        Store(Schema(Database(url), "projections_000001"))

    told = caught.value
    assert "s3cret" not in f"{told}{told.__cause__}"
    assert told.__suppress_context__


def test_a_server_that_is_not_there_may_come_back() -> None:
    """Nobody listens: the error names the place and not the password, and is one of those to try again after."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    database = Database(f"postgresql://ada:s3cret@127.0.0.1:{port}/district")

    with pytest.raises(StoreAwayError, match=r"database district at 127\.0\.0\.1:\d+ cannot be reached") as caught:
        Store(Schema(database, "projections_000001"))

    assert "s3cret" not in str(caught.value)


def test_a_host_name_that_does_not_exist_may_come_back() -> None:
    """A name service can fail for a while, so this is one of those to try again after too."""
    with pytest.raises(StoreAwayError, match=r"no-such-host\.invalid"):
        Store(Schema(Database("postgresql://ada@no-such-host.invalid/district"), "projections_000001"))
