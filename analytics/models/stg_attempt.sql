-- Assessment attempts anything was said of, by the latest word on each matter.
--
-- enrolment_no: enrolment
-- attempt: number of the attempt
-- closes_on: last day on which work can be handed in; NULL: not entered for it
-- submitted_at: when work was last handed in (UTC); NULL: never
-- marked_at: when it was marked (UTC); NULL: never
-- marked_known_at: when the mark became known (UTC); NULL: never
-- outcome: passed or failed; NULL: not marked
-- excused: whether extenuating circumstances were granted
SELECT
    enrolled.enrolment_no,
    said.attempt,
    max_by(said.closes, (said.happened_at, said.recorded_at, said.opens, said.closes))
        FILTER (said.type = 'learning.assessment-entered.v1') AS closes_on,
    max(said.happened_at) FILTER (said.type = 'learning.assessment-submitted.v1') AS submitted_at,
    max(said.happened_at) FILTER (said.type = 'learning.assessment-marked.v1') AS marked_at,
    max((said.happened_at, said.recorded_at, said.outcome)) FILTER (said.type = 'learning.assessment-marked.v1')[2]
        AS marked_known_at,
    max_by(said.outcome, (said.happened_at, said.recorded_at, said.outcome))
        FILTER (said.type = 'learning.assessment-marked.v1') AS outcome,
    bool_or(said.type = 'learning.extenuating-circumstances-granted.v1') AS excused
FROM stg_fact AS said
JOIN stg_enrolled AS enrolled USING (enrolment)
WHERE said.type IN (
    'learning.assessment-entered.v1', 'learning.assessment-submitted.v1', 'learning.assessment-marked.v1',
    'learning.extenuating-circumstances-granted.v1'
)
GROUP BY enrolled.enrolment_no, said.attempt
