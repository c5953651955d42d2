"""Changes a partition of the lake in one step, whoever else is at it and whenever the process dies."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, NamedTuple

import msgspec

from eventlog.lake.lake import FACTS_FOLDER, PARTITIONS_FOLDER, Lake
from eventlog.lake.manifest import LakeError, LakeFile, Manifest
from eventlog.locks import FileLock

ASIDE_FOLDER: Final = "aside"
_READ_ONLY: Final = 0o444
"""A file is never changed: DuckDB may write to whatever it may read, by a slip of somebody's SQL."""


class NewFile(NamedTuple):
    """A file that was written aside and is to count."""

    path: Path
    month: str
    first_offset: int
    next_offset: int
    rows: int
    compacted: bool = False


Change = Callable[[Manifest, Sequence[LakeFile]], Manifest]
"""Makes the next manifest of the present one and the new files; raises StaleLakeError when it came too late."""


class Writer:
    """One attempt at changing a partition; what stands below `aside` when it ends is gone, unless it was committed."""

    def __init__(self, lake: Lake, partition: int, aside: Path) -> None:
        self.lake = lake
        self.partition = partition
        self.aside = aside

    def commit(self, files: Sequence[NewFile], change: Change) -> Manifest:
        """Put the files in their places and have `change` make the manifest that names them; answer the new manifest.

        All of it or nothing counts: readers see what the manifest names, and it is replaced last.

        Raises:
            StaleLakeError: From `change`; nothing was moved then.
        """
        for file in files:
            _sync(file.path)
        with _locked(self.lake, self.partition):
            before = self.lake.manifest(self.partition)
            taken = before.named()
            placed = [_placed(file, self.partition, taken) for file in files]
            after = change(before, placed)
            self._move(files, placed)
            self._switch(after)
        return after

    def _move(self, files: Sequence[NewFile], placed: Sequence[LakeFile]) -> None:
        folders = set()
        for file, place in zip(files, placed, strict=True):
            path = self.lake.folder / place.name
            path.parent.mkdir(parents=True, exist_ok=True)
            file.path.chmod(_READ_ONLY)
            os.replace(file.path, path)  # noqa: PTH105 - as fsync beside it
            folders.add(path.parent)
        for folder in (*folders, self.lake.folder / FACTS_FOLDER, self.lake.folder):
            if folder.exists():
                _sync(folder)

    def _switch(self, manifest: Manifest) -> None:
        path = self.lake.manifest_path(self.partition)
        written = self.aside / path.name
        written.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        _sync(written)
        os.replace(written, path)  # noqa: PTH105 - as above
        _sync(path.parent)


@contextmanager
def writing(lake: Lake, partition: int) -> Iterator[Writer]:
    """Begin to change a partition; what writers left behind that died is removed first.

    Any number may write at the same time: the change of the second to commit finds out.

    Raises:
        LakeError: The folder cannot be written.
    """
    try:
        for folder in (FACTS_FOLDER, PARTITIONS_FOLDER, ASIDE_FOLDER):
            (lake.folder / folder).mkdir(parents=True, exist_ok=True)
        with _locked(lake, partition):
            _remove_leftovers(lake, partition)
            aside = Path(mkdtemp(prefix=_prefix(partition), dir=lake.folder / ASIDE_FOLDER))
            mark = _lock_folder(aside)
        try:
            yield Writer(lake, partition, aside)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            if mark is not None:
                os.close(mark)
    except OSError as error:
        raise LakeError(
            f"The lake in {lake.folder} cannot be written: {error.strerror or error}; check its permissions and disk."
        ) from error


def remove(lake: Lake, names: Sequence[str]) -> None:
    """Delete files that no manifest names any more."""
    for name in names:
        (lake.folder / name).unlink(missing_ok=True)


@contextmanager
def _locked(lake: Lake, partition: int) -> Iterator[None]:
    """Be the only one who moves files of a partition and replaces its manifest."""
    lock = FileLock(lake.manifest_path(partition).with_suffix(".lock"))
    try:
        with lock:
            yield
    finally:
        lock.close()


def _remove_leftovers(lake: Lake, partition: int) -> None:
    """Nobody can be reading them: they were named in no manifest, and whoever wrote them is dead."""
    named = lake.manifest(partition).named()
    for path in (lake.folder / FACTS_FOLDER).glob(f"*/{_prefix(partition)}*"):
        if str(path.relative_to(lake.folder)) not in named:
            path.unlink()
    for folder in (lake.folder / ASIDE_FOLDER).glob(f"{_prefix(partition)}*"):
        mark = _lock_folder(folder)
        if mark is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(mark)


def _lock_folder(folder: Path) -> int | None:
    """Hold a folder aside for as long as this process lives; None: a living writer holds it, or it is gone."""
    with suppress(FileNotFoundError):
        mark = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(mark)
        else:
            return mark
    return None


def _placed(file: NewFile, partition: int, taken: set[str]) -> LakeFile:
    """Name a file by what it holds; a number is added where a file in use has the name."""
    stem = (
        f"{FACTS_FOLDER}/recorded_month={file.month}/{_prefix(partition)}{file.first_offset:012}-{file.next_offset:012}"
    )
    name, number = f"{stem}.parquet", 0
    while name in taken:
        number += 1
        name = f"{stem}-{number:03}.parquet"
    taken.add(name)
    return LakeFile(
        name=name,
        month=file.month,
        first_offset=file.first_offset,
        next_offset=file.next_offset,
        rows=file.rows,
        compacted=file.compacted,
    )


def _prefix(partition: int) -> str:
    return f"p{partition:02}-"


def _sync(path: Path) -> None:
    """Have the disk confirm a file or a folder's entries."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
