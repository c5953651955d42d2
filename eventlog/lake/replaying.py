"""Gives the facts of the lake back as records in the order of the log, so that projections can be built from it."""

from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Self

from eventlog.base import EventLog, Stored
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError, Manifest
from eventlog.lake.reading import LakeFact, facts_in_order
from eventlog.paging import each_record
from learning.events import encode

_UNKNOWN_HEAD = b""


class LakeLog:
    """Reads the topic of facts from the lake instead of the log, as far as the lake goes when this is made.

    Records that are no facts are not in the lake: they are read from the log. A record's `head` is only known where a
    run of records that were archived together ends, and is empty elsewhere; `read` ends there when it comes so far.

    For one thread. Reading goes forward; it may begin anywhere, which takes a while.
    """

    def __init__(self, lake: Lake, log: EventLog) -> None:
        self._lake = lake
        self._log = log
        self._manifests = {partition: lake.manifest(partition) for partition in lake.partitions()}
        self._reading: dict[int, _Reading] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """For each partition, how far the lake goes.

        Raises:
            LakeError: The topic is another one than that of facts.
        """
        _require_facts(topic)
        return {partition: manifest.position.next_offset for partition, manifest in self._manifests.items()}

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Stored]:
        """Up to `limit` records from `offset` on, in order; empty at the end of the lake.

        Raises:
            LakeError: The topic is another one than that of facts, or a file of the lake cannot be read.
        """
        _require_facts(topic)
        manifest = self._manifests[partition]
        end = _end(manifest, offset, limit)
        records: list[Stored] = []
        reading = self._at(manifest, offset)
        while reading.ahead is not None and reading.ahead.offset < end:
            records += self._left_out(partition, offset, reading.ahead.offset)
            records.append(_record(reading.ahead))
            offset = reading.ahead.offset + 1
            reading.move()
        records += self._left_out(partition, offset, end)
        reading.offset = end
        return _with_head(records, manifest, end)

    def close(self) -> None:
        """Let go of the files; reading again opens them again."""
        for reading in self._reading.values():
            reading.close()
        self._reading.clear()

    def _at(self, manifest: Manifest, offset: int) -> "_Reading":
        """What is read of a partition, which goes on where it stopped or begins anew."""
        reading = self._reading.get(manifest.partition)
        if reading is None or reading.offset != offset:
            self.close()  # one at a time, so that memory does not grow with the partitions
            reading = self._reading[manifest.partition] = _Reading(facts_in_order(self._lake, manifest, offset), offset)
        return reading

    def _left_out(self, partition: int, offset: int, end: int) -> list[Stored]:
        """Records that the lake has no fact of."""
        left_out = list(each_record(self._log, FACTS_TOPIC, partition, offset, end))
        if len(left_out) < end - offset:
            raise LakeError(
                f"The log ends at offset {offset + len(left_out)} of partition {partition}, before the lake in "
                f"{self._lake.folder} does; it is of another log: move its folder aside."
            )
        return left_out


class _Reading:
    """The facts of a partition from an offset on, with a look at the next."""

    def __init__(self, facts: Generator[LakeFact, None, None], offset: int) -> None:
        self._facts = facts
        self.offset = offset
        self.ahead = next(facts, None)

    def close(self) -> None:
        """Let go of what is read."""
        self._facts.close()

    def move(self) -> None:
        """Look at the one after."""
        self.ahead = next(self._facts, None)


def _end(manifest: Manifest, offset: int, limit: int) -> int:
    """Where to stop: at the last place within the limit at which the head is known, or at the limit."""
    known = [place.next_offset for place in manifest.archived if offset < place.next_offset <= offset + limit]
    return max(known) if known else min(offset + limit, max(offset, manifest.position.next_offset))


def _record(stands: LakeFact) -> Stored:
    fact = stands.fact
    return Stored(stands.partition, stands.offset, fact.partitionkey.encode(), encode(fact), _UNKNOWN_HEAD)


def _with_head(records: list[Stored], manifest: Manifest, end: int) -> list[Stored]:
    heads = {place.next_offset: bytes.fromhex(place.head) for place in manifest.archived}
    if records and end in heads:
        records[-1] = records[-1]._replace(head=heads[end])
    return records


def _require_facts(topic: str) -> None:
    if topic != FACTS_TOPIC:
        raise LakeError(f"The lake holds the topic {FACTS_TOPIC} only; read {topic} from the log.")
