"""The colours and marks that tell the series of a chart apart, with and without colour.

Colours are those that the Government Analysis Function recommends for charts, in its order: each has a contrast of 3:1
or more against white (WCAG 2.2, criterion 1.4.11) and also against the one beside it.
Source: https://analysisfunction.civilservice.gov.uk/policy-store/data-visualisation-colours-in-charts/
"""

from typing import Final, NamedTuple

INK: Final = "#0B0C0C"
"""Words and axes."""

QUIET: Final = "#595959"
"""Horizontal levels and tick labels, which stand behind the data: 7:1 against white."""

GRID: Final = "#DEE0E2"
PAPER: Final = "#FFFFFF"


class Look(NamedTuple):
    """What one series looks like."""

    colour: str
    marker: str
    """Its shape, by matplotlib's letters."""
    hatch: str
    """The pattern of its bars."""


_LOOKS: Final = (
    Look("#12436D", "o", ""),
    Look("#28A197", "s", "//"),
    Look("#801650", "^", "xx"),
    Look("#F46A25", "D", ".."),
)


def looks(series: int) -> tuple[Look, ...]:
    """What each of so many series looks like; of two, the colours are the pair furthest apart."""
    if series == 2:  # noqa: PLR2004 - the recommended pair is for two
        return (_LOOKS[0], _LOOKS[1]._replace(colour=_LOOKS[3].colour))
    return _LOOKS[:series]
