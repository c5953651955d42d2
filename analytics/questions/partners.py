"""Delivery partners beside each other, each judged by what chance does to a group of its size.

In a table of rates the smallest partners stand at the top and the bottom, because few people make extreme rates. A
funnel plot draws around the overall rate how far chance goes for each size, and names only who is further out.
"""

from typing import Final, Literal, get_args

import duckdb
import pandas as pd

from analytics.answer import Answer, Chart, Line
from analytics.control_limits import control_limits
from analytics.filters import Filters
from analytics.models import need
from analytics.questions.cohorts import percent
from learning.errors import EngagementError

Measure = Literal["withdrawn", "gate", "at-risk"]

COLUMNS: Final = {
    "partner": "delivery partner, as it is now",
    "people": "how many of its people the rate is of",
    "counted": "how many of them the measure counts",
    "rate": "counted as a ratio of people (0 to 1)",
    "overall": "the same of all partners together (0 to 1)",
    "low_95": "lower limit within which 95 % of partners of this size lie by chance (0 to 1)",
    "high_95": "upper limit of the same (0 to 1)",
    "low_998": "lower limit within which 99.8 % of partners of this size lie by chance (0 to 1)",
    "high_998": "upper limit of the same (0 to 1)",
    "verdict": "within, low or high: where the rate lies by the 99.8 % limits",
}

_EVERYBODY: Final = Filters()
_WARNING: Final = 0.95
_CONTROL: Final = 0.998
_PLACES: Final = 60
"""Sizes at which the limits are worked out for the chart."""
_MOST_NAMES: Final = 3

_COUNTED: Final[dict[Measure, tuple[str, str]]] = {
    "withdrawn": ("TRUE", "e.status = 'withdrawn'"),
    "gate": ("c.enrolment_no IS NOT NULL", "c.gate_reached"),
    "at-risk": ("e.status = 'active' AND d.enrolment IS NOT NULL", "d.level IN ('at-risk', 'critical')"),
}
"""Of each measure: whom the rate is of, and whom it counts."""

_WORDS: Final[dict[Measure, str]] = {
    "withdrawn": "withdrew",
    "gate": "reached the gate",
    "at-risk": "are at risk",
}

_MEANINGS: Final[dict[Measure, str]] = {
    "withdrawn": "Of everybody who ever enrolled and is with the partner now, who withdrew.",
    "gate": "Of everybody who ever enrolled on a known programme and is with the partner now, who reached the gate.",
    "at-risk": "Of those who study now and of whom a decision is known, whose latest one is at risk or critical.",
}

_RATES: Final = """
    WITH decided AS (
        SELECT enrolment, max_by(level, day) AS level FROM fact_decision GROUP BY enrolment
    )
    SELECT e.partner, count(*) AS people, count(*) FILTER ({counted}) AS counted
    FROM dim_enrolment AS e
        LEFT JOIN fact_completion AS c USING (enrolment_no)
        LEFT JOIN decided AS d USING (enrolment)
    WHERE {of_whom} AND {condition}
    GROUP BY e.partner
    ORDER BY e.partner
"""


class PartnersError(EngagementError):
    """Partners are to be compared by something that is not measured."""


def partners(
    connection: duckdb.DuckDBPyConnection, filters: Filters = _EVERYBODY, *, measure: Measure = "withdrawn"
) -> Answer:
    """Compare delivery partners on a funnel plot with 95 % and 99.8 % control limits.

    The limits are those of D. J. Spiegelhalter, Statistics in Medicine 24 (2005), 1185 to 1202.

    Args:
        connection: To the models.
        filters: Whom to count. Partners are compared fairly when their people are at the same stage: name an intake.
        measure: `withdrawn`, `gate` (reached it) or `at-risk` (by the latest decision of the pipeline).

    Raises:
        PartnersError: There is no such measure.
    """
    if measure not in _COUNTED:
        raise PartnersError(f"partners cannot be compared by {measure}; choose one of {', '.join(get_args(Measure))}")
    need(connection, "dim_enrolment", "fact_completion", "fact_decision")
    condition, values = filters.condition("e")
    of_whom, counted = _COUNTED[measure]
    rates = connection.execute(_RATES.format(of_whom=of_whom, counted=counted, condition=condition), values).df()
    frame = _judged(rates)
    return Answer(
        question="partners",
        finding=_finding(frame, measure),
        frame=frame,
        columns=COLUMNS,
        people=("people", "counted"),
        groups=("partner",),
        notes=tuple(_notes(connection, frame, filters, measure)),
        chart=None if frame.empty else _chart(frame, measure),
    )


def _judged(rates: pd.DataFrame) -> pd.DataFrame:
    """The rates with the limits for each size and on which side of them they lie."""
    if rates.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    overall = float(rates["counted"].sum() / rates["people"].sum())
    limits = pd.DataFrame([_limits(overall, int(size)) for size in rates["people"]])
    frame = rates.assign(rate=rates["counted"] / rates["people"], overall=overall, verdict="within").join(limits)
    frame.loc[frame["rate"] < frame["low_998"], "verdict"] = "low"
    frame.loc[frame["rate"] > frame["high_998"], "verdict"] = "high"
    return frame[list(COLUMNS)]


def _limits(overall: float, size: int) -> dict[str, float]:
    warning, control = control_limits(overall, size, _WARNING), control_limits(overall, size, _CONTROL)
    return {"low_95": warning.low, "high_95": warning.high, "low_998": control.low, "high_998": control.high}


def _finding(frame: pd.DataFrame, measure: Measure) -> str:
    words = _WORDS[measure]
    if frame.empty:
        unknown = "No decisions about risk are known" if measure == "at-risk" else "Nobody is there"
        return f"{unknown} for what was asked for, so partners cannot be compared."
    outside = frame[frame["verdict"] != "within"]
    overall = f"overall {percent(frame['overall'].iloc[0])} {words}"
    if outside.empty:
        return f"No partner differs by more than chance can explain: {overall}."
    named = [
        f"{each['partner']} ({percent(each['rate'])}, {each['verdict']})"
        for each in _furthest(outside).to_dict("records")
    ]
    more = f" and {len(outside) - len(named)} more" if len(outside) > len(named) else ""
    return f"Outside what chance can explain: {', '.join(named)}{more}; {overall}."


def _furthest(frame: pd.DataFrame) -> pd.DataFrame:
    """The few partners that lie furthest from the overall rate for their size."""
    distance = (frame["rate"] - frame["overall"]).abs() * frame["people"] ** 0.5
    return frame.loc[distance.sort_values(ascending=False, kind="stable").index[:_MOST_NAMES]]


def _notes(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, filters: Filters, measure: Measure) -> list[str]:
    number = len(frame)
    notes = [
        _MEANINGS[measure],
        "Only partners outside the 99.8 % limits are called low or high.",
        f"Of {number} that do not differ, chance puts {number * (1 - _CONTROL):.2f} outside them on average.",
        "Being outside is more than chance; whether a partner does worse or has other people, the figures do not say.",
        "Where many lie outside, partners differ in more, such as their programmes, and the limits are too narrow.",
    ]
    return [*notes, *_mixture(connection, filters)]


def _mixture(connection: duckdb.DuckDBPyConnection, filters: Filters) -> list[str]:
    """What is counted together although it differs for reasons that are not the partners'."""
    condition, values = filters.condition("e")
    mix = f"SELECT count(DISTINCT intake), count(DISTINCT programme) FROM dim_enrolment AS e WHERE {condition}"
    [(intakes, programmes)] = connection.execute(mix, values).fetchall()
    notes = []
    if intakes > 1:
        notes.append(f"{intakes} intakes are counted together, at different stages: compare partners within one.")
    if programmes > 1:
        notes.append(f"{programmes} programmes are counted together, which differ: compare partners within one.")
    return notes


def _chart(frame: pd.DataFrame, measure: Measure) -> Chart:
    overall, largest = float(frame["overall"].iloc[0]), int(frame["people"].max())
    smallest = int(frame["people"].min())
    sizes = sorted({round(smallest * (largest / smallest) ** (place / _PLACES)) for place in range(_PLACES + 1)})
    limits = pd.DataFrame([_limits(overall, size) for size in sizes])
    outside = frame[frame["verdict"] != "within"]
    return Chart(
        x_title="People of the partner",
        y_title=f"Share who {_WORDS[measure]}",
        lines=(
            Line(label="partner", x=frame["people"].tolist(), y=frame["rate"].tolist(), style="points"),
            Line(
                label="overall, 99.8 % limits",
                x=sizes,
                y=[overall] * len(sizes),
                low=limits["low_998"].tolist(),
                high=limits["high_998"].tolist(),
            ),
            Line(label="upper 95 % limit", x=sizes, y=limits["high_95"].tolist(), style="dashed"),
            Line(label="lower 95 % limit", x=sizes, y=limits["low_95"].tolist(), style="dashed"),
        ),
        names=tuple((each["people"], each["rate"], each["partner"]) for each in _furthest(outside).to_dict("records")),
    )
