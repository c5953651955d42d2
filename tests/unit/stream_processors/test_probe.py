"""The progress probe: lag that does not move is a stall; everything else that can look like one is not."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.watching.progress import Progress

PATIENCE = 60.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """What the clock shows."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    """A worker that holds partitions 0 and 3; on 3 it stands at offset 120 of 500."""
    progress = Progress(PATIENCE, clock)
    progress.assigned({0: 10, 3: 120})
    progress.ends({0: 10, 3: 500})
    return progress


def test_work_that_nobody_does_is_a_stall_and_says_where(progress: Progress, clock: Clock) -> None:
    """Given lag, when nothing moves for the time of patience, then partition, offsets and seconds are named."""
    clock.wait(PATIENCE - 1)
    assert progress.stall() is None

    clock.wait(2)

    assert progress.stall() == "Partition 3 stands at offset 120 of 500 for 61 s."


def test_progress_in_one_partition_is_life_for_the_others_that_wait(progress: Progress, clock: Clock) -> None:
    """Given two partitions with lag, when one moves, then the other waits for its turn and nothing stands still."""
    progress.ends({0: 900, 3: 500})
    clock.wait(PATIENCE - 1)
    progress.moved(0, 400)

    clock.wait(PATIENCE - 1)

    assert progress.stall() is None


def test_work_in_hand_is_life(progress: Progress, clock: Clock) -> None:
    """Given a chunk that takes minutes, while its pieces are done nothing stands still; when they end, it does."""
    for _ in range(10):
        clock.wait(PATIENCE - 1)
        progress.alive(3)
        assert progress.stall() is None

    clock.wait(PATIENCE)

    assert progress.stall() is not None


def test_a_partition_that_is_passed_over_is_a_stall_though_others_move(progress: Progress, clock: Clock) -> None:
    """Given one partition that is never fetched, when the others have had many rounds, then it is a stall."""
    for position in range(11, 40):
        clock.wait(10)
        progress.moved(0, position)

    assert progress.stall() == "Partition 3 stands at offset 120 of 500 for 290 s."


def test_a_long_turn_after_a_long_wait_is_no_stall(progress: Progress, clock: Clock) -> None:
    """Given a partition that was passed over for a while, when its own long chunk is in hand, then that is life."""
    for position in range(11, 40):
        clock.wait(1)
        progress.moved(0, position)
    for _ in range(10):
        progress.alive(3)
        clock.wait(PATIENCE - 1)

        assert progress.stall() is None


def test_partitions_that_wait_for_a_long_round_are_not_passed_over(clock: Clock) -> None:
    """Given twelve partitions whose chunks take a minute each, when each has its turn in a round, nothing is wrong."""
    progress = Progress(PATIENCE, clock)
    progress.assigned(dict.fromkeys(range(12), 0))
    progress.ends(dict.fromkeys(range(12), 1_000))

    for position in range(1, 6):
        for partition in range(12):
            clock.wait(PATIENCE - 1)
            progress.moved(partition, position)
            assert progress.stall() is None


def test_a_worker_without_lag_is_healthy_however_long_it_is_idle(progress: Progress, clock: Clock) -> None:
    """Given that everything is done, when nothing comes for hours, then nothing stands still."""
    progress.moved(3, 500)

    clock.wait(50_000)

    assert progress.stall() is None


def test_the_clock_starts_when_work_arrives_not_when_the_last_was_done(progress: Progress, clock: Clock) -> None:
    """Given an idle night, when one record comes, then there is the whole time of patience to take it up."""
    progress.moved(3, 500)
    clock.wait(50_000)
    progress.ends({0: 10, 3: 501})
    assert progress.stall() is None

    clock.wait(PATIENCE)

    assert progress.stall() == "Partition 3 stands at offset 500 of 501 for 60 s."


def test_many_rounds_before_a_record_arrived_do_not_count_as_passing_over(progress: Progress, clock: Clock) -> None:
    """Given a partition that was idle while another moved often, when a record comes, it has not been passed over."""
    progress.moved(3, 500)
    for position in range(11, 100):
        clock.wait(10)
        progress.moved(0, position)
    progress.ends({0: 200, 3: 501})
    clock.wait(PATIENCE - 1)
    progress.moved(0, 101)
    clock.wait(1)

    assert progress.stall() is None


def test_a_worker_that_holds_nothing_is_healthy(progress: Progress, clock: Clock) -> None:
    """Given a rebalance that leaves a worker without partitions, it waits and is well."""
    progress.assigned({})
    progress.ends({0: 10, 3: 500})

    clock.wait(50_000)

    assert progress.stall() is None


def test_a_rebalance_restarts_the_clock(progress: Progress, clock: Clock) -> None:
    """Given lag that nobody moved, when partitions are assigned anew, there is the whole time of patience again."""
    clock.wait(PATIENCE - 1)
    progress.assigned({3: 120})
    progress.ends({3: 500})
    clock.wait(PATIENCE - 1)
    assert progress.stall() is None

    clock.wait(1)

    assert progress.stall() is not None


def test_a_partition_of_another_worker_does_not_count(progress: Progress, clock: Clock) -> None:
    """Given a partition that was taken away, neither its lag nor a late chunk of it means anything."""
    progress.assigned({0: 10})
    progress.ends({0: 10, 3: 500})
    clock.wait(PATIENCE)
    progress.moved(3, 200)

    assert progress.stall() is None
    assert [each.partition for each in progress.standings()] == [0]


def test_a_log_that_cannot_be_seen_is_no_lag(progress: Progress, clock: Clock) -> None:
    """Given a broker that is away, a new start would not help; when it is back, the worker has its time to go on."""
    progress.ends({})
    clock.wait(10 * PATIENCE)
    assert progress.stall() is None

    progress.ends({0: 10, 3: 500})

    assert progress.stall() is None
    clock.wait(PATIENCE)
    assert progress.stall() is not None


def test_an_end_that_shrinks_is_no_lag(progress: Progress, clock: Clock) -> None:
    """Given a log that is shorter than what was read, there is no work."""
    progress.ends({0: 10, 3: 100})

    clock.wait(PATIENCE)

    assert progress.stall() is None
    assert [each.lag for each in progress.standings()] == [0, 0]


def test_lag_stays_known_while_the_log_is_away(progress: Progress, clock: Clock) -> None:
    """Given a log that cannot be seen, the lag that was seen last still waits and grows older."""
    progress.ends({})
    clock.wait(30)

    assert progress.standings()[1] == (3, 380, 30.0)


def test_age_is_that_of_the_oldest_record_that_waits(progress: Progress, clock: Clock) -> None:
    """Given records seen at several times, when the older are done, the age is that of the next; at the end, 0."""
    clock.wait(5)
    progress.ends({3: 600})
    clock.wait(5)
    assert progress.standings()[1].age == 10

    progress.moved(3, 550)
    assert progress.standings()[1].age == 5

    progress.moved(3, 600)
    assert progress.standings()[1].age == 0


def test_a_rebalance_makes_nothing_younger(progress: Progress, clock: Clock) -> None:
    """Given records that wait in a partition that stays with the worker, their age goes on."""
    clock.wait(20)

    progress.assigned({3: 120, 4: 0})

    assert progress.standings() == [(3, 380, 20.0), (4, 0, 0.0)]


def test_a_partition_that_goes_back_to_an_earlier_offset_begins_anew(progress: Progress) -> None:
    """Given projections that were restored from a copy, when work goes on further back, lag is measured from there."""
    progress.assigned({3: 20})
    progress.ends({3: 500})

    assert progress.standings() == [(3, 480, 0.0)]


def test_ready_means_opened_and_assigned(clock: Clock) -> None:
    """A worker is ready when its log and projections are open and it was told its partitions, be they none."""
    progress = Progress(PATIENCE, clock)
    assert progress.unready() == "The log and the projections are being opened and checked."

    progress.opened()
    assert progress.unready() == "No partitions have been assigned to this worker yet."

    progress.assigned({})
    assert progress.unready() is None


def test_the_longest_wait_is_measured_with_bounded_memory(clock: Clock) -> None:
    """Given lag that grows for days, the age stays that of the first record, and no more than 500 sights are kept."""
    progress = Progress(PATIENCE, clock)
    progress.assigned({0: 0})
    began = clock.now
    for end in range(1, 5_000):
        progress.ends({0: end})
        clock.wait(2)

    assert progress.standings() == [(0, 4_999, clock.now - began)]
    [partition] = (progress._held or {}).values()
    assert len(partition._arrivals) <= 500


STEPS = st.lists(st.tuples(st.sampled_from(["moved", "ends", "away"]), st.integers(0, 30)), max_size=30)


def seen_times(steps: list[tuple[str, int]]) -> Iterator[tuple[int, float]]:
    """What lag and age are after each step, from a note for every single record; a step takes a second."""
    position, end, seen = 0, 0, dict[int, float]()
    for now, (step, offset) in enumerate(steps):
        if step == "moved":
            position, end = max(position, offset), max(position, offset, end)
        elif step == "ends":
            end = offset
            seen = {each: seen.get(each, now) for each in range(position, end)}
        yield max(end - position, 0), now - seen[position] if position < end else 0.0


@given(STEPS)
def test_lag_and_age_are_those_of_single_records(steps: list[tuple[str, int]]) -> None:
    """Whatever is seen and done in whichever order, lag and age are what a note for every record would say."""
    clock = Clock()
    clock.now = -1.0
    progress = Progress(PATIENCE, clock)
    progress.assigned({0: 0})
    measured = []
    for step, offset in steps:
        clock.wait(1)
        if step == "moved":
            progress.moved(0, offset)
        else:
            progress.ends({0: offset} if step == "ends" else {})
        measured.append(progress.standings()[0][1:])

    assert measured == list(seen_times(steps))
