"""How a withdrawal came about: recommended by whom and why, and what the delivery partner answered.

Nothing here changes a status: only the sign-off of the delivery partner does (`learning.standing`).
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from learning.codes import WithdrawalReason
from learning.facts import Resumed, WithdrawalObjected, WithdrawalRecommended, Withdrawn
from learning.progress import Noted
from learning.standing import Withdrawal


class WithdrawalCase(Struct, frozen=True, kw_only=True):
    """The last word on leaving, and what led to it."""

    state: Withdrawal
    reason: WithdrawalReason | None = None
    """DfE's code: that of the sign-off, or until then of the recommendation."""
    recommended_at: datetime | None = None
    """None: nobody recommended it."""
    recommended_by: str | None = None
    answered_at: datetime | None = None
    """When the delivery partner objected or signed off; None: it has not answered."""
    answered_by: str | None = None
    objection: str | None = None
    """Why the partner objected, as a code of ours."""
    effective: date | None = None
    """The day from which a withdrawal that was signed off holds."""

    @property
    def said_at(self) -> datetime | None:
        """When it came to where it stands."""
        return self.answered_at or self.recommended_at


def withdrawal(life: Iterable[Noted]) -> WithdrawalCase | None:
    """The withdrawal of an enrolment; None while there is none to speak of, and after a return.

    A recommendation after an answer begins anew. A sign-off after another one corrects it.

    Args:
        life: The facts of its life, in order.
    """
    case: WithdrawalCase | None = None
    for noted in life:
        case = _after(case, noted.data, noted.time)
    return case


def _after(case: WithdrawalCase | None, data: Any, when: datetime) -> WithdrawalCase | None:
    match data:
        case WithdrawalRecommended(reason=reason, by=by):
            return WithdrawalCase(state="recommended", reason=reason, recommended_at=when, recommended_by=by)
        case WithdrawalObjected(reason=why, by=by):
            before = case or WithdrawalCase(state="objected")
            return replace(before, state="objected", answered_at=when, answered_by=by, objection=why, effective=None)
        case Withdrawn(reason=reason, effective=effective, signed_off_by=by):
            before = case or WithdrawalCase(state="signed-off")
            return replace(
                before,
                state="signed-off",
                reason=reason,
                answered_at=when,
                answered_by=by,
                objection=None,
                effective=effective,
            )
        case Resumed():
            return None
    return case
