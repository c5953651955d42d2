"""Planning on the alert book: one transaction a turn, the same messages after a crash, and nothing outdated is sent."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import event, update

from alerting import book, routing
from alerting.forgetting import forget
from alerting.intake import take_in
from alerting.model import Alert, Notice
from alerting.planning import NO_LONGER_SO, plan
from alerting.schema import notice as notice_table
from alerting.store import AlertStore
from eventlog.base import Record
from eventlog.embedded import EmbeddedLog
from projections.decisions import RISK_TOPIC
from registry import contacts, endpoints, partners
from registry.errors import RegistryError
from registry.partners import Partner
from registry.store import Registry
from tests.alert_kit import LONG_AGO, MONDAY, TERMS, alert, flag, message, monday

DAY = timedelta(days=1)


class Office:
    """An alert book, and a registry with one contact and one webhook of a partner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.registry = AlertStore(folder / "alerts.db"), Registry(folder / "registry.db")
        noted: Any = {"now": LONG_AGO, "by": "command-line"}
        with self.registry.writing() as connection:
            found = contacts.create(connection, partner="p-1", label="Desk", email="desk@example.org", **noted)
            self.contact = found.id
            self.webhook = endpoints.create(
                connection,
                partner="p-1",
                channel="webhook",
                url="https://example.org/hook",
                secret=endpoints.new_secret(),
                **noted,
            ).id

    def put(self, *given: Alert) -> None:
        """Write alerts."""
        with self.store.writing() as connection:
            book.put_alerts(connection, given)

    def change(self, alert_id: str, **values: Any) -> None:
        """Let something become of an alert."""
        with self.store.reading() as connection:
            found = book.alert(connection, alert_id)
        assert found is not None
        self.put(structs.replace(found, **values))

    def plan(self, now: datetime, *, dry_run: bool = False) -> int:
        """Take a turn."""
        return plan(self.store, self.registry, now, terms=TERMS, dry_run=dry_run)

    def notices(self) -> list[Notice]:
        """Every message."""
        with self.store.reading() as connection:
            return book.notices(connection)

    def kinds(self, state: str = "waiting") -> list[str]:
        """The kinds of the messages in a state."""
        return sorted(each.kind for each in self.notices() if each.state == state)

    def deliver(self, now: datetime) -> None:
        """Let everything that waits arrive."""
        with self.store.writing() as connection:
            waiting = notice_table.c.state == "waiting"
            connection.execute(update(notice_table).where(waiting).values(state="delivered", settled_at=now))

    def close(self) -> None:
        """Let go of both."""
        self.store.close()
        self.registry.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A partner's receivers, and no alerts."""
    made = Office(tmp_path)
    yield made
    made.close()


def test_what_is_planned_stands_in_the_book(office: Office) -> None:
    """A message to the contact and one to the webhook, the alert told, and what was told to whom."""
    office.put(alert())

    assert office.plan(monday(hour=8)) == 2

    assert office.kinds() == ["at-once", "digest"]
    with office.store.reading() as connection:
        told = book.alert(connection, "e-1/2026-03-02")
        tellings = book.told(connection, ["e-1/2026-03-02"])
    assert told is not None
    assert (told.state, told.told_at) == ("told", monday(hour=8))
    assert {(each.receiver, each.step, each.level) for each in tellings} == {
        (office.contact, "first", "at-risk"),
        (office.webhook, "first", "at-risk"),
    }


def test_planning_again_plans_nothing_more(office: Office) -> None:
    """At the same moment, and an hour later."""
    office.put(alert())
    office.plan(monday(hour=8))

    assert office.plan(monday(hour=8)) == 0
    assert office.plan(monday(hour=9)) == 0


@pytest.mark.parametrize("breaks_at", range(1, 7))
def test_a_turn_that_breaks_off_leaves_nothing_and_is_made_again(office: Office, breaks_at: int) -> None:
    """Whichever statement of the transaction fails: then nothing is there, and the next turn plans the very same."""
    office.put(alert("e-1"), alert("e-2", level="critical"))
    twin = Office(office.folder / "twin")
    twin.put(alert("e-1"), alert("e-2", level="critical"))
    with twin.registry.writing() as connection:
        connection.exec_driver_sql("UPDATE endpoint SET id = ?", (office.webhook,))
        connection.exec_driver_sql("UPDATE contact SET id = ?", (office.contact,))
    twin.plan(monday(hour=8))
    expected = twin.notices()
    twin.close()

    count = 0

    def fail(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == breaks_at:
            raise RegistryError("the disk is full")

    engine = office.store._database._writer
    event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(RegistryError, match="full"):
        office.plan(monday(hour=8))
    event.remove(engine, "before_cursor_execute", fail)
    assert office.notices() == []
    with office.store.reading() as connection:
        assert {each.state for each in book.alerts(connection)} == {"waiting"}
        assert book.digest_windows(connection) == {}

    office.plan(monday(hour=8))
    assert office.notices() == expected


def test_a_dry_run_sends_nothing_when_alerts_are_switched_on(office: Office) -> None:
    """What was composed stays so for good; what is new afterwards waits to be sent."""
    office.put(alert("e-1"))
    assert office.plan(monday(hour=8), dry_run=True) == 2
    assert office.kinds("dry-run") == ["at-once", "digest"]

    office.put(alert("e-2", MONDAY + DAY))
    for day, hour in product(range(1, 20), (1, 8)):
        office.plan(monday(day, hour))
    office.deliver(monday(20))

    sent = [each for each in office.notices() if each.state != "dry-run"]
    assert {told.enrolment for each in sent for told in each.content.alerts} == {"e-2"}
    assert office.kinds("dry-run") == ["at-once", "digest"]


def test_the_budget_of_a_partner_comes_from_the_registry(office: Office) -> None:
    """Given room for one alert a week, the message says that one is held back."""
    with office.registry.writing() as connection:
        given = Partner(id="p-1", name="Partner 1", weekly_budget=1)
        partners.put(connection, given, now=LONG_AGO, by="command-line")
    office.put(alert("e-1"), alert("e-2"))

    office.plan(monday(hour=8))

    assert {len(each.content.alerts) for each in office.notices()} == {1}
    assert {each.content.held_back for each in office.notices()} == {1}


def test_what_was_spent_counts_when_the_alert_is_over(office: Office) -> None:
    """An alert that was told on Monday and resolved on Tuesday has used the budget of the week."""
    with office.registry.writing() as connection:
        given = Partner(id="p-1", name="Partner 1", weekly_budget=1)
        partners.put(connection, given, now=LONG_AGO, by="command-line")
    office.put(alert("e-1"))
    office.plan(monday(hour=8))
    office.deliver(monday())
    office.change("e-1/2026-03-02", state="lapsed")
    office.put(alert("e-2", MONDAY + DAY))

    assert office.plan(monday(1, hour=8)) == 0
    assert office.plan(monday(7, hour=8)) == 2


@pytest.mark.parametrize(
    "change", [{"state": "resolved"}, {"state": "lapsed"}, {"state": "muted"}, {"partner": "p-2", "state": "waiting"}]
)
def test_what_does_not_hold_any_more_is_not_sent(office: Office, change: dict[str, Any]) -> None:
    """Given that it could not be delivered yet, and is resolved, muted, lapsed or another partner's now."""
    office.put(alert())
    office.plan(monday(hour=8))
    office.change("e-1/2026-03-02", state_since=monday(), **change)

    assert office.plan(monday(hour=9)) == 0

    assert office.kinds() == []
    assert {(each.state, each.error, each.settled_at) for each in office.notices()} == {
        ("cancelled", NO_LONGER_SO, monday(hour=9))
    }


def test_a_message_that_tells_of_something_still_so_is_sent(office: Office) -> None:
    """A digest of two, of which one was resolved: the other is to be told."""
    office.put(alert("e-1"), alert("e-2"))
    office.plan(monday(hour=8))
    office.change("e-1/2026-03-02", state="resolved", state_since=monday())

    office.plan(monday(hour=9))

    assert office.kinds() == ["at-once", "digest"]
    assert office.kinds("cancelled") == ["at-once"]


def test_a_message_that_was_cancelled_is_told_again_when_it_is_so_again(office: Office) -> None:
    """Nobody has received it: the flag is back, and the same message to the webhook waits again."""
    office.put(alert())
    office.plan(monday(hour=1))
    before = office.notices()
    office.change("e-1/2026-03-02", state="resolved", state_since=monday(hour=2))
    office.plan(monday(hour=2))
    office.change("e-1/2026-03-02", state="told", state_since=monday(hour=3))

    assert office.plan(monday(hour=3)) == 1

    [after] = office.notices()
    assert (after.id, after.state) == (before[0].id, "waiting")


def test_what_is_erased_while_a_turn_thinks_is_not_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program erases the participant between reading and writing: nothing is planned, then or later."""
    office.put(alert())
    whole = routing.route

    def raced(*given: Any) -> Any:
        with office.store.writing() as connection:
            forget(connection, ["e-1"], monday())
        return whole(*given)

    with monkeypatch.context() as race:
        race.setattr(routing, "route", raced)
        assert office.plan(monday(hour=8)) == 0

    assert office.plan(monday(hour=9)) == 0
    assert office.notices() == []


def test_the_whole_way_of_a_flag_that_toggles(office: Office, tmp_path: Path) -> None:
    """A hundred decisions that arrive within an hour, some at a time: one alert, and one message about it to each."""
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topic(RISK_TOPIC, 2)
        for number in range(100):
            decision = flag(MONDAY - 99 * DAY + number * DAY, "at-risk" if number % 2 else "on-track")
            log.append(RISK_TOPIC, [Record(b"person-1", message(decision))])
            if number % 7 == 0:
                now = monday(hour=8) + timedelta(seconds=36 * number)
                take_in(log, office.store, now)
                office.plan(now)
                office.deliver(now)

    with office.store.reading() as connection:
        assert len(book.alerts(connection)) == 1
    steps = [(each.receiver, told.step) for each in office.notices() for told in each.content.alerts]
    assert steps.count((office.contact, "first")) <= 1
    assert steps.count((office.webhook, "first")) <= 1
    assert len(steps) <= 4


def test_reading_every_decision_a_second_time_tells_nothing(office: Office, tmp_path: Path) -> None:
    """As after a rebuild that had sent its decisions once more: no alert, no message."""
    decisions = [message(flag(enrolment=f"e-{number}")) for number in range(10)]
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topic(RISK_TOPIC, 1)
        log.append(RISK_TOPIC, [Record(None, each) for each in decisions])
        take_in(log, office.store, monday(hour=8))
        assert office.plan(monday(hour=8)) == 11

        log.append(RISK_TOPIC, [Record(None, each) for each in decisions])
        assert take_in(log, office.store, monday(hour=9)) == 10
        assert office.plan(monday(hour=9)) == 0
