-- Register lines: enrolment, component and session; a corrected line is the same session.
--
-- enrolment_no: enrolment
-- component: component that the session belongs to
-- kind: its kind, such as clinic; NULL where the programme has no such component
-- held_at: when the session took place, or was caught up on (UTC)
-- held_on: the day of that in the UK
-- attendance: attended, absent or caught-up, by the latest word
-- recorded_at: when the first word was recorded (UTC)
WITH lines AS (
    SELECT
        enrolment_no, component, happened_at AS held_at,
        max_by(word, said_at(happened_at, recorded_at, word)) AS attendance,
        min(recorded_at) AS recorded_at
    FROM stg_mark
    WHERE word IN ('attended', 'absent', 'caught-up')
    GROUP BY ALL
)
SELECT
    lines.enrolment_no, lines.component, known.kind, lines.held_at, uk_day(lines.held_at) AS held_on, lines.attendance,
    lines.recorded_at
FROM lines
JOIN stg_enrolment AS enrolment USING (enrolment_no)
LEFT JOIN dim_component AS known
    ON known.programme = enrolment.programme AND known.component = lines.component
