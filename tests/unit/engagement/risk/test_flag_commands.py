"""`engagement flag`: what was done about a flag becomes a fact in the name of who did it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.command_line import Cli
from tests.risk_commands_kit import DAYS, register, start

STEPS: list[tuple[list[str], dict[str, Any], str]] = [
    (["acknowledge"], {"by": "staff-1"}, "acknowledged"),
    (
        ["contact", "--channel", "phone", "--outcome", "no-answer"],
        {"channel": "phone", "outcome": "no-answer", "by": "staff-1"},
        "contacted",
    ),
    (["improving"], {"by": "staff-1"}, "improving"),
    (
        ["recommend-withdrawal", "--reason", "insufficient-capacity"],
        {"reason": "insufficient-capacity", "by": "staff-1"},
        "withdrawal-recommended",
    ),
]


@pytest.mark.parametrize(("arguments", "data", "stage"), STEPS, ids=[stage for *_, stage in STEPS])
def test_a_step_of_a_flag_becomes_a_fact_with_its_actor(
    cli: Cli, arguments: list[str], data: dict[str, Any], stage: str
) -> None:
    """What is noted stands on the log of its participant, and once processed the flag is at that stage."""
    verb, *rest = arguments
    ran = cli("flag", verb, "e-3", "--by", "staff-1", *rest, "--json")

    assert (ran.data["enrolment"], ran.data["participant"], ran.data["data"]) == ("e-3", "p-3", data)
    assert "engagement worker" in ran.err
    assert cli("rebuild").code == 0
    risk = cli("explain", "e-3", "--json").data
    assert (risk["stage"], risk["stage_by"], risk["level"]) == (stage, "staff-1", "critical")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["sign-off", "--reason", "other", "--effective", "2025-10-01"], "withdrawn"),
        (["defer", "--reason", "parental-leave", "--expected-return", "2026-09-01"], "deferred"),
    ],
    ids=["sign-off", "defer"],
)
def test_only_a_named_person_ends_or_pauses_an_enrolment(cli: Cli, arguments: list[str], status: str) -> None:
    """After the next day has started, the enrolment is withdrawn or deferred and the flag is gone."""
    verb, *rest = arguments
    assert cli("flag", verb, "e-3", "--by", "partner-1", *rest).code == 0
    start(cli, DAYS[3] + timedelta(days=1))
    cli("rebuild")

    assert cli("show", "e-3", "--json").data["status"] == status
    assert "e-3" not in [enrolment for enrolment, _ in register(cli)]


def test_notes_sort_by_time_and_are_never_taken_for_the_same(cli: Cli) -> None:
    """Two calls in a row are two facts, the ids in their order."""
    call = ["flag", "contact", "e-2", "--by", "staff-1", "--channel", "phone", "--outcome", "no-answer", "--json"]
    one, other = cli(*call).data, cli(*call).data

    assert one["id"] < other["id"]


def test_what_was_noted_and_what_comes_next_is_said(cli: Cli) -> None:
    """People read a sentence with what stands on the log now."""
    err = cli("flag", "acknowledge", "e-2", "--by", "staff-1").err

    assert "Noted of e-2: flag acknowledged (by staff-1), 06 Oct 2025 13:00." in err
    assert "engagement worker --until-caught-up" in err
