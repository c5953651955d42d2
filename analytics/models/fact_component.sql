-- Enrolments and components anything was said of.
--
-- enrolment_no: enrolment
-- component: component, of the programme or not
-- done: whether it is done, by the last word on it
-- done_since: when the first of the words happened that say so since the last one that said otherwise; NULL: not done
-- first_done_at: when the earliest word that it is done happened, whatever was said later; NULL: none says so
-- last_worked_at: when the person was last at work on it (UTC); NULL: never seen
-- last_word: completed, attended, caught-up, submitted, banked, absent or reopened
WITH unsettled AS (
    SELECT enrolment_no, component, last_undone
    FROM stg_disputed
    UNION ALL
    SELECT enrolment_no, component, NULL
    FROM stg_repeated
),
placed AS (
    SELECT *, said_at(happened_at, recorded_at, word) AS place
    FROM stg_mark
    JOIN unsettled USING (enrolment_no, component)
),
-- of two records of one moment the later one is believed
moments AS (
    SELECT
        enrolment_no, component, happened_at, last_undone,
        max_by(word, place) AS word,
        max(place) FILTER (word NOT IN ('absent', 'reopened')) AS last_done
    FROM placed
    GROUP BY enrolment_no, component, happened_at, last_undone
),
settled AS (
    SELECT
        enrolment_no, component,
        min(happened_at) FILTER (last_undone IS NULL OR last_done > last_undone) AS done_since,
        min(happened_at) FILTER (last_done IS NOT NULL) AS first_done_at,
        max(happened_at) FILTER (word NOT IN ('absent', 'banked', 'reopened')) AS last_worked_at,
        max_by(word, happened_at) AS last_word
    FROM moments
    GROUP BY enrolment_no, component
)
-- of most components a single word says all; so it comes as it stands, in the order of the lake, which is near to that
-- of enrolments: what is counted by enrolment from here on is counted the faster
SELECT
    enrolment_no, component, TRUE AS done, happened_at AS done_since, happened_at AS first_done_at,
    happened_at AS last_worked_at, word AS last_word
FROM stg_mark
ANTI JOIN unsettled USING (enrolment_no, component)
UNION ALL
SELECT
    enrolment_no, component, last_word NOT IN ('absent', 'reopened') AS done, done_since, first_done_at,
    last_worked_at, last_word
FROM settled
