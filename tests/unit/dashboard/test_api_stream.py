"""Changes as they happen: an event for each enrolment that changed, for those only who may see it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dashboard.api.stream import MOST_OF_AN_ACCOUNT, Streams
from dashboard.problems import NotReadyError
from registry import accounts
from tests.builders import at, completed
from tests.dashboard_kit import Client, Site, course, opened
from tests.stream_kit import Stream, opened_stream

STREAM = "/api/v1/stream"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard with four people of two partners."""
    with opened(tmp_path) as site:
        yield site.publish(*course(people=4)).start().fold()


def happens(site: Site, *enrolments: str) -> None:
    """Something changes about each of these, one minute later."""
    site.clock.move(minutes=1)
    for each in enrolments:
        site.publish(completed("clinic-1", at(41), subject=each, partitionkey=each.replace("e-", "p-")))
    site.fold()


async def changed(stream: Stream) -> str:
    """The next enrolment that is told."""
    event = await stream.event()
    assert event["event"] == "enrolment"
    found: str = json.loads(event["data"])["enrolment"]
    return found


async def test_a_change_is_told(site: Site) -> None:
    """After `open`, what changes comes with its level and status as they are now."""
    staff = site.program("staff")
    async with opened_stream(site.app, STREAM, staff.headers) as stream:
        assert (await stream.event())["event"] == "open"
        happens(site, "e-3")

        event = await stream.event()

    row = staff.get("/api/v1/enrolments/e-3").json()
    names = ("enrolment", "updated_at", "level", "status")
    assert json.loads(event["data"]) == {name: row[name] for name in names}


async def test_a_partner_is_told_of_its_own_only(site: Site) -> None:
    """What changes at another partner makes no event, though it changed first."""
    async with opened_stream(site.app, STREAM, site.program("partner", "partner-1").headers) as stream:
        await stream.event()
        happens(site, "e-0", "e-2")
        happens(site, "e-3")

        assert await changed(stream) == "e-3"


async def test_a_stream_goes_on_after_the_last_event(site: Site) -> None:
    """Whoever comes back with the id of the last event gets what happened since, and nothing twice."""
    headers = dict(site.program("staff").headers)
    async with opened_stream(site.app, STREAM, headers) as stream:
        await stream.event()
        happens(site, "e-1")
        last = (await stream.event())["id"]
    happens(site, "e-2")
    happens(site, "e-3")

    async with opened_stream(site.app, STREAM, {**headers, "Last-Event-ID": last}) as stream:
        await stream.event()
        assert [await changed(stream), await changed(stream)] == ["e-2", "e-3"]


async def test_a_stream_ends_with_the_access(site: Site) -> None:
    """An account that was closed is told nothing more: the stream ends at the next change."""
    staff = site.program("staff")
    assert staff.account is not None
    async with opened_stream(site.app, STREAM, staff.headers) as stream:
        await stream.event()
        with site.registry.writing() as connection:
            accounts.revoke(connection, staff.account.id, site.clock())
        happens(site, "e-1")

        assert "enrolment" not in await stream.body()


@pytest.mark.parametrize("last", ["x", "e30", "\u00ff"])
def test_an_event_that_never_was_is_refused(last: str, site: Site) -> None:
    """A `Last-Event-ID` that was not given out is answered with 422."""
    client: Client = site.program("staff")

    assert client.get(STREAM, headers={"Last-Event-ID": last.encode("latin-1")}).status_code == 422


def test_an_account_has_so_many_streams_at_once() -> None:
    """One more than allowed is refused, another account has its own, and a closed one makes room."""
    streams = Streams()
    with ExitStack() as opened_ones:
        for _ in range(MOST_OF_AN_ACCOUNT):
            opened_ones.enter_context(streams.one_of("account-1"))
        with pytest.raises(NotReadyError), streams.one_of("account-1"):
            pass
        with streams.one_of("account-2"):
            pass

    with streams.one_of("account-1"):
        pass
