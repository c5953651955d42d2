"""Where the parts of a chart lie: within the drawing, in proportion, and apart enough to be read."""

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.answer import Bars, Chart, Line
from analytics.charts import ChartError
from dashboard.drawing import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Drawing, draw, plan_bar
from dashboard.drawing_axes import Scale, days_named, round_values, spread, step_for

RATIOS = st.floats(0, 1)
Style = Literal["line", "steps", "dashed", "points"]
STYLES: st.SearchStrategy[Style] = st.sampled_from(get_args(Style))
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@st.composite
def lines(draw_: st.DrawFn) -> Line:
    """A line of any style, with gaps, sometimes with a band."""
    values = draw_(st.lists(st.none() | RATIOS, min_size=1, max_size=12))
    low = [None if each is None else each / 2 for each in values]
    high = [None if each is None else (1 + each) / 2 for each in values]
    banded = draw_(st.booleans())
    return Line(
        label=draw_(st.text("abc ", min_size=1, max_size=60)),
        x=draw_(st.lists(st.integers(0, 500), min_size=len(values), max_size=len(values), unique=True).map(sorted)),
        y=values,
        low=low if banded else None,
        high=high if banded else None,
        style=draw_(STYLES),
    )


CHARTS = (
    st.lists(lines(), min_size=1, max_size=4)
    .filter(lambda each: any(value is not None for line in each for value in line.y))
    .map(lambda each: Chart(x_title="Week", y_title="Done", lines=tuple(each)))
)


def drawn(chart: Chart) -> Drawing:
    """The drawing of a chart that has values."""
    found = draw(chart)
    assert found is not None
    return found


def points_of(path: str) -> list[tuple[float, float]]:
    """Every corner of a path."""
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def chart_of(*values: float | None, style: Style = "line", percent: bool = True) -> Chart:
    """A chart of one line through these values at 0, 1, 2 ..."""
    line = Line(label="done", x=list(range(len(values))), y=values, style=style)
    return Chart(x_title="Week", y_title="Done", percent=percent, lines=(line,))


@given(CHARTS)
def test_everything_that_is_drawn_lies_within_the_plot(chart: Chart) -> None:
    """No corner of a line or band and no dot leaves the plot."""
    found = drawn(chart)
    corners = [corner for each in found.series for path in (each.path, each.band) if path for corner in points_of(path)]
    corners += [dot for each in found.series for dot in each.dots]

    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in corners)


@given(CHARTS)
def test_every_value_is_drawn(chart: Chart) -> None:
    """Each value is a corner of its line or a dot; beside them there are only the corners of steps."""
    for line, series in zip(chart.lines, drawn(chart).series, strict=True):
        values = sum(y is not None for y in line.y)
        corners, pieces = points_of(series.path or ""), (series.path or "").count("M")
        between = len(corners) - pieces
        drawn_values = pieces + (between // 2 if line.style == "steps" else between) + len(series.dots)
        assert drawn_values == values


@given(CHARTS)
def test_lines_can_be_told_apart_without_colour(chart: Chart) -> None:
    """No two lines have the same pattern."""
    patterns = [
        each.dash for each, line in zip(drawn(chart).series, chart.lines, strict=True) if line.style != "points"
    ]

    assert len(set(patterns)) == len(patterns)


@given(CHARTS)
def test_ticks_lie_on_the_axes_in_order(chart: Chart) -> None:
    """Ticks of y rise from the bottom to the top, ticks of x run from the left to the right."""
    found = drawn(chart)

    assert all(BOTTOM >= one.at > other.at >= TOP for one, other in pairwise(found.y_ticks))
    assert all(LEFT <= one.at < other.at <= RIGHT for one, other in pairwise(found.x_ticks))
    assert len({each.label for each in found.y_ticks}) == len(found.y_ticks) >= 2


@pytest.mark.parametrize("values", [(1e-5, 0.0), (0.002, 0.001), (0.99999, 1.0), (0.75, 0.7523)], ids=str)
@pytest.mark.parametrize("percent", [True, False])
def test_an_axis_of_values_that_hardly_differ_has_a_label_for_each_tick(
    values: tuple[float, ...], percent: bool
) -> None:
    """Given ratios nearer to each other than labels can say, no two ticks of y have the same label."""
    line = Line(label="one", x=(1, 2), y=values)
    found = drawn(Chart(x_title="Week", y_title="Done", lines=(line,), percent=percent))

    labels = [each.label for each in found.y_ticks]
    assert len(set(labels)) == len(labels) >= 2


@given(CHARTS)
def test_the_table_has_every_value(chart: Chart) -> None:
    """The table has a column for each series and edge of a band, and every place on the x axis."""
    found = drawn(chart)
    edges = sum(2 for line in chart.lines if line.low is not None)

    assert len(found.table.columns) == 1 + len(chart.lines) + edges
    assert {row[0] for row in found.table.rows} == {str(x) for line in chart.lines for x in line.x}
    assert all(len(row) == len(found.table.columns) for row in found.table.rows)


def test_a_ratio_lies_in_proportion() -> None:
    """Half of a chart that reaches 1 lies halfway up."""
    [series] = drawn(chart_of(0.0, 0.5, 1.0)).series

    assert [y for _, y in points_of(series.path or "")] == [BOTTOM, (BOTTOM + TOP) / 2, TOP]


def test_a_missing_value_parts_the_line() -> None:
    """A line is not drawn through days that nobody knows; a value with none beside it is a dot."""
    [series] = drawn(chart_of(0.1, 0.2, None, 0.4, None, 0.6, 0.7)).series

    assert (series.path or "").count("M") == 2
    assert len(series.dots) == 1


def test_steps_hold_until_the_next_value() -> None:
    """A line in steps runs level to the next place, and changes there."""
    [series] = drawn(chart_of(1.0, 0.5, style="steps")).series
    first, corner, last = points_of(series.path or "")

    assert (corner[0], corner[1]) == (last[0], first[1])


def test_an_axis_that_does_not_begin_at_zero_says_so() -> None:
    """Ratios of the upper half get the room they need, and the axis tells where it begins; others begin at zero."""
    assert drawn(chart_of(0.92, 0.97)).y_title == "Done (axis begins at 92 %)"
    assert drawn(chart_of(0.42, 0.97)).y_title == "Done"


def test_a_chart_without_values_is_not_drawn() -> None:
    """Where there is nothing to draw, there is no drawing."""
    assert draw(chart_of(None, float("nan"))) is None


def test_five_series_are_refused() -> None:
    """More than four series cannot be told apart, which is said."""
    line = Line(label="one", x=[1], y=[1])

    with pytest.raises(ChartError, match="5 series"):
        draw(Chart(x_title="", y_title="", lines=(line,) * 5))


def test_days_are_named_as_days() -> None:
    """Places that are days have ticks at the first of months, and rows that say the day."""
    line = Line(label="done", x=[date(2026, 1, 5), date(2026, 4, 6)], y=[0.1, 0.2])
    found = drawn(Chart(x_title="Day", y_title="Done", lines=(line,)))

    assert [tick.label for tick in found.x_ticks] == ["Feb 2026", "Mar 2026", "Apr 2026"]
    assert [row[0] for row in found.table.rows] == ["5 January 2026", "6 April 2026"]


def test_points_at_one_place_all_stand_in_the_table() -> None:
    """Two partners of the same size have a row each."""
    line = Line(label="partner", x=[20, 20, 30], y=[0.5, 0.7, 0.9], style="points")
    found = drawn(Chart(x_title="People", y_title="Share", lines=(line,)))

    assert found.table.rows == (("20", "50 %"), ("20", "70 %"), ("30", "90 %"))


def test_the_name_of_a_point_stays_within_the_plot() -> None:
    """The name of a point at the right edge stands on its left."""
    line = Line(label="partner", x=[0, 100], y=[0.2, 0.9], style="points")
    found = drawn(Chart(x_title="", y_title="", lines=(line,), names=((0, 0.2, "First"), (100, 0.9, "Last"))))

    assert [(each.lines, each.on_left) for each in found.names] == [(("First",), False), (("Last",), True)]


@given(
    st.lists(st.tuples(st.floats(0, 400), st.floats(10, 80)), min_size=1, max_size=4),
)
def test_labels_never_lie_over_each_other(wanted: list[tuple[float, float]]) -> None:
    """Labels keep their order and their distance, and all that fit stay between top and bottom."""
    heights = [height for _, height in wanted]
    placed = spread([middle for middle, _ in wanted], heights, 0, 400)
    boxes = sorted((middle - height / 2, middle + height / 2) for middle, height in zip(placed, heights, strict=True))

    assert all(below >= above - 1e-6 for (_, above), (below, _) in pairwise(boxes))
    assert boxes[0][0] >= -1e-6
    assert boxes[-1][1] <= 400 + 1e-6
    order = sorted(range(len(wanted)), key=lambda each: wanted[each][0])
    assert order == sorted(order, key=lambda each: placed[each])


@given(st.floats(0.001, 1e6), st.integers(1, 12), st.booleans())
def test_steps_are_round_and_few(span: float, most: int, whole: bool) -> None:
    """A step is 1, 2 or 5 times a power of ten, goes into the span at most so often, and is whole where asked."""
    step = step_for(span, most, whole=whole)

    assert f"{step:e}"[0] in "125"
    assert span / step <= most + 1e-6
    assert not whole or step >= 1


@given(st.floats(-1000, 1000), st.floats(0.1, 1000))
def test_round_values_are_multiples_between_the_ends(low: float, span: float) -> None:
    """The values that an axis names lie within it, one step apart."""
    step = step_for(span, 6)
    values = round_values(low, low + span, step)

    assert all(low - step * 1e-5 <= each <= low + span + step * 1e-5 for each in values)
    assert all(other - one == pytest.approx(step) for one, other in pairwise(values))


@given(DAYS, st.integers(1, 20_000), st.integers(3, 8))
def test_named_days_lie_between_the_ends_and_are_few(first: date, span: int, most: int) -> None:
    """Round days lie on the axis, in order, and are few enough to be read."""
    last = first + timedelta(days=span)
    days = [each for each, _ in days_named(first, last, most)]

    assert all(first <= each <= last for each in days)
    assert days == sorted(set(days))
    assert len(days) <= most


@given(st.floats(-100, 100), st.floats(0.5, 100))
def test_a_scale_keeps_its_ends(low: float, span: float) -> None:
    """The lowest value lies at the start and the highest at the end, also where the end is above the start."""
    scale = Scale(low, low + span, 300, 40)

    assert (scale.at(low), scale.at(low + span)) == (300, 40)


@given(st.lists(st.lists(st.none() | st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4))
def test_bars_are_as_long_as_their_values(values: list[list[float | None]]) -> None:
    """The longest value has the longest bar, one without a value has none, and no two bars lie over each other."""
    assume(any(each is not None for row in values for each in row))
    bars = Bars(
        categories=["One", "A partner with a long name in two lines", "Three"],
        labels=list("abcd")[: len(values)],
        values=values,
    )
    found = drawn(Chart(x_title="Partner", y_title="Share", bars=bars))
    assert found.bars is not None
    shown = [bar for category in found.bars.categories for bar in category.bars]
    given_ = [row[number] for number in range(3) for row in values]

    order = sorted(range(len(shown)), key=lambda each: given_[each] or 0)
    assert all(shown[one].length <= shown[other].length for one, other in pairwise(order))
    assert all(bar.length == 0 for bar, value in zip(shown, given_, strict=True) if not value)
    assert all(one.y + one.height <= other.y for one, other in pairwise(shown))
    assert shown[-1].y + shown[-1].height <= found.bars.bottom <= found.height


INTERVALS = st.lists(st.tuples(RATIOS, RATIOS, RATIOS).map(sorted), min_size=1, max_size=5)


@given(INTERVALS)
def test_a_point_lies_within_the_line_of_its_interval(intervals: list[list[float]]) -> None:
    """What has an interval is no bar but a point on a line from edge to edge; both lie where their values do."""
    low, middle, high = (list(each) for each in zip(*intervals, strict=True))
    labels, categories = ("Reached", "Expected"), [f"Partner {number}" for number in range(len(low))]
    bars = Bars(categories=categories, labels=labels, values=[low, middle], intervals={"Expected": (low, high)})
    found = drawn(Chart(x_title="Partner", y_title="Share", bars=bars, levels=((1.0, "all"),)))
    assert found.bars is not None
    scale = Scale(0, 1, found.bars.ticks[0].at, found.bars.levels[0].at)

    for category, (least, value, most) in zip(found.bars.categories, intervals, strict=True):
        [bar], [mark] = category.bars, category.marks
        assert mark.line is not None
        assert mark.line[0] <= mark.x <= mark.line[1] <= mark.end <= found.bars.right + 6
        assert (mark.line[0], mark.x, mark.line[1]) == (scale.at(least), scale.at(value), scale.at(most))
        assert bar.y + bar.height <= mark.y - 5
    assert [is_bar for _, _, is_bar in found.bars.key] == [True, False]


def test_the_edges_of_an_interval_stand_in_the_table() -> None:
    """Who does not see the chart has every figure of it, each under what it is; what is not known is said."""
    bars = Bars(
        categories=["One", "Two"],
        labels=["Reached", "Expected"],
        values=[[0.2, 0.0], [0.5, None]],
        intervals={"Expected": ([0.4, None], [0.7, None])},
    )
    found = drawn(Chart(x_title="Partner", y_title="Share", bars=bars))
    assert found.bars is not None

    assert found.table.columns == ("Partner", "Reached", "Expected", "Expected: low", "Expected: high")
    assert found.table.rows[0] == ("One", "20 %", "50 %", "40 %", "70 %")
    assert len(set(found.table.rows[1][2:])) == 1
    assert found.bars.categories[1].marks == ()
    assert "points with the line of their interval" in found.description


def test_the_drawing_of_bars_leaves_room_for_the_longest_figure() -> None:
    """A bar of 100 % ends before the edge of the drawing, so that its figure can stand beside it."""
    found = drawn(Chart(x_title="", y_title="", bars=Bars(categories=["One"], labels=["all"], values=[[1.0]])))
    assert found.bars is not None

    assert found.bars.left + found.bars.categories[0].bars[0].length + 60 <= WIDTH


@given(RATIOS, st.none() | st.floats(-1, 2), st.none() | RATIOS)
def test_a_plan_bar_stays_within_its_width(completion: float, expected: float | None, gate: float | None) -> None:
    """What is done, due and needed lies in proportion along the bar; what is not known has no mark."""
    bar = plan_bar(completion, expected, gate, width=200)

    assert bar.done == pytest.approx(completion * 200, abs=0.06)
    assert (bar.due is None, bar.gate is None) == (expected is None, gate is None)
    assert all(0 <= each <= 200 for each in (bar.done, bar.due, bar.gate) if each is not None)
