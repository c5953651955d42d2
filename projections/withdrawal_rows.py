"""Withdrawals as rows: what DfE's provider API (version 3) takes of each participant, then what we add.

DfE takes one request a participant, `PUT /api/v3/participants/npq/ID/withdraw`, with a reason and a course. It dates a
withdrawal by the call; the effective day stays ours.
"""

from typing import Any, Final

import msgspec

from projections.withdrawals import Found

DFE_COLUMNS: Final = ("participant_id", "reason", "course_identifier")
"""What DfE calls what it takes."""

OUR_COLUMNS: Final = (
    "effective",
    "enrolment",
    "delivery_partner_id",
    "recommended_at",
    "recommended_by",
    "signed_off_at",
    "signed_off_by",
    "warnings",
)
"""What we add for whoever looks through the rows."""


def row(found: Found) -> dict[str, Any]:
    """A withdrawal that was signed off, by the names of all columns."""
    case = found.case
    return {
        "participant_id": found.participant,
        "reason": case.reason,
        "course_identifier": found.course_identifier,
        "effective": case.effective,
        "enrolment": found.enrolment,
        "delivery_partner_id": found.partner,
        "recommended_at": case.recommended_at,
        "recommended_by": case.recommended_by,
        "signed_off_at": case.answered_at,
        "signed_off_by": case.answered_by,
        "warnings": list(found.warnings),
    }


def cells(found: Found) -> list[object]:
    """The same as cells of CSV, in the order of DfE's columns and then ours; warnings with a space between."""
    return [" ".join(value) if isinstance(value, list) else value for value in row(found).values()]


def request_of(found: Found) -> dict[str, Any]:
    """The same as the body that DfE takes, with whose it is, and with what is ours beside it."""
    told = row(found)
    return {
        "participant_id": told["participant_id"],
        "request": body(found),
        "ours": {name: told[name] for name in OUR_COLUMNS},
    }


def body(found: Found) -> dict[str, Any]:
    """The body of DfE's withdraw request."""
    attributes = {"reason": found.case.reason, "course_identifier": found.course_identifier}
    return {"data": {"type": "participant-withdraw", "attributes": attributes}}


def as_data(found: Found) -> dict[str, Any]:
    """Everything that is known of a withdrawal, side by side."""
    told = msgspec.structs.asdict(found)
    return {**told, **msgspec.structs.asdict(told.pop("case")), "ready": found.ready}
