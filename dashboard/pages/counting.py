"""Enrolments counted, as tables and figures show them: every number leads to the list behind it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from dashboard.drawing import plan_bar
from dashboard.links import address
from dashboard.wording import number

_FIGURES: Final = ("enrolled", "active", "flagged", "deferred", "withdrawn", "completed")
_LABELS: Final = {"flagged": "at risk or critical"}


def cohort_row(row: Mapping[str, Any], titles: Mapping[str, str], **besides: str) -> dict[str, Any]:
    """A row of a table of cohorts.

    Args:
        row: Counts of a programme and intake, as `projections.overview.at_a_glance` has them.
        titles: Of programmes, by id.
        besides: What else the lists behind it are narrowed to, such as the delivery partner.
    """
    where = {"programme": row["programme"], "intake": row["intake"], **besides}
    title = titles.get(row["programme"], row["programme"])
    return _counted(row, where) | {"what": f"{title}, {row['intake']}", "cohort_href": address("/cohort", **where)}


def partner_row(row: Mapping[str, Any], **besides: str | None) -> dict[str, Any]:
    """A row of a table of delivery partners."""
    partner = row["partner"]
    return _counted(row, {"partner": partner, **besides}) | {"what": partner, "partner_href": to_partner(partner)}


def figures(totals: Mapping[str, Any], where: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Counts side by side, each with the list behind it."""
    for name in _FIGURES:
        label = _LABELS.get(name, name)
        yield {"figure": number(totals[name]), "label": label, "href": _behind(name, where)}


def to_partner(partner: str) -> str:
    """The page of a delivery partner."""
    return f"/partners/{quote(partner, safe='')}"


def at_the_gate(where: Mapping[str, str | None]) -> str:
    """The list behind the number of those at the gate, among whom nobody has withdrawn."""
    return address("/enrolments", **where, gate_reached=True, withdrawn=False)


def _behind(name: str, where: Mapping[str, str | None]) -> str:
    if name == "flagged":
        return address("/at-risk", **where)
    return address("/enrolments", **where, status=None if name == "enrolled" else name)


def _counted(row: Mapping[str, Any], where: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        **row,
        "href": _behind("enrolled", where),
        "active_href": _behind("active", where),
        "flagged_href": _behind("flagged", where),
        "withdrawn_href": _behind("withdrawn", where),
        "gate_href": at_the_gate(where),
        "bar": plan_bar(row["completion_ratio"] or 0.0, row["expected_ratio"], None),
    }
