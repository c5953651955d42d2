"""CSV files of people: good rows are kept, bad ones told by number, and the same file again changes nothing."""

import io

import pytest

from registry import audit
from registry.erasing import erase
from registry.people import names, profile
from registry.people_files import PeopleReport, import_people
from registry.store import Registry, RegistryError
from tests.registry_kit import NOW, later

FILE = """Participant, Name ,email,school,cost code,urn
p-1,Ada Example,ada@north.example,North School,7,123456
p-2,"Example, Bo",,,,
"""


def load(registry: Registry, text: str, **elapsed: float) -> PeopleReport:
    """Import a file."""
    return import_people(registry, io.StringIO(text, newline=""), later(**elapsed), by="account-1")


def test_people_are_taken_from_a_file(registry: Registry) -> None:
    """Columns are found by name in any order, others are ignored, and an empty cell is nothing."""
    report = load(registry, "\ufeff" + FILE)

    assert (report.added, report.changed, report.unchanged, report.refused) == (2, 0, 0, [])
    with registry.reading() as connection:
        ada, bo = profile(connection, "p-1"), profile(connection, "p-2")
    assert ada
    assert bo
    assert (ada.name, ada.email, ada.school, ada.urn) == (
        "Ada Example",
        "ada@north.example",
        "North School",
        "123456",
    )
    assert (bo.name, bo.email, bo.school, bo.urn) == ("Example, Bo", None, None, None)


def test_the_same_file_again_changes_nothing(registry: Registry) -> None:
    """Loading twice is safe; a corrected file changes what it corrects."""
    load(registry, FILE)
    again = load(registry, FILE, days=1)
    corrected = load(registry, FILE.replace("Ada", "Ada Maria"), days=2)

    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    assert (corrected.added, corrected.changed, corrected.unchanged) == (0, 1, 1)


@pytest.mark.parametrize(
    ("row", "column", "wrong"),
    [
        ("Ada Example,Ada", "participant", "no id"),
        (",Ada", "participant", "no id"),
        ("ada@north.example,Ada", "participant", "no id"),
        (f"{'p' * 129},Ada", "participant", "no id"),
        ("p-1,Ada again", "participant", "twice"),
        ("p-3,", "name", "empty"),
        ("p-3", "name", "empty"),
        (f"p-3,{'n' * 201}", "name", "longer than 200"),
        ('p-3,"Ada\nExample"', "name", "line breaks"),
        ("p-3,Ada\x00", "name", "control characters"),
        ("p-3,Ada,ada at north", "email", "no email address"),
        ("p-3,Ada,ada@north.example x@y.example", "email", "no email address"),
        ("p-3,Ada,,\x1b[31m", "school", "control characters"),
        ("p-3,Ada,,,,12a456", "urn", "URN"),
    ],
)
def test_a_bad_row_is_told_and_the_others_kept(registry: Registry, row: str, column: str, wrong: str) -> None:
    """The report has the row's number as a spreadsheet shows it, the column and the fault, and never what it says."""
    report = load(registry, f"{FILE}{row}\np-9,Last\n")

    [refused] = report.refused
    assert (refused.row, refused.column) == (4, column)
    assert wrong in refused.wrong
    assert report.added == 3
    with registry.reading() as connection:
        assert names(connection, ["p-1", "p-3", "p-9"]) == {"p-1": "Ada Example", "p-9": "Last"}


@pytest.mark.parametrize("name", ["ابراهيم‎ علی‌رضا", "👩‍🏫 Kim", "=1+1", "<script>alert(1)</script>"])
def test_names_are_taken_as_they_are(registry: Registry, name: str) -> None:
    """Other scripts, marks of direction, emoji and formulas are names like all others; who shows them escapes them."""
    assert load(registry, f"participant,name\np-1,{name}\n").refused == []
    with registry.reading() as connection:
        assert names(connection, ["p-1"]) == {"p-1": name}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("name,email\nAda,a@b\n", "no column participant"),
        ("participant;name\np-1;Ada\n", "no column participant.*with commas"),
        ("participant,name,Name\np-1,Ada,Bo\n", "two columns name"),
    ],
)
def test_a_file_of_something_else_is_refused(registry: Registry, text: str, told: str) -> None:
    """Without its columns nothing can be made of a file, and nothing is written."""
    with pytest.raises(RegistryError, match=told):
        load(registry, text)
    with registry.reading() as connection:
        assert audit.entries(connection) == []


def test_a_file_in_another_encoding_is_refused(registry: Registry) -> None:
    """What a spreadsheet saves as plain CSV may not be UTF-8; the message says how to save it."""
    lines = io.TextIOWrapper(io.BytesIO("participant,name\np-1,Zoë\n".encode("latin-1")), encoding="utf-8", newline="")
    with pytest.raises(RegistryError, match="CSV UTF-8"):
        import_people(registry, lines, NOW, by="account-1")


def test_a_cell_without_an_end_is_one_bad_row(registry: Registry) -> None:
    """What is too long for a cell is told as a row that cannot be read, not as a crash."""
    report = load(registry, f"{FILE}p-3,{'n' * 200_000}\np-9,Last\n")

    assert [(each.row, each.wrong[:27]) for each in report.refused] == [(4, "it is no row of a CSV file ")]
    assert report.added == 3


def test_who_was_erased_stays_so(registry: Registry) -> None:
    """An old file does not bring anybody back; the row is refused with the reason."""
    load(registry, FILE)
    erase(registry, ["p-2"], NOW, by="account-1")
    report = load(registry, FILE)

    assert (report.unchanged, [(each.row, each.wrong) for each in report.refused]) == (
        1,
        [(3, "this person was erased and stays so")],
    )
    with registry.reading() as connection:
        assert names(connection, ["p-1", "p-2"]) == {"p-1": "Ada Example"}


def test_an_import_is_noted(registry: Registry) -> None:
    """The trail has who imported and how much became of it, and no name."""
    load(registry, f"{FILE}p-3,\n")
    with registry.reading() as connection:
        [noted] = audit.entries(connection)
    assert (noted.account, noted.action, noted.details) == (
        "account-1",
        "people-imported",
        {"added": 2, "changed": 0, "refused": 1, "unchanged": 0},
    )
