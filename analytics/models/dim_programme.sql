-- Programmes that the catalogue files define.
--
-- programme: catalogue file and code, such as ambition-2024/npqsl
-- title: name for people
-- points_total: points of everything that counts towards completion
-- gate_points: points with which the gate is reached; NULL where each group of kinds must reach it too
-- threshold: completion that is the gate (0 to 1)
-- assessed: whether it ends with an assessment that is passed or failed
-- attempts: attempts at the assessment; NULL where nothing is assessed
-- months: calendar months from the intake's first day to the deadline
SELECT programme, title, points_total, gate_points, threshold, assessed, attempts, months
FROM input.programme
