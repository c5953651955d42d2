"""Facts on the log: which topic, which key, which identity, and how a day starts."""

from datetime import date, datetime

from eventlog.base import EventLog, Record
from learning.events import Fact, encode, fact
from learning.facts import DayStarted
from learning.plan import start_of

FACTS_TOPIC = "learning-events"
"""Every fact, keyed by participant, kept for ever."""

DEFAULT_PARTITIONS = 12

DAY_CLOCK = "/engagement/day-clock"
"""The source of `day started` facts."""

CALENDAR = "calendar"
"""The subject of facts that are about no enrolment."""

_IDENTITY_SEPARATOR = "\n"


def fact_identity(fact: Fact) -> str:
    """What makes a record of the topic of facts the only one of its kind."""
    return _IDENTITY_SEPARATOR.join(fact.identity)


def record_of(fact: Fact, partition: int | None = None) -> Record:
    """The record that puts a fact on the log, keyed by participant, once per (source, id)."""
    return Record(
        key=fact.partitionkey.encode(),
        value=encode(fact),
        identity=fact_identity(fact),
        partition=partition,
    )


def start_day(log: EventLog, day: date, now: datetime) -> None:
    """Put `day started` on every partition; a day that was started before stays as it is.

    Partition 0 comes last, once the others are acknowledged: where it has the day, all have it.
    """
    partitions = len(log.end_offsets(FACTS_TOPIC))
    for some in (range(1, partitions), range(1)):
        log.append(FACTS_TOPIC, [_day_record(day, partition, now) for partition in some])


def _day_record(day: date, partition: int, now: datetime) -> Record:
    started = fact(
        DayStarted(day=day),
        id=f"{day.isoformat()}/{partition}",
        source=DAY_CLOCK,
        subject=CALENDAR,
        time=start_of(day),
        recordedtime=now,
        partitionkey=CALENDAR,
    )
    return record_of(started, partition)
