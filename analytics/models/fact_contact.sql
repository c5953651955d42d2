-- Contacts that members of staff made, or tried to make, with participants.
--
-- enrolment_no: enrolment
-- contacted_at: when (UTC)
-- channel: how, such as phone
-- outcome: reached, message-left or no-answer
-- by_staff: member of staff
SELECT DISTINCT enrolled.enrolment_no, said.happened_at AS contacted_at, said.channel, said.outcome, said.by_staff
FROM stg_fact AS said
JOIN stg_enrolled AS enrolled USING (enrolment)
WHERE said.type = 'learning.contact-made.v1'
