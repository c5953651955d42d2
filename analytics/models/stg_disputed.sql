-- Enrolments and components of which something else was said than that the person was at work on them.
--
-- enrolment_no: enrolment
-- component: component
SELECT DISTINCT enrolment_no, component
FROM stg_mark
WHERE word IN ('absent', 'banked', 'reopened')
