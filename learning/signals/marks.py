"""Signals of marks: work that is handed in and falls short."""

from bisect import bisect_left

from learning.signals.base import Signal, percent
from learning.view import View

LOW = 0.4
"""Scores below it are low: the usual pass mark of universities in the United Kingdom."""


def _scores(view: View) -> list[float]:
    """The scores known of work that was handed in before the day, in order."""
    given = view.trail.scores
    return [score for _, score in given[: bisect_left(given, (view.cut, 0.0))]]


def _last(view: View) -> float | None:
    scores = _scores(view)
    return 100 - round(scores[-1] * 100) if scores else None


def _low(view: View) -> int:
    return sum(score < LOW for score in _scores(view))


LAST_MARK = Signal(
    code="last-mark",
    title="Last mark low",
    measures="what the latest mark lacks to full marks, in whole percent",
    figure=_last,
    inputs=lambda view: {"score": _scores(view)[-1]},
    sentence=lambda inputs: f"The last work handed in was marked {round(float(inputs['score'] or 0) * 100)} of 100.",  # type: ignore[arg-type]  # a ratio
    remedy=lambda _: "A better mark for the next work.",
    applies=lambda trail: bool(trail.scores),
)

LOW_MARKS = Signal(
    code="low-marks",
    title="Low marks",
    measures=f"how often work was marked below {percent(LOW)}",
    figure=lambda view: _low(view) or None,
    inputs=lambda view: {"times": _low(view), "of": len(_scores(view))},
    sentence=lambda inputs: f"{inputs['times']} of {inputs['of']} marks are below {LOW * 100:.0f} of 100.",
    remedy=lambda _: "Support with what is assessed; low marks stay on record.",
    applies=lambda trail: bool(trail.scores),
)
