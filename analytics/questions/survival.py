"""Who is still there after so many days: withdrawal as a survival curve, in which nobody counts for longer than known.

An average of who withdrew counts somebody who began last week like somebody who stayed for a year. A survival curve
follows each person for as long as something is known of them, so intakes of different ages can be compared.
"""

from typing import Final, NamedTuple, get_args

import duckdb
import pandas as pd

from analytics.answer import Answer, Chart
from analytics.filters import Filters
from analytics.kaplan_meier import LogRank, kaplan_meier, log_rank
from analytics.models import need
from analytics.questions.cohorts import MOST_GROUPS_DRAWN, By, group_column, line_of, percent
from learning.errors import EngagementError

COLUMNS: Final = {
    "group": "the programme, intake or partner with whom they began; `all` when groups are not told apart",
    "time": "days of study since the person began; days deferred are left out",
    "at_risk": "people of whom it is known that they were still studying as this day of theirs began",
    "events": "of those, who withdrew on this day",
    "censored": "of those, who were last seen on this day: still studying, deferred, at the deadline or moved away",
    "survival": "estimated share (0 to 1) that has not withdrawn by the end of this day",
    "low": "lower edge (0 to 1) of the 95 % band; empty where nobody is left",
    "high": "upper edge (0 to 1) of the 95 % band; empty where nobody is left",
}

_EVERYBODY: Final = Filters()
_FOLLOWED: Final = 0.1
"""A curve is read out on the last day on which at least this share of its people was still followed."""
_UNLIKELY: Final = 0.05
"""A difference that chance makes less often than this is called one, by convention."""

_RULES: Final = (
    "Day 0 is the day of the enrolment or the first day of the intake, whichever is later.",
    "The clock stands still while somebody is deferred: until they return they are known only up to the deferral.",
    "Who withdraws while deferred counts on the day of study on which that began; a withdrawal undone is a deferral.",
    "Who has not withdrawn, or has completed, is followed until today, or until their first deadline if it is over.",
    "A withdrawal after that deadline is not one of the curve's: hardly anybody is followed for so long.",
    "People count where they began, so filters on intake, provider and partner mean the first one here.",
    "Where filters or groups name one of these, who moved to another is followed until the day of the move.",
    "The band (Greenwood's variance, log-log) holds for each day by itself; it is empty once nobody is left.",
)

_PEOPLE: Final = """
    WITH move AS (
        SELECT m.*, m.moved_on > greatest(e.enrolled_on, p.starts_on) AS later
        FROM fact_move AS m JOIN dim_enrolment AS e USING (enrolment_no)
            LEFT JOIN dim_plan AS p ON p.programme = e.programme AND p.intake = m.intake_before
    ), first_move AS (
        SELECT enrolment_no, min(struct_pack(
            moved_on, intake := intake_before, partner := partner_before, provider := provider_before)) AS place
        FROM move WHERE later GROUP BY enrolment_no
    ), began AS (
        SELECT e.* REPLACE (
            coalesce(f.place.intake, e.intake) AS intake,
            coalesce(f.place.partner, e.partner) AS partner,
            coalesce(f.place.provider, e.provider) AS provider)
        FROM dim_enrolment AS e LEFT JOIN first_move AS f USING (enrolment_no)
    ), person AS (
        SELECT began.*, {group} AS belongs_to, greatest(began.enrolled_on, p.starts_on) AS began_on, p.deadline
        FROM began LEFT JOIN dim_plan AS p USING (programme, intake)
        WHERE {condition}
    ), lost AS (
        SELECT enrolment_no, min(m.moved_on) AS lost_on
        FROM person JOIN move AS m USING (enrolment_no)
        WHERE m.moved_on > began_on AND ({elsewhere})
        GROUP BY enrolment_no
    ), followed AS (
        SELECT enrolment_no, belongs_to, began_on,
            CASE WHEN status = 'withdrawn' AND status_since < began_on THEN 'never'
                WHEN began_on > as_of THEN 'later' ELSE 'followed' END AS state,
            status = 'withdrawn' AND status_since <= least(status_since, lost_on, deadline) AS withdrew,
            greatest(began_on, least(
                as_of, lost_on, deadline, CASE WHEN status = 'withdrawn' THEN status_since END)) AS last_on
        FROM person LEFT JOIN lost USING (enrolment_no), dim_time
    ), pause AS (
        SELECT enrolment_no, sum(greatest(0, date_diff(
            'day', greatest(from_on, began_on), least(until_on, last_on)))) AS days
        FROM fact_spell JOIN followed USING (enrolment_no)
        WHERE status <> 'active'
        GROUP BY enrolment_no
    )
    SELECT belongs_to AS "group", state, date_diff('day', began_on, last_on) - coalesce(days, 0)::BIGINT AS time,
        count(*) FILTER (withdrew) AS events, count(*) FILTER (NOT withdrew) AS censored
    FROM followed LEFT JOIN pause USING (enrolment_no)
    GROUP BY ALL
    ORDER BY ALL
"""


class SurvivalError(EngagementError):
    """The groups to compare are not said in full."""


class _Group(NamedTuple):
    name: str
    counts: pd.DataFrame
    curve: pd.DataFrame

    @property
    def size(self) -> int:
        return int(self.curve["at_risk"].iloc[0])

    @property
    def readable_until(self) -> int:
        """The last day on which enough people were followed to read the curve."""
        return int(self.curve.loc[self.curve["at_risk"] >= self.size * _FOLLOWED, "time"].max())

    def on(self, day: int) -> pd.Series:
        """What the curve says of a day."""
        return self.curve.loc[self.curve["time"] <= day].iloc[-1]


def survival(
    connection: duckdb.DuckDBPyConnection,
    filters: Filters = _EVERYBODY,
    *,
    by: By | None = None,
    compare: tuple[str, str] | None = None,
) -> Answer:
    """Estimate by Kaplan and Meier which share has not withdrawn after so many days of study.

    Args:
        connection: To the models.
        filters: Whom to follow, by where they began.
        by: Tell these groups apart.
        compare: Only these two groups of `by`, with the log-rank test of whether they differ.

    Raises:
        SurvivalError: Two groups are to be compared and `by` does not say what they are.
        QuestionError: Groups are not told apart by this.
    """
    if by is None and compare is not None:
        kinds = ", ".join(get_args(By))
        raise SurvivalError(f"say what {compare[0]} and {compare[1]} are: choose `by` from {kinds}")
    counts = _counted(connection, filters, by)
    if compare is not None:
        counts = counts[counts["group"].isin(compare)]
    here = counts[counts["state"] == "followed"]
    groups = [_Group(str(name), own, kaplan_meier(own)) for name, own in here.groupby("group")]
    test = log_rank(*(each.counts for each in groups)) if compare and len(groups) == len(compare) else None
    return Answer(
        question="survival",
        finding=_finding(groups, compare, test),
        frame=_frame(groups),
        columns=COLUMNS,
        people=("at_risk",),  # the group is who is followed; that one of them left on some day tells nobody apart
        groups=("group",),
        notes=tuple(_notes(counts, groups, test)),
        chart=_chart(groups),
    )


def _counted(connection: duckdb.DuckDBPyConnection, filters: Filters, by: By | None) -> pd.DataFrame:
    """One row a group, state and time: `followed`, or `never` and `later` for who did not begin (yet)."""
    need(connection, "dim_enrolment", "dim_plan", "fact_move", "fact_spell")
    condition, values = filters.condition("began")
    places = [each for each in ("intake", "provider", "partner") if each == by or getattr(filters, each) is not None]
    elsewhere = " OR ".join(["FALSE", *(f"m.{each}_after <> person.{each}" for each in places)])
    query = _PEOPLE.format(group=group_column(by, "began"), condition=condition, elsewhere=elsewhere)
    return connection.execute(query, values).df()


def _frame(groups: list[_Group]) -> pd.DataFrame:
    if not groups:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat([each.curve.assign(group=each.name) for each in groups], ignore_index=True)[list(COLUMNS)]


def _finding(groups: list[_Group], compare: tuple[str, str] | None, test: LogRank | None) -> str:
    missing = [each for each in compare or () if each not in {group.name for group in groups}]
    if missing:
        return f"Nobody of {' or '.join(missing)} has begun, so there is nothing to compare."
    if not groups:
        return "Nobody who was asked for has begun, so there is nothing to follow."
    day = min(group.readable_until for group in groups)
    read = sorted((float(group.on(day)["survival"]), group.name) for group in groups)
    if test is not None:
        verdict = "that they differ" if test.p < _UNLIKELY else "no more difference than chance makes"
        shares = " and ".join(f"{percent(share)} of {name}" for share, name in read)
        return (
            f"{shares} had not withdrawn after {day} days of study; the log-rank test shows {verdict} "
            f"(chi-squared {test.chi_squared:.2f}, p {_p(test.p)})."
        )
    if len(groups) > 1:
        (lowest, worst), (highest, best) = read[0], read[-1]
        shares = f"{percent(lowest)} ({worst}) and {percent(highest)} ({best})"
        return f"After {day} days of study between {shares} had not withdrawn."
    [group] = groups
    at = group.on(day)
    band = "" if pd.isna(at["low"]) else f" (95 % band {percent(at['low'])} to {percent(at['high'])})"
    withdrew = int(group.curve["events"].sum())
    return (
        f"After {day} days of study {percent(at['survival'])} had not withdrawn{band}; "
        f"{withdrew:,} of {group.size:,} withdrew."
    )


def _p(p: float) -> str:
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"  # noqa: PLR2004 - as it is usually written


def _notes(counts: pd.DataFrame, groups: list[_Group], test: LogRank | None) -> list[str]:
    numbers = counts.assign(people=counts["events"] + counts["censored"]).groupby("state")["people"].sum()
    notes = list(_RULES)
    if never := int(numbers.get("never", 0)):
        notes.append(f"Left out: {never:,} who withdrew before their day 0 and so never began.")
    if later := int(numbers.get("later", 0)):
        notes.append(f"Left out: {later:,} who begin later than the day as of which this is measured.")
    if test is not None:
        notes.append("The log-rank test says whether whole curves differ, not why: the groups may differ in more ways.")
        notes.append("Curves that cross can differ early and late without the test showing it: look at the chart.")
    if len(groups) > MOST_GROUPS_DRAWN:
        notes.append(f"The chart shows the {MOST_GROUPS_DRAWN} largest of {len(groups)} groups; the table has all.")
    return notes


def _chart(groups: list[_Group]) -> Chart | None:
    if not groups:
        return None
    largest = sorted(groups, key=lambda group: -group.size)[:MOST_GROUPS_DRAWN]
    lines = tuple(
        line_of(group.name, group.curve, "time", "survival", band=("low", "high"), style="steps")
        for group in sorted(largest, key=lambda group: group.name)
    )
    return Chart(x_title="Days of study", y_title="Not withdrawn", lines=lines)
