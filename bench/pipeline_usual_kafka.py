"""The usual Faust pattern on Kafka, with Faust's own transport and its defaults, as its tutorial has it."""

import asyncio
import sys
from time import monotonic

import faust

from bench.measuring import answer
from bench.pipeline_usual import Steady, Usual
from eventlog.facts import DEFAULT_PARTITIONS, FACTS_TOPIC

STEADY = Steady(window=2_500, compared=4, least=20_000, most=50_000)


async def main(servers: str, prefix: str, round_number: str) -> None:
    """Each round is a group of its own with an empty Table, whose changelog goes onto the same broker."""
    started = monotonic()
    app = faust.App(
        f"{prefix}usual-{round_number}",
        broker=f"kafka://{servers}",
        topic_partitions=DEFAULT_PARTITIONS,  # the changelog must have as many as the facts
        web_enabled=False,  # nobody looks
    )
    usual = Usual(app, prefix + FACTS_TOPIC, STEADY)
    seconds = await usual.run()
    answer(STEADY.window, seconds, processed=usual.facts, start_s=usual.began_at - started, cpu_us=usual.cpu_us)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
