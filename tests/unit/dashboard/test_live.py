"""What wakes an open page: a change that concerns its visitor, and nothing else."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from sqlalchemy import Connection

from dashboard import live
from dashboard.freshness import Freshness
from dashboard.live import RESTS, Watch
from dashboard.problems import NotReadyError
from dashboard.reading import Reading
from learning.facts import ContactMade
from tests.builders import make
from tests.dashboard_kit import Site
from tests.stream_kit import PATIENCE


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY", 0.001)
    monkeypatch.setattr(live, "APART", 0.0)


def woken(site: Site, partner: str | None, change: Callable[[], object]) -> bool:
    """Whether a page of this partner's (None: of all) hears of a change; a page of everybody's tells when to look."""

    async def watched() -> bool:
        watch = Watch(Reading(site.parts))
        looking = asyncio.create_task(watch.run())
        with watch.woken_for(partner) as ours, watch.woken_for(None) as everybodys:
            await asyncio.wait_for(everybodys.wait(), PATIENCE)  # the first look, which wakes everybody
            ours.clear()
            everybodys.clear()
            change()
            await asyncio.wait_for(everybodys.wait(), PATIENCE)
            heard = ours.is_set()
        looking.cancel()
        return heard

    return asyncio.run(watched())


def contact(site: Site, enrolment: str) -> Callable[[], object]:
    """Something that happens to one enrolment and is processed."""

    def happen() -> None:
        site.clock.move(seconds=1)
        data = ContactMade(channel="phone", outcome="reached", by="staff-1")
        site.publish(make(data, site.clock(), enrolment, enrolment.replace("e-", "p-"))).fold()

    return happen


@pytest.mark.parametrize(("partner", "hears"), [(None, True), ("partner-1", True), ("partner-0", False)])
def test_a_page_hears_of_changes_that_concern_it(site: Site, partner: str | None, hears: bool) -> None:
    """A page of one partner is woken by its own enrolments, and is not told when others' change."""
    assert woken(site, partner, contact(site, "e-1")) is hears


def test_too_many_pages_are_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many pages are open, one more is told to come back, and the others go on."""
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    watch = Watch(Reading(site.parts))

    async def ask() -> None:
        with watch.woken_for(None), watch.woken_for(None):
            pass

    with pytest.raises(NotReadyError):
        asyncio.run(ask())


def test_who_leaves_makes_room(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is closed no longer counts."""
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    watch = Watch(Reading(site.parts))

    async def ask() -> None:
        for _ in range(3):
            with watch.woken_for(None):
                pass

    asyncio.run(ask())


@pytest.mark.parametrize(("partner", "changed"), [(None, True), ("partner-1", True), ("partner-0", False)])
def test_what_changed_while_a_page_was_on_its_way_is_told(site: Site, partner: str | None, changed: bool) -> None:
    """A change between the making of a page and its first look at the stream is not lost."""
    made = site.clock()
    contact(site, "e-1")()

    assert Watch(Reading(site.parts)).changed_since(made, partner) is changed


def test_pages_hear_that_they_have_become_stale(site: Site) -> None:
    """When the worker stands still, open pages are told to look, though no row changes."""

    def stand_still() -> None:
        site.publish(make(ContactMade(channel="phone", outcome="reached", by="staff-1"), site.clock(), "e-1", "p-1"))
        site.clock.move(seconds=2)  # the log is looked at again
        asyncio.get_running_loop().call_later(0.3, let_time_pass)

    def let_time_pass() -> None:
        site.clock.move(seconds=31)
        asyncio.get_running_loop().call_later(0.3, let_time_pass)

    assert woken(site, "partner-0", stand_still)


def test_counting_for_open_pages_rests_longer_than_it_takes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While something changes at every look and counting takes two seconds, most of the time nothing is counted."""
    monkeypatch.setattr(live, "APART", 1.0)
    seconds, begun = [0.0], []
    reading = Reading(site.parts)
    freshness = reading.freshness

    def changed(connection: Connection) -> Freshness:
        seconds[0] += 0.5
        return freshness(connection)._replace(records=int(10 * seconds[0]))

    def count(_: Freshness) -> None:
        begun.append(seconds[0])
        seconds[0] += 2.0
        if len(begun) == 4:
            raise KeyError("enough")

    monkeypatch.setattr(reading, "freshness", changed)
    monkeypatch.setattr(reading.recent, "renew", count)

    with pytest.raises(KeyError, match="enough"):
        asyncio.run(asyncio.wait_for(Watch(reading, lambda: seconds[0]).run(), PATIENCE))

    assert [later - earlier for earlier, later in pairwise(begun)] == [2.0 + RESTS * 2.0] * 3
