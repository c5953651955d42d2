-- Transfers that changed the delivery partner, the intake or the lead provider.
--
-- enrolment_no: enrolment
-- moved_on: day (UK) of the transfer
-- partner_before: delivery partner until then
-- partner_after: delivery partner from then on
-- intake_before: intake until then
-- intake_after: intake from then on
-- provider_before: lead provider until then
-- provider_after: lead provider from then on
WITH steps AS (
    SELECT enrolment_no, 0 AS place, NULL AS moved_at, partner, intake, provider
    FROM stg_enrolled
    UNION ALL
    SELECT enrolment_no, place, moved_at, partner, intake, provider
    FROM stg_transfer
),
after AS (
    SELECT
        enrolment_no, place, moved_at,
        last_value(partner IGNORE NULLS) OVER so_far AS partner,
        last_value(intake IGNORE NULLS) OVER so_far AS intake,
        last_value(provider IGNORE NULLS) OVER so_far AS provider
    FROM steps
    SEMI JOIN stg_transfer USING (enrolment_no)
    WINDOW so_far AS (PARTITION BY enrolment_no ORDER BY place ROWS UNBOUNDED PRECEDING)
),
moves AS (
    SELECT
        enrolment_no, place, moved_at,
        lag(partner) OVER in_order AS partner_before, partner AS partner_after,
        lag(intake) OVER in_order AS intake_before, intake AS intake_after,
        lag(provider) OVER in_order AS provider_before, provider AS provider_after
    FROM after
    WINDOW in_order AS (PARTITION BY enrolment_no ORDER BY place)
)
SELECT
    enrolment_no, uk_day(moved_at) AS moved_on, partner_before, partner_after, intake_before, intake_after,
    provider_before, provider_after
FROM moves
WHERE place > 0
    AND (partner_before, intake_before, provider_before) <> (partner_after, intake_after, provider_after)
