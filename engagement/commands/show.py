"""`engagement show`: everything that is known of one enrolment, or which enrolments a participant has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from typer import Argument, Context

from engagement import output
from engagement.output import AsJson, figures, number, percent, prose, uk_time
from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring
from learning.calendar import uk_day
from learning.errors import EngagementError
from projections import enrolment_progress, enrolment_risk
from projections.store import Store
from projections.story_texts import corrected, details, what_happened
from projections.timeline import Entry, timeline


class NobodyError(EngagementError):
    """No enrolment and no participant has this id."""


def show(
    context: Context,
    enrolment: Annotated[str, Argument(help="The id of an enrolment, or of a participant.")],
    as_json: AsJson = False,
) -> None:
    """Show an enrolment: its progress beside the plan, and its story from the first fact to the last.

    The id of a participant shows the enrolment it has, or lists them when there are several.
    """
    wiring: Wiring = context.obj
    with wiring.store() as store:
        rows = find(store, enrolment)
        if len(rows) > 1:
            _print_list(enrolment, rows, as_json=as_json)
            return
        [row] = rows
        story = timeline(store, row["enrolment"])
        risk = _risk(store, row)
    if as_json:
        output.json({**row, "risk": risk, "timeline": story})
        return
    _print_progress(row, risk)
    _print_story(story)


def find_one(store: Store, wanted: str) -> dict[str, Any]:
    """The progress of the enrolment with this id, or of the only one of the participant with this id.

    Raises:
        NobodyError: There is none, or the participant has several.
    """
    rows = find(store, wanted)
    if len(rows) > 1:
        several = ", ".join(row["enrolment"] for row in rows)
        raise NobodyError(f"participant {wanted} has several enrolments: {several}; name one of them")
    return rows[0]


def find(store: Store, wanted: str) -> list[dict[str, Any]]:
    """The progress of the enrolment with this id, or of all enrolments of the participant with this id.

    Raises:
        NobodyError: There is none; suggests what could be meant.
    """
    with store.connect() as connection:
        ids = [wanted, *enrolment_progress.of_participant(connection, wanted)]
        rows = [row for each in ids if (row := enrolment_progress.find(connection, each))]
        near = [] if rows else enrolment_progress.ids_like(connection, wanted)
    if rows:
        return rows
    if timeline(store, wanted):
        raise NobodyError(
            f"{wanted} has facts but no enrolment yet; load its enrolment with `engagement import enrolments`"
        )
    advice = did_you_mean(wanted, near) or "; check the id, and `engagement status` for what waits"
    raise NobodyError(f"there is no enrolment and no participant {wanted}{advice}")


def _print_list(participant: str, rows: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        output.json(rows)
        return
    output.table(
        f"Enrolments of {participant}",
        ["Enrolment", "Programme", "Intake", "Partner", "Status", *figures("Completion", "Plan", "Lag")],
        [
            (
                *(row[each] for each in ("enrolment", "programme", "intake", "partner", "status")),
                percent(row["completion"]),
                percent(row["expected"]),
                row["lag_weeks"] if row["status"] == "active" else None,
            )
            for row in rows
        ],
    )


def _risk(store: Store, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The level of who studies and where the flag stands; None of anybody else, and while no day has started."""
    with store.connect() as connection:
        found = enrolment_risk.find(connection, row["enrolment"]) if row["status"] == "active" else None
    names = ("level", "points", "since", "flagged_since", "stage", "stage_since", "stage_by")
    return None if found is None else {name: found[name] for name in names}


def _risk_line(risk: Mapping[str, Any]) -> str:
    """A level in one line, with where its flag stands."""
    since = f" since {risk['since']:%d %b %Y}" if risk["since"] else ""
    flag = f", flag {risk['stage']}" if risk["stage"] else ""
    by = f" by {risk['stage_by']}" if risk["stage_by"] else ""
    return f"{risk['level']}{since}{flag}{by}"


def _print_progress(row: Mapping[str, Any], risk: Mapping[str, Any] | None) -> None:
    """Show where an enrolment stands; what looks ahead is shown only of who studies, since it holds for nobody else."""
    since = f" since {row['status_since']:%d %b %Y}" if row["status_since"] else ""
    reason = f" ({row['status_reason']})" if row["status_reason"] else ""
    leaving = f", withdrawal {row['withdrawal']}" if row["withdrawal"] in ("recommended", "objected") else ""
    gate = "reached" if row["gate_reached"] else "not reached yet"
    output.pairs(
        f"Enrolment {row['enrolment']}",
        {
            "Participant": row["participant"],
            "Programme": f"{row['programme']}, intake {row['intake']}",
            "Partner": f"{row['partner']} (lead provider {row['provider']})",
            "Enrolled on": row["enrolled_on"],
            "Status": f"{row['status']}{since}{reason}{leaving}",
            "Completion": f"{percent(row['completion'])}, {row['components_done']} of {row['components_total']}",
            **(_ahead(row) if row["status"] == "active" else _stopped(row)),
            **({"Risk": _risk_line(risk)} if risk else {}),
            "Gate": gate,
            "Deadline": row["deadline"],
            "Last activity": row["last_activity_at"],
            "Last contact": row["contacted_at"],
            **({"Alerts muted until": row["muted_until"]} if row["muted_until"] else {}),
            "Outcome": row["outcome"],
            "Measured as of": row["as_of"],
        },
    )


def _ahead(row: Mapping[str, Any]) -> dict[str, object]:
    """How who studies stands beside the plan, and what comes."""
    following = f"{row['next_due']}, {row['next_due_on']:%d %b %Y}" if row["next_due"] else None
    return {
        "Plan": f"{percent(row['expected'])} due, {number(row['lag_weeks'])} study weeks behind",
        "Pace": f"{_pace(row['pace'])} a study week, {_pace(row['pace_needed'])} needed to reach the gate",
        "Forecast": f"{percent(row['forecast'])} at the deadline",
        "Next due": following,
        "Attempts left": row["attempts_left"],
    }


def _stopped(row: Mapping[str, Any]) -> dict[str, object]:
    """What was due when the clock stopped, for who withdrew, deferred or completed."""
    stopped = "" if row["status_since"] is None else f" when the clock stopped, {row['status_since']:%d %b %Y}"
    attempts = {"Attempts left": row["attempts_left"]} if row["status"] == "deferred" else {}
    return {"Plan": f"{percent(row['expected'])} due{stopped}", **attempts}


def _pace(ratio: float | None) -> str:
    return output.NOTHING if ratio is None else f"{ratio * 100:.1f} %"


def _print_story(story: Sequence[Entry]) -> None:
    output.table(
        "Timeline (UK time)",
        ["When", "What", *prose("Component or details")],
        [
            (_when(each), _what(each.what, is_corrected=wrong), details(each.detail, each.component))
            for each, wrong in zip(story, corrected(story), strict=True)
        ],
    )


def _when(entry: Entry) -> object:
    """The moment; of visits, which are told by the day, the day."""
    return uk_day(entry.time) if entry.what == "visited" else uk_time(entry.time)


def _what(what: str, *, is_corrected: bool) -> str:
    word = what_happened(what)
    return f"{word} (corrected)" if is_corrected else word
