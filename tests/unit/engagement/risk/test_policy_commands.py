"""`engagement policy`: policies are shown, checked, compared, and tried on what was known."""

from tests.command_line import Cli
from tests.risk_commands_kit import CANDIDATE, DAYS, POLICY, in_one_line


def test_a_policy_is_shown_with_its_steps(cli: Cli) -> None:
    """Levels, what each signal measures, and where own policies go."""
    ran = cli("policy", "show")

    assert "from 1: 1, from 2: 2, from 4: 4" in ran.out
    assert "watch from 1 points, at-risk from 2" in ran.out
    assert str(cli.folder / "policies") in ran.err
    assert list(cli("policy", "show", "--provider", "provider-2", "--json").data["signals"]) == ["silent"]


def test_a_policy_file_can_be_copied(cli: Cli) -> None:
    """What --file prints is the file, and is right."""
    assert cli("policy", "show", "--file").out == POLICY
    shipped = cli(
        "policy", "show", "--file", "--version", cli("policy", "show", "--json").data["versions"][0]["version"]
    )
    copy = cli.folder / "copy.toml"
    copy.write_text(shipped.out.replace("2000-01-01", "2031-01-01").replace('version = "', 'version = "own-'))

    assert cli("policy", "check", copy).code == 0


def test_a_wrong_policy_file_is_named_with_its_fault(cli: Cli) -> None:
    """One wrong file does not keep the other from being checked; the command fails."""
    wrong, right = cli.folder / "wrong.toml", cli.folder / "right.toml"
    wrong.write_text(CANDIDATE.replace("watch = 0", "watch = 6"))
    right.write_text(CANDIDATE)
    ran = cli("policy", "check", wrong, right)

    assert ran.code == 1
    assert "bolder" in ran.out
    assert "wrong.toml: levels need more points" in in_one_line(ran.err)


def test_a_policy_for_days_that_are_decided_gets_a_warning(cli: Cli) -> None:
    """Its first day is not after the latest one; the file that decided those days gets none."""
    file = cli.folder / "early.toml"
    file.write_text(CANDIDATE.replace("2030-01-01", "2025-10-06"))

    assert "days up to 2025-10-06 are decided already" in cli("policy", "check", file).err
    assert cli("policy", "check").err == ""


def test_a_policy_that_contradicts_another_is_wrong(cli: Cli) -> None:
    """Two versions with the same first day cannot both be there."""
    file = cli.folder / "same.toml"
    file.write_text(CANDIDATE.replace("2030-01-01", "2001-01-01"))

    [check] = cli("policy", "check", file, "--json").data
    assert not check["ok"]
    assert "both come into force on 2001-01-01" in check["fault"]


def test_two_policies_are_compared_by_what_they_say(cli: Cli) -> None:
    """Against the version in force, and the other way round when both are named."""
    file = cli.folder / "bolder.toml"
    file.write_text(CANDIDATE.replace("signals = { behind = [] }", "hold_days = 9"))

    assert cli("policy", "diff", file, "--json").data == [
        {"provider": None, "what": "level watch", "before": "from 1", "after": "from 0"},
        {"provider": None, "what": "level at-risk", "before": "from 2", "after": "from 1"},
        {"provider": "provider-2", "what": "hold days", "before": "1", "after": "9"},
        {"provider": "provider-2", "what": "behind", "before": None, "after": "from 1: 1, from 2: 2, from 4: 4"},
    ]
    [first, *_] = cli("policy", "diff", file, "tests", "--json").data
    assert (first["before"], first["after"]) == ("from 0", "from 1")
    assert "level at-risk" in cli("policy", "diff", file).out
    assert "flag by the same rules" in cli("policy", "diff", "tests", "tests").err


def test_another_policy_is_tried_on_what_was_known(cli: Cli) -> None:
    """Given a candidate that flags at watch, those on watch are newly flagged; its first day does not matter."""
    file = cli.folder / "bolder.toml"
    file.write_text(CANDIDATE)
    data = cli("policy", "simulate", file, "--json").data

    assert data["days"] == [day.isoformat() for day in DAYS]
    assert (data["total"]["latest_now"], data["total"]["latest_then"]) == (2, 3)
    assert data["partners"]["partner-2"]["flagged_now"] == 1
    assert data["total"]["newly"] == len(data["newly"])
    ran = cli("policy", "simulate", file, "--since", "2025-10-06")
    assert "2 -> 3" in ran.out
    assert "Newly flagged: e-4." in ran.err


def test_a_simulation_changes_nothing(cli: Cli) -> None:
    """The register is the same afterwards."""
    file = cli.folder / "bolder.toml"
    file.write_text(CANDIDATE)
    before = cli("at-risk", "--json").out
    cli("policy", "simulate", file)

    assert cli("at-risk", "--json").out == before
    assert cli("verify").code == 0
