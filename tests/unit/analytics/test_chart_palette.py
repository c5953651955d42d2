"""Series and words stand out from the paper, and series differ without colour."""

from itertools import combinations

import pytest

from analytics.charting import palette


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
