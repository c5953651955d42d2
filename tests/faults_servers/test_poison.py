"""Law 8 on Kafka: what nobody can read is parked once with its reason, and holds up neither workers nor facts."""

from collections.abc import Iterator, Sequence
from random import Random

from confluent_kafka import Producer

from eventlog.base import Record
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC, record_of
from eventlog.kafka import KafkaLog
from eventlog.rejects import parked
from learning.events import Fact
from stream_processors.settings import WorkerSettings
from tests.faults_kit import FULL, garbage, report
from tests.servers_kit import load
from tests.trial_kit import Trial

FACTS = 20_000 if FULL else 2_000
IN_A_ROW = 500


def test_poison_repeats_and_disorder(shared_servers: WorkerSettings) -> None:
    """1 in 20 unreadable, 500 in a row, facts 1 to 3 times in any order: each is parked once, each fact counts once."""
    random = Random(71)
    facts = load(shared_servers, FACTS, seed=71)
    mixture = list(_mixture(facts, random))
    with Trial(shared_servers, facts) as trial:
        trial.under_load(100, random)
        with KafkaLog(shared_servers.kafka_cluster(), unchecked=frozenset({FACTS_TOPIC})) as careless:
            for first in range(0, len(mixture), 1_000):
                careless.append(FACTS_TOPIC, mixture[first : first + 1_000])
            careless.append(FACTS_TOPIC, garbage(range(100_000, 100_000 + IN_A_ROW), partition=3))
        strangers = _strangers(shared_servers)
        trial.recovers()
        trial.assert_nothing_lost_and_nothing_twice(repeats=True)
        assert trial.fleet.ended == []
        rejects = parked(trial.log).values()
    bad = [record.value for record in mixture if record.identity is None]
    assert len(rejects) == len(bad) + IN_A_ROW + strangers
    assert all(each.reason.startswith("not a fact: ") for each in rejects)
    assert set(bad) <= {each.original for each in rejects}
    report(
        f"{len(rejects)} unreadable messages were parked, {len(mixture) - len(bad) - len(facts)} repeats had no effect"
    )


def _mixture(facts: Sequence[Fact], random: Random) -> Iterator[Record]:
    sent = [fact for fact in facts for _ in range(random.randint(1, 3))]
    random.shuffle(sent)
    bad = iter(garbage(range(len(sent))))
    for number, fact in enumerate(sent):
        yield record_of(fact)
        if number % 20 == 0:
            yield next(bad)


def _strangers(settings: WorkerSettings) -> int:
    """What other programs may put on the topic: no value, no key, neither, headers like ours; answer how many."""
    producer = Producer({"bootstrap.servers": settings.kafka_cluster().address, "log_level": 0})
    messages = [(None, None), (b"key", None), (None, b"no key"), (b"", b"")]
    headers = [{}, {"identity": None}, {"identity": b"\xff\xfe"}, {"identity": b""}]
    for partition in range(DEFAULT_PARTITIONS):
        for (key, value), header in zip(messages, headers, strict=True):
            producer.produce(settings.kafka_cluster().named(FACTS_TOPIC), value, key, partition, headers=header)
    assert producer.flush(60) == 0
    return DEFAULT_PARTITIONS * len(messages)
