"""`engagement rejects`: what could not be understood, why, and how to try it again."""

from typing import Annotated, Any

from typer import Argument, BadParameter, Context, Exit, Option, Typer

from engagement import output
from engagement.commands.upkeep import rebuild_all
from engagement.output import AsJson, prose
from engagement.plain_errors import FAILED
from engagement.wiring import Wiring
from eventlog.base import EventLog
from eventlog.rejects import Parked, parked, settle
from learning.errors import EngagementError
from producers.retrying import retry as retry_rejects
from stream_processors.day_clock import utc_now

app = Typer(no_args_is_help=True, help="Messages that could not be understood: kept with their reason, never dropped.")


class UnknownRejectError(EngagementError):
    """No reject waits under this id."""


@app.command("list")
def list_rejects(context: Context, as_json: AsJson = False) -> None:
    """List the rejects that wait, oldest first."""
    wiring: Wiring = context.obj
    with wiring.log() as log:
        waiting = list(parked(log).values())
    if as_json:
        output.json([_as_data(reject) for reject in waiting])
        return
    if not waiting:
        output.say("No rejects wait.")
        return
    rows = [(reject.id, reject.at, reject.origin, reject.reason) for reject in waiting]
    output.table("Rejects", ["Id", "Set aside", "From", *prose("Why")], rows)


@app.command()
def show(
    context: Context,
    reject_id: Annotated[str, Argument(metavar="ID", help="The reject's id, as `list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show one reject with its original bytes."""
    wiring: Wiring = context.obj
    with wiring.log() as log:
        [reject] = _chosen(log, [reject_id])
    if as_json:
        output.json(_as_data(reject))
        return
    output.pairs(
        f"Reject {reject.id}",
        {
            "Set aside": reject.at,
            "From": reject.origin,
            "Why": reject.reason,
            "Original": reject.original.decode("utf-8", "backslashreplace"),
        },
    )


@app.command()
def retry(
    context: Context,
    reject_ids: Annotated[
        list[str] | None,
        Argument(metavar="ID", help="Rejects to try again, as `list` shows them.", show_default=False),
    ] = None,
    everything: Annotated[bool, Option("--all", help="Try all that wait.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try again, after the cause was mended: what can be read now goes on the log, the rest says why not.

    Exits with 1 when any still cannot be read. Where a fact was refused on the log itself, because its programme was
    not known, the projections are rebuilt.
    """
    if bool(reject_ids) == everything:
        raise BadParameter("name the rejects to try again, or give --all")
    wiring: Wiring = context.obj
    with wiring.log() as log:
        chosen = list(parked(log).values()) if everything else _chosen(log, reject_ids or [])
        results = retry_rejects(log, chosen, wiring.rulebook(), utc_now, lambda: rebuild_all(wiring))
    if as_json:
        output.json(results)
    elif results:
        rows = [(each.id, "settled" if each.settled else "waits", each.why) for each in results]
        output.table("Tried again", ["Id", "Result", *prose("Why")], rows)
    else:
        output.say("No rejects wait.")
    if not all(each.settled for each in results):
        raise Exit(FAILED)


@app.command()
def dismiss(
    context: Context,
    reject_ids: Annotated[list[str], Argument(metavar="ID", help="Rejects to dismiss, as `list` shows them.")],
    as_json: AsJson = False,
) -> None:
    """Let rejects wait no longer, when nothing can or need be mended; what was refused stays on the log."""
    wiring: Wiring = context.obj
    with wiring.log() as log:
        chosen = _chosen(log, reject_ids)
        for reject in chosen:
            settle(log, reject, utc_now())
    if as_json:
        output.json([{"id": reject.id, "dismissed": True} for reject in chosen])
    else:
        output.say(f"Dismissed {len(chosen)}.")


def _chosen(log: EventLog, ids: list[str]) -> list[Parked]:
    waiting = parked(log)
    for wanted in ids:
        if wanted not in waiting:
            raise UnknownRejectError(f"no reject {wanted} waits; see `engagement rejects list` for those that do")
    return [waiting[wanted] for wanted in dict.fromkeys(ids)]


def _as_data(reject: Parked) -> dict[str, Any]:
    return {
        "id": reject.id,
        "at": reject.at,
        "origin": reject.origin,
        "reason": reject.reason,
        "original": reject.original.decode("utf-8", "backslashreplace"),
    }
