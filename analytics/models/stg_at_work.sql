-- Moments at which participants were at work: visits, and components worked on.
--
-- enrolment_no: enrolment
-- happened_at: when (UTC)
SELECT enrolled.enrolment_no, visit.happened_at
FROM stg_fact AS visit
JOIN stg_enrolled AS enrolled USING (enrolment)
WHERE visit.type = 'learning.activity-seen.v1'
UNION ALL
SELECT enrolment_no, happened_at
FROM stg_mark
ANTI JOIN stg_disputed USING (enrolment_no, component)
UNION ALL
-- of two records of one moment the later one is believed
SELECT enrolment_no, happened_at
FROM stg_mark
SEMI JOIN stg_disputed USING (enrolment_no, component)
GROUP BY enrolment_no, component, happened_at
HAVING max_by(word, said_at(happened_at, recorded_at, word)) NOT IN ('absent', 'banked', 'reopened')
