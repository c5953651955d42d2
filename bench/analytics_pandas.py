"""What the questions need of the facts, in plain pandas: the same definitions, written a second time."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bench.analytics_frames import ABOUT_COMPONENTS, REGISTER, UNDONE, WORDS, Catalogue
from learning.plan import start_of

_PLACES = ["partner", "intake", "provider", "cohort"]
_KEY = ["enrolment", "component"]


class Prepared:
    """Facts loaded into a frame (see `analytics_frames.load_pandas`); everything is worked out once, when asked for."""

    def __init__(self, facts: pd.DataFrame, catalogue: Catalogue) -> None:
        self._facts = facts
        self.programmes = self._coded(catalogue.programmes)
        self.components = self._coded(catalogue.components).dropna()
        self.plans = self._coded(catalogue.plans, "starts_on", "deadline")
        self.weeks = self._coded(catalogue.weeks, "ends_on", "ended_at")
        self.due = self._coded(catalogue.due).dropna()

    def _coded(self, rows: Sequence[dict[str, Any]], *instants: str) -> pd.DataFrame:
        """Rows with the categories that the facts have, so that they can be joined; what no fact names is blank."""
        frame = pd.DataFrame(rows).astype(dict.fromkeys(instants, "datetime64[us]"))
        shared = {name: self._facts[name].dtype for name in ("programme", "intake", "component") if name in frame}
        return frame.astype(shared)

    @cached_property
    def as_of(self) -> pd.Timestamp:
        """The latest day that has started."""
        return pd.Timestamp(self._facts["day"].max())

    def of_types(self, *names: str) -> pd.DataFrame:
        """The facts of these types."""
        return self._facts[self._facts["type"].isin([f"learning.{name}.v1" for name in names])]

    @cached_property
    def enrolled(self) -> pd.DataFrame:
        """Enrolments as they were last sent."""
        said = self.of_types("enrolled").sort_values(["happened_at", "recorded_at"])
        last = said.drop_duplicates("enrolment", keep="last").set_index("enrolment")
        first = said.drop_duplicates("enrolment").set_index("enrolment")["happened_at"]
        return last[["programme", *_PLACES]].assign(enrolled_on=uk_days(first))

    @cached_property
    def moves(self) -> pd.DataFrame:
        """Every transfer, in order; blank is as before."""
        said = self.of_types("transferred")
        said = said.sort_values(["happened_at", "recorded_at"]).reindex(columns=["enrolment", "happened_at", *_PLACES])
        return said.assign(moved_on=uk_days(said["happened_at"]))

    def placed(self, moves: pd.DataFrame) -> pd.DataFrame:
        """Enrolments where they are after these moves."""
        placed = self.enrolled.copy()
        for place in _PLACES:
            last = moves.dropna(subset=place).drop_duplicates("enrolment", keep="last").set_index("enrolment")[place]
            placed.loc[last.index, place] = last
        return placed

    @cached_property
    def enrolments(self) -> pd.DataFrame:
        """Enrolments where they are now, with their status."""
        now = self.placed(self.moves)
        turned = self._turns.drop_duplicates("enrolment", keep="last").set_index("enrolment")
        now = now.join(turned.rename(columns={"from_on": "status_since"})[["status", "status_since"]])
        now["status"] = now["status"].fillna("active")
        now.loc[now["status"] == "active", "status_since"] = pd.NaT
        finished = self._finished.reindex(now.index)
        over = finished.notna() & (now["status"] != "withdrawn")
        now.loc[over, "status"] = "completed"
        now.loc[over, "status_since"] = finished[over]
        return now

    @cached_property
    def _turns(self) -> pd.DataFrame:
        kinds = {"deferred": "deferred", "resumed": "active", "withdrawn": "withdrawn"}
        said = self.of_types(*kinds).reindex(columns=["enrolment", "type", "happened_at", "recorded_at", "effective"])
        said = said[said["effective"].isna() | (said["effective"] <= self.as_of)]
        status = said["type"].astype(str).map({f"learning.{name}.v1": word for name, word in kinds.items()})
        from_on = said["effective"].fillna(uk_days(said["happened_at"]))
        turns = said.assign(status=status, from_on=from_on).astype({"type": "str"})
        return turns.sort_values(["happened_at", "recorded_at", "type"])

    @cached_property
    def spells(self) -> pd.DataFrame:
        """Stretches of a status, in order; a turn is superseded by a later one that holds from then or before."""
        first = self.enrolled[["enrolled_on"]].rename(columns={"enrolled_on": "from_on"}).reset_index()
        turns = self._turns.join(self.enrolled["enrolled_on"], on="enrolment")
        turns["from_on"] = turns[["from_on", "enrolled_on"]].max(axis="columns")
        spells = pd.concat([first.assign(status="active"), turns[["enrolment", "status", "from_on"]]])
        spells = spells.reset_index(drop=True)
        ahead = spells[::-1].groupby("enrolment")["from_on"].cummin()[::-1]
        ahead = ahead.groupby(spells["enrolment"]).shift(-1)
        spells = spells[ahead.isna() | (spells["from_on"] < ahead)]
        return spells.assign(until_on=spells.groupby("enrolment")["from_on"].shift(-1))

    @cached_property
    def marks(self) -> pd.DataFrame:
        """What was said of components, in order: the word by its number, and whether it says that it is done."""
        kinds = [*ABOUT_COMPONENTS, "learning.attendance-recorded.v1"]
        columns = [*_KEY, "happened_at", "recorded_at"]
        said = self._facts[self._facts["type"].isin(kinds)]
        names = np.array([ABOUT_COMPONENTS.get(kind, "") for kind in said["type"].cat.categories])
        words = names.astype(object)[said["type"].cat.codes]
        words = np.where(words == "", said["attendance"].astype(object), words)
        words = np.where(said["banked"].fillna(value=False).to_numpy(bool), "banked", words)
        word = pd.Categorical(words, categories=WORDS)
        said = said[columns].assign(word=word.codes, done=~word.isin(UNDONE))
        return said.sort_values([*columns, "word"], ignore_index=True)

    @cached_property
    def flips(self) -> pd.DataFrame:
        """When components were done (1) and taken back (-1); of one moment the latest word is believed."""
        believed = self.marks.drop_duplicates([*_KEY, "happened_at"], keep="last")
        done = believed["done"].to_numpy()
        same = _same_as_before(believed)
        before = np.concatenate([[False], done[:-1]]) & same
        changed = done != before
        flips: pd.DataFrame = believed.loc[changed, [*_KEY, "happened_at"]]
        return flips.assign(direction=np.where(done[changed], 1, -1))

    @cached_property
    def done(self) -> pd.DataFrame:
        """Components that are done, and since when: the first word that says so since the last that said otherwise."""
        marks = self.marks
        undone = (~marks["done"]).to_numpy().cumsum()
        last = ~np.concatenate([_same_as_before(marks)[1:], [False]])
        streak = np.repeat(undone[last], np.diff(np.flatnonzero(np.concatenate([[True], last]))))
        since: pd.DataFrame = marks[marks["done"] & (undone == streak)].drop_duplicates(_KEY)
        return since[[*_KEY, "happened_at"]].rename(columns={"happened_at": "since"})

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """Lines of registers: the last word on each enrolment, component and session, and when the first was known."""
        said = self.marks[self.marks["word"].isin([WORDS.index(each) for each in REGISTER])]
        key = [*_KEY, "happened_at"]
        last = said.drop_duplicates(key, keep="last")
        words = np.array(WORDS, object)[last["word"]]
        first = said.drop_duplicates(key)["recorded_at"].to_numpy()
        found = last[_KEY].assign(held_at=last["happened_at"], attendance=words, recorded_at=first)
        return found.assign(held_on=uk_days(found["held_at"]))

    @cached_property
    def last_active(self) -> pd.Series:
        """When people were last at work: a visit, or a component worked on."""
        believed = self.marks.drop_duplicates([*_KEY, "happened_at"], keep="last")
        passive = [WORDS.index(each) for each in (*UNDONE, "banked")]
        worked = believed.loc[~believed["word"].isin(passive), ["enrolment", "happened_at"]]
        seen = pd.concat([worked, self.of_types("activity-seen")[["enrolment", "happened_at"]]])
        return seen.groupby("enrolment")["happened_at"].max()

    @cached_property
    def done_by_person(self) -> pd.DataFrame:
        """Components that are done and not banked, and when they were first said to be done."""
        key = _KEY
        last = self.marks.drop_duplicates(key, keep="last")
        last = last[last["done"] & (last["word"] != WORDS.index("banked"))]
        first = self.marks[self.marks["done"]].drop_duplicates(key)[[*key, "happened_at"]]
        return last[key].merge(first.rename(columns={"happened_at": "first"}), on=key)

    @cached_property
    def lived(self) -> pd.DataFrame:
        """Enrolments at the end of every study week of their plan that is over: their status and points."""
        weeks = self.weeks[self.weeks["ends_on"] < self.as_of]
        people = self.enrolments_known.reset_index()[["enrolment", "programme", "intake", "points_total"]]
        both = people.merge(weeks, on=["programme", "intake"])
        spells = self.spells.sort_values("from_on", kind="stable").rename(columns={"from_on": "ends_on"})
        both = pd.merge_asof(
            both.sort_values("ends_on"), spells[["enrolment", "ends_on", "status"]], on="ends_on", by="enrolment"
        )
        gained = self._gained(people)
        return pd.merge_asof(
            both[both["status"].notna()].sort_values("ended_at"),
            gained,
            on="ended_at",
            by="enrolment",
            allow_exact_matches=False,
        ).fillna({"points": 0})

    def _gained(self, people: pd.DataFrame) -> pd.DataFrame:
        """The points that enrolments had from each moment on."""
        counting = self.components.loc[self.components["counts"], ["programme", "component", "points"]]
        flips = self.flips.merge(people[["enrolment", "programme"]], on="enrolment")
        flips = flips.merge(counting, on=["programme", "component"]).sort_values("happened_at", kind="stable")
        flips["points"] = (flips["points"] * flips["direction"]).groupby(flips["enrolment"]).cumsum()
        return flips[["enrolment", "happened_at", "points"]].rename(columns={"happened_at": "ended_at"})

    @cached_property
    def completion(self) -> pd.DataFrame:
        """Points of each enrolment, and when the gate was reached."""
        programme = self.enrolled["programme"].reset_index()
        done = self.done.merge(programme, on="enrolment")
        done = done.merge(self.components[self.components["counts"]], on=["programme", "component"])
        done = done.sort_values(["enrolment", "since"]).merge(self.programmes, on="programme")
        done["reached"] = done.groupby("enrolment")["points"].cumsum()
        gate = done[done["reached"] >= done["gate_points"]].groupby("enrolment")["since"].min()
        summed = done.groupby("enrolment").agg(
            points=("points", "sum"), components_done=("points", "size"), last_done_at=("since", "max")
        )
        found = self.enrolments_known.join(summed).fillna({"points": 0, "components_done": 0})
        return found.assign(gate_at=gate.reindex(found.index))

    @cached_property
    def enrolments_known(self) -> pd.DataFrame:
        """Enrolments where they are now, with their plan."""
        now = self.placed(self.moves).reset_index().merge(self.plans, on=["programme", "intake"])
        return now.merge(self.programmes, on="programme").set_index("enrolment")

    @cached_property
    def _finished(self) -> pd.Series:
        """The day on which people completed; where nothing is assessed, by doing everything or by the gate in time."""
        open_ended = self.completion[self.completion["attempts"] == 0]
        at_gate = uk_days(open_ended["gate_at"])
        at_gate = at_gate.where(at_gate > open_ended["deadline"], open_ended["deadline"])
        at_gate = at_gate.where(open_ended["gate_at"].notna() & (open_ended["deadline"] < self.as_of))
        everything = open_ended["components_done"] == open_ended["components_total"]
        finished = uk_days(open_ended["last_done_at"]).where(everything, at_gate).dropna()
        both: pd.Series = pd.concat([each for each in (finished, self._assessed) if len(each)] or [finished])
        return both

    @cached_property
    def _assessed(self) -> pd.Series:
        """The day on which who is through was assessed for the last time: passed, or failed with no attempt left."""
        marked = self.of_types("assessment-marked").sort_values(["happened_at", "recorded_at"])
        if marked.empty:
            return pd.Series(dtype="datetime64[us]")
        marked = marked.drop_duplicates(["enrolment", "attempt"], keep="last")
        failed = marked[marked["outcome"] == "failed"].groupby("enrolment").size()
        passed = marked.assign(passed=marked["outcome"] == "passed").sort_values(["passed", "happened_at"])
        decisive = passed.drop_duplicates("enrolment", keep="last").set_index("enrolment")
        found = self.completion[self.completion["attempts"] > 0]
        found = found.join(decisive[["passed", "happened_at"]], how="inner")
        asked = uk_days(self.of_types("deferral-requested", "deferred").groupby("enrolment")["happened_at"].min())
        closes = found["deadline"].map(lambda day: pd.Timestamp(start_of(_next(day))).tz_localize(None))
        missed = (found["deadline"] < self.as_of) & ~(found["gate_at"] < closes)
        missed &= ~(asked.reindex(found.index) <= found["deadline"])
        lost = failed.reindex(found.index).fillna(0) + self._unanswered.reindex(found.index).fillna(0) + missed
        return uk_days(found.loc[found["passed"].astype(bool) | (lost >= found["attempts"]), "happened_at"])

    @cached_property
    def _unanswered(self) -> pd.Series:
        """Attempts that were entered for, and nothing came of them by the end of their window."""
        entered = self.of_types("assessment-entered").sort_values(["happened_at", "recorded_at"])
        entered = entered.drop_duplicates(["enrolment", "attempt"], keep="last")
        came = self.of_types("assessment-submitted", "assessment-marked", "extenuating-circumstances-granted")
        both = entered.merge(came[["enrolment", "attempt"]].drop_duplicates(), how="left", indicator=True)
        return both[(both["_merge"] == "left_only") & (both["closes"] < self.as_of)].groupby("enrolment").size()


def uk_days(instants: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The UK days of instants in UTC."""
    local = instants.dt.tz_localize("UTC").dt.tz_convert("Europe/London")
    return local.dt.tz_localize(None).dt.normalize()


def _next(day: pd.Timestamp) -> date:
    return (day + pd.Timedelta(days=1)).date()


def _same_as_before(marks: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Of sorted marks, whether a row is about the same enrolment and component as the one before."""
    codes = [marks["enrolment"].to_numpy(), marks["component"].cat.codes.to_numpy()]
    same = np.logical_and(*(each[1:] == each[:-1] for each in codes))
    return np.concatenate([[False], same])
