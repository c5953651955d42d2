"""Which facts may come in from other systems: those that can have happened by now, no days and no alerts.

What a fact may say at all is checked as it is decoded. This is what only whoever takes it in can know: the time, that
days are started by the day clock of a worker alone, and that only the dispatcher knows which alerts it sent.
"""

from datetime import datetime, timedelta
from typing import Final

from learning.errors import EngagementError
from learning.events import Fact
from learning.facts import AlertSent, DayStarted

CLOCKS_APART: Final = timedelta(minutes=5)
"""By how much the clock of another system may be ahead of ours."""


class NotAdmittedError(EngagementError):
    """A fact that nobody outside can know."""


def check(fact: Fact, now: datetime) -> None:
    """Refuse a fact that lies in the future, that starts a day, or that says an alert was sent.

    Args:
        fact: As decoded, which has refused times before the year 2000.
        now: The time, with its zone.

    Raises:
        NotAdmittedError: Names the fact, and what to send instead.
    """
    if isinstance(fact.data, DayStarted):
        raise NotAdmittedError(f"fact {fact.id} starts a day, and only a worker's own clock does that; leave it out")
    if isinstance(fact.data, AlertSent):
        raise NotAdmittedError(f"fact {fact.id} says that an alert was sent, and only the dispatcher can; leave it out")
    for name, moment in (("time", fact.time), ("recordedtime", fact.recordedtime)):
        if moment > now + CLOCKS_APART:
            raise NotAdmittedError(
                f"{name} of fact {fact.id} is {moment.isoformat()}, which lies in the future: here it is "
                f"{now.isoformat(timespec='seconds')}; check the clock and the time zone of where it comes from"
            )
