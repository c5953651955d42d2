"""The risk of an erased enrolment, which totals still count: as it was then, without what was seen of the person."""

from datetime import date

from msgspec import structs

from learning.curriculum import Curriculum
from learning.policy import Policies
from learning.progress import State
from learning.risk import Assessment, Reason, assess


def as_erased(state: State, now: Assessment, curriculum: Curriculum, policies: Policies) -> Assessment:
    """The assessment as it was on the latest day that had started before the enrolment was erased; no flag is raised.

    Args:
        state: Of an erased enrolment.
        now: Its assessment as if it were not erased, which says when its measures change next.
        curriculum: The programmes.
        policies: The versions of the policy.
    """
    last = min(state.erased or 0, now.as_of.toordinal())
    then = assess(state, curriculum, policies, date.fromordinal(last)) if last else None
    if then is None:
        return structs.replace(
            now, level="on-track", points=0, reasons=(), since=None, flagged_since=None, comes_down=None
        )
    return structs.replace(
        then, reasons=tuple(map(_counted, then.reasons)), as_of=now.as_of, comes_down=None, next_change=now.next_change
    )


def _counted(reason: Reason) -> Reason:
    """A reason as it is counted: without what was seen of the person."""
    return structs.replace(reason, figure=reason.threshold, inputs={})
