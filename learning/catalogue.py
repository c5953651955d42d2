"""The programmes there are: reads catalogue files, checked when loaded, and says where exactly one is wrong."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from msgspec import Struct

from learning.calendar import Intake
from learning.catalogue_checks import check_counting, check_due, check_groups, check_unique, completion_rule
from learning.catalogue_faults import FaultError, form_fault
from learning.catalogue_files import FileForm, IntakeForm, OutlineForm, Source
from learning.catalogue_lines import Lines, Path
from learning.errors import EngagementError
from learning.events import EARLIEST, LATEST
from learning.programme import (
    LIVE_KINDS,
    AssessmentRule,
    CompletionRule,
    Component,
    Group,
    Kind,
    Programme,
)

__all__ = [
    "LIVE_KINDS",
    "AssessmentRule",
    "CatalogueError",
    "CatalogueFile",
    "CompletionRule",
    "Component",
    "Group",
    "Kind",
    "Programme",
    "parse",
    "shipped",
]

_FILE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}\Z")
_SYNTAX_LINE = re.compile(r"\(at line (\d+), column \d+\)$")


class CatalogueError(EngagementError):
    """A catalogue file is wrong; names the file, the programme where it is in one, and the line of the fault."""

    def __init__(self, message: str, *, file: str, line: int, programme: str | None = None) -> None:
        where = f"{file}.toml, line {line}" + (f", programme {programme}" if programme else "")
        super().__init__(f"{where}: {message}")
        self.file = file
        self.line = line
        self.programme = programme


class CatalogueFile(Struct, frozen=True, kw_only=True):
    """What one file defines."""

    name: str
    """The file's name without `.toml`; the first part of its programmes' ids."""
    programmes: tuple[Programme, ...]
    intakes: tuple[Intake, ...] = ()
    """Intakes that only these programmes have."""


def parse(text: str, file: str) -> CatalogueFile:
    """Read a catalogue file.

    Args:
        text: Its TOML.
        file: Its name, with or without `.toml`.

    Raises:
        CatalogueError: Naming file, programme and line of the first fault.
    """
    name = file.removesuffix(".toml")
    data = _load(text, name)
    try:
        return _build(_checked_form(data), name)
    except FaultError as fault:
        line, programme = Lines(text).of(fault.path), fault.programme or _programme_at(data, fault.path)
        raise CatalogueError(str(fault), file=name, line=line, programme=programme) from fault


@cache
def shipped() -> tuple[CatalogueFile, ...]:
    """The catalogue files that come with the product, by name."""
    folder = resources.files("learning").joinpath("programmes")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return tuple(parse(each.read_text(encoding="utf-8"), each.name) for each in files)


def _load(text: str, name: str) -> dict[str, Any]:
    """The TOML as values, decimals kept exact."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        found = _SYNTAX_LINE.search(str(error))
        line = int(found.group(1)) if found else text.rstrip().count("\n") + 1
        raise CatalogueError(f"this is not TOML: {error}", file=name, line=line) from error


def _checked_form(data: Mapping[str, Any]) -> FileForm:
    try:
        return msgspec.convert(data, FileForm)
    except msgspec.ValidationError as error:
        raise form_fault(str(error)) from error


def _programme_at(data: Mapping[str, Any], path: Path) -> str | None:
    """The code of the programme that a path leads into, as far as it has one."""
    match path:
        case ("programme", int(position), *_):
            programme = data["programme"][position]
            code = programme.get("code") if isinstance(programme, dict) else None
            return str(code) if code else f"number {position + 1}"
        case _:
            return None


def _build(form: FileForm, name: str) -> CatalogueFile:
    if not _FILE_NAME.match(name):
        raise FaultError((), "rename the file: its name is letters, digits and . _ - only, at most 60")
    check_unique(((each.name, ("outline", n, "name")) for n, each in enumerate(form.outline)), "outline")
    check_unique(((each.code, ("programme", n, "code")) for n, each in enumerate(form.programme)), "programme")
    check_unique(((each.id, ("intake", n, "id")) for n, each in enumerate(form.intake)), "intake")
    programmes = tuple(_programme(form, position, name) for position in range(len(form.programme)))
    intakes = tuple(_intake(each, ("intake", position)) for position, each in enumerate(form.intake))
    return CatalogueFile(name=name, programmes=programmes, intakes=intakes)


def _intake(form: IntakeForm, path: Path) -> Intake:
    if not EARLIEST.date() <= form.start < LATEST.date():
        raise FaultError((*path, "start"), f"{form.start} is not between the years {EARLIEST.year} and {LATEST.year}")
    return Intake(id=form.id, title=form.title, start=form.start, cohort=form.cohort)


def _programme(form: FileForm, position: int, name: str) -> Programme:
    """Expand and check one programme; a fault in what it shares with others is reported with its name too."""
    try:
        return _expanded(form, _source(form, position), name)
    except FaultError as fault:
        fault.programme = form.programme[position].code
        raise


def _source(form: FileForm, position: int) -> Source:
    path: Path = ("programme", position)
    programme = form.programme[position]
    if programme.outline is None:
        return Source(programme, path, None, ())
    outlines: dict[str, tuple[int, OutlineForm]] = {each.name: (n, each) for n, each in enumerate(form.outline)}
    if programme.outline not in outlines:
        raise FaultError((*path, "outline"), f"there is no outline {programme.outline} in this file")
    number, outline = outlines[programme.outline]
    return Source(programme, path, outline, ("outline", number))


def _expanded(form: FileForm, source: Source, name: str) -> Programme:
    placed = source.placed()
    rule, rule_path = _completion(form, source)
    programme = Programme(
        id=f"{name}/{source.form.code}",
        title=source.form.title,
        code=source.form.code,
        provider=form.provider,
        generation=form.generation,
        course=source.form.course,
        months=source.months,
        calendar=form.calendar,
        components=tuple(sorted((each.component for each in placed), key=_due)),
        completion=rule,
        assessment=_assessment(form, source),
    )
    check_unique(((component.id, path) for component, path in placed), "component")
    check_due(placed, programme)
    check_groups(rule, placed, (*rule_path, "groups"))
    check_counting(placed, rule, source.path)
    return programme


def _due(component: Component) -> tuple[int, int]:
    """Sorts components by when they are due."""
    return (component.due_week or 0, component.due_day or 0)


def _completion(form: FileForm, source: Source) -> tuple[CompletionRule, Path]:
    """The programme's own rule, else the file's, with its place."""
    own = source.form.completion
    completion = own or form.completion
    if completion is None:
        raise FaultError(source.path, "neither the programme nor the top of the file has a completion rule")
    path: Path = (*source.path, "completion") if own else ("completion",)
    return completion_rule(completion, path), path


def _assessment(form: FileForm, source: Source) -> AssessmentRule | None:
    assessment = source.form.assessment or form.assessment
    if not source.form.assessed:
        if source.form.assessment:
            raise FaultError((*source.path, "assessed"), "it has an assessment rule, so it cannot be assessed = false")
        return None
    if assessment is None:
        raise FaultError(source.path, "give it an assessment rule, or say assessed = false")
    return AssessmentRule(
        attempts=assessment.attempts, window_days=assessment.window_days, word_limit=assessment.word_limit
    )
