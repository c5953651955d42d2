"""`engagement declarations`: which can be sent to DfE, which are expected and cannot, and what each rests on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, get_args

from sqlalchemy import Connection
from typer import Argument, Context, Option, Typer

from engagement import output
from engagement.commands.show import NobodyError
from engagement.declaration_rows import as_data, row, write_csv
from engagement.filters import Intake, Partner, Programme, Provider, check, given, one_of
from engagement.output import AsJson, Column, figures, prose
from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring
from learning.codes import DeclarationType
from learning.declarations import Readiness
from learning.milestones import milestones
from projections import enrolment_progress
from projections.declaration_readiness import (
    Declaration,
    declarations,
    expected_but_not_ready,
    summary,
)
from projections.declaration_readiness import ready as only_ready

app = Typer(no_args_is_help=True, help="DfE declarations: who can be declared, on what evidence, and who cannot yet.")


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


_TYPES = get_args(DeclarationType)


Milestone = Annotated[
    str | None,
    Option(
        help="Only this type: started, retained-1, retained-2 or completed.",
        callback=one_of("declaration type", _TYPES),
    ),
]
AsOf = Annotated[
    datetime | None,
    Option(
        formats=["%Y-%m-%d"],
        help="Judge at the end of this day, from what is known now. Default: the latest day that has started.",
        show_default=False,
    ),
]
AsFormat = Annotated[Format, Option("--format", help="How to print the rows.")]


@app.command()
def ready(
    context: Context,
    *,
    milestone: Milestone = None,
    intake: Intake = None,
    partner: Partner = None,
    provider: Provider = None,
    programme: Programme = None,
    as_of: AsOf = None,
    form: AsFormat = Format.table,
    as_json: AsJson = False,
) -> None:
    """List the declarations that can be sent, with the names and codes of DfE's provider API.

    As CSV, the columns are DfE's fields and then ours: enrolment, deadline and the codes of warnings. What was sent
    before is not known here and is listed again.
    """
    filters = {"intake": intake, "partner": partner, "provider": provider, "programme": programme}
    with _asked(context.obj, filters, milestone, as_of) as found:
        rows = [row(each) for each in only_ready(found)]
    if form is Format.json or as_json:
        output.json(rows)
    elif form is Format.csv:
        write_csv(sys.stdout, rows)
    elif rows:
        columns: list[Column | str] = [
            "Participant",
            "Enrolment",
            "Declaration",
            "Date",
            "Course",
            "Passed",
            "Partner",
            *prose("Warnings"),
        ]
        names = ("participant_id", "enrolment", "declaration_type", "declaration_date", "course_identifier")
        cells = [
            (*(each[name] for name in (*names, "has_passed", "delivery_partner_id")), ", ".join(each["warnings"]))
            for each in rows
        ]
        output.table("Ready to declare (UK time)", columns, cells, keys=2)
    else:
        output.say("Nothing is ready to declare; `engagement declarations expected` says why.")


@app.command()
def expected(
    context: Context,
    *,
    milestone: Milestone = None,
    intake: Intake = None,
    partner: Partner = None,
    provider: Provider = None,
    programme: Programme = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """List the declarations that DfE counts on and that cannot be sent, with what blocks each.

    DfE counts on `started` of everybody accepted, and on the others of who is active and has the one before.
    """
    filters = {"intake": intake, "partner": partner, "provider": provider, "programme": programme}
    with _asked(context.obj, filters, milestone, as_of) as found:
        rows = list(expected_but_not_ready(found))
    if as_json:
        output.json([as_data(row) for row in rows])
    elif rows:
        cells = [
            (
                *(row.enrolment, row.participant, row.intake, row.partner),
                *(row.readiness.declaration_type, row.readiness.deadline, _stops(row.readiness)),
            )
            for row in rows
        ]
        columns: list[Column | str] = [
            "Enrolment",
            "Participant",
            "Intake",
            "Partner",
            "Declaration",
            "Due by",
            *prose("What blocks it"),
        ]
        output.table("Expected and not ready", columns, cells)
    else:
        output.say("Everything that is expected is ready.")


@app.command("summary")
def show_summary(
    context: Context,
    *,
    milestone: Milestone = None,
    intake: Intake = None,
    partner: Partner = None,
    provider: Provider = None,
    programme: Programme = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Count the declarations of each intake, lead provider and delivery partner: expected, ready, and what blocks."""
    filters = {"intake": intake, "partner": partner, "provider": provider, "programme": programme}
    with _asked(context.obj, filters, milestone, as_of) as found:
        rows = summary(found)
    if as_json:
        output.json(rows)
    elif rows:
        cells = [
            (
                *(row.intake, row.provider, row.partner, row.declaration_type, row.deadline),
                *(row.expected, row.ready, row.not_ready),
                ", ".join(f"{count} {code}" for code, count in row.blockers.items()),
            )
            for row in rows
        ]
        counts = figures("Expected", "Ready", "Not ready")
        columns: list[Column | str] = ["Intake", "Provider", "Partner", "Declaration", "Due by", *counts, *prose("Why")]
        output.table("Declarations (not ready: of the expected)", columns, cells, keys=4)
    else:
        output.say("Nobody here is on a programme that DfE knows.")


@app.command()
def evidence(
    context: Context,
    enrolment: Annotated[str, Argument(help="The id of an enrolment.")],
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Show what each declaration of an enrolment rests on: which facts, when they happened and became known."""
    wiring: Wiring = context.obj
    with wiring.store() as store, store.connect() as connection:
        found = list(_of_one(wiring, connection, enrolment, as_of))
    if as_json:
        output.json([as_data(each) for each in found])
        return
    for each in found:
        _print_evidence(each)


def _of_one(wiring: Wiring, connection: Connection, enrolment: str, as_of: datetime | None) -> Iterator[Declaration]:
    row = enrolment_progress.find(connection, enrolment)
    if row is None:
        near = did_you_mean(enrolment, enrolment_progress.ids_like(connection, enrolment))
        raise NobodyError(f"there is no enrolment {enrolment}{near or '; check the id'}")
    curriculum = wiring.curriculum()
    if curriculum.programme(row["programme"]).course is None:
        output.say(f"DfE does not know the programme {row['programme']}: there is nothing to declare.")
    return declarations(connection, curriculum, milestones(), enrolment=enrolment, day=as_of and as_of.date())


def _print_evidence(declaration: Declaration) -> None:
    stands = declaration.readiness
    until = f"to {stands.deadline:%d %b %Y}" if stands.deadline else "on, no dates published"
    output.pairs(
        f"{stands.declaration_type} of {declaration.enrolment}",
        {
            "Ready": stands.ready,
            "Declaration date": stands.declaration_date,
            "Course": stands.course_identifier,
            "Passed": stands.has_passed,
            "Delivery partner": stands.delivery_partner,
            "Window": f"{stands.window_start:%d %b %Y} {until}",
            "Paid for": stands.payment,
            "Judged as of": declaration.as_of,
            **{f"({blocker.code})": blocker.sentence for blocker in stands.blockers},
        },
    )
    if stands.evidence:
        what = [
            (each.time, each.component or f"attempt {each.attempt}", each.what, each.recordedtime)
            for each in stands.evidence
        ]
        output.table("Evidence (UK time)", ["Happened", "What", "How", "Became known"], what)


@contextmanager
def _asked(
    wiring: Wiring, filters: dict[str, str | None], milestone: str | None, as_of: datetime | None
) -> Iterator[Iterator[Declaration]]:
    """The declarations asked for, while the block runs.

    Raises:
        UnknownValueError: Nobody is enrolled with a value of the filters.
    """
    wanted = given(**filters)
    [declaration_type] = [each for each in _TYPES if each == milestone] or [None]
    with wiring.store() as store, store.connect() as connection:
        check(connection, wanted)
        yield declarations(
            connection,
            wiring.curriculum(),
            milestones(),
            wanted,
            declaration_type=declaration_type,
            day=as_of and as_of.date(),
        )


def _stops(stands: Readiness) -> str:
    return "; ".join(blocker.sentence for blocker in stands.blockers if blocker.stops)
