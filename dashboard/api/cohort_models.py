"""What the API tells of many enrolments counted together, and of the programmes that they are on."""

from datetime import date, datetime

from dashboard.api.models import Freshness, Told
from learning.policy import SignalCode
from learning.programme import Kind


class Counted(Told):
    """Enrolments counted. Ratios lie between 0 and 1 and are over those who have not withdrawn."""

    enrolled: int
    """Enrolments, whatever their status."""
    active: int
    """Of these, active."""
    deferred: int
    """Of these, deferred."""
    withdrawn: int
    """Of these, withdrawn."""
    completed: int
    """Of these, completed."""
    on_track: int
    """Active and on track."""
    watch: int
    """Active and on watch."""
    at_risk: int
    """Active and at risk."""
    critical: int
    """Active and critical."""
    not_assessed: int
    """Active, and no day has looked at them yet."""
    flagged: int
    """At risk or critical: somebody is to act."""
    completion_ratio: float | None
    """Points done over points there are."""
    expected_ratio: float | None
    """Points that the plan has due over points there are."""
    gate_reached: int
    """Enrolments that have reached the gate."""
    assessments_submitted: int
    """Components for which work was handed in."""
    mean_lag_weeks: float | None
    """Mean study weeks behind the plan, of the active ones."""
    last_activity_at: datetime | None
    """When anybody was last seen at work."""


class CohortKey(Told):
    """What tells cohorts apart."""

    programme: str
    """The programme."""
    intake: str
    """The intake."""


class Cohort(Counted, CohortKey):
    """The enrolments of a programme and intake."""


class PartnerKey(Told):
    """What tells delivery partners apart."""

    partner: str
    """Its id."""


class Partner(Counted, PartnerKey):
    """The enrolments of a delivery partner."""


class PartnerDetail(Partner):
    """A delivery partner with its cohorts."""

    cohorts: list[Cohort]
    """Its enrolments by programme and intake."""
    freshness: Freshness
    """Of what was read."""


class Changed(Told):
    """What the latest day has brought."""

    day: date
    """The day."""
    raised: int
    """Flags that were raised as it began."""
    changed: int
    """Flags that stayed and changed."""
    cleared: int
    """Flags that were cleared."""
    completed: int
    """Enrolments that are completed since."""
    withdrawn: int
    """Enrolments that are withdrawn since."""
    deferred: int
    """Enrolments that are deferred since."""


class Deadline(Told):
    """Active enrolments whose deadline is near and which have not reached the gate."""

    deadline: date
    """The last day on which reaching the gate counts."""
    programme: str
    """The programme."""
    intake: str
    """The intake."""
    enrolments: int
    """How many they are."""
    flagged: int
    """How many of them are at risk or critical."""


class ReasonCount(Told):
    """How many flagged enrolments have a reason."""

    signal: SignalCode
    """The code of the reason."""
    enrolments: int
    """How many have it."""


class Overview(Told):
    """How things stand."""

    totals: Counted
    """All enrolments that are asked for."""
    cohorts: list[Cohort]
    """The same by programme and intake."""
    changed: Changed | None
    """What the latest day has brought; null while none has started."""
    deadlines: list[Deadline]
    """Within the next four weeks."""
    reasons: list[ReasonCount]
    """Of the flagged enrolments, the most frequent first."""
    freshness: Freshness
    """Of what was read."""


class Programme(Told):
    """A programme."""

    programme: str
    """Catalogue file and code, such as `ambition-2024/npqsl`."""
    title: str
    """Its title."""
    provider: str
    """The lead provider whose rules it follows."""
    generation: str
    """Of the rules."""
    course: str | None
    """DfE's course identifier; null for what DfE does not know."""
    months: int
    """How long it takes."""
    components_total: int
    """Components that count."""
    gate: float
    """Completion that must be reached, 0 to 1."""


class ComponentPlan(Told):
    """One thing to do in a programme."""

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
    due_week: int | None
    """The study week by whose end it is due, counted from 1; either this or `due_day`."""
    due_day: int | None
    """The day by whose end it is due, counted from 0 on the first day of the intake."""


class ProgrammeDetail(Programme):
    """A programme with what it consists of."""

    components: list[ComponentPlan]
    """In the order in which they are due."""
