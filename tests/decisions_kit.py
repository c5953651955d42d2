"""A store in which days decide about risk, and what is seen of the decisions."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from learning.events import Fact, encode
from learning.facts import (
    DayStarted,
)
from learning.policy import Policies
from projections import enrolment_risk, outbox, risk_history
from projections.outbox import Message
from projections.projector import Projector
from projections.rulebook import Rulebook
from projections.store import Store
from tests.builders import SMALL, START, make
from tests.risk_kit import policies_of, rules_of, steps

WATCH, FLAG, WORST = date(2025, 9, 15), date(2025, 9, 22), date(2025, 10, 6)
"""Of who does nothing: the days on which 1, 2 and 4 study weeks are over, which is watch, at risk and critical."""

AFTER = date(2025, 9, 23)
"""The day after the flag was raised, on which no study week ends."""

BEHIND = rules_of(behind=steps("behind", (1, 1), (2, 2), (4, 3)))
POLICIES = policies_of(BEHIND)


class Bench:
    """A store, and what is decided in it."""

    def __init__(self, path: Path, policies: Policies = POLICIES) -> None:
        """Make an empty store."""
        self.store = Store(path)
        rulebook = Rulebook(SMALL, policies)
        self._projector = Projector(self.store, rulebook, park=lambda _: None, now=lambda: START)

    def apply(self, *items: Fact | date, partition: int = 0) -> None:
        """Append facts and days that start to a partition, and apply them in one run."""
        first = self.store.checkpoint(partition).next_offset
        facts = [item if isinstance(item, Fact) else started(item) for item in items]
        self._projector.apply(partition, list(enumerate(map(encode, facts), first)), b"head")

    def connect(self) -> Connection:
        """For queries."""
        return self.store.connect()

    def history(self, enrolment: str = "e-1") -> list[tuple[date, str, str | None]]:
        """Day, level and change of each decision."""
        return [(row["day"], row["level"], row["change"]) for row in self.decisions(enrolment)]

    def decisions(self, enrolment: str = "e-1") -> list[dict[str, Any]]:
        """The rows of the history."""
        with self.connect() as connection:
            return risk_history.of(connection, enrolment)

    def messages(self) -> list[Message]:
        """What waits in the outbox."""
        with self.connect() as connection:
            return outbox.waiting(connection, 100, date.max)

    def current(self, enrolment: str = "e-1") -> dict[str, Any]:
        """The register's row."""
        with self.connect() as connection:
            found = enrolment_risk.find(connection, enrolment)
        assert found is not None
        return found

    def at_risk(self) -> list[str]:
        """Who is on the at-risk register."""
        with self.connect() as connection:
            return [row["enrolment"] for row in enrolment_risk.at_risk(connection)]


def started(day: date) -> Fact:
    """A day that starts."""
    return make(DayStarted(day=day), moment(day, 0), enrolment="calendar")


def moment(day: date, hour: int = 10) -> datetime:
    """An hour of a day."""
    return datetime.combine(day, time(hour), tzinfo=UTC)


def told(message: Message) -> dict[str, Any]:
    """What a message says."""
    said: dict[str, Any] = json.loads(message.value)
    return said
