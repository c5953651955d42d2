"""What the policy says of every learner, week by week, from what had happened by then and nothing else.

The facts stand on a log, as an import puts them there. Each learner's are folded one week after the other: first the
cut-off, then only what happened before it, then the answer, which is never touched again.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.events import Fact, decode
from learning.facts import Enrolled, Withdrawn
from learning.measures import Progress, measure
from learning.plan import start_of
from learning.policy import LEVELS, Policies
from learning.progress import State, fold
from learning.risk import assess
from producers.oulad_catalogue import FILE

FIRST_DAY = 14
"""The first cut-off, in days from the first day of the presentation."""

WEEK = 7
_PAGE = 20_000


class Week(NamedTuple):
    """What was said of one learner as of one cut-off: a learner-week."""

    day: int
    """The cut-off, in days from the first day of the presentation: what happened before that day is seen."""
    level: int
    """The policy's answer, as its place in `LEVELS`."""
    points: int
    silent: bool
    """The answer of the other rule: seen once, and not in the seven days before the cut-off."""


class Learner(NamedTuple):
    """One learner of one module with all learner-weeks, in order."""

    programme: str
    student: int
    weeks: tuple[Week, ...]


class Study(NamedTuple):
    """What is looked at, and by which rules."""

    presentation: str
    catalogue: str
    """The programmes, as the text of a catalogue file: it can be handed to another process."""
    policies: Policies
    last_days: Mapping[str, int]
    """By programme: the last day that can be a cut-off."""


def look_at_all(log: Path, partitions: Sequence[int], study: Study, processes: int) -> list[Learner]:
    """Go through all learners of the presentation, in so many processes."""
    look = partial(look_at_partition, log, study=study)
    if processes == 1:
        return [learner for partition in partitions for learner in look(partition)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [learner for learners in pool.map(look, partitions) for learner in learners]


def look_at_partition(log: Path, partition: int, study: Study) -> list[Learner]:
    """The learners of one partition of the log."""
    curriculum = Curriculum.shipped().extended([parse(study.catalogue, FILE)])
    looked = (look_at(facts, study, curriculum) for facts in _enrolments(log, partition))
    return [learner for learner in looked if learner is not None]


def _enrolments(log: Path, partition: int) -> Iterator[list[Fact]]:
    """The facts of each enrolment, in the order in which they happened."""
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    with EmbeddedLog(log) as opened:
        end = opened.end_offsets(FACTS_TOPIC)[partition]
        for offset in range(0, end, _PAGE):
            for record in opened.read(FACTS_TOPIC, partition, offset, _PAGE):
                fact = decode(record.value)
                facts[fact.subject].append(fact)
    yield from facts.values()


def look_at(facts: Sequence[Fact], study: Study, curriculum: Curriculum) -> Learner | None:
    """One learner's weeks; None for who is on another presentation, or left before the first cut-off.

    Args:
        facts: All facts of the enrolment, in the order in which they happened.
        study: The presentation and the rules.
        curriculum: Has its programmes.
    """
    enrolled = next((each.data for each in facts if isinstance(each.data, Enrolled)), None)
    if enrolled is None or enrolled.intake != study.presentation:
        return None
    first_day = curriculum.intake(enrolled.programme, enrolled.intake).start
    state, folded, weeks = State(), 0, []
    for day in range(FIRST_DAY, study.last_days[enrolled.programme] + 1, WEEK):
        as_of = first_day + timedelta(days=day)
        while folded < len(facts) and facts[folded].time < start_of(as_of):
            fold(state, facts[folded])
            folded += 1
        if _takes_part(facts, as_of):
            weeks.append(_week(state, curriculum, study.policies, day, as_of))
    student = int(enrolled.participant.rpartition("-")[2])
    return Learner(enrolled.programme, student, tuple(weeks)) if weeks else None


def _takes_part(facts: Sequence[Fact], as_of: date) -> bool:
    """Whether somebody is registered on a day and has not unregistered by it."""
    until = start_of(as_of + timedelta(days=1))
    known: list[Any] = [each.data for each in facts if each.time < until]
    return any(isinstance(data, Enrolled) for data in known) and not any(isinstance(data, Withdrawn) for data in known)


def _week(state: State, curriculum: Curriculum, policies: Policies, day: int, as_of: date) -> Week:
    progress = measure(state, curriculum, as_of)
    if progress is None:
        return Week(day, 0, 0, silent=False)  # registered on this very day
    assessment = assess(state, curriculum, policies, as_of)
    level, points = (0, 0) if assessment is None else (LEVELS.index(assessment.level), assessment.points)
    return Week(day, level, points, silent=_silent(progress, as_of))


def _silent(progress: Progress, as_of: date) -> bool:
    """Open edX Aspects' rule for at-risk learners: enrolled, not through, seen once, but not in the last seven days."""
    last = progress.last_activity_at
    through = progress.standing.status == "completed"
    return not through and last is not None and last < start_of(as_of - timedelta(days=WEEK))
