"""The question which declarations have evidence in time, in plain pandas."""

from typing import Final

import pandas as pd

from bench.analytics_pandas import Prepared
from bench.analytics_pandas_doings import uk_days

Frame = pd.DataFrame

_GROUP: Final = ["intake", "course_group"]
_DAY: Final = pd.Timedelta(days=1)


def milestones(facts: Prepared) -> Frame:
    """Declarations that DfE counts on, with evidence in time, late and not at all, by intake, course group and type."""
    day = facts.as_of - _DAY
    cases = _cases(facts).merge(facts.milestones, on=_GROUP)
    told = cases.merge(_evidence(facts, cases), how="left", on=["enrolment", "milestone"])
    told = told.sort_values(["enrolment", "place"])
    there = told["declared_on"].notna()
    before = there.groupby(told["enrolment"]).shift(fill_value=False)
    expected = (told["window_start"] <= day) & ((told["place"] == 0) | ((told["standing"] == "active") & before))
    late = told["declared_on"] > told["deadline"]
    told = told.assign(
        expected=expected,
        in_time=expected & there & ~late,
        late=expected & late,
        without=expected & ~there,
        others=~expected & there,
    )
    counts = ["expected", "in_time", "late", "without", "others"]
    groups = told.groupby([*_GROUP, "milestone", "window_start", "deadline"], observed=True)[counts]
    table = groups.sum().assign(enrolments=groups.size()).reset_index()
    return table.assign(share_in_time=table["in_time"] / table["expected"].where(table["expected"] > 0))


def _cases(facts: Prepared) -> Frame:
    """Everybody's intake, course group and standing at the end of the day before, and from when they had left."""
    spells = facts.spells[["enrolment", "status", "from_on", "until_on"]].rename(columns={"status": "standing"})
    spells = spells[(spells["from_on"] < facts.as_of) & ~(spells["until_on"] < facts.as_of)]
    found = facts.enrolments.reset_index().merge(spells, on="enrolment")
    said = (found["status"] == "withdrawn") & (found["status_since"] < facts.as_of)
    left_on = found["status_since"].where(said, found["from_on"]).where(found["standing"] == "withdrawn")
    found = found.merge(facts.programmes[["programme", "course_group"]], on="programme")
    return found.assign(left_on=left_on)[["enrolment", *_GROUP, "standing", "left_on"]]


def _evidence(facts: Prepared, cases: Frame) -> Frame:
    """The day on which each declaration is dated, of the enrolments that have evidence for it.

    All courses with published dates end with an outcome, so that alone is evidence for `completed`.
    """
    left_on = cases.drop_duplicates("enrolment").set_index("enrolment")["left_on"]
    engaged = facts.engaged[facts.engaged["enrolment"].isin(left_on.index)]
    engaged = engaged[~(engaged["engaged_on"] >= engaged["enrolment"].map(left_on))]
    marked = uk_days(facts.verdicts["happened_at"]).rename("declared_on").reset_index()
    marked = marked[~(marked["declared_on"] >= marked["enrolment"].map(left_on))]
    dated = {
        "started": _started(engaged, cases),
        "retained-1": _retained(facts, engaged, cases[cases["milestone"] == "retained-1"]),
        "retained-2": _retained(facts, engaged, cases[cases["milestone"] == "retained-2"]),
        "completed": marked,
    }
    return pd.concat(
        each[["enrolment", "declared_on"]].assign(milestone=milestone) for milestone, each in dated.items()
    )


def _started(engaged: Frame, cases: Frame) -> Frame:
    """Dated by the first engagement since the window opened; where there is none, by the first."""
    opened = cases[cases["milestone"] == "started"].set_index("enrolment")["window_start"]
    since = engaged[engaged["engaged_on"] >= engaged["enrolment"].map(opened)]
    first, later = (each.groupby("enrolment")["engaged_on"].min() for each in (engaged, since))
    return later.combine_first(first).rename("declared_on").reset_index()


def _retained(facts: Prepared, engaged: Frame, cases: Frame) -> Frame:
    """Dated by the last engagement in the window, else in that of an intake from which the enrolment was moved."""
    moved = facts.intakes_named.rename(columns={"intake": "other"}).merge(cases, on="enrolment")
    moved = moved[moved["other"] != moved["intake"]].drop(columns=["window_start", "deadline"])
    windows = facts.milestones.rename(columns={"intake": "other"}).drop(columns=["opens", "place"])
    moved = moved.merge(windows, on=["other", "course_group", "milestone"])
    last = _last_between(engaged, cases)
    earlier = _last_between(engaged, moved.assign(deadline=moved["deadline"].clip(upper=moved["opens"] - _DAY)))
    return last.combine_first(earlier).rename("declared_on").reset_index()


def _last_between(engaged: Frame, windows: Frame) -> "pd.Series[pd.Timestamp]":
    """The last day on which each enrolment was engaged in a window of its own."""
    both = engaged.merge(windows[["enrolment", "window_start", "deadline"]], on="enrolment")
    inside = both["engaged_on"].between(both["window_start"], both["deadline"])
    return both[inside].groupby("enrolment")["engaged_on"].max()
