-- When members of staff said that they had seen a flag and took care of it.
--
-- enrolment_no: enrolment
-- acknowledged_at: when (UTC)
-- by_staff: member of staff
SELECT DISTINCT enrolled.enrolment_no, said.happened_at AS acknowledged_at, said.by_staff
FROM stg_fact AS said
JOIN stg_enrolled AS enrolled USING (enrolment)
WHERE said.type = 'learning.flag-acknowledged.v1'
