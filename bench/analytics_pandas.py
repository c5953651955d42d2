"""What the questions need of the facts, in plain pandas: the same definitions, written a second time."""

from datetime import date
from functools import cached_property

import pandas as pd

from bench.analytics_pandas_doings import PLACES, Doings, uk_days
from learning.plan import start_of


class Prepared(Doings):
    """What became of enrolments by what people did: where they are, their status, and their points."""

    @cached_property
    def moves(self) -> pd.DataFrame:
        """Every transfer, in order; blank is as before."""
        said = self.of_types("transferred")
        said = said.sort_values(["happened_at", "recorded_at"]).reindex(columns=["enrolment", "happened_at", *PLACES])
        return said.assign(moved_on=uk_days(said["happened_at"]))

    def placed(self, moves: pd.DataFrame) -> pd.DataFrame:
        """Enrolments where they are after these moves."""
        placed = self.enrolled.copy()
        for place in PLACES:
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
    def lived(self) -> pd.DataFrame:
        """Enrolments at the end of every study week of their plan that is over: their status and points."""
        weeks = self.weeks[self.weeks["ends_on"] < self.as_of]
        people = self.enrolments_known.reset_index()[["enrolment", "programme", "intake", "points_total"]]
        both = people.merge(weeks, on=["programme", "intake"])
        spells = self.spells.sort_values("from_on", kind="stable").rename(columns={"from_on": "ends_on"})
        both = pd.merge_asof(
            both.sort_values("ends_on"), spells[["enrolment", "ends_on", "status"]], on="ends_on", by="enrolment"
        )
        return pd.merge_asof(
            both[both["status"].notna()].sort_values("ended_at"),
            self._gained(),
            on="ended_at",
            by="enrolment",
            allow_exact_matches=False,
        ).fillna({"points": 0})

    def _gained(self) -> pd.DataFrame:
        """The points that enrolments had from each moment on."""
        gained = self.gains.sort_values("happened_at", kind="stable")
        gained["points"] = gained["points"].groupby(gained["enrolment"]).cumsum()
        return gained[["enrolment", "happened_at", "points"]].rename(columns={"happened_at": "ended_at"})

    @cached_property
    def gains(self) -> pd.DataFrame:
        """The points that enrolments gained and, below 0, lost."""
        counting = self.components.loc[self.components["counts"], ["programme", "component", "points"]]
        flips = self.flips.join(self.enrolled["programme"], on="enrolment").merge(
            counting, on=["programme", "component"]
        )
        points = flips["points"] * flips["direction"]
        flips = flips[["enrolment", "happened_at"]].assign(points=points)
        return flips.assign(gained_on=uk_days(flips["happened_at"]))

    @cached_property
    def completion(self) -> pd.DataFrame:
        """Points of each enrolment, and when the gate was reached."""
        programme = self.enrolled["programme"].reset_index()
        done = self.done.merge(programme, on="enrolment")
        done = done.merge(self.components[self.components["counts"]], on=["programme", "component"])
        done = done.sort_values(["enrolment", "since"]).merge(
            self.programmes[["programme", "gate_points"]], on="programme"
        )
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
        found = self.completion[self.completion["attempts"] > 0]
        found = found.join(self.verdicts, how="inner")
        if found.empty:
            return pd.Series(dtype="datetime64[us]")
        asked = uk_days(self.of_types("deferral-requested", "deferred").groupby("enrolment")["happened_at"].min())
        closes = found["deadline"].map(lambda day: pd.Timestamp(start_of(_next(day))).tz_localize(None))
        missed = (found["deadline"] < self.as_of) & ~(found["gate_at"] < closes)
        missed &= ~(asked.reindex(found.index) <= found["deadline"])
        lost = found["failed"] + self._unanswered.reindex(found.index).fillna(0) + missed
        return uk_days(found.loc[found["passed"].astype(bool) | (lost >= found["attempts"]), "happened_at"])

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The mark that decides on each enrolment that was assessed, a pass before all others, and attempts failed."""
        marked = self.of_types("assessment-marked").sort_values(["happened_at", "recorded_at"])
        marked = marked.drop_duplicates(["enrolment", "attempt"], keep="last")
        marked = marked.assign(passed=marked["outcome"] == "passed").sort_values(["passed", "happened_at"])
        decisive = marked.drop_duplicates("enrolment", keep="last").set_index("enrolment")
        failed = (~marked["passed"]).groupby(marked["enrolment"]).sum()
        return decisive[["passed", "happened_at"]].assign(failed=failed)

    @cached_property
    def _unanswered(self) -> pd.Series:
        """Attempts that were entered for, and nothing came of them by the end of their window."""
        entered = self.of_types("assessment-entered").sort_values(["happened_at", "recorded_at"])
        entered = entered.drop_duplicates(["enrolment", "attempt"], keep="last")
        came = self.of_types("assessment-submitted", "assessment-marked", "extenuating-circumstances-granted")
        both = entered.merge(came[["enrolment", "attempt"]].drop_duplicates(), how="left", indicator=True)
        return both[(both["_merge"] == "left_only") & (both["closes"] < self.as_of)].groupby("enrolment").size()


def _next(day: pd.Timestamp) -> date:
    return (day + pd.Timedelta(days=1)).date()
