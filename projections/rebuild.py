"""Builds the projections anew from the log beside the live ones, and proves that a replay equals them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Table, select

from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import park
from learning.errors import EngagementError
from projections import outbox
from projections.live import LiveProjections
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.schema import about, checkpoint, day_started, enrolment_state, metadata
from projections.store import Store, StoreError

_CHUNK = 20_000

_CAUSES = (checkpoint, day_started, enrolment_state)
"""What all else is worked out from: where these differ, that is the difference to tell."""
_COMPARED = (*_CAUSES, *(table for table in metadata.sorted_tables if table not in {about, *_CAUSES}))
_UNCOMPARED = {"relayed"}
"""Columns that a replay cannot know: what has left since."""

Step = Callable[[int], object]
"""Told of every run of records that was applied, with their number."""


class DifferenceError(EngagementError):
    """The live projections are not what the log says; the message names the first difference."""


def replay(
    log: EventLog,
    projector: Projector,
    store: Store,
    until: Mapping[int, int] | None = None,
    step: Step = lambda _: None,
) -> int:
    """Apply what the store has not seen yet, up to these offsets (None: to the end); answer the number of records."""
    total = 0
    for partition, end in sorted((until or log.end_offsets(FACTS_TOPIC)).items()):
        offset = store.checkpoint(partition).next_offset
        while offset < end:
            records = log.read(FACTS_TOPIC, partition, offset, min(_CHUNK, end - offset))
            projector.apply(partition, [(each.offset, each.value) for each in records], records[-1].head)
            offset = records[-1].offset + 1
            total += len(records)
            step(len(records))
    return total


def rebuild(
    log: EventLog,
    live: LiveProjections,
    rulebook: Rulebook,
    now: Callable[[], datetime],
    step: Step = lambda _: None,
) -> int:
    """Build a new store from the first record on while the live one goes on, and swap; answer the number of records."""
    with live.rebuilding(), Store(place := live.next_place()) as store:
        projector = Projector(store, rulebook, park=lambda rejects: park(log, rejects), now=now)
        total = replay(log, projector, store, step=step)
        with live.swapping():
            total += replay(log, projector, store, step=step)
            _keep_relayed(live, store)
            store.close()
            live.swap(place)
    return total


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
