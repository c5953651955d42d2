"""What other systems may put on the log: nothing that has not happened yet, no days and no alerts."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from learning.events import Fact, UnreadableFactError, decode, encode
from learning.facts import AlertSent, DayStarted
from producers.admission import CLOCKS_APART, NotAdmittedError, check
from tests.builders import completed, enrolled, make

NOW = datetime(2025, 10, 6, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "fact",
    [
        completed("module-1", NOW),
        completed("module-1", NOW + CLOCKS_APART),
        completed("module-1", datetime(2000, 1, 1, tzinfo=UTC), recordedtime=NOW + CLOCKS_APART),
        enrolled(NOW.astimezone(timezone(timedelta(hours=14)))),
    ],
    ids=["now", "a clock a little ahead", "long ago", "another zone"],
)
def test_what_can_have_happened_is_admitted(fact: Fact) -> None:
    """Up to five minutes ahead, since clocks differ; any time ago; in any zone."""
    check(fact, NOW)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (completed("module-1", NOW + CLOCKS_APART + INSTANT), "time of fact"),
        (completed("module-1", NOW, recordedtime=NOW + CLOCKS_APART + INSTANT), "recordedtime of fact"),
        (completed("module-1", NOW + timedelta(days=9_000)), "in the future"),
        (make(DayStarted(day=date(2025, 10, 6)), NOW, enrolment="calendar"), "starts a day"),
        (make(DayStarted(day=date(2020, 1, 1)), NOW - timedelta(days=2_000), enrolment="calendar"), "starts a day"),
        (
            make(AlertSent(alert="a-1", notice="msg_1", step="first", channel="email", to="contact-1"), NOW),
            "only the dispatcher",
        ),
    ],
    ids=["just too late", "known too late", "years ahead", "today", "a day long ago", "an alert"],
)
def test_what_cannot_be_known_is_refused(fact: Fact, said: str) -> None:
    """A time that is more than five minutes ahead, every day, whichever it is, and that an alert was sent."""
    with pytest.raises(NotAdmittedError, match=said):
        check(fact, NOW)


def test_the_refusal_names_the_fact_and_both_times() -> None:
    """Whoever sent it sees by how much the clocks differ."""
    late = completed("module-1", NOW + timedelta(hours=1), id="sent-7")

    with pytest.raises(NotAdmittedError, match=r"fact sent-7 is 2025-10-06T13:00:00\+00:00.*2025-10-06T12:00:00"):
        check(late, NOW)


def test_times_before_the_years_there_are_never_become_a_fact() -> None:
    """They are refused as the fact is decoded, so nothing of them is left to check."""
    raw = encode(completed("module-1", datetime(2000, 1, 1, tzinfo=UTC))).replace(b"2000-01-01", b"1999-12-31")

    with pytest.raises(UnreadableFactError, match="between the years 2000"):
        decode(raw)
