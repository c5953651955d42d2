"""`engagement at-risk`: who needs somebody to act, the worst first, each with its reasons."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, get_args

from sqlalchemy import Connection
from typer import BadParameter, Context, Option

from engagement import output
from engagement.filters import Intake, Partner, Programme, Provider, check, given, one_of
from engagement.output import AsJson, Column, figures, percent, prose
from engagement.wiring import Wiring
from learning.changes import told
from learning.flags import Stage
from learning.policy import FLAGGED, LEVELS
from projections import enrolment_risk
from projections.risk_attention import long_silent, on_watch

_SHOWN = 40
"""Rows of a table unless more are asked for: longer lists are for other programs."""

_COLUMNS: Sequence[Column | str] = (
    "Enrolment",
    "Level",
    *figures("Points"),
    "Since",
    "Partner",
    "Programme",
    "Flag",
    *figures("Done"),
)


def at_risk(
    context: Context,
    *,
    partner: Partner = None,
    programme: Programme = None,
    intake: Intake = None,
    provider: Provider = None,
    level: Annotated[
        str | None,
        Option(
            help="Only this level: watch, at-risk or critical. Default: at-risk and critical.",
            callback=one_of("level of the register", LEVELS[1:]),
            show_default=False,
        ),
    ] = None,
    stage: Annotated[
        str | None,
        Option(
            help=f"Only flags at this stage: {', '.join(get_args(Stage))}.",
            callback=one_of("stage of a flag", get_args(Stage)),
        ),
    ] = None,
    silent: Annotated[
        bool,
        Option(
            "--long-silent",
            help="Instead, whoever is silent for so long that a decision helps more than another call; of any level.",
        ),
    ] = False,
    limit: Annotated[
        int | None,
        Option(
            min=1,
            help=f"At most so many rows, the worst first. Default: {_SHOWN} in a table, all as JSON.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the active enrolments that are at risk or critical, the worst first, with the reasons in plain English.

    A flag says that somebody is to act; `engagement explain` tells all about one. Who is on watch has no flag.
    """
    if silent and (level or stage):
        raise BadParameter("--long-silent lists every level and stage; leave --level and --stage out")
    wiring: Wiring = context.obj
    who = given(programme=programme, intake=intake, provider=provider, partner=partner)
    with wiring.store() as store, store.connect() as connection:
        check(connection, who)
        quiet = long_silent(connection, wiring.rulebook().policies, who)
        rows = _by_id(connection, quiet) if silent else _register(connection, who, level, stage)
        watched = on_watch(connection, who)
        looked = any(each.day for each in store.checkpoints().values())
    if as_json:
        output.json([_as_data(row) for row in rows[:limit]])
        return
    if rows:
        _print(rows, limit or _SHOWN, long_silence=silent)
    elif not looked:
        output.say("Nobody was looked at yet, because no day has started; run `engagement worker`.")
    else:
        output.say(_nobody(level, stage, long_silence=silent))
    _print_others(watched, len(quiet), level, long_silence=silent)


def _register(
    connection: Connection, who: Mapping[str, str], level: str | None, stage: str | None
) -> list[dict[str, Any]]:
    filters = {**who, **given(level=level, stage=stage)}
    return enrolment_risk.at_risk(connection, filters, lowest="on-track" if level else LEVELS[FLAGGED])


def _by_id(connection: Connection, enrolments: Sequence[str]) -> list[dict[str, Any]]:
    rows = [row for each in enrolments if (row := enrolment_risk.find(connection, each))]
    return sorted(rows, key=lambda row: (-LEVELS.index(row["level"]), -row["points"]))


def _as_data(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "reasons": [told(reason) for reason in row["reasons"]]}


def _print(rows: Sequence[Mapping[str, Any]], limit: int, *, long_silence: bool) -> None:
    title = "Silent for long, the worst first" if long_silence else "At risk, the worst first"
    cells = [
        (
            *(row[each] for each in ("enrolment", "level", "points", "since", "partner", "programme", "stage")),
            percent(row["completion"]),
        )
        for row in rows[:limit]
    ]
    output.table(title, _COLUMNS, cells)
    output.table("Why", ["Enrolment", *figures("Points"), *prose("Reason")], _reasons(rows[:limit]), keys=2)
    if len(rows) > limit:
        output.say(f"These are {limit:,} of {len(rows):,}; ask for more with --limit.")


def _reasons(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, int, str]]:
    """A row a reason; whose it is stands in the first one only."""
    for row in rows:
        for number, reason in enumerate(row["reasons"]):
            yield (row["enrolment"] if number == 0 else "", reason.points, reason.sentence)


def _nobody(level: str | None, stage: str | None, *, long_silence: bool) -> str:
    if long_silence:
        return "Nobody is silent for long."
    flag = f" with a flag that is {stage}" if stage else ""
    levels = "on watch" if level == "watch" else level or "at risk or critical"
    return f"Nobody is {levels}{flag}."


def _print_others(watched: int, quiet: int, level: str | None, *, long_silence: bool) -> None:
    """Say how many there are whom the list need not name."""
    if level != "watch":
        output.say(f"On watch: {watched:,} (--level watch).")
    if not long_silence:
        output.say(f"Silent for so long that a decision is needed rather than another call: {quiet:,} (--long-silent).")
