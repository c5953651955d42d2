"""Completion rules: the points they turn into, and the gate."""

from fractions import Fraction
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from learning.catalogue import LIVE_KINDS, CompletionRule, Component, Group, Kind, Programme

GROUP_KINDS: dict[str, tuple[Kind, ...]] = {
    "live": ("clinic", "conference"),
    "own time": ("module", "self-study"),
    "checks": ("quiz", "reflection"),
}


def make_programme(components: list[Component], rule: CompletionRule) -> Programme:
    """A programme of 12 months with these components."""
    return Programme(
        id="f/p",
        title="P",
        code="p",
        provider="A provider",
        generation="2024",
        months=12,
        calendar="school-terms",
        components=tuple(components),
        completion=rule,
    )


def numbered(kind: Kind, number: int) -> list[Component]:
    """So many components of a kind, `quiz-1` and so on."""
    return [Component(id=f"{kind}-{each}", kind=kind, title=kind, due_week=1) for each in range(1, number + 1)]


def ids(kind: Kind, number: int) -> set[str]:
    """The ids of the first components of a kind."""
    return {component.id for component in numbered(kind, number)}


@st.composite
def ratios_adding_to_one(draw: st.DrawFn, number: int) -> list[Fraction]:
    """So many positive ratios that add up to 1."""
    parts = draw(st.lists(st.integers(1, 60), min_size=number, max_size=number))
    return [Fraction(part, sum(parts)) for part in parts]


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    """A valid programme under any rule: every group has something that counts, every counting component a group."""
    names = list(GROUP_KINDS)
    kinds = [
        kind for name in names for kind in draw(st.lists(st.sampled_from(GROUP_KINDS[name]), min_size=1, max_size=8))
    ]
    components = [
        Component(id=f"c{n}", kind=kind, title=kind, weight=draw(st.integers(1, 50)), due_week=1)
        for n, kind in enumerate(kinds)
    ]
    components += [Component(id="case-study", kind="case-study", title="Case study", due_week=1, counts=False)]
    measure = draw(st.sampled_from(["counted", "weighted", "shares"]))
    shares = draw(ratios_adding_to_one(len(names))) if measure == "shares" else [None] * len(names)
    groups = tuple(
        Group(name=name, kinds=frozenset(GROUP_KINDS[name]), share=share)
        for name, share in zip(names, shares, strict=True)
    )
    threshold = draw(st.fractions(Fraction(1, 100), 1, max_denominator=100))
    return make_programme(
        components,
        CompletionRule(threshold=threshold, measure=measure, groups=groups, each_group=draw(st.booleans())),
    )


@st.composite
def programmes_with_done(draw: st.DrawFn) -> tuple[Programme, set[str]]:
    """A programme and a set of its components."""
    programme = draw(programmes())
    return programme, draw(st.sets(st.sampled_from([component.id for component in programme.components])))


def textbook_completion(programme: Programme, done: set[str]) -> Fraction:
    """Completion as the rule is written down for people, without points."""
    rule = programme.completion
    counting = [component for component in programme.components if component.counts]
    finished = [component for component in counting if component.id in done]
    if rule.measure == "counted":
        return Fraction(len(finished), len(counting))
    if rule.measure == "weighted":
        return Fraction(sum(each.weight for each in finished), sum(each.weight for each in counting))
    completion = Fraction(0)
    for group in rule.groups:
        all_of = [each for each in counting if each.kind in group.kinds]
        done_of = [each for each in finished if each.kind in group.kinds]
        completion += (group.share or 0) * Fraction(len(done_of), len(all_of))
    return completion


@given(programmes())
def test_points_add_up_to_the_total(programme: Programme) -> None:
    """Every counting component is worth a positive whole number of points, and together they are the total."""
    assert sum(programme.points.values()) == programme.total_points
    assert all(points > 0 for points in programme.points.values())
    assert programme.points.keys() == {each.id for each in programme.components if each.counts}


@given(programmes_with_done())
def test_points_give_exactly_the_completion_of_the_rule(case: tuple[Programme, set[str]]) -> None:
    """Points done over all points is the rule's own computation, to the last digit."""
    programme, done = case
    points = sum(programme.points.get(each, 0) for each in done)
    assert Fraction(points, programme.total_points) == textbook_completion(programme, done)
    assert programme.completion_of(done) == textbook_completion(programme, done)


@given(programmes_with_done())
def test_the_gate_is_the_threshold_overall_and_in_each_group(case: tuple[Programme, set[str]]) -> None:
    """The gate is reached exactly when completion is at the threshold, and each group's where the rule asks for it."""
    programme, done = case
    rule = programme.completion
    expected = textbook_completion(programme, done) >= rule.threshold
    for group in rule.groups if rule.each_group else ():
        members = {each.id for each in programme.components if each.kind in group.kinds}
        worth = sum(programme.points[each] for each in members)
        expected &= Fraction(sum(programme.points[each] for each in members & done), worth) >= rule.threshold
    assert programme.gate_reached(done) == expected


@given(programmes_with_done(), st.data())
def test_doing_more_never_closes_the_gate(case: tuple[Programme, set[str]], data: st.DataObject) -> None:
    """What reaches the gate reaches it with anything added."""
    programme, done = case
    more = done | data.draw(st.sets(st.sampled_from([component.id for component in programme.components])))
    assert programme.gate_reached(done) <= programme.gate_reached(more)


@given(programmes())
def test_the_gate_can_be_reached(programme: Programme) -> None:
    """Everything that counts is enough, nothing is not."""
    assert programme.gate_reached(programme.points.keys())
    assert not programme.gate_reached(())


@given(programmes_with_done())
def test_what_does_not_count_changes_nothing(case: tuple[Programme, set[str]]) -> None:
    """Neither the final assessment nor an unknown id adds to completion."""
    programme, done = case
    assert programme.completion_of(done | {"case-study", "unknown"}) == programme.completion_of(done - {"case-study"})


def test_ninety_percent_counted() -> None:
    """Of 50 components, 45 reach a gate of 90 % and 44 do not."""
    programme = make_programme(numbered("module", 50), CompletionRule(threshold=Fraction(9, 10)))
    assert programme.gate_reached(ids("module", 45))
    assert not programme.gate_reached(ids("module", 44))


def test_weights() -> None:
    """A weighted component counts for its weight."""
    light, heavy = (
        Component(id=each, kind="assignment", title="", weight=weight) for each, weight in [("a", 10), ("b", 30)]
    )
    programme = make_programme([light, heavy], CompletionRule(threshold=Fraction(1, 2), measure="weighted"))
    assert programme.completion_of({"b"}) == Fraction(3, 4)


def test_shares_of_seminars_quiz_and_reflections() -> None:
    """Seminars are half of completion, quizzes 30 % and reflections 20 %, however many of each there are."""
    groups = tuple(
        Group(name=kind, kinds=frozenset({kind}), share=Fraction(share, 10))
        for kind, share in (("seminar", 5), ("quiz", 3), ("reflection", 2))
    )
    components = [*numbered("seminar", 4), *numbered("quiz", 6), *numbered("reflection", 3)]
    programme = make_programme(components, CompletionRule(threshold=Fraction(9, 10), measure="shares", groups=groups))
    assert programme.completion_of(ids("seminar", 4)) == Fraction(1, 2)
    assert programme.completion_of(ids("quiz", 3)) == Fraction(15, 100)
    assert programme.gate_reached(ids("seminar", 4) | ids("quiz", 4) | ids("reflection", 3))
    assert not programme.gate_reached(ids("seminar", 3) | ids("quiz", 6) | ids("reflection", 3))


def test_live_sessions_and_self_study_each_by_itself() -> None:
    """Where each group has its own gate, all of the self-study does not make up for two missed sessions of ten."""
    groups = (
        Group(name="live sessions", kinds=frozenset({"webinar"})),
        Group(name="self-study", kinds=frozenset({"self-study"})),
    )
    rule = CompletionRule(threshold=Fraction(9, 10), groups=groups, each_group=True)
    programme = make_programme([*numbered("webinar", 10), *numbered("self-study", 90)], rule)
    assert programme.gate_reached(ids("webinar", 9) | ids("self-study", 81))
    assert not programme.gate_reached(ids("webinar", 8) | ids("self-study", 90))


def test_a_component_knows_its_group() -> None:
    """The group is found by the component's kind; a kind of no group has none."""
    live = Group(name="live", kinds=frozenset({"webinar"}))
    webinar, quiz = numbered("webinar", 1)[0], numbered("quiz", 1)[0]
    programme = make_programme([webinar, quiz], CompletionRule(threshold=Fraction(1), groups=(live,)))
    assert (programme.group_of(webinar), programme.group_of(quiz)) == (live, None)


def test_live_kinds_are_kinds() -> None:
    """Everything a register is kept for is a kind, and studying is not."""
    assert set(get_args(Kind)) > LIVE_KINDS
    assert not LIVE_KINDS & {"module", "induction", "self-study", "practice-task"}
