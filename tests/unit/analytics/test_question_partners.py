"""Partners: their rates, who is called outside the limits, and what is said of it."""

from collections.abc import Mapping
from datetime import date

import pandas as pd
import pytest

from analytics.filters import Filters
from analytics.questions.partners import COLUMNS, PartnersError, partners
from learning.events import Fact
from learning.facts import Deferred, Transferred, Withdrawn
from tests.analytics_kit import warehouse
from tests.builders import COMPONENTS, at, completed, enrolled, make

AS_OF = date(2025, 12, 17)


def people(sizes: Mapping[str, tuple[int, int]]) -> list[Fact]:
    """Of each partner so many people, of whom so many withdrew."""
    facts = []
    for partner, (size, left) in sizes.items():
        for number in range(size):
            name = f"{partner}/{number}"
            facts.append(enrolled(at(-5), name, name, partner=partner))
            if number < left:
                data = Withdrawn(reason="other", effective=date(2025, 10, 1), signed_off_by=partner)
                facts.append(make(data, at(30), name, name))
    return facts


def test_only_a_difference_beyond_chance_is_named() -> None:
    """Two of three people is within chance for a small partner; the same share of 150 is not."""
    answer = partners(warehouse(people({"large": (150, 100), "small": (3, 2), "usual": (600, 60)}), as_of=AS_OF))

    rows = answer.frame.set_index("partner")
    assert rows[["people", "counted"]].to_numpy().tolist() == [[150, 100], [3, 2], [600, 60]]
    assert rows["rate"].tolist() == pytest.approx([2 / 3, 2 / 3, 0.1])
    assert rows["overall"].tolist() == pytest.approx([162 / 753] * 3)
    assert rows["verdict"].to_dict() == {"large": "high", "small": "within", "usual": "low"}
    assert answer.finding == (
        "Outside what chance can explain: large (66.7 %, high), usual (10.0 %, low); overall 21.5 % withdrew."
    )


def test_the_verdict_is_by_the_wider_limits() -> None:
    """Between the 95 % and the 99.8 % limits a partner is within."""
    answer = partners(warehouse(people({"one": (100, 20), "other": (900, 100)}), as_of=AS_OF))

    [one] = answer.frame[answer.frame["partner"] == "one"].to_dict("records")
    assert one["high_95"] < one["rate"] < one["high_998"]
    assert one["verdict"] == "within"
    assert answer.finding == "No partner differs by more than chance can explain: overall 12.0 % withdrew."


def test_people_count_for_the_partner_they_are_with_now() -> None:
    """Who was moved and then withdrew is the new partner's."""
    moved = make(Transferred(partner="new"), at(3), "old/0", "old/0")
    frame = partners(warehouse([*people({"old": (2, 1)}), moved], as_of=AS_OF)).frame

    assert frame[["partner", "people", "counted"]].to_numpy().tolist() == [["new", 1, 1], ["old", 1, 0]]


def test_the_gate_is_counted_of_everybody_who_enrolled() -> None:
    """Who reached it counts, and who withdrew stands in the denominator."""
    facts = people({"one": (4, 1)})
    done = [completed(each, at(40), subject="one/3", partitionkey="one/3") for each in COMPONENTS]
    frame = partners(warehouse([*facts, *done], as_of=AS_OF), measure="gate").frame

    assert frame[["people", "counted"]].to_numpy().tolist() == [[4, 1]]


def test_risk_is_the_latest_decision_on_who_studies() -> None:
    """A level that was left again, and one of somebody deferred, do not count; without a decision nobody is judged."""
    facts = [*people({"one": (5, 1)}), make(Deferred(reason="other"), at(50), "one/4", "one/4")]
    levels = [
        ("one/0", "critical"),
        ("one/1", "at-risk"),
        ("one/1", "watch"),
        ("one/2", "on-track"),
        ("one/2", "at-risk"),
        ("one/4", "critical"),
    ]
    decisions = pd.DataFrame(
        [(who, date(2025, 11, number), level, "on-track", "raised") for number, (who, level) in enumerate(levels, 1)],
        columns=["enrolment", "day", "level", "previous_level", "change"],
    )
    frame = partners(warehouse(facts, as_of=AS_OF, decisions=decisions), measure="at-risk").frame

    assert frame[["people", "counted"]].to_numpy().tolist() == [[2, 1]]


def test_without_decisions_nobody_is_compared_by_risk() -> None:
    """The sentence says what is missing."""
    answer = partners(warehouse(people({"one": (2, 0)}), as_of=AS_OF), measure="at-risk")

    assert (list(answer.frame.columns), len(answer.frame), answer.chart) == (list(COLUMNS), 0, None)
    assert answer.finding.startswith("No decisions about risk are known")


def test_only_who_is_asked_for_is_compared() -> None:
    """With a filter, the overall rate is of those people too."""
    facts = [*people({"one": (2, 1)}), enrolled(at(-5), "e-9", "p-9", partner="one", intake="spring")]
    frame = partners(warehouse(facts, as_of=AS_OF), Filters(intake="autumn")).frame

    assert frame[["people", "overall"]].to_numpy().tolist() == [[2, 0.5]]


def test_mixed_intakes_are_pointed_out() -> None:
    """Intakes at different stages make partners differ, so the notes say when several are counted."""
    connection = warehouse([enrolled(), enrolled(enrolment="e-2", participant="p-2", intake="spring")], as_of=AS_OF)

    assert any("compare partners within one" in note for note in partners(connection).notes)
    assert not any("compare partners within" in note for note in partners(connection, Filters(intake="spring")).notes)


def test_programmes_of_one_intake_are_not_called_stages() -> None:
    """Where only programmes differ the note speaks of programmes, and of intakes it says nothing."""
    other = enrolled(enrolment="e-2", participant="p-2", programme="small/other")
    notes = partners(warehouse([enrolled(), other], as_of=AS_OF), Filters(intake="autumn")).notes

    assert "2 programmes are counted together, which differ: compare partners within one." in notes
    assert not any("stages" in note for note in notes)


def test_a_measure_that_does_not_exist_is_refused() -> None:
    """The sentence names the measures there are."""
    with pytest.raises(PartnersError, match="choose one of withdrawn, gate, at-risk"):
        partners(warehouse([]), measure="happiness")


def test_the_chart_has_every_partner_between_limits_that_narrow() -> None:
    """Points are the table's rates; the limits reach from the smallest partner to the largest and come together."""
    answer = partners(warehouse(people({"large": (150, 100), "small": (3, 2), "usual": (600, 60)}), as_of=AS_OF))

    assert answer.chart is not None
    points, control, upper, lower = answer.chart.lines
    assert (list(points.x), list(points.y)) == (answer.frame["people"].tolist(), answer.frame["rate"].tolist())
    assert (control.x[0], control.x[-1]) == (3, 600)
    assert control.low is not None
    assert control.high is not None
    assert control.high[0] - control.low[0] > control.high[-1] - control.low[-1]
    assert all(low <= high for low, high in zip(lower.y, upper.y, strict=True))
    assert {name for _, _, name in answer.chart.names} == {"large", "usual"}
