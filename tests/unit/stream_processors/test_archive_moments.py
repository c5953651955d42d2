"""The archiver: writes many facts together, in time, and keeps trouble with the lake to itself."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.lake.manifest import LakeError, StaleLakeError
from stream_processors.archiving import TOGETHER, ArchiveError, Archiver

SECONDS = 60.0


class Ground:
    """A lake that notes what is written to it, or fails as it is told; and whoever watches; and the clock."""

    def __init__(self) -> None:
        self.stands: dict[int, int] = {}
        self.writes: list[tuple[int, int, int]] = []
        """(partition, from, until), in order."""
        self.fails: list[Exception] = []
        """What the next writes raise, one after the other."""
        self.now = 0.0
        self.archived_facts = 0
        self.lags: Mapping[int, int] = {}
        self.failures = 0
        self.archiver = Archiver(self, SECONDS, self, lambda: self.now)

    def positions(self) -> Mapping[int, int]:
        """Where it stands."""
        return dict(self.stands)

    def write(self, partition: int, until: int) -> int:
        """Take facts, in a quarter of a second; of ten records one is no fact."""
        if self.fails:
            raise self.fails.pop(0)
        self.now += 0.25
        begun = self.stands.get(partition, 0)
        self.writes.append((partition, begun, until))
        self.stands[partition] = until
        return (until - begun) * 9 // 10

    def archived(self, facts: int) -> None:
        """Count."""
        self.archived_facts += facts

    def lake_lags(self, lags: Mapping[int, int]) -> None:
        """Note."""
        self.lags = lags

    def lake_failed(self) -> None:
        """Count."""
        self.failures += 1


@pytest.fixture
def ground() -> Ground:
    """An empty lake at second 0."""
    return Ground()


def full() -> LakeError:
    """What a full disk becomes."""
    return LakeError("The lake cannot be written: No space left on device; make room.")


def test_few_facts_wait_and_many_do_not(ground: Ground) -> None:
    """Less than 50,000 records of a partition are left until they have waited; 50,000 are written at once."""
    ground.archiver.look({0: TOGETHER - 1, 1: TOGETHER})

    assert ground.writes == [(1, 0, TOGETHER)]
    assert ground.lags == {0: TOGETHER - 1, 1: 0}


def test_what_has_waited_long_enough_takes_along_all_others(ground: Ground) -> None:
    """The oldest waiting record decides, and later ones of other partitions go with it."""
    ground.archiver.look({0: 1, 1: 0})
    ground.now = SECONDS - 1
    ground.archiver.look({0: 2, 1: 5})
    assert ground.writes == []

    ground.now = SECONDS
    ground.archiver.look({0: 2, 1: 5})
    assert ground.writes == [(0, 0, 2), (1, 0, 5)]


def test_the_wait_begins_anew_after_a_write(ground: Ground) -> None:
    """A trickle of facts makes a file in so many seconds, not one a look."""
    for second in range(200):
        ground.now = float(second)
        ground.archiver.look({0: 1 + second})

    assert [until for _, _, until in ground.writes] == [61, 122, 183]


def test_a_lake_that_is_far_behind_catches_up_in_pieces(ground: Ground) -> None:
    """No piece holds more than 50,000 records, whatever waits."""
    ground.stands = {3: 10}
    ground.archiver.look({3: 2 * TOGETHER + 11})

    assert ground.writes == [
        (3, 10, TOGETHER + 10),
        (3, TOGETHER + 10, 2 * TOGETHER + 10),
        (3, 2 * TOGETHER + 10, 2 * TOGETHER + 11),
    ]
    assert ground.archived_facts == 90_000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2 * TOGETHER), st.floats(0, 90)), max_size=30))
def test_the_lake_never_goes_beyond_the_projections(steps: list[tuple[int, int, float]]) -> None:
    """Whatever comes when, each write begins where the last one of its partition ended, and none passes the bound."""
    ground, until = Ground(), dict.fromkeys(range(4), 0)
    for partition, more, seconds in steps:
        until[partition] += more
        ground.now += seconds
        ground.archiver.look(dict(until))
        assert all(ground.stands.get(each, 0) <= until[each] for each in until)

    ends: dict[int, int] = {}
    for partition, begun, end in ground.writes:
        assert begun == ends.get(partition, 0) < end
        ends[partition] = end


def test_a_failure_is_kept_from_whoever_rings_and_tried_again_after_growing_pauses(ground: Ground) -> None:
    """Attempts come 1, 2, 4, 8 ... seconds after the last failure, then every five minutes."""
    ground.fails = [full() for _ in range(1_000)]
    attempts = []
    for half in range(2_000):
        ground.now = half / 2
        before = ground.failures
        ground.archiver.look({0: TOGETHER})
        if ground.failures > before:
            attempts.append(ground.now)

    pauses = [round(later - earlier) for earlier, later in pairwise(attempts)]
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == 300
    assert ground.lags == {0: TOGETHER}


def test_a_lake_that_recovers_is_written_as_if_nothing_had_been(ground: Ground) -> None:
    """After a failure everything that waits is written once, and the next pause is short again."""
    ground.fails = [full()]
    for second in range(5):
        ground.now = float(second)
        ground.archiver.look({0: TOGETHER})
    assert ground.writes == [(0, 0, TOGETHER)]

    ground.fails = [full()]
    ground.now = 10.0
    ground.archiver.look({0: 2 * TOGETHER})
    ground.now = 11.5
    ground.archiver.look({0: 2 * TOGETHER})
    assert ground.writes[1:] == [(0, TOGETHER, 2 * TOGETHER)]


def test_an_error_nobody_thought_of_is_kept_away_too(ground: Ground) -> None:
    """Even a mistake in the lake's own program does not reach the work on the projections."""
    ground.fails = [ZeroDivisionError("division by zero")]
    ground.archiver.look({0: TOGETHER})

    assert ground.failures == 1


def test_where_another_worker_wrote_the_lake_is_asked_anew(ground: Ground) -> None:
    """After a rebalance nothing is written that another worker has written, and nothing is left out."""
    ground.archiver.look({0: TOGETHER})
    ground.stands[0] = TOGETHER + 30_000  # by whoever held it meanwhile
    ground.archiver.reassigned()
    ground.archiver.look({0: 3 * TOGETHER})

    assert ground.writes[1:] == [(0, 80_000, 130_000), (0, 130_000, 150_000)]


def test_the_end_of_a_worker_writes_what_waits_but_not_for_ever(ground: Ground) -> None:
    """The last write takes what is not due, until the time is over; the next start finds the rest."""
    ground.archiver.stop()
    ground.archiver.flush({0: 1, 1: 2, 2: 3}, seconds=0.5)

    assert ground.writes == [(0, 0, 1), (1, 0, 2)]


def test_a_failure_at_the_end_of_a_worker_is_told_and_no_more(ground: Ground) -> None:
    """A worker that is stopped stops, with a full disk too."""
    ground.fails = [full()]
    ground.archiver.flush({0: 1}, seconds=0.5)

    assert ground.failures == 1


def test_completing_writes_everything_now(ground: Ground) -> None:
    """Who waits for the end of `--until-caught-up` finds every fact in the lake."""
    ground.archiver.look({0: 7, 1: 9})
    ground.archiver.complete({0: 7, 1: 9})

    assert ground.stands == {0: 7, 1: 9}


def test_completing_tries_again_where_another_worker_was_in_the_way(ground: Ground) -> None:
    """Two workers that complete the same lake do not fail for each other."""
    ground.fails = [StaleLakeError("Partition 0 of the lake has moved on.")]
    ground.archiver.complete({0: 7})

    assert ground.stands == {0: 7}


def test_what_cannot_be_completed_is_told_in_one_sentence(ground: Ground) -> None:
    """Who asked for everything is told that the lake lacks some, and why."""
    ground.fails = [full()]
    with pytest.raises(ArchiveError, match=r"projections have every fact, but the lake has not.*make room"):
        ground.archiver.complete({0: 7})
