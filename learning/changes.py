"""What the pipeline decided about risk, as messages for other systems: a flag was raised, changed or cleared.

One decision an enrolment and day, so a flag changes once a day at most. The id is made of the two, so deciding again
by the same facts says the same again, word for word.
"""

from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from learning.plan import start_of
from learning.policy import FLAGGED, LEVELS, Level, SignalCode
from learning.risk import Assessment, Reason
from learning.standing import Standing, Status

Change = Literal["raised", "changed", "cleared"]

SOURCE = "/engagement/risk"


class Decided(Struct, frozen=True):
    """What was decided of an enrolment last."""

    level: Level = "on-track"
    signals: tuple[SignalCode, ...] = ()

    @property
    def flagged(self) -> bool:
        """Whether it has a flag."""
        return LEVELS.index(self.level) >= FLAGGED


NOTHING_DECIDED = Decided()


def decision(assessment: Assessment) -> Decided:
    """What of an assessment makes it another decision when it changes: the level, and of a flag its weighty reasons.

    Lesser reasons come and go with the weeks, and nobody need be told.
    """
    weighty = (reason.signal for reason in assessment.reasons if reason.weighty)
    return Decided(assessment.level, tuple(sorted(weighty)) if assessment.flagged else ())


def change_between(before: Decided, after: Decided) -> Change | None:
    """What happened to the flag; None where there was none and is none, or nothing about it changed."""
    if before == after or not (before.flagged or after.flagged):
        return None
    if before.flagged and after.flagged:
        return "changed"
    return "raised" if after.flagged else "cleared"


class ToldReason(Struct, frozen=True, kw_only=True):
    """A reason, with its sentences written out."""

    signal: SignalCode
    points: int
    figure: float
    threshold: float
    inputs: dict[str, int | float | date | None]
    sentence: str
    remedy: str


class RiskData(Struct, frozen=True, kw_only=True):
    """What was decided."""

    enrolment: str
    participant: str
    programme: str
    intake: str
    provider: str
    partner: str
    status: Status
    day: date
    level: Level
    previous_level: Level
    points: int
    since: date | None
    flagged_since: date | None
    policy: str
    reasons: tuple[ToldReason, ...]


class RiskChange(Struct, frozen=True, kw_only=True):
    """A decision in a CloudEvents envelope, as facts have one."""

    id: str
    source: str = SOURCE
    type: str
    subject: str
    time: datetime
    partitionkey: str
    data: RiskData
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def told(reason: Reason) -> ToldReason:
    """A reason for people who do not have this program."""
    return ToldReason(
        signal=reason.signal,
        points=reason.points,
        figure=reason.figure,
        threshold=reason.threshold,
        inputs=dict(reason.inputs),
        sentence=reason.sentence,
        remedy=reason.remedy,
    )


def risk_change(enrolment: str, change: Change, before: Decided, after: Assessment, standing: Standing) -> RiskChange:
    """The message about a decision that was made as a day began."""
    return RiskChange(
        id=f"{enrolment}/{after.as_of.isoformat()}",
        type=f"risk.{change}.v1",
        subject=enrolment,
        time=start_of(after.as_of),
        partitionkey=standing.participant,
        data=RiskData(
            enrolment=enrolment,
            participant=standing.participant,
            programme=standing.programme,
            intake=standing.intake,
            provider=standing.provider,
            partner=standing.partner,
            status=standing.status,
            day=after.as_of,
            level=after.level,
            previous_level=before.level,
            points=after.points,
            since=after.since,
            flagged_since=after.flagged_since,
            policy=after.policy,
            reasons=tuple(told(reason) for reason in after.reasons),
        ),
    )


def encode_change(change: RiskChange) -> bytes:
    """Write a message as one line of JSON."""
    return msgspec.json.encode(change)
