"""What people do about an enrolment, made into facts with a named actor, alike from the command line and the dashboard.

Before a fact is made, what is asked for is held against where the enrolment stands by what has been processed so far.
Nothing here writes to a projection: the fact is folded like any other.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from learning.calendar import uk_day
from learning.errors import EngagementError
from learning.events import Fact, fact
from learning.facts import (
    AlertsMuted,
    ContactMade,
    Data,
    DeferralRequested,
    Deferred,
    FlagAcknowledged,
    Identifier,
    ImprovementSeen,
    Resumed,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.standing import Status
from projections import enrolment_progress, enrolment_risk

Action = (
    FlagAcknowledged
    | ContactMade
    | ImprovementSeen
    | DeferralRequested
    | Deferred
    | WithdrawalRecommended
    | WithdrawalObjected
    | Withdrawn
    | Resumed
    | AlertsMuted
)
"""What somebody can do: the data of the fact that it becomes."""

LONGEST_MUTE: Final = timedelta(days=60)
"""For so long alerts can be muted at once; who is to be left alone for longer is looked at again."""

_NEEDS_FLAG: Final = (FlagAcknowledged, ImprovementSeen)
_STATUSES: Final[Mapping[type[Data], tuple[Status, ...]]] = {
    DeferralRequested: ("active",),
    Deferred: ("active", "deferred"),
    WithdrawalRecommended: ("active", "deferred"),
    Withdrawn: ("active", "deferred", "withdrawn"),
    Resumed: ("deferred", "withdrawn"),
    AlertsMuted: ("active", "deferred"),
}
"""Who can be deferred, withdrawn or taken back: DfE's transitions, and the same once more with a corrected date or
reason."""
_ACTORS: Final = ("by", "granted_by", "signed_off_by")
_ASKED: Final[Mapping[type[Data], str]] = {
    DeferralRequested: "a deferral cannot be asked for",
    Deferred: "it cannot be deferred",
    WithdrawalRecommended: "its withdrawal cannot be recommended",
    Withdrawn: "its withdrawal cannot be signed off",
    Resumed: "it cannot be resumed",
    AlertsMuted: "there are no alerts to mute",
}


class ActionError(EngagementError):
    """What is asked for does not fit where the enrolment stands."""


class NoFlagError(ActionError):
    """The enrolment has no flag that anything could be noted about."""


class StaffIdError(EngagementError):
    """Who is named as the actor is not named by the id of a member of staff."""


class Actions:
    """Makes the facts of one place where people act."""

    def __init__(self, source: str, *, now: Callable[[], datetime], unique: Callable[[], str]) -> None:
        """Facts come from `source`, at the time of `now`; `unique` answers another random text every time."""
        self._source = source
        self._now = now
        self._unique = unique

    def fact(self, connection: Connection, enrolment: str, action: Action) -> Fact:
        """The fact of an action, under an id that sorts by time and is never there twice; publish it next.

        Args:
            connection: To the projections.
            enrolment: Its id.
            action: What was done.

        Raises:
            ActionError: There is no such enrolment, or the action does not fit where it stands.
            StaffIdError: The actor looks like a name.
        """
        row = enrolment_progress.find(connection, enrolment)
        if row is None:
            raise ActionError(f"there is no enrolment {enrolment}; check its id")
        _check_actor(action)
        _check_status(row, action)
        if isinstance(action, _NEEDS_FLAG):
            _require_flag(connection, row)
        now = self._now().astimezone(UTC)
        if isinstance(action, AlertsMuted):
            _check_mute(action.until, uk_day(now))
        return fact(
            action,
            id=f"{now:%Y%m%dT%H%M%S.%fZ}-{self._unique()}",
            source=self._source,
            subject=enrolment,
            time=now,
            partitionkey=row["participant"],
        )


def fits(kind: type[Data], row: Mapping[str, Any], *, flagged: bool) -> bool:
    """Whether an action of this kind fits where an enrolment stands, so that it can be offered.

    Args:
        kind: One of `Action`.
        row: Of its progress.
        flagged: Whether it has a flag.
    """
    allowed = _STATUSES.get(kind)
    recommended = row["withdrawal_recommended"] or kind is not WithdrawalObjected
    return (allowed is None or row["status"] in allowed) and (flagged or kind not in _NEEDS_FLAG) and recommended


def staff_id(wanted: str) -> str:
    """The same, if it is an id with a digit in it; without any it is more likely a name.

    Raises:
        StaffIdError: It is not.
    """
    try:
        found: str = msgspec.convert(wanted, Identifier)
    except msgspec.ValidationError:
        found = ""
    if not any(character.isdigit() for character in found):
        raise StaffIdError(
            f"{wanted!r} is no id with a number in it; facts carry no names and no email addresses, so give the id of "
            "a member of staff, such as `partner-07/adviser-3`"
        )
    return found


def _check_actor(action: Action) -> None:
    for name in _ACTORS:
        if (actor := getattr(action, name, None)) is not None:
            staff_id(actor)


def _check_status(row: Mapping[str, Any], action: Action) -> None:
    allowed = _STATUSES.get(type(action))
    if allowed is not None and row["status"] not in allowed:
        raise ActionError(
            f"{row['enrolment']} is {row['status']}, so {_ASKED[type(action)]}; that takes one who is "
            f"{' or '.join(allowed)}"
        )
    if isinstance(action, WithdrawalObjected) and not row["withdrawal_recommended"]:
        raise ActionError(f"nobody recommends to withdraw {row['enrolment']}, so there is nothing to object to")


def _check_mute(until: date, today: date) -> None:
    latest = today + LONGEST_MUTE
    if not today <= until <= latest:
        raise ActionError(
            f"alerts can be muted until a day from today ({today}) to {latest}, not until {until}; choose such a day"
        )


def _require_flag(connection: Connection, row: Mapping[str, Any]) -> None:
    risk = enrolment_risk.find(connection, row["enrolment"])
    if risk is not None and risk["flagged_since"] is not None:
        return
    if row["status"] != "active":
        stands = f"is {row['status']}"
    else:
        stands = "was not looked at yet" if risk is None else f"is {risk['level'].replace('-', ' ')}"
    raise NoFlagError(f"{row['enrolment']} has no flag: it {stands}; a contact can be noted all the same")
