"""The questions that hold people against their plan, in polars."""

from datetime import timedelta
from typing import Final

import polars as pl

from bench.analytics_frames import BANDS, FEWEST
from bench.analytics_polars import Prepared, held_before
from bench.analytics_polars_doings import uk_day

_PLAN: Final = ["programme", "intake"]
_TREND: Final = timedelta(weeks=12)
_PACE_WEEKS: Final = 4


def completion_trend(facts: Prepared) -> pl.DataFrame:
    """How far who was studying twelve weeks ago has come, week by week, beside the plan."""
    since = facts.as_of - _TREND
    days = pl.DataFrame({"day": pl.date_range(since, facts.as_of, "1w", eager=True)}).with_row_index("moment").lazy()
    there = facts.spells.lazy().filter(pl.col("status") == "active", held_before(pl.lit(since)))
    members = facts.known.lazy().join(there, on="enrolment", how="semi").select("enrolment", *_PLAN, "points_total")
    members = members.collect().lazy()
    spread = _spread(facts, members, days)
    weeks = facts.weeks.lazy().select(*_PLAN, "due", fulfilled="week").sort("due", "fulfilled")
    spread = spread.sort("points").join_asof(weeks, left_on="points", right_on="due", by=_PLAN, check_sortedness=False)
    gone = facts.spells.lazy().filter(pl.col("status") == "withdrawn").join(members, on="enrolment", how="semi")
    gone = gone.join(days, how="cross").filter(held_before(pl.col("day"))).group_by("day").agg(left=pl.len())
    number, key = pl.col("enrolments"), [*_PLAN, "day"]
    due, over = _planned(facts, days)
    told = spread.join(due, on=key, how="left").join(over, on=key, how="left")
    behind = (pl.col("over").fill_null(0) - pl.col("fulfilled")).clip(0)
    means = {
        "completion": pl.col("points") / pl.col("points_total"),
        "expected": pl.col("due_points").fill_null(0) / pl.col("points_total"),
        "lag_weeks": behind,
    }
    weighted = {name: (number * each).sum() / number.sum() for name, each in means.items()}
    found = told.group_by("day").agg(number.sum(), **weighted).join(gone, on="day", how="left")
    return found.with_columns(pl.col("left").fill_null(0)).collect()


def _spread(facts: Prepared, members: pl.LazyFrame, days: pl.LazyFrame) -> pl.LazyFrame:
    """How many members of each plan had how many points as each day began."""
    gains = facts.gains.lazy().filter(pl.col("gained_on") < facts.as_of).join(members, on="enrolment", how="semi")
    gained = gains.sort("gained_on").join_asof(  # the first day as of which it counts
        days, left_on="gained_on", right_on="day", strategy="forward", allow_exact_matches=False
    )
    gained = gained.group_by("enrolment", "moment").agg(pl.col("points").sum())
    every = members.join(days, how="cross").join(gained, on=["enrolment", "moment"], how="left")
    points = pl.col("points").fill_null(0).cum_sum().over("enrolment", order_by="moment")
    return every.with_columns(points).group_by(*_PLAN, "points_total", "day", "points").agg(enrolments=pl.len())


def _planned(facts: Prepared, days: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Points due by each plan, and its study weeks that are over, as each day begins."""
    due = facts.due.lazy().join(facts.components.lazy(), on=["programme", "component"]).join(days, how="cross")
    due = due.filter(pl.col("due_on") < pl.col("day")).group_by(*_PLAN, "day").agg(due_points=pl.col("points").sum())
    over = facts.weeks.lazy().join(days, how="cross").filter(pl.col("ends_on") < pl.col("day"))
    return due, over.group_by(*_PLAN, "day").agg(over=pl.col("week").max())


def gate_forecast(facts: Prepared) -> pl.DataFrame:
    """Who is expected to reach the gate by the deadline, by what became of people who once stood where they stand."""
    cells, past = _standing_now(facts), _history(facts)
    own = _rates(cells, past, on=["programme"])
    every = _rates(cells, past, on=[])
    found = cells.join(own, on="cell", how="left").join(every, on="cell", how="left", suffix="_all")
    told, told_of_all = pl.col("past_people") >= FEWEST, pl.col("past_people_all") >= FEWEST
    own_rate, rate_of_all = (pl.col(f"past_reached{of}") / pl.col(f"past_people{of}") for of in ("", "_all"))
    rate = pl.when(told).then(own_rate).when(told_of_all).then(rate_of_all)
    people, expected = pl.col("people"), pl.col("people") * pl.col("rate")
    found = found.with_columns(rate=rate).select(
        group=pl.lit("all"),
        enrolments=pl.sum("there") + pl.sum("people") + pl.sum("deferred"),
        reached=pl.sum("there"),
        studying=pl.sum("people"),
        deferred=pl.sum("deferred"),
        by_pace=people.filter(pl.col("rate").is_null()).sum(),
        expected=pl.sum("there") + pl.coalesce(expected, "paced").sum(),
    )
    return found.with_columns(expected_share=pl.col("expected") / pl.col("enrolments"))


def _standing_now(facts: Prepared) -> pl.DataFrame:
    """How many of each cohort that is on its way stand in each band at the end of its latest study week."""
    plans = facts.plans.lazy().filter(pl.col("deadline") >= facts.as_of)
    weeks = facts.weeks.lazy().filter(pl.col("ends_on") < facts.as_of)
    latest = weeks.join(plans, on=_PLAN, how="semi").group_by(_PLAN).agg(pl.col("week").max())
    earlier = latest.with_columns((pl.col("week") - _PACE_WEEKS).clip(0))
    lived = facts.lived.lazy().select("enrolment", *_PLAN, "week", "ends_on", "status", "points", "points_total")
    then = lived.join(earlier, on=[*_PLAN, "week"], how="semi").select("enrolment", points_then="points")
    now = lived.join(latest, on=[*_PLAN, "week"], how="semi").filter(pl.col("status") != "withdrawn")
    now = now.join(then, on="enrolment", how="left").join(plans, on=_PLAN)
    now = now.join(facts.programmes.lazy().select("programme", "gate_points", "threshold"), on="programme")
    gained = (pl.col("points") - pl.col("points_then").fill_null(0)).clip(0)
    left = pl.col("plan_weeks") - pl.col("week")
    in_time = pl.col("points") + gained / pl.col("week").clip(1, _PACE_WEEKS) * left
    there = pl.col("points") >= pl.col("gate_points")
    studying = (pl.col("status") == "active") & ~there
    paced = studying & (pl.col("week") > 0) & (pl.col("threshold") * pl.col("points_total") <= in_time)
    cells = now.group_by(*_PLAN, "plan_weeks", "week", "ends_on", _band()).agg(
        there=there.sum(), deferred=(~there & ~studying).sum(), people=studying.sum(), paced=paced.sum()
    )
    return cells.collect().with_row_index("cell")


def _history(facts: Prepared) -> pl.DataFrame:
    """How many of each finished cohort stood in each band at the end of each week, and who of them made it in time."""
    over = facts.completion.lazy().filter(pl.col("deadline") < facts.as_of)
    made_it = (uk_day(pl.col("gate_at")) <= pl.col("deadline")).fill_null(value=False)
    over = over.select("enrolment", "deadline", "plan_weeks", "gate_points", made_it=made_it)
    lived = facts.lived.lazy().filter(pl.col("status") == "active").join(over, on="enrolment")
    lived = lived.filter(pl.col("points") < pl.col("gate_points"))
    groups = lived.group_by(*_PLAN, "deadline", "plan_weeks", "week", _band())
    return groups.agg(past_people=pl.len(), past_reached=pl.col("made_it").sum()).collect()


def _band() -> pl.Expr:
    return (pl.col("points") * BANDS // pl.col("points_total")).clip(upper_bound=BANDS - 1).alias("band")


def _rates(cells: pl.DataFrame, past: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Of cells, how many stood there in cohorts that were over then, after the same share of their weeks."""
    both = cells.filter(pl.col("people") > 0).join(past, on=[*on, "band"], suffix="_past")
    week = (pl.col("week") / pl.col("plan_weeks") * pl.col("plan_weeks_past") + 0.5).floor()
    alike = both.filter(pl.col("week_past") == week, pl.col("deadline") <= pl.col("ends_on"))
    return alike.group_by("cell").agg(pl.col("past_people", "past_reached").sum())
