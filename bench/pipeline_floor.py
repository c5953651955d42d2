"""The floor: decoding and folding in a plain loop; reading the log is not counted."""

import sys
from pathlib import Path
from time import perf_counter

from bench.measuring import answer
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC
from learning.events import decode
from learning.progress import State, fold

_PAGE = 20_000


def main(folder: Path) -> None:
    """Fold the log in `folder`, keeping every state in memory."""
    states: dict[str, State] = {}
    facts, seconds = 0, 0.0
    with EmbeddedLog(folder / "log.db") as log:
        for partition, end in log.end_offsets(FACTS_TOPIC).items():
            offset = 0
            while offset < end:
                page = log.read(FACTS_TOPIC, partition, offset, _PAGE)
                began = perf_counter()
                for record in page:
                    fact = decode(record.value)
                    state = states.get(fact.subject)
                    if state is None:
                        state = states[fact.subject] = State()
                    fold(state, fact)
                seconds += perf_counter() - began
                facts += len(page)
                offset = page[-1].offset + 1
    answer(facts, seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
