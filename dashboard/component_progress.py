"""How a participant stands with each component of the programme, worked out from the folded state."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.progress import decode_state, done_since
from projections import enrolment_states


def components_of(
    connection: Connection, curriculum: Curriculum, enrolment: str, programme: str, intake: str
) -> Iterator[dict[str, Any]]:
    """A row for each component, in the order in which they are due; none where no catalogue file has the programme."""
    stored = enrolment_states.find(connection, [enrolment]).get(enrolment)
    try:
        plan = curriculum.plan(programme, intake)
    except UnknownProgrammeError:
        return
    marks = decode_state(stored.state).components if stored else {}
    for component in sorted(plan.programme.components, key=lambda each: (plan.due_day(each), each.id)):
        theirs = marks.get(component.id)
        yield {
            "component": component.id,
            "kind": component.kind,
            "title": component.title,
            "counts": component.counts,
            "points": plan.programme.points.get(component.id, 0),
            "due_on": plan.due_day(component),
            "done_at": done_since(theirs) if theirs else None,
            "state": theirs[-1][2] if theirs else None,
        }
