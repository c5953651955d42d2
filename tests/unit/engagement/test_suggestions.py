"""Suggestions: who slips at an id is shown the ids that are meant most likely, and no others."""

import pytest

from engagement.suggestions import did_you_mean, similar

PARTNERS = [f"partner-{number:02}" for number in range(1, 13)]
PROGRAMMES = ["ambition-2024/npqsl", "ambition-2024/npqsenco", "reformed-2021/npqsl"]


@pytest.mark.parametrize(
    ("wanted", "known", "meant"),
    [
        ("partner-1", PARTNERS, ["partner-01"]),
        ("Partner-01", PARTNERS, ["partner-01"]),
        ("npqsl", PROGRAMMES, ["ambition-2024/npqsl", "reformed-2021/npqsl"]),
        ("ambition-2024/npqsenko", PROGRAMMES, ["ambition-2024/npqsenco"]),
        ("e-1373867", ["e-1373868", "e-9999999"], ["e-1373868"]),
        ("e-9", ["e-1", "e-2"], []),
        ("", PARTNERS, []),
    ],
)
def test_the_ids_that_are_meant_most_likely_come_first(wanted: str, known: list[str], meant: list[str]) -> None:
    """Capitals, zeros, a forgotten first part and single slips are seen through; what is unlike is not offered."""
    assert similar(wanted, known)[: len(meant) or 1] == meant


def test_at_most_three_ids_are_offered() -> None:
    """A question with a dozen answers helps nobody."""
    assert did_you_mean("partner-0x", PARTNERS) == "; did you mean partner-01 or partner-02 or partner-03?"


def test_nothing_is_asked_when_nothing_is_alike() -> None:
    """An empty text can be put behind any message."""
    assert did_you_mean("npqsl", PARTNERS) == ""
