"""A durable database in an SQLite file keeps the promises of every durable database, and some of its own."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from registry.database import Database
from registry.errors import RegistryError
from tests.contract.durable_contract import BOOK_1, BOOK_3, KINDS, DurableContract, Kind, columns

DIES_IN_THE_UPGRADE = """
import os, sys
from dataclasses import replace
from pathlib import Path
from registry.database import Database
from tests.contract.durable_contract import BOOK_3, add_pages, add_words

def die(connection):
    add_pages(connection)
    os._exit(7)

Database(Path(sys.argv[1]), replace(BOOK_3, upgrades={1: add_words, 2: die}))
"""


class TestSqliteDurable(DurableContract):
    """The contract, and what comes with a file."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """A file that is not there yet, in a folder that is not there either."""
        return tmp_path / "data" / "durable.db"

    def test_only_its_owner_may_read_the_file(self, place: Path, kind: Kind) -> None:
        """Neither the file nor its write-ahead log can be read by other users of the machine."""
        with kind.open(place) as database:
            kind.write(database, [1])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.parent.glob("durable.db*")}

        assert {name: mode for name, mode in modes.items() if mode & 0o077 and not name.endswith(".lock")} == {}
        assert {"durable.db", "durable.db-wal"} <= modes.keys()

    def test_what_is_no_such_file_is_refused(self, place: Path, kind: Kind) -> None:
        """Another file in its place is told by name, and stays as it is."""
        place.parent.mkdir()
        place.write_text("something else " * 100)

        with pytest.raises(RegistryError, match=rf"durable\.db is not a readable {kind.layout.name}"):
            kind.open(place)
        assert place.read_text().startswith("something else")

    def test_a_place_that_cannot_be_had_is_told(self, place: Path, kind: Kind) -> None:
        """Where a folder stands in the way, the message names it."""
        place.mkdir(parents=True)
        with pytest.raises(RegistryError, match=f"the {kind.layout.name} .* cannot be opened"):
            kind.open(place)

    def test_a_program_that_dies_within_an_upgrade_leaves_the_version_before(self, place: Path) -> None:
        """The process ends between two steps: the file is of version 1 with its rows, and the next one upgrades it."""
        with Database(place, BOOK_1) as old:
            KINDS["notes"].write(old, [1])
        command, root = [sys.executable, "-c", DIES_IN_THE_UPGRADE, str(place)], Path(__file__).parents[2]
        died = subprocess.run(command, cwd=root, check=False, timeout=60)
        assert died.returncode == 7

        with Database(place, BOOK_1) as still:
            assert columns(still) == {"about": ["version"], "note": ["id"]}
        with Database(place, BOOK_3) as upgraded:
            assert KINDS["notes"].ids(upgraded) == ["p-1"]
