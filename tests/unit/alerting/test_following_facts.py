"""Following the facts of lives on a log, through the projections, in few queries and beside other programs."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert

from alerting import book
from alerting.book import LatestDecision
from alerting.following import follow, followed
from alerting.forgetting import forget
from alerting.model import Alert
from alerting.store import AlertStore
from eventlog.embedded import EmbeddedLog
from eventlog.facts import FACTS_TOPIC, start_day
from learning.events import Fact
from learning.facts import (
    AlertsMuted,
    Data,
    Deferred,
    FlagAcknowledged,
    ParticipantErased,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.progress import NOBODY
from producers.publisher import publish
from projections.projector import Projector
from projections.rebuild import replay
from projections.rulebook import Rulebook
from projections.schema import enrolment_progress, enrolment_risk
from projections.store import Store
from tests.alert_kit import alert
from tests.builders import SMALL, START, at, enrolled, make

DAY = timedelta(days=1)


class World:
    """A log, its projections and an alert book."""

    def __init__(self, folder: Path) -> None:
        self.log = EmbeddedLog(folder / "log.db")
        self.log.create_topic(FACTS_TOPIC, 2)
        self.projections = Store(folder / "projections.db")
        self.alerts = AlertStore(folder / "alerts.db")
        self._days = 0

    def publish(self, *facts: Fact) -> None:
        """Put facts on the log, with the days up to the latest of them, and fold everything."""
        publish(self.log, list(facts), now=START)
        while self._days <= max((each.time - START).days for each in facts):
            self._days += 1
            start_day(self.log, (START + self._days * DAY).date(), START)
        projector = Projector(self.projections, Rulebook(SMALL), park=lambda _: None, now=lambda: START)
        replay(self.log, projector, self.projections)

    def say(self, data: Data, days: float) -> None:
        """Put one fact on the log."""
        self.publish(make(data, at(days)))

    def put(self, *given: Alert) -> None:
        """Write alerts whose flags are up."""
        with self.alerts.writing() as connection:
            book.put_alerts(connection, given)
            book.put_decisions(connection, {each.enrolment: LatestDecision(each.raised_on, True) for each in given})

    def follow(self, days: float) -> int:
        """Follow so many days after the intake began."""
        return follow(self.alerts, self.projections, at(days, 1))

    def states(self) -> dict[str, str]:
        """Where each alert stands."""
        with self.alerts.reading() as connection:
            return {each.id: each.state for each in book.alerts(connection)}

    def close(self) -> None:
        """Let go of everything."""
        for each in (self.log, self.projections, self.alerts):
            each.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One enrolment that is behind its plan, with an alert that its partner was told of on the 28th day."""
    made = World(tmp_path)
    made.publish(enrolled(), make(AlertsMuted(by="staff-1", until=at(1).date()), at(28)))
    made.put(OF_SMALL)
    yield made
    made.close()


OF_SMALL = alert(
    day=at(28).date(),
    state="told",
    participant="p-1",
    partner="partner-1",
    told_at=at(28),
    noted_at=at(28),
    state_since=at(28),
    deadline=date(2026, 3, 7),
)
ID = "e-1/2025-10-06"


def test_alerts_follow_the_facts_of_a_life(world: World) -> None:
    """Acknowledged, muted, moved, deferred, resumed and withdrawn: after each the alert stands where it should."""
    assert world.follow(28.1) == 0

    world.say(FlagAcknowledged(by="staff-1"), 29)
    assert world.follow(29) == 1
    assert world.states() == {ID: "acknowledged"}

    world.say(AlertsMuted(by="staff-1", until=at(40).date()), 30)
    world.follow(30)
    assert world.states() == {ID: "muted"}

    world.say(AlertsMuted(by="staff-1", until=at(30).date()), 31)
    world.say(Transferred(partner="partner-2"), 32)
    world.follow(32)
    with world.alerts.reading() as connection:
        moved = book.alert(connection, ID)
    assert moved is not None
    assert (moved.partner, moved.told_at) == ("partner-2", None)

    world.say(Deferred(reason="other"), 33)
    world.follow(33)
    assert world.states() == {ID: "resolved"}

    world.say(Withdrawn(reason="other", effective=at(34).date(), signed_off_by="partner-2"), 34)
    assert world.follow(35) == 0


def test_withdrawals_follow_the_facts_of_a_life(world: World) -> None:
    """Recommended, objected, recommended again and signed off: one alert each, waiting and then resolved."""
    world.say(WithdrawalRecommended(reason="other", by="staff-1"), 29)
    assert world.follow(29) == 2
    first, second = "e-1/withdrawal/2025-10-07", "e-1/withdrawal/2025-10-09"
    assert world.states() == {ID: "contacted", first: "waiting"}
    assert world.follow(29) == 0

    world.say(WithdrawalObjected(reason="still-taking-part", by="staff-2"), 30)
    world.follow(30)
    assert world.states()[first] == "resolved"

    world.say(WithdrawalRecommended(reason="other", by="staff-1"), 31)
    world.follow(31)
    world.say(Withdrawn(reason="other", effective=at(31).date(), signed_off_by="partner-1"), 32)
    world.follow(33)
    assert world.states() == {ID: "resolved", first: "resolved", second: "resolved"}


def test_of_whom_was_erased_no_alert_has_the_id(world: World) -> None:
    """Neither an open one nor an old one, whose decision was perhaps read after the erasure."""
    old = alert(day=at(1).date(), state="resolved", participant="p-1", state_since=at(2), resolved_on=at(2).date())
    world.put(old)
    world.say(ParticipantErased(by="staff-1"), 29)

    world.follow(29)

    assert world.states() == {ID: "lapsed", old.id: "resolved"}
    with world.alerts.reading() as connection:
        assert {each.participant for each in book.alerts(connection)} == {NOBODY}


def test_an_alert_that_somebody_changes_meanwhile_is_left_to_the_next_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erased by another program between reading and writing: what is written is not what was read before."""
    world.say(FlagAcknowledged(by="staff-1"), 29)
    whole = followed

    def raced(given: Alert, *rest: Any, **more: Any) -> Alert:
        with world.alerts.writing() as connection:
            forget(connection, [given.enrolment], at(29))
        return whole(given, *rest, **more)

    monkeypatch.setattr("alerting.following.followed", raced)

    assert world.follow(29) == 0
    assert world.states() == {ID: "lapsed"}


def test_an_enrolment_that_the_projections_do_not_know_is_left_alone(world: World) -> None:
    """While they are rebuilt nothing is known of anybody, and no alert changes."""
    with world.projections.changing() as connection:
        connection.execute(delete(enrolment_risk))
        connection.execute(delete(enrolment_progress))

    assert world.follow(29) == 0
    assert world.states() == {ID: "told"}


def test_only_what_is_open_or_recommended_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a thousand others, one pass reads the rows of the one enrolment that has an open alert, and no other."""
    with world.projections.changing() as connection:
        [row] = connection.execute(enrolment_progress.select()).mappings()
        others = [{**row, "enrolment": f"other-{number}"} for number in range(1_000)]
        connection.execute(insert(enrolment_progress), others)
    read: list[str] = []
    whole = followed

    def noted(given: Alert, now_of: Any, *rest: Any, **more: Any) -> Alert:
        read.append(now_of.enrolment)
        return whole(given, now_of, *rest, **more)

    monkeypatch.setattr("alerting.following.followed", noted)
    world.follow(29)

    assert read == ["e-1"]
