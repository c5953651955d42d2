"""The register of risk follows facts at once; the next day decides what comes of them."""

from datetime import date
from typing import Any

import pytest

from learning.facts import (
    ContactMade,
    Deferred,
    FlagAcknowledged,
    Withdrawn,
)
from tests.builders import completed, enrolled, make
from tests.decisions_kit import AFTER, FLAG, WATCH, Bench, moment, told


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
