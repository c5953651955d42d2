"""Builds the projections anew from the log beside the live ones, and proves that a replay equals them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Table, select

from eventlog.base import EventLog, Stored
from eventlog.chain import link, start
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeError
from eventlog.paging import Readable, pages_until
from eventlog.rejects import park
from learning.errors import EngagementError
from projections import enrolment_progress, outbox
from projections.live import LiveProjections
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.schema import about, checkpoint, day_started, enrolment_state, metadata
from projections.store import Store, StoreError

_CAUSES = (checkpoint, day_started, enrolment_state)
"""What all else is worked out from: where these differ, that is the difference to tell."""
_COMPARED = (*_CAUSES, *(table for table in metadata.sorted_tables if table not in {about, *_CAUSES}))
_UNCOMPARED = {"relayed", "updated_at"}
"""Columns that a replay cannot know: what has left since, and when a row was written."""
_WITHOUT_LAKE = "move its folder aside, and run `engagement rebuild` without --from-lake"

Step = Callable[[int], object]
"""Told of every run of records that was applied, with their number."""


class Archived(NamedTuple):
    """The log's facts as analysts have them, to build the projections from."""

    lake: Lake
    check: Callable[[Store], object]
    """Looks at the new store when it has what the lake has and nothing else; raises where the two disagree."""


class Source(Readable, Protocol):
    """Where the records of a replay come from: the log, or the lake as far as it goes."""

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """For each partition, the offset after its last record."""


class DifferenceError(EngagementError):
    """The live projections are not what the log says; the message names the first difference."""


def replay(
    log: Source,
    projector: Projector,
    store: Store,
    until: Mapping[int, int] | None = None,
    step: Step = lambda _: None,
) -> int:
    """Apply what the store has not seen yet, up to these offsets (None: to the end); answer the number of records."""
    total = 0
    for partition, end in sorted((until or log.end_offsets(FACTS_TOPIC)).items()):
        for page in pages_until(log, FACTS_TOPIC, partition, store.checkpoint(partition).next_offset, end):
            projector.apply(partition, [(each.offset, each.value) for each in page], page[-1].head)
            total += len(page)
            step(len(page))
    return total


def rebuild(
    log: EventLog,
    live: LiveProjections,
    rulebook: Rulebook,
    now: Callable[[], datetime],
    step: Step = lambda _: None,
    *,
    archived: Archived | None = None,
) -> int:
    """Build a new store from the first record on while the live one goes on, and swap; answer the number of records.

    Args:
        log: The truth; with `archived` it is read from where the lake ends.
        live: The projections that the new store takes over from.
        rulebook: The programmes and policies.
        now: When what cannot be read is parked, and when rows are written.
        step: Told how it gets on.
        archived: Read the records from this lake as far as it goes.

    Raises:
        LakeError: The lake is of another log, or cannot be read; the live projections stay as they are.
        EngagementError: The check of `archived` says that the lake and the projections disagree; they stay, too.
    """
    with live.rebuilding(), Store(place := live.next_place()) as store:
        projector = Projector(store, rulebook, park=lambda rejects: park(log, rejects), now=now)
        total = 0 if archived is None else _replay_lake(archived, log, projector, store, step)
        total += replay(log, projector, store, step=step)
        with live.swapping():
            total += replay(log, projector, store, step=step)
            _keep_relayed(live, store)
            with store.changing() as connection:  # the rows may say something else than those that readers know
                enrolment_progress.count_all_as_updated(connection, now())
            store.close()
            live.swap(place)
    return total


def _replay_lake(archived: Archived, log: EventLog, projector: Projector, store: Store, step: Step) -> int:
    from eventlog.lake.replaying import LakeLog  # noqa: PLC0415 - DuckDB takes a while to load, and is rarely needed

    require_lake_of(log, archived.lake)
    with LakeLog(archived.lake, log) as records:
        total = replay(_Proven(records, archived.lake), projector, store, step=step)
    archived.check(store)
    return total


class _Proven:
    """Records of the lake, read from the first one on, whose hash chain is the log's: so they are the log's records."""

    def __init__(self, records: Source, lake: Lake) -> None:
        self._records = records
        self._lake = lake
        self._heads: dict[int, bytes] = {}

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        """For each partition, the offset after its last record."""
        return self._records.end_offsets(topic)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Sequence[Stored]:
        """Up to `limit` records from where the last read ended, each with its head.

        Raises:
            LakeError: They are not what the log said when they were archived.
        """
        head = self._heads.get(partition) or start(topic, partition)
        proven = []
        for each in self._records.read(topic, partition, offset, limit):
            head = link(head, each.offset, each.key, each.value)
            if each.head and each.head != head:
                raise LakeError(
                    f"The lake in {self._lake.folder} does not have the records of the log: the hash chain of "
                    f"partition {partition} is another one at offset {each.offset}; run `engagement verify --lake`, "
                    "which names the first difference, or `engagement rebuild` without --from-lake."
                )
            proven.append(each._replace(head=head))
        self._heads[partition] = head
        return proven


def require_lake_of(log: EventLog, lake: Lake) -> None:
    """Refuse a lake that is not a part of the log, from its beginning on.

    Raises:
        LakeError: It goes on after the log ends, or was written from another log.
    """
    ends = log.end_offsets(FACTS_TOPIC)
    for partition, position in lake.positions().items():
        end = ends.get(partition, 0)
        if position.next_offset > end:
            raise LakeError(
                f"The lake in {lake.folder} goes on to offset {position.next_offset} of partition {partition}, where "
                f"the log ends at {end}: it is of another log, or the log was cut; {_WITHOUT_LAKE}"
            )
        if position.next_offset and log.head(FACTS_TOPIC, partition, position.next_offset) != position.head:
            raise LakeError(
                f"The lake in {lake.folder} was not written from this log: their hash chains of partition {partition} "
                f"differ at offset {position.next_offset}; {_WITHOUT_LAKE}"
            )


def verify(
    log: EventLog, live: Store, rulebook: Rulebook, now: Callable[[], datetime], step: Step = lambda _: None
) -> int:
    """Replay the log into a store of its own and compare every row with the live one; answer the number of records.

    The live store may move on meanwhile: it is compared as it was when this began.

    Raises:
        DifferenceError: With the first row and column that differ.
    """
    with TemporaryDirectory(prefix="engagement-verify-") as folder, live.connect() as live_rows:
        until = {row.partition: row.next_offset for row in live_rows.execute(select(checkpoint))}
        with Store(Path(folder) / "replayed.db") as replayed:
            projector = Projector(replayed, rulebook, park=lambda _: None, now=now)
            total = replay(log, projector, replayed, until, step) if until else 0
            with replayed.connect() as replayed_rows:
                for table in _COMPARED:
                    _compare(table, live_rows, replayed_rows)
    return total


def _keep_relayed(live: LiveProjections, rebuilt: Store) -> None:
    """What had left the live store's outbox has left: a rebuild sends nothing again.

    Where the live store cannot be read all of it is relayed, and the topic, which holds an identity once, keeps it out.
    """
    if not live.exists():
        return
    try:
        with Store(live.place) as before, before.connect() as connection:
            ids = outbox.relayed(connection)
    except StoreError:
        return
    with rebuilt.changing() as connection:
        outbox.keep_relayed(connection, ids)


def _compare(table: Table, live: Connection, replayed: Connection) -> None:
    keys = [column.name for column in table.primary_key.columns]
    for ours, theirs in zip_longest(_rows(table, live), _rows(table, replayed)):
        if ours != theirs:
            raise DifferenceError(_describe(table.name, keys, ours, theirs))


def _rows(table: Table, connection: Connection) -> Iterator[dict[str, Any]]:
    columns = (column for column in table.columns if column.name not in _UNCOMPARED)
    query = select(*columns).order_by(*table.primary_key.columns).execution_options(yield_per=1_000)
    return (dict(row) for row in connection.execute(query).mappings())


def _describe(table: str, keys: list[str], ours: dict[str, Any] | None, theirs: dict[str, Any] | None) -> str:
    def place(row: dict[str, Any]) -> list[Any]:
        return [row[key] for key in keys]

    if ours is None or theirs is None or place(ours) != place(theirs):
        present = min((row for row in (ours, theirs) if row is not None), key=place)
        where = (
            "the replay has it, the live store does not"
            if present is theirs
            else "the live store has it, the replay does not"
        )
        return f"{table} {_named(place(present))}: {where}; run `engagement rebuild`"
    column = next(name for name in ours if ours[name] != theirs[name])
    return (
        f"{table} {_named(place(ours))}: {column} is {ours[column]!r} in the live store "
        f"and {theirs[column]!r} in a replay of the log; run `engagement rebuild`"
    )


def _named(place: list[Any]) -> str:
    return " ".join(map(str, place))
