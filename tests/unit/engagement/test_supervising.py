"""The supervisor: what dies is started again, later each time, until it is hopeless; and all stops in order."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.supervising import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    LOOK_SECONDS,
    MOST_FALSE_STARTS,
    START_SECONDS,
    STEADY_SECONDS,
    Part,
    PartFailedError,
    Supervisor,
)


class Clock:
    """Seconds that pass when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stops_at = float("inf")

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def pause(self, seconds: float) -> bool:
        """Let time pass; True when it is time to stop."""
        self.now += seconds
        return self.now >= self.stops_at


class FakeProcess:
    """A process whose end is told by the test."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self.code: int | None = None
        self.said = ""
        self.stop = stop

    def exit_code(self) -> int | None:
        """How it ended."""
        return self.code

    def last_line(self) -> str:
        """What it said."""
        return self.said


class World:
    """A supervisor over fake processes, in the order in which they were started and stopped."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.started: list[tuple[str, float]] = []
        self.stopped: list[str] = []
        self.processes: dict[str, FakeProcess] = {}
        self.supervisor = Supervisor(self._launch, self.clock)

    def _launch(self, part: Part) -> FakeProcess:
        self.started.append((part.name, self.clock.now))
        made = FakeProcess(lambda: self.stopped.append(part.name))
        self.processes[part.name] = made
        return made

    def die(self, name: str, said: str = "Error: no.", code: int = 1) -> None:
        """Have the process of a part end; the supervisor looks at once."""
        self.processes[name].said = said
        self.processes[name].code = code
        self.supervisor.look()

    def wait_for_start(self) -> float:
        """Look again and again until a part was started; answers how long that took."""
        before, since = len(self.started), self.clock.now
        while len(self.started) == before:
            self.clock.now += 0.25
            self.supervisor.look()
        return self.clock.now - since


def part(name: str, is_ready: Callable[[], bool] = lambda: True) -> Part:
    """A part by its name."""
    return Part(name, (name,), is_ready)


def test_a_part_that_dies_is_started_again() -> None:
    """After the first wait there is a new process, and not before."""
    world = World()
    world.supervisor.start(part("worker"))
    world.die("worker", code=-9)
    assert len(world.started) == 1
    assert world.wait_for_start() == FIRST_WAIT_SECONDS


def test_each_wait_is_twice_the_one_before_up_to_the_longest() -> None:
    """A part that dies again and again, each time for another reason, is started ever less often."""
    world = World()
    world.supervisor.start(part("worker"))
    waits = []
    for said in "abcdefg":
        world.die("worker", said)
        waits.append(world.wait_for_start())
    assert waits == [1, 2, 4, 8, 16, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS]


def test_a_part_that_ran_for_long_is_started_again_soon() -> None:
    """Waits begin anew for a part that was steady; one that was nearly so waits on."""
    world = World()
    world.supervisor.start(part("worker"))
    world.die("worker")
    world.wait_for_start()
    world.clock.now += STEADY_SECONDS - 0.5
    world.die("worker")
    assert world.wait_for_start() == 2 * FIRST_WAIT_SECONDS
    world.clock.now += STEADY_SECONDS
    world.die("worker")
    assert world.wait_for_start() == FIRST_WAIT_SECONDS


def test_a_part_that_cannot_start_is_given_up_with_its_last_words() -> None:
    """The same reason at every start, whatever the figures in it, ends with a sentence that repeats it."""
    world = World()
    world.supervisor.start(part("worker"))
    for number in range(MOST_FALSE_STARTS - 1):
        world.die("worker", f"Error: process {number} has the lock.")
        world.wait_for_start()
    with pytest.raises(PartFailedError, match=r"the worker does not stay up.*Error: process 9 has the lock\."):
        world.die("worker", "Error: process 9 has the lock.")


def test_a_silent_part_is_given_up_as_well() -> None:
    """Who says nothing is told to have said nothing."""
    world = World()
    world.supervisor.start(part("worker"))
    for _ in range(MOST_FALSE_STARTS - 1):
        world.die("worker", "")
        world.wait_for_start()
    with pytest.raises(PartFailedError, match="It did not say why"):
        world.die("worker", "")


REASONS = st.sampled_from(["no disk", "no log"])
TIMES = st.sampled_from([0.0, START_SECONDS])


@given(deaths=st.lists(st.tuples(REASONS, TIMES), max_size=MOST_FALSE_STARTS))
def test_only_the_same_reason_right_after_each_start_is_hopeless(deaths: list[tuple[str, float]]) -> None:
    """Up to the most false starts, a part is given up exactly if all were early and for one reason."""
    world = World()
    world.supervisor.start(part("worker"))
    hopeless = len(deaths) == MOST_FALSE_STARTS and len({*deaths}) == 1 and deaths[0][1] == 0
    try:
        for said, ran in deaths:
            world.clock.now += ran
            world.die("worker", said)
            world.wait_for_start()
    except PartFailedError:
        assert hopeless
    else:
        assert not hopeless


def test_parts_are_stopped_in_the_opposite_order_whatever_happens() -> None:
    """What people see goes first; also when the block ends by an error, and then the error goes on."""
    world = World()
    world.supervisor.start(part("worker"))
    world.supervisor.start(part("dashboard"))
    with pytest.raises(ZeroDivisionError), world.supervisor:
        raise ZeroDivisionError
    assert world.stopped == ["dashboard", "worker"]


def test_a_part_between_two_lives_is_not_started_while_all_stops() -> None:
    """One that waits for its next start has nothing to stop, and does not come back."""
    world = World()
    with world.supervisor as supervisor:
        supervisor.start(part("worker"))
        supervisor.start(part("dashboard"))
        world.die("worker")
    assert world.stopped == ["dashboard"]
    assert [name for name, _ in world.started] == ["worker", "dashboard"]


def test_bringing_up_waits_until_the_part_is_ready() -> None:
    """The next part is not begun before; meanwhile a death is noticed."""
    world = World()
    assert world.supervisor.bring_up(part("worker", lambda: world.clock.now >= 3), world.clock.pause)
    assert 3 <= world.clock.now < 3 + 2 * LOOK_SECONDS


def test_a_part_that_has_died_is_not_ready_before_it_runs_again() -> None:
    """What its last life left behind makes nobody think that it works."""
    world = World()

    def pause(seconds: float) -> bool:
        if len(world.started) == 1:
            world.processes["worker"].code = 1
        return world.clock.pause(seconds)

    assert world.supervisor.bring_up(part("worker", lambda: len(world.started) > 1), pause)
    assert [at for _, at in world.started] == [0, pytest.approx(FIRST_WAIT_SECONDS, abs=3 * LOOK_SECONDS)]


def test_who_says_stop_need_not_wait_for_what_starts() -> None:
    """A part that is not ready yet does not hold up the end."""
    world = World()
    world.clock.stops_at = 2
    assert not world.supervisor.bring_up(part("worker", lambda: False), world.clock.pause)
    assert world.clock.now == pytest.approx(2)


def test_looking_after_the_parts_ends_when_it_was_agreed() -> None:
    """For so many seconds what dies is started again; True says that nobody wanted to stop."""
    world = World()
    world.supervisor.start(part("worker"))
    world.processes["worker"].code = 1
    assert world.supervisor.keep(world.clock.pause, 5)
    assert world.clock.now == pytest.approx(5)
    assert len(world.started) == 2


def test_looking_after_the_parts_ends_when_somebody_says_stop() -> None:
    """Without an end it goes on until then."""
    world = World()
    world.clock.stops_at = 1_000
    assert not world.supervisor.keep(world.clock.pause)
    assert world.clock.now == pytest.approx(1_000)
