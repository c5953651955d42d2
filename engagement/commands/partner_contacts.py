"""`engagement partners contact`: whom to write to at a delivery partner, and when."""

from typing import Annotated, Any

from typer import Argument, BadParameter, Context, Option, Typer

from engagement import output
from engagement.filters import one_of
from engagement.output import AsJson, Column, figures, prose
from engagement.partner_choice import (
    LEAD_PROVIDER,
    OfLeadProvider,
    OfPartner,
    OnlyOfPartner,
    ToldOfProgrammes,
    one_or_other,
    require_known,
)
from engagement.wiring import Wiring
from registry import contacts
from registry.audit import COMMAND_LINE
from registry.contacts import DIGESTS, Contact
from registry.wishes import LEAST_LEVELS
from stream_processors.day_clock import utc_now

app = Typer(no_args_is_help=True, help="Whom to write to at a delivery partner, about what, and when.")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

ContactId = Annotated[str, Argument(metavar="CONTACT", help="The id of a contact, as `list` shows it.")]
Label = Annotated[str | None, Option(help='How you will recognise it, such as "Advisers, North Hub".')]
Email = Annotated[str | None, Option(help="Where the messages go.")]
Level = Annotated[
    str | None,
    Option(
        help="The least level to be told of: at-risk (default) or critical.", callback=one_of("level", LEAST_LEVELS)
    ),
]
Place = Annotated[
    int | None, Option(min=1, help="1 (default) is told first, 2 when nobody answers, and so on.", show_default=False)
]
Digest = Annotated[
    str | None,
    Option(help="How often: daily (default) or weekly; in term, on working days.", callback=one_of("digest", DIGESTS)),
]
Weekday = Annotated[
    str | None,
    Option(help="The day of a weekly digest. Default: monday.", callback=one_of("weekday", WEEKDAYS)),
]
Hour = Annotated[int | None, Option(min=0, max=23, help="The hour of the digest, in UK time. Default: 8.")]
AtOnce = Annotated[
    bool | None, Option("--at-once/--only-digest", help="Whether critical flags are told at once. Default: they are.")
]
QuietFrom = Annotated[
    int | None, Option(min=0, max=23, help="Nothing is sent from this hour on, in UK time. Default: 19.")
]
QuietUntil = Annotated[
    int | None, Option(min=0, max=23, help="... until this hour. Default: 7; the same as the other: no rest.")
]
AccountId = Annotated[str | None, Option("--account", help="The account with which they sign in.", show_default=False)]


@app.command()
def add(
    context: Context,
    *,
    partner: OfPartner = None,
    lead_provider: OfLeadProvider = False,
    label: Annotated[str, Option(help='How you will recognise it, such as "Advisers, North Hub".')],
    email: Annotated[str, Option(help="Where the messages go.")],
    programme: ToldOfProgrammes = None,
    level: Level = None,
    place: Place = None,
    digest: Digest = None,
    weekday: Weekday = None,
    hour: Hour = None,
    at_once: AtOnce = None,
    quiet_from: QuietFrom = None,
    quiet_until: QuietUntil = None,
    account: AccountId = None,
    as_json: AsJson = False,
) -> None:
    """Add a contact: `engagement partners contact add --partner north-hub --label Advisers --email desk@north.example`.

    It gets a digest each working day at 8 in term time, and what is critical at once, unless you say otherwise.
    """
    wiring: Wiring = context.obj
    whose = one_or_other(partner, lead_provider=lead_provider)
    wishes = _wishes(
        label=label,
        email=email,
        programmes=programme and tuple(programme),
        level=level,
        place=place,
        digest=digest,
        weekday=weekday and WEEKDAYS.index(weekday),
        hour=hour,
        at_once=at_once,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        account=account,
    )
    with wiring.registry() as registry, registry.writing() as connection:
        require_known(wiring, connection, whose)
        made = contacts.create(connection, partner=whose, now=utc_now(), by=COMMAND_LINE, **wishes)
    _tell("Added", made, as_json=as_json)


@app.command()
def change(
    context: Context,
    contact: ContactId,
    *,
    label: Label = None,
    email: Email = None,
    programme: ToldOfProgrammes = None,
    all_programmes: Annotated[bool, Option("--all-programmes", help="Be told of all programmes again.")] = False,
    level: Level = None,
    place: Place = None,
    digest: Digest = None,
    weekday: Weekday = None,
    hour: Hour = None,
    at_once: AtOnce = None,
    quiet_from: QuietFrom = None,
    quiet_until: QuietUntil = None,
    account: AccountId = None,
    as_json: AsJson = False,
) -> None:
    """Change a contact: `engagement partners contact change contact-0123456789 --digest weekly --weekday friday`.

    What you do not name stays as it is.
    """
    wiring: Wiring = context.obj
    if programme and all_programmes:
        raise BadParameter("give either --programme or --all-programmes")
    wishes = _wishes(
        label=label,
        email=email,
        programmes=() if all_programmes else programme and tuple(programme),
        level=level,
        place=place,
        digest=digest,
        weekday=weekday and WEEKDAYS.index(weekday),
        hour=hour,
        at_once=at_once,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        account=account,
    )
    if not wishes:
        raise BadParameter("say what is to change, such as --hour 9")
    with wiring.registry(to_read=True) as registry, registry.writing() as connection:
        changed = contacts.change(connection, contact, now=utc_now(), by=COMMAND_LINE, **wishes)
    _tell("Changed", changed, as_json=as_json)


@app.command()
def resubscribe(context: Context, contact: ContactId, as_json: AsJson = False) -> None:
    """Send digests again to a contact who unsubscribed, because they asked for it."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry, registry.writing() as connection:
        found = contacts.resubscribe(connection, contact, now=utc_now(), by=COMMAND_LINE)
    _tell("Resubscribed", found, as_json=as_json)


@app.command()
def remove(context: Context, contact: ContactId, as_json: AsJson = False) -> None:
    """Remove a contact for good; label and address are erased, and what was sent keeps the id only."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry:
        with registry.writing() as connection:
            contacts.remove(connection, contact, now=utc_now(), by=COMMAND_LINE)
        registry.purge()
    if as_json:
        output.json({"contact": contact, "removed": True})
    else:
        output.say(f"Removed {contact}; its label and address are erased.")


@app.command("list")
def list_(
    context: Context,
    *,
    partner: OnlyOfPartner = None,
    as_json: AsJson = False,
) -> None:
    """List the contacts, by partner and in the order in which they are told."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry, registry.reading() as connection:
        found = contacts.every(connection) if partner is None else contacts.of_partner(connection, partner)
    if as_json:
        output.json(found)
    elif found:
        table(found)
    else:
        output.say("There is no contact; `engagement partners contact add` makes one.")


def table(found: list[Contact]) -> None:
    """Print contacts."""
    whose: list[Column | str] = ["Contact", "Partner", *figures("Place"), *prose("Label"), "Email"]
    columns = [*whose, "Told of", "Digest", "At once", "Quiet", "State"]
    output.table("Contacts (UK time)", columns, [_row(each) for each in found])


def _row(each: Contact) -> tuple[object, ...]:
    told_of = ", ".join((each.level, *each.programmes))
    day = WEEKDAYS[each.weekday] if each.digest == "weekly" else "daily"
    quiet = f"{each.quiet_from}:00 to {each.quiet_until}:00" if each.quiet_from != each.quiet_until else None
    whose = (each.id, each.partner or LEAD_PROVIDER, each.place, each.label, each.email)
    return (*whose, told_of, f"{day}, {each.hour}:00", "critical" if each.at_once else None, quiet, _state(each))


def _state(each: Contact) -> str:
    if each.bouncing_since:
        return "address is refused"
    return "unsubscribed" if each.unsubscribed_at else "is told"


def _wishes(**given: Any) -> Any:
    """What was said, without what was not."""
    return {name: value for name, value in given.items() if value is not None}


def _tell(done: str, contact: Contact, *, as_json: bool) -> None:
    if as_json:
        output.json(contact)
    else:
        output.say(f"{done} {contact.id} ({contact.label}, {contact.partner or LEAD_PROVIDER}).")
