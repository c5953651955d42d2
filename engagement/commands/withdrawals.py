"""`engagement withdrawals`: who is recommended to leave, what the partners answered, and what DfE is to be told."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, get_args

from typer import Context, Option, Typer

from analytics.exports import write_rows
from engagement import output
from engagement.filters import Intake, Partner, Programme, Provider, check, given, one_of
from engagement.output import AsJson, Column, prose
from engagement.wiring import Wiring
from learning.milestones import milestones
from learning.plan import start_of
from learning.standing import Withdrawal
from projections import withdrawals
from projections.list_filters import Wanted
from projections.withdrawal_rows import DFE_COLUMNS, OUR_COLUMNS, as_data, cells, request_of
from projections.withdrawals import Found, Rules

app = Typer(
    no_args_is_help=True,
    help="Withdrawals: recommended by staff, answered by the delivery partner, and ready to be told to DfE.",
)

_STATES: tuple[Withdrawal, ...] = get_args(Withdrawal)


State = Annotated[
    str | None,
    Option(
        help=f"Only these: {', '.join(_STATES)}. Default: all.",
        callback=one_of("state of a withdrawal", _STATES),
        show_default=False,
    ),
]
Since = Annotated[
    datetime | None,
    Option(formats=["%Y-%m-%d"], help="Only what was signed off on this day (UK) or later.", show_default=False),
]


@app.command("list")
def show_all(
    context: Context,
    *,
    state: State = None,
    intake: Intake = None,
    partner: Partner = None,
    provider: Provider = None,
    programme: Programme = None,
    as_json: AsJson = False,
) -> None:
    """List withdrawals with who recommended each, since when, and what the delivery partner answered.

    What has waited longest comes first. Nothing happens by itself: who is recommended stays until the partner signs
    off, with `engagement flag sign-off`, or objects, with `engagement flag object`.
    """
    filters = {"intake": intake, "partner": partner, "provider": provider, "programme": programme}
    places: dict[str, Any] = given(**filters)
    wanted = Wanted(withdrawal=state, **places)  # type: ignore[arg-type]  # checked by the option
    with _asked(context.obj, filters, wanted) as found:
        rows = list(found)
    if as_json:
        output.json([as_data(each) for each in rows])
    elif rows:
        columns: list[Column | str] = [
            *("Enrolment", "Participant", "Partner", "State", "Since", "Effective"),
            *prose("Reason", "By", "Answer"),
        ]
        output.table("Withdrawals (UK time)", columns, [_row(each) for each in rows])
    else:
        output.say("No withdrawal is recommended, objected to or signed off here.")


@app.command()
def export(
    context: Context,
    *,
    since: Since = None,
    intake: Intake = None,
    partner: Partner = None,
    provider: Provider = None,
    programme: Programme = None,
    as_json: AsJson = False,
) -> None:
    """Print the withdrawals that DfE can be told of: signed off, and effective by now; CSV, or DfE's requests as JSON.

    DfE takes one request a participant and dates it by the call: send declarations for what was done before first. The
    effective day and the other columns after DfE's are ours. What was sent before is not known here; ask with
    `--since`.
    """
    filters = {"intake": intake, "partner": partner, "provider": provider, "programme": programme}
    begun = since and start_of(since.date())
    places: dict[str, Any] = given(**filters)
    wanted = Wanted(withdrawal="signed-off", withdrawal_since=begun, **places)
    with _asked(context.obj, filters, wanted) as found:
        every = list(found)
    ready = [each for each in every if each.ready]
    if as_json:
        output.json([request_of(each) for each in ready])
    else:
        write_rows((*DFE_COLUMNS, *OUR_COLUMNS), map(cells, ready), "csv", sys.stdout)
    if left_out := len(every) - len(ready):
        output.say(f"Left out: {left_out}, not effective yet or of a programme that DfE does not know.")


@contextmanager
def _asked(wiring: Wiring, filters: Mapping[str, str | None], wanted: Wanted) -> Iterator[Iterator[Found]]:
    """The withdrawals asked for, while the block runs.

    Raises:
        UnknownValueError: Nobody is enrolled with a value of the filters.
    """
    rules = Rules(wiring.curriculum(), milestones())
    with wiring.store() as store, store.connect() as connection:
        check(connection, given(**filters))
        yield withdrawals.every(connection, rules, wanted)


def _row(found: Found) -> tuple[object, ...]:
    case = found.case
    answer = ", ".join(filter(None, [case.objection, case.answered_by, *found.warnings]))
    return (
        *(found.enrolment, found.participant, found.partner, case.state, case.said_at, case.effective),
        *(case.reason, case.recommended_by, answer),
    )
