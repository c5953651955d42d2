"""Replays what was known day by day under another policy: who would have been flagged, beside the policy there is.

The folded states keep from where on the log each fact was known, so nothing needs the log. Days are looked at some
days apart, for every enrolment on every day would be many looks; a flag that came and went in between is not seen.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from statistics import median

from msgspec import Struct, field
from sqlalchemy import Connection, func, select

from learning.curriculum import Curriculum
from learning.hindsight import as_known
from learning.measures import measured
from learning.policy import Policies
from learning.progress import State, decode_state
from learning.risk import assess
from projections import days
from projections.schema import enrolment_state

_STATES_AT_ONCE = 500
_YEAR = timedelta(days=365)


class Life(Struct, frozen=True):
    """One enrolment as a simulation saw it."""

    enrolment: str
    partner: str
    """As known on the last day that was looked at."""
    seen: tuple[date, ...]
    """The days on which it was active."""
    flagged_now: tuple[date, ...]
    """Of these, the days with a flag under the policy there is."""
    flagged_then: tuple[date, ...]
    """Of these, the days with a flag under the candidate."""
    erased: bool = False
    """Whether it is only to be counted, because personal data of the participant were erased."""


class Counts(Struct, kw_only=True):
    """Enrolments and their flags, under the policy there is (`now`) and under the candidate (`then`)."""

    enrolments: int = 0
    """Active on at least one of the days."""
    flagged_now: int = 0
    """Flagged on at least one of the days."""
    flagged_then: int = 0
    newly: int = 0
    """Flagged under the candidate only."""
    no_longer: int = 0
    """Flagged under the policy there is only."""
    latest_now: int = 0
    """Flagged on the latest day."""
    latest_then: int = 0
    share_now: float = 0.0
    """Part (0 to 1) of the looks, one an active enrolment and day, that found a flag."""
    share_then: float = 0.0
    days_earlier: float | None = None
    """Days by which the first flag comes earlier under the candidate: median of who is flagged under both, below 0
    where it comes later; None where nobody is."""


class Outcome(Struct, kw_only=True):
    """What a simulation found."""

    days: list[date] = field(default_factory=list)
    """The days that were looked at."""
    total: Counts
    partners: dict[str, Counts]
    newly: list[str]
    """The enrolments flagged under the candidate only; of whom was erased, none is named here and below."""
    no_longer: list[str]


def days_apart(started: Sequence[date], since: date | None, every: int) -> list[date]:
    """The latest day that has started, and back from it days that are at least `every` days apart, to `since`."""
    first = started[-1] - _YEAR if since is None and started else since
    chosen: list[date] = []
    for day in reversed(started[bisect_left(started, first) if first else 0 :]):
        if not chosen or (chosen[-1] - day).days >= every:
            chosen.append(day)
    return chosen[::-1]


def number_of_states(connection: Connection) -> int:
    """How many enrolments a simulation looks at."""
    return int(connection.scalar(select(func.count()).select_from(enrolment_state)) or 0)


def replay(
    connection: Connection,
    curriculum: Curriculum,
    policies: Policies,
    candidate: Policies,
    *,
    since: date | None,
    every: int,
) -> Iterator[Life]:
    """The life of every enrolment under both, one at a time; an empty one where it was never active.

    Args:
        connection: To the projections; everything is read of one moment.
        curriculum: The programmes.
        policies: Those there are.
        candidate: Those instead of them.
        since: The first day; None: a year before the latest.
        every: Days between two looks, at least.
    """
    looked_at: dict[int, list[date]] = {}
    columns = (enrolment_state.c.enrolment, enrolment_state.c.home, enrolment_state.c.state)
    query = select(*columns).order_by(enrolment_state.c.enrolment).execution_options(yield_per=_STATES_AT_ONCE)
    for enrolment, home, state in connection.execute(query):
        if home not in looked_at:
            looked_at[home] = days_apart(days.of(connection, home), since, every)
        yield life(enrolment, decode_state(state), looked_at[home], curriculum, now=policies, then=candidate)


def life(
    enrolment: str, state: State, looked_at: Iterable[date], curriculum: Curriculum, *, now: Policies, then: Policies
) -> Life:
    """Look at one enrolment on each of these days as it was known then."""
    partner = ""
    seen: list[date] = []
    flags: tuple[list[date], list[date]] = ([], [])
    for day in looked_at:
        known = as_known(state, day)
        measures = measured(known, curriculum, day)
        if measures is None:
            continue
        partner = measures.progress.standing.partner
        if measures.progress.standing.status != "active":
            continue  # nobody else is ever flagged
        seen.append(day)
        for policies, flagged in zip((now, then), flags, strict=True):
            assessment = assess(known, curriculum, policies, day, now=measures)
            if assessment is not None and assessment.flagged:
                flagged.append(day)
    return Life(enrolment, partner, tuple(seen), tuple(flags[0]), tuple(flags[1]), erased=state.erased is not None)


def compare(lives: Iterable[Life]) -> Outcome:
    """Count the lives, in all and by delivery partner."""
    by_partner: defaultdict[str, list[Life]] = defaultdict(list)
    looked_at: set[date] = set()
    for each in lives:
        if each.seen:
            by_partner[each.partner].append(each)
            looked_at.update(each.seen)
    everybody = [each for some in by_partner.values() for each in some]
    named = [each for each in everybody if not each.erased]
    latest = max(looked_at, default=date.min)
    return Outcome(
        days=sorted(looked_at),
        total=_count(everybody, latest),
        partners={partner: _count(some, latest) for partner, some in sorted(by_partner.items())},
        newly=sorted(each.enrolment for each in named if each.flagged_then and not each.flagged_now),
        no_longer=sorted(each.enrolment for each in named if each.flagged_now and not each.flagged_then),
    )


def _count(lives: Sequence[Life], latest: date) -> Counts:
    looks = sum(len(each.seen) for each in lives)
    earlier = [
        (each.flagged_now[0] - each.flagged_then[0]).days for each in lives if each.flagged_now and each.flagged_then
    ]
    return Counts(
        enrolments=len(lives),
        flagged_now=sum(bool(each.flagged_now) for each in lives),
        flagged_then=sum(bool(each.flagged_then) for each in lives),
        newly=sum(bool(each.flagged_then) and not each.flagged_now for each in lives),
        no_longer=sum(bool(each.flagged_now) and not each.flagged_then for each in lives),
        latest_now=sum(latest in each.flagged_now for each in lives),
        latest_then=sum(latest in each.flagged_then for each in lives),
        share_now=sum(len(each.flagged_now) for each in lives) / looks if looks else 0.0,
        share_then=sum(len(each.flagged_then) for each in lives) / looks if looks else 0.0,
        days_earlier=median(earlier) if earlier else None,
    )
