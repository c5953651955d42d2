-- Every fact of the lake that had happened, and was recorded, before the days that the connection is asked for.
--
-- log_partition: partition of the log that the fact stands in
-- log_offset: its place there
-- day_known: latest day that had started in the partition before the fact; NULL before the first
-- cohort_hint: programme and intake that its enrolment named first; for reading less only
-- type: what happened, such as learning.enrolled.v1
-- source: who says so
-- id: the source's own number of the fact
-- enrolment: whose it is; "calendar" for days
-- participant: key of the log: the participant as the source knew them
-- happened_at: when it happened (UTC)
-- recorded_at: when it became known (UTC)
-- enrolled_participant: participant that was enrolled
-- programme: programme enrolled on
-- intake: intake enrolled on, or moved to
-- provider: lead provider enrolled with, or moved to
-- partner: delivery partner enrolled with, or moved to
-- cohort: DfE's cohort, or the one moved to
-- schedule: DfE's schedule, or the one moved to
-- component: component that was worked on, attended or reopened
-- attendance: what the register says
-- reason: reason of a deferral, withdrawal, objection to one, or reopening
-- resource: what was visited
-- clicks: how often
-- attempt: number of the assessment attempt
-- opens: first day of the attempt's window
-- closes: last day of the attempt's window
-- banked: whether the work was carried over from an earlier registration
-- score: mark from 0 to 1
-- outcome: outcome of an attempt, or of a contact
-- expected_return: day on which somebody who deferred is expected back
-- granted_by: who granted the deferral
-- effective: day from which a withdrawal holds
-- signed_off_by: delivery partner that signed the withdrawal off
-- channel: how contact was made, or an alert sent
-- merged_from: participant id that was retired
-- merged_into: participant id that replaces it
-- by_staff: member of staff who did it
-- alert: alert that a message told of
-- notice: message that told of it
-- step: first, reminder, escalation or resolved
-- sent_to: contact or endpoint that the message went to
-- muted_until: last day without alerts
-- day: day that started
SELECT
    log_partition, log_offset, day_known, cohort_hint, type, source, id, enrolment, participant, happened_at,
    recorded_at, enrolled_participant, programme, intake, provider, partner, cohort, schedule, component, attendance,
    reason, resource, clicks, attempt, opens, closes, banked, score, outcome, expected_return, granted_by, effective,
    signed_off_by, channel, merged_from, merged_into, by_staff, alert, notice, step, sent_to, muted_until, day
FROM input.fact
WHERE counts(happened_at, recorded_at)
