"""One chart as the bytes of an SVG or PNG file, the same bytes each time."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Final, Literal
from xml.sax.saxutils import escape

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analytics.answer import Chart
from analytics.charting.bars import draw_bars, lie_down
from analytics.charting.lines import draw_lines
from analytics.charting.palette import GRID, INK, PAPER, QUIET
from analytics.charting.words import plain, wrapped

Form = Literal["svg", "png"]

_WIDTH, _HEIGHT = 9.0, 5.0
"""In inches, before labels beside the axes are added."""

_ROW = 0.3
"""Inches that a category of lying bars needs."""

_TITLE_WIDTH = 78
_FONT: Final = "DejaVu Sans"
"""Comes with matplotlib; it is wide, so that what fits in it fits in the fonts that stand in for it elsewhere."""

_SETTINGS: Final[dict[Any, object]] = {
    "font.family": [_FONT],
    "font.size": 10,
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and copied
    "text.parse_math": False,  # a dollar sign in a name is no formula
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "hatch.linewidth": 1.2,
}


_NO_METADATA: Final[dict[str, Any]] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
"""When and with what it was drawn would make the bytes differ."""


def picture(chart: Chart, title: str, description: str, form: Form) -> bytes:
    """Draw a chart.

    Args:
        chart: What to draw; it has at least one value, and what belongs together is of one length.
        title: The finding, written above it.
        description: What an SVG tells those who do not see it, beside its title.
        form: The kind of file.
    """
    file = BytesIO()
    with _drawing(title):
        figure = _figure(chart, title)
        if form == "png":
            FigureCanvasAgg(figure).print_figure(file, format="png", dpi=150, bbox_inches="tight", facecolor=PAPER)
            return file.getvalue()
        canvas = FigureCanvasSVG(figure)
        canvas.print_figure(file, format="svg", bbox_inches="tight", facecolor=PAPER, metadata=_NO_METADATA)
    return _accessible(file.getvalue().decode(), title, description).encode()


@contextmanager
def _drawing(title: str) -> Iterator[None]:
    """Matplotlib's settings while one chart is drawn; without a salt, its ids would differ each time."""
    with rc_context({**_SETTINGS, "svg.hashsalt": title}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # a box stands for it
        yield


def _figure(chart: Chart, title: str) -> Figure:
    lying = chart.bars is not None and lie_down(chart.bars)
    rows = len(chart.bars.categories) * max(1, len(chart.bars.labels) * 0.6) if chart.bars and lying else 0
    figure = Figure(figsize=(_WIDTH, max(_HEIGHT, rows * _ROW)))
    axes: Axes = figure.subplots()
    keyed = chart.bars is not None and len(chart.bars.labels) > 1
    keyed = keyed or any(line.style == "points" for line in chart.lines)
    axes.set_title(wrapped(title, _TITLE_WIDTH), loc="left", fontsize=12.5, fontweight="bold", pad=30 if keyed else 12)
    _frame(axes, chart, lying=lying)
    if chart.bars is not None:
        draw_bars(axes, chart, chart.bars)
    if chart.lines:
        draw_lines(axes, chart)
    return figure


def _frame(axes: Axes, chart: Chart, *, lying: bool) -> None:
    """Titles of the axes, percent where asked, and a light grid across the values."""
    values, others = (axes.xaxis, axes.yaxis) if lying else (axes.yaxis, axes.xaxis)
    values.set_label_text(plain(chart.y_title))
    others.set_label_text(plain(chart.x_title))
    values.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    if chart.percent:
        values.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio * 100:.3g} %"))
    else:
        values.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.grid(axis="x" if lying else "y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _accessible(svg: str, title: str, description: str) -> str:
    """The picture with a role, a name and a description, for those who listen to it; it refers to nothing outside."""
    _, _, drawn = svg.partition("<svg ")
    head, _, body = drawn.replace(f"'{_FONT}'", f"'{_FONT}', Arial, sans-serif").partition(">")
    named = (
        f'<title id="chart-title">{escape(plain(title))}</title>\n'
        f' <desc id="chart-description">{escape(plain(description))}</desc>'
    )
    root = f'<svg role="img" aria-labelledby="chart-title chart-description" {head}>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{root}\n {named}{body}'
