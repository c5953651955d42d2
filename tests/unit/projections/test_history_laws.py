"""Laws of what is decided: the history of flags is a function of the log alone, however the log is read."""

from collections.abc import Iterator, Mapping
from datetime import date
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from learning.changes import NOTHING_DECIDED, change_between, decision
from learning.events import Fact
from learning.facts import DayStarted, ParticipantErased
from learning.plan import start_of
from learning.progress import fold_all
from learning.risk import assess
from tests.log_lives import HOMES, RULEBOOK, Log, everything, live, logs, replayed, tables


@given(logs())
def test_it_does_not_matter_how_a_log_is_cut_into_runs(log: Log) -> None:
    """Record by record, every table ends byte for byte as in one run a partition."""
    one_by_one = [(partition, end) for partition, facts in enumerate(log) for end in range(1, len(facts) + 1)]

    assert tables(log, one_by_one) == tables(log, replayed(everything(log)))


@given(logs(), st.randoms(use_true_random=False))
def test_it_does_not_matter_in_which_turns_partitions_are_read(log: Log, random: Random) -> None:
    """Read in random turns and runs, every table ends byte for byte as in a replay."""
    ends = everything(log)

    assert tables(log, live(log, ends, random)) == tables(log, replayed(ends))


@given(logs(), st.randoms(use_true_random=False))
def test_at_any_moment_a_replay_of_what_was_read_gives_the_same(log: Log, random: Random) -> None:
    """However far each partition has been read, and be some days behind the others, a replay up to there agrees."""
    ends = [random.randint(0, len(partition)) for partition in log]

    assert tables(log, live(log, ends, random)) == tables(log, replayed(ends))


@given(logs(), st.randoms(use_true_random=False))
def test_the_history_says_what_was_decided_on_what_was_known(log: Log, random: Random) -> None:
    """Each row is the assessment of the facts that stood on the log before the day, where another one than before."""
    ends = everything(log)
    found = tables(log, live(log, ends, random))["risk_history"]

    assert [_said(row) for row in found] == [each for enrolment in sorted(HOMES) for each in _decided(log, enrolment)]


def _said(row: Mapping[str, Any]) -> tuple[Any, ...]:
    columns = ("enrolment", "day", "level", "previous_level", "change", "points", "since", "flagged_since", "policy")
    return tuple(row[column] for column in columns)


def _decided(log: Log, enrolment: str) -> Iterator[tuple[Any, ...]]:
    """What is to be in the history of an enrolment: every day assessed from scratch, straight from the log."""
    known = list(_with_day_known(log, enrolment))
    home = min(partition for partition, facts in enumerate(log) if any(each.subject == enrolment for each in facts))
    before, latest = NOTHING_DECIDED, date.min
    erased = min((since for fact, since in known if isinstance(fact.data, ParticipantErased)), default=date.max)
    for day in (each.data.day for each in log[home] if isinstance(each.data, DayStarted)):
        if day <= latest:
            continue
        if day > erased:
            return  # nothing is decided about who is erased
        latest = day
        stood = [fact for fact, since in known if since < day and fact.time < start_of(day)]
        found = assess(fold_all(stood), *RULEBOOK, day)
        if found is None or (after := decision(found)) == before:
            continue
        change = change_between(before, after)
        levels = (found.level, before.level, change, found.points)
        yield (enrolment, day, *levels, found.since, found.flagged_since, found.policy)
        before = after


def _with_day_known(log: Log, enrolment: str) -> Iterator[tuple[Fact, date]]:
    """The facts of an enrolment, each with the latest day that stood before it in its partition."""
    for facts in log:
        latest = date.min
        for fact in facts:
            if isinstance(fact.data, DayStarted):
                latest = max(latest, fact.data.day)
            elif fact.subject == enrolment:
                yield fact, latest
