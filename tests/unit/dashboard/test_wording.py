"""What people read on a page: British forms, UK time, and never a figure that promises too much."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.wording import FILTERS, NOTHING, clock, count, day, level, moment, number, percent, reason, signal, weeks
from dashboard.wording import words as in_words
from learning.codes import DeferralReason, WithdrawalReason
from learning.events import FACT_TYPES
from learning.policy import LEVELS, SIGNALS


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0.415, "41.5 %"), (0, "0.0 %"), (1, "100.0 %"), (0.9, "90.0 %"), (0.29, "29.0 %"), (0.89999, "89.9 %")],
)
def test_a_ratio_is_shown_as_percent_and_cut(ratio: float, shown: str) -> None:
    """A ratio is shown as percent with one decimal, cut, not rounded."""
    assert percent(ratio) == shown


@given(st.integers(0, 999))
def test_the_gate_is_only_shown_when_it_is_reached(points: int) -> None:
    """No ratio below nine tenths is shown as 90.0 %, and every tenth of a percent is shown as itself."""
    assert (percent(points / 1000) >= "90.0 %" and len(percent(points / 1000)) > 5) == (points >= 900)
    assert percent(points / 1000) == f"{points // 10}.{points % 10} %"


@pytest.mark.parametrize(
    "shown", [percent, number, day, clock, moment, weeks, in_words, reason], ids=lambda each: each.__name__
)
def test_what_is_not_known_is_a_dash(shown: Callable[[None], str]) -> None:
    """Where there is no value, a dash stands."""
    assert shown(None) == NOTHING


def test_what_pandas_leaves_out_is_a_dash() -> None:
    """NaN and NaT of a data frame are shown like no value."""
    assert [percent(float("nan")), number(float("nan")), day(pd.NaT), weeks(float("nan"))] == [NOTHING] * 4  # type: ignore[arg-type] # as frames have them


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1204, "1,204"), (np.int64(3), "3"), (2.25, "2.2"), (0, "0")],
    ids=["int", "numpy", "float", "zero"],
)
def test_numbers_have_commas_and_one_decimal_where_they_are_not_whole(value: float, shown: str) -> None:
    """Whole numbers, of numpy too, have no decimals; others have one."""
    assert number(value) == shown


def test_things_are_counted_in_words() -> None:
    """One thing is singular, all other numbers are plural, also where the plural is irregular."""
    counted = [count(1, "fact"), count(0, "fact"), count(1204, "fact"), count(2, "person", "people")]

    assert counted == ["1 fact", "0 facts", "1,204 facts", "2 people"]


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2026, 11, 21, 17, 30, tzinfo=UTC), "21 November 2026, 5:30pm"),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "29 March 2026, 12:59am"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "29 March 2026, 2:00am"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "25 October 2026, 1:30am"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "25 October 2026, 1:30am"),
        (datetime(2026, 7, 1, 11, 5, tzinfo=UTC), "1 July 2026, 12:05pm"),
        (datetime(2026, 7, 31, 23, 15, tzinfo=UTC), "1 August 2026, 12:15am"),
    ],
    ids=["winter", "before the change", "after the change", "first 1:30am", "second 1:30am", "midday", "next day"],
)
def test_instants_are_shown_in_uk_time(instant: datetime, shown: str) -> None:
    """An instant is shown as the day and time in the UK, in summer an hour later than in UTC."""
    assert moment(instant) == shown


def test_a_day_of_an_instant_is_the_day_in_the_uk() -> None:
    """Late in the evening by UTC, it is the next day in the UK in summer; a plain day is itself."""
    assert (day(datetime(2026, 7, 31, 23, 15, tzinfo=UTC)), day(date(2026, 7, 31))) == ("1 August 2026", "31 July 2026")


@pytest.mark.parametrize(
    ("lag", "shown"), [(3, "3 weeks behind"), (1, "1 week behind"), (0, "on plan"), (-1, "1 week ahead")]
)
def test_the_lag_is_told_in_weeks(lag: int, shown: str) -> None:
    """The lag says how many weeks, and in which direction."""
    assert weeks(lag) == shown


def test_levels_are_words() -> None:
    """Every level has words without a hyphen, and who was not assessed is not called on track."""
    assert [level(each) for each in (*LEVELS, None)] == ["On track", "Watch", "At risk", "Critical", "Not assessed yet"]


@pytest.mark.parametrize("code", [*get_args(WithdrawalReason), *get_args(DeferralReason)])
def test_every_reason_code_of_dfe_has_words(code: str) -> None:
    """No reason code reaches the screen: each has words of its own."""
    assert reason(code) != code
    assert "-" not in reason(code).replace("Long-term", "")


def test_a_reason_that_is_not_known_is_shown_as_it_is() -> None:
    """A code that DfE adds later is shown, not lost."""
    assert reason("a-new-code") == "a-new-code"


@pytest.mark.parametrize("event_type", FACT_TYPES)
def test_every_event_type_has_words(event_type: str) -> None:
    """An event type is told without its namespace and version."""
    assert in_words(event_type)[0].isupper()
    assert not {".", "-"} & set(in_words(event_type))


@pytest.mark.parametrize("code", SIGNALS)
def test_every_signal_has_its_title(code: str) -> None:
    """A signal is called what the domain calls it; one that is not known, by its code in words."""
    assert signal(code)
    assert (signal(code), signal("a-new-one")) != (code, "a-new-one")


def test_templates_call_filters_by_the_names_of_their_functions() -> None:
    """Every filter is registered under its own name."""
    assert {name: each.__name__ for name, each in FILTERS.items()} == {name: name for name in FILTERS}
