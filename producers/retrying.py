"""Tries again what was set aside: the very code that refused a message decides whether it can be read now."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import msgspec

from eventlog.base import EventLog
from eventlog.rejects import Parked, settle
from learning.events import decode
from producers.publisher import publish
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store

_NO_FACT = "not a fact"
"""How the reason begins of what was sent as a fact."""

_ROW = "it is a row of a register, not a fact; mend the row in the sheet and import the sheet again"


_PASSED = (
    "it could be read now, but the projections have passed its place on the log; `engagement rejects retry` on the "
    "machine itself makes them anew"
)


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one reject."""

    id: str
    settled: bool
    why: str
    """What was done, or why it waits still."""


def retry(
    log: EventLog,
    rejects: Sequence[Parked],
    rulebook: Rulebook,
    now: Callable[[], datetime],
    rebuild: Callable[[], object] | None,
) -> list[Retried]:
    """Put on the log what can be read now, and settle it.

    A fact may stand on the log already, refused where it stands because its programme was unknown. The projections
    have passed that place, so they are rebuilt, by `rebuild`, before such rejects are settled; without it they wait.
    """
    refused = _refused_still(rejects, rulebook, now)
    results: list[Retried] = []
    passed: list[Parked] = []
    for reject in rejects:
        if reject.id in refused:
            results.append(Retried(id=reject.id, settled=False, why=refused[reject.id]))
            continue
        published = publish(log, [decode(reject.original)], now=now())
        if published.conflicts:
            results.append(Retried(id=reject.id, settled=False, why=reject.reason))
        elif published.duplicates:
            passed.append(reject)
        else:
            settle(log, reject, now())
            results.append(Retried(id=reject.id, settled=True, why="its fact is on the log now"))
    if rebuild is None:
        return [*results, *(Retried(id=reject.id, settled=False, why=_PASSED) for reject in passed)]
    if passed:
        rebuild()
    for reject in passed:
        settle(log, reject, now())
        results.append(Retried(id=reject.id, settled=True, why="its fact was on the log; the projections have it now"))
    return results


def _refused_still(rejects: Sequence[Parked], rulebook: Rulebook, now: Callable[[], datetime]) -> Mapping[str, str]:
    """Why each cannot be read even now, by id; found by folding all of them into a store that is thrown away."""
    again: list[Parked] = []
    with TemporaryDirectory(prefix="engagement-retry-") as folder, Store(Path(folder) / "tried.db") as store:
        projector = Projector(store, rulebook, park=again.extend, now=now)
        projector.apply(0, [(number, reject.original) for number, reject in enumerate(rejects)], b"")
    numbers = {int(each.origin.rpartition("/")[2]): each.reason for each in again}
    return {rejects[number].id: _row_or(rejects[number], reason) for number, reason in numbers.items()}


def _row_or(reject: Parked, reason: str) -> str:
    """The reason, or, for the cells of a register's row, that they are no fact."""
    if not reject.original:  # nothing of it could be kept, so nothing new can be said of it
        return reject.reason
    if reject.reason.startswith(_NO_FACT):  # a line that happens to look like a row
        return reason
    from producers.register.column_maps import Field  # noqa: PLC0415 - it loads openpyxl, which is slow

    try:
        cells = msgspec.json.decode(reject.original, type=dict[str, str])
    except msgspec.DecodeError:
        return reason
    return _ROW if cells.keys() <= set(get_args(Field)) else reason
