-- How far each enrolment got whose programme and intake the catalogue knows.
--
-- enrolment_no: enrolment
-- points: points of the components that are done
-- points_total: points of everything that counts
-- completion: points as a ratio of the total (0 to 1)
-- gate_reached: whether the completion gate is reached
-- gate_reached_on: day (UK) since which it is, by what is done now; NULL: it is not
-- components_done: components that count and are done
-- last_active_at: when the person was last at work (UTC); NULL: never seen
WITH worked AS (
    SELECT enrolment_no, max(last_worked_at) AS last_at
    FROM fact_component
    GROUP BY enrolment_no
),
visited AS (
    SELECT enrolment, max(happened_at) AS last_at
    FROM stg_fact
    WHERE type = 'learning.activity-seen.v1'
    GROUP BY enrolment
)
SELECT
    completion.enrolment_no,
    points,
    points_total,
    points / points_total AS completion,
    gate_reached_at IS NOT NULL AS gate_reached,
    uk_day(gate_reached_at) AS gate_reached_on,
    components_done,
    greatest(worked.last_at, visited.last_at) AS last_active_at
FROM stg_completion AS completion
JOIN stg_enrolled AS enrolled USING (enrolment_no)
LEFT JOIN worked USING (enrolment_no)
LEFT JOIN visited USING (enrolment)
