"""Reads the user's own catalogue files and term dates, and joins them with those that come with the product."""

from dataclasses import replace
from pathlib import Path

from learning.calendar import school_terms
from learning.catalogue import parse
from learning.curriculum import Curriculum
from learning.errors import EngagementError

TERMS_FILE = "school-terms.toml"
"""In the same folder: term dates that replace the usual ones of a school year."""


class CatalogueFolderError(EngagementError):
    """A catalogue file cannot be read."""


class CurriculumFolder:
    """The curriculum as the folder has it now: a file that was added or changed is read again."""

    def __init__(self, folder: Path) -> None:
        """Read the folder.

        Raises:
            CatalogueError: A file has a fault; the message names file, programme and line.
            CatalogueFolderError: A file cannot be read at all.
        """
        self._folder = folder
        self._seen = toml_files(folder)
        self._curriculum = load_curriculum(folder)

    def current(self) -> Curriculum:
        """The curriculum; read again, once, when the files are no longer those that were read.

        A programme that vanishes with its file stays, for somebody may be on it.

        Raises:
            CatalogueError: As above, of a file that changed; the next call answers the curriculum as it was before.
            CatalogueFolderError: As above, or programmes have vanished.
        """
        seen, self._seen = self._seen, toml_files(self._folder)
        if seen != self._seen:
            fresh = load_curriculum(self._folder)
            if vanished := self._curriculum.programmes.keys() - fresh.programmes.keys():
                raise CatalogueFolderError(
                    f"{self._folder} no longer defines {', '.join(sorted(vanished))}; put it back"
                )
            self._curriculum = fresh
        return self._curriculum


def toml_files(folder: Path) -> frozenset[tuple[str, int, int]]:
    """The files of a folder as they are now: another answer says that one was added, changed or removed."""
    statuses = ((path.name, path.stat()) for path in folder.glob("*.toml"))
    return frozenset((name, status.st_mtime_ns, status.st_size) for name, status in statuses)


def load_curriculum(folder: Path) -> Curriculum:
    """What comes with the product, and every `*.toml` in `folder` (which need not exist).

    Raises:
        CatalogueError: A file has a fault; the message names file, programme and line.
        CatalogueFolderError: A file cannot be read at all.
    """
    curriculum = Curriculum.shipped()
    terms = folder / TERMS_FILE
    if terms.exists():
        calendars = {**curriculum.calendars, "school-terms": school_terms(_read(terms))}
        curriculum = replace(curriculum, calendars=calendars)
    files = sorted(path for path in folder.glob("*.toml") if path != terms)
    return curriculum.extended(parse(_read(path), path.stem) for path in files)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueFolderError(f"{path} cannot be read ({error}); save it as UTF-8 text") from error
