"""How the pipeline is, for operators: how far each partition is, by which rules, and whether the audit trail holds."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from dashboard.reading import Rows
from dashboard.rendering import render
from dashboard.rules import AllPartners, Staff
from dashboard.visitors import Visitor, parts_of
from dashboard.waiting_rejects import WaitingRejects
from dashboard.wording import count
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from learning.errors import EngagementError
from learning.policy import Policies
from projections import checkpoints
from projections.checkpoints import Checkpoint
from projections.overview import at_a_glance
from registry import audit
from registry.audit import AuditTrailError

router = APIRouter(include_in_schema=False)


@router.get("/health")
def health(request: Request, rows: Rows, visitor: AllPartners) -> Response:
    """The state of every part."""
    return _page(request, rows, visitor)


@router.post("/health/audit")
def check_audit_trail(request: Request, rows: Rows, visitor: Staff) -> Response:
    """Check the audit trail from its beginning, which takes as long as it is."""
    try:
        with parts_of(request).registry.reading() as registry:
            end = audit.verify(registry)
    except AuditTrailError as error:
        return _page(request, rows, visitor, fault=str(error))
    return _page(request, rows, visitor, checked=f"The audit trail holds: {count(end.number, 'entry', 'entries')}.")


def _page(
    request: Request, rows: Connection, visitor: Visitor, *, checked: str | None = None, fault: str | None = None
) -> Response:
    parts = parts_of(request)
    done = checkpoints.every(rows)  # before the ends, which only grow: a lag is never below 0
    with parts.log() as log:
        ends = log.end_offsets(FACTS_TOPIC)
    lake, lake_fault = _lake(parts.lake())
    rejects: WaitingRejects = request.app.state.rejects
    rulebook = parts.rulebook()
    as_of = request.state.freshness.as_of
    with parts.registry.reading() as registry:
        head = audit.head(registry)
    return render(
        request,
        "health.html",
        title="Health",
        active="health",
        live=checked is None and fault is None,
        partitions=[
            _partition(each, end, done.get(each, Checkpoint()), lake.get(each)) for each, end in sorted(ends.items())
        ],
        behind=sum(end - done.get(each, Checkpoint()).next_offset for each, end in ends.items()),
        rejects=rejects.count(),
        lake_fault=lake_fault,
        policies=list(_policies(rulebook.policies, as_of)),
        programmes=list(_programmes(rows, rulebook.curriculum.programmes)),
        entries=head.number,
        head=head.hash,
        may_check=visitor.account.role == "staff",
        checked=checked,
        fault=fault,
    )


def _partition(number: int, end: int, done: Checkpoint, archived: int | None) -> dict[str, Any]:
    return {
        "number": number,
        "end": end,
        "done": done.next_offset,
        "lag": end - done.next_offset,
        "day": done.day,
        "policy": done.policy,
        "archived": archived,
    }


def _lake(lake: Lake | None) -> tuple[Mapping[int, int], str | None]:
    """How far each partition is in the lake, or why that cannot be told."""
    try:
        positions = {} if lake is None else lake.positions()
    except EngagementError as error:
        return {}, f"The lake cannot be read: {error}."
    found = {partition: position.next_offset for partition, position in positions.items()}
    return found, None if found else "There is no lake yet: a worker makes it as it archives facts."


def _policies(policies: Policies, as_of: date | None) -> Iterator[dict[str, Any]]:
    used = None if as_of is None else policies.on(as_of).version
    for each in reversed(policies.versions):
        yield {"version": each.version, "in_force": each.in_force, "is_used": each.version == used}


def _programmes(rows: Connection, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every programme that somebody is enrolled on, with whether its file is there."""
    enrolled: dict[str, int] = {}
    for row in at_a_glance(rows).cohorts:
        enrolled[row["programme"]] = enrolled.get(row["programme"], 0) + row["enrolled"]
    for programme, people in enrolled.items():
        found = known.get(programme)
        yield {"id": programme, "title": found and found.title, "enrolled": people}
