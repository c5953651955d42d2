"""A second opinion on the pipeline: what its rows must say of every enrolment, worked out from the lines on the log.

Written from the rules, not from the code: it reads plain JSON, keeps every fact, and looks at each enrolment once, at
the end, with all its facts in order. Only what a programme is (points, gate, deadline) comes from the curriculum.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from learning.curriculum import Curriculum
from learning.plan import Plan

Facts = list[tuple[datetime, str, dict[str, Any]]]
"""(time, kind, data) of one enrolment, in order of when it happened and then of when it became known."""

SUBMITTED = {"assessment-submitted", "banked"}
WORK = {"component-completed", "attended", "caught-up", "assessment-submitted"}
DONE = WORK | SUBMITTED
ACTIVE = {"status": "active", "status_since": None, "status_reason": None}


def expected_rows(lines: Iterable[bytes], curriculum: Curriculum, day: date) -> dict[str, dict[str, Any]]:
    """The rows by enrolment, as far as this model goes, as they must be when `day` has begun."""
    facts: defaultdict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    for line in lines:
        fact = json.loads(line)
        facts[fact["subject"]][fact["source"], fact["id"]] = fact
    rows = {enrolment: _row(_in_order(its.values()), curriculum, day) for enrolment, its in facts.items()}
    return {enrolment: row for enrolment, row in rows.items() if row}


def _in_order(facts: Iterable[Any]) -> Facts:
    timed = [(datetime.fromisoformat(f["time"]), datetime.fromisoformat(f["recordedtime"]), f) for f in facts]
    timed.sort(key=lambda each: each[:2])
    return [(time, fact["type"].split(".")[1], fact["data"]) for time, _, fact in timed]


def _row(facts: Facts, curriculum: Curriculum, day: date) -> dict[str, Any]:
    row = _standing(facts, day)
    if "programme" not in row:  # nobody ever said that they enrolled
        return {}
    plan, marks = curriculum.plan(row["programme"], row["intake"]), _marks(facts)
    points = plan.programme.points
    done = {component: since for component, said in marks.items() if component in points and (since := _since(said))}
    assessed = _assessed(facts, plan, done, day)
    finished = assessed.pop("finished") if plan.programme.assessment else _finished(plan, done, day)
    if finished and row["status"] != "withdrawn":
        row |= {"status": "completed", "status_since": finished, "status_reason": None}
    worked = [time for said in marks.values() for time, word in dict(said).items() if word in WORK]
    visited = [time for time, kind, _ in facts if kind == "activity-seen"]
    return {
        **row,
        **assessed,
        "points": sum(points[each] for each in done),
        "points_total": sum(points.values()),
        "components_done": len(done),
        "components_unknown": sum(plan.programme.component(each) is None for each in marks),
        "assessments_submitted": sum(any(word in SUBMITTED for _, word in said) for said in marks.values()),
        "gate_reached": plan.programme.gate_reached(done),
        "last_activity_at": max([*worked, *visited], default=None),
        "deadline": plan.deadline,
        "as_of": day,
    }


def _standing(facts: Facts, day: date) -> dict[str, Any]:
    unsaid = ("cohort", "schedule", "contacted_at", "withdrawal", "withdrawal_at", "muted_until")
    row: dict[str, Any] = dict.fromkeys(unsaid) | {"withdrawal_recommended": False}
    for time, kind, data in facts:
        match kind:
            case "enrolled":
                row |= data | {"enrolled_on": _uk(time)} | ACTIVE
            case "transferred":
                row |= data
            case "participant-merged":
                row |= {"participant": data["into"]}
            case "deferred":
                row |= {"status": "deferred", "status_since": _uk(time), "status_reason": data["reason"]}
            case "resumed":
                row |= _leaving(None, None) | ACTIVE
            case "withdrawn" | "withdrawal-recommended" | "withdrawal-objected":
                row |= _left(kind, time, data, day)
            case "alerts-muted":
                row |= {"muted_until": date.fromisoformat(data["until"])}
            case "contact-made":
                row |= {"contacted_at": time}
    return row


def _left(kind: str, time: datetime, data: dict[str, Any], day: date) -> dict[str, Any]:
    if kind != "withdrawn":
        return _leaving(kind.removeprefix("withdrawal-"), time)
    since = date.fromisoformat(data["effective"])
    left = {"status": "withdrawn", "status_since": since, "status_reason": data["reason"]}
    return _leaving("signed-off", time) | (left if since <= day else {})


def _leaving(word: str | None, time: datetime | None) -> dict[str, Any]:
    return {"withdrawal": word, "withdrawal_at": time, "withdrawal_recommended": word == "recommended"}


def _marks(facts: Facts) -> dict[str, list[tuple[datetime, str]]]:
    marks: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for time, kind, data in facts:
        if "component" in data:
            marks[data["component"]].append((time, data.get("attendance") or ("banked" if "banked" in data else kind)))
    return marks


def _since(said: list[tuple[datetime, str]]) -> datetime | None:
    since = None
    for time, word in said:
        since = (since or time) if word in DONE else None
    return since


def _assessed(facts: Facts, plan: Plan, done: Mapping[str, datetime], day: date) -> dict[str, Any]:
    rule, said = plan.programme.assessment, defaultdict[str, dict[int, tuple[date, Any]]](dict)
    if rule is None:
        return {"attempts_left": None, "outcome": None}
    for time, kind, data in facts:
        said[kind].pop(data.get("attempt", 1), None)  # so that what was said last stands last
        said[kind][data.get("attempt", 1)] = (_uk(time), data)
    missed = {number for number, (_, data) in said["assessment-entered"].items() if data["closes"] < day.isoformat()}
    missed -= {*said["assessment-submitted"], *said["extenuating-circumstances-granted"], *said["assessment-marked"]}
    marks = [(decided, number, data["outcome"]) for number, (decided, data) in said["assessment-marked"].items()]
    lost = missed | {number for _, number, outcome in marks if outcome == "failed"}
    in_time = [component for component, since in done.items() if _uk(since) <= plan.deadline]
    asked = [_uk(time) for time, kind, _ in facts if kind in ("deferral-requested", "deferred")]
    too_late = (
        day > plan.deadline and not plan.programme.gate_reached(in_time) and min(asked, default=day) > plan.deadline
    )
    left = max(0, rule.attempts - len(lost) - too_late)
    marks.sort(key=lambda mark: mark[2] == "passed")  # a pass outweighs what came after it
    decided, _, outcome = marks[-1] if marks else (None, None, None)
    is_final = outcome == "passed" or (outcome == "failed" and left == 0)
    return {"attempts_left": left, "outcome": outcome, "finished": decided if is_final else None}


def _finished(plan: Plan, done: Mapping[str, datetime], day: date) -> date | None:
    """When somebody finished a programme that has no assessment: with everything, or with the gate at the deadline."""
    if done.keys() == plan.programme.points.keys():
        return _uk(max(done.values()))
    if day <= plan.deadline or not plan.programme.gate_reached(done):
        return None
    gate = min(t for t in done.values() if plan.programme.gate_reached([each for each in done if done[each] <= t]))
    return max(plan.deadline, _uk(gate))


def _uk(time: datetime) -> date:
    return time.astimezone(ZoneInfo("Europe/London")).date()
