-- Enrolments that have reached the gate, by what is done now.
--
-- enrolment_no: enrolment
-- reached_at: when the last of its parts was reached (UTC)
WITH reached AS (
    SELECT points.enrolment_no
    FROM stg_points AS points
    JOIN stg_enrolment AS enrolment USING (enrolment_no)
    JOIN input.gate AS gate ON gate.programme_no = enrolment.programme_no AND gate.gate = points.gate
    GROUP BY points.enrolment_no
    HAVING count(*) FILTER (points.points >= gate.needed) = max(gate.gates)
),
steps AS (
    SELECT
        done.enrolment_no, part.gate, part.needed, done.done_since,
        sum(part.points) OVER (PARTITION BY done.enrolment_no, part.gate ORDER BY done.done_since) AS points
    FROM fact_component AS done
    SEMI JOIN reached USING (enrolment_no)
    JOIN stg_enrolment AS enrolment USING (enrolment_no)
    JOIN input.gate_component AS part
        ON part.programme_no = enrolment.programme_no AND part.component = done.component
    WHERE done.done
),
parts AS (
    SELECT enrolment_no, gate, min(done_since) AS reached_at
    FROM steps
    WHERE points >= needed
    GROUP BY enrolment_no, gate
)
SELECT enrolment_no, max(reached_at) AS reached_at
FROM parts
GROUP BY enrolment_no
