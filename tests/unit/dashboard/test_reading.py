"""The projections for each request: as of one moment, the newest store, and honest about how fresh they are."""

import pytest

from dashboard.problems import NotReadyError, NotThereError
from dashboard.reading import Reading, own_enrolment
from dashboard.visitors import Visitor
from projections.rebuild import rebuild
from tests.builders import completed
from tests.dashboard_kit import DAY, NOW, Site


def test_before_a_worker_ran_there_is_nothing_to_read(empty: Site) -> None:
    """A dashboard that was started first says what is missing, and may be asked again."""
    with pytest.raises(NotReadyError, match="worker"):
        Reading(empty.parts).store()


def test_a_rebuilt_store_is_read_from_then_on(site: Site) -> None:
    """After `engagement rebuild` pages show the new store, without a restart."""
    reading = Reading(site.parts)
    before = reading.store().place

    rebuild(site.log, site.live, site.rulebook, site.clock)

    assert reading.store().place != before
    with reading.store().connect() as connection:
        assert reading.freshness(connection).as_of == DAY


def test_facts_that_wait_are_counted(site: Site) -> None:
    """A page says how many facts on the log it does not show yet."""
    reading = Reading(site.parts)
    site.publish(completed("module-8", subject="e-1", partitionkey="p-1"))

    with reading.store().connect() as connection:
        freshness = reading.freshness(connection)

    assert (freshness.behind, freshness.stale, freshness.updated_at) == (1, False, NOW)


def test_a_worker_that_stands_still_makes_pages_stale(site: Site) -> None:
    """When facts have waited for longer than a moment, the page says that it is stale, until they are shown."""
    reading = Reading(site.parts)
    site.publish(completed("module-8", subject="e-1", partitionkey="p-1"))

    def stale() -> bool:
        with reading.store().connect() as connection:
            return reading.freshness(connection).stale

    assert not stale()
    site.clock.move(seconds=31)
    assert stale()
    site.fold()
    site.clock.move(seconds=2)
    assert not stale()


def test_another_partners_enrolment_is_not_there(site: Site) -> None:
    """What is told of another partner's enrolment is what is told of one that does not exist."""
    partner = Visitor(site.account("partner", "partner-0"))
    told = set()

    with Reading(site.parts).store().connect() as connection:
        assert own_enrolment(connection, partner, "e-0")["enrolment"] == "e-0"
        for enrolment in ("e-1", "e-nobody"):
            with pytest.raises(NotThereError) as refused:
                own_enrolment(connection, partner, enrolment)
            told.add(str(refused.value))

    assert len(told) == 1
