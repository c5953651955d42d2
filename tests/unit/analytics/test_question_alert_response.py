"""Alerts that were sent: what followed each, how soon, and what may not be concluded from that."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest

from analytics.answer import Answer
from analytics.charts import draw
from analytics.filters import Filters
from analytics.questions.alert_response import COLUMNS, HORIZONS, STEPS, alert_response
from analytics.suppression import suppress_answer
from learning.calendar import uk_day
from learning.events import Fact
from learning.facts import ActivitySeen, AlertSent, ContactMade, FlagAcknowledged
from tests.analytics_kit import warehouse
from tests.builders import at, enrolled, make

SENT = uk_day(at(30))
LATER = uk_day(at(120))


def decisions(rows: Iterable[tuple[int, float, str, str | None]]) -> pd.DataFrame:
    """Decisions as the projections have them: enrolment, days after the alert, level, and what became of the flag."""
    made = [(f"e-{n}", SENT + timedelta(days=day), level, "on-track", change) for n, day, level, change in rows]
    return pd.DataFrame(made, columns=["enrolment", "day", "level", "previous_level", "change"])


def after(days: float) -> datetime:
    """So many days after the alerts were sent, at 09:00 UTC."""
    return at(30 + days)


def said(data: Any, days: float, number: int = 0) -> Fact:
    """A fact of a person, so many days after the alert."""
    return make(data, after(days), f"e-{number}", f"p-{number}")


def sent(number: int = 0, days: float = 0, step: Any = "first", alert: str | None = None) -> Fact:
    """A message about an alert that was accepted."""
    name = alert or f"e-{number}/2025-10-08"
    return said(AlertSent(alert=name, notice="msg_1", step=step, channel="email", to="contact-1"), days, number)


def acknowledged(days: float, number: int = 0) -> Fact:
    """Somebody took care of the flag."""
    return said(FlagAcknowledged(by="staff-1"), days, number)


def contact(days: float, number: int = 0) -> Fact:
    """Somebody tried to reach the person."""
    return said(ContactMade(channel="phone", outcome="no-answer", by="staff-1"), days, number)


def visit(days: float, number: int = 0) -> Fact:
    """The person was seen at work."""
    return said(ActivitySeen(), days, number)


def people(count: int) -> Iterator[Fact]:
    """So many enrolments."""
    for number in range(count):
        yield enrolled(at(-9), f"e-{number}", f"p-{number}")


def ask(
    facts: Iterable[Fact], flags: pd.DataFrame | None = None, as_of: date = LATER, filters: Filters | None = None
) -> Answer:
    """The answer for these facts and decisions."""
    at_risk = decisions((number, 0, "at-risk", "raised") for number in range(9))
    return alert_response(
        warehouse(facts, as_of=as_of, decisions=at_risk if flags is None else flags), filters or Filters()
    )


def within(answer: Answer, step: str, level: str = "at-risk") -> list[tuple[int, int]]:
    """How many of how many, for each horizon."""
    frame = answer.frame
    [found] = frame[(frame["step"] == step) & (frame["level"] == level)].to_dict("records")
    return [(found[f"within_{days}"], found[f"followed_{days}"]) for days in HORIZONS]


@pytest.fixture(scope="module")
def three() -> Answer:
    """Three alerts: all followed by everything, by an acknowledgement after eight days, and by nothing."""
    facts = [*people(3), sent(0), sent(1), sent(2)]
    facts += [acknowledged(1, 0), contact(6, 0), visit(20, 0), acknowledged(8, 1)]
    flags = [(number, 0, "at-risk", "raised") for number in range(3)]
    return ask(facts, decisions([*flags, (0, 27, "on-track", "cleared")]))


def test_every_step_is_counted_by_days(three: Answer) -> None:
    """Of each step, how many of the three alerts had it within 7, 14 and 28 days."""
    assert within(three, "acknowledged") == [(1, 3), (2, 3), (2, 3)]
    assert within(three, "contacted") == [(1, 3), (1, 3), (1, 3)]
    assert within(three, "resolved") == [(0, 3), (0, 3), (1, 3)]
    assert within(three, "came back") == [(0, 3), (0, 3), (1, 3)]


def test_the_finding_has_all_four_and_no_praise(three: Answer) -> None:
    """It says what followed, and the first note that this proves nothing of alerts."""
    assert three.finding == (
        "Within 7 days of 3 alerts, 33.3 % were acknowledged, 33.3 % were followed by a contact and 0.0 % were "
        "resolved; 0.0 % of the people came back, alert or not."
    )
    assert three.notes[0].startswith("This does not say whether alerts help")
    assert "nobody to compare with" in three.notes[0]


def test_what_was_done_before_the_alert_did_not_follow_it() -> None:
    """Also on the same day: only what comes after the message was accepted counts."""
    facts = [*people(1), sent(0), acknowledged(-0.1), contact(-1), visit(-0.1)]
    flags = decisions([(0, -3, "at-risk", "raised"), (0, -1, "on-track", "cleared"), (0, 0, "at-risk", "raised")])
    answer = ask(facts, flags)

    assert [within(answer, step)[2] for step in STEPS] == [(0, 1)] * 4


def test_reminders_belong_to_their_alert() -> None:
    """An alert counts once, from its first message, whoever was told of it later, and however often it is recorded."""
    facts = [*people(1), sent(0), sent(0), sent(0, 5, "reminder"), sent(0, 9, "escalation"), acknowledged(8)]

    assert within(ask([*facts, *facts]), "acknowledged") == [(0, 1), (1, 1), (1, 1)]


def test_another_flag_of_the_same_person_is_another_alert() -> None:
    """What follows the second follows the first too, later."""
    facts = [*people(1), sent(0), sent(0, 10, alert="e-0/2025-10-18"), contact(12)]

    assert within(ask(facts), "contacted") == [(1, 2), (2, 2), (2, 2)]


def test_that_a_flag_was_cleared_is_no_alert_by_itself() -> None:
    """A message that tells of that alone, as to an endpoint that was added meanwhile, tells nobody to act."""
    answer = ask([*people(1), sent(0, step="resolved")])

    assert answer.frame.empty


def test_recommended_withdrawals_are_left_out() -> None:
    """An alert about one asks for an answer, not for contact."""
    answer = ask([*people(1), sent(0, alert="e-0/withdrawal/2025-10-08")])

    assert answer.frame.empty
    assert answer.finding == "No alert was sent about anybody of this selection."
    assert answer.chart is None


@pytest.mark.parametrize(("days", "followed"), [(6, [0, 0, 0]), (7, [1, 0, 0]), (27, [1, 1, 0]), (28, [1, 1, 1])])
def test_an_alert_counts_once_it_has_been_followed_long_enough(days: int, followed: list[int]) -> None:
    """What was sent yesterday cannot have been without an answer for a week."""
    answer = ask([*people(1), sent(0)], as_of=SENT + timedelta(days=days))

    assert [of for _, of in within(answer, "acknowledged")] == followed


def test_alerts_that_are_too_new_are_said_to_be() -> None:
    """Where no alert has been followed for a week, there is no rate yet."""
    answer = ask([*people(2), sent(0), sent(1)], as_of=SENT + timedelta(days=3))

    assert answer.finding == "None of 2 alerts has been followed for 7 days yet."
    assert answer.chart is None


def test_the_level_is_that_of_the_day_it_was_sent() -> None:
    """What was decided later does not move an alert to another level; without decisions it is not known."""
    flags = decisions([(0, -9, "at-risk", "raised"), (0, 0, "critical", "changed"), (0, 3, "at-risk", "changed")])
    levels = ask([*people(2), sent(0), sent(1)], flags).frame.drop_duplicates("level")["level"]

    assert list(levels) == ["critical", "not known"]


def test_random_lives_are_counted_as_by_hand() -> None:
    """Doubled and shuffled, they give what is worked out alert by alert, by partner and level."""
    random = Random(3)
    facts: list[Fact] = []
    expected: Counter[tuple[str, str, str, int]] = Counter()
    alerts: Counter[tuple[str, str]] = Counter()
    flags = []
    for number in range(80):
        partner, level = random.choice(("partner-1", "partner-2")), random.choice(("at-risk", "critical"))
        facts += [enrolled(at(-9), f"e-{number}", f"p-{number}", partner=partner), sent(number)]
        flags.append((number, -1, level, "raised"))
        alerts[partner, level] += 1
        kinds: dict[str, Any] = {"acknowledged": acknowledged, "contacted": contact, "came back": visit}
        for step in STEPS:
            days = sorted(random.sample([*range(-9, 0), *range(1, 40)], random.randrange(3)))
            if step == "resolved":
                flags += [(number, day, "on-track", "cleared") for day in days if day > 0]
            else:
                facts += [kinds[step](day, number) for day in days]
            first = min((day for day in days if day > 0), default=99)
            for horizon in HORIZONS:
                expected[partner, level, step, horizon] += first < horizon
    facts *= 2
    random.shuffle(facts)

    frame = ask(facts, decisions(flags)).frame

    rows = frame.to_dict("records")
    assert {(row["partner"], row["level"]): row["alerts"] for row in rows} == dict(alerts)
    assert {
        (row["partner"], row["level"], row["step"], horizon): row[f"within_{horizon}"]
        for row in rows
        for horizon in HORIZONS
    } == {key: expected[key] for key in expected}


def test_filters_leave_others_out() -> None:
    """Only alerts about those who match are counted."""
    facts = [*people(2), enrolled(at(-9), "e-2", "p-2", partner="partner-2"), sent(0), sent(1), sent(2)]
    frame = ask(facts, filters=Filters(partner="partner-2")).frame

    assert set(frame["partner"]) == {"partner-2"}
    assert set(frame["alerts"]) == {1}


def test_small_groups_can_be_hidden(three: Answer) -> None:
    """Three alerts are too few to be shown outside."""
    hidden = suppress_answer(three)

    assert list(three.frame.columns) == list(COLUMNS)
    assert hidden.frame["suppressed"].all()
    assert hidden.frame["within_7"].isna().all()


def test_the_chart_can_be_drawn(three: Answer) -> None:
    """The chart shows every step and each of the three spans."""
    svg = draw(three, "svg").decode()

    assert [each for each in (*STEPS, "within 7 days", "within 28 days") if each not in svg] == []
