-- Transfers, numbered in their order; a blank says that the matter stays as it was.
--
-- enrolment_no: enrolment
-- place: number of the transfer among those of the enrolment, from 1
-- moved_at: when it took place
-- partner: delivery partner moved to
-- intake: intake moved to
-- provider: lead provider moved to
-- cohort: DfE's cohort moved to
-- schedule: DfE's schedule moved to
SELECT
    enrolment_no,
    row_number() OVER (PARTITION BY enrolment_no ORDER BY happened_at, recorded_at, words)::INTEGER AS place,
    happened_at AS moved_at,
    partner, intake, provider, cohort, schedule
FROM (
    SELECT DISTINCT
        enrolled.enrolment_no, said.happened_at, said.recorded_at,
        said.partner, said.intake, said.provider, said.cohort, said.schedule,
        -- as the text of `data` on the log, whose order settles what happened and became known at one moment
        concat_ws(
            ',', '"partner":"' || said.partner || '"', '"intake":"' || said.intake || '"',
            '"schedule":"' || said.schedule || '"', '"cohort":"' || said.cohort || '"',
            '"provider":"' || said.provider || '"'
        ) || '}' AS words
    FROM stg_fact AS said
    JOIN stg_enrolled AS enrolled USING (enrolment)
    WHERE said.type = 'learning.transferred.v1'
)
