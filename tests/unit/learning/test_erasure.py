"""An erased enrolment: the state knows it from any of its facts on, keeps no participant, and counts as before."""

from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st

from learning.erased_risk import as_erased
from learning.events import Fact
from learning.facts import Enrolled, ParticipantErased, ParticipantMerged
from learning.measures import measure
from learning.progress import NOBODY, State, decode_state, encode_state, fold, fold_all
from learning.risk import assess
from learning.standing import standing
from tests.builders import SMALL, at, completed, enrolled, facts_of_an_enrolment, make
from tests.risk_kit import RISKY, policies_of, risky_lives, rules_of, steps

DAY = date(2025, 10, 20)
POLICIES = policies_of(rules_of(behind=steps("behind", (1, 1), (2, 2), (4, 3))))
ERASED = make(ParticipantErased(by="staff-1"), at(30))


@given(facts_of_an_enrolment(), st.integers(0, 14))
def test_it_does_not_matter_when_it_is_told(facts: list[Fact], place: int) -> None:
    """Wherever the fact stands among the others, and however often, the state is the same, byte for byte."""
    last = fold_all([*facts, ERASED])
    among = fold_all([*facts[:place], ERASED, *facts[place:], ERASED])

    assert encode_state(among) == encode_state(last)
    assert among.erased == 0
    assert decode_state(encode_state(among)).erased == 0


def test_the_earliest_word_of_it_counts() -> None:
    """Told on two days of the log, it holds from the earlier one, whichever is folded first."""
    first, second = date(2025, 10, 1), date(2025, 11, 1)
    states = [State(), State()]
    for state, days in zip(states, ((first, second), (second, first)), strict=True):
        for known in days:
            fold(state, ERASED, known)

    assert [state.erased for state in states] == [first.toordinal()] * 2


def test_no_id_of_the_participant_is_kept() -> None:
    """Neither of the enrolment nor of a merge, whether these come before it or after it."""
    merged = make(ParticipantMerged(retired="p-1", into="p-secret"), at(3))
    for facts in ([enrolled(), merged, ERASED], [ERASED, enrolled(), merged]):
        state = fold_all(facts)
        stands = standing(state, DAY)

        assert b"p-1" not in encode_state(state)
        assert b"p-secret" not in encode_state(state)
        assert stands is not None
        assert (stands.participant, stands.erased) == (NOBODY, True)


@given(risky_lives(), st.dates(date(2025, 9, 1), date(2026, 10, 1)))
def test_what_is_counted_stays_as_it_was(facts: list[Fact], day: date) -> None:
    """Every measure is what it was before, but for whose it is."""
    lived = [each for each in facts if not isinstance(each.data, ParticipantErased)]
    moments = [(each.time, each.recordedtime) for each in lived if isinstance(each.data, Enrolled)]
    assume(len(set(moments)) == len(moments))  # which of two of one moment counts may hang on whose it is
    before, after = (measure(fold_all(some), RISKY, day) for some in (lived, [*lived, ERASED]))

    assert before is not None
    assert after is not None
    before.standing.participant, before.standing.erased = NOBODY, True
    assert after == before


def test_the_level_stays_what_it_was() -> None:
    """Of who was silent when erased, the level and its reasons are those of that day, without what was seen of them."""
    state = fold_all([enrolled(), completed("module-1", at(3))])
    then, later = date(2025, 10, 6), date(2026, 2, 2)
    before = assess(state, SMALL, POLICIES, then)
    fold(state, ERASED, then)
    now = assess(state, SMALL, POLICIES, later)
    assert before is not None
    assert now is not None
    assert before.points < now.points

    found = as_erased(state, now, SMALL, POLICIES)

    assert (found.level, found.points, found.since) == (before.level, before.points, before.since)
    assert [(each.signal, each.points) for each in found.reasons] == [
        (each.signal, each.points) for each in before.reasons
    ]
    assert [each.inputs for each in found.reasons] == [{}] * len(before.reasons)
    assert (found.as_of, found.next_change) == (later, now.next_change)


def test_before_a_first_day_nobody_was_looked_at() -> None:
    """Who was erased before any day started is on track from then on."""
    state = fold_all([enrolled(), ERASED])
    now = assess(state, SMALL, POLICIES, DAY)
    assert now is not None
    assert now.level != "on-track"

    assert as_erased(state, now, SMALL, POLICIES).uneventful
