"""The questions in polars, by the definitions of `analytics.questions`: their main columns, to compare with."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import polars as pl

from bench.analytics_frames import PROGRAMME
from bench.analytics_polars import Prepared
from bench.analytics_polars_doings import uk_day
from bench.analytics_polars_flags import flag_response
from bench.analytics_polars_milestones import milestones
from bench.analytics_polars_plans import completion_trend, gate_forecast

_PEOPLE: Final = ("enrolment", "programme", "intake", "partner")


def completion_curve(facts: Prepared) -> pl.DataFrame:
    """Mean completion of those studying at the end of each study week."""
    studying = facts.lived.lazy().filter(pl.col("status") == "active").group_by("week")
    return studying.agg(studying=pl.len(), completion=(pl.col("points") / pl.col("points_total")).mean()).collect()


def survival(facts: Prepared) -> pl.DataFrame:
    """Kaplan and Meier's estimate by days of study."""
    began = pl.max_horizontal("enrolled_on", "starts_on")
    plans = facts.plans.select("programme", "intake", "starts_on", "deadline")
    first = facts.enrolled.join(plans, on=["programme", "intake"]).select("enrolment", began_on=began)
    moves = facts.moves.join(first, on="enrolment", maintain_order="left")
    placed = facts.placed(moves.filter(pl.col("moved_on") <= pl.col("began_on")))
    placed = placed.join(plans, on=["programme", "intake"]).select("enrolment", "deadline", began_on=began)
    people = placed.join(facts.enrolments.select("enrolment", "status", "status_since"), on="enrolment")
    gone, since = pl.col("status") == "withdrawn", pl.col("status_since")
    people = people.filter(pl.col("began_on") <= facts.as_of, ~(gone & (since < pl.col("began_on"))))
    last = pl.min_horizontal(pl.lit(facts.as_of), "deadline", pl.when(gone).then(since))
    people = people.with_columns(
        last_on=pl.max_horizontal("began_on", last), event=gone & (since <= pl.col("deadline"))
    )
    people = people.join(_paused(facts, people), on="enrolment", how="left")
    time = (pl.col("last_on") - pl.col("began_on")).dt.total_days() - pl.col("paused").fill_null(0)
    table = people.group_by(time=time).agg(events=pl.col("event").sum(), people=pl.len())
    if 0 not in table["time"]:
        table = pl.concat([table, pl.DataFrame({"time": [0], "events": [0], "people": [0]}, schema=table.schema)])
    table = table.sort("time").with_columns(at_risk=pl.col("people").cum_sum(reverse=True))
    return table.select("time", "at_risk", "events", survival=(1 - pl.col("events") / pl.col("at_risk")).cum_prod())


def _paused(facts: Prepared, people: pl.DataFrame) -> pl.DataFrame:
    spells = facts.spells.filter(pl.col("status") != "active").drop("status").join(people, on="enrolment")
    first, until = pl.max_horizontal("from_on", "began_on"), pl.min_horizontal("until_on", "last_on")
    days = (until - first).dt.total_days().clip(0)
    return spells.group_by("enrolment").agg(paused=days.sum())


def partners(facts: Prepared) -> pl.DataFrame:
    """Share of each partner's people who withdrew."""
    return facts.enrolments.group_by("partner").agg(people=pl.len(), rate=(pl.col("status") == "withdrawn").mean())


def retention(facts: Prepared) -> pl.DataFrame:
    """Completed or active, of them and the withdrawn, among those who started, by provider, cohort and course."""
    people = facts.enrolments.lazy()
    ours = facts.components.lazy().select("programme", "component")
    done = facts.done_by_person.lazy().join(people, on="enrolment").join(ours, on=["programme", "component"])
    started = done.filter((pl.col("status") != "withdrawn") | (uk_day(pl.col("first")) < pl.col("status_since")))
    courses = facts.programmes.lazy().select("programme", "course")
    counted = people.filter(pl.col("status") != "deferred").join(started, on="enrolment", how="semi")
    groups = counted.join(courses, on="programme").group_by("provider", "cohort", "course")
    kept = pl.col("status").is_in(["completed", "active"]).sum()
    return groups.agg(numerator=kept, denominator=pl.len(), measure=pl.lit("dfe-retention")).collect()


def attendance(facts: Prepared) -> pl.DataFrame:
    """Register lines by kind of session, weekday and partner, and how many say attended."""
    key = ["enrolment", "component"]
    kinds = facts.components.lazy().select("programme", "component", "kind")
    lines = facts.sessions.lazy().join(facts.enrolments.lazy().select(_PEOPLE), on="enrolment")
    lines = lines.join(kinds, on=["programme", "component"])
    absent, caught = (pl.col("attendance") == word for word in ("absent", "caught-up"))
    lines = lines.join(lines.filter(absent).group_by(key).agg(missed=pl.col("held_at").min()), on=key, how="left")
    lines = lines.join(lines.filter(caught).group_by(key).agg(mended=pl.col("held_at").max()), on=key, how="left")
    lines = lines.filter(~caught | (pl.col("missed") > pl.col("held_at")).fill_null(value=True))
    mended = absent & (pl.col("held_at") <= pl.col("mended")).fill_null(value=False)
    told = lines.select(
        "kind",
        pl.col("partner").cast(pl.String),
        weekday=pl.col("held_on").dt.strftime("%A"),
        attended=pl.col("attendance") == "attended",
        caught_up=caught | mended,
    ).collect()
    found = [
        told.group_by(group=each)
        .agg(register_lines=pl.len(), attended=pl.col("attended").sum(), caught_up=pl.col("caught_up").sum())
        .with_columns(breakdown=pl.lit(each))
        for each in ("kind", "weekday", "partner")
    ]
    return pl.concat(found)


def timeliness(facts: Prepared) -> pl.DataFrame:
    """Days from a session to its first record, by partner."""
    held = facts.sessions.lazy().filter(
        pl.col("attendance") != "caught-up", pl.col("held_on") < facts.as_of - timedelta(days=14)
    )
    held = held.join(facts.enrolments.lazy().select(_PEOPLE), on="enrolment")
    sessions = held.group_by("partner", "programme", "intake", "component", "held_on")
    days = (uk_day(pl.col("recorded_at").min()) - pl.col("held_on").first()).dt.total_days().clip(0)
    recorded = sessions.agg(days=days).group_by("partner")
    return recorded.agg(
        sessions=pl.len(),
        slowest_days=pl.col("days").max(),
        within_2=(pl.col("days") <= 2).sum(),  # noqa: PLR2004 - within two days
        median_days=pl.col("days").quantile(0.5, "lower"),
    ).collect()


def where_they_stop(facts: Prepared) -> pl.DataFrame:
    """The funnel over the components of one programme."""
    chosen = facts.enrolments.filter(pl.col("programme") == PROGRAMME)
    last_spell = facts.spells.filter(pl.col("until_on").is_null()).select("enrolment", turned="from_on")
    chosen = chosen.join(facts.plans, on=["programme", "intake"]).join(last_spell, on="enrolment")
    chosen = chosen.join(facts.last_active, on="enrolment", how="left")
    chosen = chosen.with_columns(seen_on=pl.max_horizontal("turned", "active_on"))
    chosen = chosen.join(facts.completion.select("enrolment", "gate_at"), on="enrolment", how="left")
    steps = facts.components.filter(pl.col("programme") == PROGRAMME)
    steps = steps.select("component", step=(pl.col("position") + 1).cast(pl.Int64))
    done = facts.done.join(chosen, on="enrolment", how="semi").join(steps, on="component")
    weeks = facts.weeks.filter(pl.col("week") > 0, pl.col("ends_on") < facts.as_of)
    silent = chosen.join(weeks, on=["programme", "intake"]).filter(
        pl.col("ends_on") - timedelta(days=7) >= pl.col("seen_on")
    )
    silent = silent.group_by("enrolment").agg(silent_weeks=pl.len())
    furthest = done.group_by("enrolment").agg(step=pl.col("step").max())
    ended = chosen.join(silent, on="enrolment", how="left").join(furthest, on="enrolment", how="left")
    idle = (pl.col("silent_weeks").fill_null(0) >= 4) | (pl.col("deadline") < facts.as_of)  # noqa: PLR2004 - study weeks
    idle &= (pl.col("status") == "active") & pl.col("gate_at").is_null()
    stopped = idle | (pl.col("status") == "withdrawn")
    ended = ended.group_by(step=pl.col("step").fill_null(0)).agg(ended=pl.len(), stopped=stopped.sum())
    did = done.group_by("step").agg(did=pl.len())
    table = pl.DataFrame({"step": [0, *steps["step"].sort()]}).join(ended, on="step", how="left")
    table = table.join(did, on="step", how="left").fill_null(0).sort("step")
    return table.select("step", "stopped", "did", came_so_far=pl.col("ended").cum_sum(reverse=True))


QUESTIONS: dict[str, Callable[[Prepared], pl.DataFrame]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(completion_curve, completion_trend, where_they_stop, survival, retention, partners, milestones),
        *(gate_forecast, attendance, flag_response, timeliness),
    )
}
