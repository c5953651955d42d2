"""`engagement partners list|show|add|mute`: what is known of a delivery partner, and where nobody is told."""

from datetime import UTC, datetime, timedelta

from tests.command_line import Cli
from tests.partner_commands_kit import add_contact, add_hook, partners


def test_the_list_says_where_nobody_is_told(filled: Cli) -> None:
    """Every partner with enrolments is there, with how many are told; one without a contact is named with advice."""
    add_contact(filled)
    ran = partners(filled, "list")

    rows = [
        line.split() for line in ran.out.splitlines() if line.split()[:1] in (["partner-1"], ["partner-2"], ["lead"])
    ]
    assert rows == [
        ["partner-1", "partner-1", "2", "1", "0", "20"],
        ["partner-2", "partner-2", "1", "0", "0", "20"],
        ["lead", "provider", "-", "-", "0", "0", "-"],
    ]
    assert "Nobody is told by email at partner-2" in ran.err
    assert "contact add --partner partner-2" in ran.err


def test_the_list_needs_no_registry(filled: Cli) -> None:
    """Before anybody was added it has the partners, and makes no file."""
    rows = partners(filled, "list", "--json").data

    assert [(row["partner"], row["enrolled"], row["contacts"]) for row in rows] == [
        ("partner-1", 2, 0),
        ("partner-2", 1, 0),
        (None, None, 0),
    ]
    assert not (filled.folder / "registry.db").exists()


def test_an_empty_folder_gets_advice(cli: Cli) -> None:
    """Where nothing is there yet, listing makes nothing."""
    ran = partners(cli, "list")

    assert (ran.code, ran.out) == (1, "")
    assert not cli.folder.exists()


def test_a_partner_is_named_and_bounded_bit_by_bit(filled: Cli) -> None:
    """What is not named stays, and the list shows what was said."""
    partners(filled, "add", "partner-1", "--name", "North Hub")
    after = partners(filled, "add", "partner-1", "--weekly-budget", "5", "--json").data

    assert after == {"id": "partner-1", "name": "North Hub", "weekly_budget": 5}
    [row, *_] = partners(filled, "list", "--json").data
    assert (row["name"], row["weekly_budget"]) == ("North Hub", 5)


def test_a_partner_nobody_is_enrolled_with_can_be_added(filled: Cli) -> None:
    """It may be new; the message says so, for it may be misspelt. From then on it can have contacts."""
    said = partners(filled, "add", "partner-9").err

    assert "Nobody is enrolled with partner-9 yet" in said
    ran = partners(filled, "contact", "add", "--partner", "partner-9", "--label", "x", "--email", "x@y.example")
    assert ran.code == 0


def test_everything_of_a_partner_is_shown_together(filled: Cli) -> None:
    """Its name and budget, its contacts and its endpoints, and no one else's."""
    contact, hook = add_contact(filled), add_hook(filled)
    partners(filled, "contact", "add", "--lead-provider", "--label", "x", "--email", "x@lead.example")
    shown = partners(filled, "show", "partner-1", "--json").data

    assert (shown["id"], shown["name"], shown["weekly_budget"]) == ("partner-1", "partner-1", 20)
    assert [each["id"] for each in shown["contacts"]] == [contact]
    assert [each["id"] for each in shown["endpoints"]] == [hook["id"]]
    assert "desk@north.example" in partners(filled, "show", "partner-1").out
    assert "has no contact" in partners(filled, "show", "partner-2").err
    assert "did you mean partner-2?" in partners(filled, "show", "Partner-2").err


def test_bare_partners_compares_them_as_before(filled: Cli) -> None:
    """The figures stand where they stood; options of the comparison in front of another command are a mistake."""
    rows = partners(filled, "--programme", "small/course", "--json").data

    assert [(row["partner"], row["enrolled"]) for row in rows] == [("partner-1", 2), ("partner-2", 1)]
    ran = partners(filled, "--json", "list")
    assert (ran.code, "behind `partners list`" in ran.err) == (2, True)


def test_an_enrolment_is_muted_from_here_too(filled: Cli) -> None:
    """It is the same fact as that of `engagement flag mute`."""
    today = datetime.now(UTC).date()
    told = partners(filled, "mute", "e-3", "--until", f"{today + timedelta(days=7)}", "--by", "staff-1", "--json").data

    assert (told["type"], told["enrolment"]) == ("learning.alerts-muted.v1", "e-3")
    assert told["data"] == {"by": "staff-1", "until": f"{today + timedelta(days=7)}"}
