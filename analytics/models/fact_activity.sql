-- Enrolments and days (UK) on which the person was at work: a visit, or a component worked on.
--
-- enrolment_no: enrolment
-- active_on: day in the UK
-- last_at: the last moment of the day at which they were seen at work (UTC)
SELECT enrolment_no, uk_day(happened_at) AS active_on, max(happened_at) AS last_at
FROM stg_at_work
GROUP BY ALL
