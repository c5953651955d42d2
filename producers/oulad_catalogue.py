"""OULAD's presentations as a catalogue file: each is a programme whose components are its assessments.

What the data set does not say is chosen here: it counts days from the start of a presentation and names no date, so B
presentations are taken to begin on 1 February and all others on 1 October of their year.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from math import lcm
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
from dateutil.relativedelta import relativedelta

from learning.catalogue import parse
from producers.oulad_files import OuladError

FILE: Final = "oulad"
"""The catalogue file's name, and so the first part of its programmes' ids."""

THRESHOLD: Final = Decimal("0.9")
"""The gate of the NPQs, so that figures mean the same everywhere; the university itself has no such gate."""

_KINDS: Final = {"TMA": "assignment", "CMA": "quiz-assessment", "Exam": "exam"}
_FIRST_MONTHS: Final = {"B": 2}
_OTHER_FIRST_MONTH: Final = 10
_CODE: Final = re.compile(r"(\d{4})([A-Z])")


class Assessment(NamedTuple):
    """A row of assessments.csv."""

    id: int
    type: str
    due_day: int | None
    weight: Decimal

    @property
    def component(self) -> str:
        """Its id as a component."""
        return component_id(self.type, self.id)


class Presentation(NamedTuple):
    """A module as it was held once."""

    module: str
    code: str
    """Such as `2013J`; it is the intake too."""
    days: int
    """The last day, counted from 0 on the first."""
    assessments: tuple[Assessment, ...]

    @property
    def first_day(self) -> date:
        """The day that the data set counts as 0."""
        return first_day(self.code)


def programme_code(module: str, presentation: str) -> str:
    """The code of a programme within the file; codes are in small letters there."""
    return f"{module}-{presentation}".lower()


def programme_id(module: str, presentation: str) -> str:
    """The id of a programme, such as `oulad/aaa-2013j`."""
    return f"{FILE}/{programme_code(module, presentation)}"


def component_id(assessment_type: str, assessment: int) -> str:
    """The id of an assessment as a component, such as `tma-1752`."""
    return f"{assessment_type.lower()}-{assessment}"


def first_day(code: str) -> date:
    """When a presentation is taken to begin.

    Raises:
        OuladError: The code is not a year and a letter.
    """
    found = _CODE.fullmatch(code)
    if found is None:
        raise OuladError(f"the presentation {code!r} in courses.csv is not a year and a letter, such as 2013J")
    year, letter = found.groups()
    return date(int(year), _FIRST_MONTHS.get(letter, _OTHER_FIRST_MONTH), 1)


def read_presentations(connection: duckdb.DuckDBPyConnection) -> tuple[Presentation, ...]:
    """Every presentation with its assessments, by module and code."""
    assessments: dict[tuple[str, str], list[Assessment]] = {}
    rows = connection.execute(
        'SELECT code_module, code_presentation, id_assessment, assessment_type, "date", weight FROM assessments '
        'ORDER BY "date" NULLS LAST, id_assessment'
    ).fetchall()
    for module, code, *rest in rows:
        assessments.setdefault((module, code), []).append(Assessment(*rest))
    courses = connection.execute(
        "SELECT code_module, code_presentation, module_presentation_length FROM courses ORDER BY ALL"
    ).fetchall()
    return tuple(
        Presentation(module, code, days, tuple(assessments.get((module, code), ()))) for module, code, days in courses
    )


def write_catalogue(presentations: Sequence[Presentation], folder: Path) -> Path:
    """Write `oulad.toml`, whole or not at all; the same presentations give the same bytes.

    Raises:
        OuladError: The folder cannot be written.
        CatalogueError: The presentations make no valid programmes.
    """
    text = catalogue_text(presentations)
    parse(text, FILE)
    path = folder / f"{FILE}.toml"
    unfinished = path.with_suffix(".unfinished")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise OuladError(f"{path} cannot be written: {error.strerror}; check the data folder") from error
    return path


def catalogue_text(presentations: Sequence[Presentation]) -> str:
    """The presentations as the TOML of a catalogue file."""
    codes = sorted({each.code for each in presentations})
    return "\n".join([_HEAD, *map(_intake, codes), *map(_programme, presentations)])


_HEAD = """\
# Made by the import of OULAD, the Open University Learning Analytics Dataset (Kuzilek, Hlosta, Zdrahal, Scientific Data
# 4:170171, 2017, doi 10.1038/sdata.2017.171, CC BY 4.0). Import again instead of editing: this file is written anew.

provider = "The Open University"
generation = "OULAD"
calendar = "continuous"
"""


def _intake(code: str) -> str:
    start = first_day(code)
    title = f"{start:%B %Y} (presentation {code}; the first of the month is assumed)"
    return f"[[intake]]\nid = {json.dumps(code)}\ntitle = {json.dumps(title)}\nstart = {start.isoformat()}\n"


def _programme(presentation: Presentation) -> str:
    weights = _whole_weights(presentation.assessments)
    measure = "weighted" if any(weights) else "counted"
    components = (
        _component(each, weight, presentation, weighted=measure == "weighted")
        for each, weight in zip(presentation.assessments, weights, strict=True)
    )
    return "\n".join(
        [
            "[[programme]]",
            f"code = {json.dumps(programme_code(presentation.module, presentation.code))}",
            f"title = {json.dumps(f'{presentation.module}, presentation {presentation.code}')}",
            f"months = {_months(presentation)}",
            "assessed = false",
            f'completion = {{ threshold = {THRESHOLD}, measure = "{measure}" }}',
            "components = [",
            *components,
            "]\n",
        ]
    )


def _component(assessment: Assessment, weight: int, presentation: Presentation, *, weighted: bool) -> str:
    """One line; what is due after the presentation's last day is due on it."""
    day = presentation.days if assessment.due_day is None else min(assessment.due_day, presentation.days)
    entries = {
        "id": json.dumps(assessment.component),
        "kind": json.dumps(_kind(assessment)),
        "title": json.dumps(f"{assessment.type} {assessment.id}"),
        "day": str(max(day, 0)),
    }
    if weight:
        entries["weight"] = str(weight)
    if _is_exam(assessment) or (weighted and not weight):
        entries["counts"] = "false"
    return f"  {{ {', '.join(f'{key} = {value}' for key, value in entries.items())} }},"


def _kind(assessment: Assessment) -> str:
    try:
        return _KINDS[assessment.type]
    except KeyError:
        raise OuladError(
            f"assessment {assessment.id} in assessments.csv is of type {assessment.type!r}; "
            f"it must be one of {', '.join(_KINDS)}"
        ) from None


def _is_exam(assessment: Assessment) -> bool:
    return assessment.type == "Exam"


def _whole_weights(assessments: Iterable[Assessment]) -> list[int]:
    """Weights as the smallest whole numbers in the same ratio as the percentages; exams weigh nothing here."""
    exact = [Decimal(0) if _is_exam(each) else each.weight for each in assessments]
    scale = lcm(*(weight.as_integer_ratio()[1] for weight in exact))
    return [int(weight * scale) for weight in exact]


def _months(presentation: Presentation) -> int:
    """Calendar months that hold the whole presentation."""
    start, last = presentation.first_day, presentation.first_day + timedelta(days=presentation.days)
    return next(months for months in count(1) if start + relativedelta(months=months) > last)
