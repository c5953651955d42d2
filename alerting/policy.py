"""The figures of alerting in one place, each with its reason."""

from datetime import timedelta
from typing import Final

from msgspec import Struct


class AlertPolicy(Struct, frozen=True, kw_only=True):
    """How long alerting waits, and for what."""

    reminder_days: int = 3
    """Working days until a contact is reminded of what nobody took care of: anybody is away for a day or two."""
    escalation_days: int = 3
    """Working days after that until the next contact is told: a week and a half from the first message, so that there
    is time left in the month that a flag gives before a participant is lost (see `how-good-are-the-flags`)."""
    flap_window: timedelta = timedelta(days=7)
    """A flag that is raised again within this time is the same alert: one good evening of study clears it, and the
    next weekly module not done brings it back."""
    lapse: timedelta = timedelta(days=14)
    """What was decided longer ago when it is read is told to nobody: it is an import of the past, not news."""
    chat_from: int = 7
    """From this hour (UK time), on working days, chat rooms are told; phones ring for them."""
    chat_until: int = 19

    def __post_init__(self) -> None:
        """Refuse what would send two steps on one day."""
        if self.reminder_days < 1 or self.escalation_days < 1:
            raise ValueError("reminders and escalations need at least one working day each")


DEFAULT_POLICY: Final = AlertPolicy()
