-- Enrolments where they are now, by the latest word on each matter, without their status.
--
-- enrolment_no: number of the enrolment
-- enrolment: id of the enrolment
-- participant: participant, by the id that counts now; `erased` of whom personal data were
-- erased: whether personal data of the participant were erased: it is counted, and not shown
-- programme: programme
-- intake: intake
-- provider: lead provider
-- partner: delivery partner
-- cohort: DfE's cohort, if said
-- schedule: DfE's schedule, if said
-- enrolled_on: day (UK) of the earliest word of the enrolment
-- programme_no: number of the programme; NULL: the catalogue has none of this id
WITH moved AS (
    SELECT
        enrolment_no,
        max_by(partner, place) FILTER (partner IS NOT NULL) AS partner,
        max_by(intake, place) FILTER (intake IS NOT NULL) AS intake,
        max_by(provider, place) FILTER (provider IS NOT NULL) AS provider,
        max_by(cohort, place) FILTER (cohort IS NOT NULL) AS cohort,
        max_by(schedule, place) FILTER (schedule IS NOT NULL) AS schedule
    FROM stg_transfer
    GROUP BY enrolment_no
),
merged AS (
    SELECT enrolment, max_by(merged_into, (happened_at, recorded_at, merged_from, merged_into)) AS participant
    FROM stg_fact
    WHERE type = 'learning.participant-merged.v1' AND merged_into IS NOT NULL
    GROUP BY enrolment
)
SELECT
    enrolled.enrolment_no,
    enrolled.enrolment,
    CASE WHEN erased.enrolment IS NULL THEN coalesce(merged.participant, enrolled.participant) ELSE 'erased' END
        AS participant,
    erased.enrolment IS NOT NULL AS erased,
    enrolled.programme,
    coalesce(moved.intake, enrolled.intake) AS intake,
    coalesce(moved.provider, enrolled.provider) AS provider,
    coalesce(moved.partner, enrolled.partner) AS partner,
    coalesce(moved.cohort, enrolled.cohort) AS cohort,
    coalesce(moved.schedule, enrolled.schedule) AS schedule,
    enrolled.enrolled_on,
    known.programme_no
FROM stg_enrolled AS enrolled
LEFT JOIN moved USING (enrolment_no)
LEFT JOIN merged USING (enrolment)
LEFT JOIN stg_erased AS erased USING (enrolment)
LEFT JOIN input.programme AS known USING (programme)
