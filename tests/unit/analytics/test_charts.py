"""Charts: readable without colour, without sight and without a network, and the same bytes each time."""

import re
import struct
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from analytics.answer import Answer, Bars, Chart, Line
from analytics.charting import palette
from analytics.charts import ChartError, draw, form_of

SVG = "{http://www.w3.org/2000/svg}"
FINDING = "Autumn 2024 stands at 86 %, 4 points below its plan"
WEEKS = tuple(range(20))
HOSTILE = '</text><script>alert("$x$")</script> & co\x00\x1b'


def answer(chart: Chart | None, finding: str = FINDING) -> Answer:
    """An answer with this chart."""
    return Answer(question="completion-curve", finding=finding, frame=pd.DataFrame(), columns={}, chart=chart)


def line(label: str, slope: float = 0.04, **fields: object) -> Line:
    """A rising line."""
    return Line(label=label, x=WEEKS, y=[week * slope for week in WEEKS], **fields)


LINES = Chart(
    x_title="Study week",
    y_title="Mean completion",
    lines=(
        line("Ambition", low=[week * 0.03 for week in WEEKS], high=[week * 0.05 for week in WEEKS]),
        line("Partner 2", 0.03, style="steps"),
        line("Plan", 0.05, style="dashed"),
        Line(label="Partner 3", x=WEEKS, y=[0.2] * 12 + [None] * 8),
    ),
    levels=((0.9, "gate"),),
)
BARS = Chart(
    x_title="Session",
    y_title="Attended",
    bars=Bars(categories=["clinic", "coaching"], labels=["on Monday", "on Friday"], values=[[0.8, None], [0.7, 0.9]]),
    levels=((0.75, "target"),),
)
LYING = Chart(
    x_title="Component",
    y_title="Sessions",
    percent=False,
    bars=Bars(categories=[f"module-{each} of the course" for each in range(12)], labels=["held"], values=[[5.0] * 12]),
    levels=((4.0, "enough"),),
)
POINTS = Chart(
    x_title="Participants",
    y_title="Withdrawn",
    lines=(
        Line(label="Partners", x=[10, 80, 300], y=[0.3, 0.12, 0.1], style="points"),
        Line(label="95 % limits", x=[10, 300], y=[None, None], low=[0.0, 0.08], high=[0.4, 0.14]),
    ),
    names=((10, 0.3, "partner-3"),),
)
DAYS = Chart(
    x_title="Day",
    y_title="Still enrolled",
    lines=(Line(label="All", x=[date(2025, 9, 1) + timedelta(days=30 * each) for each in range(9)], y=[0.95] * 9),),
)
INTERVALS = Chart(
    x_title="Group",
    y_title="At the gate",
    bars=Bars(
        categories=["autumn", "spring", "summer"],
        labels=["Reached", "Expected"],
        values=[[0.2, 0.3, 0.0], [0.6, None, 0.5]],
        intervals={"Expected": ([0.4, None, None], [0.8, None, 0.9])},
    ),
)
LYING_INTERVALS = Chart(
    x_title="Group",
    y_title="At the gate",
    percent=False,
    bars=Bars(
        categories=[f"the delivery partner {each}" for each in range(5)],
        labels=["Expected"],
        values=[[3.0] * 5],
        intervals={"Expected": ([1.0] * 5, [4.0] * 5)},
    ),
)
CHARTS = {
    "intervals": INTERVALS,
    "lying intervals": LYING_INTERVALS,
    "lines": LINES,
    "bars": BARS,
    "lying": LYING,
    "points": POINTS,
    "days": DAYS,
}


def svg_of(chart: Chart, **fields: str) -> ET.Element:
    """A chart as a parsed SVG file; what is no XML fails here."""
    return ET.fromstring(draw(answer(chart, **fields), "svg", "figures.csv"))  # noqa: S314 - it is our own output


def words(svg: ET.Element) -> str:
    """Every text that is drawn, in order, on one line."""
    return " ".join("".join(each.itertext()) for each in svg.iter(f"{SVG}text"))


def marks(svg: ET.Element) -> int:
    """How many marks are drawn: they alone have an edge in the colour of the paper."""
    return sum(f"stroke: {palette.PAPER.lower()}" in each.get("style", "") for each in svg.iter(f"{SVG}use"))


def size_of_png(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the signature and the first chunk of a PNG file."""
    signature, kind = struct.unpack_from(">8s4x4s", picture)
    assert (signature, kind) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
    width, height = struct.unpack_from(">II", picture, 16)
    return width, height


def luminance(colour: str) -> float:
    """Relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("series", [1, 2, 3, 4])
def test_every_series_stands_out_from_the_paper(series: int) -> None:
    """Colours of series have a contrast of 3:1 against white, which WCAG 2.2 asks of graphics."""
    looks = palette.looks(series)

    assert len(looks) == series
    assert min(contrast(look.colour, palette.PAPER) for look in looks) >= 3


@pytest.mark.parametrize("series", [2, 3, 4])
def test_series_differ_without_colour(series: int) -> None:
    """No two series of a chart have the same marker or the same pattern."""
    pairs = list(combinations(palette.looks(series), 2))

    assert all(one.marker != other.marker and one.hatch != other.hatch for one, other in pairs)


@pytest.mark.parametrize("colour", [palette.INK, palette.QUIET])
def test_words_can_be_read_on_the_paper(colour: str) -> None:
    """Text has a contrast of 4.5:1 against white, which WCAG 2.2 asks of text."""
    assert contrast(colour, palette.PAPER) >= 4.5


@pytest.mark.parametrize(("name", "form"), [*((name, "svg") for name in CHARTS), ("lines", "png")])
def test_the_same_answer_gives_the_same_bytes(name: str, form: str) -> None:
    """Drawn twice, a chart is byte for byte the same file, so that a change of it is a change of the figures."""
    first, second = (draw(answer(CHARTS[name]), form) for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "lines",
            ["Ambition", "Partner 2", "Plan", "Partner 3", "gate", "Study week", "Mean completion", "0 5 10", "20 %"],
        ),
        ("bars", ["on Monday", "on Friday", "clinic", "coaching", "70 %", "target", "Session", "Attended"]),
        ("lying", ["module-11 of the course", "enough", "Component", "Sessions", "5"]),
        ("points", ["Partners", "95 % limits", "partner-3", "Participants"]),
        ("intervals", ["Reached", "Expected", "autumn", "60 %", "50 %", "20 %", "Group", "At the gate"]),
        ("lying intervals", ["the delivery partner 4", "3", "At the gate"]),
        ("days", ["All", "Nov 2025", "Still enrolled (axis begins at 90 %)"]),
    ],
)
def test_everything_is_named_in_text(name: str, expected: list[str]) -> None:
    """Series, categories, levels, single points and axes are named in text that can be searched and read aloud."""
    shown = words(svg_of(CHARTS[name]))

    assert [each for each in expected if each not in shown] == []


def test_the_title_is_the_finding_on_several_lines_if_need_be() -> None:
    """A long finding is written above the chart whole."""
    finding = " ".join(f"word{number}" for number in range(40))

    assert finding in words(svg_of(LINES, finding=finding))


@pytest.mark.parametrize("name", CHARTS)
def test_an_svg_tells_those_who_do_not_see_it(name: str) -> None:
    """It is an image with a title and a description, which names the series and the table that stands beside it."""
    chart = CHARTS[name]
    svg = svg_of(chart)
    ids = [each.get("id") for each in (svg[0], svg[1])]
    series = [each.label for each in chart.lines] or list(chart.bars.labels if chart.bars else ())

    assert (svg.get("role"), svg.get("aria-labelledby")) == ("img", " ".join(map(str, ids)))
    assert (svg[0].tag, svg[0].text) == (f"{SVG}title", FINDING)
    assert svg[1].tag == f"{SVG}desc"
    assert [each for each in (*series, "table", "figures.csv") if each not in str(svg[1].text)] == []


@pytest.mark.parametrize("name", CHARTS)
def test_an_svg_fetches_nothing(name: str) -> None:
    """Whatever it refers to stands in the file itself, so that it is the same without a network."""
    links = [
        value
        for each in svg_of(CHARTS[name]).iter()
        for key, value in each.attrib.items()
        if key.endswith(("href", "src")) or "url(" in value
    ]

    assert [link for link in links if "#" not in link or "://" in link] == []


@pytest.mark.parametrize("part", ["label", "category", "title", "level"])
def test_a_hostile_label_is_only_text(part: str) -> None:
    """Markup, formulas and control characters in a name are shown as they are and never take effect."""
    chart = {
        "label": Chart(x_title="x", y_title="y", lines=(line(HOSTILE),)),
        "category": Chart(x_title="x", y_title="y", bars=Bars(categories=[HOSTILE], labels=["one"], values=[[0.5]])),
        "title": LINES,
        "level": Chart(x_title="x", y_title="y", lines=(line("one"),), levels=((0.5, HOSTILE),)),
    }[part]
    svg = svg_of(chart, finding=HOSTILE if part == "title" else FINDING)

    assert list(svg.iter(f"{SVG}script")) == []
    assert 'alert("$x$")' in words(svg).replace('" ', '"')  # a long label goes over several lines


@pytest.mark.parametrize("name", ["lines", "lying"])
def test_a_png_is_a_picture_large_enough_to_read(name: str) -> None:
    """A PNG has its signature and is at least 1,000 pixels wide."""
    width, height = size_of_png(draw(answer(CHARTS[name]), "png"))

    assert width >= 1_000
    assert height >= 500


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


def test_a_fifth_series_is_refused() -> None:
    """Five series cannot be told apart; the error says how to get fewer."""
    chart = Chart(x_title="x", y_title="y", lines=tuple(line(f"Series {number}") for number in range(5)))

    with pytest.raises(ChartError, match=r"5 series.*at most.*filters"):
        draw(answer(chart), "svg")


@pytest.mark.parametrize(
    ("chart", "what"),
    [
        (None, "has no chart"),
        (Chart(x_title="x", y_title="y"), "nothing to draw"),
        (Chart(x_title="x", y_title="y", lines=(Line(label="a", x=[1], y=[None]),)), "nothing to draw"),
        (Chart(x_title="x", y_title="y", lines=(Line(label="a", x=[1, 2], y=[1.0]),)), "different lengths"),
        (Chart(x_title="x", y_title="y", lines=(line("a"),), bars=BARS.bars), "lines and bars"),
    ],
)
def test_what_cannot_be_drawn_is_said(chart: Chart | None, what: str) -> None:
    """An answer without a chart, without values, or with parts that do not fit ends in a sentence."""
    with pytest.raises(ChartError, match=what):
        draw(answer(chart), "svg")


@pytest.mark.parametrize(("name", "form"), [("a.svg", "svg"), ("a.b.PNG", "png")])
def test_the_name_of_the_file_says_what_is_drawn(name: str, form: str) -> None:
    """The suffix decides, in capitals too."""
    assert form_of(Path(name)) == form


def test_a_file_of_another_kind_is_refused() -> None:
    """Only SVG and PNG are drawn; the error names both."""
    with pytest.raises(ChartError, match=r"chart\.pdf.*\.svg or \.png"):
        form_of(Path("out/chart.pdf"))
