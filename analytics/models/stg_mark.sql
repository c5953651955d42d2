-- What was said of the components of enrolments, each word once as often as it stands in the lake.
--
-- enrolment_no: enrolment
-- component: component
-- word: completed, attended, caught-up, submitted, banked, absent or reopened
-- happened_at: when it happened (UTC)
-- recorded_at: when it became known (UTC)
SELECT
    enrolled.enrolment_no,
    said.component::component_code AS component,
    CASE said.type
        WHEN 'learning.component-completed.v1' THEN 'completed'
        WHEN 'learning.attendance-recorded.v1' THEN said.attendance
        WHEN 'learning.component-reopened.v1' THEN 'reopened'
        ELSE if(said.banked, 'banked', 'submitted')
    END::component_word AS word,
    said.happened_at,
    said.recorded_at
FROM stg_fact AS said
JOIN stg_enrolled AS enrolled USING (enrolment)
WHERE said.type IN (
    'learning.component-completed.v1', 'learning.attendance-recorded.v1',
    'learning.component-reopened.v1', 'learning.assessment-submitted.v1'
)
