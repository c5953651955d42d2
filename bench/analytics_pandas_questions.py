"""The questions in plain pandas, by the definitions of `analytics.questions`: their main columns, to compare with."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from bench.analytics_frames import PROGRAMME
from bench.analytics_pandas import Prepared
from bench.analytics_pandas_doings import uk_days
from bench.analytics_pandas_flags import flag_response
from bench.analytics_pandas_milestones import milestones
from bench.analytics_pandas_plans import completion_trend, gate_forecast

Frame = pd.DataFrame


_PEOPLE: Final = ["enrolment", "programme", "intake", "partner"]


def completion_curve(facts: Prepared) -> Frame:
    """Mean completion of those studying at the end of each study week."""
    studying = facts.lived[facts.lived["status"] == "active"]
    studying = studying.assign(completion=studying["points"] / studying["points_total"])
    return studying.groupby("week", as_index=False).agg(studying=("week", "size"), completion=("completion", "mean"))


def survival(facts: Prepared) -> Frame:
    """Kaplan and Meier's estimate by days of study."""
    people = facts.enrolled.reset_index().merge(facts.plans, on=["programme", "intake"]).set_index("enrolment")
    began = people[["enrolled_on", "starts_on"]].max(axis="columns")
    early = facts.moves[facts.moves["moved_on"] <= facts.moves["enrolment"].map(began)]
    placed = facts.placed(early).reset_index().merge(facts.plans, on=["programme", "intake"]).set_index("enrolment")
    now = facts.enrolments.reindex(placed.index)
    began = placed[["enrolled_on", "starts_on"]].max(axis="columns")
    gone = now["status"] == "withdrawn"
    followed = (began <= facts.as_of) & ~(gone & (now["status_since"] < began))
    withdrew = gone & (now["status_since"] <= placed["deadline"])
    last = placed["deadline"].where(placed["deadline"] < facts.as_of, facts.as_of)
    last = now["status_since"].where(gone & (now["status_since"] < last), last)
    last = last.where(last >= began, began)
    time = (last - began).dt.days - _paused(facts, began, last)
    counts = Frame({"time": time[followed], "event": withdrew[followed]})
    table = counts.groupby("time")["event"].agg(events="sum", people="size")
    table = table.reindex(sorted({0, *table.index}), fill_value=0)
    table["at_risk"] = table["people"][::-1].cumsum()
    table["survival"] = (1 - table["events"] / table["at_risk"]).cumprod()
    return table.reset_index()[["time", "at_risk", "events", "survival"]]


def _paused(facts: Prepared, began: "pd.Series[pd.Timestamp]", last: "pd.Series[pd.Timestamp]") -> "pd.Series[int]":
    spells = facts.spells[facts.spells["status"] != "active"]
    begun, ended = spells["enrolment"].map(began), spells["enrolment"].map(last)
    first = spells["from_on"].where(spells["from_on"] > begun, begun)
    until = spells["until_on"].where(spells["until_on"] < ended, ended)  # also where it lasts
    days = (until - first).dt.days.clip(lower=0)
    return days.groupby(spells["enrolment"]).sum().reindex(began.index).fillna(0).astype(int)


def partners(facts: Prepared) -> Frame:
    """Share of each partner's people who withdrew."""
    gone = facts.enrolments.assign(withdrawn=facts.enrolments["status"] == "withdrawn")
    groups = gone.groupby("partner", as_index=False, observed=True)
    return groups.agg(people=("withdrawn", "size"), rate=("withdrawn", "mean"))


def retention(facts: Prepared) -> Frame:
    """Completed or active, of them and the withdrawn, among those who started, by provider, cohort and course."""
    people = facts.enrolments.reset_index()
    done = facts.done_by_person.merge(people, on="enrolment").merge(facts.components, on=["programme", "component"])
    started = (done["status"] != "withdrawn") | (uk_days(done["first"]) < done["status_since"])
    people = people.merge(facts.programmes[["programme", "course"]], on="programme")
    people = people[people["enrolment"].isin(done.loc[started, "enrolment"]) & (people["status"] != "deferred")]
    people["kept"] = people["status"].isin(["completed", "active"])
    groups = people.groupby(["provider", "cohort", "course"], observed=True)["kept"]
    return groups.agg(numerator="sum", denominator="size").reset_index().assign(measure="dfe-retention")


def attendance(facts: Prepared) -> Frame:
    """Register lines by kind of session, weekday and partner, and how many say attended."""
    lines = facts.sessions.merge(facts.enrolments.reset_index()[_PEOPLE], on="enrolment")
    lines = lines.merge(facts.components[["programme", "component", "kind"]], on=["programme", "component"])
    key = ["enrolment", "component"]
    missed = lines[lines["attendance"] == "absent"].groupby(key, observed=True)["held_at"].min().rename("missed")
    mended = lines[lines["attendance"] == "caught-up"].groupby(key, observed=True)["held_at"].max().rename("mended")
    lines = lines.join(missed, on=key).join(mended, on=key)
    late = lines["attendance"] == "caught-up"
    lines = lines[~late | lines["missed"].isna() | (lines["missed"] > lines["held_at"])]
    caught = (lines["attendance"] == "absent") & (lines["held_at"] <= lines["mended"])
    lines = lines.assign(
        attended=lines["attendance"] == "attended",
        caught_up=caught | (lines["attendance"] == "caught-up"),
        weekday=lines["held_on"].dt.day_name(),
    )
    found = [
        lines.groupby(each, observed=True)
        .agg(register_lines=("attended", "size"), attended=("attended", "sum"), caught_up=("caught_up", "sum"))
        .reset_index()
        .rename(columns={each: "group"})
        .assign(breakdown=each)
        for each in ("kind", "weekday", "partner")
    ]
    return pd.concat(found)


def timeliness(facts: Prepared) -> Frame:
    """Days from a session to its first record, by partner."""
    held = facts.sessions[facts.sessions["attendance"] != "caught-up"]
    held = held[held["held_on"] < facts.as_of - pd.Timedelta(days=14)]
    held = held.merge(facts.enrolments.reset_index()[_PEOPLE], on="enrolment")
    key = ["partner", "programme", "intake", "component", "held_on"]
    recorded = held.groupby(key, observed=True)["recorded_at"].min().reset_index()
    recorded["days"] = (uk_days(recorded["recorded_at"]) - recorded["held_on"]).dt.days.clip(lower=0)
    recorded["prompt"] = recorded["days"] <= 2  # noqa: PLR2004 - within two days
    groups = recorded.groupby("partner", observed=True)
    found = groups.agg(sessions=("days", "size"), slowest_days=("days", "max"), within_2=("prompt", "sum"))
    return found.assign(median_days=groups["days"].quantile(interpolation="lower")).reset_index()


def where_they_stop(facts: Prepared) -> Frame:
    """The funnel over the components of one programme."""
    chosen = facts.enrolments[facts.enrolments["programme"] == PROGRAMME].reset_index()
    chosen = chosen.merge(facts.plans, on=["programme", "intake"]).set_index("enrolment")
    steps = facts.components[facts.components["programme"] == PROGRAMME].set_index("component")["position"] + 1
    done = facts.done[facts.done["enrolment"].isin(chosen.index)]
    done = done.assign(step=done["component"].astype(object).map(steps.to_dict())).dropna(subset="step")
    completion = facts.completion.loc[chosen.index]
    last_spell = facts.spells[facts.spells["until_on"].isna()].set_index("enrolment")["from_on"]
    seen = Frame({"active": uk_days(facts.last_active.reindex(chosen.index)), "turned": last_spell}).max(axis="columns")
    weeks = facts.weeks[(facts.weeks["week"] > 0) & (facts.weeks["ends_on"] < facts.as_of)]
    both = chosen.assign(seen_on=seen).reset_index().merge(weeks, on=["programme", "intake"])
    silent = both["ends_on"] - pd.Timedelta(days=7) >= both["seen_on"]
    silence = silent.groupby(both["enrolment"]).sum().reindex(chosen.index).fillna(0)
    idle = (silence >= 4) | (chosen["deadline"] < facts.as_of)  # noqa: PLR2004 - four study weeks
    idle &= (chosen["status"] == "active") & completion["gate_at"].isna()
    ended = Frame({"step": done.groupby("enrolment")["step"].max().reindex(chosen.index).fillna(0)})
    ended["stopped"] = idle | (chosen["status"] == "withdrawn")
    table = ended.groupby("step").agg(ended=("stopped", "size"), stopped=("stopped", "sum"))
    table = table.reindex([0, *sorted(steps)]).fillna(0)
    table["did"] = done.groupby("step").size()
    table["came_so_far"] = table["ended"][::-1].cumsum()
    table["step"] = table.index
    return table[["step", "stopped", "did", "came_so_far"]].fillna(0)


QUESTIONS: dict[str, Callable[[Prepared], Frame]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(completion_curve, completion_trend, where_they_stop, survival, retention, partners, milestones),
        *(gate_forecast, attendance, flag_response, timeliness),
    )
}
