-- Study weeks of each plan; week 0 is the start.
--
-- programme: programme
-- intake: intake
-- week: number of study weeks that are over; 0 at the start
-- ends_on: last day of the study week; for week 0 the day before the start
-- ended_at: instant at which the day after it begins in the UK (UTC)
-- expected: completion that the plan has due by then (0 to 1)
SELECT programme, intake, week, ends_on, ended_at, expected
FROM input.week
SEMI JOIN dim_plan USING (programme, intake)
