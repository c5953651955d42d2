"""What people did and what was said of it, in polars, as every question needs it."""

from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd
import polars as pl

from bench.analytics_catalogue import Catalogue
from bench.analytics_frames import ABOUT_COMPONENTS, OTHERS, PASSIVE, REGISTER, TEXTS, UNDONE, WORDS

PLACES = ["partner", "intake", "provider", "cohort"]
_KEY = ["enrolment", "component"]
_MOMENT = [*_KEY, "happened_at"]
_TYPE = "learning.{}.v1"
_IS_BELIEVED = pl.struct(_MOMENT).rle_id() != pl.struct(_MOMENT).rle_id().shift(-1, fill_value=-1)
"""Of marks in order, whether it is the last that was said of one moment."""


def load_polars(files: list[Path]) -> pl.DataFrame:
    """The facts as polars has them: texts as categories, enrolments as numbers, instants in UTC without a zone."""
    instants = [pl.col(name).dt.replace_time_zone(None) for name in ("happened_at", "recorded_at")]
    texts = [pl.col(name).cast(pl.Categorical) for name in TEXTS]
    facts = pl.scan_parquet(files).select(*TEXTS, *OTHERS).with_columns(*texts, *instants).collect()
    return facts.with_columns(pl.col("enrolment").to_physical())


def uk_day(instant: pl.Expr) -> pl.Expr:
    """The UK day of an instant in UTC."""
    return instant.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.date()


class Doings:
    """Facts loaded into a frame; everything is worked out once, when asked for."""

    def __init__(self, facts: pl.DataFrame, catalogue: Catalogue, decisions: pd.DataFrame) -> None:
        self._facts = facts
        coded = [pl.col("^(programme|intake|component)$").cast(pl.Categorical)]
        self.programmes, self.components, self.plans, weeks, self.due, self.milestones = (
            pl.DataFrame(rows).with_columns(coded) for rows in catalogue
        )
        self.weeks = weeks.with_columns(pl.col("ended_at").cast(pl.Datetime("us")))
        told = decisions.assign(day=decisions["day"].dt.date)[["enrolment", "day", "change"]].to_dict("list")
        schema = {"enrolment": pl.Categorical, "day": pl.Date, "change": pl.String}
        self.decisions = pl.DataFrame(told, schema).with_columns(pl.col("enrolment").to_physical())

    @cached_property
    def as_of(self) -> date:
        """The latest day that has started."""
        latest = self._facts["day"].max()
        assert isinstance(latest, date)  # noqa: S101 - for the type checker: the column has days
        return latest

    def of_types(self, *names: str) -> pl.DataFrame:
        """The facts of these types."""
        return self._facts.filter(pl.col("type").is_in([_TYPE.format(name) for name in names]))

    @cached_property
    def enrolled(self) -> pl.DataFrame:
        """Enrolments as they were last sent."""
        said = self.of_types("enrolled").sort("happened_at", "recorded_at")
        return said.group_by("enrolment").agg(
            pl.col("programme", *PLACES).last(), enrolled_on=uk_day(pl.col("happened_at").first())
        )

    @cached_property
    def intakes_named(self) -> pl.DataFrame:
        """The intakes that enrolments are or were in."""
        return self.of_types("enrolled", "transferred").select("enrolment", "intake").drop_nulls().unique()

    @cached_property
    def marks(self) -> pl.DataFrame:
        """What was said of components, in order: the word, and whether it says that it is done."""
        kind = pl.col("type").cast(pl.String)
        word = (
            pl.when(pl.col("attendance").is_not_null())
            .then(pl.col("attendance").cast(pl.String))
            .when(pl.col("banked"))
            .then(pl.lit("banked"))
            .otherwise(kind.replace(ABOUT_COMPONENTS))
        )
        said = self._facts.lazy().filter(kind.is_in([*ABOUT_COMPONENTS, "learning.attendance-recorded.v1"]))
        said = said.select(*_MOMENT, "recorded_at", word=word.cast(pl.Enum(WORDS)))
        said = said.with_columns(done=~pl.col("word").is_in(UNDONE), component=pl.col("component"))
        return said.sort("enrolment", pl.col("component").to_physical(), "happened_at", "recorded_at", "word").collect()

    @cached_property
    def believed(self) -> pl.DataFrame:
        """Of what was said of one moment, the latest word."""
        return self.marks.filter(_IS_BELIEVED)

    @cached_property
    def flips(self) -> pl.DataFrame:
        """When components were done (1) and taken back (-1)."""
        same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in _KEY).fill_null(value=False)
        before = pl.col("done").shift(1, fill_value=False) & same
        changed = self.believed.filter(pl.col("done") != before)
        return changed.select(*_MOMENT, direction=pl.when("done").then(1).otherwise(-1))

    @cached_property
    def done(self) -> pl.DataFrame:
        """Components that are done, and since when: the first word that says so since the last that said otherwise."""
        marks = self.marks.with_columns(undone=(~pl.col("done")).cum_sum())
        last = marks.group_by(_KEY).agg(streak=pl.col("undone").last())
        marks = marks.join(last, on=_KEY).filter("done", pl.col("undone") == pl.col("streak"))
        return marks.group_by(_KEY).agg(since=pl.col("happened_at").first())

    @cached_property
    def sessions(self) -> pl.DataFrame:
        """Lines of registers: the last word on each enrolment, component and session, and when the first was known."""
        said = self.marks.lazy().filter(pl.col("word").is_in(REGISTER)).group_by(_MOMENT)
        lines = said.agg(attendance=pl.col("word").last().cast(pl.String), recorded_at=pl.col("recorded_at").first())
        lines = lines.rename({"happened_at": "held_at"})
        return lines.with_columns(held_on=uk_day(pl.col("held_at"))).collect()

    def _seen(self) -> pl.LazyFrame:
        """Moments at which people were at work: visits, and components worked on."""
        worked = self.believed.lazy().filter(~pl.col("word").is_in(PASSIVE)).select("enrolment", "happened_at")
        return pl.concat([worked, self.of_types("activity-seen").lazy().select("enrolment", "happened_at")])

    @cached_property
    def last_active(self) -> pl.DataFrame:
        """The day on which people were last at work."""
        return self._seen().group_by("enrolment").agg(active_on=uk_day(pl.col("happened_at").max())).collect()

    @cached_property
    def activity(self) -> pl.DataFrame:
        """Days on which people were at work, and the last moment of the day."""
        days = self._seen().group_by("enrolment", active_on=uk_day(pl.col("happened_at")))
        return days.agg(last_at=pl.col("happened_at").max()).collect()

    @cached_property
    def engaged(self) -> pl.DataFrame:
        """Days on which something of the programme was done; nothing that was reopened later, or corrected, counts."""
        marks = self.marks.with_row_index("place").lazy()
        reopened = marks.filter(pl.col("word") == "reopened").group_by(_KEY).agg(reopened=pl.col("place").max())
        both = marks.join(reopened, on=_KEY, how="left", maintain_order="left")
        standing = both.filter((pl.col("place") > pl.col("reopened")).fill_null(value=True)).collect()
        believed = standing.filter(_IS_BELIEVED).lazy().filter(~pl.col("word").is_in(PASSIVE))
        ours = self.components.lazy().select("programme", "component")
        worked = believed.join(self.enrolled.lazy().select("enrolment", "programme"), on="enrolment")
        worked = worked.join(ours, on=["programme", "component"], how="semi")
        return worked.select("enrolment", engaged_on=uk_day(pl.col("happened_at"))).unique().collect()

    @cached_property
    def done_by_person(self) -> pl.DataFrame:
        """Components that are done and not banked, and when they were first said to be done."""
        found = (
            self.marks.lazy()
            .group_by(_KEY)
            .agg(last=pl.col("word").last(), first=pl.col("happened_at").filter("done").first())
        )
        return found.filter(~pl.col("last").is_in(PASSIVE)).collect()
