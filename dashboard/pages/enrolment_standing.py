"""Where one enrolment stands, written out: its measures, its components beside the plan, and its attempts."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from dashboard.wording import NOTHING, count, day, percent, reason, weeks, words
from learning.calendar import uk_day
from learning.facts import (
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    Data,
    ExtenuatingCircumstancesGranted,
)
from learning.progress import Noted


def measures(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The measures of an enrolment; what looks ahead is told only of who studies, for it holds for nobody else."""
    done = f"{percent(row['completion'])}, {row['components_done']} of {count(row['components_total'], 'component')}"
    active = row["status"] == "active"
    yield _pair("Status", _status(row))
    yield _pair("Completion", done)
    yield _pair("Due by the plan", percent(row["expected"]) + ("" if active else " when the clock stopped"))
    if active:
        yield from _ahead(row)
    yield _pair("Gate", "Reached" if row["gate_reached"] else "Not reached yet")
    yield _pair("Deadline", day(row["deadline"]))
    if row["attempts_left"] is not None and row["status"] in ("active", "deferred"):
        yield _pair("Attempts left", str(row["attempts_left"]))
    yield _pair("Outcome", words(row["outcome"]))
    yield _pair("Last at work", day(row["last_activity_at"]))
    yield _pair("Last contact", day(row["contacted_at"]))
    if row["muted_until"] is not None:
        yield _pair("Alerts muted until", day(row["muted_until"]))
    yield _pair("Measured as of", day(row["as_of"]))


_LEAVING: Final = {
    "recommended": "; withdrawal recommended, waiting for the delivery partner",
    "objected": "; the delivery partner objected to a recommended withdrawal",
}


def _status(row: Mapping[str, Any]) -> str:
    since = f" since {day(row['status_since'])}" if row["status_since"] else ""
    why = f": {reason(row['status_reason'])} ({row['status_reason']})" if row["status_reason"] else ""
    return f"{words(row['status'])}{since}{why}{_LEAVING.get(row['withdrawal'], '')}"


def _ahead(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    following = f"{row['next_due']}, {day(row['next_due_on'])}" if row["next_due"] else "Everything is done"
    needed = "no study week is left" if row["pace_needed"] is None else f"{percent(row['pace_needed'])} a study week"
    yield _pair("Beside the plan", weeks(row["lag_weeks"]))
    yield _pair("Pace of late", f"{percent(row['pace'])} a study week" if row["pace"] is not None else NOTHING)
    yield _pair("Pace needed to reach the gate", needed)
    yield _pair("Forecast at the deadline", percent(row["forecast"]))
    yield _pair("Next due", following)


def _pair(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def components(found: Iterable[Mapping[str, Any]], as_of: date | None) -> Iterator[dict[str, Any]]:
    """The components with how each stands beside the plan as of a day."""
    for each in found:
        done = each["done_at"] is not None
        overdue = not done and each["counts"] and as_of is not None and each["due_on"] < as_of
        state = words(each["state"]) if each["state"] else "To do"
        yield {
            **each,
            "standing": state,
            "mark": "done" if done else "overdue" if overdue else "open",
            "late": done and uk_day(each["done_at"]) > each["due_on"],
        }


def attempts(life: Iterable[Noted]) -> list[dict[str, str]]:
    """The windows of each attempt, and what came of it: of both what was said last."""
    said: dict[int, dict[type[Data], Noted]] = {}
    for noted in life:
        number = getattr(noted.data, "attempt", None)
        if number is not None:
            said.setdefault(number, {})[type(noted.data)] = noted
    return [
        {"attempt": str(number), "window": _window(facts), "came": "; ".join(_came(facts)) or "Nothing yet"}
        for number, facts in sorted(said.items())
    ]


def _window(facts: Mapping[type[Data], Noted]) -> str:
    entered: Any = facts.get(AssessmentEntered)
    return NOTHING if entered is None else f"{day(entered.data.opens)} to {day(entered.data.closes)}"


def _came(facts: Mapping[type[Data], Noted]) -> Iterator[str]:
    if (sent := facts.get(AssessmentSubmitted)) is not None:
        yield f"handed in on {day(sent.time)}"
    if (marked := facts.get(AssessmentMarked)) is not None:
        told: Any = marked.data
        yield f"{told.outcome} on {day(marked.time)}"
    if (excused := facts.get(ExtenuatingCircumstancesGranted)) is not None:
        yield f"extenuating circumstances granted on {day(excused.time)}"
