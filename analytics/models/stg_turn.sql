-- Turns in the status of enrolments, in their order: deferred, withdrawn (once effective), active again.
--
-- enrolment_no: enrolment
-- place: number of the turn among those of the enrolment, from 1
-- status: active, deferred or withdrawn
-- from_on: day (UK) from which it holds
-- reason: DfE's reason of the deferral or withdrawal
SELECT
    enrolment_no,
    row_number() OVER (PARTITION BY enrolment_no ORDER BY happened_at, recorded_at, type, words)::INTEGER AS place,
    status, from_on, reason
FROM (
    SELECT DISTINCT
        enrolled.enrolment_no, said.happened_at, said.recorded_at, said.type,
        CASE said.type
            WHEN 'learning.deferred.v1' THEN 'deferred'
            WHEN 'learning.withdrawn.v1' THEN 'withdrawn'
            ELSE 'active'
        END AS status,
        coalesce(said.effective, uk_day(said.happened_at)) AS from_on,
        said.reason,
        -- as the text of `data` on the log, whose order settles what happened and became known at one moment
        concat_ws(
            ',', '"reason":"' || said.reason || '"', '"expected_return":"' || said.expected_return || '"',
            '"granted_by":"' || said.granted_by || '"', '"effective":"' || said.effective || '"',
            '"signed_off_by":"' || said.signed_off_by || '"'
        ) || '}' AS words
    FROM stg_fact AS said
    JOIN stg_enrolled AS enrolled USING (enrolment)
    WHERE said.type IN ('learning.deferred.v1', 'learning.resumed.v1', 'learning.withdrawn.v1')
        AND (said.effective IS NULL OR said.effective <= (SELECT as_of FROM dim_time))
)
