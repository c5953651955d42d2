"""The question which declarations have evidence in time, in polars."""

from datetime import timedelta
from typing import Final

import polars as pl

from bench.analytics_polars import Prepared, held_before
from bench.analytics_polars_doings import uk_day

_GROUP: Final = ["intake", "course_group"]
_DAY: Final = timedelta(days=1)


def milestones(facts: Prepared) -> pl.DataFrame:
    """Declarations that DfE counts on, with evidence in time, late and not at all, by intake, course group and type."""
    day = facts.as_of - _DAY
    cases = _cases(facts).join(facts.milestones.lazy(), on=_GROUP).collect().lazy()
    told = cases.join(_evidence(facts, cases), on=["enrolment", "milestone"], how="left")
    there = pl.col("declared_on").is_not_null()
    before = there.shift(1, fill_value=False).over("enrolment", order_by="place")
    expected = (pl.col("window_start") <= day) & ((pl.col("place") == 0) | ((pl.col("standing") == "active") & before))
    late = (pl.col("declared_on") > pl.col("deadline")).fill_null(value=False)
    counts = {
        "expected": pl.col("counted"),
        "in_time": pl.col("counted") & there & ~late,
        "late": pl.col("counted") & late,
        "without": pl.col("counted") & ~there,
        "others": ~pl.col("counted") & there,
    }
    groups = told.with_columns(counted=expected).group_by(*_GROUP, "milestone", "window_start", "deadline")
    table = groups.agg(enrolments=pl.len(), **{name: each.sum() for name, each in counts.items()})
    share = pl.when(pl.col("expected") > 0).then(pl.col("in_time") / pl.col("expected"))
    return table.with_columns(share_in_time=share).collect()


def _cases(facts: Prepared) -> pl.LazyFrame:
    """Everybody's intake, course group and standing at the end of the day before, and from when they had left."""
    spells = facts.spells.lazy().filter(held_before(pl.lit(facts.as_of)))
    spells = spells.select("enrolment", "from_on", standing="status")
    found = facts.enrolments.lazy().join(spells, on="enrolment")
    found = found.join(facts.programmes.lazy().select("programme", "course_group"), on="programme")
    said = (pl.col("status") == "withdrawn") & (pl.col("status_since") < facts.as_of)
    left_on = pl.when(said).then("status_since").otherwise("from_on")
    return found.select(
        "enrolment", *_GROUP, "standing", left_on=pl.when(pl.col("standing") == "withdrawn").then(left_on)
    )


def _evidence(facts: Prepared, cases: pl.LazyFrame) -> pl.LazyFrame:
    """The day on which each declaration is dated, of the enrolments that have evidence for it.

    All courses with published dates end with an outcome, so that alone is evidence for `completed`.
    """
    people = cases.select("enrolment", "left_on").unique()
    engaged = facts.engaged.lazy().join(people, on="enrolment")
    engaged = engaged.filter((pl.col("engaged_on") < pl.col("left_on")).fill_null(value=True)).collect().lazy()
    marked = facts.verdicts.lazy().select("enrolment", declared_on=uk_day(pl.col("happened_at")))
    marked = marked.join(people, on="enrolment")
    marked = marked.filter((pl.col("declared_on") < pl.col("left_on")).fill_null(value=True))
    started = _started(engaged, cases.filter(pl.col("milestone") == "started"))
    retained = _retained(facts, engaged, cases.filter(pl.col("milestone").str.starts_with("retained")))
    completed = marked.select("enrolment", "declared_on", milestone=pl.lit("completed"))
    return pl.concat([each.select("enrolment", "milestone", "declared_on") for each in (started, retained, completed)])


def _started(engaged: pl.LazyFrame, cases: pl.LazyFrame) -> pl.LazyFrame:
    """Dated by the first engagement since the window opened; where there is none, by the first."""
    day = pl.col("engaged_on")
    later = day.filter(day >= pl.col("window_start")).min()
    both = engaged.join(cases.select("enrolment", "milestone", "window_start"), on="enrolment")
    return both.group_by("enrolment", "milestone").agg(declared_on=pl.coalesce(later, day.min()))


def _retained(facts: Prepared, engaged: pl.LazyFrame, cases: pl.LazyFrame) -> pl.LazyFrame:
    """Dated by the last engagement in the window, else in that of an intake from which the enrolment was moved."""
    windows = facts.milestones.lazy().select("course_group", "milestone", "window_start", "deadline", other="intake")
    moved = cases.drop("window_start", "deadline").join(
        facts.intakes_named.lazy().rename({"intake": "other"}), on="enrolment"
    )
    moved = moved.filter(pl.col("other") != pl.col("intake")).join(windows, on=["other", "course_group", "milestone"])
    moved = moved.with_columns(deadline=pl.min_horizontal("deadline", pl.col("opens") - _DAY))
    last, earlier = _last_between(engaged, cases), _last_between(engaged, moved)
    return pl.concat([last, earlier.join(last, on=["enrolment", "milestone"], how="anti")])


def _last_between(engaged: pl.LazyFrame, windows: pl.LazyFrame) -> pl.LazyFrame:
    """The last day on which each enrolment was engaged in a window of its own."""
    both = engaged.join(windows.select("enrolment", "milestone", "window_start", "deadline"), on="enrolment")
    inside = both.filter(pl.col("engaged_on").is_between("window_start", "deadline"))
    return inside.group_by("enrolment", "milestone").agg(declared_on=pl.col("engaged_on").max())
