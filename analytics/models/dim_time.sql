-- The days that everything in this connection is measured as of; one row.
--
-- as_of: day as which begins everything is measured: the one asked for, else the latest that started on the log, else the day after the last fact
-- known_at: day before which a fact must have been recorded to count; NULL: whenever it was recorded
SELECT
    coalesce(
        asked_as_of(),
        (SELECT max(day) FROM stg_fact WHERE type = 'learning.day-started.v1'),
        (SELECT uk_day(max(happened_at)) + 1 FROM stg_fact),
        asked_known_at(),
        DATE '2000-01-01'
    ) AS as_of,
    asked_known_at() AS known_at
