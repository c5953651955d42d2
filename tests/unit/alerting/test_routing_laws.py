"""Laws of routing over drawn weeks: whoever there is to tell, whatever is decided, answered and switched meanwhile.

The laws are stated over the messages alone, by an almanac and rules written out here once more.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from alerting.model import Notice
from registry.contacts import Contact
from registry.endpoints import Endpoint
from tests.alert_kit import Weeks, contact, endpoint, flag, uk

UK = ZoneInfo("Europe/London")
FIRST = date(2026, 3, 23)
"""A Monday one week before the Easter holiday."""

LAST = date(2026, 5, 8)
"""A Friday four weeks after it."""

BANK_HOLIDAYS = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4)}
EASTER_HOLIDAY = {date(2026, 3, 30) + timedelta(days=number) for number in range(14)}
HOURS = (0, 7, 10, 16, 22)
"""When it is looked what is to be told; by a clock in the UK."""

NOISE_ENDS = date(2026, 4, 18)
"""Nothing is decided or answered after it, so that by the last day all is told that is going to be."""

LEVELS = ("on-track", "at-risk", "critical")
PROGRAMMES = ("a/one", "b/two")

WISHES = st.fixed_dictionaries(
    {
        "partner": st.sampled_from(["p-1", "p-1", "p-1", "p-2", None]),
        "programmes": st.sampled_from([(), (), ("a/one",), ("b/two",)]),
        "level": st.sampled_from(["at-risk", "at-risk", "critical"]),
    }
)
CONTACTS = st.builds(
    lambda common, more: {**common, **more},
    WISHES,
    st.fixed_dictionaries(
        {
            "place": st.integers(1, 3),
            "digest": st.sampled_from(["daily", "weekly"]),
            "weekday": st.integers(0, 6),
            "hour": st.sampled_from([0, 7, 9, 15, 21]),
            "at_once": st.booleans(),
            "quiet_from": st.sampled_from([18, 21, 0]),
            "quiet_until": st.sampled_from([6, 9, 0]),
            "unsubscribed_at": st.sampled_from([None, None, uk(FIRST)]),
        }
    ),
)
ENDPOINTS = st.builds(
    lambda common, channel: {**common, "channel": channel}, WISHES, st.sampled_from(["webhook", "chat"])
)
HAPPENINGS = st.lists(
    st.tuples(
        st.integers(0, (NOISE_ENDS - FIRST).days),
        st.integers(1, 4),
        st.sampled_from([*LEVELS, *LEVELS, "critical", "acknowledged", "muted", "unmuted", "p-2"]),
    ),
    min_size=8,
    max_size=30,
)


class Told:
    """A run of weeks: every message, and where each alert stood when the message was planned."""

    def __init__(
        self, receivers: list[Contact | Endpoint], happenings: list[tuple[int, int, str]], budget: int
    ) -> None:
        self.weeks = Weeks(*receivers, budgets={"p-1": budget, "p-2": budget})
        self.budget = budget
        self.stood: list[dict[str, tuple[str, str]]] = []
        by_day = defaultdict(list)
        for day, enrolment, what in happenings:
            by_day[FIRST + timedelta(days=day)].append((f"e-{enrolment}", what))
        days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
        for day, hour in product(days, HOURS):
            now = uk(day, hour)
            for enrolment, what in by_day.pop(day, ()):
                self._happen(enrolment, what, now)
            before = {each.id: (each.state, each.partner) for each in self.weeks.alerts.values()}
            self.stood += [before] * len(self.weeks.turn(now))

    def _happen(self, enrolment: str, what: str, now: datetime) -> None:
        weeks = self.weeks
        mine = [each for each in weeks.alerts.values() if each.enrolment == enrolment]
        if what in LEVELS:
            number = int(enrolment[-1])
            where = {"partner": "p-2" if number == 4 else "p-1", "programme": PROGRAMMES[number % 3 % 2]}
            weeks.decide(flag(now.astimezone(UK).date(), what, enrolment, **where), now)  # type: ignore[arg-type]
            return
        for each in (each for each in mine if each.state not in {"resolved", "lapsed"}):
            untold: dict[str, Any] = {"told_at": None, "last_told_at": None, "escalations": 0}
            changes: dict[str, dict[str, Any]] = {
                "acknowledged": {"state": "acknowledged"},
                "muted": {"state": "muted"},
                "unmuted": {"state": "told" if each.told_at else "waiting"} if each.state == "muted" else {},
                "p-2": {"partner": "p-2", "state": "waiting", **untold} if each.partner != "p-2" else {},
            }
            if changes[what]:
                weeks.change(each.id, **changes[what], state_since=now)

    @property
    def notices(self) -> list[Notice]:
        """Every message."""
        return self.weeks.notices


@st.composite
def runs(draw: st.DrawFn) -> Told:
    """Any receivers, happenings and budget."""
    people = [
        contact(f"c-{number}", **each) for number, each in enumerate(draw(st.lists(CONTACTS, min_size=1, max_size=4)))
    ]
    systems = [endpoint(f"w-{number}", **each) for number, each in enumerate(draw(st.lists(ENDPOINTS, max_size=2)))]
    return Told([*people, *systems], draw(HAPPENINGS), draw(st.integers(0, 3)))


@given(runs())
def test_nobody_is_told_twice_of_the_same_in_the_same_step(told: Told) -> None:
    """Of an alert, a receiver gets each step once while it is one partner's; a first message again once critical."""
    seen: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for notice in told.notices:
        for each in notice.content.alerts:
            seen[notice.partner, notice.receiver, each.alert, each.step].append(each.level)

    for (*_, step), levels in seen.items():
        assert len(levels) == 1 or (step == "first" and levels == ["at-risk", "critical"])
    assert len({notice.id for notice in told.notices}) == len(told.notices)


@given(runs())
def test_the_budget_of_a_week_is_never_exceeded(told: Told) -> None:
    """Counted by hand: the alerts whose first word, or first word as critical, went out in the week."""
    new: dict[tuple[str, date], int] = defaultdict(int)
    known: set[tuple[str, str]] = set()
    critical: set[tuple[str, str]] = set()
    for notice in told.notices:
        day = notice.planned_at.astimezone(UK).date()
        for each in notice.content.alerts:
            about = (notice.partner, each.alert)
            if each.step == "first" and (about not in known or (each.level == "critical" and about not in critical)):
                new[notice.partner, day - timedelta(days=day.weekday())] += 1
                known.add(about)
                critical |= {about} if each.level == "critical" else set()

    assert all(count <= told.budget for count in new.values())


@given(runs())
def test_nobody_is_disturbed(told: Told) -> None:
    """No mail in quiet hours, at weekends and on bank holidays; none that can wait outside term; no chat at night."""
    for notice in told.notices:
        local = notice.planned_at.astimezone(UK)
        if notice.channel == "webhook":
            continue
        assert local.weekday() < 5
        assert local.date() not in BANK_HOLIDAYS
        receiver: Any = told.weeks.receivers[notice.receiver]
        if notice.channel == "chat":
            assert 7 <= local.hour < 19
            continue
        hours = [hour % 24 for hour in range(receiver.quiet_from, receiver.quiet_until + 24)]
        quiet = (
            set()
            if receiver.quiet_from == receiver.quiet_until
            else set(hours[: (receiver.quiet_until - receiver.quiet_from) % 24])
        )
        assert local.hour not in quiet
        if notice.kind != "at-once":
            assert local.date() not in EASTER_HOLIDAY


@given(runs())
def test_there_is_one_digest_a_day_at_most(told: Told) -> None:
    """For each contact and partner; of a weekly one at most one a week, and one more that was made up."""
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    for notice in told.notices:
        if notice.kind == "digest":
            days[notice.receiver, notice.partner].append(notice.planned_at.astimezone(UK).date())

    for found in days.values():
        assert len(found) == len(set(found))


@given(runs())
def test_only_what_is_open_and_unanswered_is_told(told: Told) -> None:
    """Nothing of what is muted, acknowledged or another partner's, and of what is resolved only that."""
    for notice, stood in zip(told.notices, told.stood, strict=True):
        for each in notice.content.alerts:
            state, partner = stood[each.alert]
            assert partner == notice.partner
            assert (state == "resolved") == (each.step == "resolved")
            assert state in {"waiting", "held-back", "told", "resolved"}


@given(runs())
def test_only_who_wants_it_is_told(told: Told) -> None:
    """Programme, level and partner fit; who has unsubscribed is told of nothing but what others left unanswered."""
    for notice in told.notices:
        receiver: Any = told.weeks.receivers[notice.receiver]
        assert receiver.partner in {None, notice.partner}
        for each in notice.content.alerts:
            assert not receiver.programmes or each.programme in receiver.programmes
            if each.step != "resolved":
                assert receiver.level == "at-risk" or each.level == "critical"
            if getattr(receiver, "unsubscribed_at", None):
                assert each.step == "escalation"


@given(runs())
def test_every_open_alert_is_told_in_the_end_or_held_back(told: Told) -> None:
    """At the end, what waits has nobody who is to be told, and what is held back has a budget that is spent."""
    told_of = {each.alert for notice in told.notices for each in notice.content.alerts}
    for alert in told.weeks.alerts.values():
        wanting = [each for each in told.weeks.receivers.values() if _wants(each, alert.programme, alert.level)]
        covering = [each for each in told.weeks.receivers.values() if _wants(each, alert.programme, "critical")]
        here = [each for each in wanting if each.partner == alert.partner and not _is_unsubscribed(each)]
        systems = [each for each in wanting if isinstance(each, Endpoint) and each.partner is None]
        if alert.state == "waiting":
            assert not here
            assert not systems
            by_wish = [each for each in covering if each.partner == alert.partner and not _is_unsubscribed(each)]
            further = [each for each in wanting if isinstance(each, Contact) and each.partner in {None, alert.partner}]
            assert by_wish or not further
        elif alert.state == "held-back":
            assert here or systems
            assert told.budget == 0 or _spent(told, alert.partner) == told.budget
        elif alert.state == "told":
            assert alert.id in told_of


@given(runs(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_looked_at_makes_no_difference(told: Told, random: Random) -> None:
    """Receivers in another order: at the moment after the run, and a week later, the same messages are planned."""
    shuffled = list(told.weeks.receivers.items())
    random.shuffle(shuffled)
    before = told.weeks.receivers
    for now in (uk(LAST, 9), uk(LAST + timedelta(days=10), 9)):
        told.weeks.receivers = before
        plan = told.weeks.look(now)
        told.weeks.receivers = dict(shuffled)
        again = told.weeks.look(now)

        assert sorted(plan.notices, key=lambda each: each.id) == sorted(again.notices, key=lambda each: each.id)
        assert plan.alerts == again.alerts


@given(runs())
def test_looking_again_at_the_same_moment_tells_nothing_more(told: Told) -> None:
    """A turn leaves nothing for another at the same moment."""
    now = uk(LAST, 9)
    told.weeks.turn(now)

    assert told.weeks.turn(now) == []


def _wants(receiver: Contact | Endpoint, programme: str, level: str) -> bool:
    return programme in (receiver.programmes or PROGRAMMES) and level in {receiver.level, "critical"}


def _is_unsubscribed(receiver: Contact | Endpoint) -> bool:
    return isinstance(receiver, Contact) and receiver.unsubscribed_at is not None


def _spent(told: Told, partner: str) -> int:
    """How many alerts a partner was told of first in the last week."""
    monday = LAST - timedelta(days=LAST.weekday())
    seen: dict[tuple[str, bool], date] = {}
    for notice in told.notices:
        for each in notice.content.alerts:
            if notice.partner == partner and each.step == "first":
                day = notice.planned_at.astimezone(UK).date()
                seen.setdefault((each.alert, each.level == "critical"), day)
    return sum(
        day >= monday and (is_critical or (about, True) not in seen or seen[about, True] >= day)
        for (about, is_critical), day in seen.items()
    )
