"""A slip in a command of risk is named with what could be meant, and nothing comes of it."""

import pytest

from tests.command_line import Cli
from tests.risk_commands_kit import in_one_line


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["at-risk", "--partner", "partner-22"], 1, "did you mean partner-2"),
        (["at-risk", "--programme", "small/curse"], 1, "did you mean small/course?"),
        (["at-risk", "--level", "criticl"], 2, "did you mean critical"),
        (["at-risk", "--level", "on-track"], 2, "use one of watch, at-risk, critical"),
        (["at-risk", "--stage", "called"], 2, "is no stage of a flag"),
        (["at-risk", "--long-silent", "--level", "watch"], 2, "leave --level and --stage out"),
        (["explain", "e-33"], 1, "did you mean e-3"),
        (["explain", "e-1", "--as-of", "2026-01-01"], 1, "01 Jan 2026 has not started"),
        (["explain", "e-1", "--as-of", "2024-01-01"], 1, "the first day that started is 15 Sep 2025"),
        (["explain", "e-1", "--as-of", "last week"], 2, "--as-of"),
        (["flag", "acknowledge", "e-1", "--by", "staff-1"], 1, "e-1 has no flag: it is on track"),
        (["flag", "improving", "e-4", "--by", "staff-1"], 1, "e-4 has no flag: it is watch"),
        (["flag", "acknowledge", "e-9", "--by", "staff-1"], 1, "there is no enrolment"),
        (["flag", "acknowledge", "e-3", "--by", "Jane Smith"], 2, "no names and no email addresses"),
        (["flag", "acknowledge", "e-3", "--by", "jane@school-1.uk"], 2, "no names and no email addresses"),
        (["flag", "acknowledge", "e-3", "--by", "jane.smith"], 2, "no names and no email addresses"),
        (
            ["flag", "recommend-withdrawal", "e-3", "--by", "staff-1", "--reason", "insufficient-capacty"],
            2,
            "did you mean insufficient-capacity",
        ),
        (["flag", "defer", "e-3", "--by", "staff-1", "--reason", "holiday"], 2, "use one of bereavement"),
        (["flag", "sign-off", "e-3", "--by", "p-1", "--reason", "other", "--effective", "2199-01-01"], 2, "2100"),
        (["policy", "show", "--version", "test"], 1, "did you mean tests?"),
        (["policy", "diff", "none.toml"], 1, "is no policy file and no version"),
        (["policy", "simulate", "none.toml"], 2, "does not exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_slip_gets_a_clear_error(cli: Cli, arguments: list[str], code: int, said: str) -> None:
    """What is wrong is named, with what could be meant where something is near; nothing is noted."""
    ran = cli(*arguments)

    assert (ran.code, ran.out) == (code, "")
    assert said.casefold() in in_one_line(ran.err).casefold()
