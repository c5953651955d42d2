"""What the simulator promises: the same bytes again, nothing out of order, and patterns that can be believed."""

import hashlib
import re
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.calendar import UK, uk_day
from learning.curriculum import Curriculum, UnknownProgrammeError
from learning.events import FACT_TYPES, Fact, decode, encode
from learning.facts import (
    ActivitySeen,
    AlertSent,
    AlertsMuted,
    AssessmentEntered,
    AssessmentMarked,
    AttendanceRecorded,
    ComponentCompleted,
    ContactMade,
    DayStarted,
    DeferralRequested,
    Deferred,
    Enrolled,
    ParticipantErased,
    ParticipantMerged,
    Resumed,
    Transferred,
    WithdrawalObjected,
    WithdrawalRecommended,
    Withdrawn,
)
from learning.measures import Progress, measure
from learning.progress import fold_all
from producers.simulation.behaviours import DEFAULT_MIX, HABITS, Behaviour, Habits, Leaving
from producers.simulation.participant import random_looking
from producers.simulator import Simulation, SimulationError, simulate

CURRICULUM = Curriculum.shipped()
INTAKES = ("2024-autumn", "2025-spring", "2025-autumn")
LONG_AFTER = date(2028, 3, 31)
"""By then every life of these intakes has ended."""

Lives = Mapping[str, list[Fact]]


def simulation(**changes: object) -> Simulation:
    """A small simulation."""
    small = Simulation(seed=7, participants=60, partners=4, intakes=INTAKES, until=date(2025, 12, 31))
    return msgspec.structs.replace(small, **changes)


def lives_of(facts: Iterable[Fact]) -> Lives:
    """The facts of each enrolment, in order."""
    lives: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        lives[fact.subject].append(fact)
    return lives


def of(kind: type, facts: Iterable[Fact]) -> list[Fact]:
    """The facts of one type."""
    return [fact for fact in facts if isinstance(fact.data, kind)]


def weeks_of_work(life: Iterable[Fact]) -> Counter[int]:
    """Completions in each week that saw any."""
    return Counter((uk_day(fact.time).toordinal() - 1) // 7 for fact in of(ComponentCompleted, life))


@pytest.fixture(scope="module")
def ended() -> Lives:
    """The lives of 1,500 participants, to their ends."""
    return lives_of(simulate(simulation(participants=1_500, partners=12, until=LONG_AFTER), CURRICULUM))


@pytest.fixture(scope="module")
def behaving() -> Callable[[Behaviour], Lives]:
    """Whole lives of people who all behave in one way."""
    held: dict[Behaviour, Lives] = {}

    def lives(behaviour: Behaviour) -> Lives:
        if behaviour not in held:
            alike = simulation(participants=150, mix={behaviour: 1.0}, until=LONG_AFTER)
            held[behaviour] = lives_of(simulate(alike, CURRICULUM))
        return held[behaviour]

    return lives


def test_the_same_simulation_gives_the_same_bytes_in_another_process() -> None:
    """A seed stands for one sequence of bytes, whatever the hash seed of the process."""
    program = (
        "import hashlib, datetime\n"
        "from learning.curriculum import Curriculum\n"
        "from learning.events import encode\n"
        "from producers.simulator import Simulation, simulate\n"
        "asked = Simulation(seed=7, participants=60, partners=4,\n"
        "    intakes=('2024-autumn', '2025-spring', '2025-autumn'), until=datetime.date(2025, 12, 31))\n"
        "facts = b'\\n'.join(map(encode, simulate(asked, Curriculum.shipped())))\n"
        "print(hashlib.sha256(facts).hexdigest())\n"
    )
    here = hashlib.sha256(b"\n".join(map(encode, simulate(simulation(), CURRICULUM)))).hexdigest()

    elsewhere = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]

    assert elsewhere == [here, here]


def test_another_seed_gives_other_people() -> None:
    """Seeds differ in what happens, and never share the id of a fact."""
    one = list(simulate(simulation(seed=1), CURRICULUM))
    other = list(simulate(simulation(seed=2), CURRICULUM))

    assert [fact.data for fact in one] != [fact.data for fact in other]
    assert not {fact.id for fact in one} & {fact.id for fact in other}


@given(until=st.dates(date(2024, 9, 1), date(2025, 11, 30)))
@settings(max_examples=12, deadline=None)
def test_an_earlier_end_gives_the_beginning_of_the_same_facts(until: date) -> None:
    """`until` cuts and changes nothing: exactly what was known by the end of that day comes out."""
    whole = list(simulate(simulation(participants=15), CURRICULUM))

    cut = list(simulate(simulation(participants=15, until=until), CURRICULUM))

    assert cut == [fact for fact in whole if uk_day(fact.recordedtime) <= until]


def test_facts_come_in_the_order_in_which_they_became_known(ended: Lives) -> None:
    """`recordedtime` never falls, and fact ids sort in the same order and are all different."""
    facts = sorted((fact for life in ended.values() for fact in life), key=lambda fact: fact.id)
    known = [fact.recordedtime for fact in facts]

    assert known == sorted(known)
    assert len({fact.id for fact in facts}) == len(facts)
    assert all(fact.time <= fact.recordedtime for fact in facts)


def test_every_fact_can_be_read_strictly(ended: Lives) -> None:
    """What comes out passes the codec unchanged, so it can stand on the log."""
    facts = [fact for life in list(ended.values())[:200] for fact in life]

    assert [decode(encode(fact)) for fact in facts] == facts


def test_every_fact_type_but_the_day_occurs(ended: Lives) -> None:
    """A demonstration shows what can be said of an enrolment; days, alerts and erasures come from elsewhere."""
    said = {type(fact.data) for life in ended.values() for fact in life}

    assert said == set(FACT_TYPES.values()) - {DayStarted, AlertSent, AlertsMuted, ParticipantErased}


def test_components_and_people_are_known_to_the_curriculum(ended: Lives) -> None:
    """No fact names a component that its programme does not have, and every life begins with an enrolment."""
    for life in ended.values():
        [enrolled] = of(Enrolled, life)
        known = {component.id for component in CURRICULUM.programme(enrolled.data.programme).components}
        assert {fact.data.component for fact in life if hasattr(fact.data, "component")} <= known
        assert enrolled.data.provider == "ambition-institute"
        assert enrolled.data.participant == enrolled.partitionkey


def test_participants_spread_over_all_programmes_intakes_and_partners(ended: Lives) -> None:
    """Each of eleven programmes in three intakes gets its share, and each of twelve partners some."""
    enrolments = [of(Enrolled, life)[0].data for life in ended.values()]
    cohorts = Counter((each.programme, each.intake) for each in enrolments)

    assert len(enrolments) == 1_500
    assert len(cohorts) == 33
    assert max(cohorts.values()) - min(cohorts.values()) <= 1
    assert {each.partner for each in enrolments} == {f"partner-{number:02}" for number in range(1, 13)}


def test_all_facts_of_an_enrolment_share_one_partition_key(ended: Lives) -> None:
    """A life stays in order on the log, also when the participant's id is retired."""
    merged = [life for life in ended.values() if of(ParticipantMerged, life)]

    assert merged
    assert all(len({fact.partitionkey for fact in life}) == 1 for life in ended.values())
    assert all(of(ParticipantMerged, life)[0].data.retired == life[0].partitionkey for life in merged)


@given(st.sets(st.integers(0, 3_000_000), min_size=2, max_size=50), st.integers(0, 10**6))
def test_ids_are_never_given_twice(numbers: set[int], seed: int) -> None:
    """Different numbers give different ids of seven digits."""
    ids = {random_looking("e", number, seed) for number in numbers}

    assert len(ids) == len(numbers)
    assert all(re.fullmatch(r"e-\d{7}", each) for each in ids)


def test_sessions_are_held_in_the_late_afternoon(ended: Lives) -> None:
    """Live sessions begin on a weekday between 16:00 and 17:30 UK time, in summer and in winter."""
    began = {
        fact.time.astimezone(UK)
        for life in ended.values()
        for fact in of(AttendanceRecorded, life)
        if fact.data.attendance != "caught-up"
    }

    assert all(each.weekday() < 5 for each in began)
    assert all(16 * 60 <= each.hour * 60 + each.minute <= 17 * 60 + 30 for each in began)
    assert {each.utcoffset() for each in began} == {timedelta(0), timedelta(hours=1)}


def test_learning_in_term_happens_in_evenings_and_at_weekends(ended: Lives) -> None:
    """In a term week nothing is completed at home before four on a weekday, and never at night."""
    in_term = date(2025, 3, 3), date(2025, 3, 28)
    done = [
        fact.time.astimezone(UK)
        for life in ended.values()
        for fact in of(ComponentCompleted, life)
        if in_term[0] <= uk_day(fact.time) <= in_term[1]
    ]

    assert done
    assert all(each.hour >= 16 for each in done if each.weekday() < 5)
    assert all(each.hour >= 9 for each in done)


def registers(lives: Lives) -> dict[tuple[str, str, datetime], list[Fact]]:
    """What was recorded of each person at each live session, in order."""
    entries = defaultdict(list)
    for life in lives.values():
        for fact in of(AttendanceRecorded, life):
            if fact.data.attendance != "caught-up":
                entries[fact.subject, fact.data.component, fact.time].append(fact)
    return entries


def test_registers_come_up_to_twelve_days_late_and_partners_differ(ended: Lives) -> None:
    """The first record of a session comes within twelve days, by some partners at once and by others late."""
    partner = {subject: of(Enrolled, life)[0].data.partner for subject, life in ended.items()}
    late = defaultdict(list)
    for (subject, _, began), entries in registers(ended).items():
        days = (uk_day(entries[0].recordedtime) - uk_day(began)).days
        assert 0 <= days <= 12
        late[partner[subject]].append(days > 0)
    shares = [mean(each) for each in late.values()]

    assert min(shares) < 0.25
    assert max(shares) > 0.45


def test_some_registers_are_corrected_both_ways(ended: Lives) -> None:
    """A corrected register is the same session recorded again later, with the other word."""
    corrected = [entries for entries in registers(ended).values() if len(entries) > 1]
    ways = {tuple(entry.data.attendance for entry in entries) for entries in corrected}

    assert ways == {("attended", "absent"), ("absent", "attended")}
    assert 0.005 < len(corrected) / len(registers(ended)) < 0.03


def test_who_is_withdrawn_does_nothing_afterwards(ended: Lives) -> None:
    """Sign-off follows a recommendation by more than a week, and no study follows sign-off."""
    withdrawn = [life for life in ended.values() if of(Withdrawn, life)]

    for life in withdrawn:
        [signed_off] = of(Withdrawn, life)
        recommended = of(WithdrawalRecommended, life)[-1]
        assert timedelta(days=9) < signed_off.time - recommended.time < timedelta(weeks=7)
        assert signed_off.data.effective <= uk_day(recommended.time)
        assert signed_off.data.reason == recommended.data.reason
        assert all(fact.time < signed_off.time for fact in of(ComponentCompleted, life) + of(ActivitySeen, life))


def test_a_partner_that_does_not_sign_off_objects(ended: Lives) -> None:
    """Every recommendation is answered, a week later by an objection or after more than that by a sign-off."""
    objected = [fact for life in ended.values() for fact in of(WithdrawalObjected, life)]
    recommended = [fact for life in ended.values() for fact in of(WithdrawalRecommended, life)]
    signed_off = [fact for life in ended.values() for fact in of(Withdrawn, life)]

    assert objected
    assert {(each.subject, each.time) for each in objected} < {
        (each.subject, each.time + timedelta(days=7)) for each in recommended
    }
    assert len(objected) + len(signed_off) == len(recommended)


def measured(lives: Lives, day: date) -> list[Progress]:
    """The progress of everybody as a day begins, from what happened before it."""
    states = [fold_all(fact for fact in life if uk_day(fact.recordedtime) < day) for life in lives.values()]
    return [each for state in states if (each := measure(state, CURRICULUM, day)) is not None]


def test_the_shares_that_leave_can_be_believed(ended: Lives) -> None:
    """By the end 8 to 20 % are withdrawn, and 2 to 5 % were never seen at all."""
    withdrawn = mean(bool(of(Withdrawn, life)) for life in ended.values())
    never_seen = mean(not weeks_of_work(life) and not of(ActivitySeen, life) for life in ended.values())

    assert 0.08 <= withdrawn <= 0.20
    assert 0.02 <= never_seen <= 0.05


def test_active_people_are_near_the_plan(ended: Lives) -> None:
    """In the middle of their programmes the median active participant is within a study week or two of the plan."""
    started = [each for each in measured(ended, date(2025, 6, 30)) if each.standing.status == "active"]
    active = [each for each in started if each.expected]
    behind = mean(each.completion < each.expected - 0.05 for each in active)

    assert abs(median(each.completion - each.expected for each in active)) < 0.05
    assert 0.1 < behind < 0.4


def test_most_pass_at_the_first_attempt_and_some_need_the_second(ended: Lives) -> None:
    """About 85 % of first attempts pass; a second attempt is entered only after one was lost or excused."""
    marks = [fact.data for life in ended.values() for fact in of(AssessmentMarked, life) if fact.data.attempt == 1]
    entered = [[fact.data.attempt for fact in of(AssessmentEntered, life)] for life in ended.values()]

    assert 0.80 <= mean(mark.outcome == "passed" for mark in marks) <= 0.90
    assert max(map(len, entered)) >= 2
    assert all(attempts == sorted(set(attempts)) for attempts in entered)


def test_nobody_is_entered_below_the_gate(ended: Lives) -> None:
    """Who is entered had reached 90 % by then, as far as was known to the simulation."""
    entered = [(life, of(AssessmentEntered, life)[0]) for life in ended.values() if of(AssessmentEntered, life)]
    below = 0
    for life, entry in entered:
        state = fold_all(fact for fact in life if fact.time < entry.time)
        progress = measure(state, CURRICULUM, uk_day(entry.time))
        below += progress is None or not progress.gate_reached

    assert entered
    assert below == 0


def test_steady_people_work_in_most_weeks(behaving: Callable[[Behaviour], Lives]) -> None:
    """A steady participant completes little at a time, in many weeks."""
    works = [weeks_of_work(life) for life in behaving(Behaviour.STEADY).values()]

    assert median(median(each.values()) for each in works if each) <= 2


def test_bursty_people_do_much_at_once(behaving: Callable[[Behaviour], Lives]) -> None:
    """A bursty participant needs half the weeks of a steady one, and leaves long gaps between them."""
    steady = [weeks_of_work(life) for life in behaving(Behaviour.STEADY).values()]
    bursty = [weeks_of_work(life) for life in behaving(Behaviour.BURSTY).values()]

    assert mean(map(len, bursty)) < 0.6 * mean(map(len, steady))
    assert mean(max(each.values()) for each in bursty if each) > 1.5 * mean(max(each.values()) for each in steady)


def test_fading_people_go_quiet_and_many_are_withdrawn(behaving: Callable[[Behaviour], Lives]) -> None:
    """Most of the fading start well, fall silent and are withdrawn with their effective date before the call."""
    lives = behaving(Behaviour.FADING).values()
    withdrawn = [life for life in lives if of(Withdrawn, life)]

    assert mean(bool(weeks_of_work(life)) for life in lives) > 0.95
    assert 0.6 < len(withdrawn) / len(lives) < 0.95
    assert (
        median((uk_day(of(Withdrawn, each)[0].time) - of(Withdrawn, each)[0].data.effective).days for each in withdrawn)
        > 40
    )


def test_never_started_people_do_nothing(behaving: Callable[[Behaviour], Lives]) -> None:
    """Somebody who never starts is absent, is contacted and is withdrawn, and is never seen."""
    for life in behaving(Behaviour.NEVER_STARTED).values():
        assert not of(ComponentCompleted, life)
        assert not of(ActivitySeen, life)
        assert of(ContactMade, life)
        assert of(WithdrawalRecommended, life)


def test_deferring_people_ask_and_mostly_return(behaving: Callable[[Behaviour], Lives]) -> None:
    """Who defers asks first, gets an answer, mostly resumes, and often in a later intake."""
    deferred = [life for life in behaving(Behaviour.DEFERRING).values() if of(Deferred, life)]
    resumed = [life for life in deferred if of(Resumed, life)]
    moved = [life for life in resumed if any(fact.data.intake for fact in of(Transferred, life))]

    assert len(deferred) > 100
    assert all(of(DeferralRequested, life)[0].time < of(Deferred, life)[0].time for life in deferred)
    assert 0.7 < len(resumed) / len(deferred) < 0.97
    assert len(moved) / len(resumed) > 0.3


def test_some_ask_to_defer_just_before_the_deadline(ended: Lives) -> None:
    """A deferral asked for in the last fortnight before the deadline occurs: it is what saves an attempt."""
    days_left = []
    for life in ended.values():
        enrolled = of(Enrolled, life)[0].data
        deadline = CURRICULUM.plan(enrolled.programme, enrolled.intake).deadline
        days_left += [(deadline - uk_day(fact.time)).days for fact in of(DeferralRequested, life)]

    assert any(0 <= days <= 14 for days in days_left)


def test_returning_people_come_back_after_a_contact(behaving: Callable[[Behaviour], Lives]) -> None:
    """Most of the returning are silent for weeks, are reached by their partner, and then study again."""
    came_back = 0
    for life in behaving(Behaviour.RETURNING).values():
        weeks = sorted(weeks_of_work(life))
        gaps = [(before, after) for before, after in pairwise(weeks) if after - before >= 4]
        reached = [
            (uk_day(fact.time).toordinal() - 1) // 7 for fact in of(ContactMade, life) if fact.data.outcome == "reached"
        ]
        came_back += any(before < week <= after for before, after in gaps for week in reached)

    assert came_back / 150 > 0.6


def test_memory_does_not_grow_with_the_facts() -> None:
    """Five times as many facts of the same people need about the same memory, since weeks are let go."""

    def peak(until: date) -> tuple[int, int]:
        asked = simulation(intakes=("2024-autumn",), participants=300, until=until)
        sum(1 for _ in simulate(asked, CURRICULUM))
        tracemalloc.start()
        count = sum(1 for _ in simulate(asked, CURRICULUM))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return count, most

    few, small = peak(date(2024, 12, 15))
    many, large = peak(date(2026, 3, 15))

    assert many > 4 * few
    assert large < 1.5 * small


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": -1}, "seed"),
        ({"participants": 0}, "participants"),
        ({"participants": 1_000_001}, "participants"),
        ({"partners": 100}, "partners"),
        ({"intakes": ()}, "at least one intake"),
        ({"programmes": ()}, "one programme"),
        ({"mix": {}}, "mix"),
        ({"mix": {Behaviour.STEADY: -1.0, Behaviour.BURSTY: 2.0}}, "mix"),
    ],
)
def test_what_cannot_be_simulated_is_refused(change: dict[str, object], says: str) -> None:
    """A parameter out of bounds is named at once, in one sentence."""
    with pytest.raises(SimulationError, match=says):
        simulation(**change)


def test_an_unknown_programme_is_refused() -> None:
    """A programme that no catalogue has cannot be simulated."""
    with pytest.raises(UnknownProgrammeError, match="no-such/programme"):
        next(simulate(simulation(programmes=("no-such/programme",)), CURRICULUM))


def test_every_shipped_programme_can_be_simulated() -> None:
    """Programmes of all catalogue files give completions, whatever kinds of component they have."""
    programmes = tuple(CURRICULUM.programmes)
    asked = simulation(programmes=programmes, participants=5 * len(programmes), intakes=("2024-autumn",))

    lives = lives_of(simulate(asked, CURRICULUM))

    studied = {of(Enrolled, life)[0].data.programme for life in lives.values() if weeks_of_work(life)}
    assert studied == set(programmes)


def test_every_behaviour_has_habits_and_a_share() -> None:
    """Nobody can behave in a way that has no figures, and the default shares add up to all participants."""
    assert set(HABITS) == set(DEFAULT_MIX) == set(Behaviour)
    assert sum(DEFAULT_MIX.values()) == pytest.approx(1)


def test_the_reference_gives_the_figures_that_are_drawn_with() -> None:
    """Each figure of each behaviour stands in docs/reference/simulator.md as it is in the code."""
    page = (Path(__file__).parents[3] / "docs/reference/simulator.md").read_text(encoding="utf-8")

    for figure in set(Habits.__struct_fields__) - {"leaving"}:
        row = " | ".join(str(getattr(habits, figure)) for habits in HABITS.values())
        assert f"| `{figure}` | {row} |" in page
    for figure in Leaving.__struct_fields__:
        row = " | ".join(str(getattr(habits.leaving, figure, "-")) for habits in HABITS.values())
        assert f"| `leaving.{figure}` | {row} |" in page
    for behaviour, share in DEFAULT_MIX.items():
        assert f"| `{behaviour}` | {share} |" in page
