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
