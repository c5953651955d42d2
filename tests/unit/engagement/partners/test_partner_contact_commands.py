"""`engagement partners contact`: who is told at a delivery partner or the lead provider, and how they wish it."""

import pytest

from registry import audit, contacts
from tests.command_line import Cli
from tests.partner_commands_kit import NOON, add_contact, partners, registry_of
from tests.registry_kit import files_with


def test_a_misspelt_partner_gets_no_contact(filled: Cli) -> None:
    """The message names what could be meant; nothing is written."""
    ran = partners(filled, "contact", "add", "--partner", "partner-01", "--label", "x", "--email", "x@y.example")

    assert ran.code == 1
    assert "did you mean partner-1?" in ran.err
    assert files_with(filled.folder, "x@y.example") == {}


@pytest.mark.parametrize("whose", [[], ["--partner", "partner-1", "--lead-provider"]], ids=["nobody's", "both's"])
def test_a_contact_is_a_partners_or_the_lead_providers(filled: Cli, whose: list[str]) -> None:
    """Neither and both are refused, as mistakes on the command line."""
    ran = partners(filled, "contact", "add", *whose, "--label", "x", "--email", "x@y.example")

    assert ran.code == 2
    assert "either --partner ID or --lead-provider" in ran.err


def test_all_that_a_contact_wishes_can_be_said(filled: Cli) -> None:
    """Each option is kept as it was given."""
    made = partners(
        filled,
        *("contact", "add", "--lead-provider", "--label", "Quality team", "--email", "quality@lead.example"),
        *("--programme", "small/course", "--programme", "ambition-2024/npqsl", "--level", "critical", "--place", "2"),
        *("--digest", "weekly", "--weekday", "friday", "--hour", "15", "--only-digest"),
        *("--quiet-from", "18", "--quiet-until", "8", "--json"),
    ).data

    wishes = {
        "partner": None,
        "programmes": ["small/course", "ambition-2024/npqsl"],
        "level": "critical",
        "place": 2,
        "digest": "weekly",
        "weekday": 4,
        "hour": 15,
        "at_once": False,
        "quiet_from": 18,
        "quiet_until": 8,
    }
    assert {name: made[name] for name in wishes} == wishes
    assert partners(filled, "contact", "list", "--json").data == [made]


def test_a_contact_is_changed_in_one_thing(filled: Cli) -> None:
    """What is not named stays; programmes can be taken back to all; nothing to change is a mistake."""
    contact = add_contact(filled, "--programme", "small/course", "--hour", "15")
    changed = partners(filled, "contact", "change", contact, "--quiet-until", "6", "--json").data
    everywhere = partners(filled, "contact", "change", contact, "--all-programmes", "--json").data

    assert (changed["quiet_until"], changed["hour"], changed["programmes"]) == (6, 15, ["small/course"])
    assert everywhere["programmes"] == []
    assert partners(filled, "contact", "change", contact).code == 2
    assert partners(filled, "contact", "change", contact, "--all-programmes", "--programme", "small/course").code == 2


def test_a_removed_contact_is_in_no_file(filled: Cli) -> None:
    """Its label and address are gone, and its id is kept in the trail with who removed it."""
    contact = add_contact(filled)
    ran = partners(filled, "contact", "remove", contact)

    assert (ran.code, "erased" in ran.err) == (0, True)
    assert files_with(filled.folder, "desk@north.example", "Advisers") == {}
    assert partners(filled, "contact", "list", "--json").data == []
    with registry_of(filled) as registry, registry.reading() as connection:
        [last, *_] = audit.entries(connection)
    assert (last.account, last.action, last.thing) == ("command-line", "partner-contact-removed", f"contact:{contact}")


def test_who_unsubscribed_is_shown_and_can_come_back(filled: Cli) -> None:
    """The state says it until they are taken in again."""
    contact = add_contact(filled)
    with registry_of(filled) as registry, registry.writing() as connection:
        contacts.unsubscribe(connection, contacts.unsubscribe_token(connection, contact), NOON)

    assert "unsubscribed" in partners(filled, "contact", "list").out
    partners(filled, "contact", "resubscribe", contact)
    assert "is told" in partners(filled, "contact", "list", "--partner", "partner-1").out
