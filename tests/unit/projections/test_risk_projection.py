"""Decisions about risk: made when a day starts, kept in the history, told once; the register follows facts at once."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from learning.events import Fact, encode
from learning.facts import (
    ComponentReopened,
    ContactMade,
    DayStarted,
    Deferred,
    FlagAcknowledged,
    ParticipantMerged,
    Transferred,
    Withdrawn,
)
from learning.policy import Policies, Policy
from projections import enrolment_risk, outbox, risk_history
from projections.outbox import Message
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import SMALL, START, completed, enrolled, make
from tests.risk_kit import policies_of, rules_of, steps

WATCH, FLAG, WORST = date(2025, 9, 15), date(2025, 9, 22), date(2025, 10, 6)
"""Of who does nothing: the days on which 1, 2 and 4 study weeks are over, which is watch, at risk and critical."""

AFTER = date(2025, 9, 23)
"""The day after the flag was raised, on which no study week ends."""

BEHIND = rules_of(behind=steps("behind", (1, 1), (2, 2), (4, 3)))
POLICIES = policies_of(BEHIND)


class Bench:
    """A store, and what is decided in it."""

    def __init__(self, path: Path, policies: Policies = POLICIES) -> None:
        """Make an empty store."""
        self.store = Store(path)
        rulebook = Rulebook(SMALL, policies)
        self._projector = Projector(self.store, rulebook, park=lambda _: None, now=lambda: START)

    def apply(self, *items: Fact | date, partition: int = 0) -> None:
        """Append facts and days that start to a partition, and apply them in one run."""
        first = self.store.checkpoint(partition).next_offset
        facts = [item if isinstance(item, Fact) else started(item) for item in items]
        self._projector.apply(partition, list(enumerate(map(encode, facts), first)), b"head")

    def connect(self) -> Connection:
        """For queries."""
        return self.store.connect()

    def history(self, enrolment: str = "e-1") -> list[tuple[date, str, str | None]]:
        """Day, level and change of each decision."""
        return [(row["day"], row["level"], row["change"]) for row in self.decisions(enrolment)]

    def decisions(self, enrolment: str = "e-1") -> list[dict[str, Any]]:
        """The rows of the history."""
        with self.connect() as connection:
            return risk_history.of(connection, enrolment)

    def messages(self) -> list[Message]:
        """What waits in the outbox."""
        with self.connect() as connection:
            return outbox.waiting(connection, 100, date.max)

    def current(self, enrolment: str = "e-1") -> dict[str, Any]:
        """The register's row."""
        with self.connect() as connection:
            found = enrolment_risk.find(connection, enrolment)
        assert found is not None
        return found

    def at_risk(self) -> list[str]:
        """Who is on the at-risk register."""
        with self.connect() as connection:
            return [row["enrolment"] for row in enrolment_risk.at_risk(connection)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty store."""
    made = Bench(tmp_path / "store.db")
    with made.store:
        yield made


@pytest.fixture
def flagged(bench: Bench) -> Bench:
    """Somebody who did nothing, and was flagged two study weeks in."""
    bench.apply(enrolled(), WATCH, FLAG)
    return bench


def started(day: date) -> Fact:
    """A day that starts."""
    return make(DayStarted(day=day), moment(day, 0), enrolment="calendar")


def moment(day: date, hour: int = 10) -> datetime:
    """An hour of a day."""
    return datetime.combine(day, time(hour), tzinfo=UTC)


def told(message: Message) -> dict[str, Any]:
    """What a message says."""
    said: dict[str, Any] = json.loads(message.value)
    return said


def test_a_day_decides_and_tells(flagged: Bench) -> None:
    """Given two weeks of nothing, the flag is in the history with its reasons, and one message tells it."""
    [watch, raised] = flagged.decisions()
    [message] = flagged.messages()

    assert (watch["day"], watch["level"], watch["previous_level"], watch["change"]) == (
        WATCH,
        "watch",
        "on-track",
        None,
    )
    assert (raised["day"], raised["level"], raised["previous_level"], raised["change"]) == (
        FLAG,
        "at-risk",
        "watch",
        "raised",
    )
    assert [(reason.signal, reason.figure) for reason in raised["reasons"]] == [("behind", 2)]
    assert (raised["flagged_since"], raised["policy"], raised["status"]) == (FLAG, "test", "active")
    assert message[:5] == ("e-1/2025-09-22", FLAG, "e-1", "risk-changes", "p-1")
    assert (told(message)["id"], told(message)["type"]) == ("e-1/2025-09-22", "risk.raised.v1")
    assert told(message)["data"]["level"] == "at-risk"
    assert told(message)["data"]["reasons"][0]["sentence"] == raised["reasons"][0].sentence


def test_a_flag_that_gets_worse_and_is_cleared_is_told_each_time(flagged: Bench) -> None:
    """Raised, changed, cleared: one message a day on which the flag changed, in order."""
    flagged.apply(WORST, *(completed(f"module-{number}", moment(WORST)) for number in range(1, 5)))
    flagged.apply(completed("clinic-1", moment(WORST)), date(2025, 10, 7))

    assert flagged.history()[1:] == [
        (FLAG, "at-risk", "raised"),
        (WORST, "critical", "changed"),
        (date(2025, 10, 7), "on-track", "cleared"),
    ]
    assert [(told(each)["id"], told(each)["type"]) for each in flagged.messages()] == [
        ("e-1/2025-09-22", "risk.raised.v1"),
        ("e-1/2025-10-06", "risk.changed.v1"),
        ("e-1/2025-10-07", "risk.cleared.v1"),
    ]


def test_a_change_without_a_flag_is_kept_and_not_told(bench: Bench) -> None:
    """From on track to watch and back is in the history, and is no message."""
    bench.apply(enrolled(), WATCH, completed("module-1", moment(WATCH)), date(2025, 9, 16))

    assert bench.history() == [(WATCH, "watch", None), (date(2025, 9, 16), "on-track", None)]
    assert bench.messages() == []


def test_a_day_without_a_change_is_not_in_the_history(flagged: Bench) -> None:
    """The same level for the same reasons is no decision."""
    before = flagged.history(), flagged.messages()

    flagged.apply(AFTER)

    assert (flagged.history(), flagged.messages()) == before
    assert flagged.current()["as_of"] == AFTER


def test_a_day_decides_once_whatever_facts_arrive_on_it(flagged: Bench) -> None:
    """Facts that clear the flag and bring it back, and the day once more, make no second decision."""
    before = flagged.history(), flagged.messages()
    done = [completed(f"module-{number}", moment(WATCH)) for number in (1, 2)]

    for fact in (*done, make(Deferred(reason="other"), moment(WATCH, 11)), started(FLAG), started(WATCH)):
        flagged.apply(fact)

    assert (flagged.history(), flagged.messages()) == before


def test_the_register_follows_late_facts_between_days(flagged: Bench) -> None:
    """Work of last week that becomes known today takes somebody off the register now, and clears the flag tomorrow."""
    flagged.apply(*(completed(f"module-{number}", moment(date(2025, 9, 18))) for number in (1, 2)))

    assert (flagged.current()["level"], flagged.at_risk()) == ("on-track", [])
    assert flagged.history()[-1] == (FLAG, "at-risk", "raised")

    flagged.apply(AFTER)
    assert flagged.history()[-1] == (AFTER, "on-track", "cleared")


def test_a_late_fact_that_raises_a_flag_is_decided_on_the_next_day(bench: Bench) -> None:
    """Given an enrolment that becomes known two weeks late, it is on the register now and is told tomorrow."""
    bench.apply(WATCH, FLAG)
    bench.apply(enrolled())
    assert (bench.at_risk(), bench.history()) == (["e-1"], [])

    bench.apply(AFTER)
    assert bench.history() == [(AFTER, "at-risk", "raised")]


def test_what_happens_on_a_day_counts_from_the_next_day_on(flagged: Bench) -> None:
    """Work done on the day of the flag leaves the level as it is until the day is over."""
    flagged.apply(*(completed(f"module-{number}", moment(FLAG)) for number in (1, 2)))
    assert (flagged.current()["level"], flagged.at_risk()) == ("at-risk", ["e-1"])

    flagged.apply(AFTER)
    assert (flagged.current()["level"], flagged.at_risk()) == ("on-track", [])


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (Withdrawn(reason="other", effective=FLAG, signed_off_by="partner-1"), "withdrawn"),
        (Deferred(reason="other"), "deferred"),
    ],
)
def test_who_withdrew_or_is_deferred_has_no_flag(flagged: Bench, end: Any, status: str) -> None:
    """They leave the register at once; the next day clears the flag and says why."""
    flagged.apply(make(end, moment(FLAG)))
    assert flagged.at_risk() == []

    flagged.apply(AFTER)
    [*_, decided] = flagged.decisions()
    [*_, message] = flagged.messages()
    assert (decided["day"], decided["change"], decided["status"]) == (AFTER, "cleared", status)
    assert (told(message)["type"], told(message)["data"]["status"]) == ("risk.cleared.v1", status)


def test_the_stage_of_a_flag_follows_its_facts_at_once(flagged: Bench) -> None:
    """Raised, acknowledged, contacted: the register names stage and actor, and nothing is decided anew."""
    stages = [(flagged.current()["stage"], flagged.current()["stage_by"])]
    before = flagged.history(), flagged.messages()

    for data in (FlagAcknowledged(by="staff-1"), ContactMade(channel="phone", outcome="reached", by="staff-2")):
        flagged.apply(make(data, moment(FLAG, 10 + len(stages))))
        stages.append((flagged.current()["stage"], flagged.current()["stage_by"]))

    assert stages == [("raised", None), ("acknowledged", "staff-1"), ("contacted", "staff-2")]
    assert flagged.current()["stage_since"] == moment(FLAG, 12)
    assert (flagged.history(), flagged.messages()) == before


def test_what_was_done_about_an_earlier_flag_is_not_about_the_next(flagged: Bench) -> None:
    """A flag that was cleared and is raised again begins as raised."""
    flagged.apply(make(FlagAcknowledged(by="staff-1"), moment(FLAG)))
    flagged.apply(*(completed(f"module-{number}", moment(FLAG)) for number in (1, 2)), AFTER)
    assert flagged.current()["stage"] is None

    flagged.apply(date(2025, 10, 13))
    assert (flagged.current()["stage"], flagged.current()["stage_by"]) == ("raised", None)


def test_a_policy_that_comes_into_force_decides_everybody(tmp_path: Path) -> None:
    """On the first day of a version everybody is decided by it, though nothing else makes that day a special one."""
    strict = msgspec.structs.replace(rules_of(behind=steps("behind", (1, 2), (2, 3))), version="strict")
    policies = Policies((*POLICIES.versions, Policy("strict", AFTER, strict, {})))
    bench = Bench(tmp_path / "store.db", policies)
    others = [enrolled(enrolment="e-2"), completed("module-1", enrolment="e-2")]
    bench.apply(enrolled(), *others, WATCH, FLAG)
    bench.apply(AFTER)

    assert bench.history()[-1] == (AFTER, "critical", "changed")
    assert bench.history("e-2") == [(FLAG, "watch", None), (AFTER, "at-risk", "raised")]
    assert {bench.decisions(each)[-1]["policy"] for each in ("e-1", "e-2")} == {"strict"}
    bench.store.close()


def test_a_lead_provider_can_have_thresholds_of_its_own(tmp_path: Path) -> None:
    """Given a provider that waits longer, its enrolments have no flag yet, and a transfer to it clears one."""
    patient = rules_of(behind=steps("behind", (4, 2)))
    bench = Bench(tmp_path / "store.db", policies_of(BEHIND, provider_2=patient))
    bench.apply(enrolled(), enrolled(enrolment="e-2", provider="provider-2"), WATCH, FLAG)
    assert bench.at_risk() == ["e-1"]

    bench.apply(make(Transferred(provider="provider-2"), moment(FLAG)), AFTER, WORST)
    assert bench.history()[2:] == [(AFTER, "on-track", "cleared"), (WORST, "at-risk", "raised")]
    assert bench.history("e-2") == [(WORST, "at-risk", "raised")]
    bench.store.close()


def test_the_same_log_tells_the_same_bytes(tmp_path: Path) -> None:
    """Messages have in them nothing but what the log says: another store writes them byte for byte."""
    facts = [enrolled(), enrolled(enrolment="e-2", participant="p-2")]
    said = []
    for name in ("one", "other"):
        bench = Bench(tmp_path / f"{name}.db")
        bench.apply(*facts, WATCH, FLAG, WORST)
        said.append(bench.messages())
        bench.store.close()

    assert len(said[0]) == 4
    assert said[0] == said[1]


def test_facts_in_another_partition_count_for_the_days_on_which_they_stood_there(flagged: Bench) -> None:
    """Given work of a merged participant that is read only now, the days are decided by what stood on the log then."""
    merged = make(ParticipantMerged(retired="p-1", into="p-2"), moment(WATCH), participant="p-2")
    work = [completed(f"module-{number}", moment(WATCH, 11), participant="p-2") for number in (1, 2)]
    late = completed("module-3", moment(WATCH, 11), participant="p-2")

    flagged.apply(WATCH, merged, *work, FLAG, partition=1)
    assert flagged.history() == [(WATCH, "watch", None), (FLAG, "on-track", None)]
    assert flagged.messages() == []

    flagged.apply(late, partition=1)
    assert flagged.history() == [(WATCH, "watch", None), (FLAG, "on-track", None)]


def test_what_another_partition_is_ahead_with_makes_no_difference_to_a_day(tmp_path: Path) -> None:
    """Given work that was taken back, which the log says days later, the days before clear the flag all the same."""
    bench = Bench(tmp_path / "store.db", policies_of(msgspec.structs.replace(BEHIND, hold_days=3)))
    days = [date(2025, 9, day) for day in (23, 24, 25, 26)]
    merged = make(ParticipantMerged(retired="p-1", into="p-2"), moment(FLAG), participant="p-2")
    modules = ("module-1", "module-2")
    undone = [make(ComponentReopened(component=each), moment(FLAG, 12), participant="p-2") for each in modules]

    bench.apply(enrolled(), WATCH, FLAG, *(completed(each, moment(FLAG)) for each in modules))
    bench.apply(WATCH, FLAG, merged, *days, *undone, partition=1)
    for day in (*days, date(2025, 9, 27)):
        bench.apply(day)

    assert bench.history()[1:] == [
        (FLAG, "at-risk", "raised"),
        (date(2025, 9, 25), "on-track", "cleared"),
        (date(2025, 9, 27), "at-risk", "raised"),
    ]
    bench.store.close()


def test_what_has_left_is_not_told_again_when_days_are_decided_anew(flagged: Bench) -> None:
    """A message that was relayed stays relayed, though the facts of a merged participant make its day anew."""
    with flagged.store.changing() as connection:
        outbox.mark_relayed(connection, outbox.waiting(connection, 10, date.max))

    merged = make(ParticipantMerged(retired="p-1", into="p-2"), moment(FLAG), participant="p-2")
    flagged.apply(WATCH, FLAG, merged, partition=1)

    assert flagged.history() == [(WATCH, "watch", None), (FLAG, "at-risk", "raised")]
    assert flagged.messages() == []
