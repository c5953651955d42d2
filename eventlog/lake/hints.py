"""Knows which cohort an enrolment began in, so that the facts of a cohort can stand together in a file."""

from collections.abc import Iterable
from typing import Final
from weakref import WeakKeyDictionary

import duckdb

from eventlog.lake.lake import Lake
from learning.events import Fact
from learning.facts import Enrolled

_PAGE: Final = 50_000


class CohortHints:
    """For each enrolment the 'programme intake' of the first fact, in the order of the log, that enrolled it."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        """By enrolment."""
        self._names: dict[str, str] = {}
        """Each name once: there are few, and many enrolments."""

    def load(self, connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
        """Learn what the lake has."""
        cursor = connection.cursor()
        cursor.execute(
            f"SELECT enrolment, programme || ' ' || intake FROM {lake.relation()} WHERE type = ? "
            "ORDER BY log_partition, log_offset",
            [Enrolled.TYPE],
        )
        while page := cursor.fetchmany(_PAGE):
            for enrolment, name in page:
                self._learn(enrolment, name)
        cursor.close()

    def note(self, facts: Iterable[Fact]) -> None:
        """Learn from facts that are about to be written."""
        for fact in facts:
            data = fact.data
            if isinstance(data, Enrolled):
                self._learn(fact.subject, f"{data.programme} {data.intake}")

    def _learn(self, enrolment: str, name: str) -> None:
        self.known.setdefault(enrolment, self._names.setdefault(name, name))


_kept: Final[WeakKeyDictionary[Lake, CohortHints]] = WeakKeyDictionary()


def hints_of(lake: Lake, connection: duckdb.DuckDBPyConnection) -> CohortHints:
    """What is known of a lake, read from it once and kept for as long as the `Lake` is in use."""
    if (hints := _kept.get(lake)) is None:
        hints = CohortHints()
        hints.load(connection, lake)
        _kept[lake] = hints
    return hints
