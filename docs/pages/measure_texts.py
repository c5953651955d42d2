"""What every column of the read models means, and its unit; the page of measures fails for a column without words."""

from typing import NamedTuple


class Text(NamedTuple):
    """The words for one column."""

    meaning: str
    unit: str = ""


_ID, _CODE, _DAY, _MOMENT = "id", "code", "day, UK", "moment, UTC"
_POINTS, _RATIO, _PACE, _COUNT = "points", "ratio, 0 to 1", "ratio per study week", "count"

ENROLMENT_PROGRESS = {
    "enrolment": Text("The enrolment: one participant on one programme.", _ID),
    "participant": Text(
        "The participant, by the id that counts now (after merges); `erased` of whom personal data were.", _ID
    ),
    "erased": Text(
        "Personal data of the participant were erased: the row is counted, and shown to nobody.", "true or false"
    ),
    "programme": Text("Catalogue file and code, such as `ambition-2024/npqsl`.", _ID),
    "intake": Text("The group that started together, such as `2025-autumn`; as last transferred.", _ID),
    "provider": Text("The lead provider, as last transferred.", _ID),
    "partner": Text("The delivery partner, as last transferred.", _ID),
    "cohort": Text("DfE's cohort: the call-off contract that funds the place.", _CODE),
    "schedule": Text("DfE's schedule identifier.", _CODE),
    "enrolled_on": Text("Day of the first enrolment fact.", _DAY),
    "status": Text("`active`, `deferred`, `withdrawn` or `completed`.", _CODE),
    "status_since": Text(
        "The day from which a status other than active holds; of a withdrawal, its effective day.", _DAY
    ),
    "status_reason": Text("DfE's reason code of the deferral or withdrawal.", _CODE),
    "withdrawal_recommended": Text(
        "Staff recommended withdrawal, and the partner has neither signed it off nor objected.", "true or false"
    ),
    "withdrawal": Text(
        "The last word on leaving: `recommended`, `objected` or `signed-off`; empty where there is none, and after a "
        "return. Only a sign-off changes the status.",
        _CODE,
    ),
    "withdrawal_at": Text("When that was said.", _MOMENT),
    "contacted_at": Text("When somebody last tried to reach the participant.", _MOMENT),
    "muted_until": Text("The last day without alerts, as last asked for; it may have passed.", _DAY),
    "points": Text("Points of the components that are done.", _POINTS),
    "points_total": Text("Points of all components that count; see [catalogue file](catalogue-file.md).", _POINTS),
    "completion": Text("`points` over `points_total`.", _RATIO),
    "components_done": Text("Counting components that are done.", _COUNT),
    "components_total": Text("Components that count.", _COUNT),
    "components_unknown": Text("Components that facts name and the programme does not have; worth nothing.", _COUNT),
    "assessments_submitted": Text("Components for which work was handed in, banked work included.", _COUNT),
    "gate_reached": Text(
        "The completion rule's threshold is reached: overall, and in each group where the rule says so.",
        "true or false",
    ),
    "last_activity_at": Text(
        "When the participant was last seen at work: a visit, or a component done. Banked work and absences do not "
        "count.",
        _MOMENT,
    ),
    "attempts_left": Text("Attempts at the final assessment that are left; empty where nothing is assessed.", _COUNT),
    "outcome": Text("Of the attempt that was marked last: `passed` or `failed`.", _CODE),
    "deadline": Text("The last day on which reaching the gate counts.", _DAY),
    "expected_points": Text(
        "Points of the components that were due before the day began: before the latest day that has started in the "
        "enrolment's home partition (`checkpoint.day`), as of which everything from here on is measured. Pro rata for "
        "who joined late, came back or moved. The clock stops for who is deferred, withdrawn or completed.",
        _POINTS,
    ),
    "expected": Text("`expected_points` over `points_total`.", _RATIO),
    "lag_weeks": Text("How far behind the plan; never negative.", "study weeks"),
    "pace": Text("Completion per study week over the last four.", _PACE),
    "pace_needed": Text(
        "Completion per study week that still reaches the gate by the deadline: 0 when it is reached, empty when no "
        "study week is left.",
        _PACE,
    ),
    "forecast": Text("Completion at the deadline at the recent pace, at most 1.", _RATIO),
    "next_due": Text("The first component by due day that is not done.", _ID),
    "next_due_on": Text("The day by whose end it is due.", _DAY),
    "level": Text(
        "Of risk, as in the [at-risk register](#at-risk-register); empty of who is not active, and before a first day.",
        _CODE,
    ),
    "updated_at": Text(
        "When something of the row, or of its row in the at-risk register, last changed in this store, by the clock of "
        "the worker that wrote it. After `engagement rebuild` every row counts as updated; it is the one column that "
        "`engagement verify` does not compare, beside `outbox.relayed`.",
        _MOMENT,
    ),
}

_GROUP = {
    "enrolled": Text("Enrolments, whatever their status.", _COUNT),
    "active": Text("Of these, active.", _COUNT),
    "deferred": Text("Of these, deferred.", _COUNT),
    "withdrawn": Text("Of these, withdrawn.", _COUNT),
    "completed": Text("Of these, completed.", _COUNT),
    "completion_ratio": Text("Points done over points there are, of those who have not withdrawn.", _RATIO),
    "expected_ratio": Text("Points expected by now over points there are, of those who have not withdrawn.", _RATIO),
    "gate_reached": Text("Enrolments that have reached the gate, of those who have not withdrawn.", _COUNT),
    "assessments_submitted": Text("Components for which work was handed in, withdrawn enrolments included.", _COUNT),
    "mean_lag_weeks": Text("Mean of `lag_weeks` over the active enrolments.", "study weeks"),
    "last_activity_at": Text("When anybody was last seen at work.", _MOMENT),
}

COHORTS = {
    "programme": Text("The programme.", _ID),
    "intake": Text("The intake.", _ID),
    **_GROUP,
}

PARTNERS = {
    "partner": Text("The delivery partner.", _ID),
    **_GROUP,
    "behind_plan": Text("Active enrolments whose `lag_weeks` is above 0.", _COUNT),
}

TIMELINE = {
    "time": Text("When it happened; of visits, the start of their day in the UK.", _MOMENT),
    "what": Text(
        "A component's word (`completed`, `attended`, `absent`, `caught-up`, `reopened`, `submitted`, `banked`), "
        "`visited`, or the event type of another fact.",
        _CODE,
    ),
    "component": Text("The component that the word is about.", _ID),
    "detail": Text("What else the fact says.", "fields of its [event type](events.md)"),
    "recordedtime": Text("When it became known; not kept of visits.", _MOMENT),
}

CHECKPOINT = {
    "partition": Text("A partition of the topic `learning-events`.", "number"),
    "next_offset": Text("The offset of the first record that is not in the projections yet.", "offset"),
    "head": Text("The log's hash chain up to there; see [the log](log.md).", "16 bytes"),
    "day": Text("The latest day that has started in this partition.", _DAY),
    "policy": Text("The version of the risk policy in force on that day.", _CODE),
}

ENROLMENT_STATE = {
    "enrolment": Text("The enrolment.", _ID),
    "home": Text(
        "The lowest partition with facts of it; that partition's day is the one it is measured as of.", "number"
    ),
    "spread": Text("Facts of it stand in more than one partition.", "true or false"),
    "state": Text("The folded state: the set of its facts, compacted, as MessagePack.", "bytes"),
}

DAY_STARTED = {
    "partition": Text("The partition of `learning-events`.", "number"),
    "day": Text("A day that has started there, as of which everybody at home there was decided.", _DAY),
}

_LEVEL = "`on-track`, `watch`, `at-risk` or `critical`; from `at-risk` on there is a flag"
_REASONS = (
    "The signals that count, the weightiest first, as JSON: signal, points, figure, the threshold that it reached, "
    "whether its points alone would put an enrolment on watch, and the inputs for its sentence."
)
_SINCE = Text("The day on which the level began; empty on track.", _DAY)
_FLAGGED_SINCE = Text("The day since which there has been a flag without a break.", _DAY)
_POLICY = Text("The version of the risk policy.", _CODE)
_SUM = Text("The points of the reasons together.", _POINTS)

ENROLMENT_RISK = {
    "enrolment": Text("The enrolment.", _ID),
    "level": Text(f"The current level: {_LEVEL}. It follows the facts and the day.", _CODE),
    "points": _SUM,
    "reasons": Text(_REASONS, "bytes"),
    "policy": _POLICY,
    "since": _SINCE,
    "flagged_since": _FLAGGED_SINCE,
    "comes_down": Text("When the cause is gone: the day on which the level comes down if nothing else happens.", _DAY),
    "stage": Text(
        "Of a flag: `raised`, `acknowledged`, `contacted`, `improving`, `withdrawal-recommended`, "
        "`withdrawal-objected`, `withdrawal-signed-off` or `deferred`.",
        _CODE,
    ),
    "stage_since": Text("When somebody brought the flag to this stage.", _MOMENT),
    "stage_by": Text("Who did.", _ID),
    "next_look": Text("The next day on which anything can change without a new fact; empty: none.", _DAY),
    "decided_level": Text("The level that was decided on the latest day.", _CODE),
    "decided_signals": Text("The weighty reasons of that decision, by their codes.", _CODE),
}

RISK_HISTORY = {
    "enrolment": Text("The enrolment.", _ID),
    "day": Text("The day of the decision: what had happened before it, and stood on the log when it started.", _DAY),
    "level": Text(f"What was decided: {_LEVEL}.", _CODE),
    "previous_level": Text("What had been decided before.", _CODE),
    "change": Text("What became of the flag: `raised`, `changed` or `cleared`; empty where there was none.", _CODE),
    "points": _SUM,
    "reasons": Text(_REASONS, "bytes"),
    "policy": _POLICY,
    "since": _SINCE,
    "flagged_since": _FLAGGED_SINCE,
    "status": Text("The status of the enrolment then: a flag is cleared when it is no longer `active`.", _CODE),
    "provider": Text("The lead provider then.", _ID),
    "partner": Text("The delivery partner then.", _ID),
}

OUTBOX = {
    "id": Text("Of the message: enrolment and day. A topic holds it once.", _ID),
    "day": Text("The day of the decision that it tells.", _DAY),
    "enrolment": Text("Whom it is about.", _ID),
    "topic": Text("Where it goes: `risk-changes`.", _CODE),
    "key": Text("The participant, which chooses the partition.", _ID),
    "value": Text("The message: a CloudEvent as JSON.", "bytes"),
    "relayed": Text("It has left. A rebuild keeps this, so nothing is sent again.", "true or false"),
}

ABOUT = {"version": Text("Version of these tables; a store of another version is rebuilt.", "number")}
