"""`engagement explain`: why somebody has a level of risk, today and as it was known on a past day."""

from tests.command_line import Cli
from tests.risk_commands_kit import POLICY


def test_an_explanation_has_figures_thresholds_and_a_remedy(cli: Cli) -> None:
    """Level, points, since when, and of each reason what was measured and what would clear it."""
    out = cli("explain", "p-3").out

    assert "critical since" in out
    assert "4, counts from 4" in out
    assert "Would clear it" in out
    assert "raised: nobody has noted anything about it yet" in out
    assert "tests" in out


def test_signals_that_are_no_reason_are_listed(cli: Cli) -> None:
    """One who keeps up is on track, and both signals were looked at."""
    data = cli("explain", "e-1", "--json").data

    assert (data["level"], data["reasons"], data["no_reason"]) == ("on-track", [], ["silent", "behind"])
    assert "silent, behind the plan" in cli("explain", "e-1").out


def test_a_past_day_is_explained_twice_with_what_makes_the_difference(cli: Cli) -> None:
    """Given a completion that came late, the flag of then is gone now, and the completion is named."""
    data = cli("explain", "e-2", "--as-of", "2025-09-30", "--json").data

    assert (data["asked"], data["day"], data["agrees"]) == ("2025-09-30", "2025-09-29", True)
    assert (data["as_known_then"]["level"], data["as_known_now"]["level"]) == ("at-risk", "watch")
    assert data["decided"]["level"] == "at-risk"
    assert [each["component"] for each in data["learned_later"]] == ["module-2"]
    ran = cli("explain", "e-2", "--as-of", "2025-09-30")
    assert "the latest day that had started is 29 Sep 2025" in ran.err
    assert "Facts that make the difference" in ran.out


def test_the_same_answers_are_said_to_be_the_same(cli: Cli) -> None:
    """Where nothing came late, there is no list of facts."""
    ran = cli("explain", "e-1", "--as-of", "2025-09-29")

    assert "Everything that had happened by then was known then" in ran.err
    assert "Facts that make the difference" not in ran.out


def test_a_policy_that_was_changed_after_the_fact_is_not_hidden(cli: Cli) -> None:
    """Given a policy file edited without a rebuild, what was decided stands beside what the file says now."""
    file = cli.folder / "policies" / "tests.toml"
    file.write_text(POLICY.replace("at-risk = 2", "at-risk = 8").replace("critical = 5", "critical = 9"))
    ran = cli("explain", "e-2", "--as-of", "2025-09-29")

    assert "The history says otherwise: at-risk" in ran.err
    assert cli("explain", "e-2", "--as-of", "2025-09-29", "--json").data["agrees"] is False


def test_show_has_level_and_flag_in_a_line(cli: Cli) -> None:
    """The story of an enrolment says at once whether somebody is to act."""
    assert "critical since" in cli("show", "e-3").out
    assert "flag raised" in cli("show", "e-3").out
    assert cli("show", "e-3", "--json").data["risk"]["level"] == "critical"
