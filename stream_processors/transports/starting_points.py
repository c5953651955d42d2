"""Where work on a partition goes on after a start: behind what the app has applied, else what its group committed."""

from collections.abc import Iterable, Mapping
from functools import partial

import faust
from faust.types import TP

from eventlog.base import LogError
from eventlog.embedded import EmbeddedLog
from stream_processors.faust_app import EngagementApp
from stream_processors.transports.log_reader import LogReader
from stream_processors.transports.log_thread import LogThread


async def starting_points(app: faust.App, thread: LogThread, reader: LogReader, tps: set[TP]) -> Mapping[TP, int]:
    """The offset of each partition at which to go on; the beginning, where nobody knows better.

    Raises:
        LogError: When that is beyond the end of the log.
    """
    offsets = await thread.call(partial(_committed, app.conf.id, tps))
    if isinstance(app, EngagementApp):
        offsets |= {tp: tip.next_offset for tp, tip in (await app.starting_tips(tps)).items()}
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
