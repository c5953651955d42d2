-- Enrolments as they were last sent, before any transfer.
--
-- enrolment_no: number of the enrolment, from 0 without gaps, in the order of the ids
-- enrolment: id of the enrolment
-- enrolled_on: day (UK) of the earliest word of it
-- participant: participant that was enrolled; `erased` of whom personal data were
-- programme: programme
-- intake: intake
-- provider: lead provider
-- partner: delivery partner
-- cohort: DfE's cohort, if said
-- schedule: DfE's schedule, if said
WITH shown AS (
    SELECT
        enrolment, happened_at, recorded_at, programme, intake, provider, partner, cohort, schedule,
        CASE WHEN erased.enrolment IS NULL THEN enrolled_participant ELSE 'erased' END AS enrolled_participant
    FROM stg_fact
    LEFT JOIN stg_erased AS erased USING (enrolment)
    WHERE type = 'learning.enrolled.v1' AND programme IS NOT NULL  -- which lets row groups without any be left out
),
said AS (
    SELECT
        enrolment, happened_at, recorded_at, enrolled_participant, programme, intake, provider, partner, cohort, schedule,
        -- of what happened and became known at one moment, the last in the order of its text on the log counts
        concat(
            '{"participant":"', enrolled_participant, '","programme":"', programme, '","intake":"', intake,
            '","provider":"', provider, '","partner":"', partner, '"',
            ',"cohort":"' || cohort || '"', ',"schedule":"' || schedule || '"', '}'
        ) AS words
    FROM shown
),
latest AS (
    SELECT *, uk_day(min(happened_at) OVER (PARTITION BY enrolment)) AS enrolled_on
    FROM said
    QUALIFY 1 = row_number() OVER (PARTITION BY enrolment ORDER BY happened_at DESC, recorded_at DESC, words DESC)
)
SELECT
    (row_number() OVER (ORDER BY enrolment) - 1)::INTEGER AS enrolment_no,
    enrolment, enrolled_on, enrolled_participant AS participant, programme, intake, provider, partner, cohort, schedule
FROM latest
