"""Survival statistics on counts a day, so that 200,000 people are a few hundred numbers and need no large library."""

import math
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

COUNTS: Final = ("time", "events", "censored")
"""The columns of counts: a distinct time a row, how many had the event then, and how many were last seen then."""


class LogRank(NamedTuple):
    """Whether two groups could have one survival curve."""

    chi_squared: float
    """With one degree of freedom."""
    p: float
    """The probability of a difference at least as large by chance, were there no difference."""


def kaplan_meier(counts: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """The survival curve of one group, with a band in which each point lies at the given level of confidence.

    The estimate is Kaplan and Meier's (1958); who was last seen at a time was still at risk of the events of that time.
    The variance is Greenwood's, and the band is symmetric for log(-log(survival)), which keeps it between 0 and 1
    (Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2002, section 1.4). It is for each time
    by itself, not for the whole curve at once.

    Args:
        counts: With the columns of `COUNTS`, in any order; times are 0 or more, in whatever unit.
        level: Between 0 and 1.

    Returns:
        The columns time, at_risk, events, censored, survival, low and high, one row a time and one for time 0. While
        nobody had the event both edges of the band are 1; once nobody is left it has none, so they are NaN.
    """
    table = _with_risk(counts)
    at_risk, events = table["at_risk"].to_numpy(float), table["events"].to_numpy(float)
    left = at_risk - events
    with np.errstate(divide="ignore", invalid="ignore"):  # before the first event and after the last one
        survival = np.cumprod(np.where(at_risk > 0, left / at_risk, 1.0))
        greenwood = np.cumsum(np.where(events > 0, events / (at_risk * left), 0.0))
        width = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(greenwood) / -np.log(survival)
        edges = {"low": survival ** np.exp(width), "high": survival ** np.exp(-width)}
    stages = [survival == 1, survival > 0]  # before the first event, and between it and the last
    banded = {name: np.select(stages, [1.0, edge], np.nan) for name, edge in edges.items()}
    return table.assign(survival=survival, **banded)


def log_rank(first: pd.DataFrame, second: pd.DataFrame) -> LogRank:
    """Test whether two groups lose people at the same rate (Mantel 1966; Peto and Peto 1972).

    Args:
        first: Counts of one group, as in `kaplan_meier`.
        second: Counts of the other.

    Returns:
        Where nobody had the event while both had people at risk, nothing speaks against it: 0, and 1 as p.
    """
    both = _with_risk(pd.concat([first, second]))
    own = first.groupby("time")[["events", "censored"]].sum().reindex(both["time"], fill_value=0).to_numpy(float)
    events, at_risk = both["events"].to_numpy(float), both["at_risk"].to_numpy(float)
    own_events, own_at_risk = own[:, 0], own.sum(axis=1)[::-1].cumsum()[::-1]
    share = np.divide(own_at_risk, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
    spread = np.divide(at_risk - events, at_risk - 1, out=np.zeros_like(at_risk), where=at_risk > 1)
    variance = float((share * (1 - share) * spread * events).sum())
    if variance <= 0:
        return LogRank(0.0, 1.0)
    chi_squared = float((own_events - share * events).sum()) ** 2 / variance
    return LogRank(chi_squared, math.erfc(math.sqrt(chi_squared / 2)))


def _with_risk(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts by time, from time 0 on, with how many were at risk: who had neither left nor been lost before."""
    said = counts["time"].to_numpy()
    times = np.union1d([0], said)
    places = np.searchsorted(times, said)
    events, censored = (
        np.bincount(places, weights=counts[name].to_numpy(float), minlength=len(times)).astype(np.int64)
        for name in ("events", "censored")
    )
    at_risk = (events + censored)[::-1].cumsum()[::-1]
    return pd.DataFrame({"time": times, "at_risk": at_risk, "events": events, "censored": censored})
