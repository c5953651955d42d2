-- What enrolments with a plan have done, with the instants that the status is worked out from.
--
-- enrolment_no: enrolment
-- points: points of the components that are done
-- points_total: points of everything that counts
-- components_done: components that count and are done
-- components_total: components that count
-- last_done_at: when the last of them was done (UTC); NULL: none is
-- gate_reached_at: when the gate was reached (UTC), by what is done now; NULL: it is not
SELECT
    enrolment.enrolment_no,
    coalesce(done.points, 0) AS points,
    programme.points_total,
    coalesce(done.components, 0) AS components_done,
    programme.components_total,
    done.last_done_at,
    gate.reached_at AS gate_reached_at
FROM stg_enrolment AS enrolment
JOIN dim_plan AS plan ON plan.programme = enrolment.programme AND plan.intake = enrolment.intake
JOIN input.programme AS programme ON programme.programme_no = enrolment.programme_no
LEFT JOIN stg_points AS done ON done.enrolment_no = enrolment.enrolment_no AND done.gate = 0
LEFT JOIN stg_gate AS gate ON gate.enrolment_no = enrolment.enrolment_no
