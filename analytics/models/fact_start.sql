-- Enrolments whose participant began to study: did something of the programme, not carried over from before.
--
-- enrolment_no: enrolment
-- started_on: day in the UK on which the first component that is done now was first done
SELECT enrolment_no, uk_day(min(doing.first_done_at)) AS started_on
FROM fact_component AS doing
JOIN dim_enrolment AS enrolment USING (enrolment_no)
JOIN dim_component AS known ON known.programme = enrolment.programme AND known.component = doing.component
WHERE doing.done AND doing.last_word <> 'banked'
GROUP BY enrolment_no
