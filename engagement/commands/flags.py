"""`engagement flag`: what people do about a flag, put on the log as facts with a named actor."""

import secrets
from datetime import datetime
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Struct
from sqlalchemy import Connection
from typer import Argument, BadParameter, Context, Option, Typer

from engagement import output
from engagement.commands.show import find_one
from engagement.filters import one_of
from engagement.output import AsJson, uk_time
from engagement.wiring import Wiring
from learning.codes import DeferralReason, WithdrawalReason
from learning.events import Fact
from learning.facts import (
    YEARS,
    AlertsMuted,
    ContactMade,
    Deferred,
    FlagAcknowledged,
    ImprovementSeen,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from producers.actions import LONGEST_MUTE, Action, Actions, NoFlagError, StaffIdError, staff_id
from producers.publisher import publish
from stream_processors.day_clock import utc_now

app = Typer(
    no_args_is_help=True,
    help="What people do about a flag, noted as facts with a named actor. Nothing else ends an enrolment.",
)

SOURCE = "/engagement/command-line"

_HINTS = get_type_hints(ContactMade)
_CHANNELS: tuple[str, ...] = get_args(_HINTS["channel"])
_OUTCOMES: tuple[str, ...] = get_args(_HINTS["outcome"])
_OBJECTIONS: tuple[str, ...] = get_args(get_type_hints(WithdrawalObjected)["reason"])


class Noted(Struct, frozen=True, kw_only=True):
    """What was put on the log."""

    id: str
    type: str
    enrolment: str
    participant: str
    time: datetime
    data: dict[str, Any]


def _id_of_staff(wanted: str) -> str:
    """Refuse what is no id of a member of staff."""
    try:
        return staff_id(wanted)
    except StaffIdError as error:
        raise BadParameter(str(error)) from error


def _day(wanted: datetime | None) -> datetime | None:
    if wanted is not None and wanted.year not in YEARS:
        raise BadParameter(f"{wanted:%Y-%m-%d} does not lie between the years {YEARS.start} and {YEARS.stop}")
    return wanted


Enrolment = Annotated[str, Argument(help="The id of an enrolment, or of a participant who has one only.")]
By = Annotated[
    str, Option(help="Who did it: the id of a member of staff, never a name or an address.", callback=_id_of_staff)
]
Channel = Annotated[
    str, Option(help=f"How: {', '.join(_CHANNELS)}.", callback=one_of("way to make contact", _CHANNELS))
]
Result = Annotated[
    str, Option("--outcome", help=f"What came of it: {', '.join(_OUTCOMES)}.", callback=one_of("outcome", _OUTCOMES))
]
ReasonToWithdraw = Annotated[
    str,
    Option(
        "--reason",
        help="DfE's code of the reason, such as `insufficient-capacity`.",
        callback=one_of("withdrawal reason of DfE", get_args(WithdrawalReason)),
    ),
]
ReasonToObject = Annotated[
    str,
    Option("--reason", help=f"Why: {', '.join(_OBJECTIONS)}.", callback=one_of("reason to object", _OBJECTIONS)),
]
Until = Annotated[
    datetime,
    Option(formats=["%Y-%m-%d"], help=f"The last day without alerts, at most {LONGEST_MUTE.days} days ahead."),
]
ReasonToDefer = Annotated[
    str,
    Option(
        "--reason",
        help=f"DfE's code of the reason: {', '.join(get_args(DeferralReason))}.",
        callback=one_of("deferral reason of DfE", get_args(DeferralReason)),
    ),
]
Effective = Annotated[datetime, Option(formats=["%Y-%m-%d"], help="The day from which it holds.", callback=_day)]
Return = Annotated[
    datetime | None,
    Option(formats=["%Y-%m-%d"], help="When the person wants to come back.", callback=_day, show_default=False),
]


@app.command()
def acknowledge(context: Context, enrolment: Enrolment, *, by: By, as_json: AsJson = False) -> None:
    """Say that you have seen the flag and take care of it."""
    _note(context.obj, enrolment, FlagAcknowledged(by=by), as_json=as_json)


@app.command()
def contact(
    context: Context, enrolment: Enrolment, *, by: By, channel: Channel, outcome: Result, as_json: AsJson = False
) -> None:
    """Note that somebody tried to reach the participant; it needs no flag."""
    data = ContactMade(channel=channel, outcome=outcome, by=by)  # type: ignore[arg-type]  # checked by the options
    _note(context.obj, enrolment, data, as_json=as_json)


@app.command()
def improving(context: Context, enrolment: Enrolment, *, by: By, as_json: AsJson = False) -> None:
    """Say that you see the participant improving; the flag stays until its reasons are gone."""
    _note(context.obj, enrolment, ImprovementSeen(by=by), as_json=as_json)


@app.command()
def recommend_withdrawal(
    context: Context, enrolment: Enrolment, *, by: By, reason: ReasonToWithdraw, as_json: AsJson = False
) -> None:
    """Recommend that the participant is withdrawn; nothing changes until the delivery partner signs it off."""
    data = WithdrawalRecommended(reason=reason, by=by)  # type: ignore[arg-type]  # checked by the option
    _note(context.obj, enrolment, data, as_json=as_json)


@app.command("object")
def object_to_withdrawal(
    context: Context, enrolment: Enrolment, *, by: By, reason: ReasonToObject, as_json: AsJson = False
) -> None:
    """Object to a recommended withdrawal for the delivery partner: the participant goes on."""
    data = WithdrawalObjected(reason=reason, by=by)  # type: ignore[arg-type]  # checked by the option
    _note(context.obj, enrolment, data, as_json=as_json)


@app.command()
def sign_off(
    context: Context,
    enrolment: Enrolment,
    *,
    by: By,
    reason: ReasonToWithdraw,
    effective: Effective,
    as_json: AsJson = False,
) -> None:
    """Sign a withdrawal off for the delivery partner: the enrolment is withdrawn from the effective date."""
    data = Withdrawn(reason=reason, effective=effective.date(), signed_off_by=by)  # type: ignore[arg-type]  # as above
    _note(context.obj, enrolment, data, as_json=as_json)


@app.command()
def defer(
    context: Context,
    enrolment: Enrolment,
    *,
    by: By,
    reason: ReasonToDefer,
    expected_return: Return = None,
    as_json: AsJson = False,
) -> None:
    """Grant a pause: the enrolment is deferred and has no flag until the person comes back."""
    until = expected_return and expected_return.date()
    data = Deferred(reason=reason, expected_return=until, granted_by=by)  # type: ignore[arg-type]  # as above
    _note(context.obj, enrolment, data, as_json=as_json)


@app.command()
def mute(context: Context, enrolment: Enrolment, *, by: By, until: Until, as_json: AsJson = False) -> None:
    """Have no alerts sent about an enrolment until a day, because somebody takes care of it; today ends a mute."""
    _note(context.obj, enrolment, AlertsMuted(by=by, until=until.date()), as_json=as_json)


def _note(wiring: Wiring, wanted: str, action: Action, *, as_json: bool) -> None:
    """Put a fact about an enrolment on the log, and say so."""
    actions = Actions(SOURCE, now=utc_now, unique=lambda: secrets.token_hex(8))
    with wiring.store() as store:
        enrolment = find_one(store, wanted)["enrolment"]
        with store.connect() as connection:
            made = _made(actions, connection, enrolment, action)
    with wiring.log_to_append() as log:
        publish(log, [made], now=made.time)
    _tell(wiring, made, as_json=as_json)


def _made(actions: Actions, connection: Connection, enrolment: str, action: Action) -> Fact:
    try:
        return actions.fact(connection, enrolment, action)
    except NoFlagError as error:
        raise NoFlagError(f"{error}, with `engagement flag contact`") from error


def _tell(wiring: Wiring, made: Fact, *, as_json: bool) -> None:
    data = msgspec.to_builtins(made.data)
    if as_json:
        noted = Noted(
            id=made.id,
            type=made.type,
            enrolment=made.subject,
            participant=made.partitionkey,
            time=made.time,
            data=data,
        )
        output.json(noted)
    else:
        word = made.type.removeprefix("learning.").rpartition(".v")[0].replace("-", " ")
        details = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in data.items())
        output.say(f"Noted of {made.subject}: {word} ({details}), {uk_time(made.time)}.")
    if wiring.worker_runs():
        output.say(f"The worker takes it up at once; see `engagement explain {made.subject}`.")
    else:
        output.say("Next: `engagement worker --until-caught-up` takes it up; no worker runs.")
