"""What the questions need of the facts, in polars: the same definitions, written a third time."""

from functools import cached_property

import polars as pl

from bench.analytics_polars_doings import PLACES, Doings, uk_day

_TYPE = "learning.{}.v1"


class Prepared(Doings):
    """What became of enrolments by what people did: where they are, their status, and their points."""

    @cached_property
    def moves(self) -> pl.DataFrame:
        """Every transfer, in order; blank is as before."""
        said = self.of_types("transferred").sort("happened_at", "recorded_at")
        return said.select("enrolment", *PLACES, moved_on=uk_day(pl.col("happened_at")))

    def placed(self, moves: pl.DataFrame) -> pl.DataFrame:
        """Enrolments where they are after these moves."""
        last = moves.group_by("enrolment").agg(pl.col(PLACES).drop_nulls().last().name.suffix("_now"))
        found = self.enrolled.join(last, on="enrolment", how="left")
        now = [pl.coalesce(f"{place}_now", place).alias(place) for place in PLACES]
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
    def lived(self) -> pl.DataFrame:
        """Enrolments at the end of every study week of their plan that is over: their status and points."""
        weeks = self.weeks.filter(pl.col("ends_on") < self.as_of)
        people = self.known.select("enrolment", "programme", "intake", "points_total")
        both = people.join(weeks, on=["programme", "intake"]).sort("ends_on")
        spells = self.spells.select("enrolment", "status", ends_on="from_on").sort("ends_on", maintain_order=True)
        both = both.join_asof(spells, on="ends_on", by="enrolment", check_sortedness=False).filter(
            pl.col("status").is_not_null()
        )
        gained = self._gained().sort("ended_at", maintain_order=True)
        both = both.sort("ended_at").join_asof(
            gained, on="ended_at", by="enrolment", allow_exact_matches=False, check_sortedness=False
        )
        return both.with_columns(pl.col("points").fill_null(0))

    def _gained(self) -> pl.DataFrame:
        """The points that enrolments had from each moment on."""
        points = pl.col("points").cum_sum().over("enrolment")
        return self.gains.sort("enrolment", "happened_at").select("enrolment", ended_at="happened_at", points=points)

    @cached_property
    def gains(self) -> pl.DataFrame:
        """The points that enrolments gained and, below 0, lost."""
        counting = self.components.filter("counts").select("programme", "component", "points")
        flips = self.flips.join(self.enrolled.select("enrolment", "programme"), on="enrolment")
        flips = flips.join(counting, on=["programme", "component"])
        points = pl.col("points") * pl.col("direction")
        return flips.select("enrolment", "happened_at", points=points, gained_on=uk_day(pl.col("happened_at")))

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
        pauses = self.of_types("deferral-requested", "deferred").group_by("enrolment")
        asked = pauses.agg(asked_on=uk_day(pl.col("happened_at").min()))
        found = self.completion.filter(pl.col("attempts") > 0).join(self.verdicts, on="enrolment")
        found = found.join(asked, on="enrolment", how="left").join(self._unanswered, on="enrolment", how="left")
        in_time = (uk_day(pl.col("gate_at")) <= pl.col("deadline")).fill_null(value=False)
        paused = (pl.col("asked_on") <= pl.col("deadline")).fill_null(value=False)
        missed = (pl.col("deadline") < self.as_of) & ~in_time & ~paused
        lost = pl.col("failed") + pl.col("unanswered").fill_null(0) + missed.cast(pl.UInt32)
        final = found.filter(pl.col("passed") | (lost >= pl.col("attempts")))
        return final.select("enrolment", finished_on=uk_day(pl.col("happened_at")))

    @cached_property
    def verdicts(self) -> pl.DataFrame:
        """The mark that decides on each enrolment that was assessed, a pass before all others, and attempts failed."""
        marked = self.of_types("assessment-marked").sort("happened_at", "recorded_at")
        marked = marked.group_by("enrolment", "attempt").agg(pl.col("outcome", "happened_at").last())
        marked = marked.with_columns(passed=pl.col("outcome") == "passed").sort("passed", "happened_at")
        return marked.group_by("enrolment").agg(
            pl.col("passed", "happened_at").last(), failed=(~pl.col("passed")).sum()
        )

    @cached_property
    def _unanswered(self) -> pl.DataFrame:
        """How many attempts were entered for and nothing came of them by the end of their window."""
        key = ["enrolment", "attempt"]
        entered = self.of_types("assessment-entered").sort("happened_at", "recorded_at")
        entered = entered.group_by(key).agg(pl.col("closes").last()).filter(pl.col("closes") < self.as_of)
        came = self.of_types("assessment-submitted", "assessment-marked", "extenuating-circumstances-granted")
        return entered.join(came, on=key, how="anti").group_by("enrolment").agg(unanswered=pl.len())


def held_before(day: pl.Expr) -> pl.Expr:
    """Of spells, whether they were the one of the day before."""
    return (pl.col("from_on") < day) & (pl.col("until_on") >= day).fill_null(value=True)
