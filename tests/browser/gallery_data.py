"""Realistic figures for the gallery of everything that pages are made of."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from analytics.answer import Bars, Chart, Line
from analytics.control_limits import control_limits
from dashboard.drawing import draw, plan_bar

PAGE: dict[str, Any] = {
    "title": "At risk",
    "active": "at-risk",
    "links": [
        ("overview", "Overview", "/overview"),
        ("at-risk", "At risk", "/"),
        ("cohorts", "Cohorts", "/cohorts"),
        ("partners", "Partners", "/partners"),
        ("rejects", "Rejects", "/rejects"),
        ("health", "Health", "/health"),
    ],
    "visitor": {"label": "Priya in operations", "role": "staff", "partner": None},
    "csrf": "a-token",
    "freshness": {
        "as_of": date(2026, 3, 13),
        "updated_at": datetime(2026, 3, 13, 17, 30, tzinfo=UTC),
        "behind": 3,
        "stale": True,
    },
    "live": "/live",
    "policy": "2026.1",
    "messages": [{"kind": "success", "text": "Noted: you have seen the flag and take care of it."}],
}


def completion() -> Chart:
    """Completion of an intake against its plan, by study week."""
    weeks = list(range(25))
    done = [min(1.0, week / 27) for week in weeks]
    return Chart(
        x_title="Study week",
        y_title="Completion",
        lines=(
            Line(
                label="Mean of those studying, with the middle half",
                x=weeks,
                y=done,
                low=[each * 0.8 for each in done],
                high=[min(1.0, each * 1.15) for each in done],
            ),
            Line(label="Due by the plan", x=weeks, y=[min(1.0, week / 24) for week in weeks], style="dashed"),
            Line(label="Mean with those who left", x=weeks, y=[each * 0.93 for each in done]),
        ),
        levels=((0.9, "Gate"),),
    )


def funnel() -> Chart:
    """Partners within and outside of the control limits."""
    sizes = [20.0, 40.0, 60.0, 90.0, 130.0, 180.0, 240.0]
    inner, outer = ([control_limits(0.82, int(size), level) for size in sizes] for level in (0.95, 0.998))
    people, rates = [24, 40, 66, 90, 120, 170, 230], [0.79, 0.85, 0.6, 0.83, 0.8, 0.9, 0.82]
    return Chart(
        x_title="People of the partner",
        y_title="Share who reached the gate",
        lines=(
            Line(label="partner", x=people, y=rates, style="points"),
            Line(
                label="overall, 99.8 % limits",
                x=sizes,
                y=[0.82] * len(sizes),
                low=[each.low for each in outer],
                high=[each.high for each in outer],
            ),
            Line(label="upper 95 % limit", x=sizes, y=[each.high for each in inner], style="dashed"),
            Line(label="lower 95 % limit", x=sizes, y=[each.low for each in inner], style="dashed"),
        ),
        names=((66, 0.6, "North Downs"), (170, 0.9, "Severn Vale")),
    )


def survival() -> Chart:
    """How many have not withdrawn, in steps, of two programmes."""
    days = [0, 40, 90, 150, 220, 300, 365]
    one, other = [1.0, 0.99, 0.97, 0.94, 0.93, 0.91, 0.9], [1.0, 0.97, 0.94, 0.9, 0.86, 0.84, 0.81]
    lines = tuple(
        Line(
            label=label,
            x=days,
            y=shares,
            low=[each - 0.02 for each in shares],
            high=[min(1, each + 0.02) for each in shares],
            style="steps",
        )
        for label, shares in (("NPQ for senior leadership", one), ("NPQ for headship", other))
    )
    return Chart(x_title="Days of study", y_title="Not withdrawn", lines=lines)


def trend() -> Chart:
    """Completion by the day, with days that nobody looked at."""
    days = [date(2025, 10, 6) + timedelta(days=7 * week) for week in range(22)]
    shares = [None if week in {9, 10} else week / 30 for week in range(22)]
    return Chart(x_title="Day", y_title="Completion", lines=(Line(label="Mean completion", x=days, y=shares),))


def timeliness() -> Chart:
    """How many registers came in time, by partner."""
    return Chart(
        x_title="Delivery partner, the slowest first",
        y_title="Share of registers",
        bars=Bars(
            categories=["North Downs Teaching School Hub Alliance", "Severn Vale", "Pennine"],
            labels=["within two days", "within seven days"],
            values=[[0.41, 0.78, 1.0], [0.66, 0.93, 1.0]],
        ),
    )


def forecast() -> Chart:
    """Who is expected at the gate, by intake: points with the lines of their intervals, one of which is not known."""
    expected = "Expected, with the 95 % interval"
    return Chart(
        x_title="Group",
        y_title="Share at the gate by the deadline",
        bars=Bars(
            categories=["2024-autumn", "2025-spring", "2025-autumn, with a delivery partner that has a long name"],
            labels=("Reached", expected),
            values=[[0.71, 0.22, 0.0], [0.84, 0.63, 0.58]],
            intervals={expected: ([0.79, 0.41, None], [0.88, 0.82, None])},
        ),
    )


def people() -> list[dict[str, Any]]:
    """Participants at every level, status and stage."""
    rows: list[tuple[str, str, str, str | None, str, int | None, float, float | None]] = [
        ("Amara Okafor", "critical", "active", "raised", "Silent for 5 study weeks", 5, 0.412, 0.6),
        ("Tom Hughes", "at-risk", "active", "contacted", "Behind the plan by 3 study weeks", 3, 0.55, 0.6),
        ("p-3f09c1d2", "watch", "active", None, "Two sessions missed lately", 1, 0.6, 0.6),
        ("Rhian Price", "on-track", "deferred", "deferred", "", 0, 0.3, 0.3),
        ("Joe Lindqvist-Abernathy", "on-track", "completed", None, "", -1, 1.0, 1.0),
        ("Sana Malik", "on-track", "withdrawn", "withdrawal-signed-off", "", None, 0.1, None),
    ]
    names = ("name", "level", "status", "stage", "why", "lag", "completion")
    return [
        {
            **dict(zip(names, row, strict=False)),
            "id": f"e-{number}",
            "bar": plan_bar(row[6], row[7], 0.9),
            "due": date(2026, 3, 20) if row[2] == "active" else None,
        }
        for number, row in enumerate(rows)
    ]


def gallery(**page: Any) -> dict[str, Any]:
    """What the gallery shows; `page` changes what every page has."""
    findings = {
        "completion": (completion(), "People are 2 weeks behind the plan at week 24"),
        "funnel": (funnel(), "North Downs is below what chance explains"),
        "survival": (survival(), "One in five leaves headship within a year"),
        "trend": (trend(), "Completion rises by 3 % a week"),
        "forecast": (forecast(), "Between 58 % and 84 % are expected to reach the gate by their deadline"),
        "timeliness": (timeliness(), "North Downs is slowest: 41 % within two days"),
        "nothing": (Chart(x_title="Day", y_title="Completion"), "No cohort has begun"),
    }
    return {
        "page": {**PAGE, **page},
        "errors": [
            {"text": "Choose how you reached them", "field": "channel"},
            {"text": "Enter the day of the contact", "field": "on"},
        ],
        "stats_shown": [
            {"figure": "1,204", "label": "active participants", "href": "/participants"},
            {"figure": "37", "label": "at risk or critical", "href": "/", "note": "5 more than yesterday"},
            {"figure": "61.4 %", "label": "mean completion"},
            {"figure": "2", "label": "rejected facts", "href": "/rejects"},
        ],
        "partners": [{"value": "north", "text": "North Downs"}, {"value": "severn", "text": "Severn Vale"}],
        "levels": [{"value": "critical", "text": "Critical"}, {"value": "watch", "text": "Watch"}],
        "columns": [
            {"text": "Participant", "sort": "/?sort=name"},
            {"text": "Level", "sort": "/?sort=level", "sorted": "descending"},
            {"text": "Status"},
            {"text": "Flag"},
            {"text": "Why"},
            {"text": "Plan", "figures": True, "sort": "/?sort=lag"},
            {"text": "Done", "figures": True},
            {"text": "Against the plan"},
            {"text": "Next deadline"},
        ],
        "people": people(),
        "paging": {
            "first": 51,
            "last": 100,
            "total": 312,
            "previous": "/?page=1",
            "next": "/?page=3",
            "items": [
                {"number": 1, "href": "/?page=1", "current": False},
                {"number": 2, "href": "/?page=2", "current": True},
                {"number": 3, "href": "/?page=3", "current": False},
                None,
                {"number": 7, "href": "/?page=7", "current": False},
            ],
        },
        "facts": [
            {"name": "Programme", "value": "NPQ for senior leadership"},
            {
                "name": "Last contact",
                "value": "3 March 2026, 9:05am",
                "actions": [{"text": "Record a contact", "href": "#on", "about": "with Amara Okafor"}],
            },
        ],
        "story": [
            {"what": "Flag raised", "when": "9 March 2026", "important": True, "details": ["Silent for 5 weeks."]},
            {"what": "Contact made", "when": "3 March 2026, 9:05am", "by": "priya", "details": ["Phone: no answer"]},
            {"what": "Attended", "when": "12 January 2026, 4:00pm", "details": ["Clinic 2"]},
        ],
        "channels": [
            {"value": "phone", "text": "Phone"},
            {"value": "email", "text": "Email", "hint": "Sent from your own mailbox"},
        ],
        "charts": [(id_, draw(drawn), finding) for id_, (drawn, finding) in findings.items()],
        "milestones": {"columns": ["Milestone", "State"], "rows": [["Started", "In time"], ["Retained 1", "Late"]]},
    }
