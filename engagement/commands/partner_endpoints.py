"""`engagement partners endpoint`: webhooks and chat rooms of a delivery partner."""

import sys
from typing import Annotated, Any

from msgspec import structs
from typer import Argument, Context, Option, Typer

from alerting.addresses import networks, require_public
from alerting.channels.chat import require_chat
from engagement import output
from engagement.filters import one_of
from engagement.output import AsJson
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
from registry import endpoints
from registry.audit import COMMAND_LINE
from registry.endpoints import Endpoint, EndpointChannel
from registry.wishes import LEAST_LEVELS
from stream_processors.day_clock import utc_now

app = Typer(no_args_is_help=True, help="Webhooks and chat rooms of a delivery partner, with the secrets that sign.")

EndpointId = Annotated[str, Argument(metavar="ENDPOINT", help="The id of an endpoint, as `list` shows it.")]
Address = Annotated[
    str,
    Argument(
        metavar="URL",
        help="A webhook as `https://host/path`, or a chat as Apprise writes it, such as `slack://A/B/C`. With - it is "
        "read from standard input, so that no history of commands keeps it.",
    ),
]


@app.command()
def add(
    context: Context,
    url: Address,
    *,
    partner: OfPartner = None,
    lead_provider: OfLeadProvider = False,
    programme: ToldOfProgrammes = None,
    level: Annotated[
        str, Option(help="The least level to be told of: at-risk or critical.", callback=one_of("level", LEAST_LEVELS))
    ] = "at-risk",
    as_json: AsJson = False,
) -> None:
    """Add an endpoint: `engagement partners endpoint add https://hooks.north.example/npq --partner north-hub`.

    The secret of a webhook is shown only now; its receiver checks signatures with it.
    """
    wiring: Wiring = context.obj
    whose = one_or_other(partner, lead_provider=lead_provider)
    given = sys.stdin.readline().strip() if url == "-" else url
    channel = _checked(wiring, given)
    secret = endpoints.new_secret() if channel == "webhook" else None
    with wiring.registry() as registry, registry.writing() as connection:
        require_known(wiring, connection, whose)
        made = endpoints.create(
            connection,
            partner=whose,
            channel=channel,
            url=given,
            secret=secret,
            programmes=tuple(programme or ()),
            level=level,  # type: ignore[arg-type]  # the option checks it
            now=utc_now(),
            by=COMMAND_LINE,
        )
    _tell("Added", made, secret, as_json=as_json)


@app.command()
def rotate(context: Context, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Give a webhook another secret, shown only now. For 24 hours both sign, so that nothing is refused meanwhile."""
    wiring: Wiring = context.obj
    secret = endpoints.new_secret()
    with wiring.registry(to_read=True) as registry, registry.writing() as connection:
        found = endpoints.rotate(connection, endpoint, secret, now=utc_now(), by=COMMAND_LINE)
    _tell("Changed the secret of", found, secret, as_json=as_json)


@app.command()
def off(
    context: Context,
    endpoint: EndpointId,
    *,
    reason: Annotated[str, Option(help="Why, in a few words without names.")] = "switched off by hand",
    as_json: AsJson = False,
) -> None:
    """Send nothing to an endpoint until it is switched on."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry, registry.writing() as connection:
        found = endpoints.switch_off(connection, endpoint, utc_now(), reason, by=COMMAND_LINE)
    _tell("Switched off", found, as_json=as_json)


@app.command()
def on(context: Context, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Send to an endpoint again, after its receiver was put right; its address is looked at anew."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry:
        with registry.reading() as reading:
            kept = endpoints.find(reading, endpoint)
        if kept.url:
            _checked(wiring, kept.url)
        with registry.writing() as connection:
            found = endpoints.switch_on(connection, endpoint, now=utc_now(), by=COMMAND_LINE)
    _tell("Switched on", found, as_json=as_json)


@app.command()
def remove(context: Context, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Remove an endpoint for good; address and secrets are erased, and what was sent keeps the id only."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry:
        with registry.writing() as connection:
            endpoints.remove(connection, endpoint, now=utc_now(), by=COMMAND_LINE)
        registry.purge()
    if as_json:
        output.json({"endpoint": endpoint, "removed": True})
    else:
        output.say(f"Removed {endpoint}; its address and secrets are erased.")


@app.command("list")
def list_(
    context: Context,
    *,
    partner: OnlyOfPartner = None,
    as_json: AsJson = False,
) -> None:
    """List the endpoints by partner, with how well what is sent arrives; of addresses only the host is shown."""
    wiring: Wiring = context.obj
    with wiring.registry(to_read=True) as registry, registry.reading() as connection:
        found = [each for each in endpoints.every(connection) if partner in {None, each.partner}]
    if as_json:
        output.json([shown(each) for each in found])
    elif found:
        table(found)
    else:
        output.say("There is no endpoint; `engagement partners endpoint add` makes one.")


def shown(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as JSON: what may be a password is not there."""
    told = structs.asdict(endpoint)
    return {name: endpoint.shown_url if name == "url" else told[name] for name in told}


def table(found: list[Endpoint]) -> None:
    """Print endpoints."""
    columns = ["Endpoint", "Partner", "Channel", "Where", "Told of", "Last delivered", "Failing since", "State"]
    output.table("Endpoints (UK time)", columns, [_row(each) for each in found])


def _row(each: Endpoint) -> tuple[object, ...]:
    told_of = ", ".join((each.level, *each.programmes))
    state = f"off: {each.switched_off_reason}" if each.switched_off_at else "on"
    whose = (each.id, each.partner or LEAD_PROVIDER, each.channel, each.shown_url)
    return (*whose, told_of, each.last_delivered_at, each.failing_since, state)


def _checked(wiring: Wiring, url: str) -> EndpointChannel:
    """What an address leads to, if anything may be sent there."""
    if url.partition(":")[0].lower() in {"http", "https"} or "://" not in url:
        require_public(url, allowed=networks(wiring.settings.webhook_private_networks))
        return "webhook"
    require_chat(url)
    return "chat"


def _tell(done: str, endpoint: Endpoint, secret: str | None = None, *, as_json: bool) -> None:
    """The secret goes to standard output by itself, so that it can be piped on; what to do with it beside it."""
    if as_json:
        output.json({**shown(endpoint), **({"secret": secret} if secret else {})})
        return
    output.say(f"{done} {endpoint.id} ({endpoint.shown_url}, {endpoint.partner or LEAD_PROVIDER}).")
    if secret:
        sys.stdout.write(f"{secret}\n")
        output.say("Its receiver checks signatures with this secret, which is not shown again.")
