-- Decisions about risk that the pipeline made, as far as the projections were at hand; else empty.
--
-- enrolment: id of the enrolment
-- day: day as which began it was decided
-- level: on-track, watch, at-risk or critical
-- previous_level: level before
-- change: raised, changed or cleared; NULL: there was no flag before or after, or nothing about it changed
SELECT enrolment, day, level, previous_level, change
FROM input.decision
WHERE (asked_as_of() IS NULL OR day <= asked_as_of()) AND (asked_known_at() IS NULL OR day <= asked_known_at())
