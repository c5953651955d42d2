"""Declarations as rows: under the names and in the forms of DfE's provider API (version 3), then what we add."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TextIO

import msgspec

from learning.declarations import Readiness
from projections.declaration_readiness import Declaration

DFE_COLUMNS = (
    "participant_id",
    "declaration_type",
    "declaration_date",
    "course_identifier",
    "has_passed",
    "delivery_partner_id",
)
"""What DfE calls the fields of a new declaration."""

OUR_COLUMNS = ("enrolment", "deadline", "warnings")
"""What we add for whoever looks through the rows: whose it is, until when it is due, the codes of warnings."""


def row(declaration: Declaration) -> dict[str, Any]:
    """One declaration that can be sent, by the names of all columns."""
    stands = declaration.readiness
    return {
        "participant_id": declaration.participant,
        "declaration_type": stands.declaration_type,
        "declaration_date": stands.declaration_date,
        "course_identifier": stands.course_identifier,
        "has_passed": stands.has_passed,
        "delivery_partner_id": stands.delivery_partner,
        "enrolment": declaration.enrolment,
        "deadline": stands.deadline,
        "warnings": [blocker.code for blocker in stands.blockers],
    }


def write_csv(file: TextIO, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows with their header, which comes even when there are none."""
    writer = csv.DictWriter(file, [*DFE_COLUMNS, *OUR_COLUMNS], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in each.items()} for each in rows)


def _cell(value: object) -> str:
    """As DfE's API wants it: instants in RFC 3339, in UTC; `true` and `false`."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case list():
            return " ".join(value)
        case _:
            return str(value)


def as_data(declaration: Declaration) -> dict[str, Any]:
    """Everything that is known of a declaration, side by side."""
    whose = msgspec.structs.asdict(declaration)
    del whose["erased"]  # whoever was is in no row
    stands: Readiness = whose.pop("readiness")
    return {**whose, **msgspec.structs.asdict(stands), "ready": stands.ready}
