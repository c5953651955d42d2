"""Everything that is dated and configured, in one place to ask: programmes, intakes, and the calendars they run by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from learning.calendar import CONTINUOUS, Intake, StudyCalendar, school_terms, shipped_intakes
from learning.catalogue import CatalogueFile, shipped
from learning.errors import EngagementError
from learning.plan import Plan, make_plan
from learning.programme import CalendarName, Programme


class CurriculumError(EngagementError):
    """Two catalogue files define the same programme."""


class UnknownProgrammeError(EngagementError):
    """Somebody names a programme or an intake that no catalogue file has."""


@dataclass(frozen=True)
class Curriculum:
    """The programmes with their intakes and calendars. It never changes; `extended` answers a larger one."""

    programmes: Mapping[str, Programme]
    intakes: Mapping[str, Intake]
    """The intakes that every programme has."""
    calendars: Mapping[CalendarName, StudyCalendar]
    file_intakes: Mapping[tuple[str, str], Intake] = field(default_factory=dict)
    """By catalogue file and id: the intakes that only the programmes of that file have."""
    _plans: dict[tuple[str, str], Plan] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    @cache
    def shipped(cls) -> "Curriculum":
        """What comes with the product."""
        calendars: dict[CalendarName, StudyCalendar] = {"school-terms": school_terms(), "continuous": CONTINUOUS}
        return cls(programmes={}, intakes=shipped_intakes(), calendars=calendars).extended(shipped())

    def extended(self, files: Iterable[CatalogueFile]) -> "Curriculum":
        """This curriculum with the programmes and intakes of more files.

        Raises:
            CurriculumError: A programme is there already.
        """
        programmes, file_intakes = dict(self.programmes), dict(self.file_intakes)
        for file in files:
            for programme in file.programmes:
                if programme.id in programmes:
                    raise CurriculumError(f"programme {programme.id} is there already; rename {file.name}.toml")
                programmes[programme.id] = programme
            file_intakes.update({(file.name, intake.id): intake for intake in file.intakes})
        return replace(self, programmes=programmes, file_intakes=file_intakes)

    def programme(self, programme_id: str) -> Programme:
        """The programme with this id.

        Raises:
            UnknownProgrammeError: There is none.
        """
        try:
            return self.programmes[programme_id]
        except KeyError:
            raise UnknownProgrammeError(
                f"programme {programme_id} is in no catalogue file; correct the id, or add the file that defines it"
            ) from None

    def intake(self, programme_id: str, intake_id: str) -> Intake:
        """The intake with this id as the programme has it: its file's own, else the one that all programmes have.

        An intake that only another file has is answered last: a transfer is checked without knowing the programme,
        so whatever `require_intake` lets pass can be planned.

        Raises:
            UnknownProgrammeError: There is no such programme, or no file has such an intake.
        """
        self.programme(programme_id)
        file = programme_id.partition("/")[0]
        return self.file_intakes.get((file, intake_id)) or self.require_intake(intake_id)

    def require_intake(self, intake_id: str) -> Intake:
        """The intake with this id, of all programmes or else of any file.

        Raises:
            UnknownProgrammeError: No file has such an intake.
        """
        if intake_id in self.intakes:
            return self.intakes[intake_id]
        for (_, known), intake in sorted(self.file_intakes.items()):
            if known == intake_id:
                return intake
        raise UnknownProgrammeError(
            f"intake {intake_id} is in no catalogue file; correct the id, or add the intake to the programme's file"
        )

    def plan(self, programme_id: str, intake_id: str) -> Plan:
        """The programme laid out on the calendar of the intake.

        Raises:
            UnknownProgrammeError: There is no such programme, or it has no such intake.
        """
        key = (programme_id, intake_id)
        if key not in self._plans:
            programme, intake = self.programme(programme_id), self.intake(programme_id, intake_id)
            self._plans[key] = make_plan(programme, intake, self.calendars[programme.calendar])
        return self._plans[key]
