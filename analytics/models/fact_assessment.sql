-- Assessment attempts for which work was handed in, or that were marked.
--
-- enrolment_no: enrolment
-- attempt: number of the attempt, from 1
-- submitted_on: day (UK) on which work was last handed in; NULL: none is known
-- marked_on: day (UK) of the mark that counts; NULL: not marked
-- outcome: passed or failed; NULL: not marked
SELECT enrolment_no, attempt, uk_day(submitted_at) AS submitted_on, uk_day(marked_at) AS marked_on, outcome
FROM stg_attempt
WHERE submitted_at IS NOT NULL OR marked_at IS NOT NULL
