"""What the API tells of one enrolment."""

from datetime import date, datetime
from typing import Any

from dashboard.api.models import Freshness, Told
from learning.changes import Change
from learning.codes import Outcome
from learning.flags import Stage
from learning.policy import Level, SignalCode
from learning.programme import Kind
from learning.standing import Status, Withdrawal


class Reason(Told):
    """One signal that counts towards a level of risk."""

    signal: SignalCode
    """Its code."""
    points: int
    """What it counts."""
    figure: float
    """What was measured; of days that are left, the threshold."""
    threshold: float
    """The figure from which it counts so much; days that are left count below zero."""
    sentence: str
    """It in plain English, with its figures."""
    remedy: str
    """What would clear it."""

    def __str__(self) -> str:
        """As it stands in a cell of CSV."""
        return self.signal


class Enrolment(Told):
    """One enrolment with its progress and its risk. Ratios lie between 0 and 1; instants are in UTC, days in the UK."""

    enrolment: str
    """Its id."""
    participant: str
    """The participant, by the id that counts now (after merges)."""
    programme: str
    """Catalogue file and code, such as `ambition-2024/npqsl`."""
    intake: str
    """The group that started together, such as `2025-autumn`."""
    provider: str
    """The lead provider."""
    partner: str
    """The delivery partner."""
    cohort: str | None
    """DfE's cohort: the call-off contract that funds the place."""
    schedule: str | None
    """DfE's schedule identifier."""
    enrolled_on: date
    """The day of the first enrolment fact."""
    status: Status
    """Whether it is studied now."""
    status_since: date | None
    """The day from which a status other than active holds; of a withdrawal, its effective day."""
    status_reason: str | None
    """DfE's reason code of the deferral or withdrawal."""
    withdrawal_recommended: bool
    """Withdrawal was recommended, and the delivery partner has neither signed it off nor objected."""
    withdrawal: Withdrawal | None
    """The last word on leaving; null where there is none, and after a return."""
    withdrawal_at: datetime | None
    """When that was said."""
    contacted_at: datetime | None
    """When somebody last tried to reach the participant."""
    muted_until: date | None
    """The last day (UK) without alerts, as last asked for; it may have passed."""
    completion: float
    """Points done over points there are, 0 to 1."""
    components_done: int
    """Counting components that are done."""
    components_total: int
    """Components that count."""
    components_unknown: int
    """Components that facts name and the programme does not have; they count for nothing."""
    assessments_submitted: int
    """Components for which work was handed in."""
    gate_reached: bool
    """Whether so much is done that the assessment may be sat."""
    last_activity_at: datetime | None
    """When the participant was last seen at work."""
    attempts_left: int | None
    """Attempts at the final assessment that are left; null where nothing is assessed."""
    outcome: Outcome | None
    """Of the attempt that was marked last."""
    deadline: date | None
    """The last day on which reaching the gate counts."""
    expected: float | None
    """Completion that the plan has due, 0 to 1."""
    lag_weeks: int | None
    """Study weeks behind the plan; never negative."""
    pace: float | None
    """Completion per study week over the last four."""
    pace_needed: float | None
    """Completion per study week that still reaches the gate by the deadline."""
    forecast: float | None
    """Completion at the deadline at the recent pace, 0 to 1."""
    next_due: str | None
    """The first component by due day that is not done."""
    next_due_on: date | None
    """The day by whose end it is due."""
    level: Level | None
    """Of risk; null unless it is active and a day has looked at it."""
    points: int | None
    """Of risk: those of the reasons together."""
    reasons: list[Reason]
    """Why it has its level, the weightiest first."""
    policy: str | None
    """The version of the risk policy by which the level was made."""
    since: date | None
    """The day on which the level began; null on track."""
    flagged_since: date | None
    """The day since which there has been a flag without a break."""
    comes_down: date | None
    """When the cause is gone: the day on which the level comes down if nothing else happens."""
    stage: Stage | None
    """What was done about its flag last."""
    stage_since: datetime | None
    """When."""
    stage_by: str | None
    """Who did it: the id of an account or of a member of staff."""
    updated_at: datetime
    """When anything of this changed last in the projections; a rebuild counts as a change."""
    as_of: date | None
    """The day as of which it is measured."""


class ComponentProgress(Told):
    """One component of the programme, as this participant stands with it."""

    component: str
    """Its id."""
    kind: Kind
    """What it is."""
    title: str
    """Its title."""
    counts: bool
    """Whether it counts towards completion."""
    points: int
    """What it is worth; 0 where it does not count."""
    due_on: date
    """The day (UK) by whose end the plan has it due."""
    done_at: datetime | None
    """When it was done; null where it is not."""
    state: str | None
    """The last that was recorded of it, such as `completed`, `attended`, `absent` or `reopened`; null: nothing."""


class EnrolmentDetail(Enrolment):
    """An enrolment with its progress by component."""

    components: list[ComponentProgress]
    """In the order in which they are due."""
    freshness: Freshness
    """Of what was read."""


class Entry(Told):
    """One thing that happened, or was decided."""

    time: datetime
    """When it happened; of visits and decisions, the start of their day in the UK."""
    what: str
    """A component's word such as `completed`, `visited`, an event type, `flag raised`, `flag changed`, `flag cleared`,
    or `risk` and a level."""
    component: str | None
    """The component that it is about."""
    detail: dict[str, Any] | None
    """What else the fact or the decision says."""
    recordedtime: datetime | None
    """When it became known; not kept of visits."""


class Decision(Told):
    """What was decided on a day on which it was another decision than before."""

    day: date
    """As this day began."""
    level: Level
    """The level that was decided."""
    previous_level: Level
    """The one before."""
    change: Change | None
    """What became of the flag."""
    points: int
    """Those of the reasons together."""
    policy: str
    """The version of the risk policy."""
    reasons: list[Reason]
    """Why."""


class Assessed(Told):
    """What is to be said of an enrolment on a past day."""

    level: Level
    """The level."""
    points: int
    """Those of the reasons together."""
    policy: str
    """The version of the risk policy."""
    since: date | None
    """The day on which the level began."""
    flagged_since: date | None
    """The day since which there had been a flag."""
    comes_down: date | None
    """The day on which the level was to come down if nothing else happened."""
    reasons: list[Reason]
    """What counted, each with what would have cleared it."""


class LearnedLater(Told):
    """A fact that had happened before a past day and was not known when it began."""

    time: datetime
    """When it happened; of visits, the start of their day in the UK."""
    what: str
    """A component's word such as `completed`, `visited`, or an event type."""
    component: str | None
    """The component that it is about."""
    detail: dict[str, Any] | None
    """What else the fact says."""
    recordedtime: datetime | None
    """When it became known by its own word; not kept of visits."""
    known_after: date
    """The latest day that had started before it was known here."""


class Hindsight(Told):
    """A past day, as it was known then and as it is known now."""

    asked: date
    """The day that was asked for."""
    day: date
    """The latest day up to it that had started: what was decided then held."""
    known_then: Assessed | None
    """By what was known then; null where the enrolment itself was not known."""
    known_now: Assessed | None
    """By what is known now."""
    decided: Decision | None
    """What was decided at the time; null where nothing was, which means on track."""
    agrees: bool
    """Whether that is what the rules, as they are now, make of what was known then."""
    learned_later: list[LearnedLater]
    """What makes the difference, in order of when it happened."""


class Explanation(Told):
    """Why an enrolment has its level."""

    enrolment: str
    """Its id."""
    status: Status
    """Only of an active enrolment anything counts."""
    level: Level | None
    """The level; null unless it is active and a day has looked at it."""
    points: int | None
    """Those of the reasons together."""
    policy: str | None
    """The version of the risk policy."""
    since: date | None
    """The day on which the level began."""
    flagged_since: date | None
    """The day since which there has been a flag."""
    comes_down: date | None
    """The day on which the level comes down if nothing else happens."""
    reasons: list[Reason]
    """What counts, each with what would clear it."""
    no_reason: list[SignalCode]
    """What the policy looks at and found nothing in."""
    history: list[Decision]
    """What was decided before, the first decision first."""
    hindsight: Hindsight | None = None
    """The day of `as_of`, where it is asked for; everything else here is as of the latest day."""
    freshness: Freshness
    """Of what was read."""
