"""`engagement partners`: how delivery partners do, and how they are told who is slipping."""

from collections import Counter
from typing import Annotated, Any

from msgspec import Struct, structs
from typer import Argument, BadParameter, Context, Exit, Option, Typer

from alerting.testing import send_test
from engagement import output
from engagement.alert_parts import carriers
from engagement.commands import cohorts, flags, partner_contacts, partner_endpoints
from engagement.filters import Intake, Programme
from engagement.filters import Partner as OnlyPartner
from engagement.output import AsJson, Column, figures, prose
from engagement.partner_choice import LEAD_PROVIDER, enrolled, require_known
from engagement.plain_errors import FAILED
from engagement.wiring import NothingThereError, Wiring
from registry import contacts, endpoints, partners
from registry.audit import COMMAND_LINE
from registry.partners import WEEKLY_BUDGET, Partner, unspoken_of
from stream_processors.day_clock import utc_now

app = Typer()
app.add_typer(partner_contacts.app, name="contact")
app.add_typer(partner_endpoints.app, name="endpoint")


class Row(Struct, frozen=True):
    """A delivery partner, or, without an id, the lead provider, and how many are to be told there."""

    partner: str | None
    name: str | None
    enrolled: int | None
    contacts: int
    endpoints: int
    weekly_budget: int | None


PartnerId = Annotated[str, Argument(metavar="PARTNER", help="The id of a delivery partner.")]


@app.callback(invoke_without_command=True)
def compare(
    context: Context,
    programme: Programme = None,
    intake: Intake = None,
    partner: OnlyPartner = None,
    as_json: AsJson = False,
) -> None:
    """Show each delivery partner: how many are where, how much is completed, and how many are behind their plan.

    The figures are made as those of `engagement cohort`; only the active are counted as behind their plan. The
    commands under it say whom to tell at a partner when somebody slips.
    """
    if context.invoked_subcommand is None:
        cohorts.partners(context, programme, intake, partner, as_json)
    elif (programme, intake, partner, as_json) != (None, None, None, False):
        raise BadParameter(f"put options behind `partners {context.invoked_subcommand}`")


@app.command("list")
def list_(context: Context, as_json: AsJson = False) -> None:
    """List every delivery partner with whom to tell there, and say where that is nobody."""
    wiring: Wiring = context.obj
    rows = _rows(wiring)
    if as_json:
        output.json(rows)
        return
    columns: list[Column | str] = [
        "Partner",
        *prose("Name"),
        *figures("Enrolled", "Contacts", "Endpoints", "Weekly budget"),
    ]
    cells = [(each.partner or LEAD_PROVIDER, *structs.astuple(each)[1:]) for each in rows]
    output.table("Delivery partners and whom to tell", columns, cells)
    untold = [each.partner for each in rows if each.partner and each.enrolled and not each.contacts]
    if untold:
        output.say(
            f"Nobody is told by email at {', '.join(untold)}: add a contact with "
            f"`engagement partners contact add --partner {untold[0]}`."
        )


@app.command()
def show(context: Context, partner: PartnerId, as_json: AsJson = False) -> None:
    """Show one delivery partner with its contacts and endpoints."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry, registry.reading() as connection:
        require_known(wiring, connection, partner)
        found = partners.find(connection, partner)
        people = contacts.of_partner(connection, partner)
        places = [each for each in endpoints.every(connection) if each.partner == partner]
    if as_json:
        told = [partner_endpoints.shown(each) for each in places]
        output.json({**structs.asdict(found), "contacts": people, "endpoints": told})
        return
    output.pairs(f"Partner {partner}", {"name": found.name, "weekly budget": found.weekly_budget})
    if people:
        partner_contacts.table(people)
    else:
        output.say(f"It has no contact; `engagement partners contact add --partner {partner}` makes one.")
    if places:
        partner_endpoints.table(places)


@app.command()
def add(
    context: Context,
    partner: PartnerId,
    *,
    name: Annotated[str | None, Option(help="What people call it. Default: its id.", show_default=False)] = None,
    weekly_budget: Annotated[
        int | None,
        Option(
            min=0,
            help=f"How many participants it is told of for the first time in a week, the most urgent first; the others "
            f"wait. Default: {WEEKLY_BUDGET}.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add or change a delivery partner: `engagement partners add north-hub --name "North Hub" --weekly-budget 15`.

    What you do not name stays as it is.
    """
    wiring: Wiring = context.obj
    said: dict[str, Any] = {"name": name, "weekly_budget": weekly_budget}
    with wiring.registry() as registry, registry.writing() as connection:
        before = partners.find(connection, partner)
        after = structs.replace(before, **{what: value for what, value in said.items() if value is not None})
        partners.put(connection, after, now=utc_now(), by=COMMAND_LINE)
    if as_json:
        output.json(after)
        return
    output.say(f"{partner} is called {after.name} and is told of {after.weekly_budget} participants a week at most.")
    known = enrolled(wiring)
    if known and partner not in known:
        output.say(f"Nobody is enrolled with {partner} yet; check that enrolments name it so.")


@app.command("test")
def try_out(
    context: Context,
    receiver: Annotated[str, Argument(metavar="ID", help="A contact or an endpoint, by its id.")],
    as_json: AsJson = False,
) -> None:
    """Send one test message now, also while alerts are a dry run, and say whether it was accepted.

    It tells of nobody. That the server of an address took an email does not say yet that somebody reads it.
    """
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry:
        outcome = send_test(receiver, registry, carriers(wiring.settings, registry), utc_now())
    accepted = outcome.result == "accepted"
    if as_json:
        output.json({"receiver": receiver, "accepted": accepted, "error": outcome.error})
    elif accepted:
        output.say(f"The test message to {receiver} was accepted.")
    else:
        output.complain(f"the test message to {receiver} was not accepted: {outcome.error}")
    if not accepted:
        raise Exit(FAILED)


app.command()(flags.mute)  # muting is the same, whichever way one looks for it


def _rows(wiring: Wiring) -> list[Row]:
    """A row for each partner that has enrolments or of whom something was said, the lead provider's last."""
    counts = enrolled(wiring)
    people: Counter[str | None] = Counter()
    places: Counter[str | None] = Counter()
    known: dict[str, Partner] = {}
    try:
        registry = wiring.registry(to_read=True)
    except NothingThereError:
        if not counts:
            raise
    else:
        with registry, registry.reading() as connection:
            people.update(each.partner for each in contacts.every(connection))
            places.update(each.partner for each in endpoints.every(connection))
            known = {each.id: each for each in partners.every(connection)}
    ids = sorted(each for each in {*counts, *known, *people, *places} if each is not None)
    named = [known.get(each) or unspoken_of(each) for each in ids]
    rows = [
        Row(each.id, each.name, counts.get(each.id, 0), people[each.id], places[each.id], each.weekly_budget)
        for each in named
    ]
    return [*rows, Row(None, None, None, people[None], places[None], None)]
