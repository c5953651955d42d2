"""Who is erased is gone: from answers, from the bytes on the disk, and from what is loaded later."""

import re
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from registry import audit, erasures
from registry.erasing import erase
from registry.errors import RegistryBusyError
from registry.people import Profile, names, search
from registry.store import Registry, RegistryError
from tests.registry_kit import NOW, files_with, know, later

ADA = Profile(participant="p-1", name="Ada Example", email="ada@north.example")
BO = Profile(participant="p-2", name="Bo Keeper", email="bo@north.example")


def marks_in(folder: Path) -> set[str]:
    """What stands behind `Name` or `mail` in any file of a folder."""
    found = (re.findall(rb"(?:[Nn]ame|mail)([0-9a-f]{16})", path.read_bytes()) for path in folder.iterdir())
    return {each.decode() for file in found for each in file}


def test_an_erased_person_is_not_found_any_more(registry: Registry) -> None:
    """Neither by id nor by name, while the others stay."""
    know(registry, ADA, BO)
    erased = erase(registry, ["p-1", "p-unknown"], NOW, by="account-1")

    assert (erased.profiles, erased.new) == (1, 2)
    with registry.reading() as connection:
        assert names(connection, ["p-1", "p-2"]) == {"p-2": "Bo Keeper"}
        assert search(connection, "north.example") == ["p-2"]


def test_no_byte_of_an_erased_person_is_left(registry: Registry, tmp_path: Path) -> None:
    """No file of the folder has a name or address of the erased, after thousands of changes and with the file open.

    Deleting alone does not do: a few in a thousand leave a copy in the unused part of a page.
    """
    random = Random(7)
    given = [
        Profile(
            participant=f"p-{random.getrandbits(64):x}",
            name=f"Name{(mark := f'{random.getrandbits(64):016x}')}",
            email=f"mail{mark}@north.example",
            school="School " * random.randint(0, 20),
        )
        for _ in range(4_000)
    ]
    know(registry, *given)
    moved = random.sample(given, 1_500)
    know(registry, *(replace(each, school="S" * random.randint(0, 280)) for each in moved))
    gone = random.sample(given, 1_000)
    marks = {each.name[4:] for each in gone}
    assert marks_in(tmp_path) > marks

    erase(registry, [each.participant for each in gone], NOW, by="account-1")

    assert marks_in(tmp_path) & marks == set()
    with registry.reading() as connection:
        assert len(names(connection, (each.participant for each in given))) == 3_000


def test_a_name_that_was_corrected_before_is_erased_too(registry: Registry, tmp_path: Path) -> None:
    """What somebody was called earlier is not left over either."""
    know(registry, ADA)
    know(registry, Profile(participant="p-1", name="Ada Newname"))
    erase(registry, ["p-1"], NOW, by="account-1")

    assert files_with(tmp_path, "Ada Example", "ada example", "ada@north.example", "Newname") == {}


def test_a_reader_in_the_way_is_told_and_erasing_again_ends_it(registry: Registry, tmp_path: Path) -> None:
    """While somebody reads what was before, its bytes cannot go; the message says so, and once more finishes it."""
    with Registry(tmp_path / "registry.db", patience=0) as impatient:
        know(impatient, ADA)
        with registry.reading() as connection:
            assert names(connection, ["p-1"])
            with pytest.raises(RegistryBusyError, match="do the same once more"):
                erase(impatient, ["p-1"], NOW, by="account-1")
        assert erase(impatient, ["p-1"], NOW, by="account-1").new == 0

    assert files_with(tmp_path, "Ada Example", "ada@north.example") == {}


def test_erasing_again_is_noted_once(registry: Registry) -> None:
    """The trail has one entry for each person, with the id only; the list keeps the first day."""
    know(registry, ADA)
    erase(registry, ["p-1", "p-2"], NOW, by="account-1")
    erase(registry, ["p-1"], later(days=1), by="account-1")

    with registry.reading() as connection:
        noted = audit.entries(connection)
        assert [(each.participant, each.erased_at) for each in erasures.every(connection)] == [
            ("p-1", NOW),
            ("p-2", NOW),
        ]
    assert [(each.action, each.thing, each.details) for each in noted] == [
        ("person-erased", "participant:p-2", {}),
        ("person-erased", "participant:p-1", {}),
    ]


def test_a_name_in_place_of_an_id_erases_nobody(registry: Registry) -> None:
    """What is no id is refused before anything is done, and the message does not repeat it."""
    know(registry, ADA)
    with pytest.raises(RegistryError, match="must be a code") as refused:
        erase(registry, ["p-1", "Ada Example"], NOW, by="account-1")

    assert "Ada" not in str(refused.value)
    with registry.reading() as connection:
        assert names(connection, ["p-1"]) == {"p-1": "Ada Example"}
        assert erasures.every(connection) == []


def test_a_restored_copy_is_put_right_by_the_list(registry: Registry, tmp_path: Path) -> None:
    """After a copy from before is restored, erasing by the list that was kept apart erases the same people again."""
    know(registry, ADA, BO)
    erase(registry, ["p-1"], NOW, by="account-1")
    with registry.reading() as connection:
        kept = [each.participant for each in erasures.every(connection)]

    with Registry(tmp_path / "restored" / "registry.db") as restored:
        know(restored, ADA, BO)
        erase(restored, kept, later(days=1), by="account-1")
        with restored.reading() as connection:
            assert names(connection, ["p-1", "p-2"]) == {"p-2": "Bo Keeper"}
    assert files_with(tmp_path / "restored", "Ada Example") == {}
