-- Enrolments and components that the person was said more than once to be at work on, and nothing else was said of.
--
-- enrolment_no: enrolment
-- component: component
WITH undisputed AS NOT MATERIALIZED (
    SELECT enrolment_no, component
    FROM stg_mark
    ANTI JOIN stg_disputed USING (enrolment_no, component)
),
-- few have any, and counting by enrolment is much quicker than by component
suspects AS (
    SELECT enrolment_no
    FROM undisputed
    GROUP BY enrolment_no
    HAVING count(*) > bit_count(bitstring_agg(enum_code(component)::INTEGER, 0, last_component_code()))
)
SELECT enrolment_no, component
FROM undisputed
SEMI JOIN suspects USING (enrolment_no)
GROUP BY enrolment_no, component
HAVING count(*) > 1
