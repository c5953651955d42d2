"""`engagement alerts`: which alerts there are and who was told, what could not be delivered, and what comes next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, get_args

from msgspec import structs
from sqlalchemy import Connection
from typer import Argument, BadParameter, Context, Exit, Option, Typer

from alerting import listing, queue
from alerting.listing import WantedAlerts, WantedNotices
from alerting.model import Alert, Matter, Notice, NoticeState, State
from engagement import output
from engagement.commands.alert_preview import preview
from engagement.filters import Partner, one_of
from engagement.output import AsJson, Column, figures, prose
from engagement.plain_errors import FAILED
from engagement.wiring import Wiring
from learning.errors import EngagementError
from registry import audit
from registry.audit import Action, Entry
from registry.store import Registry
from stream_processors.day_clock import utc_now

app = Typer(
    no_args_is_help=True, help="Alerts: who was told of which flags, what came of it, and what was not delivered."
)

_SHOWN = 40
"""Rows of a table unless more are asked for."""

_MESSAGE_COLUMNS: Sequence[Column | str] = (
    "Message",
    "Planned",
    "Kind",
    "To",
    "State",
    *figures("Alerts", "Attempts"),
    *prose("Last error"),
)

Limit = Annotated[int | None, Option(min=1, help=f"At most so many. Default: {_SHOWN} in a table, all as JSON.")]


app.command()(preview)


class UnknownAlertError(EngagementError):
    """There is no alert and no message with this id."""


@app.command("list")
def list_alerts(
    context: Context,
    *,
    partner: Partner = None,
    state: Annotated[
        str | None,
        Option(
            help=f"Only in this state: {', '.join(get_args(State))}, or all. Default: those that are open.",
            callback=one_of("state of an alert", (*get_args(State), "all")),
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        str | None, Option(help="Only at this level.", callback=one_of("level of an alert", ("at-risk", "critical")))
    ] = None,
    matter: Annotated[
        str | None,
        Option(
            help="Only about a flag, or about a withdrawal.", callback=one_of("matter of an alert", get_args(Matter))
        ),
    ] = None,
    messages: Annotated[
        str | None,
        Option(
            help=f"Instead, the messages in this state: {', '.join(get_args(NoticeState))}, or all.",
            callback=one_of("state of a message", (*get_args(NoticeState), "all")),
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List alerts and how they stand, or with `--messages` what was sent about them; the latest first."""
    if messages and (state or level or matter):
        raise BadParameter("--messages lists messages; leave --state, --level and --matter out")
    wiring: Wiring = context.obj
    with wiring.alert_store(to_read=True) as store, store.reading() as book:
        if messages:
            _list_messages(book, messages, partner, limit, as_json=as_json)
            return
        wanted = _wanted(partner, state, level, matter)
        found = listing.latest(book, wanted, size=_size(limit, as_json=as_json))
        steps = listing.latest_steps(book, [each.id for each in found])
        total = sum(listing.counts(book, wanted).values())
        dead = listing.notice_counts(book, WantedNotices(partner=partner)).get("dead", 0)
    if as_json:
        output.json([{**structs.asdict(each), "step": steps.get(each.id)} for each in found])
        return
    if found:
        rows = [
            (each.id, each.matter, each.level, each.state, each.state_since, steps.get(each.id), each.partner)
            for each in found
        ]
        output.table("Alerts, the latest first", ["Alert", "About", "Level", "State", "Since", "Step", "Partner"], rows)
    else:
        output.say("No alert is open." if state is None else "There are no such alerts.")
    _say_how_many(len(found), total)
    output.say(f"Messages given up: {dead:,} (--messages dead).")
    _say_dry_run(wiring)


@app.command()
def show(
    context: Context,
    wanted: Annotated[str, Argument(metavar="ID", help="An alert or a message, as `list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show one alert with the messages that tell of it, or one message with the alerts that it tells of."""
    wiring: Wiring = context.obj
    with wiring.alert_store(to_read=True) as store, store.reading() as book:
        if (notice := listing.find_notice(book, wanted)) is not None:
            _show_message(book, notice, as_json=as_json)
        elif (alert := listing.find(book, wanted)) is not None:
            _show_alert(book, alert, as_json=as_json)
        else:
            raise UnknownAlertError(
                f"there is no alert and no message {wanted}; see `engagement alerts list --state all` and "
                "`engagement alerts list --messages all`"
            )


@app.command()
def replay(
    context: Context,
    ids: Annotated[
        list[str] | None,
        Argument(metavar="ID", help="Messages to send again, as `list` shows them.", show_default=False),
    ] = None,
    everything: Annotated[bool, Option("--all", help="All that were given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have messages sent again that were given up, or cancelled and named here: as they are, under the same id.

    The dispatcher sends them at its next turn. Exits with 1 when any message that is named cannot be sent again.
    """
    if bool(ids) == everything:
        raise BadParameter("name the messages to send again, or give --all")
    wiring: Wiring = context.obj
    now = utc_now()
    with wiring.alert_store(to_read=True) as store, wiring.registry() as registry:
        with store.reading() as book:
            chosen = _dead(book) if everything else list(dict.fromkeys(ids or []))
            known = [each for each in chosen if listing.find_notice(book, each)]
        _note_replay(registry, known, now)
        with store.writing() as book:
            replayed = set(queue.replay(book, chosen, now))
    results = [{"id": each, "waits": each in replayed} for each in chosen]
    if as_json:
        output.json(results)
    elif results:
        why = "only one that was given up or cancelled can be sent again"
        rows = [(each["id"], *(("waits", None) if each["waits"] else ("as it was", why))) for each in results]
        output.table("To be sent again", ["Message", "Result", *prose("Why")], rows)
    else:
        output.say("No message was given up.")
    if not all(each["waits"] for each in results):
        raise Exit(FAILED)


def _wanted(partner: str | None, state: Any, level: Any, matter: Any) -> WantedAlerts:
    return WantedAlerts(
        partner=partner,
        state=None if state == "all" else state,
        only_open=state is None,
        level=level,
        matter=matter,
    )


def _size(limit: int | None, *, as_json: bool) -> int:
    return limit or (10**9 if as_json else _SHOWN)


def _list_messages(book: Connection, state: Any, partner: str | None, limit: int | None, *, as_json: bool) -> None:
    wanted = WantedNotices(partner=partner, state=None if state == "all" else state)
    found = listing.notices(book, wanted, size=_size(limit, as_json=as_json))
    if as_json:
        output.json([_message(each) for each in found])
        return
    if not found:
        output.say("There are no such messages.")
        return
    output.table("Messages, the latest first", _MESSAGE_COLUMNS, [_message_row(each) for each in found])
    _say_how_many(len(found), sum(listing.notice_counts(book, wanted).values()))


def _show_alert(book: Connection, alert: Alert, *, as_json: bool) -> None:
    told = listing.tellings(book, alert.id)
    if as_json:
        messages = [{"step": each.step, **_message(each.notice)} for each in told]
        output.json({**structs.asdict(alert), "messages": messages})
        return
    names = {name.replace("_", " ").capitalize(): value for name, value in structs.asdict(alert).items()}
    output.pairs(f"Alert {alert.id}", names)
    if told:
        rows = [(*_message_row(each.notice)[:-1], each.step, each.notice.error) for each in told]
        columns = [*_MESSAGE_COLUMNS[:-1], "Step", *prose("Last error")]
        output.table("Messages that tell of it", columns, rows)
    else:
        output.say("No message tells of it yet.")


def _show_message(book: Connection, notice: Notice, *, as_json: bool) -> None:
    told = listing.told_of(book, notice)
    if as_json:
        output.json({**_message(notice), "alerts": [{"step": e.step, **structs.asdict(e.alert)} for e in told]})
        return
    shown = {name: value for name, value in structs.asdict(notice).items() if name != "content"}
    shown |= {"held_back": notice.content.held_back, "link": notice.content.link}
    output.pairs(f"Message {notice.id}", {name.replace("_", " ").capitalize(): each for name, each in shown.items()})
    rows = [(each.alert.id, each.step, each.alert.level, each.alert.state) for each in told]
    output.table("Alerts that it tells of, as they stand now", ["Alert", "Step", "Level", "State"], rows)


def _message(notice: Notice) -> dict[str, Any]:
    told = {name: value for name, value in structs.asdict(notice).items() if name != "content"}
    return {**told, "held_back": notice.content.held_back, "alerts": [each.alert for each in notice.content.alerts]}


def _message_row(each: Notice) -> tuple[object, ...]:
    told = len(each.content.alerts)
    return (each.id, each.planned_at, each.kind, each.receiver, each.state, told, each.attempts, each.error)


def _dead(book: Connection) -> list[str]:
    return [each.id for each in listing.notices(book, WantedNotices(state="dead"), size=10**9)]


def _note_replay(registry: Registry, chosen: Sequence[str], now: datetime) -> None:
    with registry.writing() as connection:
        entries = (Entry(audit.COMMAND_LINE, Action.ALERT_REPLAYED, f"notice:{each}") for each in chosen)
        audit.append(connection, now, *entries)


def _say_how_many(shown: int, total: int) -> None:
    if total > shown:
        output.say(f"These are {shown:,} of {total:,}; ask for more with --limit.")


def _say_dry_run(wiring: Wiring) -> None:
    if wiring.settings.alerts != "on":
        output.say("Alerts are not switched on: nothing leaves. ENGAGEMENT_ALERTS=on switches them on.")
