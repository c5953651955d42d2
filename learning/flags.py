"""The life of a flag: what people have done about it since it was raised.

The pipeline raises a flag and clears it; everything in between is a fact with a named actor. A flag never changes the
status of an enrolment: a withdrawal is signed off and a deferral granted by a person.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from learning.calendar import uk_day
from learning.facts import (
    ContactMade,
    Data,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.progress import Noted

Stage = Literal[
    "raised",
    "acknowledged",
    "contacted",
    "improving",
    "withdrawal-recommended",
    "withdrawal-objected",
    "withdrawal-signed-off",
    "deferred",
]


class FlagLife(Struct, frozen=True, kw_only=True):
    """Where a flag stands."""

    stage: Stage
    since: datetime | None = None
    """When it came to this stage; None while nobody has done anything about it."""
    by: str | None = None
    """Who brought it there."""


RAISED = FlagLife(stage="raised")

_STEPS: Mapping[type[Data], tuple[Stage, str]] = {
    FlagAcknowledged: ("acknowledged", "by"),
    ContactMade: ("contacted", "by"),
    ImprovementSeen: ("improving", "by"),
    WithdrawalRecommended: ("withdrawal-recommended", "by"),
    WithdrawalObjected: ("withdrawal-objected", "by"),
    Withdrawn: ("withdrawal-signed-off", "signed_off_by"),
    Deferred: ("deferred", "granted_by"),
}
"""What each fact makes of a flag, and where it names the actor."""


def flag_life(life: Iterable[Noted], flagged_since: date) -> FlagLife:
    """What was last done about a flag that was raised on a day (UK); what was done before that day was not about it."""
    last = RAISED
    for noted in life:
        step = _STEPS.get(type(noted.data))
        if step is not None and uk_day(noted.time) >= flagged_since:
            last = FlagLife(stage=step[0], since=noted.time, by=getattr(noted.data, step[1]))
    return last
