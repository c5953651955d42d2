"""People are found by id and by parts of their names, and only among those whom the one who asks may see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.people import Profile, names, profile, put, search
from registry.store import Registry
from tests.registry_kit import NOW, know, later

ZOE = Profile(participant="p-1", name="Zoë Łukasz", email="zoe@north.example", school="North School", urn="123456")
STRASSE = Profile(participant="p-2", name="Jo Straße-O'Neil")
PERCENT = Profile(participant="p-3", name='=cmd|"x"!A1 100% <b>', email="PERCENT@south.example")


@pytest.fixture
def known(registry: Registry) -> Registry:
    """A registry with three people."""
    know(registry, ZOE, STRASSE, PERCENT)
    return registry


def test_a_profile_comes_back_as_it_was_written(known: Registry) -> None:
    """Names are kept letter by letter, whatever stands in them, with the moment they were written."""
    with known.reading() as connection:
        found = profile(connection, "p-3")
    assert found == Profile(participant="p-3", name=PERCENT.name, email=PERCENT.email, updated_at=NOW)


def test_names_of_those_who_are_known(known: Registry) -> None:
    """A list of ids gives the names there are, however long it is; unknown ids are left out."""
    wanted = [f"x-{number}" for number in range(2_000)]
    with known.reading() as connection:
        assert names(connection, [*wanted, "p-2", "p-1"]) == {"p-1": ZOE.name, "p-2": STRASSE.name}
        assert profile(connection, "x-1") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("zoe", ["p-1"]),
        ("ZOË  ł", ["p-1"]),
        ("strasse", ["p-2"]),
        ("o'neil", ["p-2"]),
        ("EXAMPLE", ["p-1", "p-3"]),
        ("100%", ["p-3"]),
        ("%", ["p-3"]),
        ("_", []),
        ("  ", []),
        ("north school", []),
    ],
)
def test_a_search_finds_parts_of_names_and_addresses(known: Registry, text: str, found: list[str]) -> None:
    """Capitals and accents make no difference, no character has a meaning, and the school is not searched."""
    with known.reading() as connection:
        assert search(connection, text) == found


def test_a_search_tells_nothing_of_others(known: Registry) -> None:
    """Who may see some participants only is told of these only."""
    with known.reading() as connection:
        assert search(connection, "example", among={"p-1", "p-2"}) == ["p-1"]
        assert search(connection, "example", among=[]) == []


def test_writing_the_same_again_changes_nothing(known: Registry) -> None:
    """What is new is added, what differs is changed, and what is the same keeps its moment."""
    moved = Profile(participant="p-2", name="Jo Straße", school="South School")
    with known.writing() as connection:
        became = put(connection, [ZOE, moved, Profile(participant="p-4", name="Kim")], later(days=1))
        assert became == {"p-1": "unchanged", "p-2": "changed", "p-4": "added"}

    with known.reading() as connection:
        assert [profile(connection, each).updated_at for each in ("p-1", "p-2")] == [NOW, later(days=1)]  # type: ignore[union-attr]  # both are there
        assert search(connection, "o'neil") == []


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20), st.data())
def test_every_name_is_found_by_every_part_of_it(text: str, data: st.DataObject) -> None:
    """Whatever somebody is called, who types a part of the name finds them: seen in what is looked through."""
    from registry.people import _plain  # noqa: PLC0415 - the rule by itself, without a database for each name

    start = data.draw(st.integers(0, len(text)))
    part = text[start : data.draw(st.integers(start, len(text)))].strip()
    assert _plain(part) in _plain(text)
