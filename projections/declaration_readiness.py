"""Read model: which DfE declarations of whom can be sent, and which are expected and cannot.

It is a query, not a table: it judges the folded states at the moment of asking, so it cannot drift from them, and a new
version of DfE's dates needs no rebuild.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, get_args

from msgspec import Struct
from sqlalchemy import Connection, select

from learning.codes import DeclarationType
from learning.curriculum import Curriculum
from learning.declarations import Readiness, readiness
from learning.errors import EngagementError
from learning.milestones import MilestoneTable
from learning.progress import decode_state
from projections.schema import checkpoint, enrolment_progress, enrolment_state
from projections.storage.paging import ROWS_AT_ONCE

FILTERS = ("intake", "provider", "partner", "programme")
"""The columns by which declarations can be asked for, as they are now."""

_rows = enrolment_progress.c
_WHO = (_rows.enrolment, _rows.participant, _rows.erased, *(_rows[column] for column in FILTERS))


class NoDayError(EngagementError):
    """No day has started yet, so nobody can say which window is open."""


class Declaration(Struct, frozen=True, kw_only=True):
    """One declaration of one enrolment, with whose it is."""

    enrolment: str
    participant: str
    erased: bool
    """Whether it is only to be counted, because personal data of the participant were erased."""
    intake: str
    provider: str
    partner: str
    """Who delivers now; who is declared stands in `readiness`."""
    programme: str
    as_of: date
    readiness: Readiness


class Summary(Struct, frozen=True, kw_only=True):
    """The declarations of one type that a partner has in an intake, counted."""

    intake: str
    provider: str
    partner: str
    declaration_type: DeclarationType
    deadline: date | None
    """Types whose deadline differs by course group have a row for each."""
    enrolments: int
    expected: int
    ready: int
    not_ready: int
    """Expected and not ready."""
    blockers: dict[str, int]
    """Of those not ready: how many have each blocker; warnings are left out."""


def declarations(
    connection: Connection,
    curriculum: Curriculum,
    table: MilestoneTable,
    filters: Mapping[str, str] | None = None,
    *,
    enrolment: str | None = None,
    declaration_type: DeclarationType | None = None,
    day: date | None = None,
) -> Iterator[Declaration]:
    """Every declaration of the enrolments asked for, by intake, provider, partner and enrolment, one at a time.

    Args:
        connection: To the projections; everything is read of one moment.
        curriculum: The programmes; those that DfE does not know are left out.
        table: DfE's dates.
        filters: Columns of `FILTERS` and the value that each must have.
        enrolment: Only this one.
        declaration_type: Only these.
        day: Judge at the end of this day instead of the latest that has started.

    Raises:
        NoDayError: No day is given and none has started.
    """
    days = {row.partition: row.day for row in connection.execute(select(checkpoint.c.partition, checkpoint.c.day))}
    known_to_dfe = [each.id for each in curriculum.programmes.values() if each.course is not None]
    wanted = {**(filters or {}), **({"enrolment": enrolment} if enrolment else {})}
    query = (
        select(*_WHO, enrolment_state.c.home, enrolment_state.c.state)
        .join(enrolment_state, enrolment_state.c.enrolment == _rows.enrolment)
        .where(_rows.programme.in_(known_to_dfe), *(_rows[column] == value for column, value in wanted.items()))
        .order_by(_rows.intake, _rows.provider, _rows.partner, _rows.enrolment)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for *who, home, state in connection.execute(query):
        as_of = day or days.get(home)
        if as_of is None:
            raise NoDayError("no day has started on the log yet; run `engagement worker`, or name a day with --as-of")
        names = dict(zip(("enrolment", "participant", "erased", *FILTERS), who, strict=True))
        for each in readiness(decode_state(state), curriculum, table, as_of):
            if declaration_type in (None, each.declaration_type):
                yield Declaration(**names, as_of=as_of, readiness=each)


def ready(found: Iterable[Declaration]) -> Iterator[Declaration]:
    """Those that can be sent; whoever was erased is left out, as of all lists."""
    return (each for each in listed(found) if each.readiness.ready)


def expected_but_not_ready(found: Iterable[Declaration]) -> Iterator[Declaration]:
    """Those that DfE counts on and that cannot be sent; whoever was erased is left out."""
    return (each for each in listed(found) if each.readiness.expected and not each.readiness.ready)


def listed(found: Iterable[Declaration]) -> Iterator[Declaration]:
    """Those that may be shown one by one."""
    return (each for each in found if not each.erased)


def summary(found: Iterable[Declaration]) -> list[Summary]:
    """Count declarations by intake, provider, partner, type and deadline, in the order of these."""
    counts: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    blockers: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for each in found:
        stands = each.readiness
        key = (each.intake, each.provider, each.partner, stands.declaration_type, stands.deadline)
        not_ready = stands.expected and not stands.ready
        counts[key].update(enrolments=1, expected=stands.expected, ready=stands.ready, not_ready=not_ready)
        if not_ready:
            blockers[key].update(blocker.code for blocker in stands.blockers if blocker.stops)
    return [
        Summary(
            intake=intake,
            provider=provider,
            partner=partner,
            declaration_type=declaration_type,
            deadline=deadline,
            enrolments=count["enrolments"],
            expected=count["expected"],
            ready=count["ready"],
            not_ready=count["not_ready"],
            blockers=dict(blockers[intake, provider, partner, declaration_type, deadline].most_common()),
        )
        for (intake, provider, partner, declaration_type, deadline), count in sorted(counts.items(), key=_in_order)
    ]


def _in_order(counted: tuple[tuple[Any, ...], object]) -> tuple[Any, ...]:
    *owner, declaration_type, deadline = counted[0]
    return (*owner, get_args(DeclarationType).index(declaration_type), deadline or date.max)


def values(connection: Connection, column: str) -> list[str]:
    """What a column of `FILTERS` can be asked for."""
    return list(connection.scalars(select(_rows[column]).distinct().order_by(_rows[column])))
