-- What enrolments have done of each part of the gate; a part of which nothing is done has no row.
--
-- enrolment_no: enrolment
-- gate: number of the part: 0 for everything that counts, then one for each group that must reach the gate too
-- points: points of the components of the part that are done
-- components: how many they are
-- last_done_at: when the last of them was done (UTC)
-- latest_at: when those done last were done (UTC), from the last one back: one more than may be missing at the gate
-- latest_points: points of each of these
SELECT
    done.enrolment_no,
    part.gate,
    sum(part.points)::INTEGER AS points,
    count(*)::INTEGER AS components,
    max(done.done_since) AS last_done_at,
    max(done.done_since, part.dispensable + 1) AS latest_at,
    max_by(part.points, done.done_since, part.dispensable + 1) AS latest_points
FROM fact_component AS done
JOIN stg_enrolment AS enrolment USING (enrolment_no)
JOIN input.gate_component AS part
    ON part.programme_no = enrolment.programme_no AND part.component = done.component
WHERE done.done
GROUP BY done.enrolment_no, part.gate
