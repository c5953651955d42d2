"""How fast facts get from the durable log through the Faust agent into durable projections, beside yardsticks.

All work on the same facts in the same run, in turn, each in a process of its own:

- `this`: the pipeline as it runs: chunks, one transaction each with states, read models and checkpoint;
- `usual`: the Faust pattern that its tutorial teaches: one record a message, a JSON record model, a Table;
- `floor`: decoding and folding in a plain loop, with no Faust and no store.

On Kafka with PostgreSQL also `this_2`, two workers, and `embedded`, the pipeline on an embedded log with SQLite.

The ratios are the result; facts per second are printed for orientation, for machines differ and drift.
"""

import argparse
import json
import subprocess
import sys

from bench import pipeline_embedded, pipeline_kafka
from stream_processors.settings import WorkerSettings
from tests.servers.process import ServerFailedError, ServerMissingError

COMPARISONS = {"embedded": pipeline_embedded.compare, "kafka": pipeline_kafka.compare}
CHUNK_RECORDS = WorkerSettings.model_fields["chunk_records"].default
FACTS = {"embedded": 1_000_000, "kafka": 200_000}


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison; 1 when it cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=COMPARISONS, default="embedded", help="where the log is (default embedded)")
    parser.add_argument("--facts", type=int, help="facts on the log (default 1,000,000; on Kafka 200,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds whose medians are printed (default 5)")
    parser.add_argument(
        "--chunk-records", type=int, default=CHUNK_RECORDS, help="facts in a chunk at most (default as the pipeline's)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    try:
        result = COMPARISONS[chosen.broker](chosen.facts or FACTS[chosen.broker], chosen.rounds, chosen.chunk_records)
    except (ServerMissingError, ServerFailedError, subprocess.CalledProcessError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if chosen.json:
        print(json.dumps(result))
        return 0
    for name, value in result.items():
        print(f"{name:20} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
