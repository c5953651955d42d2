"""Titles, labels, ticks and marks of a chart stand where they can be read and taken for nothing else."""

import re
from datetime import date, timedelta
from itertools import combinations

import pytest

from analytics.answer import Chart, Line
from analytics.charting import palette
from analytics.charts import draw
from tests.charts_kit import LINES, SVG, WEEKS, answer, line, marks, svg_of, words


def test_the_title_is_the_finding_on_several_lines_if_need_be() -> None:
    """A long finding is written above the chart whole."""
    finding = " ".join(f"word{number}" for number in range(40))

    assert finding in words(svg_of(LINES, finding=finding))


def test_labels_of_lines_that_end_together_do_not_overlap() -> None:
    """Four lines that end in the same place have their names one above the other."""
    chart = Chart(x_title="x", y_title="y", lines=tuple(line(f"Series {number}") for number in range(4)))
    places = [
        float(each.get("y", "nan"))
        for each in svg_of(chart).iter(f"{SVG}text")
        if "".join(each.itertext()).startswith("Series")
    ]

    assert len(places) == 4
    assert min(abs(one - other) for one, other in combinations(places, 2)) >= 12


def test_a_figure_and_its_percent_sign_stay_on_one_line() -> None:
    """Wherever a long title is broken, no line begins with a percent sign."""
    finding = "27.7 % and " * 20
    lines = ["".join(each.itertext()) for each in svg_of(LINES, finding=finding).iter(f"{SVG}text")]

    assert any(each.startswith("27.7 %") for each in lines)
    assert not any(each.startswith("%") or each.endswith("27.7") for each in lines)


@pytest.mark.parametrize("days", [20, 84, 150, 235, 245, 400])
def test_no_two_days_of_an_axis_have_the_same_name(days: int) -> None:
    """However long the axis, each tick has a name of its own, and there are enough of them."""
    start = date(2025, 12, 19)
    chart = Chart(
        x_title="Day", y_title="y", lines=(Line(label="one", x=[start, start + timedelta(days=days)], y=[0.1, 0.4]),)
    )
    shown = ["".join(each.itertext()) for each in svg_of(chart).iter(f"{SVG}text")]
    ticks = [each for each in shown if re.search(r" 202[567]$", each)]

    assert len(ticks) >= 3
    assert len(ticks) == len(set(ticks))


def test_a_line_of_one_value_is_marked() -> None:
    """Where only one value is known, its marker shows it."""
    one = Chart(x_title="x", y_title="y", lines=(Line(label="one", x=WEEKS, y=[*[None] * 19, 0.5]),))
    none = Chart(x_title="x", y_title="y", lines=(Line(label="one", x=WEEKS, y=[0.5] * 20, style="dashed"),))
    mark = f"stroke: {palette.PAPER.lower()}"

    assert mark in draw(answer(one), "svg").decode()
    assert mark in draw(answer(none), "svg").decode()


def test_among_points_only_points_have_marks() -> None:
    """On the limits of a funnel there are no marks that could pass for partners; on lines of their own there are."""
    limits = (
        Line(label="overall", x=[10, 300], y=[0.2, 0.2], low=[0.0, 0.1], high=[0.5, 0.3]),
        Line(label="upper limit", x=[10, 300], y=[0.4, 0.25], style="dashed"),
    )
    points = Line(label="partner", x=[10, 80, 300], y=[0.3, 0.12, 0.1], style="points")

    assert marks(svg_of(Chart(x_title="x", y_title="y", lines=(points, *limits)))) == 3 + 1  # one in the legend
    assert marks(svg_of(Chart(x_title="x", y_title="y", lines=limits))) > 0


def test_points_lie_above_lines() -> None:
    """The last marks drawn in the plot are those of the points, though their series comes first."""
    points = Line(label="partner", x=[10, 300], y=[0.3, 0.1], style="points")
    limit = Line(label="limit", x=[10, 300], y=[0.3, 0.1], style="dashed")
    drawn = draw(answer(Chart(x_title="x", y_title="y", lines=(points, limit))), "svg").decode()

    assert 0 < drawn.index("stroke-dasharray: 11") < drawn.index(f"stroke: {palette.PAPER.lower()}")


def test_a_limit_of_one_value_is_a_stroke() -> None:
    """Where all partners are of one size, their limits can be seen and still do not look like a partner."""
    points = Line(label="partner", x=[40], y=[0.1], style="points")
    limit = Line(label="limit", x=[40], y=[0.2], style="dashed")
    svg = svg_of(Chart(x_title="x", y_title="y", lines=(points, limit)))
    strokes = [each for each in svg.iter(f"{SVG}use") if palette.looks(2)[1].colour.lower() in each.get("style", "")]

    assert marks(svg) == 1 + 1  # one in the legend
    assert len(strokes) == 1
