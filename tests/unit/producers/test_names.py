"""Invented people: the same for the same id, varied, and nobody's."""

import re

from hypothesis import given
from hypothesis import strategies as st

from producers.simulation.names import FIRST_NAMES, LAST_NAMES, Person, invented
from producers.simulation.participant import random_looking

PARTICIPANTS = [random_looking("p", number, 7) for number in range(5_000)]


def test_an_id_has_one_person() -> None:
    """The same in every process and on every machine: whoever looks again sees the same name."""
    assert invented("p-0000001") == Person("Rajesh Moreau", "rajesh.moreau.p-0000001@example.org")


@given(st.sampled_from(PARTICIPANTS))
def test_addresses_are_plain_and_belong_to_nobody(participant: str) -> None:
    """Every address can be written in ASCII, and ends in a domain that is kept for examples."""
    assert re.fullmatch(r"[a-z-]+\.[a-z-]+\.p-\d{7}@example\.org", invented(participant).email)


def test_addresses_are_never_shared() -> None:
    """Two participants may have one name, as in life, but not one address."""
    assert len({invented(each).email for each in PARTICIPANTS}) == len(PARTICIPANTS)


def test_all_names_are_in_use() -> None:
    """First and last names are drawn apart from each other, each about as often as the others."""
    people = [invented(each).name.split(" ") for each in PARTICIPANTS]
    assert {first for first, _ in people} == set(FIRST_NAMES)
    assert {last for _, last in people} == set(LAST_NAMES)
    assert len({(first, last) for first, last in people}) > 0.75 * len(people)


def test_names_are_listed_once() -> None:
    """A name that stood in a list twice would come twice as often."""
    assert len(set(FIRST_NAMES)) == len(FIRST_NAMES)
    assert len(set(LAST_NAMES)) == len(LAST_NAMES)
