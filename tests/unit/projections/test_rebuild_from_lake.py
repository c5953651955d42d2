"""A rebuild may read the facts from the lake as far as it goes: what comes of it is what comes of the log alone."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from eventlog.base import Record
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, record_of, start_day
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError
from eventlog.lake.writing import archive
from eventlog.rejects import REJECTS_TOPIC
from learning.errors import EngagementError
from projections.live import LiveProjections
from projections.rebuild import Archived, DifferenceError, rebuild, require_lake_of
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import START, completed, enrolled
from tests.fact_lives import lives, own_programmes
from tests.log_lives import rows

PARTITIONS = 3
DAYS = (date(2025, 10, 20), date(2026, 1, 12), date(2026, 3, 13))
_FACTS = 400


def now() -> Any:
    """The time of these tests."""
    return START


@pytest.fixture
def rulebook(tmp_path: Path) -> Rulebook:
    """The shipped policies, and the programmes of the lives."""
    return Rulebook(own_programmes(tmp_path))


@pytest.fixture
def log(tmp_path: Path, rulebook: Rulebook) -> Iterator[EmbeddedLog]:
    """A log with contradictory lives, days between them, and a record that is no fact."""
    facts = lives(7, _FACTS, rulebook.curriculum)
    with EmbeddedLog(tmp_path / "log.db", synchronous="NORMAL") as opened:
        opened.create_topic(FACTS_TOPIC, PARTITIONS)
        opened.create_topic(REJECTS_TOPIC, 1)
        share = len(facts) // len(DAYS)
        for place, day in enumerate(DAYS):
            opened.append(FACTS_TOPIC, [record_of(each) for each in facts[place * share : (place + 1) * share]])
            opened.append(FACTS_TOPIC, [Record(b"p-1", b"no fact", partition=place)])
            start_day(opened, day, START)
        opened.append(FACTS_TOPIC, [record_of(each) for each in facts[share * len(DAYS) :]])
        yield opened


@pytest.fixture
def plain(tmp_path: Path, log: EmbeddedLog, rulebook: Rulebook) -> Mapping[str, list[dict[str, Any]]]:
    """Every row of every table after a rebuild from the log alone."""
    with LiveProjections(tmp_path / "plain") as live:
        rebuild(log, live, rulebook, now)
        with live.open() as store:
            return rows(store)


def lake_until(log: EmbeddedLog, folder: Path, share: float) -> Lake:
    """A lake with this share of each partition, archived in several goes."""
    lake = Lake(folder / "lake")
    for partition, end in log.end_offsets(FACTS_TOPIC).items():
        archive(lake, log, partition, round(end * share), chunk=17)
    return lake


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_what_comes_of_it_is_what_comes_of_the_log(
    tmp_path: Path, log: EmbeddedLog, rulebook: Rulebook, plain: Mapping[str, list[dict[str, Any]]], share: float
) -> None:
    """However far the lake goes, each row of each table, checkpoints and heads included, is a plain rebuild's."""
    lake = lake_until(log, tmp_path, share)

    with LiveProjections(tmp_path / "projections") as live:
        total = rebuild(log, live, rulebook, now, archived=Archived(lake, lambda _: None))
        with live.open() as store:
            assert rows(store) == plain

    assert len(plain["enrolment_progress"]) > 10
    assert total == sum(log.end_offsets(FACTS_TOPIC).values())


def test_the_check_sees_what_the_lake_has_and_nothing_else(
    tmp_path: Path, log: EmbeddedLog, rulebook: Rulebook
) -> None:
    """When the check is asked, the new store stands exactly where the lake ends, in offset, head and day."""
    lake = lake_until(log, tmp_path, 0.6)
    seen: list[dict[int, tuple[Any, ...]]] = []

    def check(store: Store) -> None:
        seen.append({partition: tuple(at)[:3] for partition, at in store.checkpoints().items()})

    with LiveProjections(tmp_path / "projections") as live:
        rebuild(log, live, rulebook, now, archived=Archived(lake, check))

    assert seen == [{partition: tuple(position) for partition, position in lake.positions().items()}]


def test_facts_come_from_the_lake_as_far_as_it_goes(tmp_path: Path, log: EmbeddedLog, rulebook: Rulebook) -> None:
    """Of the log only what the lake lacks is read: no fact that is in the lake."""
    lake = lake_until(log, tmp_path, 0.5)
    positions = {partition: position.next_offset for partition, position in lake.positions().items()}
    read: list[bytes] = []

    class Watched:
        """The log, noting which records of the lake's part are asked of it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(log, name)

        def read(self, topic: str, partition: int, offset: int, limit: int, **more: int) -> Any:
            found = log.read(topic, partition, offset, limit, **more)
            read.extend(each.value for each in found if each.offset < positions[partition])
            return found

    with LiveProjections(tmp_path / "projections") as live:
        rebuild(Watched(), live, rulebook, now, archived=Archived(lake, lambda _: None))

    assert set(read) <= {b"no fact"}


def test_a_check_that_fails_leaves_the_live_store(tmp_path: Path, log: EmbeddedLog, rulebook: Rulebook) -> None:
    """Where lake and projections disagree, nothing is swapped, and the next rebuild is not in the way of anything."""

    def refuse(_: Store) -> None:
        raise DifferenceError("they differ")

    with LiveProjections(tmp_path / "projections") as live:
        rebuild(log, live, rulebook, now)
        before = live.place
        with pytest.raises(DifferenceError, match="they differ"):
            rebuild(log, live, rulebook, now, archived=Archived(lake_until(log, tmp_path, 1.0), refuse))
        assert live.place == before
        rebuild(log, live, rulebook, now)


def other_log(folder: Path) -> EmbeddedLog:
    """A log of other facts."""
    folder.mkdir()
    other = EmbeddedLog(folder / "log.db", synchronous="NORMAL")
    other.create_topic(FACTS_TOPIC, PARTITIONS)
    return other


def test_a_lake_that_goes_on_after_the_log_is_refused(tmp_path: Path, log: EmbeddedLog, rulebook: Rulebook) -> None:
    """A lake of another log, or beside one that was cut, builds nothing, and the message says what to do."""
    lake = lake_until(log, tmp_path, 1.0)

    with other_log(tmp_path / "other") as other, LiveProjections(tmp_path / "projections") as live:
        with pytest.raises(LakeError, match=r"goes on to offset \d+ of partition 0, where the log ends at 0.*aside"):
            rebuild(other, live, rulebook, now, archived=Archived(lake, lambda _: None))
        assert not live.exists()


def test_a_lake_of_another_log_is_refused(tmp_path: Path, log: EmbeddedLog) -> None:
    """As many records as the log has are not enough: the hash chains must be the same."""
    with other_log(tmp_path / "other") as other:
        facts = [enrolled(), *(completed(f"module-{each}") for each in range(1, 9))]
        other.append(FACTS_TOPIC, [record_of(each, partition=1) for each in facts])
        lake = Lake(tmp_path / "lake-of-another")
        archive(lake, other, 1, len(facts))

    with pytest.raises(LakeError, match="not written from this log: their hash chains of partition 1 differ at offset"):
        require_lake_of(log, lake)


def test_a_lake_of_this_log_is_accepted(tmp_path: Path, log: EmbeddedLog) -> None:
    """A lake that is behind, or that has not come to some partitions, is a part of the log."""
    lake = Lake(tmp_path / "lake")
    archive(lake, log, 2, 5)

    require_lake_of(log, lake)

    assert issubclass(LakeError, EngagementError)
