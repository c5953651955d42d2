"""What the questions need of the facts, in polars: the same definitions, written a third time."""

from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from bench.analytics_frames import ABOUT_COMPONENTS, OTHERS, REGISTER, TEXTS, UNDONE, WORDS, Catalogue

_PLACES = ["partner", "intake", "provider", "cohort"]
_KEY = ["enrolment", "component"]
_MOMENT = [*_KEY, "happened_at"]
_PASSIVE = [*UNDONE, "banked"]
_TYPE = "learning.{}.v1"


def load_polars(files: list[Path]) -> pl.DataFrame:
    """The facts as polars has them: texts as categories, enrolments as numbers, instants in UTC without a zone."""
    instants = [pl.col(name).dt.replace_time_zone(None) for name in ("happened_at", "recorded_at")]
    texts = [pl.col(name).cast(pl.Categorical) for name in TEXTS]
    facts = pl.scan_parquet(files).select(*TEXTS, *OTHERS).with_columns(*texts, *instants).collect()
    return facts.with_columns(pl.col("enrolment").to_physical())


def uk_day(instant: pl.Expr) -> pl.Expr:
    """The UK day of an instant in UTC."""
    return instant.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.date()


class Prepared:
    """Facts loaded into a frame; everything is worked out once, when asked for."""

    def __init__(self, facts: pl.DataFrame, catalogue: Catalogue) -> None:
        self._facts = facts
        coded = [pl.col("^(programme|intake|component)$").cast(pl.Categorical)]
        self.programmes, self.components, self.plans, weeks, self.due = (
            pl.DataFrame(rows).with_columns(coded) for rows in catalogue
        )
        self.weeks = weeks.with_columns(pl.col("ended_at").cast(pl.Datetime("us")))

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
            pl.col("programme", *_PLACES).last(), enrolled_on=uk_day(pl.col("happened_at").first())
        )

    @cached_property
    def moves(self) -> pl.DataFrame:
        """Every transfer, in order; blank is as before."""
        said = self.of_types("transferred").sort("happened_at", "recorded_at")
        return said.select("enrolment", *_PLACES, moved_on=uk_day(pl.col("happened_at")))

    def placed(self, moves: pl.DataFrame) -> pl.DataFrame:
        """Enrolments where they are after these moves."""
        last = moves.group_by("enrolment").agg(pl.col(_PLACES).drop_nulls().last().name.suffix("_now"))
        found = self.enrolled.join(last, on="enrolment", how="left")
        now = [pl.coalesce(f"{place}_now", place).alias(place) for place in _PLACES]
        return found.select("enrolment", "programme", *now, "enrolled_on")

    @cached_property
    def known(self) -> pl.DataFrame:
        """Enrolments where they are now, with their plan and programme."""
        return (
            self.placed(self.moves).join(self.plans, on=["programme", "intake"]).join(self.programmes, on="programme")
        )

    @cached_property
    def enrolments(self) -> pl.DataFrame:
        """Enrolments where they are now, with their status."""
        turned = self._turns.group_by("enrolment").agg(pl.col("status", "from_on").last())
        now = self.placed(self.moves).join(turned, on="enrolment", how="left")
        now = now.join(self._finished, on="enrolment", how="left")
        status = pl.col("status").fill_null("active")
        over = pl.col("finished_on").is_not_null() & (status != "withdrawn")
        since = pl.when(over).then("finished_on").when(status != "active").then("from_on")
        return now.with_columns(
            status=pl.when(over).then(pl.lit("completed")).otherwise(status), status_since=since
        ).drop("from_on", "finished_on")

    @cached_property
    def _turns(self) -> pl.DataFrame:
        kinds = {"deferred": "deferred", "resumed": "active", "withdrawn": "withdrawn"}
        said = self.of_types(*kinds).filter(pl.col("effective").is_null() | (pl.col("effective") <= self.as_of))
        names = {_TYPE.format(name): word for name, word in kinds.items()}
        said = said.with_columns(pl.col("type").cast(pl.String)).sort("happened_at", "recorded_at", "type")
        return said.select(
            "enrolment",
            status=pl.col("type").replace_strict(names),
            from_on=pl.coalesce("effective", uk_day(pl.col("happened_at"))),
        )

    @cached_property
    def spells(self) -> pl.DataFrame:
        """Stretches of a status, in order; a turn is superseded by a later one that holds from then or before."""
        first = self.enrolled.select("enrolment", status=pl.lit("active"), from_on="enrolled_on")
        turns = self._turns.join(self.enrolled.select("enrolment", "enrolled_on"), on="enrolment")
        turns = turns.select("enrolment", "status", from_on=pl.max_horizontal("from_on", "enrolled_on"))
        ahead = pl.col("from_on").cum_min(reverse=True).shift(-1).over("enrolment")
        spells = pl.concat([first, turns]).filter(ahead.is_null() | (pl.col("from_on") < ahead))
        return spells.with_columns(until_on=pl.col("from_on").shift(-1).over("enrolment"))

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
        return self.marks.filter(pl.struct(_MOMENT).rle_id() != pl.struct(_MOMENT).rle_id().shift(-1, fill_value=-1))

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

    @cached_property
    def last_active(self) -> pl.DataFrame:
        """When people were last at work: a visit, or a component worked on."""
        worked = self.believed.filter(~pl.col("word").is_in(_PASSIVE)).select("enrolment", "happened_at")
        seen = pl.concat([worked, self.of_types("activity-seen").select("enrolment", "happened_at")])
        return seen.group_by("enrolment").agg(active_on=uk_day(pl.col("happened_at").max()))

    @cached_property
    def done_by_person(self) -> pl.DataFrame:
        """Components that are done and not banked, and when they were first said to be done."""
        found = (
            self.marks.lazy()
            .group_by(_KEY)
            .agg(last=pl.col("word").last(), first=pl.col("happened_at").filter("done").first())
        )
        return found.filter(~pl.col("last").is_in(_PASSIVE)).collect()

    @cached_property
    def lived(self) -> pl.DataFrame:
        """Enrolments at the end of every study week of their plan that is over: their status and points."""
        weeks = self.weeks.filter(pl.col("ends_on") < self.as_of)
        people = self.known.select("enrolment", "programme", "intake", "points_total")
        both = people.join(weeks, on=["programme", "intake"]).sort("ends_on")
        spells = self.spells.select("enrolment", "status", ends_on="from_on").sort("ends_on", maintain_order=True)
        both = both.join_asof(spells, on="ends_on", by="enrolment", check_sortedness=False).filter(
            pl.col("status").is_not_null()
        )
        gained = self._gained(people).sort("ended_at")
        both = both.sort("ended_at").join_asof(
            gained, on="ended_at", by="enrolment", allow_exact_matches=False, check_sortedness=False
        )
        return both.with_columns(pl.col("points").fill_null(0))

    def _gained(self, people: pl.DataFrame) -> pl.DataFrame:
        """The points that enrolments had from each moment on."""
        counting = self.components.filter("counts").select("programme", "component", "points")
        flips = self.flips.join(people.select("enrolment", "programme"), on="enrolment")
        flips = flips.join(counting, on=["programme", "component"]).sort("enrolment", "happened_at")
        points = (pl.col("points") * pl.col("direction")).cum_sum().over("enrolment")
        return flips.select("enrolment", ended_at="happened_at", points=points)

    @cached_property
    def completion(self) -> pl.DataFrame:
        """Points of each enrolment, and when the gate was reached."""
        counting = self.components.filter("counts").select("programme", "component", "points")
        people = self.known.select("enrolment", "programme", "gate_points")
        done = self.done.join(people, on="enrolment").join(counting, on=["programme", "component"])
        done = done.sort("enrolment", "since").with_columns(reached=pl.col("points").cum_sum().over("enrolment"))
        summed = done.group_by("enrolment").agg(
            components_done=pl.len(),
            last_done_at=pl.col("since").max(),
            gate_at=pl.col("since").filter(pl.col("reached") >= pl.col("gate_points")).min(),
        )
        return self.known.join(summed, on="enrolment", how="left")

    @cached_property
    def _finished(self) -> pl.DataFrame:
        """The day on which people completed; where nothing is assessed, by doing everything or by the gate in time."""
        at_gate = pl.max_horizontal("deadline", uk_day(pl.col("gate_at")))
        in_time = pl.when(pl.col("deadline") < self.as_of).then(at_gate)
        everything = pl.col("components_done") == pl.col("components_total")
        finished = pl.when(everything).then(uk_day(pl.col("last_done_at"))).when(pl.col("gate_at").is_not_null())
        free = self.completion.filter(pl.col("attempts") == 0).select("enrolment", finished_on=finished.then(in_time))
        return pl.concat([free.drop_nulls(), self._assessed])

    @cached_property
    def _assessed(self) -> pl.DataFrame:
        """The day on which who is through was assessed for the last time: passed, or failed with no attempt left."""
        marked = self.of_types("assessment-marked").sort("happened_at", "recorded_at")
        marked = marked.group_by("enrolment", "attempt").agg(pl.col("outcome", "happened_at").last())
        marked = marked.with_columns(passed=pl.col("outcome") == "passed").sort("passed", "happened_at")
        marked = marked.group_by("enrolment").agg(
            pl.col("passed", "happened_at").last(), failed=(~pl.col("passed")).sum()
        )
        pauses = self.of_types("deferral-requested", "deferred").group_by("enrolment")
        asked = pauses.agg(asked_on=uk_day(pl.col("happened_at").min()))
        found = self.completion.filter(pl.col("attempts") > 0).join(marked, on="enrolment")
        found = found.join(asked, on="enrolment", how="left").join(self._unanswered, on="enrolment", how="left")
        in_time = (uk_day(pl.col("gate_at")) <= pl.col("deadline")).fill_null(value=False)
        paused = (pl.col("asked_on") <= pl.col("deadline")).fill_null(value=False)
        missed = (pl.col("deadline") < self.as_of) & ~in_time & ~paused
        lost = pl.col("failed") + pl.col("unanswered").fill_null(0) + missed.cast(pl.UInt32)
        final = found.filter(pl.col("passed") | (lost >= pl.col("attempts")))
        return final.select("enrolment", finished_on=uk_day(pl.col("happened_at")))

    @cached_property
    def _unanswered(self) -> pl.DataFrame:
        """How many attempts were entered for and nothing came of them by the end of their window."""
        key = ["enrolment", "attempt"]
        entered = self.of_types("assessment-entered").sort("happened_at", "recorded_at")
        entered = entered.group_by(key).agg(pl.col("closes").last()).filter(pl.col("closes") < self.as_of)
        came = self.of_types("assessment-submitted", "assessment-marked", "extenuating-circumstances-granted")
        return entered.join(came, on=key, how="anti").group_by("enrolment").agg(unanswered=pl.len())
