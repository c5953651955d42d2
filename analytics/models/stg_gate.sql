-- Enrolments that have reached the gate, by what is done now.
--
-- enrolment_no: enrolment
-- reached_at: when the last of its parts was reached (UTC)
WITH latest AS (
    SELECT
        points.enrolment_no, points.gate, gate.gates,
        points.points - gate.needed AS spare,
        unnest(points.latest_at) AS done_since,
        unnest(points.latest_points) AS points
    FROM stg_points AS points
    JOIN stg_enrolment AS enrolment USING (enrolment_no)
    JOIN input.gate AS gate ON gate.programme_no = enrolment.programme_no AND gate.gate = points.gate
    WHERE points.points >= gate.needed
),
since_then AS (
    SELECT *, sum(points) OVER (PARTITION BY enrolment_no, gate ORDER BY done_since DESC) AS points_since
    FROM latest
),
parts AS (
    -- the last moment without which, and what was done after it, there would be too little
    SELECT enrolment_no, gate, gates, max(done_since) AS reached_at
    FROM since_then
    WHERE points_since > spare
    GROUP BY enrolment_no, gate, gates
)
SELECT enrolment_no, max(reached_at) AS reached_at
FROM parts
GROUP BY enrolment_no
HAVING count(*) = max(gates)
