-- Plans: each programme and intake that somebody is or was enrolled on, as far as the catalogue knows both.
--
-- programme: programme
-- intake: intake
-- starts_on: first day
-- weeks: number of study weeks
-- deadline: last day on which reaching the gate counts
WITH used AS (
    SELECT programme, intake
    FROM stg_enrolled
    UNION
    SELECT enrolled.programme, moved.intake
    FROM stg_transfer AS moved
    JOIN stg_enrolled AS enrolled USING (enrolment_no)
)
SELECT programme, intake, starts_on, weeks, deadline
FROM input.plan
SEMI JOIN used USING (programme, intake)
