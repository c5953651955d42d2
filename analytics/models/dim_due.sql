-- When each component of a plan is due.
--
-- programme: programme
-- intake: intake
-- component: component
-- due_on: day by whose end it is due
-- week: study week in which that day lies; the last one for a day after it
SELECT programme, intake, component, due_on, week
FROM input.due
SEMI JOIN dim_plan USING (programme, intake)
