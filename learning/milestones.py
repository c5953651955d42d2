"""DfE's milestones: until when a declaration is due and when it is paid for, as DfE had published it on a given day.

Milestones are contract and payment dates; DfE refuses no declaration because of them. They run beside the learning
plan and never decide it. DfE moves them after publication, so they are versioned data (`dates/milestones.toml`).
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from learning.codes import COURSE_GROUPS, DECLARATION_TYPES, CourseGroup, CourseIdentifier, DeclarationType
from learning.terms import CalendarError


class Milestone(Struct, frozen=True, kw_only=True):
    """One declaration that falls due for everybody of an intake and course group."""

    declaration_type: DeclarationType
    window_start: date
    """First day of the milestone period: the day after the deadline before it."""
    deadline: date
    """Last day of the milestone period; what is declared by then is paid for on `payment`."""
    payment: date


class MilestoneTable(Struct, frozen=True, kw_only=True):
    """The milestones of all intakes in one version: as DfE published them on one day."""

    id: str
    published: date
    source: str
    by_intake: Mapping[str, Mapping[CourseGroup, tuple[Milestone, ...]]]
    notes: Mapping[str, str]
    """What is to be known about the dates of an intake, such as dates that DfE gave before."""

    def milestones(self, intake_id: str, group: CourseGroup) -> tuple[Milestone, ...]:
        """The milestones in the order of their deadlines; none where this version has no dates."""
        return self.by_intake.get(intake_id, {}).get(group, ())

    def of_course(self, intake_id: str, course: CourseIdentifier) -> tuple[Milestone, ...]:
        """The milestones of the group to which a course belongs."""
        return self.milestones(intake_id, COURSE_GROUPS[course])


class MilestoneHistory(Struct, frozen=True):
    """Every published version of the milestone dates, oldest first."""

    versions: tuple[MilestoneTable, ...]

    def version(self, version_id: str) -> MilestoneTable:
        """The version of this name.

        Raises:
            CalendarError: There is none; names those that there are.
        """
        for table in self.versions:
            if table.id == version_id:
                return table
        known = ", ".join(table.id for table in self.versions)
        raise CalendarError(f"Milestone dates, version {version_id}: there is none; use one of {known}.")

    def known_on(self, day: date) -> MilestoneTable | None:
        """The newest version that was out on this day; none before the first."""
        return next((table for table in reversed(self.versions) if table.published <= day), None)


@cache
def shipped_milestones() -> MilestoneHistory:
    """The versions of the milestone dates that come with the product."""
    return read_milestones(resources.files("learning").joinpath("dates/milestones.toml").read_text(encoding="utf-8"))


def milestones(version: str | None = None) -> MilestoneTable:
    """The shipped milestone dates: this version of them, or the newest.

    Raises:
        CalendarError: There is no version of this name.
    """
    shipped = shipped_milestones()
    return shipped.versions[-1] if version is None else shipped.version(version)


class _Due(Struct, frozen=True, forbid_unknown_fields=True):
    deadline: date
    payment: date


class _IntakeEntry(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    opens: date
    due: dict[CourseGroup, dict[DeclarationType, _Due]]
    note: str | None = None


class _VersionEntry(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    published: date
    source: str
    intake: list[_IntakeEntry]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    version: list[_VersionEntry]


def read_milestones(text: str) -> MilestoneHistory:
    """Milestone dates from the text of a TOML file; the shipped file shows and explains its form.

    Raises:
        CalendarError: The text has another form (names the key), or its dates contradict each other (names version,
            intake, course group and declaration type).
    """
    try:
        entries = msgspec.toml.decode(text, type=_File).version
    except msgspec.DecodeError as error:
        raise CalendarError(f"Milestone dates: {error}.") from error
    _check_once([f"version {entry.id}" for entry in entries])
    return MilestoneHistory(tuple(_table(entry) for entry in sorted(entries, key=lambda entry: entry.published)))


def _table(version: _VersionEntry) -> MilestoneTable:
    _check_once([f"version {version.id}, intake {intake.id}" for intake in version.intake])
    return MilestoneTable(
        id=version.id,
        published=version.published,
        source=version.source,
        by_intake={
            intake.id: {group: tuple(_windows(version.id, intake, group)) for group in intake.due}
            for intake in version.intake
        },
        notes={intake.id: intake.note for intake in version.intake if intake.note},
    )


def _windows(version_id: str, intake: _IntakeEntry, group: CourseGroup) -> Iterator[Milestone]:
    """The milestones of a group, each window beginning on the day after the one before it."""
    place = f"version {version_id}, intake {intake.id}, {group}"
    due = intake.due[group]
    if set(due) != set(DECLARATION_TYPES[group]):
        raise CalendarError(f"Milestone dates, {place}: give exactly {', '.join(DECLARATION_TYPES[group])}.")
    opens = intake.opens
    for declaration_type in DECLARATION_TYPES[group]:
        dates = due[declaration_type]
        if not opens <= dates.deadline <= dates.payment:
            raise CalendarError(
                f"Milestone dates, {place}, {declaration_type}: the window opens on {opens}, closes on "
                f"{dates.deadline} and is paid for on {dates.payment}; bring these days into this order."
            )
        yield Milestone(
            declaration_type=declaration_type, window_start=opens, deadline=dates.deadline, payment=dates.payment
        )
        opens = dates.deadline + timedelta(days=1)


def _check_once(places: list[str]) -> None:
    for place in places:
        if places.count(place) > 1:
            raise CalendarError(f"Milestone dates, {place}: it is there more than once; keep one.")
