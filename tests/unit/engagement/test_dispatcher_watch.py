"""What a dispatcher shows of itself: healthy while its turns come to an end, and counts without anybody's id."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from alerting.dispatcher import Turn
from alerting.store import AlertStore
from engagement.dispatcher_metric_names import METRICS
from engagement.dispatcher_watch import PATIENCE_SECONDS, DispatcherWatch
from tests.delivery_kit import a_notice, put

EVERY = 10.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    """An alert book with a message that waits."""
    with AlertStore(tmp_path / "alerts.db") as opened:
        put(opened, a_notice(1, receiver="r"))
        yield opened


def test_it_is_healthy_while_turns_come_to_an_end(store: AlertStore) -> None:
    """Turns that break off do not count; one that is done makes it healthy again."""
    now = [0.0]
    watch = DispatcherWatch(store, EVERY, clock=lambda: now[0])
    health = watch.pages()["/healthz"]
    now[0] = EVERY + PATIENCE_SECONDS
    watch.note(None)
    assert health("").status == 200
    now[0] += 1
    assert health("").status == 503
    watch.note(Turn())
    assert health("").status == 200


def test_it_counts_turns_and_messages(store: AlertStore) -> None:
    """By what became of them, under the names that the reference has."""
    watch = DispatcherWatch(store, EVERY)
    watch.note(Turn(decisions=4, delivered=2, failed=1))
    watch.note(None)
    text = watch.pages()["/metrics"]("").body.decode()
    for line in (
        'engagement_alert_turns_total{ended="done"} 1.0',
        'engagement_alert_turns_total{ended="broken-off"} 1.0',
        "engagement_alert_decisions_total 4.0",
        'engagement_alert_attempts_total{result="delivered"} 2.0',
        'engagement_alert_attempts_total{result="failed"} 1.0',
        'engagement_alert_messages{state="waiting"} 1.0',
    ):
        assert line in text
    assert all(each.name.removesuffix("_total") in text for each in METRICS)


def test_it_answers_over_http_where_it_is_asked_to(store: AlertStore, capfd: pytest.CaptureFixture[str]) -> None:
    """On a port of its own; without one nothing listens."""
    watch = DispatcherWatch(store, EVERY)
    with watch.answering("127.0.0.1", None):
        pass
    with watch.answering("127.0.0.1", 0) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
        connection.close()
    assert "Traceback" not in capfd.readouterr().err
