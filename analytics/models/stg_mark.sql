-- What was said of the components of enrolments, each word once as often as it stands in the lake.
--
-- enrolment_no: enrolment
-- component: component
-- word: completed, attended, caught-up, submitted, banked, absent or reopened
-- happened_at: when it happened (UTC)
-- recorded_at: when it became known (UTC)
WITH said AS (
    SELECT
        enrolment,
        component::component_code AS component,
        CASE type
            WHEN 'learning.component-completed.v1' THEN 'completed'::component_word
            WHEN 'learning.attendance-recorded.v1' THEN attendance::component_word
            WHEN 'learning.component-reopened.v1' THEN 'reopened'::component_word
            WHEN 'learning.assessment-submitted.v1'
                THEN if(banked, 'banked'::component_word, 'submitted'::component_word)
        END AS word,
        happened_at,
        recorded_at
    FROM stg_fact
    WHERE component IS NOT NULL  -- a quicker test than those four types, which alone have one
)
SELECT enrolled.enrolment_no, said.component, said.word, said.happened_at, said.recorded_at
FROM said
JOIN stg_enrolled AS enrolled USING (enrolment)
