"""The floor on Kafka: what the broker has, in batches, decoded and folded in a plain loop; no Faust and no store."""

import asyncio
import sys
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.measuring import answer
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC
from learning.events import decode
from learning.progress import State, fold

_FETCH_BYTES = 4 << 20
"""As the pipeline fetches."""


async def main(servers: str, prefix: str) -> None:
    """Fold the topic, keeping every state in memory; timed from the first batch at hand."""
    partitions = [TopicPartition(prefix + FACTS_TOPIC, number) for number in range(DEFAULT_PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers, auto_offset_reset="earliest", max_partition_fetch_bytes=_FETCH_BYTES
    )
    consumer.assign(partitions)
    await consumer.start()
    states: dict[str, State] = {}
    facts, began_at = 0, 0.0
    try:
        remaining = sum((await consumer.end_offsets(partitions)).values())
        while facts < remaining:
            fetched = await consumer.getmany(timeout_ms=1_000)
            began_at = began_at or monotonic()
            for records in fetched.values():
                for record in records:
                    fact = decode(record.value)
                    state = states.get(fact.subject)
                    if state is None:
                        state = states[fact.subject] = State()
                    fold(state, fact)
                facts += len(records)
        answer(facts, monotonic() - began_at)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
