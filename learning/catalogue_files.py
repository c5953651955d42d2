"""The form of a catalogue file: what may stand in the TOML, and how its short patterns expand to components.

A file has rules for all its programmes at the top, `[[outline]]` tables with what several programmes have in common,
one `[[programme]]` table each, and possibly `[[intake]]` tables of its own.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from learning.catalogue_faults import FaultError
from learning.catalogue_lines import Path
from learning.codes import CourseIdentifier
from learning.facts import Identifier
from learning.programme import CalendarName, Component, Kind, Measure

_Text = Annotated[str, Meta(min_length=1, max_length=256)]
_Code = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9._-]*\Z")]
_Stem = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*\Z")]
_Positive = Annotated[int, Meta(ge=1)]
_Months = Annotated[int, Meta(ge=1, le=120)]
_Modules = Annotated[int, Meta(ge=1, le=52)]
_NotNegative = Annotated[int, Meta(ge=0)]
_Weeks = Annotated[tuple[_Positive, ...], Meta(min_length=1)]
_Days = Annotated[tuple[_NotNegative, ...], Meta(min_length=1)]

_PARTS = ("study", "apply")
"""Weekly modules alternate: content is studied, then applied in school."""


class _Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a key that is not known is a fault."""


class ComponentForm(_Form, frozen=True):
    """One component (`week` or `day`), or a run of them numbered from 1 (`weeks` or `days`); one of the four."""

    kind: Kind
    id: _Stem | None = None
    """The id, or what comes before the number in a run; the kind unless given."""
    title: _Text | None = None
    week: _Positive | None = None
    weeks: _Weeks | None = None
    day: _NotNegative | None = None
    days: _Days | None = None
    weight: _NotNegative = 1
    counts: bool = True


class CoursesForm(_Form, frozen=True):
    """Courses of weekly modules that alternate Study and Apply."""

    first_weeks: _Weeks
    """The study week of each course's first module."""
    modules: _Modules | tuple[_Modules, ...] = 6
    """Modules in every course, or a number for each."""


class OutlineForm(_Form, frozen=True):
    """What several programmes have in common; a programme's own components stand in place of those of their kind."""

    name: _Code
    months: _Months | None = None
    courses: CoursesForm | None = None
    components: tuple[ComponentForm, ...] = ()


class GroupForm(_Form, frozen=True):
    """A group of a completion rule."""

    name: _Text
    kinds: tuple[Kind, ...]
    share: Decimal | None = None


class CompletionForm(_Form, frozen=True):
    """A completion rule."""

    threshold: Decimal
    measure: Measure = "counted"
    groups: tuple[GroupForm, ...] = ()
    each_group: bool = False


class AssessmentForm(_Form, frozen=True):
    """An assessment rule."""

    attempts: Annotated[int, Meta(ge=1, le=9)]
    window_days: _Positive
    word_limit: _Positive | None = None


class ProgrammeForm(_Form, frozen=True):
    """A programme; what it leaves out comes from its outline or from the top of the file."""

    code: _Code
    title: _Text
    course: CourseIdentifier | None = None
    outline: str | None = None
    months: _Months | None = None
    courses: CoursesForm | None = None
    course_titles: tuple[_Text, ...] | None = None
    components: tuple[ComponentForm, ...] = ()
    completion: CompletionForm | None = None
    assessment: AssessmentForm | None = None
    assessed: bool = True


class IntakeForm(_Form, frozen=True):
    """An intake that only this file's programmes have."""

    id: Identifier
    title: _Text
    start: date
    cohort: Identifier | None = None


class FileForm(_Form, frozen=True):
    """A whole catalogue file."""

    provider: _Text
    generation: _Text
    programme: Annotated[tuple[ProgrammeForm, ...], Meta(min_length=1)]
    calendar: CalendarName = "school-terms"
    completion: CompletionForm | None = None
    assessment: AssessmentForm | None = None
    outline: tuple[OutlineForm, ...] = ()
    intake: tuple[IntakeForm, ...] = ()


class Placed(NamedTuple):
    """A component with the place in the file that it comes from."""

    component: Component
    path: Path


class Source(NamedTuple):
    """A programme's form together with its outline, each with its place in the file."""

    form: ProgrammeForm
    path: Path
    outline: OutlineForm | None
    outline_path: Path

    @property
    def months(self) -> int:
        """Its length.

        Raises:
            FaultError: Neither the programme nor its outline says.
        """
        months = self.form.months or (self.outline and self.outline.months)
        if not months:
            raise FaultError(self.path, "say how many months it lasts, with months = 12 for instance")
        return months

    def placed(self) -> list[Placed]:
        """All components, in the order of the file."""
        return [*self._courses(), *self._components()]

    def _components(self) -> Iterator[Placed]:
        own_kinds = {form.kind for form in self.form.components}
        for position, form in enumerate(self.outline.components if self.outline else ()):
            if form.kind not in own_kinds:
                yield from _run(form, (*self.outline_path, "components", position))
        for position, form in enumerate(self.form.components):
            yield from _run(form, (*self.path, "components", position))

    def _courses(self) -> Iterator[Placed]:
        own, shared = self.form.courses, self.outline.courses if self.outline else None
        courses = own or shared
        path = (*(self.path if own else self.outline_path), "courses")
        if courses is None:
            if self.form.course_titles is not None:
                raise FaultError((*self.path, "course_titles"), "there are no courses that could have these titles")
            return
        number = len(courses.first_weeks)
        titles = self.form.course_titles or tuple(f"Course {each}" for each in range(1, number + 1))
        if len(titles) != number:
            raise FaultError((*self.path, "course_titles"), f"{len(titles)} titles are given for {number} courses")
        modules = courses.modules if isinstance(courses.modules, tuple) else (courses.modules,) * number
        if len(modules) != number:
            raise FaultError((*path, "modules"), f"{len(modules)} numbers of modules are given for {number} courses")
        for course, (title, first_week, length) in enumerate(zip(titles, courses.first_weeks, modules, strict=True)):
            for component in _modules(course + 1, title, first_week, length):
                yield Placed(component, (*path, "first_weeks", course))


def _modules(course: int, title: str, first_week: int, length: int) -> Iterator[Component]:
    """One module a week from the first week on."""
    for module in range(1, length + 1):
        part = _PARTS[(module - 1) % len(_PARTS)]
        yield Component(
            id=f"course-{course}/module-{module}-{part}",
            kind="module",
            title=f"{title}: module {module} ({part.capitalize()})",
            due_week=first_week + module - 1,
        )


def _run(form: ComponentForm, path: Path) -> Iterator[Placed]:
    """The components of one entry.

    Raises:
        FaultError: It does not say when it is due, or says it twice.
    """
    given = {key: due for key in ("week", "weeks", "day", "days") if (due := getattr(form, key)) is not None}
    if len(given) != 1:
        raise FaultError(path, "say when it is due with exactly one of week, weeks, day, days")
    ((key, due),) = given.items()
    unit = key.removesuffix("s")
    if not isinstance(due, tuple):
        yield Placed(_component(form, "", unit, due), (*path, key))
        return
    for position, each in enumerate(due):
        yield Placed(_component(form, str(position + 1), unit, each), (*path, key, position))


def _component(form: ComponentForm, number: str, unit: str, due: int) -> Component:
    stem = form.id or form.kind
    title = form.title or form.kind.replace("-", " ").capitalize()
    return Component(
        id=f"{stem}-{number}" if number else stem,
        kind=form.kind,
        title=f"{title} {number}".rstrip(),
        weight=form.weight,
        due_week=due if unit == "week" else None,
        due_day=due if unit == "day" else None,
        counts=form.counts,
    )
