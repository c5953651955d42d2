-- What came of the assessment of enrolments on programmes that have one, as far as something was marked.
--
-- enrolment_no: enrolment
-- decided_on: day (UK) of the mark that says so
-- passed: whether an attempt was passed
-- final: whether it was, or was failed with no attempt left
WITH pauses AS (
    SELECT enrolled.enrolment_no, uk_day(min(said.happened_at)) AS first_on
    FROM stg_fact AS said
    JOIN stg_enrolled AS enrolled USING (enrolment)
    WHERE said.type IN ('learning.deferral-requested.v1', 'learning.deferred.v1')
    GROUP BY enrolled.enrolment_no
),
tried AS (
    SELECT
        enrolment_no,
        -- a pass outweighs everything; else the mark given last does
        max((outcome = 'passed', marked_at, marked_known_at)) FILTER (outcome IS NOT NULL) AS decisive,
        count(*) FILTER (
            outcome = 'failed'
            OR (
                closes_on < (SELECT as_of FROM dim_time)
                AND submitted_at IS NULL AND marked_at IS NULL AND NOT excused
            )
        ) AS lost
    FROM stg_attempt
    GROUP BY enrolment_no
    HAVING decisive IS NOT NULL
)
SELECT
    tried.enrolment_no,
    uk_day(tried.decisive[2]) AS decided_on,
    tried.decisive[1] AS passed,
    tried.decisive[1] OR tried.lost + (
        -- the gate was not reached by the deadline, and no pause was asked for by then
        plan.deadline < (SELECT as_of FROM dim_time)
        AND coalesce(completion.gate_reached_at >= start_of(plan.deadline + 1), TRUE)
        AND coalesce(pauses.first_on > plan.deadline, TRUE)
    )::INTEGER >= programme.attempts AS final
FROM tried
JOIN stg_enrolment AS enrolment USING (enrolment_no)
JOIN stg_completion AS completion USING (enrolment_no)
JOIN dim_programme AS programme ON programme.programme = enrolment.programme AND programme.assessed
JOIN dim_plan AS plan ON plan.programme = enrolment.programme AND plan.intake = enrolment.intake
LEFT JOIN pauses USING (enrolment_no)
