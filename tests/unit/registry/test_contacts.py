"""Contacts: who is told at a partner, checked when they are saved, and gone for good when they are removed."""

from pathlib import Path
from typing import Any

import pytest

from registry import audit, contacts
from registry.contacts import Contact, UnknownContactError
from registry.errors import RegistryError
from registry.store import Registry
from tests.registry_kit import NOW, files_with, grant, later

DESK = {"label": "Desk of Ada", "email": "ada@north.example"}


def add(registry: Registry, partner: str | None = "north-hub", **wishes: Any) -> Contact:
    """A contact."""
    with registry.writing() as connection:
        return contacts.create(connection, partner=partner, now=NOW, by="account-1", **{**DESK, **wishes})


def noted(registry: Registry) -> list[tuple[str | None, str, str | None, dict[str, str | int]]]:
    """What stands in the audit trail, the first entry first."""
    with registry.reading() as connection:
        return [(each.account, each.action, each.thing, each.details) for each in audit.entries(connection)][::-1]


def test_who_says_only_where_has_sensible_times(registry: Registry) -> None:
    """A digest each working day in the morning, what is critical at once, and no mail at night."""
    made = add(registry)

    assert (made.digest, made.hour, made.at_once, made.quiet_from, made.quiet_until) == ("daily", 8, True, 19, 7)
    assert (made.level, made.programmes, made.place) == ("at-risk", (), 1)


def test_everything_that_is_said_is_kept(registry: Registry) -> None:
    """What was written is what is found, in each part."""
    made = add(
        registry,
        programmes=("ambition-2024/npqsl", "small/course"),
        level="critical",
        place=2,
        digest="weekly",
        weekday=4,
        hour=16,
        at_once=False,
        quiet_from=20,
        quiet_until=6,
        account=grant(registry).id,
    )

    with registry.reading() as connection:
        assert contacts.find(connection, made.id) == made
    assert made.programmes == ("ambition-2024/npqsl", "small/course")


def test_the_contacts_of_a_partner_come_in_their_places(registry: Registry) -> None:
    """Only its own, who is told first at first; the lead provider's are asked for by no partner."""
    second = add(registry, place=2)
    first = add(registry, place=1)
    other = add(registry, partner="south-hub")
    lead = add(registry, partner=None)

    with registry.reading() as connection:
        assert contacts.of_partner(connection, "north-hub") == [first, second]
        assert contacts.of_partner(connection, None) == [lead]
        assert contacts.of_partner(connection, "nobody") == []
        assert contacts.every(connection) == [first, second, other, lead]


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"email": "no address"}, "email address"),
        ({"email": "ada@north.example\nBcc: x@y.example"}, "email address"),
        ({"label": " "}, "label"),
        ({"partner": "North Hub"}, "partner must be a code"),
        ({"programmes": ("two words",)}, "programme must be a code"),
        ({"level": "watch"}, "use one of at-risk, critical"),
        ({"place": 0}, "place"),
        ({"digest": "hourly"}, "use one of daily, weekly"),
        ({"weekday": 7}, "weekday"),
        ({"hour": 24}, "hour"),
        ({"quiet_from": -1}, "hour"),
        ({"account": "account-9"}, "no account account-9"),
    ],
)
def test_what_cannot_be_so_is_refused(registry: Registry, wishes: dict[str, Any], told: str) -> None:
    """When a contact is made and when it is changed; nothing is written, and the message repeats no address."""
    with pytest.raises(RegistryError, match=told) as refused:
        add(registry, **wishes)
    assert "@" not in str(refused.value)

    made = add(registry)
    changes = {name: value for name, value in wishes.items() if name != "partner"}
    if changes:
        with pytest.raises(RegistryError, match=told), registry.writing() as connection:
            contacts.change(connection, made.id, now=NOW, by="account-1", **changes)  # type: ignore[arg-type]  # wrong on purpose
    with registry.reading() as connection:
        assert contacts.every(connection) == [made]


def test_a_change_leaves_the_rest(registry: Registry) -> None:
    """Only what was said is other than before, and that is noted without what it was."""
    made = add(registry, place=2)
    with registry.writing() as connection:
        changed = contacts.change(connection, made.id, hour=16, email="desk@north.example", now=NOW, by="account-2")
        assert contacts.find(connection, made.id) == changed

    assert (changed.hour, changed.email, changed.place, changed.label) == (16, "desk@north.example", 2, DESK["label"])
    assert noted(registry) == [
        ("account-1", "partner-contact-added", f"contact:{made.id}", {"partner": "north-hub"}),
        ("account-2", "partner-contact-changed", f"contact:{made.id}", {"partner": "north-hub"}),
    ]


def test_a_change_to_the_same_is_no_change(registry: Registry) -> None:
    """It is not noted."""
    made = add(registry)
    with registry.writing() as connection:
        assert contacts.change(connection, made.id, hour=8, now=NOW, by="account-1") == made

    assert len(noted(registry)) == 1


def test_another_address_is_not_known_to_bounce(registry: Registry) -> None:
    """Since when an address is refused is kept over other changes and over further refusals, until it is another."""
    made = add(registry)
    with registry.writing() as connection:
        contacts.note_bouncing(connection, made.id, later(hours=1))
        contacts.note_bouncing(connection, made.id, later(hours=2))
        kept = contacts.change(connection, made.id, hour=9, now=NOW, by="account-1")
        assert contacts.find(connection, made.id) == kept
        corrected = contacts.change(connection, made.id, email="new@north.example", now=NOW, by="account-1")
        assert contacts.find(connection, made.id) == corrected

    assert (kept.bouncing_since, corrected.bouncing_since) == (later(hours=1), None)


def test_no_byte_of_a_removed_contact_is_left(registry: Registry, tmp_path: Path) -> None:
    """Only a row with the id is left: name and address are in no file, and the id still says what it was."""
    gone, stays = add(registry, account=grant(registry).id), add(registry, email="bo@north.example", label="Bo")
    with registry.writing() as connection:
        contacts.change(connection, gone.id, label="Desk of Adam", now=NOW, by="account-1")
        contacts.remove(connection, gone.id, now=later(days=1), by="account-1")
    registry.purge()

    assert files_with(tmp_path, "Desk of Ada", "ada@north.example") == {}
    with registry.reading() as connection:
        left = contacts.find(connection, gone.id)
        assert contacts.every(connection) == contacts.of_partner(connection, "north-hub") == [stays]
    assert (left.label, left.email, left.account, left.removed_at) == ("", "", None, later(days=1))
    assert left.partner == "north-hub"


def test_removing_again_changes_nothing(registry: Registry) -> None:
    """The first day stays, and the trail has one entry."""
    made = add(registry)
    with registry.writing() as connection:
        for day in (1, 2):
            left = contacts.remove(connection, made.id, now=later(days=day), by="account-1")

    assert left.removed_at == later(days=1)
    assert [action for _, action, _, _ in noted(registry)] == ["partner-contact-added", "partner-contact-removed"]


def test_who_was_removed_is_not_changed_or_written_to_any_more(registry: Registry) -> None:
    """Changing, resubscribing and a link to unsubscribe are refused; whom nobody knows, too."""
    made = add(registry)
    with registry.writing() as connection:
        token = contacts.unsubscribe_token(connection, made.id)
        contacts.remove(connection, made.id, now=NOW, by="account-1")
        with pytest.raises(RegistryError, match="was removed"):
            contacts.change(connection, made.id, hour=9, now=NOW, by="account-1")
        with pytest.raises(RegistryError, match="was removed"):
            contacts.resubscribe(connection, made.id, now=NOW, by="account-1")
        with pytest.raises(RegistryError, match="was removed"):
            contacts.unsubscribe_token(connection, made.id)
        assert contacts.unsubscribe(connection, token, NOW) is None
        with pytest.raises(UnknownContactError, match=r"no contact contact-9.*contact list"):
            contacts.find(connection, "contact-9")


def test_a_link_unsubscribes_its_contact_alone(registry: Registry) -> None:
    """Once and again, from the first time on; nobody else's mail ends, and the contact itself is who did it."""
    made, other = add(registry), add(registry)
    with registry.writing() as connection:
        token = contacts.unsubscribe_token(connection, made.id)
        assert token != contacts.unsubscribe_token(connection, other.id)
        assert contacts.unsubscribe(connection, "no-token", NOW) is None
        first = contacts.unsubscribe(connection, token, later(hours=1))
        again = contacts.unsubscribe(connection, token, later(hours=2))
        assert contacts.of_partner(connection, "north-hub") == sorted([other, again], key=lambda each: each.id)  # type: ignore[type-var]  # it is there

    assert first == again
    assert again
    assert again.unsubscribed_at == later(hours=1)
    assert noted(registry)[2:] == [
        (made.id, "partner-contact-unsubscribed", f"contact:{made.id}", {"partner": "north-hub"})
    ]


def test_who_unsubscribed_can_come_back(registry: Registry) -> None:
    """Optional mail goes out again, and the same link unsubscribes once more."""
    made = add(registry)
    with registry.writing() as connection:
        token = contacts.unsubscribe_token(connection, made.id)
        contacts.unsubscribe(connection, token, NOW)
        assert contacts.resubscribe(connection, made.id, now=NOW, by="account-1") == made
        assert contacts.find(connection, made.id) == made
        assert contacts.with_token(connection, token) == made


def test_a_contact_in_a_log_line_tells_nobody_who_it_is(registry: Registry) -> None:
    """What the program writes of it has neither label nor address."""
    shown = repr(add(registry))

    assert "Ada" not in shown
    assert "@" not in shown
    assert "north-hub" in shown
