"""The lake as readers see it: which files hold the facts now, and how far each partition goes."""

from pathlib import Path
from typing import Final

from eventlog.lake.columns import COLUMNS
from eventlog.lake.manifest import LakeError, Manifest, Position, read_manifest

FACTS_FOLDER: Final = "facts"
PARTITIONS_FOLDER: Final = "partitions"


class Lake:
    """The log's facts as Parquet files in a folder, which any number of programs read while one a partition writes.

    Below `facts/recorded_month=2026-01/` stand files such as `p07-000000000000-000000002000.parquet`: partition 7, the
    facts at offsets 0 to 1,999 that were recorded in January 2026, by UTC. `partitions/07.json` says which of them
    count and how far the partition goes, and is replaced in one step. Reading makes no file and takes no lock.

    Args:
        folder: The lake's folder; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def partitions(self) -> list[int]:
        """Every partition of the log that something was archived of, in order."""
        return sorted(int(path.stem) for path in (self.folder / PARTITIONS_FOLDER).glob("*.json"))

    def manifest(self, partition: int) -> Manifest:
        """What a partition consists of now.

        Raises:
            LakeError: Its manifest cannot be read, or a newer version wrote it.
        """
        return read_manifest(self.manifest_path(partition), partition)

    def manifest_path(self, partition: int) -> Path:
        """Where a partition's manifest stands."""
        return self.folder / PARTITIONS_FOLDER / f"{partition:02}.json"

    def position(self, partition: int) -> Position:
        """How far a partition goes; at its start if nothing was archived.

        Raises:
            LakeError: Its manifest cannot be read.
        """
        return self.manifest(partition).position

    def positions(self) -> dict[int, Position]:
        """How far each partition goes that something was archived of.

        Raises:
            LakeError: A manifest cannot be read.
        """
        return {partition: self.position(partition) for partition in self.partitions()}

    def files(self) -> list[Path]:
        """The files that hold the facts now, of each partition as it was at one moment, the longest first.

        DuckDB takes the first file for typical of all when it plans: after a short one it would think little of the
        facts, and keep them in memory where it could look each up among fewer rows of another table.

        The files stay readable for at least the grace of a compaction (a day) after they were replaced.

        Raises:
            LakeError: A manifest cannot be read.
        """
        manifests = [self.manifest(partition) for partition in self.partitions()]
        files = [file for manifest in manifests for file in manifest.files]
        return [self.folder / file.name for file in sorted(files, key=lambda file: file.rows, reverse=True)]

    def relation(self) -> str:
        """SQL for what follows a FROM: all facts that the lake holds now, with the columns of `columns.COLUMNS`.

        Raises:
            LakeError: A manifest cannot be read.
        """
        return relation(self.files())


def relation(files: list[Path]) -> str:
    """SQL for what follows a FROM: the facts of these files, which may be none."""
    if not files:
        columns = ", ".join(f"CAST(NULL AS {column.type}) AS {quoted(column.name)}" for column in COLUMNS)
        return f"(SELECT {columns} WHERE false)"
    names = ", ".join(literal(str(file)) for file in files)
    return f"read_parquet([{names}], hive_partitioning = false)"


def literal(text: str) -> str:
    """A text as SQL writes it; for names of files, which cannot be bound where DuckDB plans by them."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A column's name as SQL writes it whatever the name is."""
    return '"' + name.replace('"', '""') + '"'


__all__ = ["FACTS_FOLDER", "PARTITIONS_FOLDER", "Lake", "LakeError", "literal", "quoted", "relation"]
