"""What simulated people and staff did, held until the week in which it becomes known, then handed on in that order."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from learning.events import Fact, fact
from learning.facts import Data

SOURCE = "/engagement/simulator"

_Draft = tuple[datetime, int, datetime, str, str, Data]
"""When it became known, a running number that settles ties, when it happened, enrolment, partition key, data."""


class Journal:
    """Facts to come, by the week in which they become known. It holds weeks, never a whole simulation."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._weeks: defaultdict[int, list[_Draft]] = defaultdict(list)
        self._noted = 0
        self._told = 0

    def note(self, enrolment: str, key: str, data: Data, time: datetime, recorded: datetime) -> None:
        """Take down one fact; `recorded` lies in a week (see `week_of`) that was not handed on yet."""
        self._noted = noted = self._noted + 1
        self._weeks[(recorded.toordinal() - 1) // 7].append((recorded, noted, time, enrolment, key, data))

    def tell(self, week: int, before: datetime) -> Iterator[Fact]:
        """Hand on everything that became known in a week and before an instant, in that order."""
        drafts = self._weeks.pop(week, [])
        drafts.sort()
        for recorded, _, time, enrolment, key, data in drafts:
            if recorded >= before:
                return
            self._told += 1
            yield fact(
                data,
                id=f"{self._prefix}-{self._told:09}",
                source=SOURCE,
                subject=enrolment,
                time=time,
                partitionkey=key,
                recordedtime=recorded,
            )
