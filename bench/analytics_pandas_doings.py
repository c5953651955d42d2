"""What people did and what was said of it, in plain pandas, as every question needs it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.analytics_catalogue import Catalogue
from bench.analytics_frames import ABOUT_COMPONENTS, PASSIVE, REGISTER, UNDONE, WORDS

PLACES = ["partner", "intake", "provider", "cohort"]
_KEY = ["enrolment", "component"]
_MOMENT = [*_KEY, "happened_at"]
_PASSIVE = [WORDS.index(each) for each in PASSIVE]
_Ints = npt.NDArray[np.int64]


class Doings:
    """Facts loaded into a frame (see `analytics_frames.load_pandas`); everything is worked out once, when asked for."""

    def __init__(self, facts: pd.DataFrame, catalogue: Catalogue, decisions: pd.DataFrame) -> None:
        ids = facts["enrolment"].cat
        self._facts = facts.assign(enrolment=ids.codes)
        self.decisions = decisions.assign(enrolment=ids.categories.get_indexer(pd.Index(decisions["enrolment"])))
        self.programmes = self._coded(catalogue.programmes)
        self.components = self._coded(catalogue.components).dropna()
        self.plans = self._coded(catalogue.plans, "starts_on", "deadline")
        self.weeks = self._coded(catalogue.weeks, "ends_on", "ended_at")
        self.due = self._coded(catalogue.due, "due_on").dropna()
        self.milestones = self._coded(catalogue.milestones, "window_start", "deadline", "opens")

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
        return last[["programme", *PLACES]].assign(enrolled_on=uk_days(first))

    @cached_property
    def intakes_named(self) -> pd.DataFrame:
        """The intakes that enrolments are or were in."""
        return self.of_types("enrolled", "transferred")[["enrolment", "intake"]].dropna().drop_duplicates()

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
        believed = self.marks.drop_duplicates(_MOMENT, keep="last")
        done = believed["done"].to_numpy()
        same = _same_as_before(believed)
        before = np.concatenate([[False], done[:-1]]) & same
        changed = done != before
        flips: pd.DataFrame = believed.loc[changed, _MOMENT]
        return flips.assign(direction=np.where(done[changed], 1, -1))

    @cached_property
    def done(self) -> pd.DataFrame:
        """Components that are done, and since when: the first word that says so since the last that said otherwise."""
        marks = self.marks
        undone = (~marks["done"]).to_numpy().cumsum()
        streak = _at_last(marks, undone)
        since: pd.DataFrame = marks[marks["done"] & (undone == streak)].drop_duplicates(_KEY)
        return since[_MOMENT].rename(columns={"happened_at": "since"})

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """Lines of registers: the last word on each enrolment, component and session, and when the first was known."""
        said = self.marks[self.marks["word"].isin([WORDS.index(each) for each in REGISTER])]
        last = said.drop_duplicates(_MOMENT, keep="last")
        words = np.array(WORDS, object)[last["word"]]
        first = said.drop_duplicates(_MOMENT)["recorded_at"].to_numpy()
        found = last[_KEY].assign(held_at=last["happened_at"], attendance=words, recorded_at=first)
        return found.assign(held_on=uk_days(found["held_at"]))

    def _seen(self) -> pd.DataFrame:
        """Moments at which people were at work: visits, and components worked on."""
        believed = self.marks.drop_duplicates(_MOMENT, keep="last")
        worked = believed.loc[~believed["word"].isin(_PASSIVE), ["enrolment", "happened_at"]]
        return pd.concat([worked, self.of_types("activity-seen")[["enrolment", "happened_at"]]])

    @cached_property
    def last_active(self) -> pd.Series:
        """When people were last at work."""
        return self._seen().groupby("enrolment")["happened_at"].max()

    @cached_property
    def activity(self) -> pd.DataFrame:
        """Days on which people were at work, and the last moment of the day."""
        seen = self._seen()
        days = seen["happened_at"].groupby([seen["enrolment"], uk_days(seen["happened_at"]).rename("active_on")])
        return days.max().rename("last_at").reset_index()

    @cached_property
    def engaged(self) -> pd.DataFrame:
        """Days on which something of the programme was done; nothing that was reopened later, or corrected, counts."""
        reopened = (self.marks["word"] == WORDS.index("reopened")).to_numpy().cumsum()
        standing = self.marks[reopened == _at_last(self.marks, reopened)]
        believed = standing.drop_duplicates(_MOMENT, keep="last")
        worked = believed.loc[~believed["word"].isin(_PASSIVE), _MOMENT].join(
            self.enrolled["programme"], on="enrolment"
        )
        worked = worked.merge(self.components[["programme", "component"]], on=["programme", "component"])
        days: pd.DataFrame = worked.assign(engaged_on=uk_days(worked["happened_at"]))[["enrolment", "engaged_on"]]
        return days.drop_duplicates()

    @cached_property
    def done_by_person(self) -> pd.DataFrame:
        """Components that are done and not banked, and when they were first said to be done."""
        key = _KEY
        last = self.marks.drop_duplicates(key, keep="last")
        last = last[last["done"] & (last["word"] != WORDS.index("banked"))]
        first = self.marks[self.marks["done"]].drop_duplicates(key)[[*key, "happened_at"]]
        return last[key].merge(first.rename(columns={"happened_at": "first"}), on=key)


def uk_days(instants: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The UK days of instants in UTC."""
    local = instants.dt.tz_localize("UTC").dt.tz_convert("Europe/London")
    return local.dt.tz_localize(None).dt.normalize()


def _same_as_before(marks: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Of sorted marks, whether a row is about the same enrolment and component as the one before."""
    codes = [marks["enrolment"].to_numpy(), marks["component"].cat.codes.to_numpy()]
    same = np.logical_and(*(each[1:] == each[:-1] for each in codes))
    return np.concatenate([[False], same])


def _at_last(marks: pd.DataFrame, values: _Ints) -> _Ints:
    """Of sorted marks, what each row's last one about the same enrolment and component has."""
    last = ~np.concatenate([_same_as_before(marks)[1:], [False]])
    return np.repeat(values[last], np.diff(np.flatnonzero(np.concatenate([[True], last]))))
