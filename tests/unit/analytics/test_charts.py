"""Charts: readable without sight and without a network, the same bytes each time, or a sentence why not."""

import struct
from pathlib import Path

import pytest

from analytics.answer import Bars, Chart, Line
from analytics.charts import ChartError, draw, form_of
from tests.charts_kit import BARS, CHARTS, FINDING, LINES, SVG, answer, line, svg_of, words

HOSTILE = '</text><script>alert("$x$")</script> & co\x00\x1b'


def size_of_png(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the signature and the first chunk of a PNG file."""
    signature, kind = struct.unpack_from(">8s4x4s", picture)
    assert (signature, kind) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
    width, height = struct.unpack_from(">II", picture, 16)
    return width, height


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
