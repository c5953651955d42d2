"""Where work on a partition goes on after a start: behind what the app has applied, else what its group committed."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import faust
from faust.types import TP

from eventlog.base import LogError
from eventlog.embedded import EmbeddedLog
from stream_processors.log_reader import LogReader
from stream_processors.log_thread import LogThread


async def starting_points(app: faust.App, thread: LogThread, reader: LogReader, tps: set[TP]) -> Mapping[TP, int]:
    """The offset of each partition at which to go on; the beginning, where nobody knows better.

    Raises:
        LogError: When that is beyond the end of the log.
    """
    offsets = await thread.call(partial(_committed, app.conf.id, tps)) | _checkpoints(app, tps)
    ends = await reader.ends(tps)
    for tp, offset in sorted(offsets.items()):
        if offset > ends[tp]:
            raise LogError(
                f"Work on {tp.topic}, partition {tp.partition}, has come to offset {offset} but the log ends at "
                f"{ends[tp]}: they are not of the same time. Restore the log, or rebuild the projections from it."
            )
    return offsets


def _committed(group: str, tps: Iterable[TP], log: EmbeddedLog) -> dict[TP, int]:
    by_topic = {topic: log.committed_offsets(group, topic) for topic in {tp.topic for tp in tps}}
    return {tp: by_topic[tp.topic].get(tp.partition, 0) for tp in tps}


def _checkpoints(app: faust.App, tps: set[TP]) -> dict[TP, int]:
    """What the app itself says; a partition that it leaves out of a topic it names has not been begun."""
    ask: Callable[[Iterable[TP]], Mapping[TP, int]] | None = getattr(app, "start_offsets", None)
    answered = {} if ask is None else ask(tps)
    topics = {tp.topic for tp in answered}
    return {tp: answered.get(tp, 0) for tp in tps if tp.topic in topics}
