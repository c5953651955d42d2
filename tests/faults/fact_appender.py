"""A process that appends facts to the log and notes in a ledger each id whose append was acknowledged.

Run as: fact_appender.py DATA_DIR LINES LEDGER SEED; each line on standard input says how many of the facts in the
file LINES come next. They go in batches of random size, every fifth one sent again as after a lost answer.
"""

import sys
from itertools import islice
from pathlib import Path
from random import Random

from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, record_of
from learning.events import decode


def main(data_dir: Path, lines: Path, ledger: Path, random: Random) -> None:
    """Append until standard input ends."""
    facts = iter([decode(line) for line in lines.read_bytes().splitlines()])
    with EmbeddedLog(data_dir / "log.db") as log, ledger.open("a", encoding="utf-8") as acknowledged:
        for told in sys.stdin:
            wanted = list(islice(facts, int(told)))
            while wanted:
                size = random.randint(1, 40)
                batch, wanted = wanted[:size], wanted[size:]
                for _ in range(random.choice((1, 1, 1, 1, 2))):
                    log.append(FACTS_TOPIC, map(record_of, batch))
                acknowledged.writelines(f"{fact.id}\n" for fact in batch)
                acknowledged.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), Random(sys.argv[4]))
