-- Enrolments: where and with whom they are now, and whether they are studied.
--
-- enrolment: id of the enrolment
-- enrolment_no: number of the enrolment, from 0 without gaps; other tables name it by this
-- participant: participant, by the id that counts now; `erased` of whom personal data were
-- erased: whether personal data of the participant were erased: count it, and show it to nobody
-- programme: programme
-- intake: intake
-- provider: lead provider
-- partner: delivery partner
-- cohort: DfE's cohort, if said
-- schedule: DfE's schedule, if said
-- enrolled_on: day (UK) of the earliest word of the enrolment
-- status: active, deferred, withdrawn or completed
-- status_since: day (UK) from which a status other than active holds
-- status_reason: DfE's reason of the deferral or withdrawal
WITH turned AS (
    SELECT enrolment_no, max_by({status: status, since: from_on, reason: reason}, place) AS last
    FROM stg_turn
    GROUP BY enrolment_no
),
finished AS (
    SELECT
        completion.enrolment_no,
        CASE
            WHEN programme.assessed THEN CASE WHEN verdict.final THEN verdict.decided_on END
            WHEN completion.components_done = completion.components_total THEN uk_day(completion.last_done_at)
            WHEN plan.deadline < (SELECT as_of FROM dim_time)
                THEN greatest(plan.deadline, uk_day(completion.gate_reached_at))
        END AS finished_on
    FROM stg_completion AS completion
    JOIN stg_enrolment AS enrolment USING (enrolment_no)
    JOIN dim_programme AS programme ON programme.programme = enrolment.programme
    JOIN dim_plan AS plan ON plan.programme = enrolment.programme AND plan.intake = enrolment.intake
    LEFT JOIN stg_verdict AS verdict USING (enrolment_no)
    WHERE programme.assessed OR completion.gate_reached_at IS NOT NULL
)
SELECT
    enrolment.enrolment, enrolment.enrolment_no, enrolment.participant, enrolment.erased, enrolment.programme,
    enrolment.intake, enrolment.provider, enrolment.partner, enrolment.cohort, enrolment.schedule, enrolment.enrolled_on,
    CASE WHEN over THEN 'completed' ELSE coalesce(turned.last.status, 'active') END AS status,
    CASE WHEN over THEN finished.finished_on WHEN turned.last.status <> 'active' THEN turned.last.since END
        AS status_since,
    CASE WHEN NOT over THEN turned.last.reason END AS status_reason
FROM (
    SELECT
        enrolment_no,
        finished_on IS NOT NULL AND coalesce(turned.last.status, 'active') <> 'withdrawn' AS over
    FROM stg_enrolment
    LEFT JOIN finished USING (enrolment_no)
    LEFT JOIN turned USING (enrolment_no)
) AS state
JOIN stg_enrolment AS enrolment USING (enrolment_no)
LEFT JOIN turned USING (enrolment_no)
LEFT JOIN finished USING (enrolment_no)
