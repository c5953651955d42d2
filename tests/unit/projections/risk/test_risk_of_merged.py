"""A merged participant's facts count for the days of the partition in which they stood, and nothing is told twice."""

from datetime import date
from pathlib import Path

import msgspec

from learning.facts import (
    ComponentReopened,
    ParticipantMerged,
)
from projections import outbox
from tests.builders import completed, enrolled, make
from tests.decisions_kit import BEHIND, FLAG, WATCH, Bench, moment
from tests.risk_kit import policies_of


def test_facts_in_another_partition_count_for_the_days_on_which_they_stood_there(flagged: Bench) -> None:
    """Given work of a merged participant that is read only now, the days are decided by what stood on the log then."""
    merged = make(ParticipantMerged(retired="p-1", into="p-2"), moment(WATCH), participant="p-2")
    work = [completed(f"module-{number}", moment(WATCH, 11), participant="p-2") for number in (1, 2)]
    late = completed("module-3", moment(WATCH, 11), participant="p-2")

    flagged.apply(WATCH, merged, *work, FLAG, partition=1)
    assert flagged.history() == [(WATCH, "watch", None), (FLAG, "on-track", None)]
    assert flagged.messages() == []

    flagged.apply(late, partition=1)
    assert flagged.history() == [(WATCH, "watch", None), (FLAG, "on-track", None)]


def test_what_another_partition_is_ahead_with_makes_no_difference_to_a_day(tmp_path: Path) -> None:
    """Given work that was taken back, which the log says days later, the days before clear the flag all the same."""
    bench = Bench(tmp_path / "store.db", policies_of(msgspec.structs.replace(BEHIND, hold_days=3)))
    days = [date(2025, 9, day) for day in (23, 24, 25, 26)]
    merged = make(ParticipantMerged(retired="p-1", into="p-2"), moment(FLAG), participant="p-2")
    modules = ("module-1", "module-2")
    undone = [make(ComponentReopened(component=each), moment(FLAG, 12), participant="p-2") for each in modules]

    bench.apply(enrolled(), WATCH, FLAG, *(completed(each, moment(FLAG)) for each in modules))
    bench.apply(WATCH, FLAG, merged, *days, *undone, partition=1)
    for day in (*days, date(2025, 9, 27)):
        bench.apply(day)

    assert bench.history()[1:] == [
        (FLAG, "at-risk", "raised"),
        (date(2025, 9, 25), "on-track", "cleared"),
        (date(2025, 9, 27), "at-risk", "raised"),
    ]
    bench.store.close()


def test_what_has_left_is_not_told_again_when_days_are_decided_anew(flagged: Bench) -> None:
    """A message that was relayed stays relayed, though the facts of a merged participant make its day anew."""
    with flagged.store.changing() as connection:
        outbox.mark_relayed(connection, outbox.waiting(connection, 10, date.max))

    merged = make(ParticipantMerged(retired="p-1", into="p-2"), moment(FLAG), participant="p-2")
    flagged.apply(WATCH, FLAG, merged, partition=1)

    assert flagged.history() == [(WATCH, "watch", None), (FLAG, "at-risk", "raised")]
    assert flagged.messages() == []
