"""A day that starts decides about risk once; what changes a flag is kept in the history and told in one message."""

from datetime import date
from pathlib import Path

import msgspec

from learning.facts import (
    Deferred,
    Transferred,
)
from learning.policy import Policies, Policy
from tests.builders import completed, enrolled, make
from tests.decisions_kit import AFTER, BEHIND, FLAG, POLICIES, WATCH, WORST, Bench, moment, started, told
from tests.risk_kit import policies_of, rules_of, steps


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
