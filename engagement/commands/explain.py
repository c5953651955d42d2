"""`engagement explain`: why an enrolment has its level, now or on a past day, and what would clear it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Struct
from typer import Argument, Context, Option

from engagement import output
from engagement.commands.show import find_one
from engagement.output import NOTHING, AsJson, Column, prose, uk_time
from engagement.wiring import Wiring
from learning.calendar import uk_day
from learning.changes import ToldReason, told
from learning.policy import Policies, SignalCode
from learning.reason_texts import measured
from learning.risk import Assessment, Reason
from learning.signals import SIGNALS
from projections import enrolment_risk
from projections.explanation import Hindsight, LearnedLater, NoDecisionError, hindsight, without_reason


class Told(Struct, frozen=True, kw_only=True):
    """An assessment as data, its sentences written out."""

    level: str
    points: int
    since: object
    flagged_since: object
    comes_down: object
    policy: str
    reasons: list[ToldReason]


def explain(
    context: Context,
    enrolment: Annotated[str, Argument(help="The id of an enrolment, or of a participant who has one only.")],
    as_of: Annotated[
        datetime | None,
        Option(
            formats=["%Y-%m-%d"],
            help="A past day: tells what was known and said then, and what is to be said with what is known now.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain the level of an enrolment: each reason with its figures, since when, and what would clear it.

    With --as-of it answers twice, as known then and as known now, and lists the facts that came too late.
    """
    wiring: Wiring = context.obj
    rulebook = wiring.rulebook()
    with wiring.store() as store:
        progress = find_one(store, enrolment)
        with store.connect() as connection:
            if as_of is not None:
                _print_hindsight(hindsight(connection, rulebook, progress["enrolment"], as_of.date()), as_json=as_json)
                return
            row = enrolment_risk.find(connection, progress["enrolment"])
    if row is None:
        raise NoDecisionError(f"{progress['enrolment']} was not looked at yet; run `engagement worker` first")
    silent = _silent(row, rulebook.policies)
    if as_json:
        output.json({**row, "reasons": [told(each) for each in row["reasons"]], "no_reason": silent})
        return
    _print_level(row, silent)
    for reason in row["reasons"]:
        _print_reason(reason)


def _silent(row: Mapping[str, Any], policies: Policies) -> list[SignalCode]:
    """The signals that say nothing; none where nobody looks, because the clock stands still."""
    if row["status"] != "active":
        return []
    return without_reason({each.signal for each in row["reasons"]}, policies, row["provider"], row["as_of"])


def _print_level(row: Mapping[str, Any], silent: Iterable[SignalCode]) -> None:
    since = f" since {row['since']:%d %b %Y}" if row["since"] else ""
    held = f"{row['comes_down']:%d %b %Y}, if nothing else happens: its cause is gone" if row["comes_down"] else None
    status = row["status"] if row["status"] == "active" else f"{row['status']}: the clock stands still, nothing counts"
    output.pairs(
        f"Risk of {row['enrolment']}",
        {
            "Level": f"{row['level']}{since}, {row['points']} point{'' if row['points'] == 1 else 's'}",
            "Flagged since": row["flagged_since"],
            "Flag": _flag(row),
            **({"Comes down": held} if held else {}),
            "Status": status,
            "Policy": row["policy"],
            "Looked at as of": row["as_of"],
            "No reason today": ", ".join(SIGNALS[each].title.lower() for each in silent) or None,
        },
    )


def _flag(row: Mapping[str, Any]) -> str | None:
    if row["stage"] is None:
        return None
    if row["stage_since"] is None:
        return f"{row['stage']}: nobody has noted anything about it yet"
    return f"{row['stage']} on {uk_time(row['stage_since'])} by {row['stage_by'] or 'somebody who is not named'}"


def _print_reason(reason: Reason) -> None:
    signal = SIGNALS[reason.signal]
    output.pairs(
        f"{signal.title}, {reason.points} point{'' if reason.points == 1 else 's'}",
        {
            "Why": reason.sentence,
            "Measured": f"{measured(reason)} ({signal.measures})",
            "Would clear it": reason.remedy,
        },
    )


def _print_hindsight(found: Hindsight, *, as_json: bool) -> None:
    if as_json:
        output.json(_as_data(found))
        return
    if found.day != found.asked:
        output.say(f"On {found.asked:%d %b %Y}, the latest day that had started is {found.day:%d %b %Y}: it counts.")
    then, now = found.known_then, found.known_now
    output.table(
        f"Risk of {found.enrolment} as {found.day:%d %b %Y} began",
        ["", *prose("As known then", "As known now")],
        [(name, _shown(then, name), _shown(now, name)) for name in ("level", "points", "since", "flagged since")]
        + [("policy", _shown(then, "policy"), _shown(now, "policy"))],
    )
    signals = dict.fromkeys(each.signal for answer in (then, now) if answer for each in answer.reasons)
    if signals:
        rows = [(SIGNALS[each].title, _sentence(then, each), _sentence(now, each)) for each in signals]
        output.table("Reasons", ["Signal", *prose("As known then", "As known now")], rows)
    _print_learned_later(found.learned_later)
    if not found.agrees:
        output.say(_disagreement(found))


def _shown(answer: Assessment | None, name: str) -> object:
    if answer is None:
        return "not enrolled yet" if name == "level" else None
    return getattr(answer, name.replace(" ", "_"))


def _sentence(answer: Assessment | None, signal: SignalCode) -> str:
    reasons = answer.reasons if answer else ()
    return next((f"{each.points}: {each.sentence}" for each in reasons if each.signal == signal), NOTHING)


def _print_learned_later(facts: Iterable[LearnedLater]) -> None:
    rows = [
        (
            uk_day(each.time) if each.what == "visited" else each.time,
            each.what.removeprefix("learning.").rpartition(".v")[0].replace("-", " ") or each.what,
            each.component or ", ".join(f"{name} {value}" for name, value in (each.detail or {}).items()),
            each.recordedtime,
            each.known_after,
        )
        for each in facts
    ]
    if rows:
        columns: list[Column | str] = [
            "Happened",
            "What",
            *prose("Component or details"),
            "Recorded",
            "On the log after",
        ]
        output.table("Facts that make the difference (UK time)", columns, rows, keys=2)
    else:
        output.say("Everything that had happened by then was known then: the answers are the same.")


def _disagreement(found: Hindsight) -> str:
    decided = found.decided
    said = "on-track, for nothing was decided"
    if decided:
        signals = ", ".join(SIGNALS[each.signal].title.lower() for each in decided["reasons"])
        said = f"{decided['level']} ({signals or 'no reasons'}), decided on {decided['day']:%d %b %Y}"
        said += f" by policy {decided['policy']}"
    return (
        f"The history says otherwise: {said}. A policy, programme or calendar file was changed after the fact, so what "
        "stands above is what today's files make of what was known; `engagement rebuild` decides every day again."
    )


def _as_data(found: Hindsight) -> dict[str, Any]:
    decided = found.decided
    return {
        "enrolment": found.enrolment,
        "asked": found.asked,
        "day": found.day,
        "as_known_then": _told(found.known_then),
        "as_known_now": _told(found.known_now),
        "decided": decided and {**decided, "reasons": [told(each) for each in decided["reasons"]]},
        "agrees": found.agrees,
        "learned_later": msgspec.to_builtins(found.learned_later),
    }


def _told(answer: Assessment | None) -> Told | None:
    if answer is None:
        return None
    names = ("level", "points", "since", "flagged_since", "comes_down", "policy")
    return Told(reasons=[told(each) for each in answer.reasons], **{name: getattr(answer, name) for name in names})
