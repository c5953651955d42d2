"""The questions that hold people against their plan, in plain pandas."""

from typing import Final

import numpy as np
import pandas as pd

from bench.analytics_frames import BANDS, FEWEST
from bench.analytics_pandas import Prepared
from bench.analytics_pandas_doings import uk_days

Frame = pd.DataFrame

_PLAN: Final = ["programme", "intake"]
_PACE_WEEKS: Final = 4


def completion_trend(facts: Prepared) -> Frame:
    """How far who was studying twelve weeks ago has come, week by week, beside the plan."""
    days = pd.date_range(end=facts.as_of, periods=13, freq="7D")
    spells = facts.spells
    there = (spells["status"] == "active") & (spells["from_on"] < days[0]) & ~(spells["until_on"] < days[0])
    members = facts.enrolments_known
    members = members.loc[members.index.isin(spells.loc[there, "enrolment"]), [*_PLAN, "points_total"]]
    spread = _spread(facts, members, days)
    week_by_plan = facts.weeks[[*_PLAN, "week", "due"]].sort_values(["due", "week"])
    spread = pd.merge_asof(
        spread.sort_values("points"), week_by_plan, left_on="points", right_on="due", by=_PLAN
    ).rename(columns={"week": "fulfilled"})
    spread = spread.merge(_planned(facts, days), how="left", on=[*_PLAN, "day"]).fillna({"due_points": 0, "over": 0})
    number, total = spread["enrolments"], spread["points_total"]
    sums = Frame(
        {
            "day": spread["day"],
            "enrolments": number,
            "completion": number * spread["points"] / total,
            "expected": number * spread["due_points"] / total,
            "lag_weeks": number * (spread["over"] - spread["fulfilled"]).clip(lower=0),
        }
    )
    sums = sums.groupby("day").sum()
    means = ["completion", "expected", "lag_weeks"]
    sums[means] = sums[means].div(sums["enrolments"], axis="index")
    gone = spells[(spells["status"] == "withdrawn") & spells["enrolment"].isin(members.index)]
    gone = gone.merge(Frame({"day": days}), how="cross")
    gone = gone[(gone["from_on"] < gone["day"]) & ~(gone["until_on"] < gone["day"])]
    return sums.assign(left=gone.groupby("day").size()).fillna({"left": 0}).reset_index()


def _spread(facts: Prepared, members: Frame, days: pd.DatetimeIndex) -> Frame:
    """How many members of each plan had how many points as each day began."""
    gains = facts.gains[(facts.gains["gained_on"] < days[-1]) & facts.gains["enrolment"].isin(members.index)]
    moment = days.searchsorted(gains["gained_on"], side="right")  # the first day as of which it counts
    points = gains.assign(moment=moment).pivot_table("points", "enrolment", "moment", aggfunc="sum", fill_value=0)
    points = points.reindex(index=members.index, columns=range(len(days)), fill_value=0).cumsum(axis="columns")
    told = points.set_axis(days, axis="columns").melt(ignore_index=False, var_name="day", value_name="points")
    groups = members.join(told).groupby([*_PLAN, "points_total", "day", "points"], observed=True)
    return groups.size().rename("enrolments").reset_index()


def _planned(facts: Prepared, days: pd.DatetimeIndex) -> Frame:
    """Points due by each plan, and its study weeks that are over, as each day begins."""
    every = Frame({"day": days})
    key = [*_PLAN, "day"]
    due = facts.due.merge(facts.components, on=["programme", "component"]).merge(every, how="cross")
    due_points = due[due["due_on"] < due["day"]].groupby(key, observed=True)["points"].sum()
    weeks = facts.weeks.merge(every, how="cross")
    over = weeks[weeks["ends_on"] < weeks["day"]].groupby(key, observed=True)["week"].max()
    return Frame({"due_points": due_points, "over": over}).reset_index()


def gate_forecast(facts: Prepared) -> Frame:
    """Who is expected to reach the gate by the deadline, by what became of people who once stood where they stand."""
    cells, past = _standing_now(facts), _history(facts)
    forecast = cells[cells["people"] > 0]
    own, every = _rates(forecast, past, on=["programme"]), _rates(forecast, past, on=[])
    chances = own.where(own["people"] >= FEWEST, every)
    known = chances["people"] >= FEWEST
    expected = forecast["people"] * chances["reached"] / chances["people"]
    reached, studying, deferred = (int(cells[name].sum()) for name in ("there", "people", "deferred"))
    found = reached + expected.where(known, forecast["paced"]).sum()
    enrolments = reached + studying + deferred
    return Frame(
        {
            "group": ["all"],
            "enrolments": enrolments,
            "reached": reached,
            "studying": studying,
            "deferred": deferred,
            "by_pace": int(forecast.loc[~known, "people"].sum()),
            "expected": found,
            "expected_share": found / enrolments,
        }
    )


def _standing_now(facts: Prepared) -> Frame:
    """How many of each cohort that is on its way stand in each band at the end of its latest study week."""
    plans = facts.plans[facts.plans["deadline"] >= facts.as_of]
    weeks = facts.weeks[facts.weeks["ends_on"] < facts.as_of].merge(plans[_PLAN], on=_PLAN)
    latest = weeks.groupby(_PLAN, observed=True)["week"].max().reset_index()
    earlier = latest.assign(week=(latest["week"] - _PACE_WEEKS).clip(lower=0))
    columns = ["enrolment", *_PLAN, "week", "ends_on", "status", "points"]
    now = facts.lived[columns].merge(latest, on=[*_PLAN, "week"])
    then = facts.lived[columns].merge(earlier, on=[*_PLAN, "week"]).set_index("enrolment")["points"]
    now = now[now["status"] != "withdrawn"].join(then.rename("points_then"), on="enrolment").fillna({"points_then": 0})
    now = now.merge(facts.programmes, on="programme").merge(plans, on=_PLAN)
    pace = (now["points"] - now["points_then"]).clip(lower=0) / now["week"].clip(1, _PACE_WEEKS)
    in_time = now["points"] + pace * (now["plan_weeks"] - now["week"])
    there = now["points"] >= now["gate_points"]
    studying = (now["status"] == "active") & ~there
    paced = studying & (now["week"] > 0) & (now["threshold"] * now["points_total"] <= in_time)
    now = now.assign(band=_bands(now), there=there, deferred=~there & ~studying, people=studying, paced=paced)
    groups = now.groupby([*_PLAN, "plan_weeks", "week", "ends_on", "band"], observed=True)
    return groups[["there", "deferred", "people", "paced"]].sum().reset_index()


def _history(facts: Prepared) -> Frame:
    """How many of each finished cohort stood in each band at the end of each week, and who of them made it in time."""
    over = facts.completion[facts.completion["deadline"] < facts.as_of]
    over = over.assign(made_it=uk_days(over["gate_at"]) <= over["deadline"])
    columns = ["deadline", "plan_weeks", "gate_points", "made_it"]
    lived = facts.lived.loc[facts.lived["status"] == "active", ["enrolment", *_PLAN, "week", "points", "points_total"]]
    lived = lived.merge(over[columns], on="enrolment")
    lived = lived[lived["points"] < lived["gate_points"]]
    lived = lived.assign(band=_bands(lived))
    groups = lived.groupby([*_PLAN, "deadline", "plan_weeks", "week", "band"], observed=True)["made_it"]
    return groups.agg(people="size", reached="sum").reset_index()


def _bands(lived: Frame) -> "pd.Series[int]":
    return (lived["points"] * BANDS // lived["points_total"]).clip(upper=BANDS - 1).astype(int)


def _rates(cells: Frame, past: Frame, on: list[str]) -> Frame:
    """Of cells, how many stood there in cohorts that were over then, after the same share of their weeks."""
    now = cells[["programme", "plan_weeks", "week", "ends_on", "band"]].rename_axis("cell").reset_index()
    both = now.merge(past, on=[*on, "band"], suffixes=("", "_past"))
    week = np.floor(both["week"] / both["plan_weeks"] * both["plan_weeks_past"] + 0.5)
    alike = both[(both["week_past"] == week) & (both["deadline"] <= both["ends_on"])]
    found: Frame = alike.groupby("cell")[["people", "reached"]].sum().reindex(cells.index, fill_value=0)
    return found
