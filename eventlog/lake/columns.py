"""What one row of the lake says: the columns of every Parquet file, in order, each with its type and its meaning."""

from typing import Final, NamedTuple

from learning.facts import AlertsMuted, Data, DayStarted, Enrolled, ParticipantMerged


class Column(NamedTuple):
    """One column of every file of the lake."""

    name: str
    type: str
    """As DuckDB says it."""
    meaning: str


ENVELOPE: Final = (
    Column("log_partition", "USMALLINT", "Partition of the log that the fact stands in."),
    Column("log_offset", "BIGINT", "Where the fact stands in its partition, counted from 0."),
    Column("day_known", "DATE", "Latest UK day that had started in the partition before the fact; blank before any."),
    Column(
        "cohort_hint",
        "VARCHAR",
        "'programme intake' that the enrolment's first enrolled fact named, as far as known when the file was written. "
        "It only lets a query read less: never take it for the cohort, as people transfer.",
    ),
    Column("type", "VARCHAR", "Type of the fact with its version, such as learning.enrolled.v1."),
    Column("source", "VARCHAR", "Who said it; source and id together name the fact."),
    Column("id", "VARCHAR", "Id of the fact within its source. The same source and id twice is the same fact twice."),
    Column("enrolment", "VARCHAR", "Enrolment that the fact is about; 'calendar' for days."),
    Column("participant", "VARCHAR", "Participant whose facts stand together on the log; 'calendar' for days."),
    Column("happened_at", "TIMESTAMPTZ", "When it happened, in UTC to the microsecond."),
    Column("recorded_at", "TIMESTAMPTZ", "When it became known, in UTC to the microsecond."),
)
"""What every fact has, and where it stands."""

CONTENT: Final = (
    Column("enrolled_participant", "VARCHAR", "Participant who was accepted onto the programme."),
    Column("programme", "VARCHAR", "Programme, with its provider's file: ambition-2024/SL."),
    Column("intake", "VARCHAR", "Intake that somebody enrolled on or moved to; blank in a transfer: as before."),
    Column("provider", "VARCHAR", "Lead provider; blank in a transfer: as before."),
    Column("partner", "VARCHAR", "Delivery partner; blank in a transfer: as before."),
    Column("cohort", "VARCHAR", "DfE's cohort, the call-off contract that funds the place, such as 2025a."),
    Column("schedule", "VARCHAR", "DfE's schedule identifier, such as npq-leadership-autumn."),
    Column("component", "VARCHAR", "Component of the programme, such as module-3."),
    Column("attendance", "VARCHAR", "What the register says: attended, absent or caught-up."),
    Column("reason", "VARCHAR", "Reason code of a reopening, a deferral, a withdrawal or an objection to one."),
    Column("resource", "VARCHAR", "What the participant was seen working on."),
    Column("clicks", "INTEGER", "How often they clicked there."),
    Column("attempt", "UTINYINT", "Attempt at the assessment, counted from 1."),
    Column("opens", "DATE", "First day of the window for handing in."),
    Column("closes", "DATE", "Last day of the window for handing in."),
    Column("banked", "BOOLEAN", "Whether the work was carried over from an earlier registration."),
    Column("score", "DOUBLE", "Score of the work, as a ratio 0 to 1."),
    Column("outcome", "VARCHAR", "Of an assessment: passed or failed. Of a contact: reached, message-left, no-answer."),
    Column("expected_return", "DATE", "Day on which a deferred participant is expected back."),
    Column("granted_by", "VARCHAR", "Who granted the deferral."),
    Column("effective", "DATE", "Day from which the withdrawal holds."),
    Column("signed_off_by", "VARCHAR", "Delivery partner that signed the withdrawal off."),
    Column("channel", "VARCHAR", "How contact was made, or an alert sent: email, phone, message, letter and so on."),
    Column("by_staff", "VARCHAR", "Member of staff who did it."),
    Column("merged_into", "VARCHAR", "Participant id that replaces the retired one."),
    Column("merged_from", "VARCHAR", "Participant id that was retired."),
    Column("alert", "VARCHAR", "Alert that a message told of; the same for all messages about it."),
    Column("notice", "VARCHAR", "Message that was sent, which may tell of many alerts."),
    Column("step", "VARCHAR", "Why the message was sent: first, reminder, escalation or resolved."),
    Column("sent_to", "VARCHAR", "Contact or endpoint that the message went to, by its id in the registry."),
    Column("muted_until", "DATE", "Last UK day without alerts about the enrolment."),
    Column("day", "DATE", "Day that started, in the UK."),
)
"""What facts say, of all types together; blank where the type of the fact has no such field."""

COLUMNS: Final = ENVELOPE + CONTENT
"""The columns of every file of the lake, in order."""

NAMES: Final = tuple(column.name for column in COLUMNS)

_OWN_NAMES: Final = {
    (Enrolled, "participant"): "enrolled_participant",
    (ParticipantMerged, "into"): "merged_into",
    (ParticipantMerged, "retired"): "merged_from",
    (DayStarted, "day"): "day",
    (AlertsMuted, "until"): "muted_until",
}
_SHARED_NAMES: Final = {"by": "by_staff", "to": "sent_to"}
"""Words of SQL, which nobody should have to quote."""


def columns_of(data: type[Data]) -> dict[str, str]:
    """For each field of a type of fact, the column it stands in."""
    return {field: _OWN_NAMES.get((data, field), _SHARED_NAMES.get(field, field)) for field in data.__struct_fields__}
