"""The law that everything rests on: the fold neither depends on the order of facts nor on their repetition."""

from datetime import date, datetime
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from learning.events import FACT_TYPES, Fact, decode, encode
from learning.facts import DayStarted
from learning.measures import measure
from learning.progress import State, decode_state, encode_state, fold, fold_all
from tests.builders import DATA, SMALL, enrolled, facts_of_an_enrolment


def test_every_type_of_fact_takes_part_in_the_laws() -> None:
    """The strategies of these tests know every type of fact that is about an enrolment."""
    assert set(DATA) == set(FACT_TYPES.values()) - {DayStarted}


@given(facts_of_an_enrolment(), st.randoms(use_true_random=False))
def test_any_permutation_with_any_duplicates_gives_equal_bytes(facts: list[Fact], random: Random) -> None:
    """Shuffled facts, each sent one to three times, fold to the same bytes."""
    shuffled = [fact for fact in facts for _ in range(random.randint(1, 3))]
    random.shuffle(shuffled)

    assert encode_state(fold_all(shuffled)) == encode_state(fold_all(facts))


@given(facts_of_an_enrolment(), st.dates())
def test_a_measure_depends_only_on_the_facts_and_the_day(facts: list[Fact], day: date) -> None:
    """What is measured of shuffled facts equals what is measured of them in order."""
    facts = [enrolled(), *facts]

    forward, backward = fold_all(facts), fold_all(reversed(facts))

    assert measure(forward, SMALL, day) == measure(backward, SMALL, day)


@given(facts_of_an_enrolment())
def test_folding_through_the_store_equals_folding_in_memory(facts: list[Fact]) -> None:
    """Writing and reading the state between any two facts changes nothing."""
    state = State()
    for fact in facts:
        state = decode_state(encode_state(fold(state, fact)))

    assert encode_state(state) == encode_state(fold_all(facts))


@given(facts_of_an_enrolment())
def test_a_fact_survives_the_wire(facts: list[Fact]) -> None:
    """Decoding what was encoded gives the same fact."""
    for fact in facts:
        assert decode(encode(fact)) == fact


@given(facts_of_an_enrolment(), st.sampled_from(("+05:30", "-08:00", "+01:00")))
def test_the_zone_a_time_is_written_in_changes_nothing(facts: list[Fact], zone: str) -> None:
    """The same instants written with another offset fold to the same bytes."""
    offset = datetime.fromisoformat(f"2025-01-01T00:00:00{zone}").tzinfo
    abroad = [
        msgspec.structs.replace(
            fact, time=fact.time.astimezone(offset), recordedtime=fact.recordedtime.astimezone(offset)
        )
        for fact in facts
    ]

    assert encode_state(fold_all(decode(encode(fact)) for fact in abroad)) == encode_state(fold_all(facts))
