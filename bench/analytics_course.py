"""The facts of everybody on one course, drawn as whole columns, since the simulator would need hours for so many.

A course is a programme in an intake. The shape is the simulator's: people follow the plan in term a little early or
late, some go silent and withdraw, some defer and come back, partners send registers late and correct them. Times are
whole seconds since 1970, in UTC.
"""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.analytics_partners import Ints, Partners
from learning import facts
from learning.codes import COURSE_GROUPS, DeferralReason, WithdrawalReason
from learning.plan import Plan
from learning.programme import LIVE_KINDS
from producers.simulation.assessment import PASSES
from producers.simulation.care import MOVES_INTAKE, SIGNED_OFF
from producers.simulation.study import REOPENED, WRONG_REGISTER

Flags = npt.NDArray[np.bool_]
Tell = Callable[..., None]
"""Takes down facts of one type: who, when they happened, when they became known, and the columns of their data."""

DAY, HOUR = 86_400, 3_600
NEVER = 10_000
"""A study week that does not come."""

NEVER_START, PAUSE, CATCH_UP = 0.02, 0.05, 0.5
"""Shares: of people who never begin, of people who defer, and of missed sessions that are caught up on."""

_WEEKS_TO_PAUSE_IN = 16
_AUGUST, _SATURDAY = 8, 5
_EPOCH = 719_163
"""The ordinal of 1 January 1970."""
_WEEKDAYS = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6])
_CHANNELS = np.array(["email", "email", "phone", "phone", "message", "letter"])
_WORDS = ["absent", "attended", "caught-up"]
_ANSWERS = np.array(["reached", "reached", "message-left", "no-answer"])
_DONE_AGAIN_WEEKS = 3
_SILENT_WEEKS = 12
"""How long registers are still kept of who has gone silent."""


class Course:
    """Everybody on one programme in one intake; the methods tell what they did, in no order."""

    def __init__(
        self,
        plan: Plan,
        people: Ints,
        partners: Partners,
        random: np.random.Generator,
        *,
        later: Plan | None,
        tell: Tell,
    ) -> None:
        self._plan, self._later = plan, later
        self._random, self._partners, self._told = random, partners, tell
        self.people = people
        self.provider = plan.programme.provider.lower().replace(" ", "-")
        count = len(people)
        share = partners.size / partners.size.sum()
        self.partner = random.choice(len(partners.codes), count, p=share)
        due = [component for _, component in plan.due]
        self._components = [each.id for each in due]
        self._is_live = np.array([each.kind in LIVE_KINDS for each in due])
        mondays = [end.toordinal() - 6 - _EPOCH for end in plan.week_ends]
        self._mondays = np.array(mondays + [mondays[-1] + 7 * week for week in range(1, 200)])
        self._weeks = plan.weeks
        self._due_weeks = np.searchsorted(
            [end.toordinal() for end in plan.week_ends], [day.toordinal() for day, _ in plan.due]
        )
        self._lag = random.integers(-1, 3, count)
        self._diligence = 1 - random.beta(1, 24, count)
        hazard = 0.0035 * partners.losing[self.partner]
        self._leaves = np.where(random.random(count) < NEVER_START, 0, random.geometric(hazard))
        self._leaves[self._leaves >= self._weeks] = NEVER
        self._defers = np.full(count, NEVER)
        pausing = (random.random(count) < PAUSE) & (self._leaves == NEVER) & (self._weeks > _WEEKS_TO_PAUSE_IN)
        self._defers[pausing] = random.integers(6, max(7, self._weeks - 8), pausing.sum())
        self._away = random.integers(10, 37, count)

    def tell(self) -> None:
        """Tell everything of everybody."""
        self._enrol()
        gained = self._study()
        self._attend(gained)
        self._leave()
        self._pause()
        self._move()
        self._assess(gained)

    def _tell(
        self, data: type[facts.Data], who: Ints, happened: Ints, recorded: Ints | None = None, **columns: Any
    ) -> None:
        """Tell one type of fact; `who` are places in `people`, texts may be the same for all."""
        said = {
            name: each if isinstance(each, pd.Categorical) else pd.Categorical(np.broadcast_to(each, len(who)))
            for name, each in columns.items()
            if each is not None
        }
        self._told(data, self.people[who], happened, happened if recorded is None else recorded, said)

    def _at(self, weeks: Ints, who: Ints) -> Ints:
        """The first second of study weeks (from 0) of people, moved on for who has come back from a deferral."""
        moved = np.where(weeks >= self._defers[who], 7 * self._away[who], 0)
        monday: Ints = (self._mondays[np.clip(weeks, 0, len(self._mondays) - 1)] + moved) * DAY
        return monday

    def _office(self, size: int) -> Ints:
        return self._random.integers(9 * HOUR, 17 * HOUR, size)

    def _some(self, share: float, among: Flags | None = None) -> Ints:
        drawn = self._random.random(len(self.people)) < share
        return np.flatnonzero(drawn if among is None else drawn & among)

    def _enrol(self) -> None:
        count = len(self.people)
        first = (self._plan.intake.start.toordinal() - _EPOCH) * DAY
        days = -self._random.integers(3, 29, count)
        late = self._some(0.04)
        days[late] = self._random.integers(0, 14, len(late))
        programme = self._plan.programme
        group = COURSE_GROUPS.get(programme.course) if programme.course else None
        season = "autumn" if self._plan.intake.start.month >= _AUGUST else "spring"
        self._tell(
            facts.Enrolled,
            np.arange(count),
            first + days * DAY + self._office(count),
            programme=programme.id,
            intake=self._plan.intake.id,
            provider=self.provider,
            partner=self._partners.codes[self.partner],
            cohort=self._plan.intake.cohort,
            schedule=f"npq-{group}-{season}" if group in {"leadership", "specialist"} else None,
        )

    def _study(self) -> Ints:
        """Tell what was done in one's own time; answer how much each has done for good by the deadline."""
        own = np.flatnonzero(~self._is_live)
        shape = (len(self.people), len(own))
        weeks = self._due_weeks[own] + self._lag[:, None] + self._random.geometric(0.75, shape) - 1
        weeks = np.maximum(weeks, 0)
        who, what = np.nonzero(
            (weeks < self._leaves[:, None]) & (self._random.random(shape) < self._diligence[:, None])
        )
        weeks = weeks[who, what]
        weekday = self._random.choice(_WEEKDAYS, len(who))
        hours = np.where(weekday < _SATURDAY, 17, 10) * HOUR + self._random.integers(0, 4 * HOUR, len(who))
        happened = self._at(weeks, who) + weekday * DAY + hours
        components = self._named(own[what])
        self._tell(facts.ComponentCompleted, who, happened, component=components)
        again = self._random.random(len(who)) < REOPENED
        self._reopen(who[again], happened[again], components[again])
        in_time = happened < (self._plan.deadline.toordinal() - _EPOCH) * DAY
        return np.bincount(who[in_time & ~again], minlength=len(self.people))

    def _reopen(self, who: Ints, happened: Ints, components: "pd.Categorical[str]") -> None:
        midnight = happened // DAY * DAY
        taken_back = midnight + 7 * DAY + self._office(len(who))
        reason = self._random.choice(["recorded-in-error", "standard-not-met"], len(who))
        self._tell(facts.ComponentReopened, who, taken_back, component=components, reason=reason)
        done = midnight + 7 * _DONE_AGAIN_WEEKS * DAY + 18 * HOUR
        self._tell(facts.ComponentCompleted, who, done, component=components)

    def _attend(self, gained: Ints) -> None:
        """Tell the registers of live sessions, late and wrong ones included; add what was attended to `gained`."""
        live = np.flatnonzero(self._is_live)
        partners = self._partners
        weeks = np.broadcast_to(self._due_weeks[live], (len(self.people), len(live)))
        who, what = np.nonzero(weeks < self._leaves[:, None] + _SILENT_WEEKS)
        partner, weeks = self.partner[who], weeks[who, what]
        day = self._at(weeks, who) + partners.weekday[partner] * DAY
        held = day + partners.hour[partner] * HOUR
        recorded = held + self._late((len(partners.codes), len(live)))[partner, what]
        recorded += self._random.integers(0, 300, len(who))
        present = self._random.random(len(who)) < 0.9 * partners.attendance[partner]
        present &= weeks < self._leaves[who]
        components = self._named(live[what])
        wrong = np.flatnonzero(self._random.random(len(who)) < WRONG_REGISTER)
        self._register(who[wrong], held[wrong], recorded[wrong], components[wrong], 1 - present[wrong])
        recorded[wrong] += self._random.integers(2, 21, len(wrong)) * DAY
        self._register(who, held, recorded, components, present.astype(int))
        caught_up = self._random.random(len(who)) < CATCH_UP
        caught = np.flatnonzero(~present & (weeks < self._leaves[who]) & caught_up)
        later = day[caught] + self._random.integers(3, 25, len(caught)) * DAY + 18 * HOUR
        known = np.maximum(later, recorded[caught] + 60)
        self._register(who[caught], later, known, components[caught], np.full(len(caught), 2))
        in_time = present & (held < (self._plan.deadline.toordinal() - _EPOCH) * DAY)
        np.add(gained, np.bincount(who[in_time], minlength=len(gained)), out=gained)

    def _register(self, who: Ints, held: Ints, recorded: Ints, components: "pd.Categorical[str]", word: Ints) -> None:
        attendance = _named(word, _WORDS)
        self._tell(facts.AttendanceRecorded, who, held, recorded, component=components, attendance=attendance)

    def _named(self, components: Ints) -> "pd.Categorical[str]":
        return _named(components, self._components)

    def _late(self, shape: tuple[int, int]) -> Ints:
        """How many seconds after a session each partner sends the register of it."""
        random, partners = self._random, self._partners
        days = np.minimum(10, 1 + random.exponential(partners.days_late[:, None], shape).astype(int))
        same_day = random.random(shape) < partners.prompt[:, None]
        return np.where(same_day, random.integers(2 * HOUR, 4 * HOUR, shape), days * DAY)

    def _staff(self, who: Ints, role: str) -> npt.NDArray[np.str_]:
        return np.char.add(self._partners.codes[self.partner[who]], f"/{role}")

    def _contact(self, who: Ints, week: Ints) -> None:
        happened = self._at(week, who) + self._random.integers(0, 5, len(who)) * DAY + self._office(len(who))
        channel, outcome = (self._random.choice(each, len(who)) for each in (_CHANNELS, _ANSWERS))
        adviser = self._staff(who, "adviser-1")
        self._tell(facts.ContactMade, who, happened, channel=channel, outcome=outcome, by=adviser)

    def _leave(self) -> None:
        """Tell of contacts with the silent and the slow, and of withdrawals."""
        gone = self._leaves < NEVER
        slow = self._some(0.15)
        self._contact(slow, self._random.integers(2, max(3, self._weeks), len(slow)))
        for later in (3, 5, 8):
            silent = self._some(0.6, gone)
            self._contact(silent, self._leaves[silent] + later)
        leaving = self._some(0.75, gone)
        weeks = self._leaves[leaving] + self._random.integers(9, 15, len(leaving))
        recommended = self._at(weeks, leaving) + self._office(len(leaving))
        reason = self._random.choice(get_args(WithdrawalReason), len(leaving))
        staff = self._staff(leaving, "lead")
        self._tell(facts.WithdrawalRecommended, leaving, recommended, reason=reason, by=f"{self.provider}/staff-1")
        signed = self._random.random(len(leaving)) < SIGNED_OFF
        effective = (self._at(self._leaves[leaving], leaving) // DAY - 1).astype("datetime64[D]").astype(str)
        self._tell(
            facts.Withdrawn,
            leaving[signed],
            (recommended + self._random.integers(10, 43, len(leaving)) * DAY)[signed],
            reason=reason[signed],
            effective=effective[signed],
            signed_off_by=staff[signed],
        )

    def _pause(self) -> None:
        """Tell of deferrals, of returns, and of who joins the next intake then."""
        who = np.flatnonzero(self._defers < NEVER)
        asked = self._mondays[self._defers[who]] * DAY - 20 * DAY + self._office(len(who))
        reason = self._random.choice(get_args(DeferralReason), len(who))
        back = (self._mondays[self._defers[who]] + 7 * self._away[who]) * DAY
        expected = (back // DAY).astype("datetime64[D]").astype(str)
        staff = self._staff(who, "lead")
        self._tell(facts.DeferralRequested, who, asked, reason=reason)
        granted = asked + self._random.integers(3, 13, len(who)) * DAY
        self._tell(facts.Deferred, who, granted, reason=reason, expected_return=expected, granted_by=staff)
        self._tell(facts.Resumed, who, back + 10 * HOUR)
        if self._later is not None:
            some = self._random.random(len(who)) < MOVES_INTAKE
            intake = self._later.intake
            self._tell(facts.Transferred, who[some], back[some] + 11 * HOUR, intake=intake.id, cohort=intake.cohort)

    def _move(self) -> None:
        """Tell of moves to another partner and of merged ids."""
        moving = self._some(0.02, self._leaves == NEVER)
        when = self._at(self._random.integers(4, max(5, self._weeks), len(moving)), moving) + self._office(len(moving))
        codes = self._random.choice(self._partners.codes, len(moving))
        self._tell(facts.Transferred, moving, when, partner=codes)
        merged = self._some(0.003, self._leaves == NEVER)
        when = self._at(self._random.integers(4, max(5, self._weeks), len(merged)), merged) + self._office(len(merged))
        ids: Sequence[str] = [f"p-{number:07}" for number in self.people[merged] + 2_000_000]
        old = [f"p-{number:07}" for number in self.people[merged]]
        self._tell(facts.ParticipantMerged, merged, when, into=np.array(ids, str), retired=np.array(old, str))

    def _assess(self, gained: Ints) -> None:
        """Tell how those were assessed who reached the gate by the deadline, twice where the first attempt failed."""
        programme = self._plan.programme
        component = next((each.id for each in programme.components if not each.counts), None)
        if component is None or programme.gate_points is None:
            return
        who = np.flatnonzero((gained >= programme.gate_points) & (self._leaves == NEVER) & (self._defers == NEVER))
        opens = self._mondays[self._weeks - 1] + 28
        for attempt in (1, 2):
            closes, count = opens + 7, len(who)
            window = [str(np.datetime64(int(day), "D")) for day in (opens, closes)]
            entered = (opens - 9) * DAY + self._office(count)
            self._tell(facts.AssessmentEntered, who, entered, attempt=str(attempt), opens=window[0], closes=window[1])
            handed_in = (closes - self._random.integers(0, 4, count)) * DAY + 19 * HOUR
            self._tell(
                facts.AssessmentSubmitted, who, handed_in, component=component, attempt=str(attempt), banked="false"
            )
            marked = (closes + self._random.integers(21, 43, count)) * DAY + self._office(count)
            outcome = np.where(self._random.random(count) < PASSES, "passed", "failed")
            self._tell(facts.AssessmentMarked, who, marked, attempt=str(attempt), outcome=outcome)
            who, opens = who[outcome == "failed"], opens + 70


def _named(codes: Ints, names: list[str]) -> "pd.Categorical[str]":
    return pd.Categorical.from_codes(codes, pd.Index(names))
