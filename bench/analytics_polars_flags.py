"""The question whether flags help, in polars."""

from datetime import timedelta
from typing import Final

import polars as pl

from analytics.questions.flag_response import CONTACTED, HORIZONS, LEFT_ALONE
from bench.analytics_polars import Prepared
from bench.analytics_polars_doings import uk_day

_WEEK: Final = timedelta(days=7)
_NEVER: Final = 9999
_QUARTILES: Final = {"lower_quartile_days": 0.25, "median_days": 0.5, "upper_quartile_days": 0.75}


def flag_response(facts: Prepared) -> pl.DataFrame:
    """Days from a flag to contact and return, and the return of who was contacted beside that of who was not."""
    days, followed = pl.col("days"), pl.col("followed")
    figures = [pl.len().alias("flags"), pl.col("ended_before").sum()]
    for horizon in HORIZONS:
        figures.append((followed >= horizon).sum().alias(f"followed_{horizon}"))
        figures.append(((followed >= horizon) & (days < horizon)).sum().alias(f"within_{horizon}"))
    long_enough = days.fill_null(_NEVER).filter(followed >= HORIZONS[-1])
    for name, share in _QUARTILES.items():
        quartile = long_enough.quantile(share, "equiprobable")
        figures.append(pl.when(quartile < HORIZONS[-1]).then(quartile).alias(name))
    found = _steps(facts, _answered(facts)).group_by("step", "group").agg(figures)
    rates = {f"within_{each}_rate": pl.col(f"within_{each}") / pl.col(f"followed_{each}") for each in HORIZONS}
    return found.with_columns(**rates).collect()


def _flags(facts: Prepared) -> pl.DataFrame:
    """Each flag, with the day on which it was cleared or raised anew, or its enrolment was left or paused."""
    turns = facts.decisions.filter(pl.col("change").is_in(["raised", "cleared"]))
    turns = turns.with_columns(over_on=pl.col("day").shift(-1).over("enrolment", order_by="day"))
    flags = turns.filter(pl.col("change") == "raised").select("enrolment", "over_on", raised_on="day")
    flags = flags.with_row_index("flag")
    pauses = facts.spells.filter(pl.col("status") != "active")
    paused = flags.join(pauses, on="enrolment").filter(pl.col("from_on") >= pl.col("raised_on"))
    flags = flags.join(paused.group_by("flag").agg(left_on=pl.col("from_on").min()), on="flag", how="left")
    return flags.with_columns(ended_on=pl.min_horizontal("over_on", "left_on"))


def _answered(facts: Prepared) -> pl.LazyFrame:
    """Flags with the first contact while they held, and the first days on which the person was back."""
    flags = _flags(facts).lazy()
    made_on = uk_day(pl.col("happened_at"))
    contacts = facts.of_types("contact-made").lazy().select("enrolment", "happened_at", "outcome", made_on=made_on)
    contacts = flags.join(contacts, on="enrolment").filter(pl.col("made_on") >= pl.col("raised_on"))
    contacts = contacts.filter((pl.col("made_on") < pl.col("ended_on")).fill_null(value=True))
    first = contacts.group_by("flag").agg(
        contacted_at=pl.col("happened_at").min(),
        contacted_on=pl.col("made_on").min(),
        reached_on=pl.col("made_on").filter(pl.col("outcome") == "reached").min(),
    )
    flags = flags.join(first, on="flag", how="left").collect().lazy()
    seen = flags.join(facts.activity.lazy(), on="enrolment").filter(pl.col("active_on") >= pl.col("raised_on"))
    day = pl.col("active_on")
    back = seen.group_by("flag").agg(
        returned_on=day.min(),
        returned_after_contact_on=day.filter(pl.col("last_at") > pl.col("contacted_at")).min(),
        later_on=day.filter(day >= pl.col("raised_on") + _WEEK).min(),
    )
    return flags.join(back, on="flag", how="left")


def _steps(facts: Prepared, flags: pl.LazyFrame) -> pl.LazyFrame:
    """The steps that are timed, one below the other."""
    week = pl.col("raised_on") + _WEEK
    quiet = flags.filter(
        week <= facts.as_of,
        (pl.col("ended_on") >= week).fill_null(value=True),
        (pl.col("returned_on") >= week).fill_null(value=True),
    )
    called = (pl.col("contacted_on") < week).fill_null(value=False)
    quiet = quiet.with_columns(group=pl.when(called).then(pl.lit(CONTACTED)).otherwise(pl.lit(LEFT_ALONE)))
    flags = flags.with_columns(group=pl.lit("all"))
    contacted = flags.filter(pl.col("contacted_on").is_not_null())
    steps = {
        "flag to first contact": (flags, "raised_on", "contacted_on"),
        "flag to being reached": (flags, "raised_on", "reached_on"),
        "contact to return": (contacted, "contacted_on", "returned_after_contact_on"),
        "flag to return, of who was quiet for a week": (quiet, "raised_on", "later_on"),
    }
    timed = pl.concat(
        [
            each.select("group", "ended_on", began_on=began, happened_on=happened, step=pl.lit(step))
            for step, (each, began, happened) in steps.items()
        ]
    )
    return timed.with_columns(
        days=(pl.col("happened_on") - pl.col("began_on")).dt.total_days(),
        followed=(facts.as_of - pl.col("began_on")).dt.total_days(),
        ended_before=(pl.col("ended_on") < pl.col("happened_on").fill_null(facts.as_of)).fill_null(value=False),
    )
