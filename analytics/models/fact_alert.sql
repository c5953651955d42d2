-- Messages that told a delivery partner of a flag, by alert; those about recommended withdrawals are left out.
--
-- enrolment_no: enrolment
-- alert: alert, the same for all messages about one flag
-- sent_at: when the receiver's server accepted the message (UTC)
-- step: first, reminder, escalation or resolved
-- channel: email, webhook or chat
-- sent_to: contact or endpoint
-- notice: message, which may tell of many alerts
SELECT DISTINCT
    enrolled.enrolment_no, said.alert, said.happened_at AS sent_at, said.step, said.channel, said.sent_to, said.notice
FROM stg_fact AS said
JOIN stg_enrolled AS enrolled USING (enrolment)
WHERE said.type = 'learning.alert-sent.v1' AND said.alert IS NOT NULL  -- lets row groups without any be left out
    AND NOT starts_with(said.alert, said.enrolment || '/withdrawal/')  -- as the alerts about them are named
