"""The queue: what is due is taken once, comes back when it was lost, and ends delivered, given up or cancelled."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerting import book, queue
from alerting.forgetting import forget
from alerting.model import Notice
from alerting.outcomes import ACCEPTED, Outcome
from alerting.queue import LEASE, Attempt, Settled
from alerting.retrying import WAITS
from alerting.store import AlertStore
from tests.delivery_kit import NOW, a_notice, an_alert, facts_left, found, later, put

FAILED = Outcome(result="failed", error="HTTP 500")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    """An empty alert book."""
    with AlertStore(tmp_path / "alerts.db") as opened:
        yield opened


def due(store: AlertStore, now: datetime) -> list[str]:
    """The messages that may be sent."""
    with store.reading() as connection:
        return [each.id for each in queue.due(connection, now)]


def claim(store: AlertStore, *ids: str, now: datetime = NOW) -> list[Notice]:
    """Take messages."""
    with store.writing() as connection:
        return queue.claim(connection, ids, now)


def settle(store: AlertStore, outcome: Outcome, *notices: Notice, at: datetime = NOW) -> list[Settled]:
    """Note the same outcome of messages."""
    with store.writing() as connection:
        return queue.settle(connection, [Attempt(each, outcome, at) for each in notices], lambda: 0.5)


def test_what_is_taken_is_nobody_elses_until_the_lease_ends(store: AlertStore) -> None:
    """A message is taken once; the dispatcher that took it may have died, so later it is due again."""
    put(store, a_notice(1, receiver="r"), a_notice(2, receiver="r", at=later(seconds=1)))
    assert due(store, NOW) == ["msg_1"]
    assert [each.id for each in claim(store, "msg_1", "msg_2")] == ["msg_1"]
    assert claim(store, "msg_1") == []
    assert due(store, NOW + LEASE - timedelta(seconds=1)) == ["msg_2"]
    assert due(store, NOW + LEASE) == ["msg_2", "msg_1"]


def test_what_was_only_composed_is_never_due(store: AlertStore) -> None:
    """Messages of a dry run stay where they are."""
    put(store, a_notice(1, receiver="r", state="dry-run"))
    assert due(store, later(days=99)) == []
    assert claim(store, "msg_1") == []


def test_a_delivered_message_leaves_a_fact_for_each_of_its_alerts(store: AlertStore) -> None:
    """In the transaction that marks it; delivered again, it leaves the same facts."""
    put(store, a_notice(1, an_alert(1), an_alert(2), receiver="r"))
    [taken] = claim(store, "msg_1")
    for _ in range(2):
        settle(store, ACCEPTED, taken)
        assert facts_left(store) == ["alert-sent/msg_1/e-1/2026-03-01", "alert-sent/msg_1/e-2/2026-03-01"]
    assert (found(store, "msg_1").state, found(store, "msg_1").settled_at) == ("delivered", NOW)


def test_a_message_that_fails_is_tried_by_the_schedule_and_then_given_up(store: AlertStore) -> None:
    """Each time later by the next wait; after the last it is dead and says why; no fact says that it was sent."""
    put(store, a_notice(1, receiver="r"))
    now = NOW
    for wait in WAITS:
        [taken] = claim(store, "msg_1", now=now)
        settle(store, FAILED, taken, at=now)
        assert due(store, now + wait - timedelta(seconds=1)) == []
        now += wait
        assert due(store, now) == ["msg_1"]
    [taken] = claim(store, "msg_1", now=now)
    settle(store, FAILED, taken, at=now)
    given_up = found(store, "msg_1")
    assert (given_up.state, given_up.attempts, given_up.error) == ("dead", len(WAITS) + 1, "HTTP 500")
    assert facts_left(store) == []


def test_what_is_refused_for_good_is_given_up_at_once(store: AlertStore) -> None:
    """A permanent refusal is not tried again."""
    put(store, a_notice(1, receiver="r"))
    settle(store, Outcome(result="refused", error="SMTP 550"), *claim(store, "msg_1"))
    assert found(store, "msg_1").state == "dead"


def test_an_endpoint_that_is_gone_gets_nothing_of_what_waits(store: AlertStore) -> None:
    """410 cancels all that waits for it, what is on its way too unless it arrives, and nothing of others."""
    put(store, *(a_notice(n, receiver="gone") for n in (1, 2, 3, 4)), a_notice(5, receiver="other"))
    first, second, third = claim(store, "msg_1", "msg_2", "msg_3")
    settle(store, Outcome(result="gone", error="HTTP 410"), first)
    settle(store, FAILED, second)
    settle(store, ACCEPTED, third)
    told = {number: found(store, f"msg_{number}").state for number in range(1, 6)}
    assert told == {1: "cancelled", 2: "cancelled", 3: "delivered", 4: "cancelled", 5: "waiting"}


def test_an_endpoint_that_cannot_keep_up_gets_nothing_for_a_while(store: AlertStore) -> None:
    """What waits for it waits longer, as it asks; what waits for others does not."""
    put(store, a_notice(1, receiver="slow"), a_notice(2, receiver="slow"), a_notice(3, receiver="other"))
    busy = Outcome(result="failed", error="HTTP 429", slow=True, asked=timedelta(minutes=10))
    settle(store, busy, *claim(store, "msg_1"))
    assert due(store, NOW) == ["msg_3"]
    assert due(store, later(minutes=10)) == ["msg_3", "msg_1", "msg_2"]


def test_a_mail_server_that_is_away_lets_all_mail_wait(store: AlertStore) -> None:
    """All email goes to one server, whoever it is for; webhooks are not its matter."""
    put(store, *(a_notice(n, receiver=f"contact-{n}", channel="email") for n in (1, 2)), a_notice(3, receiver="r"))
    settle(store, Outcome(result="failed", error="no mail server", slow=True), *claim(store, "msg_1"))
    assert due(store, NOW) == ["msg_3"]


def test_what_was_given_up_or_cancelled_can_be_sent_again(store: AlertStore) -> None:
    """Replayed, it is the same message with all its attempts; what waits, or arrived, or was never sent is left."""
    put(store, *(a_notice(n, receiver=f"r-{n}") for n in (1, 2, 3, 4)), a_notice(5, receiver="r", state="dry-run"))
    dead, gone, arrived = claim(store, "msg_1", "msg_2", "msg_3")
    settle(store, Outcome(result="refused"), dead)
    settle(store, Outcome(result="gone"), gone)
    settle(store, ACCEPTED, arrived)
    with store.writing() as connection:
        again = queue.replay(connection, [f"msg_{n}" for n in range(1, 7)], later(days=1))
    assert again == ["msg_1", "msg_2"]
    assert due(store, later(days=1)) == ["msg_4", "msg_1", "msg_2"]
    assert (found(store, "msg_1").attempts, found(store, "msg_1").error) == (0, None)
    assert found(store, "msg_1").content == dead.content


def test_nothing_is_told_of_who_was_erased_meanwhile(store: AlertStore) -> None:
    """A message that was on its way leaves no fact of them, and one that told of nobody else is not sent again."""
    put(store, a_notice(1, an_alert(1), an_alert(2), receiver="r"), a_notice(3, receiver="r"))
    taken, alone = claim(store, "msg_1", "msg_3")
    settle(store, Outcome(result="refused"), alone)
    with store.writing() as connection:
        forget(connection, ["e-1", "e-3"], NOW)
    settle(store, ACCEPTED, taken)
    assert facts_left(store) == ["alert-sent/msg_1/e-2/2026-03-01"]
    with store.writing() as connection:
        assert queue.replay(connection, ["msg_3"], NOW) == []


def test_messages_are_counted_by_their_state(store: AlertStore) -> None:
    """For pages and metrics."""
    put(store, *(a_notice(n, receiver="r") for n in (1, 2)), a_notice(3, receiver="r", state="dry-run"))
    settle(store, ACCEPTED, *claim(store, "msg_1"))
    with store.reading() as connection:
        assert queue.counts(connection) == {"waiting": 1, "delivered": 1, "dry-run": 1}
        assert len(book.notices(connection)) == 3
