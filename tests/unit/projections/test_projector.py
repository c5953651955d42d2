"""The projector: a run of records becomes rows, each record once, and what is no fact is parked."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from eventlog.rejects import Parked
from learning.events import Fact, encode
from learning.facts import AttendanceRecorded, DayStarted, ParticipantMerged, Transferred
from learning.measures import measure
from learning.policy import shipped_policies
from learning.progress import fold_all
from learning.risk import assess
from projections import enrolment_progress
from projections.projector import Applied, GapError, Projector
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import SMALL, START, at, completed, enrolled, make

HEAD = b"head"


class Bench:
    """A projector on a store of its own, and what it parked."""

    def __init__(self, store: Store) -> None:
        """Park into a list."""
        self.store = store
        self.parked: list[Parked] = []
        self.projector = Projector(store, Rulebook(SMALL), park=self.parked.extend, now=lambda: START)

    def apply(self, partition: int, *messages: Fact | bytes, first: int = 0) -> Applied:
        """Apply facts, or raw messages, as records from an offset on."""
        values = (message if isinstance(message, bytes) else encode(message) for message in messages)
        return self.projector.apply(partition, list(enumerate(values, first)), HEAD)

    def row(self, enrolment: str) -> dict[str, object] | None:
        """The row of an enrolment."""
        with self.store.connect() as connection:
            return enrolment_progress.find(connection, enrolment)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A projector on an empty store."""
    with Store(tmp_path / "store.db") as store:
        yield Bench(store)


def expected(facts: Sequence[Fact], day: date | None) -> dict[str, object]:
    """The row that a fold in memory gives."""
    state = fold_all(facts)
    progress = measure(state, SMALL, day)
    assert progress is not None
    assessment = None if day is None else assess(state, SMALL, shipped_policies(), day)
    level = assessment and assessment.level
    return {**enrolment_progress.row(facts[0].subject, progress, level, START), "as_of": day}


def test_facts_become_a_row(bench: Bench) -> None:
    """Given facts of an enrolment, its row is what they amount to."""
    facts = [enrolled(), completed("module-1", at(2)), completed("module-2", at(9))]

    applied = bench.apply(0, *facts)

    assert applied == Applied(facts=3, rejects=0, enrolments=1)
    assert bench.row("e-1") == expected(facts, None)


def test_records_that_were_applied_are_skipped(bench: Bench) -> None:
    """A run that overlaps with what was applied adds only what is new."""
    facts = [enrolled(), completed("module-1"), completed("module-2")]
    bench.apply(0, *facts[:2])

    assert bench.apply(0, *facts) == Applied(facts=1, rejects=0, enrolments=1)
    assert bench.apply(0, *facts) == Applied()
    assert bench.row("e-1") == expected(facts, None)


def test_a_gap_is_refused(bench: Bench) -> None:
    """Records beyond the next one are refused: something in between would be lost."""
    bench.apply(0, enrolled())

    with pytest.raises(GapError, match="partition 0 goes on at offset 1, not at 5"):
        bench.apply(0, completed("module-1"), first=5)


def test_what_is_no_fact_is_parked_and_loses_nothing_beside_it(bench: Bench) -> None:
    """Given unreadable messages among facts, they are parked with origin, reason and bytes; the facts are applied."""
    facts = [enrolled(), completed("module-1")]

    applied = bench.apply(4, b"not json", facts[0], b'{"type": "learning.unknown.v1"}', facts[1])

    assert applied == Applied(facts=2, rejects=2, enrolments=1)
    assert [reject.origin for reject in bench.parked] == ["learning-events/4/0", "learning-events/4/2"]
    assert bench.parked[0].original == b"not json"
    assert "learning.unknown.v1" in bench.parked[1].reason
    assert bench.row("e-1") == expected(facts, None)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (enrolled(programme="small/unheard-of"), "programme small/unheard-of is in no catalogue file"),
        (enrolled(intake="winter"), "intake winter is in no catalogue file"),
        (make(Transferred(intake="winter")), "intake winter is in no catalogue file"),
    ],
)
def test_what_cannot_be_planned_is_parked(bench: Bench, fact: Fact, reason: str) -> None:
    """A programme or intake that nobody knows is no reason to stop."""
    assert bench.apply(0, fact).rejects == 1
    assert reason in bench.parked[0].reason


def test_facts_before_their_enrolment_are_kept(bench: Bench) -> None:
    """Given a completion before the enrolment is known, there is no row; once it is known, everything counts."""
    early = completed("module-1")
    bench.apply(0, early)
    assert bench.row("e-1") is None

    late = enrolled()
    bench.apply(0, late, first=1)
    assert bench.row("e-1") == expected([late, early], None)


def test_a_day_measures_everybody_at_home(bench: Bench) -> None:
    """When a day starts, enrolments without any new fact are measured as of that day too."""
    facts = [enrolled(), enrolled(enrolment="e-2")]
    bench.apply(0, *facts)

    bench.apply(0, make(DayStarted(day=date(2025, 12, 1)), enrolment="calendar"), first=2)

    assert bench.row("e-1") == expected(facts[:1], date(2025, 12, 1))
    assert bench.row("e-2") == expected(facts[1:], date(2025, 12, 1))


def test_an_older_day_changes_nothing(bench: Bench) -> None:
    """A day that arrives late does not turn the clock back."""
    bench.apply(0, enrolled(), make(DayStarted(day=date(2025, 12, 1)), enrolment="calendar"))

    bench.apply(0, make(DayStarted(day=date(2025, 11, 1)), enrolment="calendar"), first=2)

    assert bench.row("e-1")["as_of"] == date(2025, 12, 1)


def test_an_enrolment_with_facts_in_two_partitions_is_one(bench: Bench) -> None:
    """Given a merged participant whose later facts stand in another partition, all of them count, in any order."""
    before = [enrolled(), completed("module-1", at(1))]
    merged = make(ParticipantMerged(retired="p-1", into="p-2"), at(3), participant="p-2")
    after = [merged, make(AttendanceRecorded(component="clinic-1", attendance="attended"), at(4), participant="p-2")]

    bench.apply(7, *after)
    bench.apply(2, *before)

    row = bench.row("e-1")
    assert row == expected([*before, *after], None)
    assert row["participant"] == "p-2"
    assert bench.store.states(["e-1"])["e-1"].home == 2


def test_the_day_of_the_home_partition_counts(bench: Bench) -> None:
    """Given facts in two partitions whose days differ, the lowest partition's day is the enrolment's."""
    bench.apply(2, enrolled(), make(DayStarted(day=date(2025, 12, 1)), enrolment="calendar"))
    bench.apply(7, make(DayStarted(day=date(2026, 1, 1)), enrolment="calendar"))

    bench.apply(7, completed("module-1", participant="p-2"), first=1)

    assert bench.row("e-1")["as_of"] == date(2025, 12, 1)


def test_rejects_are_parked_before_the_checkpoint_passes_them(bench: Bench) -> None:
    """When parking fails, nothing is written, so the same records come again."""

    def full(_: object) -> None:
        raise OSError("disk full")

    projector = Projector(bench.store, Rulebook(SMALL), park=full, now=lambda: START)
    with pytest.raises(OSError, match="disk full"):
        projector.apply(0, [(0, encode(enrolled())), (1, b"not a fact")], HEAD)

    assert bench.store.checkpoint(0).next_offset == 0
    assert bench.row("e-1") is None
