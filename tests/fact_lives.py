"""Seeded lives of many enrolments, with every type of fact, corrections, merges and ties: material for fault tests.

Not believable as people (that is `producers.simulator`), but dense: half of the facts contradict another.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, get_args

from learning.codes import DeferralReason, WithdrawalReason
from learning.curriculum import Curriculum
from learning.events import Fact, fact
from learning.facts import (
    ActivitySeen,
    AlertSent,
    AlertsMuted,
    AssessmentEntered,
    AssessmentMarked,
    AssessmentSubmitted,
    AttendanceRecorded,
    ComponentCompleted,
    ComponentReopened,
    ContactMade,
    Data,
    DeferralRequested,
    Deferred,
    Enrolled,
    ExtenuatingCircumstancesGranted,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.plan import Plan
from projections.curriculum_files import load_curriculum
from tests.builders import SMALL_FILE

LAST_DAY = date(2026, 3, 13)
"""The lives take place before it; some withdrawals become effective after it."""

WEIGHTED_FILE = SMALL_FILE.replace("threshold = 0.9", 'threshold = 0.6\nmeasure = "weighted"').replace(
    'kind = "clinic", ', 'kind = "clinic", weight = 5, '
)

COURSES = (
    ("small/course", ("autumn", "spring")),
    ("weighted/course", ("autumn", "spring")),
    ("ambition-2024/ehco", ("2024-autumn", "2025-spring")),
    ("reformed-2021/npqltd", ("2024-autumn", "2025-autumn")),
    ("alliance-2017/npqml", ("2024-autumn", "2025-spring")),
)
_FACTS_A_LIFE = 20
_EVEN_IF_UNKNOWN = "not-in-the-programme"
_WEIGHTS: dict[type[Data], int] = {
    ComponentCompleted: 40,
    AttendanceRecorded: 16,
    ActivitySeen: 14,
    ComponentReopened: 5,
    AssessmentSubmitted: 3,
    AssessmentEntered: 3,
    AssessmentMarked: 3,
    ExtenuatingCircumstancesGranted: 1,
    DeferralRequested: 1,
    Deferred: 2,
    Resumed: 2,
    WithdrawalRecommended: 1,
    Withdrawn: 2,
    Transferred: 2,
    ParticipantMerged: 2,
    ContactMade: 3,
    WithdrawalObjected: 1,
    AlertSent: 2,
    AlertsMuted: 1,
}


def own_programmes(data_dir: Path) -> Curriculum:
    """Put catalogue files of a user's own into the data folder; answer the curriculum with them."""
    folder = data_dir / "programmes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "small.toml").write_text(SMALL_FILE, encoding="utf-8")
    (folder / "weighted.toml").write_text(WEIGHTED_FILE, encoding="utf-8")
    return load_curriculum(folder)


def lives(seed: int, facts: int, curriculum: Curriculum) -> list[Fact]:
    """So many facts, in no order: of one enrolment they are spread over the whole list."""
    random = Random(seed)
    made = [each for number in range(facts // _FACTS_A_LIFE) for each in _life(random, seed, number, curriculum)]
    random.shuffle(made)
    return made


def _life(random: Random, seed: int, number: int, curriculum: Curriculum) -> Iterator[Fact]:
    programme, intakes = random.choice(COURSES)
    plan = curriculum.plan(programme, random.choice(intakes))
    person, start = f"p-{number}", datetime.fromisoformat(f"{plan.intake.start}T09:00:00+00:00")
    days = (LAST_DAY - plan.intake.start).days - 1
    components = [each.id for each in plan.programme.components][: random.randint(5, 20)]
    for step in range(_FACTS_A_LIFE):
        if step == 0 and number % 40 != 0:  # of one in 40 it is never known that they enrolled
            data: Data = _enrolled(random, plan, person, intakes)
            time = start - timedelta(days=random.randint(3, 20))
        else:
            [kind] = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            data = _data(random, kind, [*components, _EVEN_IF_UNKNOWN], intakes, person)
            time = start + timedelta(days=random.randrange(0, days, 5), hours=random.choice((0, 0, 15)))
        yield fact(
            data,
            id=f"{seed}-{number:06}-{step:03}",
            source="/lives",
            subject=f"e-{number}",
            time=time,
            recordedtime=time + timedelta(days=random.choice((0, 0, 2, 30)), microseconds=step),
            partitionkey=person,
        )
        if isinstance(data, ParticipantMerged):
            person = data.into  # what follows stands in another partition


def _enrolled(random: Random, plan: Plan, person: str, intakes: tuple[str, ...]) -> Enrolled:
    return Enrolled(
        participant=person,
        programme=plan.programme.id,
        intake=random.choice(intakes),
        provider="provider-1",
        partner=f"partner-{random.randint(1, 6)}",
        cohort=random.choice((None, "2025a")),
    )


def _data(random: Random, kind: type[Data], components: list[str], intakes: tuple[str, ...], person: str) -> Data:
    attempt, component = random.choice((1, 1, 2)), random.choice(components)
    day = LAST_DAY + timedelta(days=random.randint(-200, 20))
    pause = random.choice(get_args(DeferralReason))
    reason = random.choice(get_args(WithdrawalReason))
    arguments: dict[type[Data], dict[str, Any]] = {
        ComponentCompleted: {"component": component},
        AttendanceRecorded: {
            "component": component,
            "attendance": random.choice(("attended", "attended", "absent", "caught-up")),
        },
        ComponentReopened: {"component": component},
        ActivitySeen: {"clicks": random.randint(0, 9)},
        AssessmentSubmitted: {"component": components[-2], "attempt": attempt, "banked": random.random() < 0.3},
        AssessmentEntered: {"attempt": attempt, "opens": day, "closes": day + timedelta(days=8)},
        AssessmentMarked: {"attempt": attempt, "outcome": random.choice(("passed", "failed", "failed"))},
        ExtenuatingCircumstancesGranted: {"attempt": attempt},
        DeferralRequested: {"reason": pause},
        Deferred: {"reason": pause},
        WithdrawalRecommended: {"reason": reason, "by": "staff-1"},
        Withdrawn: {"reason": reason, "effective": day, "signed_off_by": "partner-1"},
        Transferred: {
            "partner": f"partner-{random.randint(1, 6)}",
            "intake": random.choice((None, random.choice(intakes))),
        },
        ParticipantMerged: {"retired": person, "into": f"{person}-{random.randint(1, 99)}"},
        ContactMade: {"channel": "phone", "outcome": "reached", "by": "staff-1"},
        WithdrawalObjected: {"reason": "still-taking-part", "by": "partner-1"},
        AlertSent: {"alert": "a-1", "notice": "msg_1", "step": "first", "channel": "email", "to": "contact-1"},
        AlertsMuted: {"by": "staff-1", "until": day},
    }
    return kind(**arguments.get(kind, {}))
