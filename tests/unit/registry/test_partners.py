"""Partners: what they are called, and how much they want to be told."""

import pytest

from registry import audit, partners
from registry.errors import RegistryError
from registry.partners import Partner
from registry.store import Registry
from tests.registry_kit import NOW


def put(registry: Registry, given: Partner) -> None:
    """Say something of a partner."""
    with registry.writing() as connection:
        partners.put(connection, given, now=NOW, by="account-1")


def test_a_partner_nobody_spoke_of_is_called_by_its_id(registry: Registry) -> None:
    """It has the usual budget, and stands in no list."""
    with registry.reading() as connection:
        assert partners.find(connection, "north-hub") == Partner(id="north-hub", name="north-hub", weekly_budget=20)
        assert partners.every(connection) == []


def test_what_is_said_of_a_partner_is_kept_and_can_be_said_anew(registry: Registry) -> None:
    """The latest counts; each time is noted with its budget, without the name."""
    put(registry, Partner(id="south-hub", name="South Hub", weekly_budget=0))
    put(registry, Partner(id="north-hub", name="North Hub"))
    put(registry, Partner(id="north-hub", name="North & Co.", weekly_budget=5))

    with registry.reading() as connection:
        assert partners.find(connection, "north-hub") == Partner(id="north-hub", name="North & Co.", weekly_budget=5)
        assert [each.id for each in partners.every(connection)] == ["north-hub", "south-hub"]
        noted = [(each.action, each.thing, each.details) for each in audit.entries(connection)]
    assert noted[::-1] == [
        ("partner-changed", "partner:south-hub", {"weekly-budget": 0}),
        ("partner-changed", "partner:north-hub", {"weekly-budget": 20}),
        ("partner-changed", "partner:north-hub", {"weekly-budget": 5}),
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Partner(id="North Hub", name="North Hub"), "partner must be a code"),
        (Partner(id="north-hub", name="North\nHub"), "name of a partner cannot be used"),
        (Partner(id="north-hub", name="North Hub", weekly_budget=-1), "0 or more"),
    ],
)
def test_what_cannot_be_so_is_refused(registry: Registry, given: Partner, told: str) -> None:
    """Nothing is written."""
    with pytest.raises(RegistryError, match=told):
        put(registry, given)
    with registry.reading() as connection:
        assert partners.every(connection) == []
        assert audit.entries(connection) == []
