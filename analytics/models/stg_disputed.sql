-- Enrolments and components of which something else was said than that the person was at work on them.
--
-- enrolment_no: enrolment
-- component: component
-- last_undone: place of the last word that it is not done among all words on it; NULL: none says so
SELECT enrolment_no, component, max(said_at(happened_at, recorded_at, word)) FILTER (word <> 'banked') AS last_undone
FROM stg_mark
WHERE word IN ('absent', 'banked', 'reopened')
GROUP BY enrolment_no, component
