"""The archiving agent: copies every fact into the lake, behind the projections and without holding them up.

It reads the log itself, from where the lake stands, so that a lake that is behind or was deleted catches up by itself.
It is no second agent of the topic of facts: Faust would let the tracking wait for it, end the worker when it fails, and
not commit what only the lake lacks. The tracking rings a channel in memory instead.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import faust
from faust.channels import Channel
from faust.types import StreamT

from stream_processors.archiving import Archiver, Watching
from stream_processors.archiving_process import LakeProcess
from stream_processors.settings import WorkerSettings

_LOOK_SECONDS = 1.0
"""Between two looks at what waits, where nothing is processed."""

_LAST_SECONDS = 10.0
"""For which the end of a worker may be held up by what waits for the lake, and"""

_LAST_PIECE_SECONDS = 5.0
"""for which more by the piece at hand, before it is given up."""


class Archive:
    """The agent, with a thread that waits for the process in which the lake is written."""

    def __init__(self, app: faust.App, settings: WorkerSettings, watching: Watching) -> None:
        """Add the agent to the app; nothing is opened before something is to be written."""
        self._app = app
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lake")
        self._lake = LakeProcess(settings)
        self._archiver = Archiver(self._lake, settings.archive_seconds, watching)
        self._held: frozenset[int] = frozenset()
        self._positions: Callable[[], Mapping[int, int]] = dict
        self._doorbell = cast(Channel[bool], app.channel(maxsize=1))
        app.agent(self._doorbell, name="archive", concurrency=1)(self._answer)

    def open(self, positions: Callable[[], Mapping[int, int]]) -> None:
        """Go as far as `positions` says that the projections are: the next offset by partition."""
        self._positions = positions

    def assigned(self, partitions: Iterable[int]) -> None:
        """Archive exactly these partitions from now on."""
        self._held = frozenset(partitions)
        self._archiver.reassigned()

    def ring(self) -> None:
        """Have the agent look at what waits. Never waits itself, as `put` would: the tracking rings.

        A rebalance empties the channel, and ends whoever waits to put something in; whoever rings next is heard.
        """
        for subscriber in self._doorbell._subscribers:  # noqa: SLF001 - Faust has no way to put without waiting
            if not subscriber.queue.full():
                subscriber.queue.put_nowait(True)

    async def ring_now_and_then(self) -> None:
        """Ring until the app stops, for what waits becomes due when nothing more comes, too."""
        while not self._app.should_stop:
            self.ring()
            await self._app.sleep(_LOOK_SECONDS)

    async def complete(self, until: Mapping[int, int]) -> None:
        """Write everything before these offsets, whoever holds the partitions.

        Raises:
            ArchiveError: It cannot be written.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._archiver.complete, until)

    def close(self, *, flush: bool) -> None:
        """Finish the piece at hand and let go of everything; with `flush`, first write what waits."""
        self._archiver.stop()
        if flush and (until := self._until()):
            self._thread.submit(self._archiver.flush, until, _LAST_SECONDS)
        closing = self._thread.submit(self._lake.close)
        try:
            closing.result(_LAST_SECONDS + _LAST_PIECE_SECONDS)
        except TimeoutError:
            self._lake.kill()
        self._thread.shutdown()

    async def _answer(self, stream: StreamT[bool]) -> None:
        """The agent."""
        async for _ in stream:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._archiver.look, self._until())

    def _until(self) -> dict[int, int]:
        positions = self._positions()
        return {each: positions[each] for each in self._held if each in positions}
