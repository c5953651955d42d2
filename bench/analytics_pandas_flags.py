"""The question whether flags help, in plain pandas."""

from typing import Final

import numpy as np
import pandas as pd

from analytics.questions.flag_response import CONTACTED, HORIZONS, LEFT_ALONE
from bench.analytics_pandas import Prepared
from bench.analytics_pandas_doings import uk_days

Frame = pd.DataFrame

_WEEK: Final = pd.Timedelta(days=7)
_NEVER: Final = 9999
_QUARTILES: Final = {"lower_quartile_days": 0.25, "median_days": 0.5, "upper_quartile_days": 0.75}


def flag_response(facts: Prepared) -> Frame:
    """Days from a flag to contact and return, and the return of who was contacted beside that of who was not."""
    timed = _steps(facts, _answered(facts))
    counted = timed[["step", "group", "ended_before"]].assign(flags=True)
    for horizon in HORIZONS:
        counted[f"followed_{horizon}"] = timed["followed"] >= horizon
        counted[f"within_{horizon}"] = counted[f"followed_{horizon}"] & (timed["days"] < horizon)
    found = counted.groupby(["step", "group"]).sum()
    for horizon in HORIZONS:
        found[f"within_{horizon}_rate"] = found[f"within_{horizon}"] / found[f"followed_{horizon}"]
    long_enough = timed[timed["followed"] >= HORIZONS[-1]].fillna({"days": _NEVER})
    days = long_enough.groupby(["step", "group"])["days"]
    for name, share in _QUARTILES.items():
        quartile = days.agg(np.quantile, share, method="inverted_cdf")
        found[name] = quartile.where(quartile < HORIZONS[-1])
    return found.reset_index()


def _flags(facts: Prepared) -> Frame:
    """Each flag, with the day on which it was cleared or raised anew, or its enrolment was left or paused."""
    turns = facts.decisions[facts.decisions["change"].isin(["raised", "cleared"])].sort_values(["enrolment", "day"])
    turns = turns.assign(over_on=turns.groupby("enrolment")["day"].shift(-1))
    flags = turns[turns["change"] == "raised"].rename(columns={"day": "raised_on"})
    flags = flags[["enrolment", "raised_on", "over_on"]].reset_index(drop=True).rename_axis("flag").reset_index()
    pauses = facts.spells[facts.spells["status"] != "active"]
    paused = flags.merge(pauses, on="enrolment")
    left = paused[paused["from_on"] >= paused["raised_on"]].groupby("flag")["from_on"].min()
    flags = flags.join(left.rename("left_on"), on="flag")
    return flags.assign(ended_on=flags[["over_on", "left_on"]].min(axis="columns"))


def _answered(facts: Prepared) -> Frame:
    """Flags with the first contact while they held, and the first days on which the person was back."""
    flags = _flags(facts)
    contacts = facts.of_types("contact-made")[["enrolment", "happened_at", "outcome"]]
    contacts = flags.merge(contacts.assign(made_on=uk_days(contacts["happened_at"])), on="enrolment")
    held = (contacts["made_on"] >= contacts["raised_on"]) & ~(contacts["made_on"] >= contacts["ended_on"])
    contacts = contacts[held]
    reached = contacts[contacts["outcome"] == "reached"]
    flags = flags.join(contacts.groupby("flag")["happened_at"].min().rename("contacted_at"), on="flag")
    flags["contacted_on"] = uk_days(flags["contacted_at"])
    flags = flags.join(reached.groupby("flag")["made_on"].min().rename("reached_on"), on="flag")
    seen = flags[["flag", "enrolment", "raised_on", "contacted_at"]].merge(facts.activity, on="enrolment")
    seen = seen[seen["active_on"] >= seen["raised_on"]]
    after_contact = seen[seen["last_at"] > seen["contacted_at"]]
    later = seen[seen["active_on"] >= seen["raised_on"] + _WEEK]
    for name, days in {"returned_on": seen, "returned_after_contact_on": after_contact, "later_on": later}.items():
        flags = flags.join(days.groupby("flag")["active_on"].min().rename(name), on="flag")
    return flags


def _steps(facts: Prepared, flags: Frame) -> Frame:
    """The steps that are timed, one below the other."""
    week = flags["raised_on"] + _WEEK
    quiet = flags[(week <= facts.as_of) & ~(flags["ended_on"] < week) & ~(flags["returned_on"] < week)]
    called = quiet["contacted_on"] < quiet["raised_on"] + _WEEK
    quiet = quiet.assign(group=np.where(called, CONTACTED, LEFT_ALONE))
    flags = flags.assign(group="all")
    contacted = flags[flags["contacted_on"].notna()]
    steps = {
        "flag to first contact": (flags, "raised_on", "contacted_on"),
        "flag to being reached": (flags, "raised_on", "reached_on"),
        "contact to return": (contacted, "contacted_on", "returned_after_contact_on"),
        "flag to return, of who was quiet for a week": (quiet, "raised_on", "later_on"),
    }
    timed = pd.concat(
        each[["group", "ended_on", began, happened]]
        .set_axis(["group", "ended_on", "began_on", "happened_on"], axis="columns")
        .assign(step=step)
        for step, (each, began, happened) in steps.items()
    )
    return timed.assign(
        days=(timed["happened_on"] - timed["began_on"]).dt.days,
        followed=(facts.as_of - timed["began_on"]).dt.days,
        ended_before=timed["ended_on"] < timed["happened_on"].fillna(facts.as_of),
    )
