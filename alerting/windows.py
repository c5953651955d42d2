"""When somebody may be told: by their quiet hours, the hour and weekday of their digest, working days and terms.

Hours are those on a clock in the United Kingdom, so a digest at 8 comes at 8 in summer and in winter.
"""

from datetime import date, datetime, time, timedelta
from typing import Final

from alerting.policy import AlertPolicy
from alerting.working_days import is_term_day, is_working_day
from learning.calendar import UK, StudyCalendar
from registry.contacts import Contact

_DAY: Final = timedelta(days=1)


def is_quiet(hour: int, quiet_from: int, quiet_until: int) -> bool:
    """Whether an hour lies between two others, perhaps over midnight; between the same hour twice lies nothing."""
    if quiet_from <= quiet_until:
        return quiet_from <= hour < quiet_until
    return hour >= quiet_from or hour < quiet_until


def may_tell_at_once(contact: Contact, now: datetime) -> bool:
    """Whether what is urgent may be sent: on working days outside the contact's quiet hours.

    Those of school holidays are among them: partners work then, and deadlines do not wait.
    """
    local = now.astimezone(UK)
    return is_working_day(local.date()) and not _rests(contact, local.hour)


def may_chat(policy: AlertPolicy, now: datetime) -> bool:
    """Whether a chat room may be told: on working days in the day."""
    local = now.astimezone(UK)
    return is_working_day(local.date()) and policy.chat_from <= local.hour < policy.chat_until


def may_remind(contact: Contact, now: datetime, terms: StudyCalendar) -> bool:
    """Whether what is not urgent may be sent: from the contact's hour on, on working days in term."""
    local = now.astimezone(UK)
    in_time = digest_hour(contact) <= local.hour and not _rests(contact, local.hour)
    return in_time and is_term_day(local.date(), terms)


def digest_window(contact: Contact, planned: date | None, now: datetime, terms: StudyCalendar) -> date | None:
    """The day whose digest is to be planned now; None: none is.

    A digest that was missed comes later on the same day or on the next day in term, once, and a daily one that was
    missed is part of the next.

    Args:
        contact: Whose digest.
        planned: The latest day for which it was planned before.
        now: The moment.
        terms: When term is.
    """
    if not may_remind(contact, now, terms):
        return None
    day = _latest_window(contact, now.astimezone(UK).date(), terms)
    if planned is not None and planned >= day:
        return None
    begins = datetime.combine(day, time(digest_hour(contact)), tzinfo=UK)
    return day if contact.created_at <= begins else None


def digest_hour(contact: Contact) -> int:
    """The hour of a digest; if it lies in the quiet hours, their end."""
    return contact.quiet_until if _rests(contact, contact.hour) else contact.hour


def _latest_window(contact: Contact, today: date, terms: StudyCalendar) -> date:
    """The day whose digest comes today or was to come before; today is a day in term."""
    if contact.digest == "daily":
        return today
    day = today - timedelta(days=(today.weekday() - contact.weekday) % 7)
    while not is_term_day(day, terms):
        day += _DAY
    return day


def _rests(contact: Contact, hour: int) -> bool:
    return is_quiet(hour, contact.quiet_from, contact.quiet_until)
