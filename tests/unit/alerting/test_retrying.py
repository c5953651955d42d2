"""When messages are tried again: for about three days, spread by chance, and as receivers ask."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.retrying import JITTER, LONGEST_ASKED, LONGEST_SLOWED, WAITS, asked_wait, next_attempt, slowed_until

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHANCES = st.floats(0, 1, exclude_max=True)


def schedule(chance: float) -> list[datetime]:
    """All attempts at a message that nobody takes."""
    attempts = [NOW]
    while again := next_attempt(len(attempts), attempts[-1], lambda: chance):
        attempts.append(again)
    return attempts


@given(CHANCES)
def test_a_message_that_nobody_takes_is_tried_for_about_three_days(chance: float) -> None:
    """At least eight attempts over at least 27 hours whatever chance says, and then no more."""
    attempts = schedule(chance)
    assert len(attempts) == len(WAITS) + 1 >= 8
    assert timedelta(hours=27) <= timedelta(hours=57) <= attempts[-1] - NOW <= timedelta(hours=87)


@given(CHANCES)
def test_each_wait_is_that_of_the_schedule_give_or_take_a_fifth(chance: float) -> None:
    """What failed together is spread by up to 20 per cent of the wait, earlier or later."""
    attempts = schedule(chance)
    for wait, before, after in zip(WAITS, attempts, attempts[1:], strict=False):
        assert abs((after - before) / wait - 1) <= JITTER + 1e-6


def test_waits_grow() -> None:
    """The longer something does not work, the more rarely it is tried."""
    assert list(WAITS) == sorted(WAITS)


@given(st.integers(1, len(WAITS)), st.timedeltas(timedelta(), timedelta(days=400)), CHANCES)
def test_what_a_receiver_asks_for_is_honoured_up_to_a_day(attempts: int, asked: timedelta, chance: float) -> None:
    """Never sooner than asked, but for what is longer than the cap; never later than asked and the schedule say."""
    again = next_attempt(attempts, NOW, lambda: chance, asked)
    plain = next_attempt(attempts, NOW, lambda: chance)
    assert again is not None
    assert plain is not None
    assert again == max(plain, NOW + min(asked, LONGEST_ASKED))


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta()),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), timedelta(minutes=5)),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), timedelta()),
        ("9" * 400, LONGEST_ASKED),
        (format_datetime(NOW + timedelta(days=300), usegmt=True), LONGEST_ASKED),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("-1 Jan 99999999999999999999 0:0", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_both_forms_of_retry_after_are_read(header: str | None, wait: timedelta | None) -> None:
    """Seconds and dates, capped at a day; nonsense asks for nothing."""
    assert asked_wait(header, NOW) == wait


@given(st.text(max_size=40))
def test_no_header_breaks_the_dispatcher(header: str) -> None:
    """Whatever a receiver writes, the wait is none or within a day."""
    wait = asked_wait(header, NOW)
    assert wait is None or timedelta() <= wait <= LONGEST_ASKED


def test_an_endpoint_that_cannot_keep_up_rests_as_long_as_what_it_refused_but_not_for_days() -> None:
    """An old message that waits for hours does not hold fresh ones up for as long; what is asked for does."""
    assert slowed_until(NOW, NOW + timedelta(seconds=5)) == NOW + timedelta(seconds=5)
    assert slowed_until(NOW, NOW + timedelta(hours=10)) == NOW + LONGEST_SLOWED
    assert slowed_until(NOW, None) == NOW + LONGEST_SLOWED
    assert slowed_until(NOW, NOW + timedelta(seconds=5), timedelta(hours=1)) == NOW + timedelta(hours=1)
