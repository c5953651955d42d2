-- Stretches of the status of each enrolment, one after the other without a gap, from the day it was enrolled.
--
-- enrolment_no: enrolment
-- status: active, deferred or withdrawn; that somebody completed is in dim_enrolment
-- from_on: first day (UK); a withdrawal begins on the day it is effective, and ends what was said to hold then
-- until_on: first day of the next stretch; NULL: it lasts
-- reason: DfE's reason of the deferral or withdrawal; NULL while active
WITH turns AS (
    SELECT enrolment_no, 0 AS place, 'active' AS status, enrolled_on AS from_on, NULL AS reason
    FROM stg_enrolled
    UNION ALL
    SELECT turn.enrolment_no, turn.place, turn.status, greatest(turn.from_on, enrolled.enrolled_on), turn.reason
    FROM stg_turn AS turn
    JOIN stg_enrolled AS enrolled USING (enrolment_no)
),
-- a turn is superseded by any later one that holds from the same day or an earlier one
holding AS (
    SELECT *
    FROM turns
    QUALIFY coalesce(
        from_on < min(from_on) OVER (
            PARTITION BY enrolment_no ORDER BY place ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ),
        TRUE
    )
),
changes AS (
    SELECT *
    FROM holding
    QUALIFY (status, reason) IS DISTINCT FROM lag((status, reason)) OVER (PARTITION BY enrolment_no ORDER BY place)
)
SELECT
    enrolment_no,
    status,
    from_on,
    lead(from_on) OVER (PARTITION BY enrolment_no ORDER BY place) AS until_on,
    reason
FROM changes
