"""What reaches the log of what Kafka's client has to say."""

import logging

from stream_processors.transports.client_logs import Seldom


def passes(seldom: Seldom, message: str, level: int = logging.ERROR) -> bool:
    """Whether a message about some node reaches the log."""
    return bool(seldom.filter(logging.LogRecord("aiokafka", level, "", 0, message, ("node",), None)))


def test_a_complaint_is_repeated_seldom() -> None:
    """The same complaint passes once in so many seconds, another one passes at once."""
    now = 100.0
    seldom = Seldom(30, lambda: now)

    assert passes(seldom, "away %s")
    assert not passes(seldom, "away %s")
    assert passes(seldom, "refused %s")
    now += 30
    assert passes(seldom, "away %s")


def test_what_is_no_complaint_always_passes() -> None:
    """Information is not held back; who does not want it sets the level."""
    seldom = Seldom(30, lambda: 0)

    assert all(passes(seldom, "joined %s", logging.INFO) for _ in range(3))


def test_a_rebalance_is_no_cause_for_alarm() -> None:
    """That a heartbeat meets a rebalance is how a worker learns of it."""
    assert not passes(Seldom(30), "Heartbeat failed for group %s because it is rebalancing", logging.WARNING)
