"""What is told to other systems about a decision: which change it is, its id, and everything that explains it."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from learning.changes import NOTHING_DECIDED, Change, Decided, change_between, decision, encode_change, risk_change
from learning.facts import ParticipantMerged
from learning.measures import measure
from learning.progress import fold_all
from tests.builders import completed, enrolled, make
from tests.risk_kit import RISKY, assessed, policies_of, rules_of, steps

RULES = policies_of(
    rules_of(
        behind=steps("behind", (1, 1), (2, 2), (3, 3)),
        work_missing=steps("work-missing", (0.25, 0)),
        deadline_near=steps("deadline-near", (28, 1)),
    )
)
DAY = date(2025, 9, 29)
FACTS = [enrolled(partner="partner-7"), make(ParticipantMerged(retired="p-1", into="p-9"), completed("module-1").time)]

ON_TRACK, WATCH = Decided("on-track"), Decided("watch")
SILENT, CRITICAL = Decided("at-risk", ("silent",)), Decided("critical", ("silent",))
MORE = Decided("at-risk", ("behind", "silent"))


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (NOTHING_DECIDED, ON_TRACK, None),
        (ON_TRACK, WATCH, None),
        (WATCH, ON_TRACK, None),
        (WATCH, WATCH, None),
        (ON_TRACK, SILENT, "raised"),
        (WATCH, CRITICAL, "raised"),
        (SILENT, SILENT, None),
        (SILENT, CRITICAL, "changed"),
        (CRITICAL, SILENT, "changed"),
        (SILENT, MORE, "changed"),
        (SILENT, WATCH, "cleared"),
        (CRITICAL, ON_TRACK, "cleared"),
    ],
)
def test_a_change_is_told_when_there_was_or_is_a_flag(before: Decided, after: Decided, change: Change | None) -> None:
    """Raised from below, cleared to below, changed when its level or its signals do; below a flag nothing is told."""
    assert change_between(before, after) == change


def test_a_decision_is_the_level_and_the_signals_of_a_flag() -> None:
    """In the order of the alphabet, so that weights make no difference; below a flag only the level counts."""
    assert decision(assessed(FACTS, RULES, DAY)) == Decided("critical", ("behind",))
    assert decision(assessed(FACTS, RULES, date(2025, 9, 15))) == Decided("watch")
    assert decision(assessed(FACTS, RULES, date(2026, 2, 20))).signals == ("behind", "deadline-near")


def told(before: Decided = NOTHING_DECIDED, day: date = DAY) -> Any:
    """The message about the decision of a day, read back."""
    progress = measure(fold_all(FACTS), RISKY, day)
    assert progress is not None
    change = risk_change("e-1", "raised", before, assessed(FACTS, RULES, day), progress.standing)
    return msgspec.json.decode(encode_change(change))


def test_a_message_is_known_by_enrolment_and_day() -> None:
    """One decision an enrolment and day: the id is made of the two, and so is the same when it is decided again."""
    assert told()["id"] == "e-1/2025-09-29"
    assert told() == told()
    assert told(day=date(2025, 9, 30))["id"] != told()["id"]


def test_a_message_stands_in_an_envelope_of_its_participant() -> None:
    """Type, subject and key, and the beginning of the day in the UK as its time."""
    found = told()

    assert (found["type"], found["source"], found["specversion"]) == ("risk.raised.v1", "/engagement/risk", "1.0")
    assert (found["subject"], found["partitionkey"], found["data"]["participant"]) == ("e-1", "p-9", "p-9")
    assert datetime.fromisoformat(found["time"]) == datetime(2025, 9, 28, 23, tzinfo=UTC)


def test_a_message_says_what_was_decided_and_by_what() -> None:
    """Levels before and after, since when, the policy, and whom it concerns."""
    data = told(Decided("watch"))["data"]

    assert (data["level"], data["previous_level"], data["points"]) == ("critical", "watch", 3)
    assert (data["day"], data["since"], data["flagged_since"]) == ("2025-09-29", "2025-09-29", "2025-09-22")
    assert (data["policy"], data["partner"], data["provider"]) == ("test", "partner-7", "provider-1")
    assert (data["programme"], data["intake"], data["status"]) == ("small/course", "autumn", "active")


def test_a_message_explains_itself() -> None:
    """Each reason with its figures, thresholds, sentence and remedy, for readers who do not have the policy."""
    [reason] = told()["data"]["reasons"]

    assert (reason["signal"], reason["points"], reason["figure"], reason["threshold"]) == ("behind", 3, 3, 3)
    assert reason["inputs"] == {"weeks": 3, "completion": 0.0, "expected": 0.3}
    assert reason["sentence"] == "Behind the plan by 3 study weeks: 0 % done, 30 % was due."
    assert reason["remedy"] == "Completing what was due: 30 % of the programme."
