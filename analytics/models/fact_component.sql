-- Enrolments and components anything was said of.
--
-- enrolment_no: enrolment
-- component: component, of the programme or not
-- done: whether it is done, by the last word on it
-- done_since: when the first of the words happened that say so since the last one that said otherwise; NULL: not done
-- first_done_at: when the earliest word that it is done happened, whatever was said later; NULL: none says so
-- last_word: completed, attended, caught-up, submitted, banked, absent or reopened
WITH undisputed AS (
    SELECT
        enrolment_no, component,
        min(happened_at) AS done_since,
        max_by(word, said_at(happened_at, recorded_at, word)) AS last_word
    FROM stg_mark
    ANTI JOIN stg_disputed USING (enrolment_no, component)
    GROUP BY enrolment_no, component
),
disputed AS (
    SELECT
        enrolment_no, component, word, happened_at,
        word NOT IN ('absent', 'reopened') AS says_done,
        said_at(happened_at, recorded_at, word) AS place,
        max(CASE WHEN word IN ('absent', 'reopened') THEN said_at(happened_at, recorded_at, word) END)
            OVER (PARTITION BY enrolment_no, component) AS last_undone
    FROM stg_mark
    SEMI JOIN stg_disputed USING (enrolment_no, component)
)
SELECT enrolment_no, component, TRUE AS done, done_since, done_since AS first_done_at, last_word
FROM undisputed
UNION ALL
SELECT
    enrolment_no, component,
    max_by(says_done, place) AS done,
    min(happened_at) FILTER (says_done AND (last_undone IS NULL OR place > last_undone)) AS done_since,
    min(happened_at) FILTER (says_done) AS first_done_at,
    max_by(word, place) AS last_word
FROM disputed
GROUP BY enrolment_no, component
