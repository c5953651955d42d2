"""Publishing: durable and in order, once each, conflicts set aside, few reads, and honest when it breaks off."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from eventlog.base import EventLog, LogAwayError, LogError, Receipt, Record, Stored
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import parked
from learning.events import Fact, fact
from learning.facts import ComponentCompleted
from producers.publisher import Published, publish, telling

OnLog = Callable[[EventLog], list[Fact]]
LEARNT = datetime(2025, 11, 2, tzinfo=UTC)


def a_fact(number: int, component: str = "module-1", learnt: datetime = LEARNT) -> Fact:
    """A fact like any other."""
    return fact(
        ComponentCompleted(component=component),
        id=f"fact-{number:05}",
        source="/lms",
        subject=f"enrolment-{number % 7}",
        time=datetime(2025, 11, 1, 12, tzinfo=UTC),
        recordedtime=learnt,
        partitionkey=f"participant-{number % 7}",
    )


class Watched:
    """A log that counts how often it is read, and goes away after some appends."""

    def __init__(self, log: EmbeddedLog, appends: int = 100) -> None:
        self._log = log
        self._appends = appends
        self.reads = 0

    def append(self, topic: str, records: Iterable[Record]) -> Sequence[Receipt]:
        """Append, until it is enough."""
        if self._appends == 0:
            raise LogAwayError("Kafka could not be reached.")
        self._appends -= 1
        return self._log.append(topic, records)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Stored]:
        """Read, but no more than a hundred records at once."""
        self.reads += 1
        return self._log.read(topic, partition, offset, min(limit, 100))


def test_new_facts_are_on_the_log(log: EmbeddedLog, now: datetime, on_log: OnLog) -> None:
    """Each fact is appended and counted, more than fit into one append too."""
    facts = [a_fact(number) for number in range(4_500)]

    assert publish(log, iter(facts), now=now) == Published(appended=4_500)

    assert sorted(on_log(log), key=lambda each: each.id) == facts


def test_facts_sent_again_add_nothing(log: EmbeddedLog, now: datetime, on_log: OnLog) -> None:
    """A fact that is there is a duplicate, also when it became known again later; the first stays as it is."""
    publish(log, [a_fact(1), a_fact(2)], now=now)

    again = publish(log, [a_fact(2, learnt=LEARNT + timedelta(days=1)), a_fact(3), a_fact(3)], now=now)

    assert again == Published(appended=1, duplicates=2)
    assert {each.recordedtime for each in on_log(log)} == {LEARNT}


def test_another_fact_under_the_same_id_is_set_aside(log: EmbeddedLog, now: datetime, on_log: OnLog) -> None:
    """The fact that is there stays; the other waits as a reject that names where the first stands."""
    publish(log, [a_fact(1)], now=now)

    assert publish(log, [a_fact(1, "module-2"), a_fact(2)], now=now) == Published(appended=1, conflicts=1)

    [reject] = parked(log).values()
    assert reject.reason.startswith("the id fact-00001 of source /lms already stands for another fact at learning-")
    assert sorted(on_log(log), key=lambda each: each.id) == [a_fact(1), a_fact(2)]


def test_facts_that_are_there_are_compared_in_few_reads(log: EmbeddedLog, now: datetime) -> None:
    """Sending a file again reads the log in stretches, not once a fact, also where new facts come in between."""
    publish(log, [a_fact(number) for number in range(0, 2_000, 2)], now=now)
    watched = Watched(log)

    published = publish(watched, [a_fact(number) for number in range(2_000)], now=now)  # type: ignore[arg-type]  # only what publishing uses

    assert published == Published(appended=1_000, duplicates=1_000)
    assert watched.reads <= 20


def test_an_error_says_how_much_is_on_the_log(log: EmbeddedLog, now: datetime) -> None:
    """When the log goes away in the middle, the error counts what was acknowledged; sent again, the rest follows."""
    facts = [a_fact(number) for number in range(5_000)]

    with pytest.raises(LogAwayError, match=r"could not be reached\. Before that, 4,000 facts were acknowledged"):
        publish(Watched(log, appends=2), facts, now=now)  # type: ignore[arg-type]  # only what publishing uses

    assert sum(log.end_offsets(FACTS_TOPIC).values()) == 4_000
    assert publish(log, facts, now=now) == Published(appended=1_000, duplicates=4_000)


def test_an_error_before_the_first_fact_counts_nothing(log: EmbeddedLog, now: datetime) -> None:
    """Where nothing was acknowledged, the error is the log's own."""
    with pytest.raises(LogAwayError, match=r"^Kafka could not be reached\.$"):
        publish(Watched(log, appends=0), [a_fact(1)], now=now)  # type: ignore[arg-type]  # only what publishing uses


def test_an_error_is_counted_once() -> None:
    """Whoever publishes in steps and counts over all of them says the sum, once."""
    told = r"^Gone\. Before that, 7 facts were acknowledged and are on the log\.$"
    with pytest.raises(LogError, match=told), telling(lambda: 7), telling(lambda: 0):
        raise LogError("Gone.")
