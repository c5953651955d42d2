"""`engagement access`: who may use the dashboard and the API, and who has done what there."""

import sys
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import structs
from typer import Argument, BadParameter, Context, Option, Typer

from engagement import output
from engagement.filters import check, one_of
from engagement.output import AsJson, Column, figures, prose, uk_time
from engagement.wiring import Wiring
from registry import accounts, audit, credentials
from registry.accounts import ROLES, Account
from registry.audit import COMMAND_LINE, Action, Entry, Head
from registry.credentials import Credential, Issued
from stream_processors.day_clock import utc_now

app = Typer(
    no_args_is_help=True,
    help="Who may use the dashboard and the API: keys and sign-in links, shown once, and what was done with them.",
)

_DEFAULT_ROLE = "staff"

Role = Annotated[
    str | None,
    Option(
        help=f"What it may do: {', '.join(ROLES)}. Staff see all partners; a partner's account sees its own "
        f"participants; read-only ones change nothing. Default: {_DEFAULT_ROLE}.",
        callback=one_of("role", ROLES),
        show_default=False,
    ),
]
PartnerOfAccount = Annotated[
    str | None, Option("--partner", help="The delivery partner whose participants it sees, and no others.")
]


@app.command()
def grant(
    context: Context,
    *,
    label: Annotated[str | None, Option(help="How you will recognise the account.", show_default=False)] = None,
    role: Role = None,
    partner: PartnerOfAccount = None,
    email: Annotated[str | None, Option(help="Where its owner is reached.", show_default=False)] = None,
    account: Annotated[
        str | None, Option(help="Give another key or link to this account instead of making one.", show_default=False)
    ] = None,
    key: Annotated[
        bool, Option("--key/--link", help="A key for the API, or a link that signs a person in once.")
    ] = False,
    valid_days: Annotated[
        int | None,
        Option(
            min=1,
            max=credentials.LONGEST_VALID.days,
            help="Days until it expires. Default: a link one day, a key never.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody in: make an account with a sign-in link, or with a key for the API. The secret is shown only now.

    To change a key, give the account another one, put it to use, and revoke the old one.
    """
    wiring: Wiring = context.obj
    if account is None and label is None:
        raise BadParameter("give the new account a --label, or name one that is there with --account")
    if account is not None and (label, role, partner, email) != (None, None, None, None):
        raise BadParameter("--account names an account that is there; its label, role, partner and email stay")
    _require_known(wiring, partner)
    now, valid = utc_now(), timedelta(valid_days) if valid_days else None
    with wiring.registry() as registry, registry.writing() as connection:
        if account is None:
            made = {"label": label or "", "role": role or _DEFAULT_ROLE, "partner": partner, "email": email}
            owner = accounts.create(connection, **made, now=now)  # type: ignore[arg-type]  # the option checks the role
        else:
            owner = accounts.find(connection, account)
        issued = credentials.issue(connection, owner.id, "key" if key else "link", now, valid)
        entry = Entry(COMMAND_LINE, Action.ACCESS_GRANTED, f"account:{owner.id}", {str(issued.kind): issued.prefix})
        audit.append(connection, now, entry)
    _tell(wiring, owner, issued, as_json=as_json)


@app.command("list")
def list_(
    context: Context,
    *,
    everything: Annotated[bool, Option("--all", help="List also what was revoked, used or has expired.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the accounts with their keys and links, by the beginnings that are no secret."""
    wiring: Wiring = context.obj
    now = utc_now()
    with wiring.registry(to_read=True) as registry, registry.reading() as connection:
        listed = [
            (each, [one for one in credentials.of_account(connection, each.id) if everything or one.holds(now)])
            for each in accounts.every(connection)
            if everything or each.revoked_at is None
        ]
    if as_json:
        output.json([{**structs.asdict(each), "credentials": theirs} for each, theirs in listed])
    elif listed:
        named: list[Column | str] = ["Account", *prose("Label"), "Role", "Partner", "Key or link"]
        columns = [*named, "Made", "Expires", "Last used", "State"]
        rows = [_row(each, one, now) for each, theirs in listed for one in (theirs or (None,))]
        output.table("Access (UK time)", columns, rows, keys=2)
    else:
        output.say("Nobody has access; `engagement access grant` gives it.")


@app.command()
def revoke(
    context: Context,
    which: Annotated[
        str,
        Argument(metavar="ID", help="An account, or the beginning of one of its keys or links, as `list` shows it."),
    ],
    as_json: AsJson = False,
) -> None:
    """Take access away, from the next request on: of an account with its sessions, or of one key or link."""
    wiring: Wiring = context.obj
    now = utc_now()
    with wiring.registry(to_read=True) as registry, registry.writing() as connection:
        details: dict[str, str | int] = {}
        which = credentials.prefix_of(which) or which  # somebody may give the whole key; its secret is not repeated
        if which.startswith("eng_"):
            ended = credentials.revoke(connection, which, now)
            account, details = ended.account, {ended.kind: ended.prefix}
        else:
            account = accounts.revoke(connection, which, now).id
        audit.append(connection, now, Entry(COMMAND_LINE, Action.ACCESS_REVOKED, f"account:{account}", details))
    if as_json:
        output.json({"account": account, "revoked": which})
    else:
        output.say(f"Revoked {which}." if details else f"Revoked {which}, with its keys, links and sessions.")


@app.command("audit")
def audit_(
    context: Context,
    *,
    thing: Annotated[
        list[str] | None,
        Option(help="Only what was done to this, such as `participant:ID`; may be given several times."),
    ] = None,
    account: Annotated[str | None, Option(help="Only what this account did.", show_default=False)] = None,
    limit: Annotated[int, Option(min=1, help="The latest so many.")] = 50,
    head: Annotated[
        str | None, Option(help="Check also against a head that was noted earlier, as NUMBER:HASH.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who looked at what and who did what, after checking that nothing of it was changed or taken out.

    Keep the head, which is told at the end, apart from the registry: only it shows later that the end was not cut off.
    """
    wiring: Wiring = context.obj
    kept = _head(head)
    with wiring.registry(to_read=True) as registry, registry.reading() as connection:
        end = audit.verify(connection, kept)
        found = audit.entries(connection, things=thing or (), account=account, limit=limit)
    if as_json:
        output.json({"head": f"{end.number}:{end.hash}", "entries": found})
        return
    columns: list[Column | str] = [*figures("Number"), "When", "Account", "Action", "Thing", *prose("Details")]
    rows = [
        (each.number, each.at, each.account, each.action, each.thing, _in_words(each.details) or None) for each in found
    ]
    output.table("Audit trail (UK time)", columns, rows, keys=2)
    output.say(f"Checked {end.number} entries; nothing was changed. Head: {end.number}:{end.hash}")


def _require_known(wiring: Wiring, partner: str | None) -> None:
    """Refuse a partner whom nobody is with, where it is known who is."""
    if partner is not None and wiring.has_projections():
        with wiring.store() as store, store.connect() as connection:
            check(connection, {"partner": partner})


def _head(text: str | None) -> Head | None:
    if text is None:
        return None
    number, _, digest = text.partition(":")
    if not number.isdecimal() or not digest:
        raise BadParameter(f"{text!r} is no head; write it as it was told, NUMBER:HASH")
    return Head(int(number), digest)


def _tell(wiring: Wiring, owner: Account, issued: Issued, *, as_json: bool) -> None:
    """The secret goes to standard output by itself, so that it can be piped on; what to do with it beside it."""
    url = f"{wiring.settings.public_url}/sign-in/{issued.token}" if issued.kind == "link" else None
    if as_json:
        output.json({**structs.asdict(issued), "account": owner, "url": url})
        return
    sees = f"the participants of {owner.partner}" if owner.partner else "all participants"
    until = f"until {uk_time(issued.expires_at)}" if issued.expires_at else "until it is revoked"
    output.say(f"{owner.id} ({owner.label}, {owner.role}) sees {sees}.")
    sys.stdout.write(f"{url or issued.token}\n")
    if url:
        output.say(f"This link signs its reader in once, {until}. It is not shown again; send it to nobody else.")
    else:
        output.say(f"This key is sent as `Authorization: Bearer KEY` and holds {until}. It is not shown again.")


def _row(account: Account, one: Credential | None, now: datetime) -> tuple[object, ...]:
    whose = (account.id, account.label, account.role, account.partner)
    if one is None:
        return (*whose, None, None, None, None, "revoked" if account.revoked_at else "no key or link")
    return (*whose, one.prefix, one.created_at, one.expires_at, one.last_used_on or one.used_at, _state(one, now))


def _state(one: Credential, now: datetime) -> str:
    if one.revoked_at:
        return "revoked"
    if one.used_at:
        return "used"
    return "holds" if one.holds(now) else "expired"


def _in_words(details: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in details.items())
