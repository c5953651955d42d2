"""Simulated facts can stand on the log: in order, of known things, at times and in registers as in real life."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from statistics import mean

from learning.calendar import UK, uk_day
from learning.events import FACT_TYPES, Fact, decode, encode
from learning.facts import (
    AlertSent,
    AlertsMuted,
    AttendanceRecorded,
    ComponentCompleted,
    DayStarted,
    Enrolled,
    ParticipantErased,
    ParticipantMerged,
)
from tests.simulation_kit import CURRICULUM, Lives, of


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
