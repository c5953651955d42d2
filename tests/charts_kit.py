"""Charts of every kind, and what is seen in them once they are drawn."""

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pandas as pd

from analytics.answer import Answer, Bars, Chart, Line
from analytics.charting import palette
from analytics.charts import draw

SVG = "{http://www.w3.org/2000/svg}"
FINDING = "Autumn 2024 stands at 86 %, 4 points below its plan"
WEEKS = tuple(range(20))


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
