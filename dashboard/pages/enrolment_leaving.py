"""A withdrawal as the page of its participant tells it, with the deferral that is open to them instead.

What DfE takes is as in its provider API, version 3: it defers who is active and of whom it has a declaration, withdraws
who has a started one, and takes back who paused or left. What a late request costs is the lead provider's rule
(`learning.assessment`).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from dashboard.wording import count, day
from learning.calendar import uk_day
from learning.facts import DeferralRequested, Deferred
from learning.programme import Programme
from learning.progress import Noted
from learning.withdrawals import withdrawal


def leaving(
    row: Mapping[str, Any], life: Iterable[Noted], programme: Programme | None, *, started: bool
) -> dict[str, Any] | None:
    """What is recommended, objected to or signed off, and while it is open what a deferral would mean.

    Args:
        row: Of the enrolment's progress.
        life: The facts of its life, in order.
        programme: The programme, if it is known.
        started: Whether there is evidence for a started declaration.

    Returns:
        `case`, `waits` (days since it was recommended) and `deferral` (sentences); None where nothing is to be told.
    """
    facts = list(life)
    case = withdrawal(facts)
    if case is None:
        return None
    waits = _days(row["as_of"], case.recommended_at and uk_day(case.recommended_at))
    open_still = case.state == "recommended" and row["status"] in ("active", "deferred")
    return {
        "case": case,
        "waits": waits,
        "deferral": list(_deferral(row, facts, programme, started=started)) if open_still else [],
    }


def _days(today: date | None, since: date | None) -> int | None:
    return None if today is None or since is None else max(0, (today - since).days)


def _deferral(
    row: Mapping[str, Any], life: Iterable[Noted], programme: Programme | None, *, started: bool
) -> Iterator[str]:
    if row["status"] == "deferred":
        yield "The participant is deferred already, and can come back instead of leaving."
    else:
        yield "The participant can pause instead. DfE sets no end to a deferral, and who paused or left can come back."
        yield "Staff of the lead provider approve a deferral, with one of DfE's five reasons."
    if not started:
        yield (
            "There is no evidence for a started declaration. DfE defers nobody of whom it has no declaration, and "
            "withdraws nobody who has no started one."
        )
    if programme is not None and programme.assessment is not None and row["attempts_left"] and not row["gate_reached"]:
        yield _attempts(row, life)


def _attempts(row: Mapping[str, Any], life: Iterable[Noted]) -> str:
    """What asking for a deferral does for the attempts at the assessment, by its deadline."""
    deadline, today = row["deadline"], row["as_of"]
    asked = [uk_day(noted.time) for noted in life if isinstance(noted.data, DeferralRequested | Deferred)]
    if asked and min(asked) <= deadline:
        return (
            f"A deferral was asked for on {day(min(asked))}, by the deadline: no attempt is lost by missing the gate."
        )
    if today is not None and today > deadline:
        return f"The deadline was {day(deadline)}: a deferral asked for after it saves no attempt at the assessment."
    left = count(row["attempts_left"], "attempt is", "attempts are")
    return f"Asked for by {day(deadline)}, no attempt is lost by missing the gate; {left} left; later, one is lost."
