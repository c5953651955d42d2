"""One row of a register of enrolments: read, compared with what the log says, and made a fact."""

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast, get_args
from uuid import UUID, uuid5

from learning.calendar import uk_day
from learning.codes import ScheduleIdentifier
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.events import Fact, fact
from learning.facts import Enrolled
from producers.register.column_maps import Field
from producers.register.history import Known
from producers.register.rows import RowReader

REQUIRED: Final[tuple[tuple[Field, ...], ...]] = (
    ("enrolment",),
    ("participant",),
    ("programme",),
    ("intake",),
    ("partner",),
    ("enrolled_on",),
)

_NAMESPACE: Final = UUID("5b0d9d6a-2f4e-5a53-9d0c-6a3c1d8f7e11")
_FAR: Final = timedelta(days=730)
"""Nobody enrols so long before or after the intake begins."""

_TRANSFER: Final = "an enrolment is not edited: record a transfer (learning.transferred.v1)"
_REMEDIES: Final[dict[Field, str]] = {
    "participant": "if the participant's id changed, record that (learning.participant-merged.v1)",
    "programme": "for another programme, withdraw this enrolment and load a new one with an id of its own",
    "intake": _TRANSFER,
    "partner": _TRANSFER,
    "provider": _TRANSFER,
    "cohort": _TRANSFER,
    "schedule": _TRANSFER,
}


class Enrolment(NamedTuple):
    """What a row says."""

    enrolment: str
    when: datetime
    data: Enrolled

    def fact(self, now: datetime) -> Fact:
        """The fact. Its id names the enrolment alone, so that two sheets can never both enrol it."""
        return fact(
            self.data,
            id=str(uuid5(_NAMESPACE, self.enrolment)),
            source=f"/registers/{self.data.partner}",
            subject=self.enrolment,
            time=self.when,
            recordedtime=now,
            partitionkey=self.data.participant,
        )


def read_enrolment(reader: RowReader, curriculum: Curriculum, now: datetime) -> Enrolment | None:
    """Read a row; None, with its faults noted, when it is wrong."""
    enrolment, participant = reader.identifier("enrolment"), reader.identifier("participant")
    partner, cohort = reader.identifier("partner"), reader.identifier("cohort", required=False)
    titles = {each.id: each.title for each in curriculum.programmes.values()}
    programme = reader.choice("programme", titles, what="programme of the catalogue")
    intake = reader.identifier("intake")
    provider = _provider(reader, curriculum, programme)
    schedule = _schedule(reader)
    when = reader.moment("enrolled_on", None, now)
    if programme and intake and when:
        _check_intake(reader, curriculum, programme, intake, when)
    if reader.errors or not (enrolment and participant and partner and programme and intake and provider and when):
        return None
    data = Enrolled(
        participant=participant,
        programme=programme,
        intake=intake,
        provider=provider,
        partner=partner,
        cohort=cohort,
        schedule=schedule,
    )
    return Enrolment(enrolment, when, data)


def is_known(row: Enrolment, known: Known, reader: RowReader) -> bool:
    """Whether the log says all of this already; a difference is noted as a fault.

    What the enrolment was before a transfer or merge is no difference: an old sheet may be loaded again.
    """
    for wanted, remedy in _REMEDIES.items():
        value = getattr(row.data, wanted)
        if value is not None and value not in known.said.get(wanted, []):
            is_now = known.latest(wanted) or "blank"
            reader.fault(wanted, f"differs from what is on the log ({is_now})", remedy)
    if uk_day(row.when) != known.enrolled_on:
        reader.fault(
            "enrolled_on",
            f"differs from what is on the log ({known.enrolled_on})",
            "put back the day on which the enrolment was recorded; it is not edited",
        )
    return not reader.errors


def _provider(reader: RowReader, curriculum: Curriculum, programme: str | None) -> str | None:
    """The lead provider: the row's, else the one whose programme it is."""
    if reader.text("provider") or programme is None:
        return reader.identifier("provider", required=False)
    provider = re.sub(r"[^a-z0-9]+", "-", curriculum.programmes[programme].provider.casefold()).strip("-")
    if provider.startswith("any-"):
        reader.fault("provider", "is empty, and several lead providers offer the programme", "name the lead provider")
        return None
    return provider


def _schedule(reader: RowReader) -> ScheduleIdentifier | None:
    if not reader.text("schedule"):
        return None
    choices = {each: each for each in get_args(ScheduleIdentifier)}
    return cast(ScheduleIdentifier | None, reader.choice("schedule", choices, what="schedule of DfE's"))


def _check_intake(reader: RowReader, curriculum: Curriculum, programme: str, intake: str, when: datetime) -> None:
    try:
        start = curriculum.intake(programme, intake).start
    except UnknownProgrammeError:
        file = programme.partition("/")[0]
        own = [each for owner, each in curriculum.file_intakes if owner == file]
        there = ", ".join([*own, *curriculum.intakes])
        reader.fault("intake", "is no intake of the programme", f"write one of {there}")
        return
    reader.near("enrolled_on", uk_day(when), start - _FAR, start + _FAR, what=f"the start of intake {intake}")
