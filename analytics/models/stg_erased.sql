-- Enrolments of whose participants personal data were erased, whenever that was: they are counted and not shown.
--
-- enrolment: id of the enrolment
SELECT DISTINCT enrolment
FROM input.fact
WHERE type = 'learning.participant-erased.v1' AND by_staff IS NOT NULL  -- lets row groups without any be left out
