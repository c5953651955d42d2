-- Plans: each programme and intake that somebody is or was enrolled on, as far as the catalogue knows both.
--
-- programme: programme
-- intake: intake
-- starts_on: first day
-- weeks: number of study weeks
-- deadline: last day on which reaching the gate counts
SELECT programme, intake, starts_on, weeks, deadline
FROM input.plan
