"""`engagement withdrawals`, and the two answers of a partner: from the recommendation to the row for DfE."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import start_day
from learning.plan import start_of
from tests.builders import completed, enrolled
from tests.command_line import Cli, plain_terminal, ticking_clock

AUTUMN = datetime(2024, 10, 8, 9, 30, tzinfo=UTC)
DAY = date(2025, 3, 3)
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
BY = ("--by", "partner-1/lead-1")
REASON = ("--reason", "change-in-career")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Three on a course that DfE knows; the command line's clock ticks once a call."""
    plain_terminal(monkeypatch, tmp_path)
    ticking_clock(monkeypatch, NOON, "flags")
    line = Cli(tmp_path / "data")
    for number in (1, 2, 3):
        where = {"programme": "ambition-2024/npqltd", "intake": "2024-autumn", "partner": f"partner-{number}"}
        enrolment, participant = f"e-{number}", f"p-{number}"
        line.send(
            enrolled(AUTUMN - timedelta(days=9), enrolment, participant, **where),
            completed("induction", AUTUMN, enrolment=enrolment, participant=participant),
        )
    start(line, DAY)
    return line


def start(line: Cli, day: date) -> None:
    """Start a day on the log, and fold all that is there."""
    with Wiring(Settings(data_dir=line.folder)).log_to_append() as log:
        start_day(log, day, start_of(day))
    assert line("rebuild").code == 0


def flag(line: Cli, verb: str, enrolment: str, *rest: str) -> None:
    """Note something, and fold it."""
    ran = line("flag", verb, enrolment, *BY, *rest)
    assert ran.code == 0, ran.err
    assert line("rebuild").code == 0


def states(line: Cli, *arguments: str) -> dict[str, str]:
    """Where the withdrawals stand."""
    return {row["enrolment"]: row["state"] for row in line("withdrawals", "list", *arguments, "--json").data}


def test_a_recommendation_is_answered_and_told_to_dfe(cli: Cli) -> None:
    """Recommended, then signed off: only then there is a row for DfE, with its fields first and ours after them."""
    flag(cli, "recommend-withdrawal", "e-1", *REASON)
    assert states(cli) == {"e-1": "recommended"}
    assert cli("withdrawals", "export").out.count("\n") == 1

    flag(cli, "sign-off", "e-1", *REASON, "--effective", "2025-02-10")

    header, row = cli("withdrawals", "export").out.splitlines()
    assert header.startswith("participant_id,reason,course_identifier,effective,enrolment,delivery_partner_id,")
    assert row.startswith("p-1,change-in-career,npq-leading-teaching-development,2025-02-10,e-1,partner-1,2025-03-03T")
    assert states(cli, "--state", "signed-off") == {"e-1": "signed-off"}


def test_json_is_dfes_request(cli: Cli) -> None:
    """One body for each participant, as DfE's provider API takes it."""
    flag(cli, "sign-off", "e-2", *REASON, "--effective", "2025-02-10")

    [row] = json.loads(cli("withdrawals", "export", "--json").out)

    attributes = {"reason": "change-in-career", "course_identifier": "npq-leading-teaching-development"}
    assert row["participant_id"] == "p-2"
    assert row["request"] == {"data": {"type": "participant-withdraw", "attributes": attributes}}
    assert (row["ours"]["effective"], row["ours"]["warnings"]) == ("2025-02-10", [])


def test_a_partner_can_object(cli: Cli) -> None:
    """The participant goes on, the recommendation ends, and the lead provider sees why; there is nothing for DfE."""
    flag(cli, "recommend-withdrawal", "e-3", *REASON)
    flag(cli, "object", "e-3", "--reason", "deferral-preferred")

    ran = cli("withdrawals", "list")

    assert "deferral-preferred" in ran.out
    assert states(cli, "--partner", "partner-3") == {"e-3": "objected"}
    assert "withdrawal objected" in cli("show", "e-3").out
    assert cli("show", "e-3", "--json").data["status"] == "active"
    assert cli("withdrawals", "export").out.count("\n") == 1


def test_what_is_not_effective_yet_is_left_out_and_said(cli: Cli) -> None:
    """Until its day the row waits, since DfE dates a withdrawal by the call."""
    flag(cli, "sign-off", "e-1", *REASON, "--effective", "2025-03-10")
    before = cli("withdrawals", "export")
    start(cli, date(2025, 3, 10))

    assert before.out.count("\n") == 1
    assert "Left out: 1" in before.err
    assert cli("withdrawals", "export").out.count("\n") == 2


def test_only_what_is_new_is_exported(cli: Cli) -> None:
    """By the day of the sign-off in the UK."""
    flag(cli, "sign-off", "e-1", *REASON, "--effective", "2025-02-10")

    assert cli("withdrawals", "export", "--since", "2025-03-03").out.count("\n") == 2
    assert cli("withdrawals", "export", "--since", "2025-03-04").out.count("\n") == 1


def test_no_day_and_no_reminder_signs_anything_off(cli: Cli) -> None:
    """A year after the recommendation it still waits, and the participant is active."""
    flag(cli, "recommend-withdrawal", "e-1", *REASON)
    start(cli, date(2026, 3, 3))

    assert states(cli) == {"e-1": "recommended"}
    assert cli("show", "e-1", "--json").data["status"] == "active"


def test_alerts_can_be_muted(cli: Cli) -> None:
    """Until a day that is shown; the enrolment stays as it is."""
    flag(cli, "mute", "e-1", "--until", "2025-03-20")

    assert cli("show", "e-1", "--json").data["muted_until"] == "2025-03-20"
    assert "Alerts muted until" in cli("show", "e-1").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["flag", "object", "e-1", *BY, "--reason", "other"], 1, "Nobody recommends to withdraw e-1"),
        (["flag", "object", "e-1", *BY, "--reason", "still-taking-prat"], 2, "did you mean still-taking-part"),
        (["flag", "mute", "e-1", *BY, "--until", "2025-03-02"], 1, "from today (2025-03-03)"),
        (["flag", "mute", "e-1", *BY, "--until", "2025-05-03"], 1, "to 2025-05-02"),
        (["withdrawals", "list", "--state", "objectd"], 2, "did you mean objected"),
        (["withdrawals", "list", "--partner", "partner-11"], 1, "did you mean partner-1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_slip_gets_a_clear_error(cli: Cli, arguments: list[str], code: int, said: str) -> None:
    """What is wrong is named, with what could be meant; nothing is noted."""
    ran = cli(*arguments)

    assert (ran.code, ran.out) == (code, "")
    assert said in " ".join(ran.err.replace("│", " ").split())


def test_an_empty_list_says_so(cli: Cli) -> None:
    """No table, no error."""
    ran = cli("withdrawals", "list")

    assert (ran.code, ran.out) == (0, "")
    assert "No withdrawal is recommended" in ran.err
